//! Exact Euclidean distance field of a grid (Meijster, Roerdink and Hesselink 2000; Felzenszwalb and Huttenlocher 2012).
//!
//! The distance of two cells is that of one's centre from the other's box: `(max(|d| - 1/2, 0))^2` along each axis. That
//! is convex, so two sites of a row change places at most once and the lower envelope of a row is found in one pass.
//! Everything is counted in squares of half cells, which are integers.

/// Distances from each cell's centre to the nearest point of an occupied cell's box, metres; 0 in occupied cells. Space
/// outside the grid counts as occupied.
#[derive(Clone, Debug, PartialEq)]
pub struct DistanceField {
    width: usize,
    height: usize,
    resolution_m: f64,
    /// Cells to the nearest occupied one in the same column, outside included.
    heights: Vec<u16>,
    values: Vec<f32>,
    /// No value is larger than this, cells.
    largest: usize,
}

impl DistanceField {
    /// Of a grid of `width` x `height` cells in row order; `is_occupied` is looked up once per cell.
    pub(super) fn new(width: usize, height: usize, resolution_m: f64, occupied: &[bool]) -> Self {
        let mut heights = vec![0; width * height];
        let mut above = vec![0_u16; width];
        for (row, cells) in heights.chunks_exact_mut(width).zip(occupied.chunks_exact(width)) {
            for ((cell, is_occupied), above) in row.iter_mut().zip(cells).zip(&mut above) {
                *above = if *is_occupied { 0 } else { *above + 1 };
                *cell = *above;
            }
        }
        let mut below = vec![0_u16; width];
        for row in heights.chunks_exact_mut(width).rev() {
            for (cell, below) in row.iter_mut().zip(&mut below) {
                *cell = (*cell).min(*below + 1);
                *below = *cell;
            }
        }
        let mut field = Self { width, height, resolution_m, heights, values: vec![0.0; width * height], largest: 0 };
        let mut envelope = Envelope::default();
        for row in 0..height {
            field.fill(row, 0, width, &mut envelope);
        }
        field
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The distance of one cell, metres; 0 outside.
    pub fn at(&self, column: usize, row: usize) -> f32 {
        if column < self.width && row < self.height { self.values[row * self.width + column] } else { 0.0 }
    }

    /// All distances in row order, metres.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Recomputes columns `first..last` of a row.
    fn fill(&mut self, row: usize, first: usize, last: usize, envelope: &mut Envelope) {
        let range = row * self.width..(row + 1) * self.width;
        let (heights, values) = (&self.heights[range.clone()], &mut self.values[range]);
        let largest = envelope.fill(heights, first, values, last, 0.5 * self.resolution_m as f32);
        self.largest = self.largest.max(largest);
    }
}

/// A site of the lower envelope: cells from `start` on are nearest to it.
#[derive(Clone, Copy, Debug)]
struct Site {
    column: i32,
    /// Square of the distance in its own column.
    cost: i32,
    start: i32,
}

/// The lower envelope of one row, kept for its memory.
#[derive(Debug, Default)]
struct Envelope {
    sites: Vec<Site>,
}

impl Envelope {
    /// Fills `values[first..last]` of a row from the distances within columns, in units of `half_cell`. Gives the largest
    /// distance, in cells and rounded up.
    fn fill(&mut self, heights: &[u16], first: usize, values: &mut [f32], last: usize, half_cell: f32) -> usize {
        let width = heights.len();
        // A site farther away than a cell's own column is not the nearest.
        let reach = heights[first..last].iter().fold(0, |largest, height| (*height).max(largest)) as usize;
        let (from, to) = (first.saturating_sub(reach), (last + reach).min(width));
        let (first_cell, end) = (first as i32, last as i32);
        self.sites.clear();
        self.sites.push(Site { column: -1, cost: 0, start: first_cell });
        for column in from..to {
            self.push(column as i32, square(i32::from(heights[column])), first_cell, end);
        }
        self.push(width as i32, 0, first_cell, end);
        let mut largest = 0;
        for (index, site) in self.sites.iter().enumerate() {
            let next = self.sites.get(index + 1).map_or(end, |next| next.start);
            for cell in site.start..next {
                let squared = square((cell - site.column).abs()) + site.cost;
                largest = largest.max(squared);
                values[cell as usize] = (squared as f32).sqrt() * half_cell;
            }
        }
        (0.5 * f64::from(largest).sqrt()).ceil() as usize
    }

    fn push(&mut self, column: i32, cost: i32, first: i32, end: i32) {
        while let Some(site) = self.sites.last() {
            let start = crossing(site.column, site.cost, column, cost).max(first);
            if start > site.start {
                if start < end {
                    self.sites.push(Site { column, cost, start });
                }
                return;
            }
            self.sites.pop();
        }
        self.sites.push(Site { column, cost, start: first });
    }
}

/// Square of the distance between a cell's centre and a cell `cells` away, in half cells.
const fn square(cells: i32) -> i32 {
    let half_cells = 2 * cells - (cells > 0) as i32;
    half_cells * half_cells
}

/// The first cell that is at least as near to site `j` as to site `i`, which lies to its left; at least 0.
///
/// With L = j - i, the square of the distance to `i` less that to `j` is `4 L (2 x - i - j + 1)` at the left of `i`,
/// `4 (L - 1)(2 x - i - j)` between them and `4 L (2 x - i - j - 1)` at the right of `j`, and `(2 L - 1)^2` in size at both.
fn crossing(i: i32, cost_i: i32, j: i32, cost_j: i32) -> i32 {
    let (length, sum, lift) = (j - i, i + j, cost_j - cost_i);
    let own = (2 * length - 1) * (2 * length - 1);
    if lift <= -own {
        quotient(lift + 4 * length * (sum - 1), 8 * length).min(i.max(0))
    } else if lift <= 4 * (length - 1) * (length - 2) && length > 1 {
        quotient(lift + 4 * (length - 1) * sum, 8 * (length - 1)).max(i + 1)
    } else if lift <= own {
        j
    } else {
        quotient(lift + 4 * length * (sum + 1), 8 * length).max(j + 1)
    }
}

/// A quotient rounded up, at least 0.
fn quotient(dividend: i32, divisor: i32) -> i32 {
    if dividend <= 0 { 0 } else { ((dividend - 1) as u32 / divisor as u32) as i32 + 1 }
}

#[cfg(test)]
#[path = "field_tests.rs"]
mod tests;
