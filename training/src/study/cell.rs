//! Cells: the smallest results of a study that are made, stored and read on their own.

use super::{Store, StudyError};
use crate::console::Progress;
use crate::recipe::content_sha256;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Instant;

/// One measured point of a study, such as a head, a data set and a seed: everything that determines its result.
pub trait Cell: Clone {
    /// What is kept of it, as JSON.
    type Output: Serialize + DeserializeOwned;

    /// Path of the result in the study's folder, without the ending `.json`; unique within the study.
    fn path(&self) -> String;

    /// SHA-256 over everything that determines the result, hex.
    fn sha256(&self) -> String;

    /// The hash of the settings that a result was made with.
    fn sha256_of(output: &Self::Output) -> Cow<'_, str>;

    /// Makes the result. Equal cells give equal results, but for times.
    ///
    /// # Errors
    /// If the settings make no sense, or the computation fails.
    fn run(&self, bench: &Bench<'_>) -> Result<Self::Output, StudyError>;

    /// Results of cells of the same shape, trained side by side as elements of one batched ensemble.
    ///
    /// # Errors
    /// As [`Cell::run`].
    fn run_batch(batch: &[Self], bench: &Bench<'_>) -> Result<Vec<Self::Output>, StudyError> {
        batch.iter().map(|cell| cell.run(bench)).collect()
    }

    /// Whether two cells can be elements of one batch.
    fn same_shape(&self, _other: &Self) -> bool {
        false
    }

    /// Steps that the progress bar counts for this cell.
    fn steps(&self) -> u64 {
        1
    }

    /// Cells of one chain are made in their order by one process: the generations of a self-consuming loop, or a fit
    /// and what continues from its checkpoint.
    fn chain(&self) -> String {
        self.path()
    }
}

/// Settings that are a cell of their own and are trained as members of a batched ensemble. [`Cell`] follows from it.
pub trait Member: Clone + Serialize + DeserializeOwned {
    /// What a fit finds.
    type Found: Serialize + DeserializeOwned;

    /// [`Cell::path`].
    fn place(&self) -> String;

    /// Passes over the training rows.
    fn passes(&self) -> usize;

    /// Whether another one can be trained beside it.
    fn fits_beside(&self, other: &Self) -> bool;

    /// SHA-256 over everything that determines what is found, hex.
    fn hash(&self) -> String {
        content_sha256(self)
    }

    /// Fits members side by side. `on_pass` is called after each pass.
    ///
    /// # Errors
    /// As [`Cell::run`].
    fn fit(batch: &[Self], on_pass: impl FnMut()) -> Result<Vec<Self::Found>, StudyError>;
}

/// Result of a [`Member`]: the content of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome<S, F> {
    /// Everything that determines it.
    pub settings: S,
    /// SHA-256 of the settings, hex.
    pub settings_sha256: String,
    /// What the fit found.
    #[serde(flatten)]
    pub found: F,
    /// Members of its ensemble.
    #[serde(default)]
    pub lanes: usize,
    /// Its share of their time, seconds.
    pub wall_secs: f64,
}

impl<M: Member> Cell for M {
    type Output = Outcome<M, M::Found>;

    fn path(&self) -> String {
        self.place()
    }

    fn sha256(&self) -> String {
        self.hash()
    }

    fn sha256_of(output: &Self::Output) -> Cow<'_, str> {
        Cow::Borrowed(&output.settings_sha256)
    }

    fn run(&self, bench: &Bench<'_>) -> Result<Self::Output, StudyError> {
        let mut outputs = Self::run_batch(std::slice::from_ref(self), bench)?;
        outputs.pop().ok_or_else(|| StudyError::setting("batch", "with one result", "none"))
    }

    fn run_batch(batch: &[Self], bench: &Bench<'_>) -> Result<Vec<Self::Output>, StudyError> {
        let (begun, lanes) = (Instant::now(), batch.len());
        let found = M::fit(batch, || bench.progress.advance(lanes as u64))?;
        let wall_secs = begun.elapsed().as_secs_f64() / lanes.max(1) as f64;
        let outcome = |(settings, found): (&M, M::Found)| {
            let (settings, settings_sha256) = (settings.clone(), settings.hash());
            Outcome { settings, settings_sha256, found, lanes, wall_secs }
        };
        Ok(batch.iter().zip(found).map(outcome).collect())
    }

    fn same_shape(&self, other: &Self) -> bool {
        self.fits_beside(other)
    }

    fn steps(&self) -> u64 {
        self.passes() as u64
    }
}

/// What a running cell can use: where results and checkpoints lie, and the progress bar.
pub struct Bench<'a> {
    /// The study's folder.
    pub store: &'a Store,
    /// Counts [`Cell::steps`].
    pub progress: &'a Progress,
}

impl Bench<'_> {
    /// The result of another cell that this one depends on (an earlier generation, the baseline whose checkpoint is
    /// continued): read if it is there, else made.
    ///
    /// # Errors
    /// As [`Cell::run`]; if its file cannot be read or written.
    pub fn require<C: Cell>(&self, cell: &C) -> Result<C::Output, StudyError> {
        if let Some(output) = self.store.read(cell)? {
            return Ok(output);
        }
        let output = cell.run(&Bench { store: self.store, progress: &Progress::hidden() })?;
        self.store.write(cell, &output)?;
        Ok(output)
    }
}
