//! The recording file (`.rrd`). rerun encodes into memory, and the bytes are written here: rerun's own file sink loses
//! the error of a full disk.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use re_build_info::CrateVersion;
use re_log_encoding::{EncodeError, Encoder, EncodingOptions};
use re_log_types::LogMsg;

use super::super::event::{Event, Stamp};
use super::super::queue::lock;
use super::super::sink::{Closed, Flushed, Sink};
use super::{Fixed, Renderer};
use crate::files::{PartFile, open_stream};

/// A footer lists every chunk, and until the end it stands in memory, a few hundred bytes each. A longer recording
/// goes without: it reads as well, only opening it takes longer, and `rerun rrd verify` needs the footer.
const FOOTER_CHUNKS: usize = 100_000;

/// Bytes that rerun has encoded and the file does not have yet.
#[derive(Clone, Default)]
struct Encoded(Arc<Mutex<Vec<u8>>>);

impl Write for Encoded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A recording that grows beside its name until it is closed.
pub(super) struct FileSink {
    recording: Recording,
    renderer: Renderer,
    /// What holds for all times and has not reached the file yet; written again with the next batch.
    unsaved: Fixed,
}

impl FileSink {
    /// Opens the file and writes the opening messages, so that a full disk is found now.
    pub(super) fn create(path: &Path, opening: &[LogMsg], renderer: Renderer) -> io::Result<Self> {
        Ok(Self { recording: Recording::create(path, opening)?, renderer, unsaved: Fixed::default() })
    }
}

impl Sink for FileSink {
    fn write(&mut self, stamp: Stamp, event: &Event) {
        self.renderer.draw(stamp, event);
    }

    fn flush(&mut self) -> Flushed {
        let (fixed, batch) = self.renderer.drain();
        self.unsaved.extend(fixed);
        let mut flushed = Flushed { error: self.renderer.error.take(), ..Flushed::default() };
        let batch = match batch {
            Ok(batch) => batch,
            Err(events) => return Flushed { failed: events, ..flushed },
        };
        let messages: Vec<LogMsg> = self.unsaved.values().cloned().chain(batch.messages).collect();
        if messages.is_empty() {
            flushed.written = batch.events;
            return flushed;
        }
        match self.recording.write(&messages) {
            Ok(()) => {
                self.unsaved.clear();
                flushed.written = batch.events;
            }
            Err(error) => {
                flushed.failed = batch.events;
                flushed.error = Some(format!("the recording could not be written: {error}"));
            }
        }
        flushed
    }

    fn close(self: Box<Self>) -> Closed {
        let (file, file_bytes, closed) = self.recording.close();
        let error = closed.err().map(|error| format!("the recording could not be closed: {error}"));
        Closed { flushed: Flushed { error, ..Flushed::default() }, file, file_bytes }
    }
}

struct Recording {
    path: PathBuf,
    /// Where a regular file grows until it is renamed; `None` for a stream.
    part: Option<PartFile>,
    file: File,
    encoder: Encoder<Encoded>,
    encoded: Encoded,
    chunks: usize,
    /// Bytes in the file that end with a whole message.
    whole_bytes: u64,
    /// A message was cut in two and could not be removed: what followed could not be read.
    torn: bool,
}

impl Recording {
    fn create(path: &Path, opening: &[LogMsg]) -> io::Result<Self> {
        let (part, file) = match open_stream(path)? {
            Some(stream) => (None, stream),
            None => {
                let part = PartFile::create(path)?;
                let file = part.file.try_clone()?;
                (Some(part), file)
            }
        };
        let encoded = Encoded::default();
        let encoder = Encoder::new_eager(CrateVersion::LOCAL, EncodingOptions::PROTOBUF_COMPRESSED, encoded.clone());
        let encoder = encoder.map_err(other)?;
        let mut recording =
            Self { path: path.to_owned(), part, file, encoder, encoded, chunks: 0, whole_bytes: 0, torn: false };
        recording.write(opening).and_then(|()| recording.sync())?;
        Ok(recording)
    }

    /// Appends messages: all of them, or none if the file is regular.
    fn write(&mut self, messages: &[LogMsg]) -> io::Result<()> {
        if self.torn {
            return Err(io::Error::other("the recording broke off earlier and cannot be continued"));
        }
        self.chunks += messages.len();
        if self.chunks > FOOTER_CHUNKS {
            self.encoder.do_not_emit_footer();
        }
        for message in messages {
            self.encoder.append(message).map_err(other)?;
        }
        self.write_encoded()
    }

    fn write_encoded(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut *lock(&self.encoded.0));
        match self.file.write_all(&bytes) {
            Ok(()) => {
                self.whole_bytes += bytes.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.torn = !self.truncate();
                // It would point to where the lost bytes should have been.
                self.encoder.do_not_emit_footer();
                Err(error)
            }
        }
    }

    /// Removes half a message, so that the recording can go on when there is space.
    fn truncate(&mut self) -> bool {
        self.part.is_some()
            && self.file.set_len(self.whole_bytes).is_ok()
            && self.file.seek(SeekFrom::Start(self.whole_bytes)).is_ok()
            // Without its header the file is no recording, and the header is written only once.
            && self.whole_bytes > 0
    }

    /// Ends the recording, flushes it to disk and gives it its name. On an error it has its name all the same,
    /// if that was possible, for what was written can be read.
    fn close(mut self) -> (Option<PathBuf>, u64, io::Result<()>) {
        let ended =
            if self.torn { Ok(()) } else { self.encoder.finish().map_err(other).and_then(|()| self.write_encoded()) };
        let ended = ended.and_then(|()| self.sync());
        let named = self.part.take().map_or(Ok(()), PartFile::take_place);
        let path = named.is_ok().then(|| self.path.clone());
        (path, self.whole_bytes, ended.and(named))
    }

    fn sync(&mut self) -> io::Result<()> {
        // A pipe or a device cannot be synchronised.
        if self.part.is_some() { self.file.sync_all() } else { self.file.flush() }
    }
}

fn other(error: EncodeError) -> io::Error {
    match error {
        EncodeError::Write(error) => error,
        error => io::Error::other(error.to_string()),
    }
}
