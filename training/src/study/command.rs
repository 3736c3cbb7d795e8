//! The command over a registry of studies: list, run, table, report.

use super::{AnyStudy, Section, Shown, StudyError, write_sections};
use crate::console::{print_text, set_threads};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use planwright::cli::output::explain;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A report over several studies.
pub struct Document {
    /// Name on the command line.
    pub name: &'static str,
    /// One line of help.
    pub about: &'static str,
    /// Heading of the report.
    pub title: &'static str,
    /// Text below the heading.
    pub opening: &'static str,
    /// Where it is written.
    pub folder: &'static str,
    /// Names of its studies, in order.
    pub studies: &'static [&'static str],
}

/// A further command, such as the release of one fit's model.
pub trait Tool: Sync {
    /// Its name and arguments, a flag `json` among them.
    fn command(&self) -> Command;

    /// Runs it.
    ///
    /// # Errors
    /// If it cannot be done.
    fn run(&self, matches: &ArgMatches) -> Result<Shown, StudyError>;
}

/// All studies of a command.
pub struct Registry {
    /// Studies.
    pub studies: &'static [&'static dyn AnyStudy],
    /// Reports over several of them.
    pub documents: &'static [Document],
    /// Further commands.
    pub tools: &'static [&'static dyn Tool],
    /// Text below the help.
    pub examples: &'static str,
}

impl Registry {
    fn study(&self, name: &str) -> Option<&'static dyn AnyStudy> {
        self.studies.iter().copied().find(|study| study.name() == name)
    }

    /// The whole command line.
    pub fn command(&self) -> Command {
        let flag =
            |name: &'static str, help: &'static str| Arg::new(name).long(name).help(help).action(ArgAction::SetTrue);
        let folder = |name: &'static str, help: &'static str| {
            Arg::new(name).long(name).help(help).value_name("FOLDER").value_parser(value_parser!(PathBuf))
        };
        let reported = |command: Command, usual: &'static str| {
            command.arg(flag("run", "Make what is missing first")).arg(folder("report", usual))
        };
        let all = |verb: &'static str, about: &'static str| {
            Command::new(verb).about(about).subcommand_required(true).arg_required_else_help(true)
        };
        let json = || flag("json", "Print JSON");
        let document = |document: &Document| {
            let sizes = Arg::new("size").long("size").value_name("STUDY=SIZE").action(ArgAction::Append);
            let threads = Arg::new("threads").long("threads").default_value("1").value_parser(value_parser!(usize));
            let command = Command::new(document.name)
                .about(document.about)
                .after_help(format!("Example: planwright-study report {}", document.name));
            reported(command, "Where to write report.md and its plots (default: docs)")
                .arg(folder("runs", "Folder of all run folders").default_value("runs"))
                .arg(sizes.help("Another size of one study"))
                .arg(threads.value_name("N").help("Threads"))
                .arg(json())
        };
        let reports = self.studies.iter().map(|study| {
            reported(study.arguments(), "Where to write the report (default: report, beside the results)")
        });
        Command::new("planwright-study")
            .version(env!("CARGO_PKG_VERSION"))
            .about("Runs the published experiments and writes their tables beside the published values")
            .after_help(self.examples)
            .max_term_width(100)
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommand(
                Command::new("list")
                    .about("Studies with their sizes")
                    .arg(json())
                    .after_help("Example: planwright-study list --json"),
            )
            .subcommand(
                all("run", "Make the cells that are missing, then print the table")
                    .subcommands(self.studies.iter().map(|study| study.arguments())),
            )
            .subcommand(
                all("table", "Print the table of what is done")
                    .subcommands(self.studies.iter().map(|study| study.arguments())),
            )
            .subcommand(
                all("report", "Write tables and plots as files")
                    .subcommands(reports)
                    .subcommands(self.documents.iter().map(document)),
            )
            .subcommands(self.tools.iter().map(|tool| tool.command()))
    }

    /// Runs parsed arguments.
    ///
    /// # Errors
    /// If it cannot be done.
    pub fn dispatch(&self, matches: &ArgMatches) -> Result<String, StudyError> {
        let Some((verb, matches)) = matches.subcommand() else { return Ok(String::new()) };
        let printed =
            |matches: &ArgMatches, shown: Shown| if matches.get_flag("json") { shown.json } else { shown.text };
        if verb == "list" {
            return Ok(printed(matches, self.list()?));
        }
        let limit_threads = |matches: &ArgMatches| {
            let threads = matches.try_get_one::<usize>("threads").ok().flatten();
            set_threads(*threads.unwrap_or(&1)).map_err(|got| StudyError::setting("threads", "between 1 and 256", got))
        };
        if let Some(tool) = self.tools.iter().find(|tool| tool.command().get_name() == verb) {
            limit_threads(matches)?;
            return Ok(printed(matches, tool.run(matches)?));
        }
        let Some((name, matches)) = matches.subcommand() else { return Ok(String::new()) };
        limit_threads(matches)?;
        let shown = match (verb, self.study(name)) {
            ("report", Some(study)) => {
                let folder = matches.get_one::<PathBuf>("report").map(PathBuf::as_path);
                files(&study.report(matches, matches.get_flag("run"), folder)?, &[])?
            }
            (_, Some(study)) => study.table(matches, verb == "table")?,
            (_, None) => match self.documents.iter().find(|document| document.name == name) {
                Some(document) => self.write(document, matches)?,
                None => return Ok(String::new()),
            },
        };
        Ok(printed(matches, shown))
    }

    fn list(&self) -> Result<Shown, StudyError> {
        let mut table = super::Table::new(["name", "sizes", "about"]);
        for study in self.studies {
            table.row([study.name().to_owned(), study.sizes().join(", "), study.about().to_owned()]);
        }
        Shown::of(&table, table.text())
    }

    fn write(&self, document: &Document, matches: &ArgMatches) -> Result<Shown, StudyError> {
        let usual = PathBuf::from("runs");
        let runs = matches.get_one::<PathBuf>("runs").unwrap_or(&usual);
        let sizes: Vec<&String> = matches.get_many::<String>("size").into_iter().flatten().collect();
        if let Some(wrong) = sizes.iter().find(|size| !document.studies.iter().any(|name| is_of(size, name))) {
            let names = document.studies.join(", ");
            return Err(StudyError::setting("size", format!("as STUDY=SIZE with a study of {names}"), wrong));
        }
        let (mut sections, mut missing): (Vec<Section>, Vec<String>) = (Vec::new(), Vec::new());
        for name in document.studies {
            let study = self.study(name).ok_or_else(|| StudyError::setting("report", "of known studies", name))?;
            let mut line = vec![(*name).to_owned()];
            if let Some((_, size)) = sizes.iter().filter(|size| is_of(size, name)).find_map(|size| size.split_once('='))
            {
                line.extend(["--size".to_owned(), size.to_owned()]);
            }
            let parse = |line: &[String]| study.arguments().try_get_matches_from(line).map_err(StudyError::input);
            let folder = study.folder(&parse(&line)?)?;
            line.extend(["--out".to_owned(), runs.join(folder).display().to_string()]);
            line.extend(matches.get_flag("json").then(|| "--json".to_owned()));
            match study.section(&parse(&line)?, matches.get_flag("run"))? {
                Some(section) => sections.push(section),
                None => missing.push(format!("planwright-study run {name}")),
            }
        }
        if sections.is_empty() {
            let hint = format!("none\nhint: run `{}`", missing.join("`, `"));
            return Err(StudyError::setting(runs.display().to_string(), "with results of at least one study", hint));
        }
        let opening = match missing.as_slice() {
            [] => document.opening.to_owned(),
            missing => format!("{}\n\nNot run: `{}`.", document.opening, missing.join("`, `")),
        };
        let folder = matches.get_one::<PathBuf>("report").map_or(Path::new(document.folder), PathBuf::as_path);
        files(&write_sections(folder, document.title, &opening, &sections)?, &missing)
    }

    /// Runs the command line of this process.
    pub fn main(&self) -> ExitCode {
        let matches = match self.command().try_get_matches() {
            Ok(matches) => matches,
            Err(error) => {
                // Help and version are no errors; a message that cannot be printed has no other place to go.
                let _ = error.print();
                return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
            }
        };
        let (error, code) = match self.dispatch(&matches) {
            Ok(text) => match print_text(&text) {
                Ok(()) => return ExitCode::SUCCESS,
                Err(error) => (format!("expected an output that can be written, got: {error}"), 2),
            },
            Err(error) => {
                let code = error.exit_code();
                (explain(&error.into()), code)
            }
        };
        eprintln!("error: {error}");
        ExitCode::from(code)
    }
}

/// Whether `STUDY=SIZE` names this study.
fn is_of(size: &str, study: &str) -> bool {
    size.split_once('=').is_some_and(|(name, _)| name == study)
}

fn files(files: &[PathBuf], missing: &[String]) -> Result<Shown, StudyError> {
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    Shown::of(&json!({ "files": names, "not_run": missing }), names.join("\n"))
}
