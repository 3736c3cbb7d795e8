//! A sequence decimated to a fixed capacity: when it is full, every second element is removed.

/// At most `capacity` elements, evenly spaced over all that were pushed, and always the last.
pub(super) struct Thinned<T> {
    kept: Vec<T>,
    last: Option<T>,
    capacity: usize,
    stride: usize,
    pushed: usize,
}

impl<T: Clone> Thinned<T> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { kept: Vec::new(), last: None, capacity: capacity.max(3), stride: 1, pushed: 0 }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }

    pub(super) fn push(&mut self, element: T) {
        if self.pushed.is_multiple_of(self.stride) {
            // One place is for the last element.
            if self.kept.len() == self.capacity - 1 {
                let mut place = 0;
                self.kept.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                self.stride *= 2;
            }
            if self.pushed.is_multiple_of(self.stride) {
                self.kept.push(element);
                self.last = None;
                self.pushed += 1;
                return;
            }
        }
        self.last = Some(element);
        self.pushed += 1;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.kept.iter().chain(&self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_stays_bounded_even_and_ends_at_the_last_point() {
        let mut path = Thinned::new(20);
        for number in 0..1000_usize {
            path.push(number);
            let kept: Vec<usize> = path.iter().copied().collect();
            assert!(kept.len() <= 20);
            assert_eq!((kept.first(), kept.last()), (Some(&0), Some(&number)));
            let steps: Vec<usize> = kept.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let even = steps.split_last().is_none_or(|(_, most)| most.windows(2).all(|pair| pair[0] == pair[1]));
            assert!(even, "{kept:?}");
        }
    }
}
