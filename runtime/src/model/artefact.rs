//! The file: an ONNX body, then its manifest, then a hash of all that comes before.
//!
//! Protobuf lets fields be appended, so the whole stays an ONNX model that every tool opens. The hash entry
//! has a fixed length and comes last: a file that was cut off has none, and a flipped bit anywhere shows.

use super::error::ModelError;
use super::foreign::{as_text, diagnose};
use super::manifest::Manifest;
use super::protobuf::{
    External, Malformed, external_tensor, field, fields, in_export_order, key_and_value, metadata_entry,
};
use crate::files::{describe, hex, write_atomically};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Metadata key of the manifest.
pub const MANIFEST_KEY: &str = "planwright.manifest";
/// Metadata key of the hash.
pub const SHA256_KEY: &str = "planwright.sha256";
/// Larger files are refused before they are read.
pub const MAX_FILE_BYTES: u64 = 512 << 20;
/// Bytes of the hash entry: a tag and a length for the entry, its key and its value.
const HASH_ENTRY_BYTES: usize = 6 + SHA256_KEY.len() + HASH_CHARACTERS;
const HASH_CHARACTERS: usize = 64;

/// A model file in memory whose hash and manifest have been checked.
#[derive(Clone, Debug)]
pub struct Artefact {
    bytes: Vec<u8>,
    body_len: usize,
    manifest: Manifest,
    sha256: String,
    path: Option<PathBuf>,
    saved_again: bool,
}

impl Artefact {
    /// Reads and checks a file; its hash is compared with `SHA256SUMS` beside it if that lists the file.
    ///
    /// # Errors
    /// If there is no such file, it is too large, foreign, cut off, damaged, or its manifest is of no use.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let io = |source| ModelError::Io { path: path.to_owned(), source };
        if path.is_symlink() && !path.exists() {
            return Err(ModelError::NotAFile { path: path.to_owned(), got: "a symbolic link that leads nowhere" });
        }
        let text = path.to_string_lossy();
        let as_written = std::fs::metadata(path).map_err(|source| match &*text {
            text if text.contains("://") => {
                ModelError::NotAFile { path: path.to_owned(), got: "an address: download the file first" }
            }
            text if text.starts_with("~") || text.contains('$') => ModelError::NotAFile {
                path: path.to_owned(),
                got: "a path with ~ or $, which only a shell replaces: write it out",
            },
            _ => io(source),
        });
        let metadata = as_written?;
        if !metadata.is_file() {
            return Err(ModelError::NotAFile { path: path.to_owned(), got: describe(metadata.file_type()) });
        }
        let too_large = |got| ModelError::TooLarge { path: path.to_owned(), max: MAX_FILE_BYTES, got };
        if metadata.len() > MAX_FILE_BYTES {
            return Err(too_large(metadata.len()));
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
        // The file may grow while it is read.
        std::fs::File::open(path).map_err(io)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(too_large(bytes.len() as u64));
        }
        let artefact = Self::from_bytes(bytes).map_err(|mut error| {
            if let ModelError::ExternalData { location, .. } = &mut error
                && !path.with_file_name(&*location).is_file()
            {
                location.push_str(", which is missing");
            }
            error.in_file(Some(path))
        })?;
        let artefact = Self { path: Some(path.to_owned()), ..artefact };
        match listed_sha256(path) {
            Some(expected) if expected != artefact.sha256 => {
                Err(ModelError::NotAsListed { path: path.to_owned(), expected, got: artefact.sha256 })
            }
            _ => Ok(artefact),
        }
    }

    /// Checks the bytes of a file. One that another tool has saved again is taken as it was exported if its content is
    /// the same: with its fields in the exporter's order it has the hash that it names.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, ModelError> {
        let error = match Self::as_exported(bytes.clone()) {
            Err(error @ (ModelError::Damaged { .. } | ModelError::Truncated | ModelError::Foreign { .. })) => error,
            done => return done,
        };
        let error = match as_text(&bytes) {
            Some(what) if !matches!(error, ModelError::Foreign { .. }) => ModelError::AsText(what),
            _ => error,
        };
        let Some(other) = SavedAgain::find(&bytes) else { return Err(error) };
        if let Ok(Some(External { tensor, location })) = external_tensor(&bytes) {
            return Err(ModelError::ExternalData { tensor, location });
        }
        match other.restored().map(Self::as_exported) {
            Some(Ok(artefact)) => Ok(Self { saved_again: true, ..artefact }),
            _ if other.is_sorted => Err(ModelError::Changed),
            _ => Err(error),
        }
    }

    /// Checks the bytes of a file that the exporter wrote.
    fn as_exported(bytes: Vec<u8>) -> Result<Self, ModelError> {
        let hashed_len = bytes.len().saturating_sub(HASH_ENTRY_BYTES);
        let (hashed, entry) = bytes.split_at(hashed_len);
        let named = entry.len().checked_sub(HASH_CHARACTERS).map(|at| &entry[at..]);
        let Some(named) = named.filter(|named| entry == metadata_entry(SHA256_KEY, named)) else {
            return Err(diagnose(&bytes));
        };
        let got = hex(&Sha256::digest(hashed));
        if named != got.as_bytes() {
            let expected = String::from_utf8_lossy(named).into_owned();
            return Err(ModelError::Damaged { expected, got });
        }
        let (body_len, manifest) = split(hashed)?;
        let manifest = Manifest::from_json(manifest)?;
        check_body(&hashed[..body_len])?;
        let sha256 = hex(&Sha256::digest(&bytes));
        Ok(Self { body_len, manifest, sha256, bytes, path: None, saved_again: false })
    }

    /// Joins a serialised ONNX model and its manifest.
    ///
    /// # Errors
    /// If the body is no ONNX model, has entries of ours already or external data, or the manifest is of no use.
    pub fn new(body: &[u8], manifest: &Manifest) -> Result<Self, ModelError> {
        check_body(body)?;
        let mut bytes = body.to_vec();
        bytes.extend(metadata_entry(MANIFEST_KEY, &manifest.to_json()?));
        let hash = hex(&Sha256::digest(&bytes));
        bytes.extend(metadata_entry(SHA256_KEY, hash.as_bytes()));
        Self::as_exported(bytes)
    }

    /// The same graph under another manifest.
    ///
    /// # Errors
    /// If the manifest is of no use.
    pub fn with_manifest(self, manifest: Manifest) -> Result<Self, ModelError> {
        Self::new(self.body(), &manifest)
    }

    /// The file that it was read from.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether another tool has saved the file again since its export, without a change of its content.
    pub fn saved_again(&self) -> bool {
        self.saved_again
    }

    /// The manifest: family, inputs, outputs, provenance.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The ONNX model without the entries of ours, what engines are given.
    pub fn body(&self) -> &[u8] {
        &self.bytes[..self.body_len]
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the whole file, lower-case hex: what `sha256sum` prints.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Writes beside `path` and renames: the file is whole or not there.
    ///
    /// # Errors
    /// If it cannot be written; an old file is untouched then.
    pub fn write(&self, path: &Path) -> Result<(), ModelError> {
        write_atomically(path, |file| file.write_all(&self.bytes))
            .map_err(|source| ModelError::Output { path: path.to_owned(), source })
    }
}

/// A whole ONNX model with our manifest, wherever it stands, and our hash if it is still there.
struct SavedAgain<'a> {
    manifest: &'a [u8],
    hash: Option<&'a [u8]>,
    /// The model without them.
    body: Vec<u8>,
    /// Its fields stand in the order of their numbers, as other tools write them and the exporter does not.
    is_sorted: bool,
}

impl<'a> SavedAgain<'a> {
    fn find(bytes: &'a [u8]) -> Option<Self> {
        let (mut manifest, mut hash, mut body) = (None, None, Vec::with_capacity(bytes.len()));
        let (mut is_sorted, mut last) = (true, 0);
        for field in fields(bytes) {
            let field = field.ok()?;
            // A flipped bit in the first tag makes another field of it.
            is_sorted &= last <= field.number && (last > 0 || field.varint > 0);
            last = field.number;
            let entry = field.content.filter(|_| field.number == field::MODEL_METADATA);
            match entry.and_then(|entry| key_and_value(entry).ok()) {
                Some((key, value)) if key == MANIFEST_KEY.as_bytes() => manifest = Some(value),
                Some((key, value)) if key == SHA256_KEY.as_bytes() => hash = Some(value),
                _ => body.extend(&bytes[field.start..field.end]),
            }
        }
        let manifest = manifest?;
        Some(Self { manifest, hash, body, is_sorted })
    }

    /// The file as the exporter wrote it, unless its content has changed.
    fn restored(&self) -> Option<Vec<u8>> {
        let mut bytes = in_export_order(&self.body).ok()?;
        bytes.extend(metadata_entry(MANIFEST_KEY, self.manifest));
        bytes.extend(metadata_entry(SHA256_KEY, self.hash?));
        Some(bytes)
    }
}

/// Length of the body and content of the manifest, which must be the last field.
fn split(hashed: &[u8]) -> Result<(usize, &[u8]), ModelError> {
    let mut last = None;
    for field in fields(hashed) {
        last = Some(field.map_err(not_onnx)?);
    }
    let manifest = last.filter(|last| last.number == field::MODEL_METADATA);
    if let Some((start, entry)) = manifest.and_then(|field| Some((field.start, field.content?))) {
        let (key, value) = key_and_value(entry).map_err(not_onnx)?;
        if key == MANIFEST_KEY.as_bytes() {
            return Ok((start, value));
        }
    }
    Err(ModelError::NotOnnx("a manifest that is not its last entry".to_owned()))
}

/// A body has one graph, all its weights, and no entry that could be taken for ours.
fn check_body(body: &[u8]) -> Result<(), ModelError> {
    let mut graphs = 0;
    for field in fields(body) {
        let field = field.map_err(not_onnx)?;
        graphs += usize::from(field.number == field::MODEL_GRAPH);
        if let (field::MODEL_METADATA, Some(entry)) = (field.number, field.content) {
            let (key, _) = key_and_value(entry).map_err(not_onnx)?;
            if key == MANIFEST_KEY.as_bytes() || key == SHA256_KEY.as_bytes() {
                let key = String::from_utf8_lossy(key);
                return Err(ModelError::NotOnnx(format!("a second metadata entry `{key}`")));
            }
        }
    }
    if graphs != 1 {
        return Err(ModelError::NotOnnx(format!("{graphs} graphs instead of one")));
    }
    match external_tensor(body).map_err(not_onnx)? {
        Some(External { tensor, location }) => Err(ModelError::ExternalData { tensor, location }),
        None => Ok(()),
    }
}

fn not_onnx(_: Malformed) -> ModelError {
    ModelError::NotOnnx("bytes that are no protobuf message".to_owned())
}

/// The hash that `SHA256SUMS` in the same folder gives for the file, if it does.
fn listed_sha256(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let list = std::fs::read_to_string(path.with_file_name("SHA256SUMS")).ok()?;
    list.lines().find_map(|line| {
        let (hash, file) = line.split_once(char::is_whitespace)?;
        // `sha256sum` puts a space or, for binary mode, an asterisk before the name.
        let file = file.trim().trim_start_matches('*');
        (file.strip_prefix("./").unwrap_or(file) == name).then(|| hash.to_ascii_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::probe::{identity_model, test_artefact, test_manifest};
    use crate::model::protobuf::{write_field, write_varint_field};

    #[test]
    fn a_flipped_bit_anywhere_is_refused() {
        let bytes = test_artefact().bytes().to_vec();
        for position in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[position] ^= 1 << bit;
                let error = Artefact::from_bytes(damaged).expect_err("a flipped bit");
                let named = matches!(error, ModelError::Damaged { .. } | ModelError::Truncated);
                assert!(named, "byte {position}, bit {bit}: {error}");
            }
        }
    }

    #[test]
    fn a_file_cut_off_anywhere_is_refused() {
        let bytes = test_artefact().bytes().to_vec();
        for length in 0..bytes.len() {
            let error = Artefact::from_bytes(bytes[..length].to_vec()).expect_err("cut off");
            // Without a producer's name the body alone is a whole model of another tool.
            let is_foreign = length < 2 || length == identity_model(4).len();
            let named =
                matches!(error, ModelError::Truncated) || is_foreign && matches!(error, ModelError::Foreign { .. });
            assert!(named, "{length}: {error}");
        }
        let mut longer = bytes;
        longer.push(0);
        assert!(matches!(Artefact::from_bytes(longer), Err(ModelError::Truncated)));
    }

    #[test]
    fn damaged_and_foreign_files_are_told_apart() {
        let mut bytes = test_artefact().bytes().to_vec();
        bytes[3] ^= 1;
        assert!(matches!(Artefact::from_bytes(bytes), Err(ModelError::Damaged { .. })));
        assert!(matches!(Artefact::from_bytes(identity_model(4)), Err(ModelError::Foreign { .. })));
        assert!(matches!(Artefact::from_bytes(Vec::new()), Err(ModelError::Foreign { .. })));
        assert!(matches!(Artefact::from_bytes(b"a text".to_vec()), Err(ModelError::Foreign { .. })));
    }

    #[test]
    fn files_come_back_and_a_new_manifest_leaves_the_graph_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        let artefact = test_artefact();
        artefact.write(&path).unwrap();
        let read = Artefact::open(&path).unwrap();
        assert_eq!((read.bytes(), read.manifest()), (artefact.bytes(), artefact.manifest()));
        assert_eq!(read.body(), identity_model(4));
        let measured = serde_json::json!({"success": 1.0});
        let mut manifest = test_manifest();
        manifest.measured.insert("reach".to_owned(), measured.clone());
        let again = read.with_manifest(manifest).unwrap();
        assert_eq!(again.body(), artefact.body());
        assert_eq!(again.manifest().measured["reach"], measured);
        assert_ne!(again.sha256(), artefact.sha256());
    }

    #[test]
    fn a_list_of_hashes_beside_the_model_is_believed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        let artefact = test_artefact();
        artefact.write(&path).unwrap();
        let list = folder.path().join("SHA256SUMS");
        for separator in ["  ", " *", "  ./"] {
            std::fs::write(&list, format!("{}{separator}model.onnx\n", artefact.sha256())).unwrap();
            assert!(Artefact::open(&path).is_ok());
            std::fs::write(&list, format!("{}{separator}model.onnx\n", "0".repeat(64))).unwrap();
            assert!(matches!(Artefact::open(&path), Err(ModelError::NotAsListed { .. })));
        }
        std::fs::write(&list, format!("{}  other.onnx\n", "0".repeat(64))).unwrap();
        assert!(Artefact::open(&path).is_ok(), "not listed");
    }

    #[test]
    fn missing_files_folders_and_giants_are_refused_clearly() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Artefact::open(&folder.path().join("none.onnx")), Err(ModelError::Io { .. })));
        assert!(matches!(Artefact::open(folder.path()), Err(ModelError::NotAFile { got: "a folder", .. })));
        let dangling = folder.path().join("dangling.onnx");
        std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
        assert!(matches!(
            Artefact::open(&dangling),
            Err(ModelError::NotAFile { got: "a symbolic link that leads nowhere", .. })
        ));
        let giant = folder.path().join("giant.onnx");
        std::fs::File::create(&giant).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
        assert!(matches!(Artefact::open(&giant), Err(ModelError::TooLarge { .. })));
    }

    #[test]
    fn bodies_with_external_data_or_entries_of_ours_are_refused() {
        let mut tensor = Vec::new();
        write_field(&mut tensor, 8, b"w");
        write_varint_field(&mut tensor, 14, 1);
        let (mut graph, mut body) = (Vec::new(), Vec::new());
        write_field(&mut graph, 5, &tensor);
        write_field(&mut body, 7, &graph);
        let external = Artefact::new(&body, &test_manifest());
        assert!(matches!(external, Err(ModelError::ExternalData { .. })), "{external:?}");
        let twice = Artefact::new(test_artefact().bytes(), &test_manifest());
        assert!(matches!(twice, Err(ModelError::NotOnnx(_))), "{twice:?}");
    }
}
