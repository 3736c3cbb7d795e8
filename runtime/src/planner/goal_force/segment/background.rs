//! Which pixels are not the table.

use super::{Colours, neighbours};

/// Colours nearer than this are one of the palette, sRGB.
const SAME_COLOUR: f32 = 0.055;
/// Largest distance of a background pixel to a colour of the table, sRGB.
const NEAR_COLOUR: f32 = 0.055;
/// Shadows keep at least this much of a colour's sRGB value: ambient light of about 0.29.
const DARKEST_SHADOW: f32 = 0.57;
/// Share of the step from the table's colour to the object's from which a pixel at the rim is the object's.
const LEAST_COVER: f32 = 0.4;
/// Most colours of a palette.
const MOST_COLOURS: usize = 256;
/// Rows and columns of the border.
const BORDER_PX: usize = 3;

/// One colour of the picture.
struct Swatch {
    sum: [f32; 3],
    count: f32,
    border: f32,
    /// Sums of place and its square, by axis.
    place: [[f32; 2]; 2],
}

impl Swatch {
    fn mean(&self) -> [f32; 3] {
        self.sum.map(|sum| sum / self.count)
    }

    /// Standard deviation of its pixels' places along an axis, px.
    fn spread(&self, axis: usize) -> f32 {
        let [sum, squares] = self.place[axis];
        (squares / self.count - (sum / self.count).powi(2)).max(0.0).sqrt()
    }
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    (0..3).map(|channel| (a[channel] - b[channel]).powi(2)).sum::<f32>().sqrt()
}

/// The colours of a picture, those of its border first.
fn palette(colours: &Colours) -> Vec<Swatch> {
    let (width, height) = (colours.width, colours.height);
    let is_border = |pixel: usize| {
        let (u, v) = (pixel % width, pixel / width);
        u.min(width - 1 - u).min(v).min(height - 1 - v) < BORDER_PX
    };
    let mut swatches: Vec<Swatch> = Vec::new();
    let mut order: Vec<usize> = (0..colours.rgb.len()).collect();
    order.sort_by_key(|pixel| !is_border(*pixel));
    for pixel in order {
        let colour = colours.rgb[pixel];
        // Random pixels have a colour each: more than a table can have are left out.
        let is_full = swatches.len() >= MOST_COLOURS;
        let nearest = swatches.iter_mut().map(|swatch| (distance(swatch.mean(), colour), swatch));
        let nearest = nearest.min_by(|a, b| a.0.total_cmp(&b.0)).filter(|(off, _)| *off < SAME_COLOUR);
        let place = [(pixel % width) as f32, (pixel / width) as f32];
        let border = f32::from(is_border(pixel));
        match nearest {
            Some((_, swatch)) => {
                (0..3).for_each(|channel| swatch.sum[channel] += colour[channel]);
                (0..2).for_each(|axis| swatch.place[axis][0] += place[axis]);
                (0..2).for_each(|axis| swatch.place[axis][1] += place[axis].powi(2));
                (swatch.count, swatch.border) = (swatch.count + 1.0, swatch.border + border);
            }
            None if !is_full => {
                let place = place.map(|value| [value, value * value]);
                swatches.push(Swatch { sum: colour, count: 1.0, border, place });
            }
            None => {}
        }
    }
    swatches
}

/// The table's colours: spread over the picture and found at its border.
fn table_colours(colours: &Colours) -> Vec<[f32; 3]> {
    let swatches = palette(colours);
    let border: f32 = swatches.iter().map(|swatch| swatch.border).sum();
    let sides = [colours.width as f32, colours.height as f32];
    let is_table = |swatch: &&Swatch| {
        let spread = (0..2).map(|axis| swatch.spread(axis) / sides[axis]).sum::<f32>();
        swatch.border > 0.01 * border && spread > 0.3 || swatch.border > 0.25 * border
    };
    swatches.iter().filter(is_table).map(Swatch::mean).collect()
}

/// Distance of a colour to a colour of the table in some light, and that light.
fn from_table(colour: [f32; 3], table: [f32; 3]) -> (f32, f32) {
    let dot = |a: [f32; 3], b: [f32; 3]| (0..3).map(|channel| a[channel] * b[channel]).sum::<f32>();
    let square = dot(table, table);
    let share = if square > 1e-4 { dot(colour, table) / square } else { 1.0 };
    let share = share.clamp(DARKEST_SHADOW, 1.03);
    (distance(colour, table.map(|channel| share * channel)), share)
}

/// Whether each pixel belongs to an object.
pub(super) fn classify(colours: &Colours) -> Vec<bool> {
    let table = table_colours(colours);
    let far = |colour: &[f32; 3]| {
        let distances = table.iter().map(|swatch| {
            let (off, share) = from_table(*colour, *swatch);
            // A shadow is less certain than the colour itself.
            if share < 0.95 { 1.3 * off } else { off }
        });
        distances.fold(f32::INFINITY, f32::min)
    };
    let mut mask: Vec<bool> = colours.rgb.iter().map(|colour| far(colour) > NEAR_COLOUR).collect();
    fill_holes(&mut mask, colours.width, colours.height);
    trimmed(&mask, colours)
}

/// Without the pixels at the rim whose colour is mostly that of the table beside them: a camera's pixel
/// there shows both.
fn trimmed(mask: &[bool], colours: &Colours) -> Vec<bool> {
    let around = |pixel: usize| neighbours(pixel, colours.width, mask.len());
    let is_rim = |pixel: usize| mask[pixel] && around(pixel).any(|other| !mask[other]);
    let rim: Vec<bool> = (0..mask.len()).map(is_rim).collect();
    let mean = |pixel: usize, counts: &dyn Fn(usize) -> bool| {
        let (mut sum, mut count) = ([0.0; 3], 0.0);
        for other in around(pixel).filter(|other| counts(*other)) {
            (0..3).for_each(|channel| sum[channel] += colours.rgb[other][channel]);
            count += 1.0;
        }
        (count > 0.0).then(|| sum.map(|sum: f32| sum / count))
    };
    let stays = |pixel: usize| {
        let outside = mean(pixel, &|other| !mask[other]);
        let inside = mean(pixel, &|other| mask[other] && !rim[other]);
        let (Some(outside), Some(inside)) = (outside, inside) else { return mask[pixel] };
        let step: [f32; 3] = std::array::from_fn(|channel| inside[channel] - outside[channel]);
        let own: [f32; 3] = std::array::from_fn(|channel| colours.rgb[pixel][channel] - outside[channel]);
        let dot = |a: [f32; 3], b: [f32; 3]| (0..3).map(|channel| a[channel] * b[channel]).sum::<f32>();
        dot(own, step) > LEAST_COVER * dot(step, step)
    };
    (0..mask.len()).map(|pixel| mask[pixel] && (!rim[pixel] || stays(pixel))).collect()
}

/// What is enclosed by an object is part of it.
fn fill_holes(mask: &mut [bool], width: usize, height: usize) {
    let mut outside = vec![false; mask.len()];
    let edge = |pixel: usize| {
        let (u, v) = (pixel % width, pixel / width);
        u == 0 || v == 0 || u + 1 == width || v + 1 == height
    };
    let mut stack: Vec<usize> = (0..mask.len()).filter(|pixel| !mask[*pixel] && edge(*pixel)).collect();
    stack.iter().for_each(|pixel| outside[*pixel] = true);
    while let Some(pixel) = stack.pop() {
        for other in neighbours(pixel, width, mask.len()) {
            if !mask[other] && !outside[other] {
                outside[other] = true;
                stack.push(other);
            }
        }
    }
    mask.iter_mut().zip(&outside).for_each(|(mask, outside)| *mask = !outside);
}
