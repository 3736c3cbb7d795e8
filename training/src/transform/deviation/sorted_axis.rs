//! Numbers seen at one time step: which are near, and which trajectories hold them.

/// The distinct values of one time step in rising order, each with the trajectories that hold it.
#[derive(Clone, Debug)]
pub struct SortedAxis {
    values: Vec<f32>,
    // Holders of value i are holders[starts[i]..starts[i + 1]].
    starts: Vec<u32>,
    holders: Vec<u32>,
}

impl SortedAxis {
    /// Over one finite value per trajectory.
    pub fn new(values: impl Iterator<Item = f32>) -> Self {
        let mut sorted: Vec<(f32, u32)> = values.zip(0..).collect();
        sorted.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
        let mut line = Self { values: Vec::new(), starts: Vec::new(), holders: Vec::with_capacity(sorted.len()) };
        for (value, holder) in sorted {
            if line.values.last() != Some(&value) {
                line.values.push(value);
                line.starts.push(line.holders.len() as u32);
            }
            line.holders.push(holder);
        }
        line.starts.push(line.holders.len() as u32);
        line
    }

    /// How many trajectories hold a value within `radius` of this one.
    pub fn count_within(&self, value: f32, radius: f32) -> usize {
        let first = self.values.partition_point(|other| value - *other > radius);
        let end = self.values.partition_point(|other| *other - value <= radius).max(first);
        (self.starts[end] - self.starts[first]) as usize
    }

    /// The observed value nearest to this one (the lower of two as near) and those who hold it.
    pub fn nearest(&self, value: f32) -> Option<(f32, &[u32])> {
        let above = self.values.partition_point(|other| *other < value);
        let place = match (above.checked_sub(1), self.values.get(above)) {
            (None, _) => above,
            (Some(below), None) => below,
            (Some(below), Some(upper)) if value - self.values[below] <= upper - value => below,
            (Some(_), Some(_)) => above,
        };
        let found = *self.values.get(place)?;
        Some((found, &self.holders[self.starts[place] as usize..self.starts[place + 1] as usize]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_values_and_their_holders() {
        let line = SortedAxis::new([0.5, -1.0, 0.5, 0.0].into_iter());
        assert_eq!(line.nearest(-9.0), Some((-1.0, &[1][..])));
        assert_eq!(line.nearest(9.0), Some((0.5, &[0, 2][..])));
        assert_eq!(line.nearest(0.25), Some((0.0, &[3][..])));
        assert_eq!(line.nearest(0.26), Some((0.5, &[0, 2][..])));
        assert_eq!(line.nearest(0.5), Some((0.5, &[0, 2][..])));
        assert_eq!(SortedAxis::new([].into_iter()).nearest(0.0), None);
    }

    #[test]
    fn counts_within_a_radius_hold_the_value_itself() {
        let line = SortedAxis::new([0.5, -1.0, 0.5, 0.0].into_iter());
        assert_eq!(line.count_within(0.5, 0.0), 2);
        assert_eq!(line.count_within(0.5, 0.5), 3);
        assert_eq!(line.count_within(0.2, 0.1), 0);
        assert_eq!(line.count_within(0.0, 9.0), 4);
    }
}
