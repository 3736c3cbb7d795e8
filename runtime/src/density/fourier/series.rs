//! Summing a Fourier series by Horner's rule.

use std::f64::consts::PI;

/// A complex number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Complex {
    pub re: f64,
    pub im: f64,
}

/// Places whose series are summed together.
pub(super) const LANES: usize = 8;

impl Complex {
    pub fn times(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }

    pub fn plus(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }
}

/// e^{i pi z}.
pub(super) fn turn(z: f64) -> Complex {
    let (im, re) = (PI * z).sin_cos();
    Complex { re, im }
}

/// sum_{k=1..} terms_k turn^k.
pub(super) fn horner(terms: &[Complex], turn: Complex) -> Complex {
    terms.iter().rev().fold(Complex::default(), |sum, term| sum.plus(*term).times(turn))
}

/// The same at several places at once: one place alone waits for every product.
pub(super) fn horner_lanes(terms: &[Complex], turns: [Complex; LANES]) -> [Complex; LANES] {
    let mut sums = [Complex::default(); LANES];
    for term in terms.iter().rev() {
        for (sum, turn) in sums.iter_mut().zip(&turns) {
            *sum = sum.plus(*term).times(*turn);
        }
    }
    sums
}
