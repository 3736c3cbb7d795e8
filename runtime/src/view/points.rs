//! Trajectories for the view, in buffers that are allocated once and come back when they have been drawn.

use std::sync::Arc;

use crossbeam_queue::ArrayQueue;

/// Points that one buffer holds; longer trajectories are thinned evenly, both ends kept.
pub const MAX_POINTS: usize = 512;

type Buffer = Box<[[f32; 2]; MAX_POINTS]>;

/// The buffers that are free.
#[derive(Debug)]
pub(super) struct Pool {
    free: ArrayQueue<Buffer>,
}

impl Pool {
    pub(super) fn new(buffers: usize) -> Self {
        let free = ArrayQueue::new(buffers.max(1));
        while free.push(Box::new([[0.0; 2]; MAX_POINTS])).is_ok() {}
        Self { free }
    }

    /// Fills a free buffer; `None` if there is none. Neither allocates nor blocks.
    pub(super) fn fill(self: &Arc<Self>, count: usize, mut position: impl FnMut(usize) -> [f64; 2]) -> Option<Points> {
        let mut buffer = self.free.pop()?;
        let length = count.min(MAX_POINTS);
        for (place, slot) in buffer.iter_mut().take(length).enumerate() {
            let index = if count <= MAX_POINTS { place } else { place * (count - 1) / (MAX_POINTS - 1) };
            *slot = position(index).map(|coordinate| coordinate as f32);
        }
        Some(Points { buffer: Some(buffer), length, pool: Arc::clone(self) })
    }
}

/// Up to [`MAX_POINTS`] positions (x, y), metres. Made by [`View::points`](super::View::points); the buffer
/// returns to its pool when this is dropped, on whichever thread.
pub struct Points {
    // Empty only while being dropped.
    buffer: Option<Buffer>,
    length: usize,
    pool: Arc<Pool>,
}

impl Points {
    /// The positions, shape (number of points, 2), metres.
    pub fn as_slice(&self) -> &[[f32; 2]] {
        self.buffer.as_ref().and_then(|buffer| buffer.get(..self.length)).unwrap_or(&[])
    }
}

impl Drop for Points {
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            // The pool has room for every buffer that it gave out.
            let _ = self.pool.free.push(buffer);
        }
    }
}

impl std::fmt::Debug for Points {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Points({})", self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back_and_an_empty_pool_gives_none() {
        let pool = Arc::new(Pool::new(2));
        let first = pool.fill(3, |index| [index as f64, 0.5]);
        let second = pool.fill(1, |_| [0.0; 2]);
        assert_eq!(
            first.as_ref().map(|points| points.as_slice().to_vec()),
            Some(vec![[0.0, 0.5], [1.0, 0.5], [2.0, 0.5]])
        );
        assert!(second.is_some() && pool.fill(1, |_| [0.0; 2]).is_none());
        drop(first);
        assert!(pool.fill(0, |_| [0.0; 2]).is_some_and(|points| points.as_slice().is_empty()));
    }

    #[test]
    fn a_long_trajectory_is_thinned_and_keeps_both_ends() {
        let pool = Arc::new(Pool::new(1));
        for count in [MAX_POINTS, MAX_POINTS + 1, 3 * MAX_POINTS + 7, 1_000_000] {
            let points = pool.fill(count, |index| [index as f64, 0.0]);
            let ends = points
                .as_ref()
                .map(|points| (points.as_slice().len(), points.as_slice()[0][0], points.as_slice()[MAX_POINTS - 1][0]));
            assert_eq!(ends, Some((MAX_POINTS, 0.0, (count - 1) as f32)));
        }
    }
}
