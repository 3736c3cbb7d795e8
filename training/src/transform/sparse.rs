//! Sparse matrices whose rows are distributions.

use super::TransformError;

/// A matrix of few entries, row by row (CSR); columns rise within a row.
#[derive(Clone, Debug, PartialEq)]
pub struct SparseRows {
    columns: usize,
    starts: Vec<usize>,
    entries: Vec<(u32, f32)>,
}

impl SparseRows {
    /// From rows of (column, weight). Equal columns are added, every row is scaled to sum to one.
    ///
    /// # Errors
    /// If a column is not there, a weight is negative or not finite, or a row has no weight.
    pub fn stochastic(columns: usize, rows: Vec<Vec<(u32, f64)>>) -> Result<Self, TransformError> {
        let mut matrix = Self { columns, starts: vec![0], entries: Vec::new() };
        for (number, mut row) in rows.into_iter().enumerate() {
            row.sort_by_key(|(column, _)| *column);
            let sum: f64 = row.iter().map(|(_, weight)| weight).sum();
            let wrong = row.iter().find(|(column, weight)| *column as usize >= columns || !(*weight >= 0.0));
            if wrong.is_some() || !(sum > 0.0 && sum.is_finite()) {
                return Err(TransformError::Setting {
                    what: "weights of codes",
                    expected: format!("weights of at least 0 on {columns} codes with a sum above 0 in every row"),
                    got: match wrong {
                        Some((column, weight)) => format!("{weight} on code {column} in row {number}"),
                        None => format!("a sum of {} in row {number}", sum + 0.0),
                    },
                });
            }
            for same in row.chunk_by(|left, right| left.0 == right.0) {
                let weight = same.iter().map(|(_, weight)| weight).sum::<f64>() / sum;
                matrix.entries.extend(same.first().map(|(column, _)| (*column, weight as f32)));
            }
            matrix.starts.push(matrix.entries.len());
        }
        Ok(matrix)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Number of stored entries.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// (column, weight) of a row; none for a row that is not there.
    pub fn row(&self, row: usize) -> &[(u32, f32)] {
        match (self.starts.get(row), self.starts.get(row + 1)) {
            (Some(start), Some(end)) => self.entries.get(*start..*end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// All rows in turn.
    pub fn iter(&self) -> impl Iterator<Item = &[(u32, f32)]> {
        (0..self.rows()).map(|row| self.row(row))
    }

    /// The same entries, ordered by column: row j of the result lists (i, W_ij).
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut lists: Vec<Vec<(u32, f32)>> = vec![Vec::new(); self.columns];
        for (number, row) in self.iter().enumerate() {
            for (column, weight) in row {
                if let Some(list) = lists.get_mut(*column as usize) {
                    list.push((number as u32, *weight));
                }
            }
        }
        let mut starts = vec![0];
        starts.extend(lists.iter().scan(0, |end, list| {
            *end += list.len();
            Some(*end)
        }));
        Self { columns: self.rows(), starts, entries: lists.concat() }
    }

    /// Mean over the rows: the share of mass per column, which sums to one.
    pub fn usage(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.columns];
        for (column, weight) in &self.entries {
            if let Some(sum) = sums.get_mut(*column as usize) {
                *sum += f64::from(*weight) / self.rows() as f64;
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_merged_sorted_and_sum_to_one() {
        let matrix = SparseRows::stochastic(4, vec![vec![(2, 1.0), (0, 2.0), (2, 1.0)], vec![(3, 5.0)]]).expect("rows");
        assert_eq!(matrix.row(0), [(0, 0.5), (2, 0.5)]);
        assert_eq!(matrix.row(1), [(3, 1.0)]);
        assert_eq!(matrix.row(2), []);
        assert_eq!(matrix.usage(), [0.25, 0.0, 0.25, 0.5]);
        assert_eq!((matrix.rows(), matrix.columns(), matrix.entries()), (2, 4, 3));
    }

    #[test]
    fn a_transpose_of_a_transpose_is_the_matrix() {
        let matrix =
            SparseRows::stochastic(3, vec![vec![(2, 1.0), (0, 2.0)], vec![(1, 5.0)], vec![(0, 1.0)]]).expect("rows");
        let turned = matrix.transposed();
        assert_eq!(turned.row(2), [(0, 1.0 / 3.0)]);
        assert_eq!(turned.row(0).iter().map(|(row, _)| *row).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(turned.transposed(), matrix);
    }

    #[test]
    fn broken_rows_are_refused() {
        for (row, got) in [
            (vec![(4, 1.0)], "got 1 on code 4 in row 0"),
            (vec![(0, -1.0)], "got -1 on code 0 in row 0"),
            (vec![(0, f64::NAN)], "got NaN on code 0 in row 0"),
            (vec![(0, 0.0)], "got a sum of 0 in row 0"),
            (vec![], "got a sum of 0 in row 0"),
        ] {
            let error = SparseRows::stochastic(4, vec![row]).expect_err("no distribution").to_string();
            assert!(error.ends_with(got), "{error}");
        }
    }
}
