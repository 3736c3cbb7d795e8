//! The way to a running viewer. rerun's gRPC client blocks its caller when the viewer is stopped, may hang when
//! it is dropped, and never comes back to a viewer that was restarted. So it lives on a courier thread of its
//! own, which is left behind when it hangs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError, TrySendError, channel, sync_channel,
};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use re_grpc_client::write::{Client, ClientConnectionState, Options};
use re_log_types::LogMsg;
use re_uri::ProxyUri;

use super::queue::{Queue, lock};

/// Batches on the way to the courier.
const WAITING_BATCHES: usize = 8;
/// How often, a second each, a viewer is asked to take a batch before its connection is given up. Each asking
/// takes one of the hundred places in the client's channel.
const ASKINGS: usize = 10;
/// Couriers that gave up and hang in closing their connection; beyond that no new one is sent.
const MAX_HANGING: usize = 2;
const RECONNECT: Duration = Duration::from_millis(500);
/// How long the first batch waits for the connection; without it a short run would show nothing.
const PATIENCE: Duration = Duration::from_secs(1);
const FLUSH: Duration = Duration::from_millis(1500);

/// Messages and the number of events in them.
pub(super) struct Batch {
    pub(super) messages: Vec<LogMsg>,
    pub(super) events: u64,
}

/// What every new connection must be told first: the store, the layout, the walls.
pub(super) type Opening = Arc<Mutex<Vec<LogMsg>>>;

/// Hands batches to the courier, and replaces it when it hangs.
pub(super) struct Dispatch {
    route: Route,
    current: Option<Courier>,
    hanging: Vec<Courier>,
}

#[derive(Clone)]
struct Route {
    uri: ProxyUri,
    url: String,
    opening: Opening,
    queue: Arc<Queue>,
    /// Whether the viewer is the only target, so that its count is the count.
    only: bool,
}

struct Courier {
    batches: Option<SyncSender<Batch>>,
    flushed: Receiver<()>,
}

impl Dispatch {
    pub(super) fn new(uri: ProxyUri, url: String, opening: Opening, queue: Arc<Queue>, only: bool) -> Self {
        let route = Route { uri, url, opening, queue, only };
        Self { route, current: None, hanging: Vec::new() }
    }

    /// Never blocks: what the courier cannot take is missed by the viewer.
    pub(super) fn send(&mut self, batch: Batch) {
        if self.current.is_none() {
            // A courier that ended has dropped its end of the channel.
            self.hanging.retain(|courier| !matches!(courier.flushed.try_recv(), Err(TryRecvError::Disconnected)));
            if self.hanging.len() < MAX_HANGING {
                self.current = self.route.start();
            }
        }
        let Some(sender) = self.current.as_ref().and_then(|courier| courier.batches.as_ref()) else {
            return self.route.missed(batch.events);
        };
        match sender.try_send(batch) {
            Ok(()) => {}
            Err(TrySendError::Full(batch)) => self.route.missed(batch.events),
            Err(TrySendError::Disconnected(batch)) => {
                self.route.missed(batch.events);
                self.hanging.extend(self.current.take());
            }
        }
    }

    /// Waits for the last batches to arrive, a bounded time.
    pub(super) fn finish(mut self) {
        if let Some(mut courier) = self.current.take() {
            courier.batches = None;
            if courier.flushed.recv_timeout(PATIENCE + FLUSH).is_err() && self.route.only {
                // The courier hangs; what it holds is in no count yet.
                let counts = self.route.queue.counters.statistics();
                let held = counts.offered.saturating_sub(counts.dropped + counts.written + counts.failed);
                self.route.missed(held);
            }
        }
    }
}

impl Route {
    fn start(&self) -> Option<Courier> {
        let (batches, received) = sync_channel(WAITING_BATCHES);
        let (flushed, when_flushed) = channel();
        let route = self.clone();
        let thread = std::thread::Builder::new().name("view-courier".to_owned());
        match thread.spawn(move || route.run(received, &flushed)) {
            Ok(_) => Some(Courier { batches: Some(batches), flushed: when_flushed }),
            Err(error) => {
                self.complain(&format!("has no thread: {error}"));
                None
            }
        }
    }

    fn run(&self, batches: Receiver<Batch>, flushed: &Sender<()>) {
        let mut client = Client::new(self.uri.clone(), Options::default());
        let mut greeted = false;
        let mut retry_at = Instant::now();
        let mut patient_until = Instant::now() + PATIENCE;
        loop {
            let batch = match batches.recv_timeout(Duration::from_secs(1)) {
                Ok(batch) => batch,
                // Also while nothing happens a viewer that comes should see the maze.
                Err(RecvTimeoutError::Timeout) => Batch { messages: Vec::new(), events: 0 },
                Err(RecvTimeoutError::Disconnected) => break,
            };
            while matches!(client.status(), ClientConnectionState::Connecting { .. }) && Instant::now() < patient_until
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            match client.status() {
                ClientConnectionState::Connected => {
                    if !greeted {
                        // The opening holds all that is fixed, also what came while nobody listened.
                        let opening = lock(&self.opening).clone();
                        opening.into_iter().for_each(|message| client.send_blocking(message));
                        greeted = true;
                    }
                    batch.messages.into_iter().for_each(|message| client.send_blocking(message));
                    // One batch at a time, or the client would gather a hundred of them for a viewer that stopped.
                    if !self.is_taken(&client) {
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
                    self.complain("is not there");
                }
                ClientConnectionState::Disconnected(_) => {
                    self.missed(batch.events);
                    self.complain("went away");
                    if retry_at <= Instant::now() {
                        retry_at = Instant::now() + RECONNECT;
                        patient_until = Instant::now() + PATIENCE;
                        greeted = false;
                        client = Client::new(self.uri.clone(), Options::default());
                    }
                }
            }
        }
        // Both said before the client is dropped, because dropping it may hang.
        self.missed(batches.try_iter().map(|batch| batch.events).sum());
        drop(batches);
        let _ = flushed.send(());
        drop(client);
    }

    fn is_taken(&self, client: &Client) -> bool {
        for _ in 0..ASKINGS {
            if client.flush_blocking(Duration::from_secs(1)).is_ok() {
                return true;
            }
            self.complain("takes nothing");
            if !matches!(client.status(), ClientConnectionState::Connected) {
                return false;
            }
        }
        false
    }

    fn arrived(&self, events: u64) {
        self.count(&self.queue.counters.written, events);
    }

    fn missed(&self, events: u64) {
        self.queue.counters.viewer_missed.fetch_add(events, Ordering::Relaxed);
        self.count(&self.queue.counters.failed, events);
    }

    fn count(&self, counter: &AtomicU64, events: u64) {
        if self.only {
            counter.fetch_add(events, Ordering::Relaxed);
        }
    }

    fn complain(&self, what: &str) {
        self.queue.counters.fail(format!("the viewer at {} {what}", self.url));
    }
}
