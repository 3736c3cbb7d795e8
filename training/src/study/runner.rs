//! Runs the cells of a study that have no result yet, in batches, for one shard of a job array.

use super::{Bench, Cell, Done, Store, StudyError};
use crate::console::Progress;
use std::collections::{HashMap, HashSet};
use std::str::FromStr;

/// A part I of N of the cells, I from 1; the default is all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Default for Shard {
    fn default() -> Self {
        Self { index: 1, count: 1 }
    }
}

impl FromStr for Shard {
    type Err = StudyError;

    fn from_str(text: &str) -> Result<Self, StudyError> {
        let parts = text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match parts {
            Some((index, count)) if (1..=count).contains(&index) => Ok(Self { index, count }),
            _ => Err(StudyError::setting("shard", "as I/N with I from 1 to N", text)),
        }
    }
}

impl Shard {
    /// Indices of the cells of this shard: whole chains, dealt out in turn in the order in which they first appear.
    fn of<C: Cell>(self, cells: &[C]) -> Vec<usize> {
        let mut chains: HashMap<String, usize> = HashMap::new();
        let mut own = |cell: &C| {
            let next = chains.len();
            *chains.entry(cell.chain()).or_insert(next) % self.count == self.index - 1
        };
        cells.iter().enumerate().filter(|(_, cell)| own(cell)).map(|(index, _)| index).collect()
    }
}

/// How cells are run; no result depends on it.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Where results lie.
    pub store: Store,
    /// Largest batch of cells of the same shape that are trained side by side.
    pub batch: usize,
    /// Which part of the cells is run.
    pub shard: Shard,
    /// Show a progress bar on stderr.
    pub progress: bool,
}

/// Results of all cells in their order: read where they are there, else made and written. Cells of other shards are
/// read only.
///
/// # Errors
/// If there is no cell or two have the same path, one cannot be made, or a file of it cannot be read or written or was
/// made with other settings.
pub fn run_cells<C: Cell>(cells: &[C], options: &RunOptions) -> Result<Done<C::Output>, StudyError> {
    check_cells(cells)?;
    if options.batch == 0 {
        return Err(StudyError::setting("batch", "above 0", 0));
    }
    let mut outputs: Vec<Option<C::Output>> =
        cells.iter().map(|cell| options.store.read(cell)).collect::<Result<_, _>>()?;
    let mut open = options.shard.of(cells);
    open.retain(|index| outputs.get(*index).is_some_and(Option::is_none));
    if !open.is_empty() {
        // Before hours of work: whether there is a place for its results.
        options.store.make()?;
    }
    let total = open.iter().filter_map(|index| cells.get(*index)).map(Cell::steps).sum();
    let progress = Progress::new(total, "steps", options.progress);
    let bench = Bench { store: &options.store, progress: &progress };
    let mut position = 0;
    for group in batches(cells, &open, options.batch) {
        let batch: Vec<C> = group.iter().filter_map(|index| cells.get(*index)).cloned().collect();
        progress.note(batch.first().map(Cell::path).unwrap_or_default());
        let made = C::run_batch(&batch, &bench)?;
        position += batch.iter().map(Cell::steps).sum::<u64>();
        progress.set(position);
        for ((index, cell), output) in group.iter().zip(&batch).zip(made) {
            options.store.write(cell, &output)?;
            if let Some(place) = outputs.get_mut(*index) {
                *place = Some(output);
            }
        }
    }
    let missing = cells.iter().zip(&outputs).filter(|(_, output)| output.is_none()).map(|(cell, _)| cell.path());
    Ok(Done { missing: missing.collect(), results: outputs.into_iter().flatten().collect() })
}

/// Whether there are cells, each once.
///
/// # Errors
/// If not.
pub fn check_cells<C: Cell>(cells: &[C]) -> Result<(), StudyError> {
    if cells.is_empty() {
        return Err(StudyError::setting("cells", "with at least one choice of every setting and a seed", "none"));
    }
    let mut seen = HashSet::new();
    match cells.iter().map(Cell::path).find(|path| !seen.insert(path.clone())) {
        Some(twice) => Err(StudyError::setting("cells", "each once", format!("{twice} twice"))),
        None => Ok(()),
    }
}

/// Indices of cells of the same shape together, in their order, at most `largest` of them.
fn batches<C: Cell>(cells: &[C], open: &[usize], largest: usize) -> Vec<Vec<usize>> {
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for index in open {
        let Some(cell) = cells.get(*index) else { continue };
        let fits = |batch: &&mut Vec<usize>| {
            let first = batch.first().and_then(|first| cells.get(*first));
            batch.len() < largest && first.is_some_and(|first| first.same_shape(cell))
        };
        match batches.iter_mut().find(fits) {
            Some(batch) => batch.push(*index),
            None => batches.push(vec![*index]),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    /// A loop's generation: its value is that of the one before plus its seed.
    #[derive(Clone)]
    struct Generation {
        seed: u64,
        generation: u64,
    }

    impl Cell for Generation {
        type Output = (String, u64);

        fn path(&self) -> String {
            format!("seed-{}/generation-{}", self.seed, self.generation)
        }

        fn sha256(&self) -> String {
            self.path()
        }

        fn sha256_of(output: &Self::Output) -> Cow<'_, str> {
            Cow::Borrowed(&output.0)
        }

        fn run(&self, bench: &Bench<'_>) -> Result<Self::Output, StudyError> {
            let before = match self.generation {
                0 => 0,
                generation => bench.require(&Self { generation: generation - 1, ..self.clone() })?.1,
            };
            Ok((self.path(), before + self.seed))
        }

        fn same_shape(&self, other: &Self) -> bool {
            self.generation == other.generation
        }

        fn chain(&self) -> String {
            format!("seed-{}", self.seed)
        }
    }

    fn cells() -> Vec<Generation> {
        (1..=3).flat_map(|seed| (0..4).map(move |generation| Generation { seed, generation })).collect()
    }

    fn options(folder: &std::path::Path, shard: &str) -> RunOptions {
        let shard = shard.parse().unwrap_or_default();
        RunOptions { store: Store::new(folder), batch: 2, shard, progress: false }
    }

    #[test]
    fn shards_hold_every_cell_once_and_whole_chains() {
        let cells = cells();
        let mut all: Vec<usize> = (1..=2).flat_map(|index| Shard { index, count: 2 }.of(&cells)).collect();
        assert_eq!(all[..8], [0, 1, 2, 3, 8, 9, 10, 11]);
        all.sort_unstable();
        assert!(all.into_iter().eq(0..12));
        for wrong in ["0/2", "3/2", "1/0", "1", "a/b", "1/2/3"] {
            let error = wrong.parse::<Shard>().expect_err(wrong).to_string();
            assert_eq!(error, format!("expected shard as I/N with I from 1 to N, got {wrong}"));
        }
    }

    #[test]
    fn shards_over_one_folder_make_the_whole_study() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = run_cells(&cells(), &options(folder.path(), "1/2")).expect("a shard");
        assert_eq!((first.results.len(), first.missing.len()), (8, 4));
        assert_eq!(first.missing[0], "seed-2/generation-0");
        let whole = run_cells(&cells(), &options(folder.path(), "2/2")).expect("a shard");
        let values: Vec<u64> = whole.results.iter().map(|result| result.1).collect();
        assert_eq!((values, whole.missing.len()), (vec![1, 2, 3, 4, 2, 4, 6, 8, 3, 6, 9, 12], 0));
        let files: usize = walk(folder.path());
        assert_eq!(files, 12, "no part file is left");
    }

    fn walk(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let count = |path: std::path::PathBuf| if path.is_dir() { walk(&path) } else { 1 };
        entries.map(|entry| count(entry.expect("an entry").path())).sum()
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_refused_before_a_cell_runs() {
        // Nothing can be made there, and nothing is there.
        let folder = std::path::Path::new("/proc/planwright-study");
        let error = run_cells(&cells(), &options(folder, "1/1")).expect_err("no folder");
        assert!(matches!(&error, StudyError::Io { path, .. } if path == folder), "{error}");
    }

    #[test]
    fn cells_of_the_same_shape_are_batched() {
        let cells = cells();
        let all: Vec<usize> = (0..cells.len()).collect();
        assert_eq!(batches(&cells, &all, 2)[..2], [vec![0, 4], vec![1, 5]]);
        assert_eq!(batches(&cells, &all, 30)[0], [0, 4, 8]);
        assert_eq!(batches(&cells, &[3, 8], 30), [[3], [8]]);
    }

    #[test]
    fn results_of_other_settings_and_broken_files_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = options(folder.path(), "1/1");
        let cell = Generation { seed: 7, generation: 0 };
        options.store.write(&cell, &("other".to_owned(), 1)).expect("written");
        let text = |cells: &[Generation]| run_cells(cells, &options).expect_err("refused").to_string();
        let other = text(std::slice::from_ref(&cell));
        assert!(
            other.contains("expected a result of these settings (seed-7/gener), got one of others (other)"),
            "{other}"
        );
        std::fs::write(options.store.file(&cell, "json"), "[").expect("written");
        assert!(text(std::slice::from_ref(&cell)).contains("expected the result of a run, got EOF"));
        assert!(text(&[]).starts_with("expected cells with at least one choice"));
        assert_eq!(text(&[cell.clone(), cell]), "expected cells each once, got seed-7/generation-0 twice");
        let none = RunOptions { batch: 0, ..options.clone() };
        let none = run_cells(&cells(), &none).expect_err("no batch").to_string();
        assert_eq!(none, "expected batch above 0, got 0");
    }
}
