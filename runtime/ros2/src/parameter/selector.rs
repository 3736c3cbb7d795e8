//! Which nodes an entry of a parameter file is for.

use crate::names::{NameError, NodeIdentity, validate_node_name};
use std::fmt;

/// One part of a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// This name.
    Name(String),
    /// `*`: any one name.
    One,
    /// `**`: any number of names, none included.
    Any,
}

/// A node's fully qualified name, in which `*` stands for one name and `**` for any number of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSelector {
    parts: Vec<Part>,
}

impl NodeSelector {
    /// Reads `/robot/planner`, `planner`, `/**`, `/robot/*`, `/**/planner`.
    ///
    /// # Errors
    /// A part that is neither a name nor a wildcard.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let part = |part: &str| match part {
            "*" => Ok(Part::One),
            "**" => Ok(Part::Any),
            name => validate_node_name(name)
                .map(|()| Part::Name(name.to_owned()))
                .map_err(|error| NameError { expected: "a node name, `*` or `**` between `/`", ..error }),
        };
        Ok(Self { parts: text.strip_prefix('/').unwrap_or(text).split('/').map(part).collect::<Result<_, _>>()? })
    }

    /// Whether it selects this node.
    pub fn selects(&self, node: &NodeIdentity) -> bool {
        let name = node.fully_qualified();
        let tokens = name.split('/').skip(1);
        // One row of the table "the first n parts match the tokens so far"; never exponential, whatever the wildcards.
        let mut row = vec![false; self.parts.len() + 1];
        if let Some(first) = row.first_mut() {
            *first = true;
        }
        self.skip_empty(&mut row);
        for token in tokens {
            let mut next = vec![false; row.len()];
            for (index, part) in self.parts.iter().enumerate() {
                let (before, here) = (row.get(index) == Some(&true), row.get(index + 1) == Some(&true));
                let matched = match part {
                    Part::Name(name) => before && name == token,
                    Part::One => before,
                    Part::Any => before || here,
                };
                if let Some(cell) = next.get_mut(index + 1) {
                    *cell = matched;
                }
            }
            self.skip_empty(&mut next);
            row = next;
        }
        row.last() == Some(&true)
    }

    /// A `**` matches nothing as well.
    fn skip_empty(&self, row: &mut [bool]) {
        for (index, part) in self.parts.iter().enumerate() {
            if *part == Part::Any
                && row.get(index) == Some(&true)
                && let Some(cell) = row.get_mut(index + 1)
            {
                *cell = true;
            }
        }
    }

    /// Whether it is for nodes of any name, so that not every parameter in it need be known to one of them.
    pub fn is_shared(&self) -> bool {
        !matches!(self.parts.last(), Some(Part::Name(_)))
    }
}

impl fmt::Display for NodeSelector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Name(name) => write!(formatter, "/{name}"),
            Part::One => formatter.write_str("/*"),
            Part::Any => formatter.write_str("/**"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_match_names_and_wildcards() {
        let root = NodeIdentity::new("planner", "/").expect("valid");
        let robot = NodeIdentity::new("planner", "/robot").expect("valid");
        let deep = NodeIdentity::new("planner", "/fleet/robot").expect("valid");
        for (text, selected) in [
            ("planner", [true, false, false]),
            ("/planner", [true, false, false]),
            ("/robot/planner", [false, true, false]),
            ("robot/planner", [false, true, false]),
            ("/*", [true, false, false]),
            ("/*/planner", [false, true, false]),
            ("/*/*", [false, true, false]),
            ("/**", [true, true, true]),
            ("/**/planner", [true, true, true]),
            ("/**/*", [true, true, true]),
            ("/**/robot/**", [false, true, true]),
            ("/fleet/**", [false, false, true]),
            ("/robot/**", [false, true, false]),
            ("/planner/**", [true, false, false]),
            ("/**/other", [false, false, false]),
        ] {
            let selector = NodeSelector::parse(text).expect("a selector");
            assert_eq!([&root, &robot, &deep].map(|node| selector.selects(node)), selected, "{text}");
        }
    }

    #[test]
    fn many_wildcards_are_quick() {
        let selector = NodeSelector::parse(&format!("{}x", "**/".repeat(2000))).expect("a selector");
        assert!(!selector.selects(&NodeIdentity::new("planner", &"/a".repeat(100)).expect("valid")));
    }

    #[test]
    fn shared_ones_end_in_a_wildcard() {
        let is_shared = |text: &str| NodeSelector::parse(text).expect("a selector").is_shared();
        assert!(is_shared("/**") && is_shared("/robot/*"));
        assert!(!is_shared("/**/planner") && !is_shared("planner"));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "/", "//planner", "/robot/", "pl*", "/***", "plan ner", "~/planner"] {
            let error = NodeSelector::parse(text).map(|_| ()).expect_err(text);
            assert_eq!(error.expected, "a node name, `*` or `**` between `/`", "{text}");
        }
    }
}
