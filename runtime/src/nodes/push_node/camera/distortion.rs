//! Distortion of lenses: OpenCV's models, which `sensor_msgs/CameraInfo` names in `distortion_model`.

use super::CameraRefusal;
use super::refusal::shortened;

/// How a lens bends: from a ray x/z, y/z of the optical frame to where the undistorted camera sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distortion {
    /// `plumb_bob` and `rational_polynomial` (Brown 1966; OpenCV's camera calibration, calib3d): with r^2 = x^2 + y^2 and
    /// g = (1 + k1 r^2 + k2 r^4 + k3 r^6) / (1 + k4 r^2 + k5 r^4 + k6 r^6),
    /// x' = x g + 2 p1 x y + p2 (r^2 + 2 x^2) and y' = y g + p1 (r^2 + 2 y^2) + 2 p2 x y.
    Polynomial {
        /// k1 to k6.
        radial: [f64; 6],
        /// p1, p2.
        tangential: [f64; 2],
    },
    /// `equidistant` (Kannala and Brandt 2006; OpenCV's fisheye): with the angle a = atan(r) off the axis,
    /// x' = x b / r and y' = y b / r for b = a (1 + k1 a^2 + k2 a^4 + k3 a^6 + k4 a^8).
    Equidistant {
        /// k1 to k4.
        radial: [f64; 4],
    },
}

impl Distortion {
    /// From a `CameraInfo`'s model and D. All zero, as simulators and rectified pictures have it, is none, whatever the
    /// model: so does image_geometry.
    ///
    /// # Errors
    /// For another model, another number of coefficients, or one that is not finite.
    pub(super) fn new(model: &str, coefficients: &[f64]) -> Result<Option<Self>, CameraRefusal> {
        if coefficients.iter().all(|coefficient| *coefficient == 0.0) {
            return Ok(None);
        }
        let shown = || format!("{} with {:?}", coefficients.len(), &coefficients[..coefficients.len().min(14)]);
        let refused = |model, expected| Err(CameraRefusal::DistortionCoefficients { model, expected, got: shown() });
        let is_finite = coefficients.iter().all(|coefficient| coefficient.is_finite());
        match model {
            "plumb_bob" | "rational_polynomial" => {
                let is_plumb_bob = model == "plumb_bob";
                let model = if is_plumb_bob { "plumb_bob" } else { "rational_polynomial" };
                // Those of the thin prism and the tilted sensor, which drivers append as zeros.
                let (kept, more) = coefficients.split_at(coefficients.len().min(8));
                let none_more = more.iter().all(|coefficient| *coefficient == 0.0);
                if !matches!(coefficients.len(), 4 | 5 | 8 | 12 | 14) || !is_finite || !none_more {
                    return refused(model, "4, 5 or 8 finite coefficients, and zeros up to 12 or 14,");
                }
                let at = |index: usize| kept.get(index).copied().unwrap_or(0.0);
                let radial = [at(0), at(1), at(4), at(5), at(6), at(7)];
                Ok(Some(Self::Polynomial { radial, tangential: [at(2), at(3)] }))
            }
            "equidistant" => match coefficients.try_into() {
                Ok(radial) if is_finite => Ok(Some(Self::Equidistant { radial })),
                _ => refused("equidistant", "4 finite coefficients"),
            },
            _ => Err(CameraRefusal::DistortionModel { got: shortened(model) }),
        }
    }

    /// The forward model: where the ray x/z, y/z is seen, in focal lengths from the principal point.
    pub fn distort(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        match self {
            Self::Polynomial { radial: [k1, k2, k3, k4, k5, k6], tangential: [p1, p2] } => {
                let square = x * x + y * y;
                let above = 1.0 + square * (k1 + square * (k2 + square * k3));
                let below = 1.0 + square * (k4 + square * (k5 + square * k6));
                let gain = above / below;
                [
                    x * gain + 2.0 * p1 * x * y + p2 * (square + 2.0 * x * x),
                    y * gain + p1 * (square + 2.0 * y * y) + 2.0 * p2 * x * y,
                ]
            }
            Self::Equidistant { radial: [k1, k2, k3, k4] } => {
                let radius = x.hypot(y);
                if radius < 1e-9 {
                    return [x, y];
                }
                let angle = radius.atan();
                let square = angle * angle;
                let bent = angle * (1.0 + square * (k1 + square * (k2 + square * (k3 + square * k4))));
                [x * bent / radius, y * bent / radius]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distort(model: &str, coefficients: &[f64], at: [f64; 2]) -> [f64; 2] {
        Distortion::new(model, coefficients).expect("a known model").expect("not all zero").distort(at)
    }

    fn close(got: [f64; 2], expected: [f64; 2]) {
        assert!((got[0] - expected[0]).abs() < 1e-12 && (got[1] - expected[1]).abs() < 1e-12, "{got:?} {expected:?}");
    }

    /// x = 0.3, y = -0.4: r^2 = 0.25, r^4 = 0.0625, r^6 = 0.015625.
    #[test]
    fn the_polynomial_has_the_values_of_opencvs_formulas() {
        // g = 1 - 0.2 * 0.25 + 0.08 * 0.0625 = 0.955.
        close(distort("plumb_bob", &[-0.2, 0.08, 0.0, 0.0], [0.3, -0.4]), [0.2865, -0.382]);
        // g + 0.64 * 0.015625 = 0.965; p1: 2 * 0.01 * -0.12 and 0.01 * (0.25 + 0.32);
        // p2: 0.02 * (0.25 + 0.18) and 2 * 0.02 * -0.12.
        let expected = [0.2895 - 0.0024 + 0.0086, -0.386 + 0.0057 - 0.0048];
        close(distort("plumb_bob", &[-0.2, 0.08, 0.01, 0.02, 0.64], [0.3, -0.4]), expected);
        // Over 1 + 0.1 * 0.25 + 0.2 * 0.0625 + 0.8 * 0.015625 = 1.05.
        let rational = [-0.2, 0.08, 0.01, 0.02, 0.64, 0.1, 0.2, 0.8];
        let expected = [0.2895 / 1.05 - 0.0024 + 0.0086, -0.386 / 1.05 + 0.0057 - 0.0048];
        close(distort("rational_polynomial", &rational, [0.3, -0.4]), expected);
        let padded: Vec<f64> = rational.into_iter().chain([0.0; 6]).collect();
        close(distort("rational_polynomial", &padded, [0.3, -0.4]), expected);
    }

    /// x = 0.6, y = 0.8: r = 1, a = pi / 4.
    #[test]
    fn the_fisheye_has_the_values_of_opencvs_formulas() {
        let angle = std::f64::consts::FRAC_PI_4;
        let bent = angle + 0.1 * angle.powi(3) - 0.02 * angle.powi(5) + 0.003 * angle.powi(7) - 0.0004 * angle.powi(9);
        close(distort("equidistant", &[0.1, -0.02, 0.003, -0.0004], [0.6, 0.8]), [0.6 * bent, 0.8 * bent]);
        close(distort("equidistant", &[0.1, 0.0, 0.0, 0.0], [0.0, 0.0]), [0.0, 0.0]);
    }

    #[test]
    fn all_zero_is_no_distortion_whatever_the_model() {
        for model in ["plumb_bob", "rational_polynomial", "equidistant", "", "none", "ftheta"] {
            for count in 0..9 {
                assert_eq!(Distortion::new(model, &vec![0.0; count]), Ok(None), "{model} {count}");
            }
        }
    }

    #[test]
    fn models_and_coefficients_that_are_not_known_are_refused_with_a_hint() {
        let nan = [0.1, f64::NAN, 0.0, 0.0];
        let tilted = [0.1; 14];
        for (model, coefficients) in [
            ("ftheta", &[0.1][..]),
            ("", &[0.1; 5]),
            ("plumb_bob", &[0.1; 3]),
            ("plumb_bob", &nan),
            ("rational_polynomial", &[0.1; 7]),
            ("rational_polynomial", &tilted),
            ("equidistant", &[0.1; 5]),
            ("equidistant", &nan),
        ] {
            let refusal = Distortion::new(model, coefficients).expect_err(model);
            assert_eq!(refusal.name(), "camera_distortion");
            let text = refusal.to_string();
            assert!(text.contains(model) && text.contains("image_rect"), "{text}");
        }
    }
}
