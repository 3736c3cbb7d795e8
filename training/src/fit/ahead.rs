//! Batches drawn ahead: while an accelerator computes a step, the processor draws the batch of the next one.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

/// Draws what a step needs, on the threads of parallel iterators. What is drawn depends on the step alone, so that a fit computes
/// the same with and without drawing ahead.
pub(super) struct Ahead<T> {
    draw: Arc<dyn Fn(u64) -> T + Send + Sync>,
    next: Option<(u64, Receiver<T>)>,
}

impl<T: Send + 'static> Ahead<T> {
    pub(super) fn new(draw: impl Fn(u64) -> T + Send + Sync + 'static) -> Self {
        Self { draw: Arc::new(draw), next: None }
    }

    /// What a step needs. With `ahead` the next step's is begun.
    pub(super) fn take(&mut self, step: u64, ahead: bool) -> T {
        let next = self.next.take().filter(|(of, _)| *of == step);
        // Nothing begun, or begun for another step: it is drawn here.
        let drawn = next.and_then(|(_, drawn)| drawn.recv().ok()).unwrap_or_else(|| (self.draw)(step));
        if ahead {
            let (sender, receiver) = channel();
            let draw = Arc::clone(&self.draw);
            rayon::spawn(move || {
                // Refused only where the fit has ended.
                let _ = sender.send(draw(step + 1));
            });
            self.next = Some((step + 1, receiver));
        }
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn what_is_drawn_ahead_is_what_the_step_needs_and_is_drawn_once() {
        let drawn = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&drawn);
        let mut ahead = Ahead::new(move |step| {
            list.lock().expect("a list").push(step);
            10 * step
        });
        assert_eq!([3, 4, 5].map(|step| ahead.take(step, true)), [30, 40, 50]);
        // Another step than the one that was begun, as after a resumption.
        assert_eq!(ahead.take(9, false), 90);
        assert_eq!(ahead.take(10, false), 100);
        let mut drawn = drawn.lock().expect("a list").clone();
        drawn.retain(|step| *step != 6);
        drawn.sort_unstable();
        assert_eq!(drawn, [3, 4, 5, 9, 10]);
    }
}
