//! The declared name that a wrong one was probably meant to be.

/// Longest name that is compared; a longer one is no typing error.
const MAX_CHARACTERS: usize = 64;

/// The candidate with the fewest differing characters, unless more than a third differ; else one that the name is a
/// part of, as `speed` of `gate.speed`.
pub(super) fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    /// Shortest part that says something.
    const MIN_PART: usize = 4;
    let name: Vec<char> = text.to_lowercase().chars().take(MAX_CHARACTERS + 1).collect();
    if name.len() > MAX_CHARACTERS {
        return None;
    }
    let (distance, candidate) = candidates
        .clone()
        .map(|candidate| (distance(&name, candidate), candidate))
        .min_by_key(|(distance, _)| *distance)?;
    if distance * 3 <= name.len().max(candidate.chars().count()) {
        return Some(candidate);
    }
    let mut whole = candidates.filter(|candidate| text.len() >= MIN_PART && candidate.contains(text));
    whole.next()
}

/// Insertions, deletions and replacements between the two.
fn distance(name: &[char], candidate: &str) -> usize {
    let mut row: Vec<usize> = (0..=name.len()).collect();
    for (line, letter) in candidate.to_lowercase().chars().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (above, &other) in row.iter_mut().skip(1).zip(name) {
            let best = (diagonal + usize::from(letter != other)).min(left + 1).min(*above + 1);
            diagonal = *above;
            *above = best;
            left = best;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["deadline_secs", "engine", "steps"];

    #[test]
    fn typing_errors_are_recognised() {
        for (name, expected) in [
            ("deadline_sec", Some("deadline_secs")),
            ("Deadline_secs", Some("deadline_secs")),
            ("dedline_secs", Some("deadline_secs")),
            ("engnie", Some("engine")),
            ("step", Some("steps")),
            ("deadline", Some("deadline_secs")),
            ("map_topic", None),
            ("sec", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, NAMES.into_iter()), expected, "{name}");
        }
        assert_eq!(nearest(&"x".repeat(1_000_000), NAMES.into_iter()), None);
        assert_eq!(nearest("x", [].into_iter()), None);
    }

    #[test]
    fn the_distance_counts_edits() {
        let count = |left: &str, right: &str| distance(&left.chars().collect::<Vec<_>>(), right);
        assert_eq!(count("kitten", "sitting"), 3);
        assert_eq!(count("", "abc"), 3);
        assert_eq!(count("abc", ""), 3);
        assert_eq!(count("abc", "abc"), 0);
    }
}
