//! A report in parts: each experiment writes its own, with its figures.

use super::{ReportError, write_files};
use std::path::{Path, PathBuf};

/// A plot with its file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// File name, such as `toy-densities.svg`.
    pub file: String,
    /// What it shows, for those who cannot see it.
    pub caption: String,
    /// The drawing.
    pub svg: String,
}

/// What one experiment has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Heading.
    pub title: String,
    /// Commands that make the numbers.
    pub commands: Vec<String>,
    /// Markdown without the heading: tables, and what they say.
    pub text: String,
    /// Plots below the text.
    pub figures: Vec<Figure>,
}

impl Section {
    fn markdown(&self) -> String {
        let mut out = format!("## {}\n\n", self.title);
        for command in &self.commands {
            out.push_str(&format!("    {command}\n"));
        }
        out.push_str(&format!("\n{}\n", self.text.trim_end()));
        for figure in &self.figures {
            out.push_str(&format!("\n![{}]({})\n", figure.caption, figure.file));
        }
        out
    }
}

/// Writes `report.md` with an opening text, all sections and their figures into a folder. The same sections give the
/// same bytes. Returns the paths.
///
/// # Errors
/// If a file cannot be written.
pub fn write_sections(
    folder: &Path,
    title: &str,
    opening: &str,
    sections: &[Section],
) -> Result<Vec<PathBuf>, ReportError> {
    let figures = sections.iter().flat_map(|section| &section.figures);
    let mut files: Vec<(PathBuf, String)> =
        figures.map(|figure| (folder.join(&figure.file), figure.svg.clone())).collect();
    let parts: Vec<String> = sections.iter().map(Section::markdown).collect();
    files.push((folder.join("report.md"), format!("# {title}\n\n{}\n\n{}", opening.trim(), parts.join("\n"))));
    write_files(folder, files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_names_its_commands_and_links_its_figures() {
        let section = Section {
            title: "Toys".to_owned(),
            commands: vec!["planwright-train fourier toy".to_owned()],
            text: "| a |\n|---|\n".to_owned(),
            figures: vec![Figure { file: "a.svg".to_owned(), caption: "A".to_owned(), svg: "<svg/>".to_owned() }],
        };
        let folder = tempfile::tempdir().expect("a folder");
        let paths = write_sections(folder.path(), "Heads", "What was found.", &[section]).expect("written");
        assert_eq!(paths.len(), 2);
        let text = std::fs::read_to_string(folder.path().join("report.md")).expect("readable");
        let expected = "# Heads\n\nWhat was found.\n\n## Toys\n\n    planwright-train fourier toy\n\n| a |\n|---|\n\n![A](a.svg)\n";
        assert_eq!(text, expected);
    }
}
