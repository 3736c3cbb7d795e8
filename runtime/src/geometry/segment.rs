//! Distances between points, segments and axis-aligned boxes.

use super::Point;

/// Euclidean distance, metres.
pub fn distance(a: Point, b: Point) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// [`distance`] without `hypot`'s care for overflow, at a fifth of its time: for lengths that a map can have.
pub fn map_distance(a: Point, b: Point) -> f64 {
    let (x, y) = (a[0] - b[0], a[1] - b[1]);
    (x * x + y * y).sqrt()
}

/// Distance from a point to a segment; of no length, to its start.
pub fn distance_to_segment(point: Point, from: Point, to: Point) -> f64 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let length_squared = along[0] * along[0] + along[1] * along[1];
    if length_squared <= 0.0 {
        return distance(point, from);
    }
    let projected = ((point[0] - from[0]) * along[0] + (point[1] - from[1]) * along[1]) / length_squared;
    let t = projected.clamp(0.0, 1.0);
    distance(point, [from[0] + t * along[0], from[1] + t * along[1]])
}

/// An axis-aligned box, metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aabb {
    /// Lower corner.
    pub low: Point,
    /// Upper corner.
    pub high: Point,
}

impl Aabb {
    /// The nearest point of the box to `point`; the point itself if it lies inside.
    pub fn nearest(&self, point: Point) -> Point {
        [point[0].clamp(self.low[0], self.high[0]), point[1].clamp(self.low[1], self.high[1])]
    }

    /// Outward normal of the face nearest to a point inside the box, and the depth below it.
    pub fn nearest_face(&self, point: Point) -> (Point, f64) {
        let faces = [
            ([-1.0, 0.0], point[0] - self.low[0]),
            ([1.0, 0.0], self.high[0] - point[0]),
            ([0.0, -1.0], point[1] - self.low[1]),
            ([0.0, 1.0], self.high[1] - point[1]),
        ];
        faces.into_iter().fold(faces[0], |best, face| if face.1 < best.1 { face } else { best })
    }

    /// Distance between a segment and the box; 0 where they touch or overlap.
    pub fn distance_to_segment(&self, from: Point, to: Point) -> f64 {
        if self.meets(from, to) {
            return 0.0;
        }
        let corners = [self.low, self.high, [self.low[0], self.high[1]], [self.high[0], self.low[1]]];
        let ends = distance(from, self.nearest(from)).min(distance(to, self.nearest(to)));
        corners.into_iter().fold(ends, |best, corner| best.min(distance_to_segment(corner, from, to)))
    }

    /// Whether the segment meets the box (slab test).
    fn meets(&self, from: Point, to: Point) -> bool {
        let (mut enter, mut exit) = (0.0_f64, 1.0_f64);
        for axis in 0..2 {
            let along = to[axis] - from[axis];
            if along.abs() < 1e-300 {
                if from[axis] < self.low[axis] || from[axis] > self.high[axis] {
                    return false;
                }
                continue;
            }
            let a = (self.low[axis] - from[axis]) / along;
            let b = (self.high[axis] - from[axis]) / along;
            enter = enter.max(a.min(b));
            exit = exit.min(a.max(b));
        }
        enter <= exit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_and_box_by_hand() {
        let unit = Aabb { low: [0.0; 2], high: [1.0; 2] };
        assert_eq!(unit.distance_to_segment([-1.0, 0.5], [2.0, 0.5]), 0.0);
        assert_eq!(unit.distance_to_segment([2.0, -5.0], [2.0, 5.0]), 1.0);
        assert!((unit.distance_to_segment([2.0, 1.0], [1.0, 2.0]) - 0.5_f64.sqrt()).abs() < 1e-15);
        assert_eq!(unit.nearest([0.25, 7.0]), [0.25, 1.0]);
        assert_eq!(unit.nearest_face([0.1, 0.5]), ([-1.0, 0.0], 0.1));
        assert_eq!(distance_to_segment([3.0, 4.0], [0.0, 0.0], [0.0, 0.0]), 5.0);
    }
}
