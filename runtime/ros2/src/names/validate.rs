//! Validation of names by the rules of rcl and rmw, with the first breach named.

/// Longest absolute topic or service name, in bytes; the middleware adds a prefix of its own.
const MAX_NAME_BYTES: usize = 247;
/// Longest node name, in bytes.
const MAX_NODE_NAME_BYTES: usize = 255;
/// Longest namespace, in bytes.
const MAX_NAMESPACE_BYTES: usize = 245;

/// Why a name cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, got `{}`: {fault}", shorten(name))]
pub struct NameError {
    /// What the name was to be, as "a node name".
    pub expected: &'static str,
    /// The name.
    pub name: String,
    /// The first rule that it breaks.
    pub fault: NameFault,
}

/// A rule for names that was broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// Nothing there.
    #[error("it is empty")]
    Empty,
    /// More bytes than the middleware takes.
    #[error("it has {got} bytes, at most {max} are allowed")]
    TooLong {
        /// Bytes allowed.
        max: usize,
        /// Bytes found.
        got: usize,
    },
    /// A character that no ROS name has.
    #[error("`{}` at byte {at} is not allowed\nhint: letters, digits and `_` only, with `/` between parts", character.escape_default())]
    Character {
        /// The character.
        character: char,
        /// Its place, in bytes.
        at: usize,
    },
    /// `//`.
    #[error("it has `//` at byte {at}\nhint: write one `/`")]
    DoubleSlash {
        /// The place of the second slash, in bytes.
        at: usize,
    },
    /// `/` at the end.
    #[error("it ends with `/`\nhint: remove the last `/`")]
    TrailingSlash,
    /// `/1st`.
    #[error("a part starts with a digit at byte {at}\nhint: start every part with a letter or `_`")]
    LeadingDigit {
        /// The place of the digit, in bytes.
        at: usize,
    },
    /// `a~b` or `~b`.
    #[error("`~` at byte {at} is not a private prefix\nhint: write `~/name`")]
    Tilde {
        /// The place of the tilde, in bytes.
        at: usize,
    },
    /// `{node` or `}`.
    #[error("the brace at byte {at} has no partner\nhint: write `{{node}}` or `{{ns}}`")]
    Brace {
        /// The place of the brace, in bytes.
        at: usize,
    },
    /// `{robot}`.
    #[error(
        "`{{{}}}` is no known substitution\nhint: known are `{{node}}`, `{{ns}}` and `{{namespace}}`",
        shorten(found)
    )]
    Substitution {
        /// The text between the braces.
        found: String,
    },
    /// A namespace without its first slash.
    #[error("it does not start with `/`\nhint: write `/{}`", shorten(name))]
    Relative {
        /// The name.
        name: String,
    },
}

/// Text cut to a length that fits into a message.
pub(crate) fn shorten(text: &str) -> String {
    const KEPT: usize = 60;
    if text.chars().count() <= KEPT { text.to_owned() } else { text.chars().take(KEPT).chain("...".chars()).collect() }
}

/// Checks a node name: letters, digits and `_`, no digit first.
///
/// # Errors
/// The first rule that is broken.
pub fn validate_node_name(name: &str) -> Result<(), NameError> {
    let fault = length(name, MAX_NODE_NAME_BYTES).err().or_else(|| {
        name.char_indices().find_map(|(at, character)| {
            if !is_token_character(character) {
                Some(NameFault::Character { character, at })
            } else if at == 0 && character.is_ascii_digit() {
                Some(NameFault::LeadingDigit { at })
            } else {
                None
            }
        })
    });
    fault.map_or(Ok(()), |fault| Err(NameError { expected: "a node name", name: name.to_owned(), fault }))
}

/// Checks a namespace: `/`, or an absolute name.
///
/// # Errors
/// The first rule that is broken.
pub fn validate_namespace(namespace: &str) -> Result<(), NameError> {
    let checked = if namespace == "/" { Ok(()) } else { absolute(namespace, MAX_NAMESPACE_BYTES) };
    checked.map_err(|fault| NameError { expected: "a namespace", name: namespace.to_owned(), fault })
}

/// Checks an absolute topic or service name.
pub(super) fn validate_absolute(name: &str) -> Result<(), NameFault> {
    absolute(name, MAX_NAME_BYTES)
}

/// Checks a topic or service name as a user writes it: absolute, relative or private, substitutions allowed.
///
/// # Errors
/// The first rule that is broken.
pub fn validate_name(name: &str) -> Result<(), NameError> {
    written(name).map_err(|fault| NameError { expected: "a topic or service name", name: name.to_owned(), fault })
}

fn written(name: &str) -> Result<(), NameFault> {
    length(name, MAX_NAME_BYTES)?;
    let mut opened: Option<usize> = None;
    let mut previous = '/';
    for (at, character) in name.char_indices() {
        match (opened, character) {
            (None, '~') if at == 0 && (name == "~" || name.starts_with("~/")) => {}
            (_, '~') => return Err(NameFault::Tilde { at }),
            (None, '{') => opened = Some(at),
            (Some(start), '}') => {
                let found = name.get(start + 1..at).unwrap_or_default();
                if !matches!(found, "node" | "ns" | "namespace") {
                    return Err(NameFault::Substitution { found: found.to_owned() });
                }
                opened = None;
            }
            (_, '{' | '}') => return Err(NameFault::Brace { at }),
            (None, '/') if at > 0 && previous == '/' => return Err(NameFault::DoubleSlash { at }),
            (None, '/') => {}
            _ if !is_token_character(character) => return Err(NameFault::Character { character, at }),
            (None, _) if character.is_ascii_digit() && previous == '/' => return Err(NameFault::LeadingDigit { at }),
            _ => {}
        }
        previous = character;
    }
    match opened {
        Some(at) => Err(NameFault::Brace { at }),
        None if name.ends_with('/') => Err(NameFault::TrailingSlash),
        None => Ok(()),
    }
}

fn absolute(name: &str, max_bytes: usize) -> Result<(), NameFault> {
    length(name, max_bytes)?;
    if !name.starts_with('/') {
        return Err(NameFault::Relative { name: name.to_owned() });
    }
    let mut previous = None;
    for (at, character) in name.char_indices() {
        if character == '/' {
            if previous == Some('/') {
                return Err(NameFault::DoubleSlash { at });
            }
        } else if !is_token_character(character) {
            return Err(NameFault::Character { character, at });
        } else if character.is_ascii_digit() && previous == Some('/') {
            return Err(NameFault::LeadingDigit { at });
        }
        previous = Some(character);
    }
    if name.ends_with('/') { Err(NameFault::TrailingSlash) } else { Ok(()) }
}

fn length(name: &str, max: usize) -> Result<(), NameFault> {
    match name.len() {
        0 => Err(NameFault::Empty),
        got if got > max => Err(NameFault::TooLong { max, got }),
        _ => Ok(()),
    }
}

fn is_token_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(checked: Result<(), NameError>) -> NameFault {
        checked.expect_err("the name breaks a rule").fault
    }

    #[test]
    fn names_as_users_write_them() {
        for name in
            ["scan", "/scan", "~/plan", "~", "a/b_c/d1", "{node}/x", "/a/{ns}", "_hidden", "{namespace}/{node}/x"]
        {
            assert_eq!(validate_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn every_fault_of_a_name_is_told() {
        let long = "a".repeat(300);
        let cases = [
            ("", NameFault::Empty),
            ("a//b", NameFault::DoubleSlash { at: 2 }),
            ("//b", NameFault::DoubleSlash { at: 1 }),
            ("a/", NameFault::TrailingSlash),
            ("/", NameFault::TrailingSlash),
            ("~/", NameFault::TrailingSlash),
            ("1a", NameFault::LeadingDigit { at: 0 }),
            ("a/2b", NameFault::LeadingDigit { at: 2 }),
            ("~a", NameFault::Tilde { at: 0 }),
            ("a/~/b", NameFault::Tilde { at: 2 }),
            ("a b", NameFault::Character { character: ' ', at: 1 }),
            ("a.b", NameFault::Character { character: '.', at: 1 }),
            ("\u{e4}", NameFault::Character { character: '\u{e4}', at: 0 }),
            ("{node", NameFault::Brace { at: 0 }),
            ("a}", NameFault::Brace { at: 1 }),
            ("{{node}}", NameFault::Brace { at: 1 }),
            ("{robot}/x", NameFault::Substitution { found: "robot".to_owned() }),
            ("{}", NameFault::Substitution { found: String::new() }),
            (long.as_str(), NameFault::TooLong { max: 247, got: 300 }),
        ];
        for (name, expected) in cases {
            assert_eq!(fault(validate_name(name)), expected, "{name}");
        }
    }

    #[test]
    fn node_names_and_namespaces() {
        assert_eq!(validate_node_name("maze_planner2"), Ok(()));
        assert_eq!(fault(validate_node_name("a/b")), NameFault::Character { character: '/', at: 1 });
        assert_eq!(fault(validate_node_name("2a")), NameFault::LeadingDigit { at: 0 });
        assert_eq!(fault(validate_node_name("")), NameFault::Empty);
        for namespace in ["/", "/robot", "/fleet/robot_1"] {
            assert_eq!(validate_namespace(namespace), Ok(()), "{namespace}");
        }
        assert_eq!(fault(validate_namespace("robot")), NameFault::Relative { name: "robot".to_owned() });
        assert_eq!(fault(validate_namespace("/robot/")), NameFault::TrailingSlash);
        assert_eq!(fault(validate_namespace("//")), NameFault::DoubleSlash { at: 1 });
        assert_eq!(fault(validate_namespace("/~")), NameFault::Character { character: '~', at: 1 });
        assert_eq!(fault(validate_namespace("")), NameFault::Empty);
    }

    #[test]
    fn the_message_says_what_to_do_and_stays_short() {
        let text = validate_namespace("robot").expect_err("relative").to_string();
        assert_eq!(text, "expected a namespace, got `robot`: it does not start with `/`\nhint: write `/robot`");
        let text = validate_name(&"x".repeat(100_000)).expect_err("long").to_string();
        assert!(text.len() < 200, "{text}");
    }
}
