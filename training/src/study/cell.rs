//! Cells: the smallest results of a study that are made, stored and read on their own.

use super::{Store, StudyError};
use crate::console::Progress;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;

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
