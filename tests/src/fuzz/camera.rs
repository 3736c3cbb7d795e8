//! Pictures and cameras as ROS 2 publishes them.

use crate::data;
use planwright::nodes::push_node::camera::{RgbPicture, decode_compressed, decode_image, pinhole, rectify};
use planwright::world::scene::{MAX_SIDE_PX, Picture};
use planwright_ros2::messages::recode::{decode, encode};
use planwright_ros2::messages::sensor_msgs::{CameraInfo, CompressedImage, Image, RegionOfInterest};

/// A picture that is accepted has three bytes a pixel.
fn check(picture: &RgbPicture) {
    let [width, height] = picture.size;
    assert!((1..=MAX_SIDE_PX).contains(&width) && (1..=MAX_SIDE_PX).contains(&height), "{width} x {height}");
    assert_eq!(picture.rgb.len(), 3 * width * height, "{width} x {height}");
}

/// The bytes of a compressed picture; a first line of text is its format.
pub(super) fn compressed(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (format, data) = input.split_at(end);
    let format = String::from_utf8_lossy(format).into_owned();
    for data in [input, data.get(1..).unwrap_or_default()] {
        let message = CompressedImage { format: format.clone(), data: data.to_vec(), ..CompressedImage::default() };
        if let Ok(picture) = decode_compressed(&message) {
            check(&picture);
        }
    }
}

pub(super) fn compressed_seeds() -> Vec<Vec<u8>> {
    let read = |name: &str| {
        let path = data(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let mut png = Vec::new();
    let picture = Picture { width: 5, height: 3, rgb: (0..45).collect(), ids: Vec::new() };
    picture.write_png(&mut png, 2).unwrap_or_else(|error| panic!("{error}"));
    let named = [b"rgb8; jpeg compressed bgr8\n".to_vec(), read("camera_colour.jpg")].concat();
    vec![named, read("camera_colour.jpg"), read("camera_colour_progressive.jpg"), read("camera_grey.jpg"), png]
}

/// A message as CDR.
pub(super) fn image(input: &[u8]) {
    if let Ok(picture) = decode::<Image>(input).map(|message| decode_image(&message))
        && let Ok(picture) = picture
    {
        check(&picture);
    }
}

/// Each encoding, 4 x 2 px with padding.
pub(super) fn image_seeds() -> Vec<Vec<u8>> {
    const ENCODINGS: [&str; 16] = [
        "rgb8",
        "bgr8",
        "rgba8",
        "bgra8",
        "rgb16",
        "bgr16",
        "rgba16",
        "bgra16",
        "8UC3",
        "8UC4",
        "yuv422",
        "yuv422_yuy2",
        "uyvy",
        "yuyv",
        "mono8",
        "bayer_rggb8",
    ];
    let message = |encoding: &str| {
        let (encoding, step) = (encoding.to_owned(), 34);
        let image = Image { width: 4, height: 2, encoding, step, data: (0..68).collect(), ..Image::default() };
        encode(&image).unwrap_or_else(|error| panic!("{error}"))
    };
    ENCODINGS.map(message).to_vec()
}

/// A message as CDR. The camera is finite, and a small picture of it can be rectified.
pub(super) fn info(input: &[u8]) {
    let Ok(message) = decode::<CameraInfo>(input) else { return };
    for rectified in [false, true] {
        let Ok(camera) = pinhole(&message, rectified) else { continue };
        assert!(camera.size.iter().all(|side| (1..=MAX_SIDE_PX).contains(side)), "{:?}", camera.size);
        assert!(camera.focal_px.iter().chain(&camera.principal_px).all(|value| value.is_finite()), "{camera:?}");
        let [width, height] = camera.size;
        if width * height > 10_000 {
            continue;
        }
        let picture = RgbPicture { rgb: vec![120; 3 * width * height], size: camera.size };
        let Ok((rectified, pinhole)) = rectify(&picture, &camera) else { panic!("a picture of its size is refused") };
        assert!(*rectified == picture && pinhole.distortion.is_none(), "one colour is another one");
    }
}

/// Cameras of each model, one with binning and a region.
pub(super) fn info_seeds() -> Vec<Vec<u8>> {
    let base = CameraInfo {
        width: 64,
        height: 48,
        distortion_model: "plumb_bob".to_owned(),
        d: vec![-0.2, 0.08, 0.01, 0.02, 0.0],
        k: [50.0, 0.0, 31.5, 0.0, 51.0, 23.5, 0.0, 0.0, 1.0],
        p: [48.0, 0.0, 31.5, 0.0, 0.0, 48.0, 23.5, 0.0, 0.0, 0.0, 1.0, 0.0],
        ..CameraInfo::default()
    };
    let fisheye = CameraInfo { distortion_model: "equidistant".to_owned(), d: vec![0.02; 4], ..base.clone() };
    let model = "rational_polynomial".to_owned();
    let rational = CameraInfo { distortion_model: model, d: vec![0.05; 8], binning_x: 1, ..base.clone() };
    let roi = RegionOfInterest { x_offset: 8, y_offset: 4, width: 40, height: 30, do_rectify: true };
    let part = CameraInfo { binning_x: 2, binning_y: 2, roi, ..base.clone() };
    [base, fisheye, rational, part, CameraInfo::default()]
        .map(|info| encode(&info).unwrap_or_else(|error| panic!("{error}")))
        .to_vec()
}
