//! Cross-entropy and penalty of a Fourier head over thousands of bins, at the price of its frequencies.
//!
//! The masses at the bins' centres sum to one exactly while there are fewer frequencies than half the bins, so the
//! cross-entropy needs |A(z)|^2 at the target's centre alone: a sum over the frequencies in place of one over the bins.
//! Where all masses are wanted (evaluation), they are one inverse transform, and the autocorrelation of the penalty is
//! two short ones. All three equal what [`planwright_training::head::Head`] computes with its tables, up to rounding.

use planwright::density::bin_centre;
use planwright_training::head::{HeadError, HeadSettings};
use std::f64::consts::PI;
use tch::{Kind, Tensor};

/// The same head as a table per bin, for one dimension.
#[derive(Debug)]
pub(super) struct FastFourier {
    bins: i64,
    frequencies: i64,
    regularisation: f64,
    floor: f64,
    /// exp(i l pi z) at the bins' centres: bins x (N+1), real and imaginary parts.
    cos: Tensor,
    sin: Tensor,
    /// exp(i l pi z) at the first centre, which turns a transform's places into the centres.
    first: [Tensor; 2],
    squares: Tensor,
}

fn floats(values: &[f64]) -> Tensor {
    Tensor::from_slice(values).to_kind(Kind::Float)
}

fn sum(tensor: &Tensor) -> Tensor {
    tensor.sum_dim_intlist(-1, false, None::<Kind>)
}

impl FastFourier {
    /// `None` for a head of another kind.
    ///
    /// # Errors
    /// If there is no such head, or it has as many frequencies as half its bins: then the masses do not sum to one.
    pub(super) fn new(spec: &HeadSettings) -> Result<Option<Self>, HeadError> {
        let HeadSettings::Fourier { bins, frequencies, regularisation, floor, .. } = *spec else { return Ok(None) };
        spec.check()?;
        if 2 * frequencies >= bins {
            return Err(HeadError::Frequencies { half: (bins - 1) / 2, bins, got: frequencies });
        }
        let angle = |bin: usize, frequency: usize| (frequency as f64 * PI * bin_centre(bin, bins)).sin_cos();
        let table = |part: fn((f64, f64)) -> f64, rows: usize| {
            let row = |bin| (0..=frequencies).map(move |frequency| part(angle(bin, frequency)));
            floats(&(0..rows).flat_map(row).collect::<Vec<f64>>()).view([rows as i64, frequencies as i64 + 1])
        };
        let squares: Vec<f64> = (0..=frequencies).map(|frequency| (frequency * frequency) as f64).collect();
        Ok(Some(Self {
            bins: bins as i64,
            frequencies: frequencies as i64,
            regularisation,
            floor,
            cos: table(|(_, cos)| cos, bins),
            sin: table(|(sin, _)| sin, bins),
            first: [table(|(_, cos)| cos, 1), table(|(sin, _)| sin, 1)],
            squares: floats(&squares),
        }))
    }

    /// Real and imaginary parts of a, each rows x (N+1).
    fn parts(&self, raw: &Tensor) -> [Tensor; 2] {
        let count = self.frequencies + 1;
        [raw.narrow(-1, 0, count), raw.narrow(-1, count, count)]
    }

    /// Mean cross-entropy of the targets' bins. `raw`: rows x 2(N+1); `targets`: rows.
    pub(super) fn cross_entropy(&self, raw: &Tensor, targets: &Tensor) -> Tensor {
        let [real, imaginary] = self.parts(raw);
        let (cos, sin) = (self.cos.index_select(0, targets), self.sin.index_select(0, targets));
        let at_real = sum(&(&real * &cos - &imaginary * &sin));
        let at_imaginary = sum(&(&real * &sin + &imaginary * &cos));
        let total = sum(&raw.square()) * self.bins as f64;
        let mass = (at_real.square() + at_imaginary.square()) / total;
        let normaliser = (self.bins as f64 * self.floor).ln_1p();
        -(mass.g_add_scalar(self.floor)).log().mean(None::<Kind>).g_sub_scalar(normaliser)
    }

    /// Masses of all bins with the floor, rows x bins; each row sums to one.
    pub(super) fn masses(&self, raw: &Tensor) -> Tensor {
        let [real, imaginary] = self.parts(raw);
        let [cos, sin] = &self.first;
        let turned = Tensor::complex(&(&real * cos - &imaginary * sin), &(&real * sin + &imaginary * cos));
        let values = turned.fft_ifft(self.bins, -1, "forward").view_as_real().square();
        let power = sum(&values);
        let masses = &power / (sum(&power).unsqueeze(-1));
        (masses.g_add_scalar(self.floor)) * (1.0 / (1.0 + self.bins as f64 * self.floor))
    }

    /// 4 pi^2 gamma sum_k k^2 |c_k|^2, averaged over the rows. `None` without penalty.
    pub(super) fn penalty(&self, raw: &Tensor) -> Option<Tensor> {
        if !(self.regularisation > 0.0) {
            return None;
        }
        let [real, imaginary] = self.parts(raw);
        // Long enough that the autocorrelation does not wrap round.
        let points = (2 * self.frequencies + 2).unsigned_abs().next_power_of_two() as i64;
        let values = Tensor::complex(&real, &imaginary).fft_fft(points, -1, "backward").view_as_real().square();
        let coefficients = sum(&values).fft_rfft(points, -1, "forward").narrow(-1, 0, self.frequencies + 1);
        let power = sum(&coefficients.view_as_real().square());
        Some(sum(&(power * &self.squares)).mean(None::<Kind>) * (4.0 * PI * PI * self.regularisation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright_training::head::Head;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn raw(rows: usize, frequencies: usize) -> Tensor {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let values: Vec<f32> = (0..rows * 2 * (frequencies + 1)).map(|_| rng.random_range(-0.1..0.1)).collect();
        Tensor::from_slice(&values).view([rows as i64, -1])
    }

    fn close(a: &Tensor, b: &Tensor, tolerance: f64) -> bool {
        (a - b).abs().max().double_value(&[]) <= tolerance * b.abs().max().double_value(&[])
    }

    #[test]
    fn it_is_the_head_with_its_tables() {
        for (bins, frequencies) in [(64, 5), (1102, 550), (4096, 550), (51, 25)] {
            let spec = HeadSettings::Fourier {
                bins,
                frequencies,
                regularisation: 1e-6,
                weight_divisor: 1000.0,
                bias_divisor: 10.0,
                floor: 1.3e-5,
            };
            let head = Head::new(spec.clone(), 1).expect("a head");
            let fast = FastFourier::new(&spec).expect("a head").expect("a Fourier one");
            let raw = raw(3, frequencies).set_requires_grad(true);
            let targets = Tensor::from_slice(&[0_i64, bins as i64 / 3, bins as i64 - 1]);
            let logits = head.logits(&raw, None).squeeze_dim(1);
            assert!(close(&fast.masses(&raw), &logits.softmax(-1, Kind::Float), 1e-5), "{bins} {frequencies}");
            let slow = logits.cross_entropy_for_logits(&targets);
            let quick = fast.cross_entropy(&raw, &targets);
            assert!(close(&quick, &slow, 1e-5), "{bins} {frequencies}: {quick:?} {slow:?}");
            let gradient = |loss: &Tensor| Tensor::run_backward(&[loss], &[&raw], true, false).swap_remove(0);
            assert!(close(&gradient(&quick), &gradient(&slow), 1e-4), "{bins} {frequencies}");
            let (slow, quick) = (head.regulariser(&raw).expect("one"), fast.penalty(&raw).expect("one"));
            assert!(close(&quick, &slow, 1e-5), "{bins} {frequencies}: {quick:?} {slow:?}");
            assert!(close(&gradient(&quick), &gradient(&slow), 1e-4), "{bins} {frequencies}");
        }
    }

    #[test]
    fn heads_without_a_fast_form_are_refused() {
        assert!(FastFourier::new(&HeadSettings::Linear { bins: 8 }).expect("a head").is_none());
        let many = FastFourier::new(&HeadSettings::fourier(8, 4)).map(|_| ());
        assert!(matches!(many, Err(HeadError::Frequencies { half: 3, bins: 8, got: 4 })), "{many:?}");
        let free = FastFourier::new(&HeadSettings::fourier(8, 3)).expect("a head").expect("a Fourier one");
        assert!(free.penalty(&raw(2, 3)).is_none());
    }
}
