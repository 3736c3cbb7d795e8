//! Points in any number of coordinates: how many are near, and which are nearest.

/// A point found near a query. Ordered by distance, then by item, so that ties fall the same way every time.
#[derive(Clone, Copy, Debug)]
pub struct Near {
    /// Squared distance.
    pub squared: f32,
    /// Place of the point among those the tree was built from.
    pub item: u32,
}

impl Ord for Near {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.squared.total_cmp(&other.squared).then(self.item.cmp(&other.item))
    }
}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Near {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Near {}

/// A balanced tree over finite points. The middle of every range of points splits it along the axis of largest spread.
#[derive(Clone, Debug)]
pub struct KdTree {
    columns: usize,
    points: Vec<f32>,
    items: Vec<u32>,
    axes: Vec<u32>,
}

/// Ranges this small are searched through.
const LEAF: usize = 8;

impl KdTree {
    /// Over the rows of `points`, each of `columns` coordinates.
    pub fn new(columns: usize, points: &[f32]) -> Self {
        let columns = columns.max(1);
        let rows = points.len() / columns;
        let mut items: Vec<u32> = (0..rows as u32).collect();
        let mut axes = vec![0; rows];
        split(columns, points, &mut items, &mut axes);
        let ordered = items
            .iter()
            .flat_map(|item| {
                let start = *item as usize * columns;
                points[start..start + columns].iter().copied()
            })
            .collect();
        Self { columns, points: ordered, items, axes }
    }

    fn point(&self, place: usize) -> &[f32] {
        &self.points[place * self.columns..(place + 1) * self.columns]
    }

    /// How many points lie within `radius` of the query, its own included.
    pub fn count_within(&self, query: &[f32], radius: f32) -> usize {
        let mut count = 0;
        self.visit(query, radius, |_| count += 1);
        count
    }

    /// The `count` nearest points, in no special order, written into `found`. Looks within `radius` first and then
    /// further out: a radius that holds a few more than `count` is the quickest.
    pub fn nearest(&self, query: &[f32], count: usize, radius: f32, found: &mut Vec<Near>) {
        let count = count.min(self.items.len());
        let mut radius = if radius > 0.0 { radius } else { f32::INFINITY };
        loop {
            found.clear();
            self.visit(query, radius, |near| found.push(near));
            if found.len() >= count || radius == f32::INFINITY {
                break;
            }
            radius *= 1.5;
        }
        if count == 0 {
            found.clear();
        } else if found.len() > count {
            found.select_nth_unstable(count - 1);
            found.truncate(count);
        }
    }

    fn visit(&self, query: &[f32], radius: f32, mut found: impl FnMut(Near)) {
        let reach = radius * radius;
        let mut offer = |place: usize| {
            let squared = squared_distance(query, self.point(place));
            if squared <= reach {
                found(Near { squared, item: self.items[place] });
            }
        };
        // A balanced tree of 2^64 points is 64 deep; one range more waits per level.
        let mut waiting = [(0, 0); 65];
        waiting[0] = (0, self.items.len());
        let mut top = 1;
        while top > 0 {
            top -= 1;
            let (low, high) = waiting[top];
            if high - low <= LEAF {
                (low..high).for_each(&mut offer);
                continue;
            }
            let middle = (low + high) / 2;
            offer(middle);
            let axis = self.axes[middle] as usize;
            let ahead = query[axis] - self.point(middle)[axis];
            if ahead <= radius {
                waiting[top] = (low, middle);
                top += 1;
            }
            if -ahead <= radius {
                waiting[top] = (middle + 1, high);
                top += 1;
            }
        }
    }
}

/// Squared Euclidean distance.
pub fn squared_distance(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(left, right)| (left - right) * (left - right)).sum()
}

fn split(columns: usize, points: &[f32], items: &mut [u32], axes: &mut [u32]) {
    if items.len() <= LEAF {
        return;
    }
    let coordinate = |item: u32, axis: usize| points[item as usize * columns + axis];
    let mut widest = (f32::NEG_INFINITY, 0);
    for axis in 0..columns {
        let (low, high) = items.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), item| {
            let value = coordinate(*item, axis);
            (low.min(value), high.max(value))
        });
        if high - low > widest.0 {
            widest = (high - low, axis);
        }
    }
    let axis = widest.1;
    let middle = items.len() / 2;
    items.select_nth_unstable_by(middle, |left, right| {
        coordinate(*left, axis).total_cmp(&coordinate(*right, axis)).then(left.cmp(right))
    });
    axes[middle] = axis as u32;
    let (items_low, items_high) = items.split_at_mut(middle);
    let (axes_low, axes_high) = axes.split_at_mut(middle);
    split(columns, points, items_low, axes_low);
    split(columns, points, &mut items_high[1..], &mut axes_high[1..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn agrees_with_looking_at_every_point() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for columns in 1..4 {
            let rows = 300;
            // Coarse values, so that many points coincide and tie.
            let points: Vec<f32> = (0..rows * columns).map(|_| rng.random_range(-8..8) as f32 / 8.0).collect();
            let tree = KdTree::new(columns, &points);
            let mut found = Vec::new();
            for query in points.chunks(columns).step_by(7) {
                let mut all: Vec<Near> = points
                    .chunks(columns)
                    .zip(0..)
                    .map(|(point, item)| Near { squared: squared_distance(query, point), item })
                    .collect();
                all.sort();
                for (count, radius) in [(0, 0.1), (1, 0.1), (5, 9.0), (40, 0.0), (rows, 0.1), (rows + 9, 0.1)] {
                    tree.nearest(query, count, radius, &mut found);
                    found.sort();
                    assert_eq!(found, all[..count.min(rows)]);
                }
                for radius in [0.0, 0.126, 0.5, 9.0] {
                    let within = all.iter().filter(|near| near.squared <= radius * radius).count();
                    assert_eq!(tree.count_within(query, radius), within);
                }
            }
        }
    }
}
