//! Cells of Markdown tables.

use crate::statistics::Summary;

/// What is written where nothing was measured.
pub const MISSING: &str = "not measured";
/// Where a run does not say.
pub const NOT_STATED: &str = "not stated";

/// A total variation or another number of that size.
pub fn distance(value: Option<f64>) -> String {
    value.map_or(MISSING.to_owned(), |value| format!("{value:.3}"))
}

/// `0.186 ± 0.004`, or that it is missing; with a note where not all of `seeds` count.
pub fn spread(values: &[f64], seeds: usize) -> String {
    match Summary::of(values) {
        None => MISSING.to_owned(),
        Some(Summary { mean, sd: None, .. }) => format!("{mean:.3} (one seed)"),
        Some(Summary { mean, sd: Some(sd), count }) if count < seeds => {
            format!("{mean:.3} \u{b1} {sd:.3} ({count} of {seeds} seeds)")
        }
        Some(Summary { mean, sd: Some(sd), .. }) => format!("{mean:.3} \u{b1} {sd:.3}"),
    }
}

/// A published value; tables lost some.
pub fn published(value: Option<f64>) -> String {
    value.map_or("lost".to_owned(), |value| format!("{value:.3}"))
}

/// A count or seed that a run may leave open.
pub fn count(value: Option<u64>) -> String {
    optional(value, |value| value.to_string())
}

/// Anything that a run may leave open.
pub fn optional<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or(NOT_STATED.to_owned(), show)
}

/// Text that cannot end its cell.
pub fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// A command, as code in a cell.
pub fn code(text: &str) -> String {
    format!("`` {} ``", text.replace('|', "\\|").replace(['\n', '\r'], " "))
}

/// A row of cells.
pub fn row(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().collect();
    format!("| {} |\n", cells.join(" | "))
}

/// The head of a table and the line below it.
pub fn head<'h>(names: impl IntoIterator<Item = &'h str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    format!("| {} |\n|{}\n", names.join(" | "), "---|".repeat(names.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_has_no_deviation_and_none_has_no_value() {
        assert_eq!(spread(&[], 3), "not measured");
        assert_eq!(spread(&[0.1861], 1), "0.186 (one seed)");
        assert_eq!(spread(&[0.1, 0.2, 0.3], 3), "0.200 \u{b1} 0.100");
        assert_eq!(spread(&[0.1, 0.2, 0.3], 4), "0.200 \u{b1} 0.100 (3 of 4 seeds)");
        assert_eq!(distance(Some(0.0)), "0.000");
        assert_eq!(cell("a|b\nc"), "a\\|b c");
    }
}
