//! Layout files: encodings, and the forms in which D4RL, gymnasium-robotics and MovingAI write mazes.

use super::layout::{Layout, LayoutError};
use crate::text;
use std::io::ErrorKind;
use std::path::Path;

impl Layout {
    /// A built-in layout by name, else the layout in the file of that path, else a layout given as D4RL's one-line text.
    ///
    /// # Errors
    /// [`LayoutError::Unknown`] if it is none of them; what is wrong with the file, with its name, otherwise.
    pub fn named_or_file(name_or_path: &str) -> Result<Self, LayoutError> {
        if let Some(layout) = Self::named(name_or_path) {
            return Ok(layout);
        }
        let path = Path::new(name_or_path);
        let bytes = match text::read_bytes(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound || name_or_path.contains('\\') => {
                let is_text = name_or_path.starts_with('#') && name_or_path.contains('\\');
                return if is_text {
                    Self::from_text("maze", name_or_path)
                } else {
                    Err(LayoutError::Unknown(name_or_path.to_owned()))
                };
            }
            Err(error) => return Err(LayoutError::File { path: name_or_path.to_owned(), got: error.to_string() }),
        };
        let name = path.file_stem().map_or_else(|| "maze".to_owned(), |stem| stem.to_string_lossy().into_owned());
        let of_file = |source| LayoutError::InFile { path: name_or_path.to_owned(), source: Box::new(source) };
        let text = decoded(&bytes).map_err(|got| LayoutError::File { path: name_or_path.to_owned(), got })?;
        Self::from_text(&name, &text).map_err(of_file)
    }

    /// Reads a maze from text in any of these forms:
    ///
    /// * one line per row of `#` (wall), `O` (free) and `G` (goal), D4RL's own; rows may also be separated by `\` or `/`,
    ///   and be strings of Python;
    /// * rows of `1` (wall) and `0` (free), and gymnasium-robotics' lists of lists with 1, 0, `"r"` (start), `"g"` (goal)
    ///   and `"c"` (both); of several goals none is the layout's;
    /// * MovingAI's `.map` (`type octile`): `.`, `G` and `S` are free, `@`, `O`, `T` and `W` walls. An open border gets a
    ///   ring of walls.
    ///
    /// # Errors
    /// The first thing that is wrong with the text.
    pub fn from_text(name: &str, text: &str) -> Result<Self, LayoutError> {
        let rows = if text.trim_start().to_ascii_lowercase().starts_with("type ") {
            moving_ai(text)?
        } else if text.contains('[') && !text.contains("\"#") && !text.contains("'#") {
            nested_lists(text)?
        } else {
            plain_rows(text)?
        };
        Self::parse(name, &rows)
    }
}

/// The text of a layout file, or what the file is instead.
fn decoded(bytes: &[u8]) -> Result<String, String> {
    let text = text::decoded(bytes)?;
    let text = text.strip_prefix('\u{200b}').unwrap_or(&text);
    let (word, rest) = text.trim_start().split_at_checked(2).unwrap_or(("", text));
    if matches!(word, "P1" | "P2" | "P3" | "P4" | "P5" | "P6") && rest.starts_with(char::is_whitespace) {
        return Err(
            "a picture (PGM); a map of Nav2 is published by its map_server and reaches a node as its map".to_owned()
        );
    }
    let kinds = [
        ("image:", "a map file of Nav2, whose map is published by map_server and reaches a node as its map"),
        ("version ", "a list of scenarios; their map is the .map file of that name"),
    ];
    let begins = |word: &str| text.trim_start().starts_with(word) || word == "image:" && text.contains("\nimage:");
    match kinds.iter().find(|(word, _)| begins(word)) {
        Some((_, what)) => Err((*what).to_owned()),
        None => Ok(text.to_owned()),
    }
}

/// Rows of characters, separated by line ends, backslashes or slashes.
fn plain_rows(text: &str) -> Result<String, LayoutError> {
    let mut text = text.replace("\\n", "\n");
    if let Some(quote) = text.chars().find(|letter| matches!(letter, '"' | '\'')) {
        // Strings of Python: what stands between quotes.
        text = text.split(quote).skip(1).step_by(2).collect::<Vec<_>>().join("\n");
    }
    let is_digits = text.contains('1');
    let mut rows = String::with_capacity(text.len());
    let lines = text.split(['\n', '\r', '\\', '/']).map(str::trim).filter(|line| !line.is_empty());
    for (row, line) in lines.enumerate() {
        for (column, found) in line.chars().enumerate() {
            rows.push(match found {
                '#' | 'O' | 'G' => found,
                ' ' | '\t' | ',' if is_digits => continue,
                // D4RL takes a space and a zero as free.
                ' ' | '0' => 'O',
                '1' => '#',
                _ => return Err(LayoutError::Character { row, column, found }),
            });
        }
        rows.push('\n');
    }
    Ok(rows)
}

/// A Python or JSON list of rows, the first in the text.
fn nested_lists(text: &str) -> Result<String, LayoutError> {
    let (mut depth, mut row, mut column) = (0, 0, 0);
    let (mut rows, mut entry, mut is_comment, mut is_over) = (String::new(), String::new(), false, false);
    let (mut goals, mut before) = (0, ' ');
    for letter in text.chars() {
        is_comment = (is_comment || letter == '#') && letter != '\n';
        // Of `MAZE: List[List[int]] = [[1, ...` the type is no list.
        let is_type = depth == 0 && before.is_alphanumeric();
        before = letter;
        if is_comment || depth == 0 && letter != '[' || is_type {
            continue;
        }
        if is_over {
            return Err(LayoutError::Several);
        }
        if !matches!(letter, '[' | ']' | ',') && !letter.is_whitespace() {
            entry.push(letter);
            continue;
        }
        if !entry.is_empty() {
            let value = entry.trim_matches(['"', '\'']).to_ascii_lowercase();
            rows.push(match value.as_str() {
                "1" | "1.0" | "1." | "true" => '#',
                "0" | "0.0" | "0." | "false" | "r" | "reset" => 'O',
                "g" | "c" | "goal" | "combined" => {
                    goals += 1;
                    'G'
                }
                _ => return Err(LayoutError::Entry { row, column, found: entry.chars().take(20).collect() }),
            });
            entry.clear();
            column += 1;
        }
        match letter {
            '[' => depth += 1,
            ']' => {
                depth -= 1;
                is_over = depth == 0;
                if column > 0 {
                    rows.push('\n');
                    (row, column) = (row + 1, 0);
                }
            }
            _ => {}
        }
    }
    if !is_over {
        return Err(LayoutError::Unclosed);
    }
    // gymnasium-robotics draws one of several goals for each episode.
    Ok(if goals > 1 { rows.replace('G', "O") } else { rows })
}

/// MovingAI's map as text of walls and free cells, with a ring of walls where its border is open.
fn moving_ai(text: &str) -> Result<String, LayoutError> {
    let cells = moving_ai_cells(text)?;
    let (height, width) = (cells.len(), cells.first().map_or(0, Vec::len));
    let is_border = |row: usize, column: usize| row == 0 || column == 0 || row + 1 == height || column + 1 == width;
    let is_open = cells
        .iter()
        .enumerate()
        .any(|(row, line)| line.iter().enumerate().any(|(column, is_wall)| !is_wall && is_border(row, column)));
    let ring = usize::from(is_open);
    let wall = |count: usize| "#".repeat(count);
    let edge = format!("{}\n", wall(width + 2 * ring)).repeat(ring);
    let letters = |line: &[bool]| line.iter().map(|is_wall| if *is_wall { '#' } else { 'O' }).collect::<String>();
    let middle: String = cells.iter().map(|line| format!("{0}{1}{0}\n", wall(ring), letters(line))).collect();
    Ok(format!("{edge}{middle}{edge}"))
}

/// Rows of MovingAI's map behind a header of four lines, true for walls: at least one row of at least one cell.
pub(super) fn moving_ai_cells(text: &str) -> Result<Vec<Vec<bool>>, LayoutError> {
    let mut lines = text.lines().map(str::trim_end);
    let number = |value: Option<&str>| value.and_then(|value| value.parse::<usize>().ok()).filter(|count| *count > 0);
    let mut size = [None; 2];
    for line in lines.by_ref() {
        let mut words = line.split_whitespace();
        match (words.next().map(str::to_ascii_lowercase).as_deref(), words.next()) {
            (Some("height"), value) => size[0] = number(value),
            (Some("width"), value) => size[1] = number(value),
            (Some("map"), _) => break,
            _ => {}
        }
    }
    let [Some(height), Some(width)] = size else { return Err(LayoutError::Header) };
    let mut cells: Vec<Vec<bool>> = Vec::new();
    for (row, line) in lines.filter(|line| !line.is_empty()).enumerate() {
        let of = |(column, found)| match found {
            '.' | 'G' | 'S' => Ok(false),
            '@' | 'O' | 'T' | 'W' => Ok(true),
            _ => Err(LayoutError::Character { row, column, found }),
        };
        let line: Vec<bool> = line.chars().enumerate().map(of).collect::<Result<_, _>>()?;
        if line.len() != width {
            return Err(LayoutError::Ragged { row, expected: width, got: line.len() });
        }
        cells.push(line);
    }
    if cells.len() != height {
        return Err(LayoutError::Rows { expected: height, got: cells.len() });
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D4RL's umaze.
    const UMAZE: &str = "#####\n#GOO#\n###O#\n#OOO#\n#####\n";

    fn read_as(bytes: &[u8]) -> Result<Layout, LayoutError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("maze.txt");
        std::fs::write(&path, bytes).expect("written");
        Layout::named_or_file(&path.to_string_lossy())
    }

    #[test]
    fn a_layout_is_read_in_every_encoding_that_is_sure() {
        let units = |order: fn(u16) -> [u8; 2]| UMAZE.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let (little, big) = (units(u16::to_le_bytes), units(u16::to_be_bytes));
        let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        for bytes in [
            UMAZE.as_bytes().to_vec(),
            marked(b"\xef\xbb\xbf", UMAZE.as_bytes()),
            UMAZE.replace('\n', "\r\n").into_bytes(),
            UMAZE.replace('\n', "\r").into_bytes(),
            marked(b"\xff\xfe", &little),
            marked(b"\xfe\xff", &big),
            little.clone(),
            big,
            // A remark in Latin-1, in a form that has remarks.
            b"# Gr\xf6\xdfe\n[[1,1,1],[1,'g',1],[1,1,1]]".to_vec(),
        ] {
            let read = read_as(&bytes);
            assert!(read.as_ref().is_ok_and(|layout| layout.goal_cell() == Some((1, 1))), "{bytes:?}: {read:?}");
        }
        for (bytes, words) in [
            (marked(b"\xff\xfe", &little[1..]), "got a damaged text in UTF-16"),
            (b"\xff\xfe\0\0#\0\0\0".to_vec(), "got a text in UTF-32"),
            (b"\x89PNG\r\n\x1a\n".to_vec(), "got a picture"),
            (b"P5\n4 4\n255\n....".to_vec(), "got a picture (PGM)"),
            (b"P2\n3 3\n255\n0 0 0\n".to_vec(), "got a picture (PGM)"),
            (b"<?xml version=\"1.0\"?>\n<sdf version=\"1.6\">".to_vec(), "got XML"),
            (b"GIF89a".to_vec(), "got a picture (GIF)"),
            (b"\x08\x01\x02".to_vec(), "got bytes that are no text"),
            (b"# depot\nimage: depot.pgm\norigin: [0, 0, 0]\n".to_vec(), "got a map file of Nav2"),
            (b"version 1\n0\tBerlin_0_256.map\t256\t256\t1\t1\t2\t2\t1.4\n".to_vec(), "got a list of scenarios"),
            (b"<!DOCTYPE html>".to_vec(), "got a web page"),
            (b"###\n#\xe9#\n###".to_vec(), "got '\u{e9}' in row 1, column 1"),
        ] {
            let error = read_as(&bytes).expect_err(words).to_string();
            assert!(
                error.contains("maze.txt") && error.contains(words) && !error.contains("umaze"),
                "{words}: {error}"
            );
        }
        let folder = tempfile::tempdir().expect("a folder");
        let error = Layout::named_or_file(&folder.path().to_string_lossy()).expect_err("a folder").to_string();
        assert!(error.contains("got a folder"), "{error}");
    }

    #[test]
    fn layouts_of_d4rl_gymnasium_robotics_and_movingai_are_read() {
        let one_line = r"#####\#GOO#\###O#\#OOO#\#####";
        let cases = [
            one_line.to_owned(),
            one_line.replace('\\', r"\\"),
            format!("U_MAZE = \\\n        \"{}\"", one_line.replace('\\', "\\\\\"+\\\n        \"")),
            UMAZE.replace('\n', "\\n"),
            "##### / #GOO# / ###O# / #OOO# / #####".to_owned(),
            "#####\n#G  #\n### #\n#000#\n#####".to_owned(),
            "[[1, 1, 1, 1, 1],\n [1, 'g', 0, 0, 1],\n [1, 1, 1, 0, 1],\n [1, \"r\", 0, 0, 1],\n [1, 1, 1, 1, 1]]".to_owned(),
            "# a map\nMAZE = [\n  [1, 1, 1, 1, 1],\n [1, C, 0, 0, 1], # the goal\n [1, 1, 1, 0, 1],\n [1, R, 0, 0, 1],\n [1, 1, 1, 1, 1],\n]\n"
                .to_owned(),
            "['#####', '#GOO#', '###O#', '#OOO#', '#####']".to_owned(),
            "U_MAZE: List[List[Union[int, str]]] = [[1,1,1,1,1],[1,'g',0,0,1],[1,1,1,0,1],[1,0,0,0,1],[1,1,1,1,1]]".to_owned(),
            "[[1 1 1 1 1]\n [1 g 0 0 1]\n [1 1 1 0 1]\n [1 0 0 0 1]\n [1 1 1 1 1]]".to_owned(),
        ];
        for text in cases {
            let read = Layout::from_text("umaze", &text);
            assert_eq!(read.as_ref(), Ok(&Layout::umaze()), "{text}");
        }
        let map = "type octile\nheight 3\nwidth 4\nmap\n.GS@\nTW.O\n@@@@\n";
        let read = Layout::from_text("city", map).map(|layout| layout.to_text());
        assert_eq!(read.as_deref(), Ok("######\n#OOO##\n###O##\n######\n######\n"));
        let closed =
            Layout::from_text("city", "type tile\nheight 3\nwidth 3\nmap\n@@@\n@.@\nTTT").map(|city| city.rows());
        assert_eq!(closed, Ok(3), "no ring where the border is closed");
        let several = Layout::from_text("any", "[[1,1,1,1],[1,'g','g',1],[1,1,1,1]]").map(|any| any.goal_cell());
        assert_eq!(several, Ok(None));
        assert_eq!(Layout::named_or_file(one_line).map(|maze| maze.to_text()), Ok(UMAZE.to_owned()));
    }

    #[test]
    fn what_is_wrong_with_a_foreign_layout_is_named() {
        let wrong = |text: &str| Layout::from_text("any", text).expect_err(text);
        assert_eq!(wrong("[[1,1,1],[1,2,1],[1,1,1]]"), LayoutError::Entry { row: 1, column: 1, found: "2".to_owned() });
        assert_eq!(wrong("[[1,1,1],[1,0,1]"), LayoutError::Unclosed);
        assert_eq!(wrong("A = [[1]]\nB = [[1]]"), LayoutError::Several);
        for header in ["", "height 0\nwidth 99999999999999\n", "height 1\nwidth -1\n"] {
            assert_eq!(wrong(&format!("type octile\n{header}map\n...")), LayoutError::Header);
        }
        assert_eq!(wrong("type octile\nheight 2\nwidth 1\nmap\n."), LayoutError::Rows { expected: 2, got: 1 });
        assert!(matches!(wrong("type octile\nheight 1\nwidth 2\nmap\n."), LayoutError::Ragged { expected: 2, .. }));
        assert!(matches!(wrong("type octile\nheight 1\nwidth 1\nmap\nx"), LayoutError::Character { found: 'x', .. }));
    }
}
