//! The connection to a running viewer. rerun's gRPC client blocks its caller when the viewer is stopped, may hang when
//! it is dropped, and does not connect again to a viewer that was restarted. So it runs on a thread of its own, which
//! is detached when it hangs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError, TrySendError, channel, sync_channel,
};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use re_grpc_client::write::{Client, ClientConnectionState, Options};
use re_log_types::LogMsg;
use re_uri::ProxyUri;

use super::super::event::{Event, Stamp};
use super::super::queue::lock;
use super::super::sink::{Closed, Flushed, Sink};
use super::{Batch, Fixed, Renderer};

/// How often what was drawn is sent: seldom enough for large chunks, often enough for the eye.
const FLUSH_INTERVAL: Duration = Duration::from_millis(200);
/// Batches that wait for a connection.
const WAITING_BATCHES: usize = 8;
/// Flushes of a batch, a second each, before its connection is given up. Each takes one of the hundred places in the
/// client's channel.
const FLUSH_ATTEMPTS: usize = 10;
/// Connections that were given up and hang in closing; beyond that no new one is opened.
const MAX_HANGING: usize = 2;
const RECONNECT: Duration = Duration::from_millis(500);
/// How long the first batch waits for the connection; without it a short run would show nothing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const CLOSE_TIMEOUT: Duration = Duration::from_millis(1500);

/// A running viewer, which may come and go.
pub(super) struct GrpcSink {
    viewer: Viewer,
    renderer: Renderer,
    /// Messages of the opening that never change; behind them stands what holds for all times.
    base: usize,
    fixed: Fixed,
    current: Option<Connection>,
    hanging: Vec<Connection>,
    /// Events that were drawn, and of them those that are counted.
    drawn: u64,
    counted: u64,
}

/// The viewer's address, what every new connection begins with, and counts of events.
#[derive(Clone)]
struct Viewer {
    uri: ProxyUri,
    url: String,
    /// The store, the layout, the walls.
    opening: Arc<Mutex<Vec<LogMsg>>>,
    arrived: Arc<AtomicU64>,
    missed: Arc<AtomicU64>,
    error: Arc<Mutex<Option<String>>>,
}

struct Connection {
    batches: Option<SyncSender<Batch>>,
    closing: Receiver<()>,
}

impl GrpcSink {
    pub(super) fn new(uri: ProxyUri, url: String, opening: Vec<LogMsg>, renderer: Renderer) -> Self {
        let base = opening.len();
        let viewer = Viewer {
            uri,
            url,
            opening: Arc::new(Mutex::new(opening)),
            arrived: Arc::default(),
            missed: Arc::default(),
            error: Arc::default(),
        };
        Self {
            viewer,
            renderer,
            base,
            fixed: Fixed::default(),
            current: None,
            hanging: Vec::new(),
            drawn: 0,
            counted: 0,
        }
    }

    /// Never blocks: a batch that the connection cannot take is missed by the viewer.
    fn send(&mut self, batch: Batch) {
        if self.current.is_none() {
            // A connection that has closed has dropped its end of the channel.
            self.hanging.retain(|hanging| !matches!(hanging.closing.try_recv(), Err(TryRecvError::Disconnected)));
            if self.hanging.len() < MAX_HANGING {
                self.current = self.viewer.connect();
            }
        }
        let Some(sender) = self.current.as_ref().and_then(|connection| connection.batches.as_ref()) else {
            return self.viewer.missed(batch.events);
        };
        match sender.try_send(batch) {
            Ok(()) => {}
            Err(TrySendError::Full(batch)) => self.viewer.missed(batch.events),
            Err(TrySendError::Disconnected(batch)) => {
                self.viewer.missed(batch.events);
                self.hanging.extend(self.current.take());
            }
        }
    }

    fn counts(&mut self) -> Flushed {
        let written = self.viewer.arrived.swap(0, Ordering::Relaxed);
        let failed = self.viewer.missed.swap(0, Ordering::Relaxed);
        self.counted += written + failed;
        Flushed { written, failed, error: self.renderer.error.take().or_else(|| lock(&self.viewer.error).take()) }
    }
}

impl Sink for GrpcSink {
    fn write(&mut self, stamp: Stamp, event: &Event) {
        self.renderer.draw(stamp, event);
        self.drawn += 1;
    }

    fn flush(&mut self) -> Flushed {
        let (fixed, batch) = self.renderer.drain();
        let fresh = !fixed.is_empty();
        if fresh {
            self.fixed.extend(fixed.iter().map(|(entity, message)| (*entity, message.clone())));
            let mut opening = lock(&self.viewer.opening);
            opening.truncate(self.base);
            opening.extend(self.fixed.values().cloned());
        }
        match batch {
            Err(events) => self.viewer.missed(events),
            Ok(batch) if fresh || batch.events > 0 => {
                let messages = fixed.into_values().chain(batch.messages).collect();
                self.send(Batch { messages, events: batch.events });
            }
            Ok(_) => {}
        }
        self.counts()
    }

    fn flush_interval(&self) -> Duration {
        FLUSH_INTERVAL
    }

    fn is_live(&self) -> bool {
        true
    }

    /// Waits for the last batches to arrive, a bounded time.
    fn close(mut self: Box<Self>) -> Closed {
        let mut hangs = false;
        if let Some(mut connection) = self.current.take() {
            connection.batches = None;
            hangs = connection.closing.recv_timeout(CONNECT_TIMEOUT + CLOSE_TIMEOUT).is_err();
        }
        let mut flushed = self.counts();
        if hangs {
            // What a hanging connection holds is in no count.
            flushed.failed += self.drawn.saturating_sub(self.counted);
        }
        Closed { flushed, ..Closed::default() }
    }
}

impl Viewer {
    fn connect(&self) -> Option<Connection> {
        let (batches, received) = sync_channel(WAITING_BATCHES);
        let (closing, when_closing) = channel();
        let viewer = self.clone();
        let thread = std::thread::Builder::new().name("view-grpc".to_owned());
        match thread.spawn(move || viewer.run(received, &closing)) {
            Ok(_) => Some(Connection { batches: Some(batches), closing: when_closing }),
            Err(error) => {
                self.report(&format!("has no thread: {error}"));
                None
            }
        }
    }

    fn run(&self, batches: Receiver<Batch>, closing: &Sender<()>) {
        let mut client = Client::new(self.uri.clone(), Options::default());
        let mut opened = false;
        let mut retry_at = Instant::now();
        let mut wait_until = Instant::now() + CONNECT_TIMEOUT;
        loop {
            let batch = match batches.recv_timeout(Duration::from_secs(1)) {
                Ok(batch) => batch,
                // Without new events too, a viewer that was started late shows the maze.
                Err(RecvTimeoutError::Timeout) => Batch { messages: Vec::new(), events: 0 },
                Err(RecvTimeoutError::Disconnected) => break,
            };
            while matches!(client.status(), ClientConnectionState::Connecting { .. }) && Instant::now() < wait_until {
                std::thread::sleep(Duration::from_millis(10));
            }
            match client.status() {
                ClientConnectionState::Connected => {
                    if !opened {
                        // It holds all that is fixed, also what was logged while no viewer was connected.
                        let opening = lock(&self.opening).clone();
                        opening.into_iter().for_each(|message| client.send_blocking(message));
                        opened = true;
                    }
                    batch.messages.into_iter().for_each(|message| client.send_blocking(message));
                    // One batch at a time, or the client would gather a hundred of them for a viewer that stopped.
                    if !self.is_received(&client) {
                        self.missed(batch.events);
                        if matches!(client.status(), ClientConnectionState::Connected) {
                            break;
                        }
                        continue;
                    }
                    self.arrived(batch.events);
                }
                ClientConnectionState::Connecting { .. } => {
                    self.missed(batch.events);
                    self.report("is not there");
                }
                ClientConnectionState::Disconnected(_) => {
                    self.missed(batch.events);
                    self.report("disconnected");
                    if retry_at <= Instant::now() {
                        retry_at = Instant::now() + RECONNECT;
                        wait_until = Instant::now() + CONNECT_TIMEOUT;
                        opened = false;
                        client = Client::new(self.uri.clone(), Options::default());
                    }
                }
            }
        }
        // Both before the client is dropped, because dropping it may hang.
        self.missed(batches.try_iter().map(|batch| batch.events).sum());
        drop(batches);
        let _ = closing.send(());
        drop(client);
    }

    fn is_received(&self, client: &Client) -> bool {
        for _ in 0..FLUSH_ATTEMPTS {
            if client.flush_blocking(Duration::from_secs(1)).is_ok() {
                return true;
            }
            self.report("does not read");
            if !matches!(client.status(), ClientConnectionState::Connected) {
                return false;
            }
        }
        false
    }

    fn arrived(&self, events: u64) {
        self.arrived.fetch_add(events, Ordering::Relaxed);
    }

    fn missed(&self, events: u64) {
        self.missed.fetch_add(events, Ordering::Relaxed);
    }

    fn report(&self, what: &str) {
        *lock(&self.error) = Some(format!("the viewer at {} {what}", self.url));
    }
}
