//! Circles that explain a component: touching balls are taken apart.

use super::group::convex_groups;
use super::{Colours, LEAST_PIXELS};

/// Least share of a circle's rim beyond which its component ends.
const LEAST_OPEN: f64 = 0.6;
/// Least agreement (intersection over union) of a circle and the pixels that it explains.
const LEAST_AGREEMENT: f64 = 0.78;
/// Most circles of a component.
const MOST_CIRCLES: usize = 12;
/// Weight of a pixel of no object inside a circle, against one of the object.
const EMPTY_WEIGHT: f64 = 1.6;

/// A circle in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Circle {
    pub centre_px: [f64; 2],
    pub radius_px: f64,
}

impl Circle {
    /// Distance of a pixel's centre from the centre over the radius.
    fn share(&self, u: usize, v: usize) -> f64 {
        let off = [u as f64 + 0.5 - self.centre_px[0], v as f64 + 0.5 - self.centre_px[1]];
        off[0].hypot(off[1]) / self.radius_px
    }
}

/// A part of the picture round a component.
struct Patch {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    /// 1 for a pixel to explain, 0 for one that is explained or not to be judged, below 0 for none of the component.
    weight: Vec<f64>,
    /// Sums along the rows, with a 0 before each.
    sums: Vec<f64>,
    own: Vec<bool>,
}

impl Patch {
    fn new(component: &[usize], colours: &Colours) -> Self {
        let columns = || component.iter().map(|pixel| pixel % colours.width);
        let rows = || component.iter().map(|pixel| pixel / colours.width);
        let (left, top) = (columns().min().unwrap_or(0), rows().min().unwrap_or(0));
        let width = columns().max().unwrap_or(0) + 1 - left;
        let height = rows().max().unwrap_or(0) + 1 - top;
        let mut own = vec![false; width * height];
        component
            .iter()
            .for_each(|pixel| own[(pixel / colours.width - top) * width + pixel % colours.width - left] = true);
        let weight = own.iter().map(|own| if *own { 1.0 } else { -EMPTY_WEIGHT }).collect();
        let mut patch = Self { left, top, width, height, weight, sums: Vec::new(), own };
        patch.sum();
        patch
    }

    fn sum(&mut self) {
        self.sums.clear();
        for row in self.weight.chunks_exact(self.width) {
            let mut sum = 0.0;
            self.sums.push(0.0);
            for weight in row {
                sum += weight;
                self.sums.push(sum);
            }
        }
    }

    /// Sum of the weights inside a circle; what is outside the patch is none of the component.
    fn score(&self, circle: Circle) -> f64 {
        let Circle { centre_px: [u, v], radius_px } = circle;
        let (u, v) = (u - self.left as f64, v - self.top as f64);
        let mut score = 0.0;
        let first = (v - radius_px - 0.5).ceil() as i64;
        let last = (v + radius_px - 0.5).floor() as i64;
        for row in first..=last {
            let off = row as f64 + 0.5 - v;
            let half = (radius_px * radius_px - off * off).max(0.0).sqrt();
            let (from, to) = ((u - half - 0.5).ceil() as i64, (u + half - 0.5).floor() as i64 + 1);
            let count = (to - from).max(0);
            if !(0..self.height as i64).contains(&row) {
                score -= EMPTY_WEIGHT * count as f64;
                continue;
            }
            let clip = |column: i64| column.clamp(0, self.width as i64) as usize;
            let (inside_from, inside_to) = (clip(from), clip(to).max(clip(from)));
            let start = row as usize * (self.width + 1);
            score += self.sums[start + inside_to] - self.sums[start + inside_from];
            score -= EMPTY_WEIGHT * (count - (inside_to - inside_from) as i64) as f64;
        }
        score
    }

    /// The circle with the highest score: on a grid of half a pixel, then finer.
    fn best(&self) -> (f64, Circle) {
        let mut best = (0.0, Circle { centre_px: [0.0; 2], radius_px: 1.0 });
        let longest = 0.5 * self.width.min(self.height) as f64 + 0.75;
        for column in 0..2 * self.width {
            for row in 0..2 * self.height {
                if !self.own[row / 2 * self.width + column / 2] {
                    continue;
                }
                let centre_px = [self.left as f64 + 0.5 * column as f64, self.top as f64 + 0.5 * row as f64];
                let mut radius_px = 1.5;
                while radius_px <= longest {
                    let circle = Circle { centre_px, radius_px };
                    let score = self.score(circle);
                    if score > best.0 {
                        best = (score, circle);
                    }
                    radius_px += 0.5;
                }
            }
        }
        best
    }

    /// The mean of the circles near one whose score is nearly the best.
    fn refined(&self, circle: Circle, score: f64) -> Circle {
        let (mut sum, mut total) = ([0.0; 3], 0.0);
        for step in 0..9 * 9 * 9 {
            let off = |place: usize| ((step / place % 9) as f64 - 4.0) * 0.2;
            let near = Circle {
                centre_px: [circle.centre_px[0] + off(1), circle.centre_px[1] + off(9)],
                radius_px: circle.radius_px + off(81),
            };
            if near.radius_px < 1.0 {
                continue;
            }
            let weight = (self.score(near) - score).exp();
            total += weight;
            sum = [
                sum[0] + weight * near.centre_px[0],
                sum[1] + weight * near.centre_px[1],
                sum[2] + weight * near.radius_px,
            ];
        }
        if total > 0.0 {
            Circle { centre_px: [sum[0] / total, sum[1] / total], radius_px: sum[2] / total }
        } else {
            circle
        }
    }
}

/// A component taken apart.
#[derive(Debug, Default)]
pub(super) struct Explained {
    /// Balls: circles with the pixels of each.
    pub round: Vec<(Circle, Vec<usize>)>,
    /// Pixels that no circle explains, by object as far as they can be separated.
    pub others: Vec<Vec<usize>>,
}

/// Explains a component (ascending pixels) by circles where they fit.
pub(super) fn explain(component: &[usize], colours: &Colours) -> Explained {
    let mut patch = Patch::new(component, colours);
    let mut circles: Vec<Circle> = Vec::new();
    // A component that fills the picture is no pile of balls.
    if component.len() > colours.rgb.len() / 3 {
        return Explained { others: vec![component.to_vec()], ..Explained::default() };
    }
    while circles.len() < MOST_CIRCLES {
        let (score, circle) = patch.best();
        if score < LEAST_PIXELS as f64 {
            break;
        }
        let circle = patch.refined(circle, score);
        circles.push(circle);
        for index in 0..patch.weight.len() {
            let (u, v) = (patch.left + index % patch.width, patch.top + index / patch.width);
            // Its rim is left to no other circle.
            if patch.own[index] && circle.share(u, v) * circle.radius_px < circle.radius_px + 0.7 {
                patch.weight[index] = 0.0;
            }
        }
        patch.sum();
    }
    let place = |pixel: &usize| (pixel % colours.width, pixel / colours.width);
    // Every pixel to the circle that it is deepest in.
    let nearest = |pixel: &usize| {
        let (u, v) = place(pixel);
        let shares = circles.iter().map(|circle| circle.share(u, v)).enumerate();
        shares.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index)
    };
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); circles.len()];
    let mut rest = Vec::new();
    for pixel in component {
        match nearest(pixel) {
            Some(index) => parts[index].push(*pixel),
            None => rest.push(*pixel),
        }
    }
    let mut explained = Explained::default();
    for members in convex_groups(&circles, &parts, component, colours) {
        explained.others.push(members.iter().flat_map(|index| std::mem::take(&mut parts[*index])).collect());
    }
    for (index, part) in parts.into_iter().enumerate() {
        let circle = circles[index];
        if is_round(circle, &part, component, &circles, colours) {
            explained.round.push((circle, part));
        } else {
            rest.extend(part);
        }
    }
    explained.others.push(rest);
    explained
}

/// Whether the pixels nearest to a circle fill it, and the component ends beyond its rim.
fn is_round(circle: Circle, part: &[usize], component: &[usize], circles: &[Circle], colours: &Colours) -> bool {
    let inside = |circle: &Circle, pixel: usize| circle.share(pixel % colours.width, pixel / colours.width) <= 1.0;
    let common = part.iter().filter(|pixel| inside(&circle, **pixel)).count() as f64;
    // Inside the circle, but no pixel of it nor hidden by another.
    let reach = circle.radius_px.ceil() as i64 + 1;
    let middle = circle.centre_px.map(|value| value.floor() as i64);
    let mut missing = 0.0;
    for v in middle[1] - reach..=middle[1] + reach {
        for u in middle[0] - reach..=middle[0] + reach {
            if !(0..colours.width as i64).contains(&u) || !(0..colours.height as i64).contains(&v) {
                continue;
            }
            let pixel = v as usize * colours.width + u as usize;
            if inside(&circle, pixel) && component.binary_search(&pixel).is_err() {
                missing += 1.0;
            }
        }
    }
    let agreement = common / (part.len() as f64 + missing).max(1.0);
    let rim = 32;
    let open = (0..rim).filter(|step| {
        let (sin, cos) = (std::f64::consts::TAU * f64::from(*step) / f64::from(rim)).sin_cos();
        let at = [cos, sin].map(|part| part * (circle.radius_px + 1.1));
        let [u, v] = [circle.centre_px[0] + at[0], circle.centre_px[1] + at[1]];
        if !(0.0..colours.width as f64).contains(&u) || !(0.0..colours.height as f64).contains(&v) {
            return true;
        }
        let pixel = v as usize * colours.width + u as usize;
        let others = || circles.iter().filter(|other| **other != circle).any(|other| inside(other, pixel));
        component.binary_search(&pixel).is_err() || others()
    });
    // One pixel's doubt at the rim counts more in a small circle.
    let least = LEAST_AGREEMENT - 0.15 * (3.0 - circle.radius_px).clamp(0.0, 1.0);
    agreement >= least && open.count() as f64 >= LEAST_OPEN * f64::from(rim)
}
