//! Numbers the commands, so that every row of a table can name its own in few letters.

use super::results::{CommandRun, DriftResults};
use planwright_training::study::markdown::{cell, code, count, optional};
use std::fmt::Write as _;

pub(super) struct Commands<'r> {
    /// In order of first mention.
    texts: Vec<&'r str>,
    runs: &'r [CommandRun],
}

impl<'r> Commands<'r> {
    pub(super) fn of(results: &'r DriftResults) -> Self {
        let listed = results.commands.iter().map(|run| run.command.as_str());
        let systems = results.systems.iter().flat_map(|system| {
            let seeds = system.seeds.iter().flat_map(|seed| {
                let own = std::iter::once(seed.command.as_str());
                own.chain(seed.mitigations.iter().map(|entry| entry.command.as_str()))
            });
            let sweeps = system.sweeps.iter().map(|sweep| sweep.command.as_str());
            let checks = system.validity.iter().flatten().map(|row| row.command.as_str());
            seeds.chain(sweeps).chain(checks)
        });
        let ablations = results.ablations.iter().map(|row| row.command.as_str());
        let mut texts: Vec<&str> = Vec::new();
        for text in listed.chain(systems).chain(ablations) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        Self { texts, runs: &results.commands }
    }

    /// `[3]`: the number of a command.
    pub(super) fn mark(&self, command: &str) -> String {
        // All commands of the results are among the texts.
        let place = self.texts.iter().position(|text| *text == command).map_or(0, |place| place + 1);
        format!("[{place}]")
    }

    /// Marks of several, each once, in their order.
    pub(super) fn marks<'c>(&self, commands: impl IntoIterator<Item = &'c str>) -> String {
        let mut marks: Vec<String> = Vec::new();
        for command in commands {
            let mark = self.mark(command);
            if !marks.contains(&mark) {
                marks.push(mark);
            }
        }
        marks.join(" ")
    }

    /// The list behind the numbers.
    pub(super) fn table(&self, out: &mut String) {
        out.push_str("\n## Provenance\n\n");
        if self.texts.is_empty() {
            out.push_str("No command was run.\n");
            return;
        }
        out.push_str("| number | command | seed | steps | wall time | device |\n|---|---|---:|---:|---:|---|\n");
        for text in &self.texts {
            let run = self.runs.iter().find(|run| run.command == *text);
            let seed = count(run.and_then(|run| run.seed));
            let steps = count(run.and_then(|run| run.steps));
            let wall = optional(run.and_then(|run| run.wall_secs), |secs| format!("{secs:.0} s"));
            let device = run
                .and_then(|run| run.device.as_deref())
                .map_or(planwright_training::study::markdown::NOT_STATED.to_owned(), cell);
            let _ = writeln!(out, "| {} | {} | {seed} | {steps} | {wall} | {device} |", self.mark(text), code(text));
        }
    }
}
