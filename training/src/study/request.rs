//! What of a study is run, and where: the arguments that all studies share.

use super::{RunOptions, Shard, Store, Study, StudyError};
use clap::{ArgMatches, Args, FromArgMatches};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Arguments that all studies share.
#[derive(Args, Clone, Debug, Default)]
pub struct Common {
    /// Size, see `planwright-study list` (default: the first)
    #[arg(long, value_name = "SIZE")]
    pub size: Option<String>,
    /// Seeds, separated by commas (default: the study's)
    #[arg(long, value_delimiter = ',', value_name = "N")]
    pub seeds: Vec<u64>,
    /// Folder of the results (default: below runs)
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Run a part of the cells only, for job arrays over a shared folder: part I of N, from 1
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Largest batch of cells of the same shape that are trained side by side (default: the study's)
    #[arg(long, value_name = "N")]
    pub batch: Option<usize>,
    /// Threads
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub threads: usize,
    /// ONNX Runtime's shared library, where it is not in a usual place
    #[arg(long, value_name = "FILE")]
    pub onnxruntime: Option<PathBuf>,
    /// Print JSON, no progress bar
    #[arg(long)]
    pub json: bool,
}

/// Arguments that change no result and are left out of the command that reproduces one.
const WHERE: [&str; 9] = ["out", "shard", "batch", "threads", "onnxruntime", "json", "report", "run", "help"];

/// One request of a study.
#[derive(Clone, Debug)]
pub struct Request<O> {
    /// What all studies share.
    pub common: Common,
    /// The study's own arguments.
    pub options: O,
    /// The size: the given one, or the study's first.
    pub size: String,
    /// The command that makes the same numbers.
    pub command: String,
}

impl<O: Args> Request<O> {
    /// Reads parsed arguments of a study's command.
    ///
    /// # Errors
    /// If the study has no such size.
    pub fn of<S: Study<Options = O>>(study: &S, matches: &ArgMatches) -> Result<Self, StudyError> {
        let common = Common::from_arg_matches(matches).map_err(StudyError::input)?;
        let options = O::from_arg_matches(matches).map_err(StudyError::input)?;
        let size = match &common.size {
            Some(size) if study.accepts_size(size) => size.clone(),
            Some(size) => {
                let file = if study.accepts_size("any.toml") { " or a TOML file" } else { "" };
                return Err(StudyError::setting("size", format!("as {}{file}", S::SIZES.join(" or ")), size));
            }
            None => S::SIZES.first().copied().unwrap_or_default().to_owned(),
        };
        let mut command = format!("planwright-study run {}", S::NAME);
        for argument in arguments::<S>().get_arguments() {
            let name = argument.get_id().as_str();
            let given = matches.value_source(name) == Some(clap::parser::ValueSource::CommandLine);
            if !given || WHERE.contains(&name) {
                continue;
            }
            command.push_str(&format!(" --{}", argument.get_long().unwrap_or(name)));
            if argument.get_action().takes_values() {
                let values = matches.get_raw(name).into_iter().flatten();
                let values: Vec<String> = values.map(|value| value.to_string_lossy().into_owned()).collect();
                command.push_str(&format!(" {}", values.join(",")));
            }
        }
        Ok(Self { common, options, size, command })
    }

    /// The given seeds, or the study's.
    pub fn seeds_or(&self, usual: &[u64]) -> Vec<u64> {
        if self.common.seeds.is_empty() { usual.to_vec() } else { self.common.seeds.clone() }
    }

    /// How the study's cells are run.
    pub fn run_options<S: Study<Options = O>>(&self, study: &S) -> RunOptions {
        let folder = self.common.out.clone().unwrap_or_else(|| Path::new("runs").join(study.folder(self)));
        RunOptions {
            store: Store::new(folder),
            batch: self.common.batch.unwrap_or(S::BATCH),
            shard: self.common.shard.unwrap_or_default(),
            progress: !self.common.json,
        }
    }
}

/// The command of a study: its own arguments, then those that all share.
pub fn arguments<S: Study>() -> clap::Command {
    let command = Common::augment_args(S::Options::augment_args(clap::Command::new(S::NAME)));
    // Last, because the sets of arguments bring texts of their own.
    command.about(S::ABOUT).long_about(None).after_help(S::EXAMPLES)
}

/// What a command prints: data as JSON and as text from the same value.
#[derive(Clone, Debug)]
pub struct Shown {
    /// For `--json`.
    pub json: String,
    /// For a terminal.
    pub text: String,
}

impl Shown {
    /// Of a value and its text.
    ///
    /// # Errors
    /// If the value is no JSON.
    pub fn of(value: &impl Serialize, text: impl Into<String>) -> Result<Self, StudyError> {
        let json = serde_json::to_string_pretty(value).map_err(StudyError::failed)?;
        Ok(Self { json, text: text.into() })
    }
}
