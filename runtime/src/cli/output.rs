//! Output of commands: text and JSON on stdout, errors with exit codes, tables.

use clap::Parser;
use serde::Serialize;
use std::fmt;
use std::io::Write;
use std::process::ExitCode;

/// How a command fails.
#[derive(Debug)]
pub enum CliError {
    /// Wrong usage or input: exit code 2.
    Input(anyhow::Error),
    /// Anything else: exit code 1.
    Failed(anyhow::Error),
}

impl CliError {
    /// Wrong usage or input.
    pub fn input(error: impl Into<anyhow::Error>) -> Self {
        Self::Input(error.into())
    }

    /// Wrong usage or input, from a text of the form "expected X, got Y".
    pub fn wrong(problem: impl fmt::Display) -> Self {
        Self::Input(anyhow::anyhow!("{problem}"))
    }

    /// Anything else.
    pub fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::Failed(error.into())
    }

    /// Prints the error to stderr and gives the process's exit code.
    pub fn report(&self) -> ExitCode {
        eprintln!("error: {self}");
        ExitCode::from(match self {
            Self::Input(_) => 2,
            Self::Failed(_) => 1,
        })
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Input(error) | Self::Failed(error)) = self;
        f.write_str(&explain(error))
    }
}

/// The message of an error with each of its causes once, the first hint last, and no number longer than a person reads.
pub fn explain(error: &anyhow::Error) -> String {
    let text = error.to_string();
    let (problem, mut hint) = split_hint(&text);
    let mut problem = problem.to_owned();
    let causes: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
    for cause in &causes {
        let (cause, own_hint) = split_hint(cause);
        if !problem.contains(cause.trim_end_matches(['.', ' ', '\n'])) {
            problem = format!("{problem}: {cause}");
        }
        hint = hint.or(own_hint);
    }
    // A file's name, which both the error and its cause begin with.
    let mut parts: Vec<&str> = problem.split(": ").collect();
    parts.dedup();
    let problem = parts.join(": ");
    short_numbers(&hint.map_or(problem.clone(), |hint| format!("{problem}\nhint: {hint}")))
}

/// The problem and the first hint.
fn split_hint(text: &str) -> (&str, Option<&str>) {
    let mut parts = text.split("\nhint: ");
    (parts.next().unwrap_or_default(), parts.next())
}

/// Writes `1e300` for the 301 digits of that number; hashes and words with digits stay.
fn short_numbers(text: &str) -> String {
    const LONGEST: usize = 24;
    let is_of_number = |letter: char| letter.is_ascii_digit() || letter == '.';
    let mut short = String::with_capacity(text.len().min(4096));
    let mut rest = text;
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_alphanumeric() || letter == '_') {
        let (before, word) = rest.split_at(at);
        let end = word.find(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.')));
        let (word, after) = word.split_at(end.unwrap_or(word.len()));
        short.push_str(before);
        let number = word.trim_end_matches('.');
        match number.parse::<f64>() {
            Ok(value) if number.len() > LONGEST && number.chars().all(is_of_number) => {
                short.push_str(&format!("{value:e}{}", &word[number.len()..]));
            }
            _ => short.push_str(word),
        }
        rest = after;
    }
    short + rest
}

/// The arguments of this process, or the exit code after help, version or a message has been printed.
///
/// # Errors
/// 0 for help and version, 2 for wrong usage.
pub fn parse<A: Parser>() -> Result<A, ExitCode> {
    A::try_parse().map_err(|error| {
        // Help and version are no errors; a message that cannot be printed has no other place to go.
        let _ = error.print();
        ExitCode::from(if error.use_stderr() { 2 } else { 0 })
    })
}

/// Prints data to stdout. A reader that went away is no error; a full disk is.
///
/// # Errors
/// If stdout cannot be written.
pub fn print_text(text: &str) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError::wrong(format!("expected an output that can be written, got: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints one JSON value to stdout.
///
/// # Errors
/// If it cannot be written as JSON, or stdout cannot be written.
pub fn print_json(value: &impl Serialize) -> Result<(), CliError> {
    print_text(&serde_json::to_string_pretty(value).map_err(CliError::failed)?)
}

/// Rows as text in aligned columns: the first column to the left, the others to the right, two spaces between them.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_gives_every_cause_once_and_the_hint_last() {
        #[derive(Debug, thiserror::Error)]
        enum Read {
            #[error("expected a file, got: {source}\nhint: check the path")]
            Held { source: std::io::Error },
            #[error("expected a file\nhint: check the path")]
            Apart { source: std::io::Error },
        }
        let source = || std::io::Error::other("no such place");
        let held = explain(&Read::Held { source: source() }.into());
        assert_eq!(held, "expected a file, got: no such place\nhint: check the path");
        let apart = explain(&Read::Apart { source: source() }.into());
        assert_eq!(apart, "expected a file: no such place\nhint: check the path");
        assert_eq!(explain(&anyhow::anyhow!("no hint")), "no hint");
        let twice = anyhow::anyhow!("a.txt: a.txt: expected a maze\nhint: inner\nhint: outer");
        assert_eq!(explain(&twice), "a.txt: expected a maze\nhint: inner");
    }

    #[test]
    fn numbers_of_300_digits_are_written_short_and_hashes_stay() {
        let hash = "0123456789".repeat(6) + "abcd";
        for (text, expected) in [
            (format!("got {},-{}, in a wall", 1e300, 1e299), "got 1e300,-1e299, in a wall".to_owned()),
            (format!("got {}.", 1e-300), "got 1e-300.".to_owned()),
            (format!("a sum of {}", 2.5e30), "a sum of 2.5e30".to_owned()),
            (format!("expected SHA-256 {hash}, got 18446744073709551615"), String::new()),
            ("maze_1.txt: 0.30000000000000004 m, \u{e9}1".to_owned(), String::new()),
        ] {
            let expected = if expected.is_empty() { text.clone() } else { expected };
            assert_eq!(explain(&anyhow::anyhow!(text)), expected);
        }
    }

    #[test]
    fn tables_align_names_left_and_figures_right() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let rows = [row(&["engine", "ms"]), row(&["tract", "0.125"]), row(&["a"])];
        assert_eq!(table(&rows), "engine     ms\ntract   0.125\na");
    }
}
