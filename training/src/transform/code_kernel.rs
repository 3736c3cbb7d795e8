//! The deviation kernel in code space, and what it does to the decoder's weights.

use super::pieces::Pieces;
use super::{CodeSpace, Codes, SparseRows, TransformError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;

/// Sources whose perturbed codes are searched together.
const CHUNK: usize = 8;

/// What a drawn piece leaves behind for the steps after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Run {
    /// The run copies the other code's next states, as the prediction kernel does with trajectories. Codes have no
    /// continuity, so the copied states are as good as random: a perturbed code is a mosaic of many codes, and a row
    /// of W spreads over a hundred cells and more.
    Copy,
    /// The run keeps the piece's offset: every coordinate stays within a few scales of the source. In many dimensions a
    /// small scale then changes hardly any neighbour, and rows of W have little more than k cells.
    Offset,
}

/// Local deviations of codes, of the same form as the prediction kernel (appendices A.3.3 and C.1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CodeKernel {
    /// Standard deviation per coordinate, normalised units. Zero leaves codes as they are.
    pub scale: f32,
    /// Coordinates per time step, C.
    pub columns: usize,
    /// Mean length of a run, time steps: the size of the network's first convolution.
    pub run_length: f64,
    /// What a run keeps.
    pub run: Run,
    /// Perturbed codes per source.
    pub draws: usize,
    /// Pieces within one scale from which a neighbourhood counts as dense and reaches to 3 scales instead of 1.
    pub dense_from: usize,
}

impl CodeKernel {
    /// 32 draws, runs of 5 steps that copy, dense from 16 pieces.
    pub fn new(scale: f32, columns: usize) -> Self {
        Self { scale, columns, run_length: 5.0, run: Run::Copy, draws: 32, dense_from: 16 }
    }

    /// W (eq. 24), N x N: the decoder's mean weight on code j over perturbed codes of source i. Rows sum to one; scale
    /// 0 gives the decoder's weights at the codes themselves. Source i draws from stream i of the seed, so that the
    /// result does not depend on the number of threads.
    ///
    /// # Errors
    /// If a setting makes no sense or does not fit the codes.
    pub fn transition(&self, space: &CodeSpace, seed: u64) -> Result<SparseRows, TransformError> {
        self.check(&space.codes)?;
        if self.scale == 0.0 {
            return space.weight_rows(space.codes.values());
        }
        let draws = Draws::new(self, &space.codes, seed);
        let sources: Vec<usize> = (0..space.codes.len()).collect();
        let rows = sources
            .par_chunks(CHUNK)
            .map(|sources| {
                let perturbed: Vec<f32> = sources.iter().flat_map(|source| draws.of(*source)).collect();
                let (found, weights) = space.weights(&perturbed)?;
                let pairs: Vec<(u32, f64)> = found.codes.into_iter().zip(weights).collect();
                Ok(pairs.chunks_exact(self.draws * space.k).map(<[_]>::to_vec).collect())
            })
            .collect::<Result<Vec<Vec<Vec<(u32, f64)>>>, TransformError>>()?;
        SparseRows::stochastic(space.codes.len(), rows.concat())
    }

    /// The perturbed codes of one source, draws x D values; none if there is no such source.
    ///
    /// # Errors
    /// If a setting makes no sense or does not fit the codes.
    pub fn perturbed(&self, codes: &Codes, source: usize, seed: u64) -> Result<Vec<f32>, TransformError> {
        self.check(codes)?;
        Ok(Draws::new(self, codes, seed).of(source))
    }

    fn check(&self, codes: &Codes) -> Result<(), TransformError> {
        let wrong = |what, expected: &str, got: String| {
            Err(TransformError::Setting { what, expected: expected.to_owned(), got })
        };
        if !(self.scale >= 0.0 && self.scale <= 2.0) {
            return wrong("code kernel's scale", "0 to 2 in normalised units", format!("{}", self.scale));
        }
        if !(self.run_length >= 1.0 && self.run_length.is_finite()) {
            return wrong("code kernel's run length", "at least 1 step", format!("{}", self.run_length));
        }
        if self.draws == 0 {
            return wrong("perturbed codes per source", "at least 1", "0".to_owned());
        }
        if self.columns == 0 || !codes.dims().is_multiple_of(self.columns) {
            let got = format!("{} with {} columns", codes.dims(), self.columns);
            return wrong("coordinates of a code", "whole time steps", got);
        }
        Ok(())
    }
}

/// The kernel with all that one set of codes needs prepared.
struct Draws<'a> {
    kernel: &'a CodeKernel,
    codes: &'a Codes,
    pieces: Pieces,
    reach: f32,
    /// Standard deviation of what the pieces leave to add, per coordinate (eq. 30).
    residual: Vec<f32>,
    seed: u64,
}

impl<'a> Draws<'a> {
    /// Sources that tell how much variance the pieces bring already.
    const PROBES: usize = 64;

    fn new(kernel: &'a CodeKernel, codes: &'a Codes, seed: u64) -> Self {
        let pieces = Pieces::new(codes, kernel.columns);
        let reach = if pieces.median_count(kernel.scale) >= kernel.dense_from { 3.0 } else { 1.0 };
        let mut draws = Self { kernel, codes, pieces, reach, residual: Vec::new(), seed };
        let mut variance = vec![0.0_f64; codes.dims()];
        let probes = Self::PROBES.min(codes.len());
        for source in 0..probes {
            let own = codes.get(source).unwrap_or_default();
            for draw in draws.of(source).chunks_exact(codes.dims()) {
                for (sum, (moved, own)) in variance.iter_mut().zip(draw.iter().zip(own)) {
                    *sum += f64::from(moved - own).powi(2) / (probes * kernel.draws) as f64;
                }
            }
        }
        let target = f64::from(kernel.scale).powi(2);
        draws.residual = variance.into_iter().map(|brought| (target - brought).max(0.0).sqrt() as f32).collect();
        draws
    }

    fn of(&self, source: usize) -> Vec<f32> {
        let Some(own) = self.codes.get(source) else { return Vec::new() };
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(source as u64);
        let mut all = Vec::with_capacity(self.kernel.draws * own.len());
        for _ in 0..self.kernel.draws {
            let start = all.len();
            self.pieces_of(own, &mut rng, &mut all);
            for (value, sd) in all.iter_mut().skip(start).zip(&self.residual).filter(|(_, sd)| **sd > 0.0) {
                *value += sd * rng.sample::<f32, _>(StandardNormal);
            }
            for value in all.iter_mut().skip(start) {
                *value = value.clamp(-1.0, 1.0);
            }
        }
        all
    }

    /// One perturbed code, before the residual: runs of drawn pieces (eq. 28).
    fn pieces_of(&self, own: &[f32], rng: &mut ChaCha8Rng, out: &mut Vec<f32>) {
        let columns = self.kernel.columns;
        let mut copied: &[f32] = own;
        let (mut aim, mut offset) = (vec![0.0; columns], vec![0.0; columns]);
        for (step, state) in own.chunks_exact(columns).enumerate() {
            let places = step * columns..(step + 1) * columns;
            if step == 0 || rng.random::<f64>() * self.kernel.run_length < 1.0 {
                self.aim_at(state, rng, &mut aim);
                let code = self.pieces.nearest(step, &aim);
                copied = code.and_then(|code| self.codes.get(code as usize)).unwrap_or(own);
                let piece = copied.get(places.clone()).unwrap_or(state);
                for (offset, (piece, own)) in offset.iter_mut().zip(piece.iter().zip(state)) {
                    *offset = piece - own;
                }
            }
            match self.kernel.run {
                Run::Copy => out.extend_from_slice(copied.get(places).unwrap_or(state)),
                Run::Offset => out.extend(state.iter().zip(&offset).map(|(own, offset)| own + offset)),
            }
        }
    }

    /// A state plus a Gaussian offset, drawn again until it lies within reach.
    fn aim_at(&self, state: &[f32], rng: &mut ChaCha8Rng, aim: &mut [f32]) {
        let limit = self.reach * self.reach * self.kernel.columns as f32;
        loop {
            let mut square = 0.0;
            for (aim, own) in aim.iter_mut().zip(state) {
                let offset: f32 = rng.sample(StandardNormal);
                square += offset * offset;
                *aim = own + self.kernel.scale * offset;
            }
            if square <= limit {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(columns: usize) -> CodeSpace {
        CodeSpace::new(Codes::latin_hypercube(256, 12 * columns, 3).expect("a size"), 4).expect("enough codes")
    }

    fn kernel(scale: f32, columns: usize, run: Run) -> CodeKernel {
        CodeKernel { run, draws: 6, ..CodeKernel::new(scale, columns) }
    }

    #[test]
    fn rows_of_w_sum_to_one_for_both_runs_and_column_counts() {
        for (columns, run) in [(1, Run::Copy), (1, Run::Offset), (2, Run::Copy), (2, Run::Offset)] {
            let w = kernel(0.05, columns, run).transition(&space(columns), 1).expect("settings");
            assert_eq!((w.rows(), w.columns()), (256, 256));
            for row in w.iter() {
                let sum: f64 = row.iter().map(|(_, weight)| f64::from(*weight)).sum();
                assert!((sum - 1.0).abs() < 1e-5, "{sum}");
                assert!(row.len() <= 6 * 4);
            }
        }
    }

    #[test]
    fn scale_zero_gives_the_decoders_own_weights() {
        let space = space(1);
        let w = kernel(0.0, 1, Run::Copy).transition(&space, 1).expect("settings");
        assert_eq!(Ok(w), space.weight_rows(space.codes.values()));
        let same = kernel(0.0, 1, Run::Copy).perturbed(&space.codes, 7, 1).expect("settings");
        assert!(same.chunks(12).all(|draw| Some(draw) == space.codes.get(7)));
    }

    #[test]
    fn offsets_have_the_wanted_size_and_stay_in_the_cube() {
        for columns in [1, 2] {
            let codes = Codes::latin_hypercube(2000, 16 * columns, 3).expect("a size");
            let kernel = CodeKernel { draws: 16, run: Run::Offset, ..CodeKernel::new(0.04, columns) };
            let mut sum = 0.0;
            for source in 0..100 {
                let own = codes.get(source).expect("a code");
                for draw in kernel.perturbed(&codes, source, 1).expect("settings").chunks(16 * columns) {
                    assert!(draw.iter().all(|value| (-1.0..=1.0).contains(value)));
                    sum += draw.iter().zip(own).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
                }
            }
            let sd = (sum / (100 * 16 * 16 * columns) as f64).sqrt();
            assert!((sd - 0.04).abs() < 0.004, "{columns} columns: {sd}");
        }
    }

    #[test]
    fn copied_runs_consist_of_pieces_of_codes() {
        let codes = Codes::latin_hypercube(64, 20, 3).expect("a size");
        let kernel = CodeKernel { draws: 8, ..CodeKernel::new(0.1, 1) };
        let draws = kernel.perturbed(&codes, 5, 1).expect("settings");
        let pieces = draws.chunks(20).flatten().enumerate();
        let foreign =
            pieces.filter(|(place, value)| !codes.values().chunks(20).any(|code| code[place % 20] == **value));
        // Copied states bring more variance than the scale asks; only at the first step there are none yet.
        assert!(foreign.map(|(place, _)| place % 20).all(|step| step == 0));
        assert_ne!(draws[..20], *codes.get(5).expect("a code"));
    }

    #[test]
    fn a_seed_gives_the_same_matrix_whatever_the_threads() {
        let space = space(1);
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        let alone = one.install(|| kernel(0.1, 1, Run::Copy).transition(&space, 4));
        assert_eq!(alone, kernel(0.1, 1, Run::Copy).transition(&space, 4));
        assert_ne!(alone, kernel(0.1, 1, Run::Copy).transition(&space, 5));
    }

    #[test]
    fn settings_without_sense_are_refused() {
        let space = space(1);
        let good = kernel(0.1, 1, Run::Copy);
        for (bad, start) in [
            (CodeKernel { scale: f32::NAN, ..good }, "code kernel's scale: expected 0 to 2"),
            (CodeKernel { scale: -1.0, ..good }, "code kernel's scale: expected 0 to 2"),
            (CodeKernel { run_length: 0.5, ..good }, "code kernel's run length: expected at least 1 step, got 0.5"),
            (CodeKernel { draws: 0, ..good }, "perturbed codes per source: expected at least 1, got 0"),
            (CodeKernel { columns: 5, ..good }, "coordinates of a code: expected whole time steps"),
            (CodeKernel { columns: 0, ..good }, "coordinates of a code: expected whole time steps"),
        ] {
            let error = bad.transition(&space, 1).expect_err("no kernel").to_string();
            assert!(error.starts_with(start), "{error}");
        }
    }
}
