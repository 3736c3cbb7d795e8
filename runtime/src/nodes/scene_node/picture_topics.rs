//! The camera's topics: pictures, raw and as PNG, and their camera info.

use super::camera_info::camera_info;
use super::table::SimulatedTable;
use crate::world::scene::{Camera, Picture, Placement, Renderer};
use planwright_ros2::messages::sensor_msgs::{CameraInfo, CompressedImage, Image};
use planwright_ros2::messages::std_msgs::Header;
use planwright_ros2::node::{Node, NodeError, Publisher};
use planwright_ros2::qos::Qos;
use std::time::{Duration, Instant};

/// What compressed_image_transport writes for PNGs of such pictures.
const PNG_FORMAT: &str = "rgb8; png compressed rgb8";

/// Draws the table and publishes what is seen. A picture is drawn again only if the table has changed.
pub(super) struct PictureTopics {
    image: Publisher<Image>,
    compressed: Option<Publisher<CompressedImage>>,
    info: Publisher<CameraInfo>,
    renderer: Renderer,
    placements: Vec<Placement>,
    picture: Picture,
    png: Vec<u8>,
    /// Seconds of the motion at which the picture was drawn; `None` if there is no picture of this scene.
    drawn_secs: Option<f64>,
    drawing: Duration,
    published: u64,
}

impl PictureTopics {
    /// Opens the topics: best effort, as drivers of cameras publish.
    ///
    /// # Errors
    /// If the middleware refuses.
    pub(super) fn open(node: &mut Node, compressed: bool) -> Result<Self, NodeError> {
        Ok(Self {
            image: node.publisher("image", Qos::Sensor)?,
            compressed: if compressed { Some(node.publisher("image/compressed", Qos::Sensor)?) } else { None },
            info: node.publisher("camera_info", Qos::Sensor)?,
            renderer: Renderer::new(false),
            placements: Vec::new(),
            picture: Picture::default(),
            png: Vec::new(),
            drawn_secs: None,
            drawing: Duration::ZERO,
            published: 0,
        })
    }

    /// The picture as drawn last.
    pub(super) fn picture(&self) -> &Picture {
        &self.picture
    }

    /// Time that the last picture took.
    pub(super) fn drawing(&self) -> Duration {
        self.drawing
    }

    /// Pictures published so far.
    pub(super) fn published(&self) -> u64 {
        self.published
    }

    /// The table is another one.
    pub(super) fn discard(&mut self) {
        self.drawn_secs = None;
    }

    /// Draws the table as it is at `now`, unless the picture is of just that.
    ///
    /// # Errors
    /// If the picture cannot be written as PNG.
    pub(super) fn draw(&mut self, table: &SimulatedTable, now: Instant) -> std::io::Result<()> {
        let secs = table.moved_secs(now);
        if self.drawn_secs == Some(secs) {
            return Ok(());
        }
        let began = Instant::now();
        table.render(secs, &mut self.renderer, &mut self.placements, &mut self.picture);
        self.drawn_secs = Some(secs);
        self.png.clear();
        let written = match self.compressed {
            Some(_) => self.picture.write_png(&mut self.png, 1),
            None => Ok(()),
        };
        self.drawing = began.elapsed();
        written
    }

    /// Publishes the picture and its camera with one header.
    pub(super) fn publish(&mut self, camera: &Camera, header: &Header) {
        self.published += 1;
        self.info.publish(camera_info(camera, header.clone()));
        if let Some(compressed) = self.compressed.as_ref().filter(|_| !self.png.is_empty()) {
            let format = PNG_FORMAT.to_owned();
            compressed.publish(CompressedImage { header: header.clone(), format, data: self.png.clone() });
        }
        self.image.publish(image_of(&self.picture, header.clone()));
    }
}

/// A picture as a message: rgb8, rows without padding.
fn image_of(picture: &Picture, header: Header) -> Image {
    // Pictures have at most 1024 pixels a side.
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Image {
        header,
        height: number(picture.height),
        width: number(picture.width),
        encoding: "rgb8".to_owned(),
        is_bigendian: 0,
        step: number(3 * picture.width),
        data: picture.rgb.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_rows_of_three_bytes_a_pixel() {
        let picture = Picture { width: 2, height: 3, rgb: (0..18).collect(), ids: vec![0; 6] };
        let image = image_of(&picture, Header::default());
        assert_eq!((image.width, image.height, image.step, image.data.len()), (2, 3, 6, 18));
        assert_eq!((image.encoding.as_str(), image.is_bigendian), ("rgb8", 0));
    }
}
