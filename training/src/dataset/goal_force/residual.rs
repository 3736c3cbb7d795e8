//! The sample of a pixel network: by cell, the difference of every frame's pixels to the first picture's.

use planwright::model::GoalForceSpec;

/// Difference of a colour, of the range 0 to 1, that a sample's value of 1 means: moving pixels then have a root mean square
/// of 1.25 against the noise's 1.
pub const UNIT_RESIDUAL: f64 = 0.25;
/// Largest value of a sample.
pub const MAX_RESIDUAL: f64 = 1.0 / UNIT_RESIDUAL;
/// A pixel moves in a frame in which a colour of it differs from the first picture's by more than this, of 255.
pub const MOVING_LEVELS: u8 = 8;

/// Whether a pixel of a frame moves: it shows something else than in the first picture, or a shadow.
pub fn is_moving(first: &[u8], frame: &[u8]) -> bool {
    first.iter().zip(frame).any(|(a, b)| a.abs_diff(*b) > MOVING_LEVELS)
}

/// The value of a sample above which, on either side, a pixel moves.
pub fn moving_value() -> f64 {
    // Between two levels.
    (f64::from(MOVING_LEVELS) + 0.5) / (255.0 * UNIT_RESIDUAL)
}

/// Place of a pixel's red in the channels of its frame, channels x cells; green and blue follow `cells` and 2 `cells` later, as in
/// [`planwright::planner::goal_force::picture_features`].
fn place(pixel: usize, spec: &GoalForceSpec) -> usize {
    let (x, y, cell) = (pixel % spec.picture_px, pixel / spec.picture_px, spec.cell_px);
    3 * (y % cell * cell + x % cell) * spec.cells() + y / cell * spec.side() + x / cell
}

/// Fills the channels of one frame, picture channels x cells, from the pixels of the first picture and the frame's.
pub fn residual(first: &[u8], frame: &[u8], spec: &GoalForceSpec, channels: &mut [f32]) {
    let cells = spec.cells();
    for (pixel, (first, frame)) in first.chunks_exact(3).zip(frame.chunks_exact(3)).enumerate() {
        let place = place(pixel, spec);
        for colour in 0..3 {
            let levels = f32::from(frame[colour]) - f32::from(first[colour]);
            channels[place + colour * cells] = levels / (255.0 * UNIT_RESIDUAL as f32);
        }
    }
}

/// The pixels of a frame from the first picture's and the frame's channels, rounded and within 0 to 255.
pub fn frame_of(first: &[u8], channels: &[f32], spec: &GoalForceSpec, rgb: &mut Vec<u8>) {
    let cells = spec.cells();
    rgb.clear();
    for (pixel, first) in first.chunks_exact(3).enumerate() {
        let place = place(pixel, spec);
        rgb.extend((0..3).map(|colour| {
            let levels = channels[place + colour * cells] * 255.0 * UNIT_RESIDUAL as f32;
            // Conversions to integers saturate, and NaN is 0.
            (f32::from(first[colour]) + levels).round() as u8
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright::planner::goal_force::picture_features;

    fn pictures(spec: &GoalForceSpec) -> [Vec<u8>; 2] {
        let values =
            |factor: usize| (0..3 * spec.picture_px * spec.picture_px).map(move |index| (index * factor % 251) as u8);
        [values(7).collect(), values(11).collect()]
    }

    #[test]
    fn a_frame_comes_back_from_its_channels() {
        let spec = GoalForceSpec::default();
        let [first, frame] = pictures(&spec);
        let mut channels = vec![0.0; spec.picture_channels() * spec.cells()];
        residual(&first, &frame, &spec, &mut channels);
        assert!(channels.iter().all(|value| f64::from(value.abs()) <= MAX_RESIDUAL));
        let mut back = Vec::new();
        frame_of(&first, &channels, &spec, &mut back);
        assert_eq!(back, frame);
        frame_of(&first, &vec![f32::NAN; channels.len()], &spec, &mut back);
        assert_eq!(back.len(), frame.len());
    }

    #[test]
    fn a_pixels_channel_is_that_of_the_first_picture() {
        let spec = GoalForceSpec::default();
        let [first, frame] = pictures(&spec);
        let [mut differences, mut a, mut b] = [const { Vec::<f32>::new() }; 3];
        for channels in [&mut differences, &mut a, &mut b] {
            channels.resize(spec.picture_channels() * spec.cells(), 0.0);
        }
        residual(&first, &frame, &spec, &mut differences);
        picture_features(&first, &spec, &mut a);
        picture_features(&frame, &spec, &mut b);
        for (difference, (a, b)) in differences.iter().zip(a.iter().zip(&b)) {
            // Pictures have twice the range.
            assert!((difference * UNIT_RESIDUAL as f32 - 0.5 * (b - a)).abs() < 1e-5);
        }
    }

    #[test]
    fn a_pixel_moves_above_the_threshold_in_any_colour_and_its_value_says_the_same() {
        for (levels, moves) in [(0, false), (MOVING_LEVELS, false), (MOVING_LEVELS + 1, true), (90, true)] {
            assert_eq!(is_moving(&[100; 3], &[100, 100, 100 - levels]), moves);
            let value = f64::from(levels) / (255.0 * UNIT_RESIDUAL);
            assert_eq!(value > moving_value(), moves);
        }
    }
}
