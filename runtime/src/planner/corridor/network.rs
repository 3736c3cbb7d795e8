//! Lateral offsets from a network: overlapping windows along the path, one call each.

use super::features::{CHANNELS, LATERAL_STEP_M, LATERALS};
use super::{KNOT_M, OFFSET_UNIT_M, WINDOW};
use crate::model::{CorridorSpec, Engine, EngineDescription, EngineError, Manifest, ModelError};
use crate::planner::PlannerError;
use crate::planner::manifest_parts::corridor_of;
use std::fmt;

/// Knots that neighbouring windows share; their outputs are blended linearly.
const OVERLAP: usize = 16;
/// Knots over which offsets grow from 0 at the start, and fall to 0 at the goal.
pub const RAMP_KNOTS: usize = 3;

/// A network with its buffers, on an engine that is loaded for one window per call.
pub struct CorridorNetwork {
    engine: Box<dyn Engine>,
    input: Vec<f32>,
    output: Vec<f32>,
    turning_length_m: [f64; 2],
    smoothing_passes: usize,
}

impl CorridorNetwork {
    /// Of a model of family `corridor`; `engine` is called with the batch size, 1.
    ///
    /// # Errors
    /// If the model is of another family or made for another corridor, or the engine refuses it.
    pub fn open(
        manifest: &Manifest,
        engine: impl FnOnce(usize) -> Result<Box<dyn Engine>, ModelError>,
    ) -> Result<Self, PlannerError> {
        let spec = corridor_of(manifest)?;
        let expected = Self::spec(spec.margin_m, spec.radius_m, spec.turning_length_m, spec.smoothing_passes);
        if *spec != expected || manifest.horizon != WINDOW {
            return Err(PlannerError::Setting(format!(
                "expected a corridor of {WINDOW} knots with {expected:?}, got {} knots with {spec:?}",
                manifest.horizon
            )));
        }
        let (input, output) = (vec![0.0; CHANNELS * WINDOW], vec![0.0; WINDOW]);
        let (turning_length_m, smoothing_passes) = (spec.turning_length_m, spec.smoothing_passes);
        Ok(Self { engine: engine(1)?, input, output, turning_length_m, smoothing_passes })
    }

    /// The corridor that this module computes features of, with a model's own margin and smoothing and the limits of its
    /// training.
    pub fn spec(
        margin_m: f64,
        radius_m: [f64; 2],
        turning_length_m: [f64; 2],
        smoothing_passes: usize,
    ) -> CorridorSpec {
        let middle = (LATERALS / 2) as f64;
        CorridorSpec {
            knot_m: KNOT_M,
            laterals_m: (0..LATERALS).map(|lateral| (lateral as f64 - middle) * LATERAL_STEP_M).collect(),
            offset_unit_m: OFFSET_UNIT_M,
            ramp_knots: RAMP_KNOTS,
            smoothing_passes,
            margin_m,
            radius_m,
            turning_length_m,
        }
    }

    /// The engine.
    pub fn engine(&self) -> &EngineDescription {
        self.engine.description()
    }

    /// The nearest turning length of the training, metres: the network has seen no other.
    pub fn trained_turning_length_m(&self, turning_length_m: f64) -> f64 {
        turning_length_m.clamp(self.turning_length_m[0], self.turning_length_m[1])
    }

    /// Fills `offsets` (metres) from features of `count` knots, channel by channel. They are 0 at start and goal.
    ///
    /// # Errors
    /// Whatever the engine reports.
    pub fn offsets(&mut self, features: &[f32], count: usize, offsets: &mut Vec<f64>) -> Result<(), EngineError> {
        offsets.clear();
        offsets.resize(count, 0.0);
        for first in window_starts(count) {
            fill_window(features, count, first, &mut self.input);
            self.engine.run(&[&self.input], &mut [&mut self.output])?;
            for (index, value) in self.output.iter().enumerate() {
                let Some(offset) = offsets.get_mut(first + index) else { break };
                *offset += blend_share(first, index) * (OFFSET_UNIT_M * f64::from(*value) - *offset);
            }
        }
        for (knot, offset) in offsets.iter_mut().enumerate() {
            *offset *= end_share(knot, count);
        }
        smooth(offsets, self.smoothing_passes);
        Ok(())
    }
}

impl fmt::Debug for CorridorNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CorridorNetwork on {}", self.engine.description())
    }
}

/// Share of a window's output at its knot `index` in the blend with the windows before it; the first window of a path
/// stands alone at its beginning.
pub fn blend_share(first: usize, index: usize) -> f64 {
    if first == 0 { 1.0 } else { ((index + 1) as f64 / (OVERLAP + 1) as f64).min(1.0) }
}

/// Passes of the weights 1/4, 1/2, 1/4 over all values but the first and the last. Where these two are 0 the map is
/// symmetric: slopes go back through it as values go forwards.
pub fn smooth(values: &mut [f64], passes: usize) {
    for _ in 0..passes {
        let mut before = values.first().copied().unwrap_or_default();
        for index in 1..values.len().saturating_sub(1) {
            let here = values[index];
            values[index] = 0.25 * (before + 2.0 * here + values[index + 1]);
            before = here;
        }
    }
}

/// Share of a network's offset that counts at a knot: 0 at start and goal, 1 from [`RAMP_KNOTS`] on.
pub fn end_share(knot: usize, count: usize) -> f64 {
    (knot.min(count.saturating_sub(knot + 1)) as f64 / RAMP_KNOTS as f64).min(1.0)
}

/// First knots of the windows over a path of `count` knots; the last window ends with the path where it is long enough.
pub fn window_starts(count: usize) -> impl Iterator<Item = usize> {
    let last = count.saturating_sub(WINDOW);
    let steps = last.div_ceil(WINDOW - OVERLAP);
    (0..=steps).map(move |step| (step * (WINDOW - OVERLAP)).min(last))
}

/// Copies the features of a window, `[CHANNELS][WINDOW]`; beyond the path's end those of its last knot.
pub fn fill_window(features: &[f32], count: usize, first: usize, window: &mut [f32]) {
    for (own, channel) in window.chunks_exact_mut(WINDOW).zip(features.chunks_exact(count)) {
        for (index, value) in own.iter_mut().enumerate() {
            *value = channel[(first + index).min(count - 1)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_every_path_and_overlap() {
        for count in 1..400 {
            let starts: Vec<usize> = window_starts(count).collect();
            assert_eq!(starts[0], 0);
            assert!(
                starts.windows(2).all(|pair| pair[1] > pair[0] && pair[0] + WINDOW >= pair[1] + OVERLAP),
                "{count}"
            );
            let last = starts[starts.len() - 1];
            assert!(last + WINDOW >= count && (count < WINDOW || last + WINDOW == count), "{count}: {starts:?}");
        }
    }

    #[test]
    fn offsets_vanish_at_both_ends() {
        let shares: Vec<f64> = (0..8).map(|knot| 3.0 * end_share(knot, 8)).collect();
        assert_eq!(shares, [0.0, 1.0, 2.0, 3.0, 3.0, 2.0, 1.0, 0.0]);
    }

    #[test]
    fn smoothing_takes_alternating_offsets_away_and_keeps_a_slope() {
        let mut slope: Vec<f64> = (0..9).map(f64::from).collect();
        smooth(&mut slope, 3);
        assert!((0..9).all(|index| (slope[index] - index as f64).abs() < 1e-12));
        let mut alternating: Vec<f64> = (0..9).map(|index| f64::from(index % 2)).collect();
        smooth(&mut alternating, 1);
        assert!(alternating[2..7].iter().all(|value| (value - 0.5).abs() < 1e-12), "{alternating:?}");
        smooth(&mut [], 2);
    }

    #[test]
    fn a_short_path_is_filled_up_with_its_last_knot() {
        let features: Vec<f32> = (0..CHANNELS * 3).map(|index| index as f32).collect();
        let mut window = vec![0.0; CHANNELS * WINDOW];
        fill_window(&features, 3, 0, &mut window);
        assert_eq!(&window[..5], &[0.0, 1.0, 2.0, 2.0, 2.0]);
        assert_eq!(window[WINDOW], 3.0);
    }
}
