//! Changes of a rectangle of cells (map_msgs/OccupancyGridUpdate), without computing the whole field anew.

use super::cells::Cells;
use super::{GridError, GridMap};

impl GridMap {
    /// Replaces the cells of a rectangle by an OccupancyGrid's values in row order, read as the map's own. The result is
    /// the same as that of a map made anew.
    ///
    /// # Errors
    /// If the rectangle does not lie in the grid, its size is not that of the values, or a value is no occupancy; the map
    /// is unchanged then.
    pub fn update(
        &mut self,
        [column, row]: [usize; 2],
        [columns, rows]: [usize; 2],
        values: &[i8],
    ) -> Result<(), GridError> {
        let (width, height) = (self.geometry().width, self.geometry().height);
        let fits = |first: usize, count: usize, size: usize| first.checked_add(count).is_some_and(|past| past <= size);
        if !fits(column, columns, width) || !fits(row, rows, height) {
            return Err(GridError::Update { width, height, column, row, columns, rows });
        }
        if values.len() != columns * rows {
            return Err(GridError::Cells { expected: columns * rows, got: values.len() });
        }
        let (occupied, unknown) = self.thresholds.read(values, self.unknown_space)?;
        if values.is_empty() {
            return Ok(());
        }
        if self.unknown.is_none() && unknown.contains(&true) {
            self.unknown = Some(Cells::new(width, height, &vec![false; width * height]));
        }
        for index in 0..values.len() {
            let (column, row) = (column + index % columns, row + index / columns);
            self.occupied.set(column, row, occupied[index]);
            if let Some(cells) = &mut self.unknown {
                cells.set(column, row, unknown[index]);
            }
        }
        let range = column..column + columns;
        let cells: Vec<bool> = (0..height)
            .flat_map(|row| range.clone().map(move |column| (column, row)))
            .map(|(column, row)| self.is_occupied(column, row))
            .collect();
        self.field.update(range, &cells);
        self.ways = None;
        Ok(())
    }
}
