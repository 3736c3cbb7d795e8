//! Exact Euclidean distance field of a grid (Meijster, Roerdink and Hesselink 2000; Felzenszwalb and Huttenlocher 2012).
//!
//! The distance of two cells is that of one's centre from the other's box: `(max(|d| - 1/2, 0))^2` along each axis. That
//! is convex, so two sites of a row change places at most once and the lower envelope of a row is found in one pass.
//! Everything is counted in squares of half cells, which are integers.

use std::ops::Range;

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
    /// Of a grid of `width` x `height` cells in row order.
    pub(super) fn new(width: usize, height: usize, resolution_m: f64, occupied: &[bool]) -> Self {
        let heights = heights_of(width, occupied);
        let mut field = Self { width, height, resolution_m, heights, values: vec![0.0; width * height], largest: 0 };
        let mut buffers = Row::default();
        for row in 0..height {
            field.fill(row, 0..width, &mut buffers);
        }
        field
    }

    /// After a change of cells in some columns; `occupied` are all cells of these columns in row order. Gives the same
    /// distances as [`Self::new`] of the changed grid.
    pub(super) fn update(&mut self, columns: Range<usize>, occupied: &[bool]) {
        // A cell whose distance changes was or becomes nearest to a site in these columns, and had one this near before.
        let reach = self.largest + 1;
        let reached = columns.start.saturating_sub(reach)..(columns.end + reach).min(self.width);
        let heights = heights_of(columns.len(), occupied);
        let mut buffers = Row::default();
        for (row, new) in heights.chunks_exact(columns.len()).enumerate() {
            let old = &mut self.heights[row * self.width..][columns.clone()];
            if old != new {
                old.copy_from_slice(new);
                self.fill(row, reached.clone(), &mut buffers);
            }
        }
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

    /// Recomputes some columns of a row, after those of the row before.
    fn fill(&mut self, row: usize, columns: Range<usize>, buffers: &mut Row) {
        let (before, values) = self.values.split_at_mut(row * self.width);
        // Of the first row's cells none is farther from the space outside than half a cell.
        let before = before.rchunks_exact(self.width).next();
        let heights = &self.heights[row * self.width..][..self.width];
        let largest = buffers.fill(heights, columns, before, &mut values[..self.width], 0.5 * self.resolution_m as f32);
        self.largest = self.largest.max(largest);
    }
}

/// Cells to the nearest occupied one of the same column, the space above and below the grid included.
fn heights_of(width: usize, occupied: &[bool]) -> Vec<u16> {
    let mut heights = vec![0; occupied.len()];
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
    heights
}

/// Cells of a row that are looked at together.
const LANES: usize = 32;
/// Cells to either side that are looked at one by one, a multiple of four; what is farther away is left to the lower envelope.
const SCAN: usize = 16;
/// Distances within columns above this are scanned as this, cells: larger squares do not fit 16 bits.
const TALL: i16 = 90;
/// A site is nowhere the nearest if the square of its distance exceeds the mean of its neighbours' by half of this.
const HUMP: f32 = 23.0;

/// Done cells between two parts of a row that are left to the envelope as one.
const GAP: usize = 64;
/// Room for the rounding of distances, cells.
const ROUNDING: f32 = 0.01;

/// Cells of a row that are left to the lower envelope.
#[derive(Clone, Copy, Debug)]
struct Open {
    from: usize,
    to: usize,
    /// No distance there is larger than this, cells.
    bound: f32,
}

/// A site of the lower envelope: cells from `start` on are nearest to it.
#[derive(Clone, Copy, Debug)]
struct Site {
    column: i32,
    /// Square of the distance in its own column.
    cost: i32,
    start: i32,
}

/// One row, kept for its memory.
#[derive(Debug, Default)]
struct Row {
    /// Squares of the distances within columns, at most that of [`TALL`]; [`SCAN`] zeros before and more behind.
    near: Vec<i16>,
    /// Without the limit. Squares of up to 2^24 are exact.
    costs: Vec<f32>,
    columns: Vec<u32>,
    sites: Vec<Site>,
}

impl Row {
    /// Fills some cells of a row from the distances within columns, in units of `half_cell`. Gives the largest
    /// distance, in cells and rounded up.
    ///
    /// Where obstacles are near, a scan to both sides of many cells at once is faster than the envelope, and the other way
    /// round in open space.
    /// The distances of a cell and the one `before` it in the same column differ by one cell at most: where those are large,
    /// scanning is left out, and no site is farther away than they allow.
    fn fill(
        &mut self,
        heights: &[u16],
        cells: Range<usize>,
        before: Option<&[f32]>,
        values: &mut [f32],
        half_cell: f32,
    ) -> usize {
        let Range { start: first, end: last } = cells;
        let near = |height: &u16| {
            let doubled = 2 * (*height as i16).min(TALL) - i16::from(*height > 0);
            doubled * doubled
        };
        self.near.clear();
        self.near.resize(SCAN, 0);
        self.near.extend(heights.iter().map(near));
        self.near.resize(heights.len() + 2 * SCAN + LANES, 0);
        let (mut largest, mut open) = (0.0_f32, None::<Open>);
        for column in (first..last).step_by(LANES) {
            let end = (column + LANES).min(last);
            let before = before.map_or(0.0, |before| largest_of(&before[column..end]) * 0.5 / half_cell);
            let is_far = before > SCAN as f32 + 2.0 + ROUNDING;
            let scanned = (!is_far).then(|| scan(&self.near[column..]));
            let Some((nearest, largest_here)) =
                scanned.filter(|(_, largest)| *largest <= square(SCAN as i32 + 1) as i16)
            else {
                let part = open.get_or_insert(Open { from: column, to: end, bound: 0.0 });
                (part.to, part.bound) = (end, part.bound.max(before + 1.0 + ROUNDING));
                continue;
            };
            if let Some(part) = open.take_if(|part| end > part.to + GAP) {
                largest = largest.max(self.envelope(heights, part, values));
            }
            largest = largest.max(f32::from(largest_here));
            for (value, squared) in values[column..end].iter_mut().zip(&nearest) {
                *value = f32::from(*squared);
            }
        }
        if let Some(part) = open {
            largest = largest.max(self.envelope(heights, part, values));
        }
        for value in &mut values[first..last] {
            *value = value.sqrt() * half_cell;
        }
        (0.5 * largest.sqrt()).ceil() as usize
    }

    /// Squares of the distances of some cells by the lower envelope. Gives the largest.
    fn envelope(&mut self, heights: &[u16], part: Open, values: &mut [f32]) -> f32 {
        let (width, cells) = (heights.len(), part.from..part.to);
        // A site beyond the bound is not the nearest, along the row or within its column.
        let reach = part.bound as usize + 1;
        let limit = 4.0 * part.bound * part.bound;
        let (from, to) = (cells.start.saturating_sub(reach), (cells.end + reach).min(width));
        let doubled = |height: &u16| (2.0 * f32::from(*height) - 1.0).max(0.0);
        self.costs.clear();
        self.costs.extend(heights[from..to].iter().map(|height| doubled(height) * doubled(height)));
        // Most sites are the nearest to no other cell than their own: what is not higher beside them is nearer to all cells
        // there. The first and the last stay, because what lies beyond them is not looked at.
        self.columns.clear();
        self.columns.resize(to - from + 2, 0);
        let mut count = 1;
        for (column, cost) in self.costs.windows(3).enumerate() {
            self.columns[count] = column as u32 + 1;
            let is_valley = (cost[0] > cost[1] + 1.0) | (cost[2] > cost[1] + 1.0);
            count += usize::from(is_valley & (2.0 * cost[1] - cost[0] - cost[2] < HUMP) & (cost[1] <= limit));
        }
        self.columns[count] = (to - from) as u32 - 1;
        let (first, end) = (cells.start as i32, cells.end as i32);
        self.sites.clear();
        self.sites.push(Site { column: -1, cost: 0, start: first });
        for index in 0..=count {
            let column = self.columns[index] as usize;
            self.push((from + column) as i32, self.costs[column] as i32, first, end);
        }
        self.push(width as i32, 0, first, end);
        for (index, site) in self.sites.iter().enumerate() {
            let (start, next) =
                (site.start as usize, self.sites.get(index + 1).map_or(end, |next| next.start) as usize);
            let cost = site.cost as f32;
            let own = &self.costs[start - from..next - from];
            for (away, (value, own)) in (site.start - site.column..).zip(values[start..next].iter_mut().zip(own)) {
                let doubled = 2.0 * (away as f32).abs() - 1.0;
                let squared = cost + doubled * doubled;
                *value = if squared < *own { squared } else { *own };
            }
        }
        largest_of(&values[cells])
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

/// The largest of some distances, none of which is NaN or below 0.
fn largest_of(values: &[f32]) -> f32 {
    let greater = |a: f32, b: f32| if a > b { a } else { b };
    // In eighths first, which processors do at once.
    let (eighths, rest) = values.as_chunks::<8>();
    let folded =
        eighths.iter().fold([0.0; 8], |folded, eighth| std::array::from_fn(|lane| greater(folded[lane], eighth[lane])));
    folded.iter().chain(rest).fold(0.0, |largest, value| greater(*value, largest))
}

/// Squares of the distances of [`LANES`] cells, and their largest. `near` begins [`SCAN`] cells before the first. Those
/// larger than the square of [`SCAN`] + 1 cells are upper bounds.
fn scan(near: &[i16]) -> ([i16; LANES], i16) {
    let (near, _) = near.split_at(2 * SCAN + LANES);
    let mut nearest = [0; LANES];
    nearest.copy_from_slice(&near[SCAN..SCAN + LANES]);
    let mut away = 1;
    loop {
        // In eighths first, which processors do at once.
        let mut folded = [0_i16; 8];
        for eighth in nearest.as_chunks::<8>().0 {
            folded = std::array::from_fn(|lane| folded[lane].max(eighth[lane]));
        }
        let largest = folded.into_iter().fold(0, i16::max);
        if away > SCAN || largest <= square(away as i32) as i16 {
            return (nearest, largest);
        }
        // Four at a time: finding out whether all are done costs as much as one.
        for cells in away..away + 4 {
            let beside = square(cells as i32) as i16;
            let (left, right) = (&near[SCAN - cells..][..LANES], &near[SCAN + cells..][..LANES]);
            for lane in 0..LANES {
                nearest[lane] = nearest[lane].min(left[lane].min(right[lane]).saturating_add(beside));
            }
        }
        away += 4;
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
pub(super) mod tests;
