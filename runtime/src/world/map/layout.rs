//! Mazes as text: `#` is a wall, `O` is free, `G` is free and the evaluation goal.

use super::regions::regions;
use crate::geometry::{Aabb, Point};

/// A maze on a grid of 1 m cells. Row index is x, column index is y.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    name: String,
    rows: usize,
    columns: usize,
    walls: Vec<bool>,
    /// Region of each free cell, 0 for walls.
    regions: Vec<u32>,
    goal: Option<(usize, usize)>,
}

/// Why a text is not a maze.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum LayoutError {
    /// No rows, or rows of no width.
    #[error("expected a maze of at least 3 x 3 cells, got {rows} x {columns}\nhint: one line per row, for example {example}", example = EXAMPLE)]
    TooSmall {
        /// Rows found.
        rows: usize,
        /// Columns found.
        columns: usize,
    },
    /// More cells than any planner here could use; refused before memory is spent on it.
    #[error(
        "expected at most {max} x {max} cells of 1 m, got {rows} x {columns} cells, which are {rows} m x {columns} m\nhint: cut the maze to the part around start and goal"
    )]
    TooLarge {
        /// Cells per side that are allowed.
        max: usize,
        /// Rows found.
        rows: usize,
        /// Columns found.
        columns: usize,
    },
    /// Rows of different length.
    #[error("expected every row to have {expected} cells, got {got} in row {row}\nhint: pad the row with '#'")]
    Ragged {
        /// Row index from 0.
        row: usize,
        /// Length of the first row.
        expected: usize,
        /// Length of this row.
        got: usize,
    },
    /// A character that means nothing.
    #[error("expected '#', 'O' or 'G', got '{found}' in row {row}, column {column}")]
    Character {
        /// Row index from 0.
        row: usize,
        /// Column index from 0.
        column: usize,
        /// The character.
        found: char,
    },
    /// The ball could leave the maze.
    #[error(
        "expected walls all round, got a free cell at the border in row {row}, column {column}\nhint: close the border with '#'"
    )]
    Open {
        /// Row index from 0.
        row: usize,
        /// Column index from 0.
        column: usize,
    },
    /// More than one `G`.
    #[error("expected one goal cell 'G', got {0}")]
    Goals(usize),
    /// Walls only.
    #[error("expected at least one free cell ('O' or 'G'), got walls only")]
    NoFreeCell,
    /// A name that is no built-in layout and no file.
    #[error("expected one of umaze, medium, large, or a layout file, got '{0}', which is neither\nhint: a layout file holds one line per row, for example {example}", example = EXAMPLE)]
    Unknown(String),
    /// A file that cannot be read as text.
    #[error("{path}: expected a layout file, got {got}\nhint: a layout file holds one line per row, for example {example}", example = EXAMPLE)]
    File {
        /// The file.
        path: String,
        /// What it is.
        got: String,
    },
    /// What is wrong with the text of a file.
    #[error("{path}: {source}")]
    InFile {
        /// The file.
        path: String,
        /// What is wrong.
        source: Box<LayoutError>,
    },
    /// An entry of a list that means nothing.
    #[error("expected 1, 0, \"r\", \"g\" or \"c\" in the list of rows, got {found} in row {row}, column {column}")]
    Entry {
        /// Row index from 0.
        row: usize,
        /// Column index from 0.
        column: usize,
        /// The entry.
        found: String,
    },
    /// A list of rows without its end.
    #[error("expected a list of rows, got one that is not closed\nhint: a ']' is missing")]
    Unclosed,
    /// More than one list of rows.
    #[error("expected one maze, got several lists of rows\nhint: put each into a file of its own")]
    Several,
    /// A MovingAI map without its size.
    #[error(
        "expected `height N` and `width N` below `type octile`, got none\nhint: MovingAI's maps begin with type, height, width and map"
    )]
    Header,
    /// A MovingAI map with fewer or more rows than its header states.
    #[error("expected {expected} rows, as the header states, got {got}")]
    Rows {
        /// Rows of the header.
        expected: usize,
        /// Rows found.
        got: usize,
    },
}

const EXAMPLE: &str = "##### / #GOO# / ###O# / #OOO# / #####";
/// MovingAI's maps of 1024 x 1024 cells with a ring of walls; a search over them still takes less than a second.
const MAX_SIDE: usize = 1026;

impl Layout {
    /// D4RL's `maze2d-umaze`.
    pub fn umaze() -> Self {
        Self::built_in("umaze", "#####\n#GOO#\n###O#\n#OOO#\n#####")
    }

    /// D4RL's `maze2d-medium`.
    pub fn medium() -> Self {
        Self::built_in("medium", "########\n#OO##OO#\n#OO#OOO#\n##OOO###\n#OO#OOO#\n#O#OO#O#\n#OOO#OG#\n########")
    }

    /// D4RL's `maze2d-large`.
    pub fn large() -> Self {
        Self::built_in(
            "large",
            "############\n#OOOO#OOOOO#\n#O##O#O#O#O#\n#OOOOOO#OOO#\n#O####O###O#\n#OO#O#OOOOO#\n##O#O#O#O###\n#OO#OOO#OGO#\n############",
        )
    }

    fn built_in(name: &str, text: &str) -> Self {
        match Self::parse(name, text) {
            Ok(layout) => layout,
            Err(error) => unreachable!("the built-in layout {name} is checked by a test: {error}"),
        }
    }

    /// Names of the built-in layouts.
    pub const NAMES: [&str; 3] = ["umaze", "medium", "large"];

    /// One of the built-in layouts, or `None`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "umaze" => Some(Self::umaze()),
            "medium" => Some(Self::medium()),
            "large" => Some(Self::large()),
            _ => None,
        }
    }

    /// Reads a maze from text, one line per row; blank lines and spaces at the ends are ignored.
    ///
    /// # Errors
    /// The first thing that is wrong with the text.
    pub fn parse(name: &str, text: &str) -> Result<Self, LayoutError> {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let rows = lines.len();
        let columns = lines.first().map_or(0, |line| line.chars().count());
        if rows < 3 || columns < 3 {
            return Err(LayoutError::TooSmall { rows, columns });
        }
        if rows > MAX_SIDE || columns > MAX_SIDE {
            return Err(LayoutError::TooLarge { max: MAX_SIDE, rows, columns });
        }
        let mut walls = Vec::with_capacity(rows * columns);
        let mut goals = Vec::new();
        for (row, line) in lines.iter().enumerate() {
            let got = line.chars().count();
            if got != columns {
                return Err(LayoutError::Ragged { row, expected: columns, got });
            }
            for (column, found) in line.chars().enumerate() {
                let wall = match found {
                    '#' => true,
                    'O' => false,
                    'G' => {
                        goals.push((row, column));
                        false
                    }
                    _ => return Err(LayoutError::Character { row, column, found }),
                };
                let border = row == 0 || column == 0 || row == rows - 1 || column == columns - 1;
                if border && !wall {
                    return Err(LayoutError::Open { row, column });
                }
                walls.push(wall);
            }
        }
        if goals.len() > 1 {
            return Err(LayoutError::Goals(goals.len()));
        }
        if walls.iter().all(|wall| *wall) {
            return Err(LayoutError::NoFreeCell);
        }
        let regions = regions(&walls, columns);
        Ok(Self { name: name.to_owned(), rows, columns, walls, regions, goal: goals.first().copied() })
    }

    /// The layout as text, one line per row.
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(self.rows * (self.columns + 1));
        for row in 0..self.rows {
            for column in 0..self.columns {
                text.push(match (self.is_wall(row, column), self.goal == Some((row, column))) {
                    (true, _) => '#',
                    (false, true) => 'G',
                    (false, false) => 'O',
                });
            }
            text.push('\n');
        }
        text
    }

    /// The layout's name: `umaze`, or the stem of its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of rows (x).
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns (y).
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Whether the cell is a wall; cells outside count as wall.
    pub fn is_wall(&self, row: usize, column: usize) -> bool {
        row >= self.rows || column >= self.columns || self.walls[row * self.columns + column]
    }

    /// Like [`Self::is_wall`], for indices that may be negative.
    pub fn is_wall_signed(&self, row: i64, column: i64) -> bool {
        match (usize::try_from(row), usize::try_from(column)) {
            (Ok(row), Ok(column)) => self.is_wall(row, column),
            _ => true,
        }
    }

    /// The evaluation goal's cell, if the layout has one.
    pub fn goal_cell(&self) -> Option<(usize, usize)> {
        self.goal
    }

    /// The evaluation goal as D4RL places it: the cell's index pair, 0.2 m off the cell's centre.
    pub fn goal(&self) -> Option<Point> {
        self.goal.map(|(row, column)| [row as f64, column as f64])
    }

    /// All free cells in row order, the goal's included.
    pub fn free_cells(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..self.rows)
            .flat_map(move |row| (0..self.columns).map(move |column| (row, column)))
            .filter(|(row, column)| !self.is_wall(*row, *column))
    }

    /// All walls as boxes, in row order.
    pub fn wall_boxes(&self) -> impl Iterator<Item = Aabb> + '_ {
        (0..self.rows)
            .flat_map(move |row| (0..self.columns).map(move |column| (row, column)))
            .filter(|(row, column)| self.is_wall(*row, *column))
            .map(|(row, column)| Self::cell_box(row as i64, column as i64))
    }

    /// The box of a cell: `[i - 0.7, i + 0.3]` on each axis.
    pub fn cell_box(row: i64, column: i64) -> Aabb {
        let (x, y) = (row as f64, column as f64);
        Aabb { low: [x - 0.7, y - 0.7], high: [x + 0.3, y + 0.3] }
    }

    /// The cell whose box holds the point (cells are centred 0.2 m below their index).
    pub fn cell_of(point: Point) -> (i64, i64) {
        ((point[0] + 0.2).round() as i64, (point[1] + 0.2).round() as i64)
    }

    /// Whether free cells that share sides lead from one point to the other. False where one of them is not free.
    pub fn is_connected(&self, from: Point, to: Point) -> bool {
        let region = |point: Point| {
            let (row, column) = self.is_free(point).then(|| Self::cell_of(point))?;
            let (row, column) = (usize::try_from(row).ok()?, usize::try_from(column).ok()?);
            self.regions.get(row * self.columns + column).copied()
        };
        region(from).is_some_and(|one| region(to) == Some(one))
    }

    /// Whether the point lies in a free cell's box. False for NaN and for points outside.
    pub fn is_free(&self, point: Point) -> bool {
        if !(point[0].abs() < 1e6 && point[1].abs() < 1e6) {
            return false;
        }
        let (row, column) = Self::cell_of(point);
        !self.is_wall_signed(row, column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_layouts_have_the_published_free_cells_and_goals() {
        let counts = [(Layout::umaze(), 7, (1, 1)), (Layout::medium(), 26, (6, 6)), (Layout::large(), 46, (7, 9))];
        for (layout, free, goal) in counts {
            assert_eq!(layout.goal_cell(), Some(goal), "{}", layout.name());
            assert_eq!(layout.free_cells().count(), free, "{}", layout.name());
            assert_eq!(Layout::parse(layout.name(), &layout.to_text()).as_ref(), Ok(&layout));
        }
    }

    #[test]
    fn a_sealed_room_is_connected_to_nothing_outside() {
        let layout = Layout::parse("sealed", "#######\n#OO#OO#\n#OO#OO#\n#OO#OO#\n#######").expect("a maze");
        assert!(layout.is_connected([1.0, 1.0], [3.2, 2.2]) && layout.is_connected([1.0, 4.0], [3.0, 5.0]));
        for apart in [[1.0, 4.0], [2.0, 3.0], [-5.0, 1.0], [1e300, 1.0], [f64::NAN, 1.0]] {
            assert!(!layout.is_connected([1.0, 1.0], apart) && !layout.is_connected(apart, [1.0, 1.0]), "{apart:?}");
        }
    }

    #[test]
    fn malformed_layouts_say_what_is_wrong() {
        assert!(matches!(Layout::parse("m", "##"), Err(LayoutError::TooSmall { .. })));
        assert!(matches!(Layout::parse("m", "###\n#O#\n##"), Err(LayoutError::Ragged { row: 2, .. })));
        assert!(matches!(Layout::parse("m", "###\n#x#\n###"), Err(LayoutError::Character { found: 'x', .. })));
        assert!(matches!(Layout::parse("m", "###\nOO#\n###"), Err(LayoutError::Open { row: 1, column: 0 })));
        assert!(matches!(Layout::parse("m", "####\n#GG#\n####"), Err(LayoutError::Goals(2))));
        assert!(matches!(Layout::parse("m", "###\n###\n###"), Err(LayoutError::NoFreeCell)));
        assert!(matches!(Layout::named_or_file("nowhere"), Err(LayoutError::Unknown(_))));
    }

    #[test]
    fn a_point_that_is_not_a_number_is_never_free() {
        let layout = Layout::umaze();
        assert!(layout.is_free([1.0, 1.0]));
        assert!(!layout.is_free([2.0, 1.0]));
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            assert!(!layout.is_free([bad, 1.0]) && !layout.is_free([1.0, bad]));
        }
    }
}
