//! The smallest turned rectangle round points.

/// A turned rectangle, in the points' own units.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OrientedBox {
    /// Its centre.
    pub centre: [f64; 2],
    /// Half of its sides along its own axes.
    pub half: [f64; 2],
    /// Of its first axis from the first axis of the points, rad.
    pub angle_rad: f64,
}

impl OrientedBox {
    /// Round points whose squares of side 1 belong to it; of 3 degrees' steps, the smallest area.
    pub(super) fn round(points: impl Iterator<Item = [f64; 2]> + Clone) -> Self {
        Self::padded(points, 0.5)
    }

    /// Round points, and `pad` more on each side.
    pub(super) fn padded(points: impl Iterator<Item = [f64; 2]> + Clone, pad: f64) -> Self {
        let turned = |step: u32| {
            let angle_rad = f64::from(step) * 3.0_f64.to_radians();
            let (sin, cos) = angle_rad.sin_cos();
            let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
            for [x, y] in points.clone() {
                let own = [cos * x + sin * y, cos * y - sin * x];
                for axis in 0..2 {
                    (low[axis], high[axis]) = (low[axis].min(own[axis]), high[axis].max(own[axis]));
                }
            }
            let middle: [f64; 2] = std::array::from_fn(|axis| 0.5 * (low[axis] + high[axis]));
            let half = std::array::from_fn(|axis| 0.5 * (high[axis] - low[axis]) + pad);
            let centre = [cos * middle[0] - sin * middle[1], sin * middle[0] + cos * middle[1]];
            Self { centre, half, angle_rad }
        };
        let area = |outline: &Self| outline.half[0] * outline.half[1];
        (0..30).map(turned).min_by(|a, b| area(a).total_cmp(&area(b))).unwrap_or_default()
    }
}
