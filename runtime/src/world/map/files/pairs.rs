//! Starts and goals of one map as text: `start_x,start_y,goal_x,goal_y` in metres of the map's frame, a pair a line.

use super::{FieldFault, MapFileError, Query, yaml};
use crate::text;
use std::path::Path;

/// Most pairs of a file.
const MAX_PAIRS: usize = 200_000;

/// Opens a file of pairs. Empty lines and lines that begin with `#` are skipped, so is a first line of names.
///
/// # Errors
/// If the file cannot be read or holds no pair, or the first line that is none.
pub fn open_pairs(path: &Path) -> Result<Vec<Query>, MapFileError> {
    let text = text::read(path).map_err(|error| MapFileError::read(path, "pairs of start and goal", error))?;
    parse_pairs(&text).map_err(|fault| fault.of(path))
}

/// The pairs of a text.
///
/// # Errors
/// As [`open_pairs`].
pub fn parse_pairs(text: &str) -> Result<Vec<Query>, FieldFault> {
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let mut pairs = Vec::new();
    for (place, (index, line)) in lines.enumerate() {
        if place == 0 && line.starts_with("start_x") {
            continue;
        }
        let field = || format!("line {}", index + 1);
        let values =
            line.split(',').take(5).map(|word| word.trim().parse::<f64>().ok().filter(|value| value.is_finite()));
        let Some(&[start_x, start_y, goal_x, goal_y]) = values.collect::<Option<Vec<f64>>>().as_deref() else {
            let got = format!("`{}`", yaml::shortened(line));
            return Err(FieldFault::new(field(), "start_x,start_y,goal_x,goal_y in metres", got));
        };
        if pairs.len() == MAX_PAIRS {
            return Err(FieldFault::new(field(), format!("at most {MAX_PAIRS} pairs"), "more"));
        }
        pairs.push(Query { start: [start_x, start_y], goal: [goal_x, goal_y], reference_m: None });
    }
    if pairs.is_empty() {
        return Err(FieldFault::new("line 1", "start_x,start_y,goal_x,goal_y in metres", "no pair"));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_with_names_comments_and_spaces() {
        let text = "# a map\nstart_x,start_y,goal_x,goal_y\n\n1,2, 3.5 ,-4e0\n0,0,0,1\n";
        let pairs = parse_pairs(text).expect("two pairs");
        assert_eq!(pairs.len(), 2);
        assert_eq!((pairs[0].start, pairs[0].goal), ([1.0, 2.0], [3.5, -4.0]));
    }

    #[test]
    fn a_line_that_is_no_pair_is_named() {
        let refused = |text: &str| parse_pairs(text).expect_err("no pairs").to_string();
        for line in ["1,2,3", "1,2,3,4,5", "1,2,3,NaN", "1,2,3,inf", "a,b,c,d", ",,,", "start_x"] {
            let text = refused(&format!("0,0,1,1\n{line}\n"));
            assert!(text.starts_with("line 2: expected start_x,start_y,goal_x,goal_y in metres, got `"), "{text}");
        }
        assert!(refused("# nothing\n\n").ends_with("got no pair"));
    }
}
