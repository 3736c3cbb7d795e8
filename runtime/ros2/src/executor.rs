//! Single-threaded executor: topics, services, timers, and reports of other threads.
//!
//! Handlers run one after the other and share the node's state without locks. Nothing here blocks but the wait
//! for the next event; whatever takes long (a model, a plan) runs elsewhere and reports through a [`Waker`].

use super::node::{Server, Subscription};
use ros2_client::Message;
use ros2_client::dds::rustdds::mio1::{Events, Interest, Poll, Token, Waker as MioWaker};
use ros2_client::{MessageInfo, RmwRequestId};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Messages that one source may have handled before the others get their turn.
const TURN: usize = 16;
const WAKER: Token = Token(usize::MAX);

/// What an event may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Handled; there may be more.
    One,
    /// Nothing left.
    None,
    /// Something that could not be decoded was thrown away.
    Malformed,
}

type Take<S> = Box<dyn FnMut(&mut S) -> Taken>;
type Tick<S> = Box<dyn FnMut(&mut S)>;
type Complain<S> = Box<dyn FnMut(&mut S, &str)>;

struct Source<S> {
    name: String,
    take: Take<S>,
    ready: bool,
}

struct Timer<S> {
    period: Duration,
    next: Instant,
    tick: Tick<S>,
}

/// Answers one request, once.
pub struct Reply<R> {
    send: Rc<dyn Fn(RmwRequestId, R)>,
    request_id: RmwRequestId,
}

impl<R> Reply<R> {
    /// Sends the answer.
    pub fn send(self, response: R) {
        (self.send)(self.request_id, response);
    }
}

/// Lets other threads wake the loop.
#[derive(Clone)]
pub struct Waker {
    waker: Arc<MioWaker>,
    stop: Arc<AtomicBool>,
}

impl Waker {
    /// Wakes the loop; its report handlers run.
    pub fn wake(&self) {
        // The only error is a loop that is gone.
        let _ = self.waker.wake();
    }

    /// Ends the loop after the event under way.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.wake();
    }

    /// Whether [`Self::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}

/// The event loop of a node whose state is `S`.
pub struct Executor<S> {
    poll: Poll,
    events: Events,
    waker: Waker,
    sources: Vec<Source<S>>,
    timers: Vec<Timer<S>>,
    reports: Vec<Tick<S>>,
    malformed: Complain<S>,
}

impl<S: 'static> Executor<S> {
    /// A loop with nothing to do. `malformed` gets the name of a topic or service whose message could not be
    /// decoded.
    ///
    /// # Errors
    /// If the system has no more descriptors.
    pub fn new(malformed: impl FnMut(&mut S, &str) + 'static) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(MioWaker::new(poll.registry(), WAKER)?);
        Ok(Self {
            poll,
            events: Events::with_capacity(64),
            waker: Waker { waker, stop: Arc::new(AtomicBool::new(false)) },
            sources: Vec::new(),
            timers: Vec::new(),
            reports: Vec::new(),
            malformed: Box::new(malformed),
        })
    }

    /// A handle for other threads.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Calls `handle` for every message.
    ///
    /// # Errors
    /// If the source cannot be watched.
    pub fn subscribe<M: Message + 'static>(
        &mut self,
        mut subscription: Subscription<M>,
        mut handle: impl FnMut(&mut S, M, &MessageInfo) + 'static,
    ) -> io::Result<()> {
        let token = Token(self.sources.len());
        self.poll.registry().register(&mut subscription.inner, token, Interest::READABLE)?;
        let name = subscription.name.clone();
        self.add(name, move |state| match subscription.inner.take() {
            Ok(Some((message, info))) => {
                handle(state, message, &info);
                Taken::One
            }
            Ok(None) => Taken::None,
            Err(_) => Taken::Malformed,
        });
        Ok(())
    }

    /// Calls `handle` for every request, with what answers it, now or later.
    ///
    /// # Errors
    /// If the source cannot be watched.
    pub fn serve<Q: Message + Clone + 'static, R: Message + 'static>(
        &mut self,
        mut server: Server<Q, R>,
        mut handle: impl FnMut(&mut S, Reply<R>, Q) + 'static,
    ) -> io::Result<()> {
        let token = Token(self.sources.len());
        self.poll.registry().register(&mut server.inner, token, Interest::READABLE)?;
        let name = server.name.clone();
        let server = Rc::new(server);
        let answering = Rc::clone(&server);
        let send: Rc<dyn Fn(RmwRequestId, R)> = Rc::new(move |id, response| answering.answer(id, response));
        self.add(name, move |state| match server.inner.receive_request() {
            Ok(Some((request_id, request))) => {
                handle(state, Reply { send: Rc::clone(&send), request_id }, request);
                Taken::One
            }
            Ok(None) => Taken::None,
            Err(_) => Taken::Malformed,
        });
        Ok(())
    }

    /// The token that the next call of [`Self::add`] will watch, and where to register it.
    pub fn registration(&self) -> (Token, &ros2_client::dds::rustdds::mio1::Registry) {
        (Token(self.sources.len()), self.poll.registry())
    }

    /// Adds a source that has been registered under [`Self::registration`].
    pub fn add(&mut self, name: String, take: impl FnMut(&mut S) -> Taken + 'static) {
        // Ready at first: what came before the registration has raised no event.
        self.sources.push(Source { name, take: Box::new(take), ready: true });
    }

    /// Calls `tick` every `period`, first after one period. A late tick is not made up for.
    pub fn every(&mut self, period: Duration, tick: impl FnMut(&mut S) + 'static) {
        self.timers.push(Timer { period, next: Instant::now() + period, tick: Box::new(tick) });
    }

    /// Calls `report` whenever another thread used the waker.
    pub fn on_wake(&mut self, report: impl FnMut(&mut S) + 'static) {
        self.reports.push(Box::new(report));
    }

    /// Runs until [`Waker::stop`].
    ///
    /// # Errors
    /// If the system refuses to wait.
    pub fn run(&mut self, state: &mut S) -> io::Result<()> {
        while !self.waker.is_stopped() {
            self.turn(state, Duration::from_millis(500))?;
        }
        Ok(())
    }

    /// Waits at most `patience` and handles what there is.
    ///
    /// # Errors
    /// If the system refuses to wait.
    pub fn turn(&mut self, state: &mut S, patience: Duration) -> io::Result<()> {
        let now = Instant::now();
        let due = self.timers.iter().map(|timer| timer.next).min();
        let wait = if self.sources.iter().any(|source| source.ready) {
            Duration::ZERO
        } else {
            due.map_or(patience, |due| due.saturating_duration_since(now).min(patience))
        };
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(()) => {}
        }
        let mut woken = false;
        for event in &self.events {
            match event.token() {
                WAKER => woken = true,
                Token(index) => {
                    if let Some(source) = self.sources.get_mut(index) {
                        source.ready = true;
                    }
                }
            }
        }
        if woken {
            for report in &mut self.reports {
                report(state);
            }
        }
        self.tick(state);
        for source in self.sources.iter_mut().filter(|source| source.ready) {
            source.ready = false;
            for turn in 0.. {
                if turn == TURN {
                    // The notification is used up, so it has to be remembered that there is more.
                    source.ready = true;
                    break;
                }
                match (source.take)(state) {
                    Taken::One => {}
                    Taken::None => break,
                    Taken::Malformed => (self.malformed)(state, &source.name),
                }
            }
        }
        Ok(())
    }

    fn tick(&mut self, state: &mut S) {
        for timer in &mut self.timers {
            let now = Instant::now();
            if now < timer.next {
                continue;
            }
            timer.next += timer.period;
            if timer.next <= now {
                timer.next = now + timer.period;
            }
            (timer.tick)(state);
        }
    }
}
