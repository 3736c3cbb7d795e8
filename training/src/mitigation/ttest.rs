//! Whether a mitigation helped over the training seeds.

use super::MitigationError;

/// A one-sided paired t-test: is the mean difference above zero (eqs. 38-40)?
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct PairedTTest {
    /// Pairs, n.
    pub pairs: usize,
    /// Mean difference.
    pub mean: f64,
    /// Sample standard deviation of the differences.
    pub standard_deviation: f64,
    /// mean / (sd / sqrt n), with n - 1 degrees of freedom; none if the differences are all equal.
    pub t: Option<f64>,
    /// Chance of so great a t when the mean difference is zero; none if the differences are all equal.
    pub p: Option<f64>,
    /// Why there is no test, if there is none.
    pub note: Option<String>,
}

impl PairedTTest {
    /// From one difference per seed, positive where the mitigation helped.
    ///
    /// # Errors
    /// If there are fewer than two differences, or one is not finite.
    pub fn new(differences: &[f64]) -> Result<Self, MitigationError> {
        let pairs = differences.len();
        if pairs < 2 {
            return Err(MitigationError::TooFew { what: "pairs for a t-test", least: 2, got: pairs });
        }
        if let Some((row, value)) = differences.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(MitigationError::NotFinite { what: "differences", row, value: *value });
        }
        let count = pairs as f64;
        let mean = differences.iter().sum::<f64>() / count;
        let squares: f64 = differences.iter().map(|value| (value - mean).powi(2)).sum();
        let standard_deviation = (squares / (count - 1.0)).sqrt();
        let result = Self { pairs, mean, standard_deviation, t: None, p: None, note: None };
        // Equal differences leave only rounding in the deviation.
        let scale = differences.iter().fold(0.0_f64, |scale, value| scale.max(value.abs()));
        if !(standard_deviation > 1e-12 * scale) {
            let note = format!("all {pairs} differences are {mean}: without spread there is no t-test");
            return Ok(Self { standard_deviation: 0.0, note: Some(note), ..result });
        }
        let t = mean / (standard_deviation / count.sqrt());
        Ok(Self { t: Some(t), p: Some(upper_tail(t, pairs - 1)), ..result })
    }
}

/// Chance that Student's t with `freedom` degrees exceeds `t`, by the closed sums over the angle
/// theta = atan(t / sqrt freedom) that hold for whole degrees (Abramowitz and Stegun 26.7.3 and 26.7.4). For two degrees
/// that is 1/2 - t / (2 sqrt(2 + t^2)).
fn upper_tail(t: f64, freedom: usize) -> f64 {
    let degrees = freedom as f64;
    let theta = (t / degrees.sqrt()).atan();
    let cos_squared = degrees / (degrees + t * t);
    // Terms cos^(2j) times a ratio of products of odd and even numbers.
    let series = |terms: usize, ratio: fn(f64) -> f64| {
        (1..terms).fold((1.0, 1.0), |(sum, term), j| {
            let term = term * cos_squared * ratio(j as f64);
            (sum + term, term)
        })
    };
    let central = if freedom.is_multiple_of(2) {
        theta.sin() * series(freedom / 2, |j| (2.0 * j - 1.0) / (2.0 * j)).0
    } else {
        let rest = match freedom {
            1 => 0.0,
            _ => theta.sin() * theta.cos() * series((freedom - 1) / 2, |j| 2.0 * j / (2.0 * j + 1.0)).0,
        };
        (theta + rest) * std::f64::consts::FRAC_2_PI
    };
    (0.5 * (1.0 - central)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_pairs_by_hand() {
        let test = PairedTTest::new(&[1.0, 2.0, 3.0]).expect("pairs");
        let t = 2.0 * 3.0_f64.sqrt();
        assert_eq!((test.pairs, test.mean, test.standard_deviation), (3, 2.0, 1.0));
        assert!(test.t.is_some_and(|found| (found - t).abs() < 1e-12));
        let p = 0.5 - t / (2.0 * (2.0 + t * t).sqrt());
        assert!(test.p.is_some_and(|found| (found - p).abs() < 1e-12 && (found - 0.0371).abs() < 1e-4), "{test:?}");
        let other_side = PairedTTest::new(&[-1.0, -2.0, -3.0]).expect("pairs");
        assert!(other_side.p.is_some_and(|found| (found - (1.0 - p)).abs() < 1e-12));
    }

    #[test]
    fn tails_agree_with_printed_tables() {
        // The upper 5% and 1% points of Student's t.
        for (freedom, five, one) in [
            (1, 6.313_752, 31.820_516),
            (2, 2.919_986, 6.964_557),
            (3, 2.353_363, 4.540_703),
            (4, 2.131_847, 3.746_947),
            (5, 2.015_048, 3.364_930),
            (10, 1.812_461, 2.763_769),
            (29, 1.699_127, 2.462_021),
            (30, 1.697_261, 2.457_262),
        ] {
            assert!((upper_tail(five, freedom) - 0.05).abs() < 1e-6, "{freedom}");
            assert!((upper_tail(one, freedom) - 0.01).abs() < 1e-6, "{freedom}");
            assert!((upper_tail(0.0, freedom) - 0.5).abs() < 1e-12);
        }
    }

    #[test]
    fn equal_differences_have_no_test_and_say_so() {
        for value in [0.1, 0.0, -0.3] {
            let test = PairedTTest::new(&[value; 3]).expect("pairs");
            assert_eq!((test.t, test.p, test.standard_deviation), (None, None, 0.0));
            assert!(test.note.is_some_and(|note| note.contains("no t-test")));
        }
    }

    #[test]
    fn too_few_pairs_and_nan_are_refused() {
        assert!(PairedTTest::new(&[1.0]).is_err());
        assert!(PairedTTest::new(&[1.0, f64::NAN, 2.0]).is_err());
    }
}
