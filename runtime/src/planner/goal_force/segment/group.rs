//! Circles that lie in one box: its silhouette is convex, that of touching balls is not.

use super::Colours;
use super::circle::Circle;

/// Colours nearer than this, brightness aside, can belong to one object.
const SAME_TINT: f32 = 0.13;
/// Colours darker than this have no tint, sRGB.
const DARK: f32 = 0.2;
/// Circles whose rims are nearer than this touch, px.
const TOUCH_PX: f64 = 1.5;

/// Sets of circles, by index, whose pixels make one convex object of one tint; circles without such a set are left out.
pub(super) fn convex_groups(
    circles: &[Circle],
    parts: &[Vec<usize>],
    component: &[usize],
    colours: &Colours,
) -> Vec<Vec<usize>> {
    let tints: Vec<[f32; 3]> = parts.iter().map(|part| mean_colour(part, colours)).collect();
    let touches = |a: usize, b: usize| {
        let off = [0, 1].map(|axis| circles[a].centre_px[axis] - circles[b].centre_px[axis]);
        let near = off[0].hypot(off[1]) < circles[a].radius_px + circles[b].radius_px + TOUCH_PX;
        near && same_tint(tints[a], tints[b])
    };
    let mut group: Vec<usize> = (0..circles.len()).collect();
    let mut merged = Vec::new();
    for a in 0..circles.len() {
        for b in a + 1..circles.len() {
            let (first, second) = (group[a], group[b]);
            if first == second || !touches(a, b) {
                continue;
            }
            let joined: Vec<usize> =
                (0..circles.len()).filter(|index| group[*index] == first || group[*index] == second).collect();
            if is_convex(&joined, circles, parts, component, colours) {
                joined.iter().for_each(|index| group[*index] = first);
            }
        }
    }
    for leader in 0..circles.len() {
        let members: Vec<usize> = (0..circles.len()).filter(|index| group[*index] == leader).collect();
        if members.len() > 1 {
            merged.push(members);
        }
    }
    merged
}

fn mean_colour(pixels: &[usize], colours: &Colours) -> [f32; 3] {
    let count = pixels.len().max(1) as f32;
    std::array::from_fn(|channel| pixels.iter().map(|pixel| colours.rgb[*pixel][channel]).sum::<f32>() / count)
}

fn same_tint(a: [f32; 3], b: [f32; 3]) -> bool {
    let length = |colour: [f32; 3]| colour.iter().map(|value| value * value).sum::<f32>().sqrt();
    let off = |a: [f32; 3], b: [f32; 3]| length(std::array::from_fn(|channel| a[channel] - b[channel]));
    let (dark, other) = (length(a).min(length(b)), length(a).max(length(b)));
    if dark < DARK {
        return other < 2.0 * DARK;
    }
    off(a.map(|value| value / length(a)), b.map(|value| value / length(b))) < SAME_TINT
}

/// Whether the convex hull explains the pixels of these circles better than the circles do.
fn is_convex(
    members: &[usize],
    circles: &[Circle],
    parts: &[Vec<usize>],
    component: &[usize],
    colours: &Colours,
) -> bool {
    let place = |pixel: usize| [(pixel % colours.width) as f64 + 0.5, (pixel / colours.width) as f64 + 0.5];
    let pixels = || members.iter().flat_map(|index| &parts[*index]).copied();
    let hull = convex_hull(pixels().map(place).collect());
    let covered = |pixel: usize| {
        let at = place(pixel);
        members.iter().any(|index| {
            let circle = circles[*index];
            (at[0] - circle.centre_px[0]).hypot(at[1] - circle.centre_px[1]) <= circle.radius_px
        })
    };
    let rows = || pixels().map(|pixel| pixel / colours.width);
    let columns = || pixels().map(|pixel| pixel % colours.width);
    let (mut by_hull, mut by_circles) = (0, pixels().filter(|pixel| !covered(*pixel)).count());
    for v in rows().min().unwrap_or(0)..=rows().max().unwrap_or(0) {
        for u in columns().min().unwrap_or(0)..=columns().max().unwrap_or(0) {
            let pixel = v * colours.width + u;
            if component.binary_search(&pixel).is_err() {
                by_hull += usize::from(is_inside(&hull, place(pixel)));
                by_circles += usize::from(covered(pixel));
            }
        }
    }
    by_hull < by_circles
}

/// Corners of the convex hull in the order of their angle (Andrew's monotone chain).
fn convex_hull(mut points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let chain = |points: &mut dyn Iterator<Item = [f64; 2]>| {
        let mut chain: Vec<[f64; 2]> = Vec::new();
        for point in points {
            while let [.., a, b] = chain[..] {
                if turn(a, b, point) > 0.0 {
                    break;
                }
                chain.pop();
            }
            chain.push(point);
        }
        chain.pop();
        chain
    };
    let mut hull = chain(&mut points.iter().copied());
    hull.extend(chain(&mut points.iter().rev().copied()));
    hull
}

fn turn(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

fn is_inside(hull: &[[f64; 2]], point: [f64; 2]) -> bool {
    (0..hull.len()).all(|index| turn(hull[index], hull[(index + 1) % hull.len()], point) >= 0.0)
}
