//! Tables of a study as aligned text, Markdown or JSON.

use super::markdown;
use crate::statistics::Summary;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};

/// `0.123 ± 0.004` with so many decimals; the mean alone without a deviation.
pub fn spread(mean: f64, sd: Option<f64>, decimals: usize) -> String {
    Summary { mean, sd, count: 0 }.text(decimals)
}

/// `yes` or `no`.
pub fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

/// Values in the order in which they first appear, each once.
pub fn distinct<T: PartialEq>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}

/// What both have of a seed, in the order of the first: the pairs of a comparison seed by seed.
pub fn paired<A, B>(left: impl IntoIterator<Item = (u64, A)>, right: impl IntoIterator<Item = (u64, B)>) -> Vec<(A, B)>
where
    B: Clone,
{
    let right: Vec<(u64, B)> = right.into_iter().collect();
    let partner = |seed: u64| right.iter().find(|(other, _)| *other == seed).map(|(_, value)| value.clone());
    left.into_iter().filter_map(|(seed, value)| Some((value, partner(seed)?))).collect()
}

/// A column: its heading, and its cell of a row.
pub type Column<R> = (&'static str, fn(&R) -> String);

/// Headings and rows of cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// As [`Column`], with a cell that knows more than the value.
pub type CapturingColumn<'c, R> = (&'c str, &'c dyn Fn(&R) -> String);

impl Table {
    /// A table without rows.
    pub fn new<H: Into<String>>(headings: impl IntoIterator<Item = H>) -> Self {
        Self { headings: headings.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// One row per value.
    pub fn of<'r, R: 'r>(columns: &[Column<R>], values: impl IntoIterator<Item = &'r R>) -> Self {
        let mut table = Self::new(columns.iter().map(|(heading, _)| *heading));
        values.into_iter().for_each(|value| table.row(columns.iter().map(|(_, cell)| cell(value))));
        table
    }

    /// One row per value, with cells that know more than the value.
    pub fn with<R>(columns: &[CapturingColumn<'_, R>], values: impl IntoIterator<Item = R>) -> Self {
        let mut table = Self::new(columns.iter().map(|(heading, _)| *heading));
        values.into_iter().for_each(|value| table.row(columns.iter().map(|(_, cell)| cell(&value))));
        table
    }

    /// Adds a row.
    pub fn row<C: Into<String>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Columns as wide as their widest cell, two spaces between them.
    pub fn text(&self) -> String {
        let all = || std::iter::once(&self.headings).chain(&self.rows);
        let columns = all().map(Vec::len).max().unwrap_or_default();
        let wide = |column: usize| all().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..columns).map(|column| wide(column).unwrap_or_default()).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        all().map(line).collect::<Vec<_>>().join("\n")
    }

    /// As a Markdown table.
    pub fn markdown(&self) -> String {
        let rows = self.rows.iter().map(|row| markdown::row(row.iter().cloned()));
        std::iter::once(markdown::head(self.headings.iter().map(String::as_str))).chain(rows).collect()
    }
}

/// A list of objects, one per row, with the headings as keys.
impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Row<'a>(&'a [String], &'a [String]);
        impl Serialize for Row<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(self.0.len()))?;
                for (heading, cell) in self.0.iter().zip(self.1) {
                    map.serialize_entry(heading, cell)?;
                }
                map.end()
            }
        }
        let mut list = serializer.serialize_seq(Some(self.rows.len()))?;
        for row in &self.rows {
            list.serialize_element(&Row(&self.headings, row))?;
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_table_is_text_markdown_and_json() {
        let mut table = Table::new(["head", "mean"]);
        table.row(["linear".to_owned(), spread(0.15, Some(0.0707), 3)]);
        table.row(["fourier-12".to_owned(), spread(0.2, None, 3)]);
        assert_eq!(table.text(), "head        mean\nlinear      0.150 \u{b1} 0.071\nfourier-12  0.200");
        assert!(table.markdown().starts_with("| head | mean |\n|---|---|\n| linear | 0.150 \u{b1} 0.071 |\n"));
        let json = serde_json::to_value(&table).expect("JSON");
        assert_eq!(
            json,
            serde_json::json!([{"head": "linear", "mean": "0.150 \u{b1} 0.071"}, {"head": "fourier-12", "mean": "0.200"}])
        );
    }
}
