//! Sections of a report: Markdown with the commands and plots of one study.

use super::StudyError;
use super::plot::curves::{CurvePanel, draw};
use super::plot::svg::Drawn;
use super::store::write_file;
use std::path::{Path, PathBuf};

/// A plot with its file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// File name, such as `densities-learnt.svg`.
    pub file: String,
    /// Alternative text.
    pub caption: String,
    /// The drawing.
    pub svg: String,
}

impl Figure {
    /// A figure of a drawing.
    ///
    /// # Errors
    /// If it could not be drawn.
    pub fn drawn(file: &str, caption: &str, svg: Drawn<String>) -> Result<Self, StudyError> {
        let svg = svg.map_err(|error| StudyError::Draw { file: file.to_owned(), problem: error.to_string() })?;
        Ok(Self { file: file.to_owned(), caption: caption.to_owned(), svg })
    }

    /// Panels of curves in rows of `columns`, with the caption as title.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn curves(file: &str, caption: &str, panels: &[CurvePanel], columns: usize) -> Result<Self, StudyError> {
        Self::drawn(file, caption, draw(caption, panels, columns))
    }
}

/// One study's part of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Heading.
    pub title: String,
    /// Commands that make the numbers.
    pub commands: Vec<String>,
    /// Markdown without the heading: tables and text.
    pub text: String,
    /// Plots below the text.
    pub figures: Vec<Figure>,
}

impl Section {
    /// Opens with the number of missing cells, if there are any.
    pub fn incomplete(mut self, missing: usize) -> Self {
        if missing > 0 {
            self.text = format!("Not complete: {missing} runs are missing.\n\n{}", self.text);
        }
        self
    }

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
) -> Result<Vec<PathBuf>, StudyError> {
    let figures = sections.iter().flat_map(|section| &section.figures);
    let mut files: Vec<(PathBuf, String)> =
        figures.map(|figure| (folder.join(&figure.file), figure.svg.clone())).collect();
    let parts: Vec<String> = sections.iter().map(Section::markdown).collect();
    files.push((folder.join("report.md"), format!("# {title}\n\n{}\n\n{}", opening.trim(), parts.join("\n"))));
    write_files(files)
}

/// Writes files that belong together; their folders are made if needed. Returns their paths.
///
/// # Errors
/// If a file cannot be written.
pub fn write_files(files: Vec<(PathBuf, String)>) -> Result<Vec<PathBuf>, StudyError> {
    for (path, text) in &files {
        write_file(path, text.as_bytes())?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_names_its_commands_and_links_its_figures() {
        let section = Section {
            title: "Densities".to_owned(),
            commands: vec!["planwright-study run known_densities".to_owned()],
            text: "| a |\n|---|\n".to_owned(),
            figures: vec![Figure { file: "a.svg".to_owned(), caption: "A".to_owned(), svg: "<svg/>".to_owned() }],
        };
        let folder = tempfile::tempdir().expect("a folder");
        let paths = write_sections(folder.path(), "Heads", "What was found.", &[section]).expect("written");
        assert_eq!(paths.len(), 2);
        let text = std::fs::read_to_string(folder.path().join("report.md")).expect("readable");
        let expected = "# Heads\n\nWhat was found.\n\n## Densities\n\n    planwright-study run known_densities\n\n| a |\n|---|\n\n![A](a.svg)\n";
        assert_eq!(text, expected);
    }
}
