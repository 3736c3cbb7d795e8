//! Runs of a plan side by side: those of equal shape are lanes of one fit; what is done is not done again.

use super::FourierError;
use super::results::{RunResult, read, write};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Everything that determines a run.
pub(super) trait LaneSettings: Clone {
    /// Path of the result in a run folder, without its ending.
    fn path(&self) -> String;
    /// SHA-256, hex.
    fn sha256(&self) -> String;
    /// Passes over its rows.
    fn epochs(&self) -> usize;
    /// Whether two runs can be lanes of one fit.
    fn same_shape(&self, other: &Self) -> bool;
}

/// Where runs lie and how they are made; nothing of it changes a result.
#[derive(Clone, Debug)]
pub struct LaneOptions {
    /// Folder of all results.
    pub folder: PathBuf,
    /// Most runs that are trained side by side: more cost less time each.
    pub lanes: usize,
    /// Show a progress bar on stderr.
    pub progress: bool,
}

/// All runs in their order: read where they are done, else made by `train`, which is given lanes and what to call after
/// each epoch, and finished by `result` with the lanes' number and the run's share of their time, seconds.
///
/// # Errors
/// If a run cannot be made, a file of it cannot be read or written, or was made with other settings.
pub(super) fn run_lanes<S: LaneSettings, F, R: RunResult>(
    runs: &[S],
    options: &LaneOptions,
    train: impl Fn(&[S], &mut dyn FnMut()) -> Result<Vec<F>, FourierError>,
    result: impl Fn(&S, F, usize, f64) -> R,
) -> Result<Vec<R>, FourierError> {
    if options.lanes == 0 {
        let (expected, got) = ("above 0".to_owned(), "0".to_owned());
        return Err(FourierError::Setting { name: "lanes", expected, got });
    }
    let mut done = read_runs(runs, &options.folder)?;
    let open: Vec<usize> = done.iter().zip(0..).filter(|(result, _)| result.is_none()).map(|(_, run)| run).collect();
    let epochs: usize = open.iter().filter_map(|run| runs.get(*run)).map(LaneSettings::epochs).sum();
    let bar = if options.progress { ProgressBar::new(epochs as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} epochs  {eta} left  {msg}") {
        bar.set_style(style);
    }
    for group in groups(runs, &open, options.lanes) {
        let lanes: Vec<S> = group.iter().filter_map(|run| runs.get(*run)).cloned().collect();
        bar.set_message(lanes.first().map(LaneSettings::path).unwrap_or_default());
        let begun = Instant::now();
        let fitted = train(&lanes, &mut || bar.inc(lanes.len() as u64))?;
        let wall_secs = begun.elapsed().as_secs_f64() / lanes.len() as f64;
        for ((place, settings), fitted) in group.iter().zip(&lanes).zip(fitted) {
            let made = result(settings, fitted, lanes.len(), wall_secs);
            write(&path(settings, &options.folder), &made)?;
            if let Some(place) = done.get_mut(*place) {
                *place = Some(made);
            }
        }
    }
    bar.finish_and_clear();
    Ok(done.into_iter().flatten().collect())
}

/// What is done of some runs, in their order; makes nothing.
///
/// # Errors
/// If a file cannot be read or was made with other settings.
pub(super) fn read_runs<S: LaneSettings, R: RunResult>(
    runs: &[S],
    folder: &Path,
) -> Result<Vec<Option<R>>, FourierError> {
    runs.iter().map(|run| read(&path(run, folder), &run.sha256())).collect()
}

fn path<S: LaneSettings>(run: &S, folder: &Path) -> PathBuf {
    folder.join(format!("{}.json", run.path()))
}

/// Runs of equal shape together, in their order, at most `lanes` of them.
pub(super) fn groups<S: LaneSettings>(runs: &[S], open: &[usize], lanes: usize) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for run in open {
        let Some(settings) = runs.get(*run) else { continue };
        let fits = |group: &&mut Vec<usize>| {
            let first = group.first().and_then(|first| runs.get(*first));
            group.len() < lanes && first.is_some_and(|first| first.same_shape(settings))
        };
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(*run),
            None => groups.push(vec![*run]),
        }
    }
    groups
}
