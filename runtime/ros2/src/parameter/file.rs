//! ROS 2 parameter files: YAML with node names, `ros__parameters` and values, read event by event.

use super::selector::NodeSelector;
use super::value::Value;
use super::yaml::{ListBuilder, YamlError, is_missing, next, scalar_event};
use crate::names::{NameError, shorten};
use saphyr_parser::{Event, Parser, Span, StrInput};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest file, in bytes.
const MAX_FILE_BYTES: usize = 1 << 20;
/// Most maps and lists within each other.
const MAX_DEPTH: usize = 32;
/// Longest name of a node or a parameter with all its parts, in bytes.
const MAX_NAME_BYTES: usize = 512;
/// The key between a node's name and its parameters.
const PARAMETERS_KEY: &str = "ros__parameters";

/// Contents of a parameter file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParameterFile {
    /// Its entries, from top to bottom.
    pub entries: Vec<NodeEntry>,
}

/// The parameters for the nodes that a selector names.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeEntry {
    /// The nodes.
    pub selector: NodeSelector,
    /// The line of `ros__parameters`, from 1.
    pub line: usize,
    /// The parameters, from top to bottom.
    pub parameters: Vec<FileParameter>,
}

/// One parameter in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileParameter {
    /// Its name, the keys above it joined by `.`.
    pub name: String,
    /// Its value, or why it has none; an entry for other nodes may hold what we cannot read.
    pub value: Result<Value, YamlError>,
    /// Its line, from 1.
    pub line: usize,
}

/// Why a parameter file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file system.
    #[error("{path}: expected a parameter file, got: {source}\nhint: check the path given with --params-file")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A folder or a device.
    #[error("{path}: expected a regular file\nhint: give the .yaml file itself")]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Larger than any parameter file.
    #[error("{path}: expected at most {max} bytes, got more\nhint: this is no parameter file")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes allowed.
        max: usize,
    },
    /// Not UTF-8.
    #[error("{path}: expected UTF-8 text, got other bytes")]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// A fault in a line.
    #[error("{path}:{line}: {fault}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The fault.
        fault: FileFault,
    },
}

/// What is wrong with a line of a parameter file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// Syntax, or a value.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// A node's name.
    #[error(transparent)]
    Node(#[from] NameError),
    /// A value where a node's name or `ros__parameters` must be.
    #[error(
        "expected `ros__parameters:` above the parameters, got {got}\nhint: write `node_name:`, below it `ros__parameters:`, below it the parameters"
    )]
    NoParametersKey {
        /// What is there.
        got: String,
    },
    /// `ros__parameters` at the top.
    #[error("expected a node name above `ros__parameters`, got none\nhint: write `/**:` above it for every node")]
    NoNode,
    /// The file holds a list or a single value.
    #[error("expected a map of node names, got {got}")]
    NotAMap {
        /// What is there.
        got: &'static str,
    },
    /// `? [a]`.
    #[error("expected a text as key, got {got}")]
    Key {
        /// What is there.
        got: &'static str,
    },
    /// Nested without end.
    #[error("expected at most {max} levels, got more")]
    TooDeep {
        /// Levels allowed.
        max: usize,
    },
    /// A name without end.
    #[error("expected a name of at most {max} bytes, got more\nhint: `{}`", shorten(name))]
    NameTooLong {
        /// Bytes allowed.
        max: usize,
        /// The name.
        name: String,
    },
}

/// Reads a parameter file.
///
/// # Errors
/// What is wrong with the file, with its line.
pub fn read_parameter_file(path: &Path) -> Result<ParameterFile, FileError> {
    let failed = |source| FileError::Io { path: path.to_owned(), source };
    // Asked before it is opened: to open a pipe would wait for its writer.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(FileError::NotAFile { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    let limit = MAX_FILE_BYTES as u64 + 1;
    std::fs::File::open(path).map_err(failed)?.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(FileError::TooLarge { path: path.to_owned(), max: MAX_FILE_BYTES });
    }
    let text = decoded(bytes).ok_or_else(|| FileError::NotText { path: path.to_owned() })?;
    parse_parameter_file(&text, path)
}

/// UTF-8, or with its mark UTF-16: the encodings of YAML, both of which rcl reads.
fn decoded(bytes: Vec<u8>) -> Option<String> {
    let unit: fn([u8; 2]) -> u16 = match bytes.get(..2) {
        Some([0xff, 0xfe]) => u16::from_le_bytes,
        Some([0xfe, 0xff]) => u16::from_be_bytes,
        _ => return String::from_utf8(bytes).ok(),
    };
    let (pairs, odd) = bytes.get(2..)?.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    text.ok().filter(|_| odd.is_empty())
}

/// Reads the text of a parameter file; `path` is for messages.
///
/// # Errors
/// What is wrong with it, with its line.
pub fn parse_parameter_file(text: &str, path: &Path) -> Result<ParameterFile, FileError> {
    if text.len() > MAX_FILE_BYTES {
        return Err(FileError::TooLarge { path: path.to_owned(), max: MAX_FILE_BYTES });
    }
    let mut reader = Reader { parser: Parser::new_from_str(text), line: 1, depth: 0, file: ParameterFile::default() };
    match reader.stream() {
        Ok(()) => Ok(reader.file),
        Err(fault) => Err(FileError::Line { path: path.to_owned(), line: reader.line, fault }),
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// The line of the last event.
    line: usize,
    /// Maps and lists that are open.
    depth: usize,
    file: ParameterFile,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, FileFault> {
        let (event, span): (Event<'a>, Span) = next(&mut self.parser).map_err(|error| {
            self.line = error.marker().line();
            YamlError::from(error)
        })?;
        if !matches!(event, Event::MappingEnd | Event::SequenceEnd | Event::StreamEnd | Event::DocumentEnd) {
            self.line = span.start.line().max(1);
        }
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => self.depth += 1,
            Event::MappingEnd | Event::SequenceEnd => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.depth > MAX_DEPTH {
            return Err(FileFault::TooDeep { max: MAX_DEPTH });
        }
        Ok(event)
    }

    fn stream(&mut self) -> Result<(), FileFault> {
        loop {
            match self.next()? {
                Event::StreamEnd => return Ok(()),
                Event::MappingStart(_, None) => self.nodes("")?,
                Event::MappingStart(_, Some(tag)) => return Err(YamlError::Tag { tag: tag.to_string() }.into()),
                event @ Event::Scalar(..) if is_missing(&event) => {}
                Event::Scalar(..) => return Err(FileFault::NotAMap { got: "a single value" }),
                Event::SequenceStart(..) => return Err(FileFault::NotAMap { got: "a list" }),
                Event::Alias(_) => return Err(YamlError::Alias.into()),
                _ => {}
            }
        }
    }

    /// The next key of a map, or `None` at its end.
    fn key(&mut self) -> Result<Option<String>, FileFault> {
        match self.next()? {
            Event::MappingEnd => Ok(None),
            Event::Scalar(text, ..) if !text.is_empty() => Ok(Some(text.into_owned())),
            Event::Scalar(..) => Err(FileFault::Key { got: "nothing" }),
            Event::SequenceStart(..) => Err(FileFault::Key { got: "a list" }),
            Event::Alias(_) => Err(YamlError::Alias.into()),
            _ => Err(FileFault::Key { got: "a map" }),
        }
    }

    /// A map of node names and namespaces below `above`. Recursion ends at the depth limit.
    fn nodes(&mut self, above: &str) -> Result<(), FileFault> {
        while let Some(key) = self.key()? {
            let line = self.line;
            if key == PARAMETERS_KEY {
                if above.is_empty() {
                    return Err(FileFault::NoNode);
                }
                let selector = NodeSelector::parse(above)?;
                let mut entry = NodeEntry { selector, line, parameters: Vec::new() };
                match self.next()? {
                    Event::MappingStart(..) => self.parameters("", &mut entry.parameters)?,
                    // A node whose parameters are all commented out.
                    event if is_missing(&event) => {}
                    event => return Err(FileFault::NotAMap { got: what(&event) }),
                }
                self.file.entries.push(entry);
                continue;
            }
            let name = joined(above, '/', key.strip_prefix('/').unwrap_or(&key))?;
            match self.next()? {
                Event::MappingStart(..) => self.nodes(&name)?,
                Event::Alias(_) => return Err(YamlError::Alias.into()),
                event if is_missing(&event) => {
                    return Err(FileFault::NoParametersKey { got: format!("nothing below `{}`", shorten(&name)) });
                }
                event => {
                    self.line = line;
                    let got = format!("{} for `{}`", what(&event), shorten(&key));
                    return Err(FileFault::NoParametersKey { got });
                }
            }
        }
        Ok(())
    }

    /// A map of parameters below `above`. Recursion ends at the depth limit.
    fn parameters(&mut self, above: &str, parameters: &mut Vec<FileParameter>) -> Result<(), FileFault> {
        while let Some(key) = self.key()? {
            let (name, line) = (joined(above, '.', &key)?, self.line);
            let value = match self.next()? {
                Event::MappingStart(..) => {
                    self.parameters(&name, parameters)?;
                    continue;
                }
                Event::SequenceStart(_, None) => self.list()?,
                Event::SequenceStart(_, Some(tag)) => self.list()?.and(Err(YamlError::Tag { tag: tag.to_string() })),
                Event::Alias(_) => Err(YamlError::Alias),
                event => scalar_event(&event),
            };
            parameters.push(FileParameter { name, value, line });
        }
        Ok(())
    }

    /// The rest of a list; read to its end even when it cannot be a value.
    fn list(&mut self) -> Result<Result<Value, YamlError>, FileFault> {
        let end = self.depth.saturating_sub(1);
        let mut list = Ok(ListBuilder::default());
        loop {
            let event = self.next()?;
            let element = match &event {
                Event::SequenceEnd | Event::MappingEnd if self.depth == end => return Ok(list.map(ListBuilder::finish)),
                Event::SequenceStart(..) => Err(YamlError::Nested { got: "a list" }),
                Event::MappingStart(..) => Err(YamlError::Nested { got: "a map" }),
                Event::Alias(_) => Err(YamlError::Alias),
                Event::Scalar(..) => scalar_event(&event),
                Event::StreamEnd => return Err(YamlError::Syntax("the list does not end".to_owned()).into()),
                _ => continue,
            };
            list = list.and_then(|mut list: ListBuilder| element.and_then(|element| list.push(element)).map(|()| list));
        }
    }
}

fn joined(above: &str, separator: char, key: &str) -> Result<String, FileFault> {
    // Checked before it is joined: long keys above many short ones must not add up.
    if above.len() + key.len() >= MAX_NAME_BYTES {
        return Err(FileFault::NameTooLong { max: MAX_NAME_BYTES, name: key.to_owned() });
    }
    Ok(if above.is_empty() { key.to_owned() } else { format!("{above}{separator}{key}") })
}

fn what(event: &Event<'_>) -> &'static str {
    match event {
        Event::SequenceStart(..) => "a list",
        Event::MappingStart(..) => "a map",
        Event::Alias(_) => "an alias",
        _ => "a value",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Vec<(String, String, String, usize)> {
        let file = parse_parameter_file(text, Path::new("p.yaml")).unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut rows = Vec::new();
        for entry in file.entries {
            for parameter in entry.parameters {
                let value = parameter.value.map_or_else(|error| error.to_string(), |value| value.to_string());
                rows.push((entry.selector.to_string(), parameter.name, value, parameter.line));
            }
        }
        rows
    }

    fn row(node: &str, name: &str, value: &str, line: usize) -> (String, String, String, usize) {
        (node.to_owned(), name.to_owned(), value.to_owned(), line)
    }

    fn error(text: &str) -> String {
        parse_parameter_file(text, Path::new("p.yaml")).expect_err(text).to_string()
    }

    #[test]
    fn nodes_namespaces_and_nested_parameters() {
        let text = "\
/**:
  ros__parameters:
    use_sim_time: true
planner:
  ros__parameters:
    gate:
      speed: 1.5
      wall: {margin: 0.1, on: 'yes'}
    gains: [1.0, 2.0]
    a.b: 3
robot:
  planner: # nested namespace
    ros__parameters: {steps: 5}
/fleet/one:
  ros__parameters:
";
        assert_eq!(
            parsed(text),
            [
                row("/**", "use_sim_time", "true", 3),
                row("/planner", "gate.speed", "1.5", 7),
                row("/planner", "gate.wall.margin", "0.1", 8),
                row("/planner", "gate.wall.on", "\"yes\"", 8),
                row("/planner", "gains", "[1.0, 2.0]", 9),
                row("/planner", "a.b", "3", 10),
                row("/robot/planner", "steps", "5", 13),
            ]
        );
        assert_eq!(parsed(""), []);
        assert_eq!(parsed("# nothing\n"), []);
        assert_eq!(parsed("a: {ros__parameters: {x: 1}}\n---\nb: {ros__parameters: {x: 2}}\n").len(), 2);
    }

    #[test]
    fn what_has_no_value_is_kept_with_its_reason() {
        let text = "a:\n  ros__parameters:\n    mixed: [1, 2.0]\n    deep: [1, [2, {x: y}], 3]\n    none:\n    after: 1\n    tilde: ~\n    list: !!set [1]\n";
        let rows = parsed(text);
        assert!(rows[0].2.starts_with("expected a list of one type, got integer and double"), "{rows:?}");
        assert!(rows[1].2.starts_with("expected a flat list"), "{rows:?}");
        assert!(rows[2].2.starts_with("expected a value, got nothing"), "{rows:?}");
        assert_eq!(rows[3], row("/a", "after", "1", 6));
        assert_eq!(rows[4], row("/a", "tilde", "\"~\"", 7));
        assert!(rows[5].2.starts_with("expected a value without a tag"), "{rows:?}");
    }

    #[test]
    fn faults_are_told_with_their_line() {
        for (text, expected) in [
            (
                "planner:\n  speed: 1\n",
                "p.yaml:2: expected `ros__parameters:` above the parameters, got a value for `speed`",
            ),
            ("planner:\n", "p.yaml:1: expected `ros__parameters:` above the parameters, got nothing below `planner`"),
            ("planner: [1]\n", "p.yaml:1: expected `ros__parameters:` above the parameters, got a list for `planner`"),
            ("ros__parameters:\n  a: 1\n", "p.yaml:1: expected a node name above `ros__parameters`"),
            ("a:\n  ros__parameters: 3\n", "p.yaml:2: expected a map of node names, got a value"),
            ("- a\n", "p.yaml:1: expected a map of node names, got a list"),
            ("hello\n", "p.yaml:1: expected a map of node names, got a single value"),
            ("a b:\n  ros__parameters: {}\n", "p.yaml:2: expected a node name, `*` or `**` between `/`, got `a b`"),
            ("a:\n  ros__parameters:\n    x: 1\n   y: 2\n", "p.yaml:4: expected YAML, got a syntax error"),
            ("a:\n  ros__parameters:\n    [1]: 2\n", "p.yaml:3: expected a text as key, got a list"),
            ("a: &x\n  ros__parameters: {y: 1}\nb: *x\n", "p.yaml:3: expected a plain value, got an alias"),
        ] {
            let got = error(text);
            assert!(got.starts_with(expected), "{text}\n{got}");
        }
    }

    #[test]
    fn alias_bombs_and_depth_and_size_end_early() {
        let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (letter, above) in ('b'..='z').zip('a'..='y') {
            bomb.push_str(&format!("{letter}: &{letter} [{}]\n", vec![format!("*{above}"); 9].join(", ")));
        }
        assert!(error(&bomb).contains("expected `ros__parameters:`"));
        let inside =
            format!("n:\n  ros__parameters:\n{}", bomb.lines().map(|line| format!("    {line}\n")).collect::<String>());
        let rows = parsed(&inside);
        assert!(rows.len() == 26 && rows[25].2.starts_with("expected a plain value, got an alias"), "{}", rows.len());

        for deep in
            ["[".repeat(200), "- ".repeat(100_000), "a: {".to_owned() + &"b: {".repeat(100), "? ".repeat(100_000)]
        {
            let got = error(&format!("n:\n  ros__parameters:\n    x:\n      {deep}"));
            assert!(got.contains("expected at most 32 levels") || got.contains("as key"), "{got}");
        }
        assert!(error(&" ".repeat(MAX_FILE_BYTES + 1)).contains("expected at most 1048576 bytes"));
        let long = format!("n:\n  ros__parameters:\n    ? {}\n    : {{a: 1, b: 2}}\n", "k".repeat(100_000));
        assert!(error(&long).contains("expected a name of at most 512 bytes"));
    }

    #[test]
    fn files_are_read_with_a_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("p.yaml");
        std::fs::write(&path, "a:\n  ros__parameters: {x: 1}\n").expect("written");
        assert_eq!(read_parameter_file(&path).expect("valid").entries.len(), 1);
        std::fs::write(&path, vec![b' '; MAX_FILE_BYTES + 1]).expect("written");
        assert!(matches!(read_parameter_file(&path), Err(FileError::TooLarge { .. })));
        std::fs::write(&path, [0xff, 0xfe, 0x00]).expect("written");
        assert!(matches!(read_parameter_file(&path), Err(FileError::NotText { .. })));
        let text: Vec<u8> =
            "\u{feff}a:\n  ros__parameters: {x: 1}\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        std::fs::write(&path, text).expect("written");
        assert!(read_parameter_file(&path).is_ok_and(|file| file.entries.len() == 1));
        assert!(matches!(read_parameter_file(folder.path()), Err(FileError::NotAFile { .. })));
        assert!(matches!(read_parameter_file(&folder.path().join("none")), Err(FileError::Io { .. })));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}|[\\[\\]{}:,&*!|>'\"%@` \\n\\t#?\\-0-9a-c~.]{0,120}") {
            let _ = parse_parameter_file(&text, Path::new("p.yaml"));
        }

        #[test]
        fn no_file_like_text_panics(lines in prop::collection::vec("( {0,6})(a|/\\*\\*|ros__parameters|x|'y'|- 1|\\[1|\\{a: 1|\\*z|&z 1|---|\\.\\.\\.|!!str|<<)(:| :|: [&*!a-c1\\[\\]{}]{0,6}|)", 0..12)) {
            let _ = parse_parameter_file(&lines.join("\n"), Path::new("p.yaml"));
        }
    }
}
