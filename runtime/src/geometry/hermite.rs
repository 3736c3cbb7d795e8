//! Weights of the cubic Hermite polynomial.

/// Weights at one parameter of `p, p', q, q'`: values and slopes (per unit of the parameter) at both ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hermite {
    value: [f64; 4],
    /// Weights of the derivative.
    pub slope: [f64; 4],
}

impl Hermite {
    /// At `t` in [0, 1].
    pub fn at(t: f64) -> Self {
        let (t2, t3) = (t * t, t * t * t);
        Self {
            value: [2.0 * t3 - 3.0 * t2 + 1.0, t3 - 2.0 * t2 + t, 3.0 * t2 - 2.0 * t3, t3 - t2],
            slope: [6.0 * t2 - 6.0 * t, 3.0 * t2 - 4.0 * t + 1.0, 6.0 * t - 6.0 * t2, 3.0 * t2 - 2.0 * t],
        }
    }

    /// The value between `p` and `q` with end slopes `v` and `w`.
    pub fn value(&self, [p, v, q, w]: [f64; 4]) -> f64 {
        let [of_p, of_v, of_q, of_w] = self.value;
        of_p * p + of_v * v + of_q * q + of_w * w
    }

    /// The derivative there.
    pub fn slope(&self, [p, v, q, w]: [f64; 4]) -> f64 {
        let [of_p, of_v, of_q, of_w] = self.slope;
        of_p * p + of_v * v + of_q * q + of_w * w
    }
}
