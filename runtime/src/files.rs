//! Files that are either whole or not there.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes beside `path`, flushes to disk and renames; on any error the target is untouched and the part
/// file is gone.
///
/// # Errors
/// Errors of `fill` and of the file system.
pub fn write_atomically(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let part = part_path(path);
    let written = (|| {
        let mut writer = BufWriter::new(File::create(&part)?);
        fill(&mut writer)?;
        writer.flush()?;
        writer.get_ref().sync_all()?;
        std::fs::rename(&part, path)
    })();
    if written.is_err() {
        // Best effort: the part file may not exist, and the first error is the one to report.
        let _ = std::fs::remove_file(&part);
    }
    written
}

/// A file by its relative path: here, or beside the command, or in one of the folders above it. A command that was
/// installed together with its models finds them wherever it is started.
pub fn find(relative: &Path) -> Option<PathBuf> {
    let executable = std::env::current_exe().unwrap_or_default();
    let places = std::iter::once(PathBuf::from(".")).chain(executable.ancestors().skip(1).map(Path::to_owned));
    places.map(|place| place.join(relative)).find(|path| path.is_file())
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The name beside `path` under which it is written.
pub fn part_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

/// Whether a file could be written there: checked before long work, so that its result is not lost.
///
/// # Errors
/// If the folder is missing or cannot be written, or the path is a folder.
pub fn check_writable(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "expected a file name, got a folder"));
    }
    let part = part_path(path);
    // A byte is written because an empty file can be created on a full disk.
    let tried = File::create(&part).and_then(|mut file| file.write_all(b"x").and_then(|()| file.sync_all()));
    let _ = std::fs::remove_file(&part);
    tried
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_part() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("plan.bin");
        write_atomically(&path, |file| file.write_all(b"old"))?;
        let failed = write_atomically(&path, |file| {
            file.write_all(b"new")?;
            Err(io::Error::other("disk full"))
        });
        assert_eq!(failed.map_err(|error| error.to_string()), Err("disk full".to_owned()));
        assert_eq!(std::fs::read(&path)?, b"old");
        assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }
}
