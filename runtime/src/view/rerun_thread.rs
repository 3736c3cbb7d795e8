//! The one thread that owns what belongs to rerun: takes events from the queue, draws them, hands the bytes out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use re_chunk::ChunkError;
use re_log_types::{ApplicationId, LogMsg, StoreId, StoreKind};
use re_uri::ProxyUri;

use super::courier::{Batch, Dispatch, Opening};
use super::queue::{Queue, lock};
use super::recording::Recording;
use super::scene::Scene;
use super::{ViewError, ViewOptions, ViewReport, blueprint};

const APPLICATION: &str = "planwright";
/// How often the queue is emptied. Polled, because waking this thread would cost the planning thread a system call.
const POLL: Duration = Duration::from_millis(20);
/// How often what was drawn is handed out: seldom enough for large chunks, often enough for the eye.
const HAND_OUT_TO_VIEWER: Duration = Duration::from_millis(200);
const HAND_OUT_TO_FILE: Duration = Duration::from_secs(1);
/// Events that are handed out at once; bounds the memory of a batch to about 8 MiB.
const BATCH_EVENTS: u64 = 2048;

/// Opens the targets and starts the thread.
pub(super) fn start(options: &ViewOptions, queue: Arc<Queue>) -> Result<(), ViewError> {
    let encode = |error: ChunkError| ViewError::Encode(error.to_string());
    let application = ApplicationId::from(APPLICATION);
    let viewer = match &options.viewer {
        Some(url) => {
            let uri: ProxyUri =
                url.parse().map_err(|error| ViewError::Url { url: url.clone(), reason: format!("{error}") })?;
            Some((uri, url.clone()))
        }
        None => None,
    };
    let scene = Scene::new(StoreId::random(StoreKind::Recording, application.clone()));
    let mut opening = scene.opening(&options.name).map_err(encode)?;
    opening.extend(blueprint::messages(&application).map_err(encode)?);
    let recording = match &options.file {
        Some(path) => {
            let recording = Recording::create(path, &opening);
            Some(recording.map_err(|source| ViewError::File { path: path.clone(), source })?)
        }
        None => None,
    };
    let base = opening.len();
    let opening: Opening = Arc::new(Mutex::new(opening));
    let only = recording.is_none();
    let dispatch = viewer.map(|(uri, url)| Dispatch::new(uri, url, Arc::clone(&opening), Arc::clone(&queue), only));
    let mut artist =
        Artist { scene, recording, dispatch, opening, base, unsaved: Vec::new(), queue: Arc::clone(&queue), events: 0 };
    let thread = std::thread::Builder::new().name("view".to_owned());
    let spawned = thread.spawn(move || {
        // The report must come whatever happens in rerun, or `finish` would wait in vain.
        if catch_unwind(AssertUnwindSafe(|| artist.run())).is_err() {
            queue.counters.fail("drawing panicked; the view has ended".to_owned());
        }
        queue.close();
        let report = catch_unwind(AssertUnwindSafe(|| artist.end())).unwrap_or_default();
        queue.publish_report(ViewReport { statistics: queue.counters.statistics(), ..report });
    });
    spawned.map(|_| ()).map_err(ViewError::Thread)
}

struct Artist {
    scene: Scene,
    recording: Option<Recording>,
    dispatch: Option<Dispatch>,
    opening: Opening,
    /// Messages of the opening that never change; behind them stands the latest maze.
    base: usize,
    /// What holds for all times and has not reached the file yet.
    unsaved: Vec<LogMsg>,
    queue: Arc<Queue>,
    /// Events drawn and not handed out yet.
    events: u64,
}

impl Artist {
    fn run(&mut self) {
        let hand_out = if self.dispatch.is_some() { HAND_OUT_TO_VIEWER } else { HAND_OUT_TO_FILE };
        let mut handed_out = Instant::now();
        loop {
            // Asked before the queue is emptied, so that what was offered before the end is drawn.
            let last = self.queue.is_closed();
            while let Some((stamp, event)) = self.queue.pop() {
                match self.scene.draw(stamp, &event) {
                    Ok(fixed) if fixed.is_empty() => {}
                    Ok(fixed) => self.fix(fixed),
                    Err(error) => self.queue.counters.fail(format!("rerun could not encode: {error}")),
                }
                self.events += 1;
                if self.events >= BATCH_EVENTS {
                    self.hand_out();
                }
            }
            if last || handed_out.elapsed() >= hand_out {
                self.hand_out();
                handed_out = Instant::now();
            }
            if last {
                return;
            }
            std::thread::sleep(POLL);
        }
    }

    fn fix(&mut self, fixed: Vec<LogMsg>) {
        let mut opening = lock(&self.opening);
        opening.truncate(self.base);
        opening.extend(fixed.iter().cloned());
        self.unsaved = fixed;
    }

    fn hand_out(&mut self) {
        let events = std::mem::take(&mut self.events);
        let counters = &self.queue.counters;
        let drawn = match self.scene.drain() {
            Ok(drawn) => drawn,
            Err(error) => {
                counters.fail(format!("rerun could not encode: {error}"));
                counters.failed.fetch_add(events, Ordering::Relaxed);
                return;
            }
        };
        let fresh = !self.unsaved.is_empty();
        let messages: Vec<LogMsg> = self.unsaved.iter().cloned().chain(drawn).collect();
        if messages.is_empty() && events == 0 {
            return;
        }
        match self.recording.as_mut().map(|recording| recording.write(&messages)) {
            Some(Ok(())) => {
                counters.written.fetch_add(events, Ordering::Relaxed);
                self.unsaved.clear();
            }
            Some(Err(error)) => {
                // The walls stay in `unsaved` and are tried again with the next batch.
                counters.failed.fetch_add(events, Ordering::Relaxed);
                counters.fail(format!("the recording could not be written: {error}"));
            }
            None => self.unsaved.clear(),
        }
        if let Some(dispatch) = &mut self.dispatch
            && (fresh || events > 0)
        {
            dispatch.send(Batch { messages, events });
        }
    }

    fn end(&mut self) -> ViewReport {
        // Offered while the last batch was drawn.
        while self.queue.pop().is_some() {
            self.queue.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
        let mut report = ViewReport::default();
        if let Some(recording) = self.recording.take() {
            let (path, bytes, closed) = recording.close();
            report.file = path;
            report.file_bytes = bytes;
            if let Err(error) = closed {
                self.queue.counters.fail(format!("the recording could not be closed: {error}"));
            }
        }
        if let Some(dispatch) = self.dispatch.take() {
            dispatch.finish();
        }
        report
    }
}
