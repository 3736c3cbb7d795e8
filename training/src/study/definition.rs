//! The trait of a study, and the same without its types for a registry of studies.

use super::request::arguments;
use super::{Cell, Done, Request, Section, Shown, StudyError, check_cells, run_cells, write_sections};
use clap::ArgMatches;
use std::path::{Path, PathBuf};

/// A published experiment: which cells it has, its table and its part of a report.
pub trait Study: Sync {
    /// Name on the command line, as `known_densities`.
    const NAME: &'static str;
    /// One line of help.
    const ABOUT: &'static str;
    /// Sizes, the usual one first.
    const SIZES: &'static [&'static str];
    /// Start of the name of the folder of results below `runs`.
    const FOLDER: &'static str = Self::NAME;
    /// Usual largest batch.
    const BATCH: usize = 1;
    /// Text below the help.
    const EXAMPLES: &'static str = "";
    /// Arguments that choose the cells.
    type Options: clap::Args;
    /// The smallest result.
    type Cell: Cell;

    /// Whether there is such a size: override it where a size can also be a file.
    fn accepts_size(&self, size: &str) -> bool {
        Self::SIZES.contains(&size)
    }

    /// Name of the folder of results below `runs`.
    fn folder(&self, request: &Request<Self::Options>) -> String {
        match Self::SIZES.first() {
            Some(usual) if *usual == request.size => Self::FOLDER.to_owned(),
            _ => format!("{}-{}", Self::FOLDER, request.size),
        }
    }

    /// The cells of a request, in the order in which they are run: each is checked.
    ///
    /// # Errors
    /// The first setting out of its range.
    fn cells(&self, request: &Request<Self::Options>) -> Result<Vec<Self::Cell>, StudyError>;

    /// All cells that a report has places for.
    ///
    /// # Errors
    /// As [`Study::cells`].
    fn report_cells(&self, request: &Request<Self::Options>) -> Result<Vec<Self::Cell>, StudyError> {
        self.cells(request)
    }

    /// The table of results, of which there is at least one.
    ///
    /// # Errors
    /// If it cannot be made.
    fn table(&self, request: &Request<Self::Options>, done: &Results<Self>) -> Result<Shown, StudyError>;

    /// The part of a report on results, of which there is at least one.
    ///
    /// # Errors
    /// If a plot cannot be drawn.
    fn section(&self, request: &Request<Self::Options>, done: &Results<Self>) -> Result<Section, StudyError>;

    /// Writes a report of this study alone.
    ///
    /// # Errors
    /// If it cannot be drawn or written.
    fn write_report(
        &self,
        request: &Request<Self::Options>,
        done: &Results<Self>,
        folder: &Path,
    ) -> Result<Vec<PathBuf>, StudyError> {
        let section = self.section(request, done)?;
        let opening =
            format!("Written by `planwright-study report {}` from the results of the commands below.", Self::NAME);
        write_sections(folder, Self::ABOUT, &opening, &[section])
    }
}

/// What there is of a study.
pub type Results<S> = Done<<<S as Study>::Cell as Cell>::Output>;

/// A [`Study`] without its types.
pub trait AnyStudy: Sync {
    /// Name on the command line.
    fn name(&self) -> &'static str;
    /// One line of help.
    fn about(&self) -> &'static str;
    /// Sizes, the usual one first.
    fn sizes(&self) -> &'static [&'static str];
    /// Its arguments.
    fn arguments(&self) -> clap::Command;
    /// Makes what is missing, unless `read_only`, and returns the table.
    ///
    /// # Errors
    /// If a cell cannot be made or read, or there is no result.
    fn table(&self, matches: &ArgMatches, read_only: bool) -> Result<Shown, StudyError>;
    /// The section of a report; `None` without results. Makes what is missing first if `run`.
    ///
    /// # Errors
    /// If a cell cannot be made or read, or a plot cannot be drawn.
    fn section(&self, matches: &ArgMatches, run: bool) -> Result<Option<Section>, StudyError>;
    /// Writes a report of this study alone into a folder, which is `report` beside the results if there is no other.
    ///
    /// # Errors
    /// As [`AnyStudy::section`]; if there is no result or a file cannot be written.
    fn report(&self, matches: &ArgMatches, run: bool, folder: Option<&Path>) -> Result<Vec<PathBuf>, StudyError>;
    /// Name of the folder of results below `runs`.
    ///
    /// # Errors
    /// If the request makes no sense.
    fn folder(&self, matches: &ArgMatches) -> Result<String, StudyError>;
}

fn results<S: Study>(
    study: &S,
    request: &Request<S::Options>,
    cells: &[S::Cell],
    read_only: bool,
) -> Result<Results<S>, StudyError> {
    let options = request.run_options(study);
    if read_only {
        check_cells(cells)?;
        return options.store.done(cells);
    }
    run_cells(cells, &options)
}

fn nothing<S: Study>(study: &S, request: &Request<S::Options>) -> StudyError {
    let folder = request.run_options(study).store.folder().display().to_string();
    StudyError::setting(&folder, "with results of at least one cell", format!("none\nhint: run `{}`", request.command))
}

impl<S: Study> AnyStudy for S {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn about(&self) -> &'static str {
        S::ABOUT
    }

    fn sizes(&self) -> &'static [&'static str] {
        S::SIZES
    }

    fn arguments(&self) -> clap::Command {
        arguments::<S>()
    }

    fn table(&self, matches: &ArgMatches, read_only: bool) -> Result<Shown, StudyError> {
        let request = Request::of(self, matches)?;
        let done = results(self, &request, &self.cells(&request)?, read_only)?;
        if done.results.is_empty() && !read_only {
            // A job array can have more tasks than there are cells.
            let text = format!("this shard holds no cell; {} cells are missing", done.missing.len());
            return Shown::of(&serde_json::json!({ "missing": done.missing }), text);
        }
        if done.results.is_empty() {
            return Err(nothing(self, &request));
        }
        if !done.missing.is_empty() {
            eprintln!("{} of {} cells are missing", done.missing.len(), done.missing.len() + done.results.len());
        }
        Study::table(self, &request, &done)
    }

    fn section(&self, matches: &ArgMatches, run: bool) -> Result<Option<Section>, StudyError> {
        let request = Request::of(self, matches)?;
        let done = results(self, &request, &self.report_cells(&request)?, !run)?;
        if done.results.is_empty() {
            return Ok(None);
        }
        Study::section(self, &request, &done).map(Some)
    }

    fn report(&self, matches: &ArgMatches, run: bool, folder: Option<&Path>) -> Result<Vec<PathBuf>, StudyError> {
        let request = Request::of(self, matches)?;
        let done = results(self, &request, &self.report_cells(&request)?, !run)?;
        if done.results.is_empty() {
            return Err(nothing(self, &request));
        }
        let usual = request.run_options(self).store.folder().join("report");
        self.write_report(&request, &done, folder.unwrap_or(&usual))
    }

    fn folder(&self, matches: &ArgMatches) -> Result<String, StudyError> {
        Ok(Study::folder(self, &Request::of(self, matches)?))
    }
}
