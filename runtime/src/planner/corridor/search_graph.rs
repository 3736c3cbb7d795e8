//! The graph of a route search: one node per block of cells, at the block's cell of largest distance, and edges to 16
//! neighbouring blocks.
//!
//! Pooling keeps large maps affordable: 2000 x 2000 cells in blocks of 4 are 250,000 nodes. A node stands where its block
//! has most room, so that an edge between nodes is a segment in the map and its clearance can be computed exactly. Passages
//! narrower than a block may be lost; the search then repeats with blocks of one cell.

use crate::geometry::Point;
use crate::world::map::GridMap;

/// Largest number of nodes before cells are pooled further.
const MAX_NODES: usize = 260_000;
/// Column and row offsets of the neighbours: 8 around, and 8 knight's moves, which keep route lengths within 2.7% of the
/// Euclidean ones.
pub(super) const NEIGHBOURS: [[i32; 2]; 16] = [
    [1, 0],
    [0, 1],
    [-1, 0],
    [0, -1],
    [1, 1],
    [-1, 1],
    [-1, -1],
    [1, -1],
    [2, 1],
    [1, 2],
    [-1, 2],
    [-2, 1],
    [-2, -1],
    [-1, -2],
    [1, -2],
    [2, -1],
];

/// A node's cell and its distance from obstacles.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Node {
    pub(super) column: u16,
    pub(super) row: u16,
    /// In cells; 0 in obstacles.
    pub(super) distance: f32,
}

impl Node {
    pub(super) fn cell(self) -> (usize, usize) {
        (usize::from(self.column), usize::from(self.row))
    }

    /// Distance between two nodes, in cells.
    pub(super) fn length_to(self, to: Self) -> f32 {
        let along = |a: u16, b: u16| f32::from(a) - f32::from(b);
        let (right, up) = (along(self.column, to.column), along(self.row, to.row));
        (right * right + up * up).sqrt()
    }
}

/// Nodes by block, in row order.
#[derive(Clone, Debug, Default)]
pub(super) struct SearchGraph {
    /// Cells along each side of a block.
    pub(super) block: usize,
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) nodes: Vec<Node>,
}

impl SearchGraph {
    /// The smallest block with which a map has an affordable number of nodes.
    pub(super) fn block_for(map: &GridMap) -> usize {
        let geometry = map.geometry();
        let nodes = |block: usize| geometry.width.div_ceil(block) * geometry.height.div_ceil(block);
        [1, 2, 4].into_iter().find(|block| nodes(*block) <= MAX_NODES).unwrap_or(8)
    }

    /// Fills the graph from a map; the memory is reused.
    pub(super) fn rebuild(&mut self, map: &GridMap, block: usize) {
        let (geometry, field) = (map.geometry(), map.field());
        (self.block, self.columns, self.rows) =
            (block, geometry.width.div_ceil(block), geometry.height.div_ceil(block));
        self.nodes.clear();
        self.nodes.resize(self.columns * self.rows, Node::default());
        let per_metre = (1.0 / geometry.resolution_m) as f32;
        for (row, distances) in field.values().chunks_exact(geometry.width).enumerate() {
            let nodes = &mut self.nodes[row / block * self.columns..][..self.columns];
            for (node, (first, cells)) in nodes.iter_mut().zip((0..).step_by(block).zip(distances.chunks(block))) {
                for (column, distance_m) in (first..).zip(cells) {
                    let distance = distance_m * per_metre;
                    if distance > node.distance {
                        *node = Node { column, row: row as u16, distance };
                    }
                }
            }
        }
    }

    /// The block around a cell.
    pub(super) fn index_of(&self, (column, row): (usize, usize)) -> usize {
        row / self.block * self.columns + column / self.block
    }

    /// The index of a neighbouring block, if it lies on the map.
    pub(super) fn neighbour(&self, index: usize, [right, up]: [i32; 2]) -> Option<usize> {
        let (column, row) = ((index % self.columns) as i32 + right, (index / self.columns) as i32 + up);
        let inside = column >= 0 && row >= 0 && (column as usize) < self.columns && (row as usize) < self.rows;
        inside.then(|| row as usize * self.columns + column as usize)
    }

    /// Whether the segment between two nodes keeps `clearance` (in cells) from obstacles.
    pub(super) fn is_clear(&self, map: &GridMap, from: Node, to: Node, clearance: f32) -> bool {
        if !(from.distance >= clearance && to.distance >= clearance) {
            return false;
        }
        if least_clearance(from.distance, to.distance, from.length_to(to)) >= clearance {
            return true;
        }
        let radius_m = f64::from(clearance) * map.geometry().resolution_m;
        let [a, b]: [Point; 2] = [from, to].map(|node| map.centre_of(node.cell()));
        map.keeps_distance(a, b, radius_m)
    }
}

/// A lower bound of the clearance of a segment of `length` whose ends have these distances from obstacles: no obstacle
/// lies within either circle, and where the circles intersect it is nearest to the segment.
fn least_clearance(from: f32, to: f32, length: f32) -> f32 {
    if !(length > 0.0) {
        return from.min(to);
    }
    let along = (from * from - to * to + length * length) / (2.0 * length);
    if along <= 0.0 || along >= length {
        return from.min(to);
    }
    (from * from - along * along).max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_of_a_segments_clearance_is_the_height_of_the_lens() {
        assert!((least_clearance(5.0, 5.0, 6.0) - 4.0).abs() < 1e-6);
        assert_eq!(least_clearance(5.0, 3.0, 0.0), 3.0);
        // The smaller circle lies within the larger: the obstacle nearest to its centre is nearest to the segment.
        assert_eq!(least_clearance(1.0, 9.0, 2.0), 1.0);
        assert_eq!(least_clearance(2.0, 2.0, 5.0), 0.0);
    }
}
