//! Text files that people write: their encodings, and what a file is instead.

use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

/// Larger files were not written by a person.
const MAX_BYTES: u64 = 8 << 20;

/// Reads a text file, whatever its encoding.
///
/// # Errors
/// Of the file system; what the file is if it is no text.
pub fn read(path: &Path) -> io::Result<String> {
    decoded(&read_bytes(path)?)
        .map_err(|got| io::Error::new(ErrorKind::InvalidData, format!("expected a text, got {got}")))
}

/// The bytes of a file that is no larger than a person writes. A pipe is read to its end.
///
/// # Errors
/// Of the file system; if it is a folder, or larger.
pub fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::new(ErrorKind::IsADirectory, "a folder"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("more than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

/// Order of the two bytes of a unit of UTF-16.
type Unit = fn([u8; 2]) -> u16;

/// The text in bytes, or what they are instead. Without a mark UTF-16 is known by its zeros, and what is no UTF-8 is
/// taken as Latin-1: all that means something in our files is ASCII, the same in both.
///
/// # Errors
/// The kind of file.
pub fn decoded(bytes: &[u8]) -> Result<String, &'static str> {
    let kinds: [(&[u8], &str); 9] = [
        (b"\x89PNG", "a picture (PNG)"),
        (b"GIF8", "a picture (GIF)"),
        (b"\xff\xd8\xff", "a picture (JPEG)"),
        (b"%PDF", "a PDF document"),
        (b"{\\rtf", "a document of a word processor (RTF)"),
        (b"PK\x03\x04", "a zip archive, or a document of an office program"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\xff\xfe\0\0", "a text in UTF-32; save it as UTF-8"),
        (b"\0\0\xfe\xff", "a text in UTF-32; save it as UTF-8"),
    ];
    if let Some((_, what)) = kinds.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(what);
    }
    let zeros = |from: usize| bytes.iter().skip(from).step_by(2).all(|byte| *byte == 0);
    let (unit, rest): (Option<Unit>, &[u8]) = match bytes {
        [0xff, 0xfe, rest @ ..] => (Some(u16::from_le_bytes), rest),
        [0xfe, 0xff, rest @ ..] => (Some(u16::from_be_bytes), rest),
        [0xef, 0xbb, 0xbf, rest @ ..] => (None, rest),
        [_, _, ..] if zeros(1) && !zeros(0) => (Some(u16::from_le_bytes), bytes),
        [_, _, ..] if zeros(0) && !zeros(1) => (Some(u16::from_be_bytes), bytes),
        _ => (None, bytes),
    };
    let text = match unit {
        Some(unit) => {
            let (pairs, odd) = rest.as_chunks::<2>();
            let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
            text.ok().filter(|_| odd.is_empty()).ok_or("a damaged text in UTF-16; save it as UTF-8")?
        }
        None => {
            String::from_utf8(rest.to_vec()).unwrap_or_else(|_| rest.iter().map(|byte| char::from(*byte)).collect())
        }
    };
    // DOS ends a text with control and Z.
    let text = text.strip_suffix('\u{1a}').map_or(text.clone(), str::to_owned);
    if text.chars().any(|letter| letter.is_control() && !letter.is_whitespace()) {
        return Err("bytes that are no text");
    }
    let begins = text.trim_start().get(..100).unwrap_or(text.trim_start()).to_ascii_lowercase();
    if begins.starts_with("version https://git-lfs") {
        Err("a git-lfs pointer instead of the file itself: git lfs pull")
    } else if begins.starts_with("<!doctype html") || begins.starts_with("<html") {
        Err("a web page")
    } else if begins.starts_with('<') {
        Err("XML, such as a world, a robot or a page")
    } else {
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_in_every_encoding_that_is_sure_and_other_files_are_named() {
        let text = "name = 'x' # remark\r\n";
        let units = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let (little, big) = (units(u16::to_le_bytes), units(u16::to_be_bytes));
        for bytes in [
            text.as_bytes().to_vec(),
            [&b"\xef\xbb\xbf"[..], text.as_bytes()].concat(),
            [&b"\xff\xfe"[..], &little].concat(),
            [&b"\xfe\xff"[..], &big].concat(),
            little.clone(),
            big,
            [text.as_bytes(), &b"\x1a"[..]].concat(),
        ] {
            assert_eq!(decoded(&bytes).as_deref(), Ok(text), "{bytes:?}");
        }
        assert_eq!(decoded(b"# Gr\xf6\xdfe").as_deref(), Ok("# Gr\u{f6}\u{df}e"));
        for (bytes, what) in [
            (&b"GIF89a"[..], "a picture (GIF)"),
            (b"\xff\xd8\xff\xe0", "a picture (JPEG)"),
            (b"%PDF-1.4", "a PDF document"),
            (b"<?xml version=\"1.0\"?><sdf>", "XML, such as a world, a robot or a page"),
            (b"<!DOCTYPE html>", "a web page"),
            (
                b"version https://git-lfs.github.com/spec/v1\n",
                "a git-lfs pointer instead of the file itself: git lfs pull",
            ),
            (b"\0\x01\x02\x03", "bytes that are no text"),
        ] {
            assert_eq!(decoded(bytes), Err(what));
        }
    }
}
