//! A picture of videos: the frames of a scene side by side, predicted ones below true ones.

use planwright::world::scene::Picture;

/// Every so many frames are shown.
const EVERY: usize = 2;
/// Between two pictures, px.
const GAP: usize = 2;
/// Between two scenes, px.
const SCENE_GAP: usize = 6;

/// A scene of a strip. Frames are sRGB.
pub(super) struct StripScene {
    pub(super) first: Picture,
    pub(super) truth: Vec<Vec<u8>>,
    pub(super) predicted: Vec<Vec<u8>>,
}

/// Two rows per scene. Empty without scenes.
pub(super) fn strip(scenes: &[StripScene]) -> Picture {
    let Some(StripScene { first, truth, .. }) = scenes.first() else { return Picture::default() };
    let (wide, high) = (first.width, first.height);
    let columns = 1 + truth.len() / EVERY;
    let (width, scene_height) = (columns * (wide + GAP) - GAP, 2 * high + GAP);
    let height = scenes.len() * (scene_height + SCENE_GAP) - SCENE_GAP;
    let mut picture = Picture { width, height, rgb: vec![255; 3 * width * height], ids: Vec::new() };
    for (scene, StripScene { first, truth, predicted }) in scenes.iter().enumerate() {
        for (row, frames) in [truth, predicted].into_iter().enumerate() {
            let top = scene * (scene_height + SCENE_GAP) + row * (high + GAP);
            let shown = std::iter::once(&first.rgb).chain(frames.iter().skip(EVERY - 1).step_by(EVERY));
            for (column, rgb) in shown.enumerate().take(columns) {
                put(&mut picture, [column * (wide + GAP), top], rgb, wide);
            }
        }
    }
    picture
}

/// Writes a picture of a width into a larger one; what reaches beyond it is left out.
fn put(picture: &mut Picture, [left, top]: [usize; 2], rgb: &[u8], wide: usize) {
    for (row, line) in rgb.chunks_exact(3 * wide.max(1)).enumerate() {
        let start = 3 * ((top + row) * picture.width + left);
        if let Some(to) = picture.rgb.get_mut(start..start + line.len()) {
            to.copy_from_slice(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predicted_frames_stand_below_the_true_ones() {
        let grey = |value: u8| vec![value; 3 * 4];
        let first = Picture { width: 2, height: 2, rgb: grey(9), ids: Vec::new() };
        let frames = |base: u8| (0..4).map(|frame| grey(base + frame)).collect::<Vec<_>>();
        let scene = |truth: u8, predicted: u8| StripScene {
            first: first.clone(),
            truth: frames(truth),
            predicted: frames(predicted),
        };
        let scenes = [scene(10, 20), scene(30, 40)];
        let picture = strip(&scenes);
        assert_eq!([picture.width, picture.height], [3 * 2 + 2 * GAP, 2 * (4 + GAP) + SCENE_GAP]);
        let at = |column: usize, row: usize| picture.at(column * (2 + GAP), row).map(|pixel| pixel[0]);
        let second = 4 + GAP + SCENE_GAP;
        for (top, base) in [(0, 10), (2 + GAP, 20), (second, 30), (second + 2 + GAP, 40)] {
            assert_eq!([0, 1, 2].map(|column| at(column, top)), [9, base + 1, base + 3].map(Some));
        }
        assert_eq!(picture.at(2, 0), Some([255; 3]), "gaps are white");
        assert_eq!(strip(&[]), Picture::default());
    }
}
