//! An occupancy grid as images: its cells by class, and its distance field; one pixel a cell, at the grid's pose.

use re_sdk_types::archetypes::{DepthImage, SegmentationImage, Transform3D};
use re_sdk_types::components::{Colormap, ImageFormat};
use re_sdk_types::datatypes::ChannelDatatype;

use crate::world::GridMap;
use crate::world::map::grid::{CellClass, GridGeometry};

/// Classes of the cells, their names and colours.
pub(super) const CLASSES: [(u16, &str, u32); 3] =
    [(0, "free", 0x1c22_2eff), (1, "occupied", 0x6f7c_96ff), (2, "unknown", 0x3036_42ff)];
/// Pixels of the field's longer side at most: of larger grids every n-th cell, for distances vary slowly.
const MOST_FIELD_PIXELS: usize = 512;
/// Steps of the field's values per metre; a byte holds up to 2.55 m.
const STEPS_PER_M: f32 = 100.0;

/// The cells' classes, and where the pixels lie.
pub(super) fn cells(grid: &GridMap) -> (SegmentationImage, Transform3D) {
    let GridGeometry { width, height, .. } = *grid.geometry();
    let mut classes = Vec::with_capacity(width * height);
    for row in 0..height {
        classes.extend((0..width).map(|column| match grid.class_of(column, row) {
            CellClass::Free => 0_u8,
            CellClass::Occupied => 1,
            CellClass::Unknown => 2,
        }));
    }
    let format = ImageFormat::segmentation([width as u32, height as u32], ChannelDatatype::U8);
    (SegmentationImage::new(classes, format).with_opacity(1.0).with_draw_order(0.0), placed(grid.geometry(), 1))
}

/// The distance field up to 2.55 m in steps of 1 cm, and where the pixels lie.
pub(super) fn field(grid: &GridMap) -> (DepthImage, Transform3D) {
    let GridGeometry { width, height, .. } = *grid.geometry();
    let block = width.max(height).div_ceil(MOST_FIELD_PIXELS).max(1);
    let (columns, rows) = (width.div_ceil(block), height.div_ceil(block));
    let mut steps = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        steps.extend((0..columns).map(|column| {
            let metres = grid.field().at(block * column + block / 2, block * row + block / 2);
            // A conversion to an integer saturates.
            (STEPS_PER_M * metres).round() as u8
        }));
    }
    let format = ImageFormat::depth([columns as u32, rows as u32], ChannelDatatype::U8);
    let image = DepthImage::new(steps, format).with_meter(STEPS_PER_M).with_colormap(Colormap::Viridis);
    (image.with_draw_order(0.5), placed(grid.geometry(), block))
}

/// From pixels, whose rows count along the grid's y axis, to the map's frame.
fn placed(geometry: &GridGeometry, block: usize) -> Transform3D {
    let (sin, cos) = geometry.yaw_rad.sin_cos();
    let side_m = geometry.resolution_m * block as f64;
    let [x, y] = geometry.origin.map(|value| value as f32);
    let [sin, cos] = [sin, cos].map(|value| (side_m * value) as f32);
    Transform3D::from_translation_mat3x3([x, y, 0.0], [[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
}
