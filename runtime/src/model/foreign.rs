//! What a file is that is no model: its kind by the first bytes, and what to do about it.

use super::artefact::MANIFEST_KEY;
use super::error::ModelError;
use super::protobuf::{field, fields};

/// Longest piece of a text in a message.
const QUOTED_CHARACTERS: usize = 60;
/// Bytes that are looked at where the kind does not stand at the beginning.
const LOOKED_AT: usize = 4096;

const UNPACK: &str = "unpack it and give the .onnx file in it";
const EXPORT: &str = "a planner is fitted with `planwright-train fit` and exported with `planwright-train export`; weights and models of other tools have no manifest";
const DOWNLOAD: &str = "copy or download the model again";

/// Where in a file which bytes stand, what they tell, and what to do.
const KINDS: &[(usize, &[u8], &str, &str)] = &[
    (0, b"version https://git-lfs", "a git-lfs pointer instead of the file itself", "git lfs install && git lfs pull"),
    (0, b"oid sha256:", "a git-lfs pointer instead of the file itself", "git lfs install && git lfs pull"),
    (0, b"outs:\n- md5:", "a DVC pointer instead of the file itself", "dvc pull FILE"),
    (0, b"/annex/objects/", "a git-annex pointer instead of the file itself", "git annex get FILE"),
    (0, b"\x1f\x8b", "a gzip archive", UNPACK),
    (0, b"\xfd7zXZ", "an xz archive", UNPACK),
    (0, b"BZh", "a bzip2 archive", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a zstd archive", UNPACK),
    (0, b"7z\xbc\xaf", "a 7-Zip archive", UNPACK),
    (0, b"Rar!", "a RAR archive", UNPACK),
    (257, b"ustar", "a tar archive", UNPACK),
    (0, b"\x89HDF", "an HDF5 file, as Keras writes them", EXPORT),
    (0, b"\x80\x02", "a Python pickle, as old versions of PyTorch write them", EXPORT),
    (0, b"\x80\x03", "a Python pickle", EXPORT),
    (0, b"\x80\x04", "a Python pickle", EXPORT),
    (0, b"\x80\x05", "a Python pickle", EXPORT),
    (0, b"\x93NUMPY", "a NumPy array", EXPORT),
    (0, b"GGUF", "a GGUF file", EXPORT),
    (4, b"TFL3", "a TensorFlow Lite model", EXPORT),
    (4, b"ORTM", "a model in ONNX Runtime's own format", EXPORT),
    (0, b"ftrt", "a TensorRT engine", EXPORT),
    (0, b"ptrt", "a TensorRT engine", EXPORT),
    (0, b"\x7fELF", "a program or shared library", EXPORT),
    (0, b"%PDF", "a PDF document", DOWNLOAD),
    (0, b"\x89PNG", "a picture", DOWNLOAD),
];

/// What the bytes of a file are that is not what was expected, and what to do; `None` for bytes of no known kind.
pub fn known_kind(bytes: &[u8]) -> Option<(String, &'static str)> {
    let model =
        || onnx(bytes).map(|producer| (format!("an ONNX model{producer}"), "give the file that it was made from"));
    other_kind(bytes).or_else(model)
}

/// What has been done to a binary file that was sent as text: its line ends, or all bytes that are no UTF-8, are others.
pub(super) fn as_text(bytes: &[u8]) -> Option<&'static str> {
    // Among so many bytes each pair is expected many times.
    if bytes.len() < 1 << 20 {
        return None;
    }
    let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
    let pairs = bytes.windows(2).filter(|pair| pair == b"\r\n").count();
    if bytes.windows(3).filter(|three| three == b"\xef\xbf\xbd").count() > 1000 {
        Some("its bytes were read as text, and those that are none were lost")
    } else if ends == pairs && ends > 1000 {
        Some("its line ends were changed to CR LF, as git (autocrlf) or FTP do with a text")
    } else if pairs == 0 && ends > 6000 {
        Some("its line ends were changed from CR LF, as git (autocrlf) or FTP do with a text")
    } else {
        None
    }
}

/// Why bytes without our hash at their end are refused.
pub(super) fn diagnose(bytes: &[u8]) -> ModelError {
    match other_kind(bytes) {
        Some((got, hint)) => ModelError::Foreign { got, hint },
        None if contains(bytes, MANIFEST_KEY) || is_beginning(bytes) => ModelError::Truncated,
        None => {
            let (got, hint) = without_manifest(bytes);
            ModelError::Foreign { got, hint }
        }
    }
}

/// What bytes are that are no ONNX model, and what to do.
fn other_kind(bytes: &[u8]) -> Option<(String, &'static str)> {
    if bytes.is_empty() {
        return Some(("an empty file".to_owned(), DOWNLOAD));
    }
    if bytes.iter().all(|byte| *byte == 0) {
        let got = format!("{} bytes that are all zero, as a download that broke off leaves them", bytes.len());
        return Some((got, DOWNLOAD));
    }
    // An editor may have put a mark or blank lines before a pointer.
    let marked = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let bytes = if marked.starts_with(b"version https://git-lfs") { marked } else { bytes };
    let is =
        |(at, magic, ..): &&(usize, &[u8], &str, &str)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(magic));
    if let Some((.., what, hint)) = KINDS.iter().find(is) {
        return Some(((*what).to_owned(), hint));
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Some(zip(bytes));
    }
    safetensors(bytes).or_else(|| text(bytes))
}

/// An ONNX model of other tools, or bytes of no known kind.
fn without_manifest(bytes: &[u8]) -> (String, &'static str) {
    if let Some(producer) = onnx(bytes) {
        let got = format!("an ONNX model without a planwright manifest{producer}");
        return (
            got,
            "give the file as it was exported: converters and simplifiers drop the manifest, and models of other tools have none",
        );
    }
    let first: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let bytes_are = if bytes.len() == 1 { "1 byte".to_owned() } else { format!("{} bytes", bytes.len()) };
    (format!("{bytes_are} of no known kind (they begin with {})", first.join(" ")), DOWNLOAD)
}

/// Whether bytes are the beginning of an ONNX model whose end is missing.
fn is_beginning(bytes: &[u8]) -> bool {
    let mut all = fields(bytes);
    // `ir_version` comes first in every ONNX file.
    let first = all.next().and_then(Result::ok);
    if !first.is_some_and(|first| first.number == field::MODEL_IR_VERSION && (1..64).contains(&first.varint)) {
        return false;
    }
    let (mut graph, mut ours, mut is_sorted, mut last) = (false, false, true, 0);
    for field in all {
        let Ok(field) = field else { return true };
        graph |= field.number == field::MODEL_GRAPH;
        ours |= field.number == field::MODEL_PRODUCER && field.content == Some(b"planwright");
        is_sorted &= last <= field.number;
        last = field.number;
    }
    // Cut off just before its manifest. Other tools, which drop manifests, write fields in the order of their numbers.
    !graph || ours && !is_sorted
}

fn contains(bytes: &[u8], wanted: &str) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes())
}

/// The names of its members stand at the beginning of a zip archive and at its end.
fn zip(bytes: &[u8]) -> (String, &'static str) {
    let ends = [bytes.get(..LOOKED_AT).unwrap_or(bytes), &bytes[bytes.len().saturating_sub(LOOKED_AT)..]];
    let holds = |name: &str| ends.iter().any(|end| contains(end, name));
    if holds("data.pkl") {
        ("a PyTorch file (.pt)".to_owned(), EXPORT)
    } else if holds(".npy") {
        ("a NumPy archive (.npz)".to_owned(), EXPORT)
    } else {
        ("a zip archive".to_owned(), UNPACK)
    }
}

/// Eight bytes of a length, then JSON.
fn safetensors(bytes: &[u8]) -> Option<(String, &'static str)> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let fits = usize::try_from(u64::from_le_bytes(*length)).is_ok_and(|length| length <= rest.len());
    if !(fits && rest.starts_with(b"{")) {
        return None;
    }
    if contains(bytes.get(..1 << 20).unwrap_or(bytes), "planwright.training") {
        return Some((
            "a checkpoint of `planwright-train fit`".to_owned(),
            "planwright-train export FILE --out model.onnx",
        ));
    }
    Some(("a safetensors file".to_owned(), EXPORT))
}

/// Text: a page, JSON or words, such as the answer of a server.
fn text(bytes: &[u8]) -> Option<(String, &'static str)> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Some(("a text in UTF-16".to_owned(), DOWNLOAD));
    }
    let beginning = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    // The piece may end within a character.
    let whole = std::str::from_utf8(beginning)
        .map_or_else(|error| (error.error_len().is_none()).then(|| error.valid_up_to()), |text| Some(text.len()))?;
    let text = std::str::from_utf8(beginning.get(..whole)?).ok()?.trim_start_matches('\u{feff}').trim_start();
    if text.chars().any(|letter| letter.is_control() && !letter.is_whitespace()) {
        return None;
    }
    let small = text.to_ascii_lowercase();
    if small.starts_with("<!doctype html") || small.starts_with("<html") || small.contains("<html") {
        return Some((
            "a web page (HTML)".to_owned(),
            "download the file itself (its raw link): a page, a login or a proxy has answered instead",
        ));
    }
    let words: Vec<&str> = text.split_whitespace().take(QUOTED_CHARACTERS).collect();
    let quoted: String = words.join(" ").chars().take(QUOTED_CHARACTERS).collect();
    let kind = match text.chars().next() {
        Some('{' | '[') => "JSON",
        Some('<') => "XML",
        _ => "a text",
    };
    Some((format!("{kind} that begins with '{}'", quoted.trim_end()), DOWNLOAD))
}

/// A name out of a file, for messages.
pub(super) fn quoted(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().take(QUOTED_CHARACTERS).flat_map(char::escape_debug).collect()
}

/// Of a whole ONNX model: who wrote it, for the message.
fn onnx(bytes: &[u8]) -> Option<String> {
    let (mut graph, mut producer) = (false, String::new());
    for field in fields(bytes) {
        let field = field.ok()?;
        graph |= field.number == field::MODEL_GRAPH;
        if let (field::MODEL_PRODUCER, Some(name)) = (field.number, field.content) {
            let name = quoted(name);
            producer = format!(" (producer: {name})");
        }
    }
    graph.then_some(producer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::probe::identity_model;

    #[test]
    fn what_a_download_left_instead_of_the_model_is_named() {
        let checkpoint = br#"{"__metadata__":{"planwright.training":"{}"}}"#;
        let lengthened = |json: &[u8]| [&(json.len() as u64).to_le_bytes()[..], json].concat();
        let tar = [&[b'a'; 257][..], b"ustar"].concat();
        let cases: [(Vec<u8>, &str, &str); 23] = [
            (Vec::new(), "an empty file", "download"),
            (vec![0; 4096], "4096 bytes that are all zero", "download"),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n".to_vec(),
                "git-lfs pointer",
                "lfs pull",
            ),
            (b"\xef\xbb\xbfversion https://git-lfs.github.com/spec/v1\r\noid".to_vec(), "git-lfs pointer", "lfs pull"),
            (b"oid sha256:4d7a\nsize 12345\n".to_vec(), "git-lfs pointer", "lfs pull"),
            (b"outs:\n- md5: a304\n  path: m.onnx\n".to_vec(), "a DVC pointer", "dvc pull"),
            (b"\x80\x05}q\0.".to_vec(), "a Python pickle", "planwright-train"),
            (b"{\n  \"irVersion\": \"8\",\n".to_vec(), "JSON that begins with '{ \"irVersion\": \"8\",'", "download"),
            (b"/annex/objects/SHA256E-s9--0.onnx\n".to_vec(), "git-annex pointer", "annex get"),
            (b"\n<!DOCTYPE html><html><head>".to_vec(), "a web page", "raw link"),
            (b"<HTML><title>Sign in</title>".to_vec(), "a web page", "raw link"),
            (b"404: Not Found".to_vec(), "a text that begins with '404: Not Found'", "download"),
            (br#"{"message":"Not Found"}"#.to_vec(), "JSON that begins with '{\"message\"", "download"),
            ("\u{feff}<?xml version=\"1.0\"?><Error/>".into(), "XML that begins", "download"),
            (b"PK\x03\x04..model.onnx".to_vec(), "a zip archive", "unpack"),
            (b"PK\x03\x04..archive/data.pkl".to_vec(), "a PyTorch file", "planwright-train export"),
            (b"PK\x03\x04..states.npy".to_vec(), "a NumPy archive", "planwright-train"),
            (b"\x1f\x8b\x08".to_vec(), "a gzip archive", "unpack"),
            (tar, "a tar archive", "unpack"),
            (lengthened(br#"{"w":{}}"#), "a safetensors file", "planwright-train"),
            (lengthened(checkpoint), "a checkpoint", "planwright-train export"),
            (identity_model(4), "an ONNX model without a planwright manifest", "as it was exported"),
            (vec![0x9c, 1, 2, 3], "4 bytes of no known kind (they begin with 9c 01 02 03)", "download"),
        ];
        for (bytes, what, hint) in cases {
            let error = diagnose(&bytes);
            let found = matches!(&error, ModelError::Foreign { got, hint: to_do } if got.contains(what) && to_do.contains(hint));
            assert!(found, "{what}: {error}");
        }
    }

    #[test]
    fn a_binary_file_that_was_sent_as_text_is_named() {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as u8
        };
        let bytes: Vec<u8> = (0..2 << 20).map(|_| next()).collect();
        assert_eq!(as_text(&bytes), None);
        let crlf: Vec<u8> =
            bytes.iter().flat_map(|byte| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] }).collect();
        assert!(as_text(&crlf).is_some_and(|what| what.contains("changed to CR LF")));
        let lf: Vec<u8> = bytes.iter().filter(|byte| **byte != b'\r').copied().collect();
        assert!(as_text(&lf).is_some_and(|what| what.contains("changed from CR LF")));
        assert!(as_text(String::from_utf8_lossy(&bytes).as_bytes()).is_some_and(|what| what.contains("read as text")));
    }

    #[test]
    fn the_beginning_of_a_model_is_told_from_other_files() {
        let model = identity_model(4);
        for length in 2..model.len() - 1 {
            assert!(matches!(diagnose(&model[..length]), ModelError::Truncated), "{length}");
        }
    }
}
