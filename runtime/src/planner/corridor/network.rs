//! Lateral offsets from a network: overlapping windows along the path, one call each.

use super::features::CHANNELS;
use super::{OFFSET_UNIT_M, WINDOW};
use crate::model::{Engine, EngineDescription, EngineError};
use std::fmt;

/// Knots that neighbouring windows share; their outputs are blended linearly.
const OVERLAP: usize = 16;

/// A network with its buffers, on an engine that is loaded for one window per call.
pub struct CorridorNetwork {
    engine: Box<dyn Engine>,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl CorridorNetwork {
    /// Input `[1][CHANNELS][WINDOW]`, output `[1][WINDOW]`.
    pub fn new(engine: Box<dyn Engine>) -> Self {
        Self { engine, input: vec![0.0; CHANNELS * WINDOW], output: vec![0.0; WINDOW] }
    }

    /// The engine.
    pub fn engine(&self) -> &EngineDescription {
        self.engine.description()
    }

    /// Fills `offsets` (metres) from features of `count` knots, channel by channel.
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
                // The first window stands alone at its beginning.
                let share = if first == 0 { 1.0 } else { ((index + 1) as f64 / (OVERLAP + 1) as f64).min(1.0) };
                *offset += share * (OFFSET_UNIT_M * f64::from(*value) - *offset);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for CorridorNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CorridorNetwork on {}", self.engine.description())
    }
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
            assert!(starts.windows(2).all(|pair| pair[1] > pair[0] && pair[0] + WINDOW >= pair[1] + OVERLAP), "{count}");
            let last = starts[starts.len() - 1];
            assert!(last + WINDOW >= count && (count < WINDOW || last + WINDOW == count), "{count}: {starts:?}");
        }
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
