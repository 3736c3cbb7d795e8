//! A YAML mapping of scalars and lists of scalars, as map_server's map files are.

use super::FieldFault;
use saphyr_parser::{Event, Parser};

/// Largest text: a scanner of YAML is slow on what a person would not write.
const MAX_TEXT_BYTES: usize = 64 << 10;
/// Most keys of a map file.
const MAX_KEYS: usize = 100;
/// Most elements of a list that are kept.
const MAX_ELEMENTS: usize = 100;

/// What stands behind a key.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Scalar(String),
    List(Vec<String>),
    /// A mapping, an alias, or a list of other things than scalars.
    Other,
}

impl Value {
    /// As messages show it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Scalar(text) if text.is_empty() => "nothing".to_owned(),
            Self::Scalar(text) => format!("`{}`", shortened(text)),
            Self::List(elements) => format!("a list of {}", elements.len()),
            Self::Other => "a nested value".to_owned(),
        }
    }
}

/// The first letters of a text, on one line.
pub(super) fn shortened(text: &str) -> String {
    let short: String = text.chars().take(40).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.chars().nth(40).is_some() { format!("{short}...") } else { short }
}

/// Keys and values of a document in their order.
pub(super) fn mapping(text: &str) -> Result<Vec<(String, Value)>, FieldFault> {
    let wrong = |got: &str| {
        FieldFault::new("YAML", "a mapping of keys to values", got)
            .hint("a map file of map_server has lines like `image: map.pgm` and `resolution: 0.05`")
    };
    if text.len() > MAX_TEXT_BYTES {
        return Err(wrong(&format!("{} bytes of text", text.len())));
    }
    let mut parser = Parser::new_from_str(text);
    let mut pairs: Vec<(String, Value)> = Vec::new();
    // Lists and mappings that are open, the document's mapping included.
    let mut depth = 0_usize;
    let mut key: Option<String> = None;
    let mut list: Option<Vec<String>> = None;
    let mut has_document = false;
    let mut add = |key: &mut Option<String>, value: Value| match key.take() {
        Some(key) if pairs.iter().any(|(other, _)| *other == key) => {
            Err(FieldFault::new(shortened(&key), "one value", "the key twice"))
        }
        Some(_) if pairs.len() == MAX_KEYS => Err(wrong("more than 100 keys")),
        Some(key) => {
            pairs.push((key, value));
            Ok(())
        }
        None => Err(wrong("a list or a mapping as key")),
    };
    while let Some(event) = parser.next_event() {
        let (event, _) = event
            .map_err(|error| wrong(&format!("a syntax error in line {}: {}", error.marker().line(), error.info())))?;
        match event {
            Event::MappingStart(..) if depth == 0 => depth = 1,
            Event::Scalar(text, ..) if depth == 0 && text.trim().is_empty() => return Err(wrong("an empty file")),
            Event::Scalar(..) if depth == 0 => return Err(wrong("a text")),
            Event::SequenceStart(..) if depth == 0 => return Err(wrong("a list")),
            Event::Scalar(text, ..) if depth == 1 && key.is_none() => key = Some(text.into_owned()),
            Event::Scalar(text, ..) if depth == 1 => add(&mut key, Value::Scalar(text.into_owned()))?,
            Event::Scalar(text, ..) => {
                if let Some(list) = list.as_mut().filter(|list| depth == 2 && list.len() < MAX_ELEMENTS) {
                    list.push(text.into_owned());
                }
            }
            Event::Alias(_) if depth == 1 => add(&mut key, Value::Other)?,
            Event::Alias(_) => list = None,
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if depth == 1 && key.is_none() {
                    return Err(wrong("a list or a mapping as key"));
                }
                // A list in a list is no list of scalars.
                list = (depth == 1 && matches!(event, Event::SequenceStart(..))).then(Vec::new);
                depth += 1;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                depth = depth.saturating_sub(1);
                if depth == 1 {
                    let value = list.take().map_or(Value::Other, Value::List);
                    add(&mut key, value)?;
                }
            }
            Event::DocumentStart(_) if has_document => return Err(wrong("several documents")),
            Event::DocumentStart(_) => has_document = true,
            _ => {}
        }
    }
    if pairs.is_empty() { Err(wrong("an empty file")) } else { Ok(pairs) }
}
