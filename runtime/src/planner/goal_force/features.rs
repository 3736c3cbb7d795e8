//! The first picture as the network sees it: the pixels of every cell as its channels.

use crate::model::GoalForceSpec;

/// Fills `channels`, picture channels x cells, from a square RGB picture, row by row from the top: channel
/// `3 (y cell_px + x) + colour` of a cell is the colour of its pixel (x, y), from -1 for 0 to 1 for 255.
/// Pixels that are missing are left as they are.
pub fn picture_features(rgb: &[u8], spec: &GoalForceSpec, channels: &mut [f32]) {
    let (cell, side, cells) = (spec.cell_px, spec.side(), spec.cells());
    for (index, pixel) in rgb.chunks_exact(3).take(spec.picture_px * spec.picture_px).enumerate() {
        let (x, y) = (index % spec.picture_px, index / spec.picture_px);
        let place = y / cell * side + x / cell;
        let first = 3 * (y % cell * cell + x % cell);
        for (colour, value) in pixel.iter().enumerate() {
            channels[(first + colour) * cells + place] = f32::from(*value) / 127.5 - 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_has_its_channel() {
        let spec = GoalForceSpec { picture_px: 8, ..GoalForceSpec::default() };
        let mut rgb = vec![0_u8; 3 * 64];
        // Green of the pixel in column 5 and row 6: cell 3, pixel (1, 2).
        rgb[3 * (6 * 8 + 5) + 1] = 255;
        let mut channels = vec![0.0; 48 * 4];
        picture_features(&rgb, &spec, &mut channels);
        let ones: Vec<usize> = (0..192).filter(|index| channels[*index] == 1.0).collect();
        assert_eq!(ones, [(3 * (2 * 4 + 1) + 1) * 4 + 3]);
        assert!(channels.iter().filter(|value| **value == -1.0).count() == 191);
    }
}
