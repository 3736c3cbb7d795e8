//! Files that are either whole or not there.

use std::fs::{File, FileType, OpenOptions, Permissions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

/// Links that are followed before a path counts as a loop, as in Linux.
const MAX_LINKS: usize = 40;
/// Parts of one file that may lie beside it.
const MAX_PARTS: usize = 100;

/// Writes beside `path`, flushes to disk and renames; on any error the target is untouched and the part file is gone.
/// A symbolic link stays: what it leads to is replaced. Other names of the file (hard links) keep the old content.
///
/// # Errors
/// Errors of `fill` and of the file system; if something else than a regular file is there (a device, pipe, socket or
/// folder), which is left alone.
pub fn write_atomically(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let part = PartFile::create(path)?;
    let mut writer = BufWriter::new(part.file.try_clone()?);
    fill(&mut writer)?;
    writer.flush()?;
    part.finish()
}

/// A file that grows beside its name until it is whole; removed when it is dropped before.
#[derive(Debug)]
pub struct PartFile {
    /// What is written to.
    pub file: File,
    part: PathBuf,
    target: PathBuf,
}

impl PartFile {
    /// Opens the part of a file that is to be made or replaced.
    ///
    /// # Errors
    /// As [`write_atomically`].
    pub fn create(path: &Path) -> io::Result<Self> {
        let target = regular_target(path)?;
        for number in 0..MAX_PARTS {
            let part = part_path(&target, number);
            // Made anew, so that nothing that lies under the part's name is written through.
            match OpenOptions::new().read(true).write(true).create_new(true).open(&part) {
                Ok(file) => return Ok(Self { file, part, target }),
                // Of a process that was killed, or that runs in another container with the same number.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let folder = target.parent().unwrap_or(Path::new("")).display();
                    let problem = format!("expected a file in a folder that is there, got no folder {folder}: {error}");
                    return Err(io::Error::new(error.kind(), problem));
                }
                Err(error) => return Err(error),
            }
        }
        let problem =
            format!("expected fewer than {MAX_PARTS} parts of runs that were killed, got that many beside it");
        Err(io::Error::new(ErrorKind::AlreadyExists, problem))
    }

    /// Flushes to disk and takes the place of the file.
    ///
    /// # Errors
    /// If the file system refuses; the file is as it was then.
    pub fn finish(self) -> io::Result<()> {
        self.file.sync_all()?;
        self.take_place()
    }

    /// Takes the place of the file, with the owner and permissions that it had. A file that can be written but not
    /// replaced is written over.
    ///
    /// # Errors
    /// If it can be neither.
    pub fn take_place(self) -> io::Result<()> {
        if let Ok(old) = std::fs::metadata(&self.target) {
            // Best effort: only root may give a file away, and not every file system has permissions.
            let _ = fchown(&self.file, Some(old.uid()), Some(old.gid()));
            let _ = self.file.set_permissions(Permissions::from_mode(old.mode() & 0o777));
        }
        std::fs::rename(&self.part, &self.target).or_else(|error| match error.raw_os_error() {
            // A file that is mounted by itself, as into a container, or of another user in a folder like /tmp.
            Some(libc::EBUSY | libc::EPERM | libc::EXDEV) => self.write_over(),
            _ => Err(error),
        })
    }

    fn write_over(&self) -> io::Result<()> {
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let mut target = OpenOptions::new().write(true).custom_flags(flags).open(&self.target)?;
        if !target.metadata()?.is_file() {
            return Err(ErrorKind::InvalidInput.into());
        }
        let bytes = io::copy(&mut File::open(&self.part)?, &mut target)?;
        target.set_len(bytes)?;
        target.sync_all()
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        // Best effort: after `finish` there is none.
        let _ = std::fs::remove_file(&self.part);
    }
}

/// The regular file that a path leads to over symbolic links, whether it is there yet or not.
///
/// # Errors
/// If something else is there, or the file may not be written.
fn regular_target(path: &Path) -> io::Result<PathBuf> {
    let wrong =
        |kind, got: &str| Err(io::Error::new(kind, format!("expected a regular file or a new name, got {got}")));
    match path.as_os_str().as_encoded_bytes() {
        b"" => return wrong(ErrorKind::InvalidInput, "an empty name"),
        b"-" => return wrong(ErrorKind::InvalidInput, "'-', standard output (./- is a file of that name)"),
        name if name.ends_with(b"/") => return wrong(ErrorKind::IsADirectory, "the name of a folder"),
        _ => {}
    }
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Links there name the open files of a process: /dev/stdout and its like.
        if folder.canonicalize().is_ok_and(|folder| folder.starts_with("/proc")) {
            return wrong(ErrorKind::InvalidInput, "a name in /proc, such as that of standard output");
        }
        let kind = match std::fs::symlink_metadata(&target) {
            Ok(metadata) => metadata.file_type(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(target),
            Err(error) => return Err(error),
        };
        if kind.is_symlink() {
            target = folder.join(std::fs::read_link(&target)?);
        } else if kind.is_file() {
            // Renaming needs the folder's permission alone: a file that may not be written is not replaced either.
            OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(&target)?;
            return Ok(target);
        } else {
            let kind_of_error = if kind.is_dir() { ErrorKind::IsADirectory } else { ErrorKind::InvalidInput };
            return wrong(kind_of_error, describe(kind));
        }
    }
    wrong(ErrorKind::InvalidInput, "symbolic links that lead in a circle")
}

/// What a thing in the file system is, for messages.
pub fn describe(kind: FileType) -> &'static str {
    match kind {
        kind if kind.is_dir() => "a folder",
        kind if kind.is_char_device() => "a character device",
        kind if kind.is_block_device() => "a block device",
        kind if kind.is_fifo() => "a named pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a regular file",
    }
}

/// A regular file to add lines to, made if needed.
///
/// # Errors
/// As [`write_atomically`].
pub fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(regular_target(path)?)
}

/// A device or pipe that takes a stream, or `None` where a regular file is or can be made. A pipe that nothing reads is
/// an error, where opening it would wait for a reader.
///
/// # Errors
/// If it cannot be opened.
pub fn open_stream(path: &Path) -> io::Result<Option<File>> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() || found.is_dir() || found.file_type().is_socket() => Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(_) => {
            let probe = OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(path);
            let _probe = probe.map_err(|error| match error.raw_os_error() {
                Some(libc::ENXIO) => io::Error::new(error.kind(), "expected a reader of the named pipe, got none"),
                _ => error,
            })?;
            OpenOptions::new().write(true).open(path).map(Some)
        }
    }
}

/// Makes a folder and those above it.
///
/// # Errors
/// If something else is there, or it cannot be made.
pub fn make_folder(path: &Path) -> io::Result<()> {
    if path.as_os_str() == "-" {
        let problem = "expected a folder or a new name, got '-', standard output (./- is a folder of that name)";
        return Err(io::Error::new(ErrorKind::InvalidInput, problem));
    }
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(found) => {
            let got = describe(found.file_type());
            Err(io::Error::new(ErrorKind::NotADirectory, format!("expected a folder or a new name, got {got}")))
        }
        Err(_) => match std::fs::read_link(path) {
            // A link whose folder is not there yet.
            Ok(link) => std::fs::create_dir_all(path.parent().unwrap_or(Path::new("")).join(link)),
            Err(_) => std::fs::create_dir_all(path),
        },
    }
}

/// Gives a file another name; what has that name already is not replaced.
///
/// # Errors
/// If it cannot be renamed.
pub fn set_aside(path: &Path, aside: &Path) -> io::Result<()> {
    if std::fs::symlink_metadata(aside).is_ok() {
        let problem = format!("expected {} to be free for the old file, got one there", aside.display());
        return Err(io::Error::new(ErrorKind::AlreadyExists, problem));
    }
    std::fs::rename(path, aside)
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

/// A name beside `path` under which it is written.
fn part_path(path: &Path, number: usize) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    let again = if number == 0 { String::new() } else { format!("-{number}") };
    name.push(format!(".{}{again}.part", std::process::id()));
    path.with_file_name(name)
}

/// Whether a file could be written there: checked before long work, so that its result is not lost.
///
/// # Errors
/// As [`write_atomically`].
pub fn check_writable(path: &Path) -> io::Result<()> {
    let mut part = PartFile::create(path)?;
    // A byte is written because an empty file can be created on a full disk.
    part.file.write_all(b"x").and_then(|()| part.file.sync_all())
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

    /// Whether every writer refuses the path with these words.
    fn refused(path: &Path, words: &str) {
        let tried =
            [write_atomically(path, |file| file.write_all(b"new")), check_writable(path), append(path).map(|_| ())];
        for error in tried.map(|tried| tried.expect_err("refused").to_string()) {
            assert_eq!(error, format!("expected a regular file or a new name, got {words}"), "{}", path.display());
        }
    }

    #[test]
    fn what_is_no_regular_file_is_refused_and_left_alone() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("folder")).expect("made");
        refused(&at("folder"), "a folder");
        refused(&at("folder/"), "the name of a folder");
        refused(Path::new("-"), "'-', standard output (./- is a file of that name)");
        refused(Path::new(""), "an empty name");
        refused(Path::new("/dev/stdout"), "a name in /proc, such as that of standard output");
        refused(Path::new("/proc/self/fd/1"), "a name in /proc, such as that of standard output");
        let _listener = std::os::unix::net::UnixListener::bind(at("socket")).expect("bound");
        refused(&at("socket"), "a socket");
        symlink("second", at("first")).and_then(|()| symlink("first", at("second"))).expect("linked");
        refused(&at("first"), "symbolic links that lead in a circle");
        let make = |name: &str, mode: libc::mode_t, device: libc::dev_t| {
            use std::os::unix::ffi::OsStrExt as _;
            let path = std::ffi::CString::new(at(name).as_os_str().as_bytes()).expect("a path");
            // SAFETY: the path is a string that ends with zero and lives until the call returns.
            unsafe { libc::mknod(path.as_ptr(), mode | 0o600, device) == 0 }
        };
        assert!(make("pipe", libc::S_IFIFO, 0));
        let mut special = vec![("pipe", "a named pipe")];
        // Only root may make devices: that of /dev/null here, in the folder of the test.
        if make("device", libc::S_IFCHR, libc::makedev(1, 3)) {
            special.push(("device", "a character device"));
        }
        for (name, words) in special {
            refused(&at(name), words);
            symlink(name, at("link")).expect("linked");
            refused(&at("link"), words);
            std::fs::remove_file(at("link")).expect("removed");
            let kind = std::fs::symlink_metadata(at(name)).expect("still there").file_type();
            assert_eq!(describe(kind), words);
        }
        let missing_reader = open_stream(&at("pipe")).expect_err("no reader").to_string();
        assert_eq!(missing_reader, "expected a reader of the named pipe, got none");
        assert!(make_folder(&at("pipe")).is_err_and(|error| error.to_string().ends_with("got a named pipe")));
    }

    #[test]
    fn a_symbolic_link_stays_and_what_it_leads_to_is_replaced() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("disk")).expect("made");
        std::fs::write(at("disk/model.onnx"), "old").expect("written");
        std::fs::set_permissions(at("disk/model.onnx"), Permissions::from_mode(0o640)).expect("set");
        symlink("disk/model.onnx", at("near")).and_then(|()| symlink("near", at("far"))).expect("linked");
        symlink("disk/new.onnx", at("dangling")).expect("linked");
        for name in ["far", "dangling"] {
            write_atomically(&at(name), |file| file.write_all(b"new")).expect("written");
            assert_eq!(std::fs::read(at(name)).expect("read"), b"new");
        }
        assert!(["near", "far", "dangling"].iter().all(|name| at(name).is_symlink()));
        assert_eq!(std::fs::metadata(at("disk/model.onnx")).expect("there").mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(at("disk")).expect("a folder").count(), 2, "no part is left");
        symlink("disk/later", at("runs")).expect("linked");
        make_folder(&at("runs")).expect("made");
        assert!(at("disk/later").is_dir() && at("runs").is_symlink());
    }

    #[test]
    fn nothing_under_the_name_of_the_part_is_written_through() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, victim) = (folder.path().join("plan.bin"), folder.path().join("victim"));
        std::fs::write(&victim, "untouched").expect("written");
        std::os::unix::fs::symlink(&victim, part_path(&path, 0)).expect("linked");
        write_atomically(&path, |file| file.write_all(b"new")).expect("written");
        assert_eq!(std::fs::read(&victim).expect("read"), b"untouched");
        assert!(path.is_file() && !path.is_symlink());
    }

    #[test]
    fn the_part_of_a_process_with_the_same_number_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.json");
        let mut other = PartFile::create(&path).expect("made");
        other.file.write_all(b"of another container").expect("written");
        write_atomically(&path, |file| file.write_all(b"whole")).expect("written");
        assert_eq!(std::fs::read(&path).expect("read"), b"whole");
        other.finish().expect("renamed");
        assert_eq!(std::fs::read(&path).expect("read"), b"of another container");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_file_that_can_be_written_but_not_replaced_is_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.onnx");
        std::fs::write(&path, "an old and longer one").expect("written");
        let mut part = PartFile::create(&path).expect("made");
        part.file.write_all(b"new").expect("written");
        part.write_over().expect("written over");
        drop(part);
        assert_eq!(std::fs::read(&path).expect("read"), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
        let missing = check_writable(&folder.path().join("none/x.onnx")).expect_err("no folder").to_string();
        assert!(missing.starts_with("expected a file in a folder that is there, got no folder /"), "{missing}");
        assert!(make_folder(Path::new("-")).is_err_and(|error| error.to_string().contains("'-'")));
    }
}
