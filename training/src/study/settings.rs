//! Settings of cells: their ranges, and the axes that grids of cells are made of.

use super::StudyError;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// Refuses a setting outside its range, NaN among them.
///
/// # Errors
/// `expected NAME between LOW and HIGH, got ..`.
pub fn within<T: PartialOrd + Display>(name: &str, range: RangeInclusive<T>, got: T) -> Result<(), StudyError> {
    if range.contains(&got) {
        return Ok(());
    }
    Err(StudyError::setting(name, format!("between {} and {}", range.start(), range.end()), got))
}

/// Refuses a setting for which a condition does not hold; `expected` ends the sentence `expected NAME ..`.
///
/// # Errors
/// `expected NAME EXPECTED, got ..`.
pub fn require<T: Display>(holds: bool, name: &str, expected: impl Into<String>, got: T) -> Result<(), StudyError> {
    if holds { Ok(()) } else { Err(StudyError::setting(name, expected, got)) }
}

/// Every cell with each of the values of one more axis, which varies fastest.
pub fn axis<C: Clone, V: Clone>(cells: &[C], values: &[V], set: impl Fn(&mut C, V)) -> Vec<C> {
    let one = |cell: &C, value: &V| {
        let mut cell = cell.clone();
        set(&mut cell, value.clone());
        cell
    };
    cells
        .iter()
        .flat_map(|cell| values.iter().map(move |value| (cell, value)))
        .map(|(cell, value)| one(cell, value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_axis_varies_fastest_and_ranges_refuse_nan() {
        let cells =
            axis(&axis(&[(0, ' ')], &[1, 2], |cell, first| cell.0 = first), &['a', 'b'], |cell, last| cell.1 = last);
        assert_eq!(cells, [(1, 'a'), (1, 'b'), (2, 'a'), (2, 'b')]);
        let refused = within("share", 0.0..=1.0, f64::NAN).expect_err("no number").to_string();
        assert_eq!(refused, "expected share between 0 and 1, got NaN");
    }
}
