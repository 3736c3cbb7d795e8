//! The predicted video: the first picture with the pixels of every object moved along its track, for people to look at.
//!
//! Neither shadows nor rotations are rendered: shadows stay where they are, and boxes keep their attitude.

use super::request::SeenScene;
use crate::world::scene::{Camera, FRAMES, Tracks};

/// An object's pixels, and those at its rim, in which its colour is blended with the ground's.
#[derive(Clone, Debug)]
struct Layer {
    /// Indices of pixels, v * width + u, ascending.
    pixels: Vec<usize>,
    /// First and last column, first and last row.
    bounds: [[usize; 2]; 2],
}

/// The first picture, taken apart into the ground and the objects on it.
#[derive(Clone, Debug)]
pub struct PredictedVideo {
    side_px: usize,
    first: Vec<u8>,
    /// The picture without the objects.
    ground: Vec<u8>,
    layers: Vec<Layer>,
}

impl PredictedVideo {
    /// Of a square RGB picture, `side_px` wide, and what is seen in it. Pixels that are missing are black.
    pub fn new(rgb: &[u8], side_px: usize, seen: &SeenScene) -> Self {
        Self::of_objects(rgb, side_px, seen.detections.iter().map(|detection| detection.pixels.as_slice()))
    }

    /// The same with the pixels of every object, ascending indices v * width + u.
    pub fn of_objects<'a>(rgb: &[u8], side_px: usize, objects: impl Iterator<Item = &'a [usize]> + Clone) -> Self {
        let count = side_px * side_px;
        let mut first = rgb.to_vec();
        first.resize(3 * count, 0);
        let mut covered = vec![false; count];
        for pixel in objects.clone().flatten() {
            covered.get_mut(*pixel).into_iter().for_each(|covered| *covered = true);
        }
        let layers: Vec<Layer> = objects.map(|pixels| Layer::of(pixels, &covered, side_px)).collect();
        for pixel in layers.iter().flat_map(|layer| &layer.pixels) {
            covered[*pixel] = true;
        }
        let mut ground = first.clone();
        fill_from_around(&mut ground, covered, side_px);
        Self { side_px, first, ground, layers }
    }

    /// Width and height of every frame, px.
    pub fn side_px(&self) -> usize {
        self.side_px
    }

    /// Writes a frame, RGB, row by row from the top; frame 0 is the first picture. `tracks` has for each object its places,
    /// px: the object is moved by the difference to its first place. An object without a track stays where it is, and one
    /// whose place is not finite is left out. Of two that overlap, the one that reaches farther down in the picture is nearer
    /// to the camera.
    pub fn frame(&self, tracks: &[[[f64; 2]; FRAMES + 1]], index: usize, rgb: &mut Vec<u8>) {
        rgb.clear();
        rgb.extend_from_slice(&self.ground);
        let moved = |(object, layer)| {
            let by_px = tracks.get(object).map_or([0.0; 2], |track: &[[f64; 2]; FRAMES + 1]| {
                let place = track[index.min(FRAMES)];
                [0, 1].map(|axis| place[axis] - track[0][axis])
            });
            by_px.iter().all(|value| value.is_finite()).then_some((layer, by_px))
        };
        let mut placed: Vec<(&Layer, [f64; 2])> = self.layers.iter().enumerate().filter_map(moved).collect();
        let lowest = |(layer, by_px): &(&Layer, [f64; 2])| layer.bounds[1][1] as f64 + by_px[1];
        placed.sort_by(|a, b| lowest(a).total_cmp(&lowest(b)));
        for (layer, by_px) in placed {
            self.draw(layer, by_px, rgb);
        }
    }

    /// Looks up for every pixel where it comes from: the other way round a moved object would have holes.
    fn draw(&self, layer: &Layer, by_px: [f64; 2], rgb: &mut [u8]) {
        let side = self.side_px;
        let range = |axis: usize| {
            let [first, last] = layer.bounds[axis].map(|value| value as f64 + by_px[axis]);
            // Conversions to integers saturate.
            first.floor().max(0.0) as usize..((last + 2.0).floor().max(0.0) as usize).min(side)
        };
        let (columns, rows) = (range(0), range(1));
        for v in rows {
            for u in columns.clone() {
                let from = [u as f64 - by_px[0], v as f64 - by_px[1]];
                let (cover, colour) = self.sample(layer, from);
                if cover > 0.0 {
                    let pixel = &mut rgb[3 * (v * side + u)..][..3];
                    for (value, sum) in pixel.iter_mut().zip(colour) {
                        *value = (f64::from(*value) * (1.0 - cover) + sum).round() as u8;
                    }
                }
            }
        }
    }

    /// Bilinear: the share of a place that a layer covers, and its colour times that share.
    fn sample(&self, layer: &Layer, from: [f64; 2]) -> (f64, [f64; 3]) {
        let (mut cover, mut colour) = (0.0, [0.0; 3]);
        let (corner, within) = (from.map(f64::floor), from.map(|value| value - value.floor()));
        for (right, down) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let [u, v] = [corner[0] + f64::from(right), corner[1] + f64::from(down)];
            let along = if right == 1 { within[0] } else { 1.0 - within[0] };
            let share = along * if down == 1 { within[1] } else { 1.0 - within[1] };
            let is_inside = [u, v].iter().all(|value| (0.0..self.side_px as f64).contains(value));
            let pixel = v.max(0.0) as usize * self.side_px + u.max(0.0) as usize;
            if share > 0.0 && is_inside && layer.pixels.binary_search(&pixel).is_ok() {
                cover += share;
                (0..3).for_each(|channel| colour[channel] += share * f64::from(self.first[3 * pixel + channel]));
            }
        }
        (cover, colour)
    }
}

impl Layer {
    /// With the pixels beside its own that are no object's.
    fn of(own: &[usize], covered: &[bool], side: usize) -> Self {
        let inside = own.iter().copied().filter(|pixel| *pixel < covered.len());
        let mut pixels: Vec<usize> = inside.clone().collect();
        pixels.extend(inside.flat_map(|pixel| around(pixel, side)).filter(|pixel| !covered[*pixel]));
        pixels.sort_unstable();
        pixels.dedup();
        let bounds = |place: fn(usize, usize) -> usize| {
            let all = pixels.iter().map(|pixel| place(*pixel, side));
            [all.clone().min().unwrap_or(0), all.max().unwrap_or(0)]
        };
        let bounds = [bounds(|pixel, side| pixel % side), bounds(|pixel, side| pixel / side)];
        Self { pixels, bounds }
    }
}

/// The up to eight pixels round one.
fn around(pixel: usize, side: usize) -> impl Iterator<Item = usize> {
    let (u, v) = (pixel % side, pixel / side);
    let rows = v.saturating_sub(1)..(v + 2).min(side);
    let columns = u.saturating_sub(1)..(u + 2).min(side);
    rows.flat_map(move |row| columns.clone().map(move |column| row * side + column))
        .filter(move |other| *other != pixel)
}

/// Replaces pixels from the outside inwards by the mean of those round them that are known. Without any they stay.
fn fill_from_around(rgb: &mut [u8], mut unknown: Vec<bool>, side: usize) {
    let mut left: Vec<usize> = (0..unknown.len()).filter(|pixel| unknown[*pixel]).collect();
    loop {
        let mean = |pixel: usize| {
            let (mut count, mut sums) = (0.0, [0.0; 3]);
            for other in around(pixel, side).filter(|other| !unknown[*other]) {
                count += 1.0;
                (0..3).for_each(|channel| sums[channel] += f64::from(rgb[3 * other + channel]));
            }
            (count > 0.0).then(|| sums.map(|sum| (sum / count).round() as u8))
        };
        let filled: Vec<(usize, [u8; 3])> =
            left.iter().filter_map(|pixel| mean(*pixel).map(|colour| (*pixel, colour))).collect();
        if filled.is_empty() {
            return;
        }
        for (pixel, colour) in filled {
            rgb[3 * pixel..][..3].copy_from_slice(&colour);
            unknown[pixel] = false;
        }
        left.retain(|pixel| unknown[*pixel]);
    }
}

/// Simulated centres in the picture, px, by body and frame; NaN where a body is behind the camera or has no place. For
/// [`PredictedVideo::frame`], if the bodies are those of the [`SeenScene`].
pub fn projected_tracks(tracks: &Tracks, camera: &Camera) -> Vec<[[f64; 2]; FRAMES + 1]> {
    let seen = |centre_m: &[f32; 3]| camera.project(centre_m.map(f64::from));
    let place = |body: &[[f32; 3]], frame: usize| body.get(frame).and_then(seen).unwrap_or([f64::NAN; 2]);
    tracks.bodies.iter().map(|body| std::array::from_fn(|frame| place(body, frame))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::segment::{Detection, segment};
    use super::*;

    const SIDE: usize = 64;

    /// Discs on a table with a slight gradient, and what is seen of them.
    fn table(discs: &[([f64; 2], f64, [u8; 3])]) -> (Vec<u8>, Vec<Detection>) {
        let mut rgb = Vec::new();
        for pixel in 0..SIDE * SIDE {
            let (u, v) = ((pixel % SIDE) as f64 + 0.5, (pixel / SIDE) as f64 + 0.5);
            let disc = discs.iter().rev().find(|(at, radius, _)| (u - at[0]).hypot(v - at[1]) <= *radius);
            rgb.extend(disc.map_or([120 + (pixel % SIDE) as u8 / 8; 3], |disc| disc.2));
        }
        let detections = segment(&rgb, [SIDE; 2]).expect("discs");
        (rgb, detections)
    }

    fn video_of(rgb: &[u8], side_px: usize, detections: &[Detection]) -> PredictedVideo {
        PredictedVideo::of_objects(rgb, side_px, detections.iter().map(|detection| detection.pixels.as_slice()))
    }

    fn still(at: [f64; 2]) -> [[f64; 2]; FRAMES + 1] {
        [at; FRAMES + 1]
    }

    fn pixel(rgb: &[u8], u: usize, v: usize) -> [u8; 3] {
        rgb[3 * (v * SIDE + u)..][..3].try_into().expect("a pixel")
    }

    #[test]
    fn the_first_frame_is_the_picture() {
        let (rgb, detections) = table(&[([20.0, 30.0], 6.0, [200, 30, 30]), ([27.5, 30.0], 4.0, [30, 30, 200])]);
        let video = video_of(&rgb, SIDE, &detections);
        let mut frame = Vec::new();
        let tracks: Vec<_> = detections.iter().map(|detection| still(detection.centre_px)).collect();
        for (tracks, index) in [(&tracks[..], 0), (&tracks[..], 9), (&tracks[..1], 3), (&[], 900)] {
            video.frame(tracks, index, &mut frame);
            assert_eq!(frame, rgb);
        }
    }

    #[test]
    fn a_disc_is_where_its_track_leads_and_the_table_where_it_was() {
        let (rgb, detections) = table(&[([20.0, 30.0], 5.0, [200, 30, 30])]);
        let video = video_of(&rgb, SIDE, &detections);
        let mut track = still([20.0, 30.0]);
        track[7] = [32.25, 40.5];
        let mut frame = Vec::new();
        video.frame(&[track], 7, &mut frame);
        let seen = segment(&frame, [SIDE; 2]).expect("the disc");
        assert_eq!(seen.len(), 1, "one disc without holes");
        let [u, v] = seen[0].centre_px;
        assert!((u - 32.25).hypot(v - 40.5) < 0.3 && (seen[0].radius_px - 5.0).abs() < 0.4, "{:?}", seen[0]);
        assert_eq!(pixel(&frame, 32, 40), [200, 30, 30]);
        assert!((15..=25).all(|u| pixel(&frame, u, 30).iter().all(|value| (119..=127).contains(value))));
        assert!(frame.chunks(3).zip(rgb.chunks(3)).filter(|(a, b)| a != b).count() < 260, "all else is as it was");
    }

    #[test]
    fn the_object_that_reaches_farther_down_covers_the_other() {
        let (rgb, detections) = table(&[([20.0, 20.0], 5.0, [200, 30, 30]), ([44.0, 44.0], 5.0, [30, 30, 200])]);
        let video = video_of(&rgb, SIDE, &detections);
        let mut frame = Vec::new();
        for (v, nearer) in [(30.0, [200, 30, 30]), (34.0, [30, 30, 200])] {
            let to = |detection: &Detection| {
                let mut track = still(detection.centre_px);
                track[1] = if detection.colour[0] > 0.5 { [32.0, 32.0] } else { [32.0, v] };
                track
            };
            video.frame(&detections.iter().map(to).collect::<Vec<_>>(), 1, &mut frame);
            assert_eq!(pixel(&frame, 32, 31), nearer);
        }
    }

    #[test]
    fn what_leaves_the_picture_and_what_is_not_finite_is_left_out() {
        let (rgb, detections) = table(&[([20.0, 30.0], 5.0, [200, 30, 30])]);
        let video = video_of(&rgb, SIDE, &detections);
        let mut frame = Vec::new();
        let reddish = |frame: &[u8]| frame.chunks(3).filter(|pixel| pixel[0] > pixel[1] + 20).count();
        for (to, left) in [
            ([63.0, 30.0], 30..60),
            ([-900.0, 30.0], 0..1),
            ([1e300, -1e300], 0..1),
            ([f64::NAN, 30.0], 0..1),
            ([20.0, f64::INFINITY], 0..1),
        ] {
            let mut track = still([20.0, 30.0]);
            track[FRAMES] = to;
            video.frame(&[track], FRAMES, &mut frame);
            assert_eq!(frame.len(), rgb.len());
            assert!(left.contains(&reddish(&frame)), "{to:?}: {}", reddish(&frame));
        }
    }

    #[test]
    fn objects_that_cover_everything_or_lie_elsewhere_are_no_panic() {
        let (rgb, mut detections) = table(&[([20.0, 30.0], 5.0, [200, 30, 30])]);
        detections[0].pixels = (0..SIDE * SIDE + 5).collect();
        let mut frame = Vec::new();
        video_of(&rgb, SIDE, &detections).frame(&[], 0, &mut frame);
        assert_eq!(frame, rgb);
        video_of(&rgb[..100], SIDE, &detections).frame(&[], 0, &mut frame);
        assert_eq!(frame.len(), rgb.len());
        video_of(&[], 0, &detections).frame(&[], 0, &mut frame);
        assert!(frame.is_empty());
    }

    #[test]
    fn simulated_centres_are_projected_frame_by_frame() {
        let camera = Camera::over_table(0.5, 0.4, 0.2, [SIDE; 2]).expect("a camera");
        let body = vec![[0.1, 0.0, 0.04], [0.2, 0.1, 0.04]];
        let tracks = Tracks { bodies: vec![body.clone(), vec![[f32::NAN; 3]; FRAMES + 1]], ..Tracks::default() };
        let places = projected_tracks(&tracks, &camera);
        assert_eq!(Some(places[0][1]), camera.project(body[1].map(f64::from)));
        assert!(places[0][2][0].is_nan() && places[1].iter().flatten().all(|value| value.is_nan()));
    }
}
