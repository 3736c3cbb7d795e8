//! Recordings and live view for [rerun](https://rerun.io): events drawn into a scene, encoded as rerun's chunks.

mod blueprint;
mod chunks;
mod file_sink;
mod grpc_sink;
mod map_image;
mod push;
mod scene;
mod thinned;
mod wall_lines;

use std::collections::BTreeMap;

use re_chunk::ChunkError;
use re_log_types::{ApplicationId, LogMsg, StoreId, StoreKind};
use re_uri::ProxyUri;

use super::event::{Event, Stamp};
use super::sink::Sink;
use super::{ViewError, ViewOptions};
use file_sink::FileSink;
use grpc_sink::GrpcSink;
use scene::{Scene, finite};

const APPLICATION: &str = "planwright";

/// A recording, if the options name a file, and a viewer, if they name one; both show the same store.
pub(super) fn open(options: &ViewOptions) -> Result<Vec<Box<dyn Sink>>, ViewError> {
    let parse = |url: &String| {
        let uri: Result<ProxyUri, _> = url.parse();
        uri.map_err(|error| ViewError::Url { url: url.clone(), reason: error.to_string() })
    };
    let uri = options.viewer.as_ref().map(parse).transpose()?;
    let application = ApplicationId::from(APPLICATION);
    let store = StoreId::random(StoreKind::Recording, application.clone());
    let encode = |error: ChunkError| ViewError::Encode(error.to_string());
    let mut opening = Scene::new(store.clone()).opening(&options.name, options.subject).map_err(encode)?;
    opening.extend(blueprint::messages(&application, options.subject).map_err(encode)?);

    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    if let Some(path) = &options.file {
        let sink = FileSink::create(path, &opening, Renderer::new(store.clone()));
        sinks.push(Box::new(sink.map_err(|source| ViewError::File { path: path.clone(), source })?));
    }
    if let Some((uri, url)) = uri.zip(options.viewer.clone()) {
        sinks.push(Box::new(GrpcSink::new(uri, url, opening, Renderer::new(store))));
    }
    Ok(sinks)
}

/// Messages of the events since the last flush.
struct Batch {
    messages: Vec<LogMsg>,
    events: u64,
}

/// The latest data of entities that hold for all times, by entity.
type Fixed = BTreeMap<&'static str, LogMsg>;

/// Draws events and gathers their messages until the next flush.
struct Renderer {
    scene: Scene,
    events: u64,
    error: Option<String>,
}

impl Renderer {
    fn new(store: StoreId) -> Self {
        Self { scene: Scene::new(store), events: 0, error: None }
    }

    fn draw(&mut self, stamp: Stamp, event: &Event) {
        self.scene.draw(stamp, event);
        self.events += 1;
    }

    /// What holds for all times and has changed since the last flush, and the batch of all else; if it cannot be encoded,
    /// its number of events.
    fn drain(&mut self) -> (Fixed, Result<Batch, u64>) {
        let events = std::mem::take(&mut self.events);
        let mut failed = |error: ChunkError| self.error = Some(format!("rerun could not encode: {error}"));
        let fixed = self.scene.drain_fixed().unwrap_or_else(|error| {
            failed(error);
            Fixed::default()
        });
        let batch = self.scene.drain().map(|messages| Batch { messages, events }).map_err(|error| {
            failed(error);
            events
        });
        (fixed, batch)
    }
}
