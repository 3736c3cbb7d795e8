//! Where the mass of a quantity goes: the quantity-transport kernel (eq. 10) and what it predicts.

use super::error::DeviationError;
use crate::transform::Recovered;
use planwright::quantity::{Marginal, QuantityError, QuantityGrid};

/// T(q' | q) over the cells of a grid: row q holds the distribution of the quantity recovered from deviations of
/// trajectories with quantity q. Every row sums to one; a row without data is the identity.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantityTransport {
    grid: QuantityGrid,
    rows: Vec<f64>,
    sources: Vec<f64>,
}

impl QuantityTransport {
    /// From the recovered values of the sources and of their deviations: `deviated` holds as many per source as were
    /// drawn, first those of the first source. A value outside the grid counts in the cell at that end. Posteriors of
    /// deviations are averaged; a source counts at the mode of its own.
    ///
    /// # Errors
    /// If there is none, a value is not finite, the cells differ, or the numbers do not fit.
    pub fn new(grid: QuantityGrid, sources: &Recovered, deviated: &Recovered) -> Result<Self, DeviationError> {
        let pairs = || DeviationError::Pairs { sources: sources.len(), deviated: deviated.len() };
        let draws = deviated.len().checked_div(sources.len()).ok_or_else(pairs)?;
        Self::kept(grid, sources, deviated, &(0..sources.len() * draws).map(|place| place / draws).collect::<Vec<_>>())
    }

    /// The same where only some deviations count: `source_of` names the source of each deviation that is left.
    ///
    /// # Errors
    /// If there is none, a value is not finite, the cells differ, or the numbers do not fit.
    pub fn kept(
        grid: QuantityGrid,
        sources: &Recovered,
        deviated: &Recovered,
        source_of: &[usize],
    ) -> Result<Self, DeviationError> {
        if deviated.is_empty() || source_of.len() != deviated.len() {
            return Err(DeviationError::Pairs { sources: sources.len(), deviated: deviated.len() });
        }
        let cells = grid.cells();
        let source_cells = cells_of(grid, &sources.values())?;
        let mut rows = vec![0.0; cells * cells];
        let mut counts = vec![0.0; cells];
        let values = match deviated {
            Recovered::Values(values) => cells_of(grid, values)?,
            Recovered::Posterior { grid: own, .. } if *own != grid => {
                return Err(QuantityError::Cells { left: *own, right: grid }.into());
            }
            Recovered::Posterior { .. } => Vec::new(),
        };
        for (place, source) in source_of.iter().enumerate() {
            let from =
                *source_cells.get(*source).ok_or(DeviationError::Index { count: sources.len(), index: *source })?;
            counts[from] += 1.0;
            let row = &mut rows[from * cells..(from + 1) * cells];
            match deviated {
                Recovered::Values(_) => row[values[place]] += 1.0,
                Recovered::Posterior { rows: posteriors, .. } => {
                    for (mass, posterior) in row.iter_mut().zip(&posteriors[place * cells..]) {
                        *mass += f64::from(*posterior);
                    }
                }
            }
        }
        for (cell, row) in rows.chunks_mut(cells).enumerate() {
            let sum: f64 = row.iter().sum();
            if !sum.is_finite() {
                return Err(QuantityError::Mass { problem: format!("a sum of {sum}") }.into());
            }
            if sum > 0.0 {
                row.iter_mut().for_each(|mass| *mass /= sum);
            } else {
                row[cell] = 1.0;
            }
        }
        Ok(Self { grid, rows, sources: counts })
    }

    /// The cells.
    pub fn grid(&self) -> QuantityGrid {
        self.grid
    }

    /// Distribution of what is recovered from deviations of a cell; empty if there is no such cell.
    pub fn row(&self, cell: usize) -> &[f64] {
        self.rows.chunks(self.grid.cells()).nth(cell).unwrap_or_default()
    }

    /// The sources' own distribution over the cells: pushing it gives the distribution of the deviations themselves.
    ///
    /// # Errors
    /// If there is none.
    pub fn sources(&self) -> Result<Marginal, DeviationError> {
        Ok(Marginal::from_weights(self.grid, self.sources.clone())?)
    }

    /// The predicted marginal (eq. 11), not smoothed: a distribution pushed through the kernel.
    ///
    /// # Errors
    /// If the cells differ.
    pub fn predicted(&self, prior: &Marginal) -> Result<Marginal, DeviationError> {
        if prior.grid() != self.grid {
            return Err(QuantityError::Cells { left: prior.grid(), right: self.grid }.into());
        }
        let mut mass = vec![0.0; self.grid.cells()];
        for (weight, row) in prior.mass().iter().zip(self.rows.chunks(self.grid.cells())) {
            for (sum, share) in mass.iter_mut().zip(row) {
                *sum += weight * share;
            }
        }
        Ok(Marginal::from_weights(self.grid, mass)?)
    }

    /// The predicted signed drift per cell (eq. 8): what the kernel adds to or takes from each cell of a distribution.
    ///
    /// # Errors
    /// If the cells differ.
    pub fn drift(&self, prior: &Marginal) -> Result<Vec<f64>, DeviationError> {
        Ok(self.predicted(prior)?.drift_from(prior)?)
    }
}

fn cells_of(grid: QuantityGrid, values: &[f64]) -> Result<Vec<usize>, DeviationError> {
    let cell = |(index, value): (usize, &f64)| {
        grid.cell_of(value.clamp(grid.low(), grid.high())).ok_or(QuantityError::NotFinite { index, value: *value })
    };
    Ok(values.iter().enumerate().map(cell).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> QuantityGrid {
        QuantityGrid::new(0.0, 4.0, 4).expect("a range")
    }

    #[test]
    fn rows_of_a_hand_computed_case() {
        let sources = Recovered::Values(vec![0.5, 1.5]);
        let deviated = Recovered::Values(vec![0.5, 1.5, 1.5, 9.0]);
        let transport = QuantityTransport::new(grid(), &sources, &deviated).expect("two draws each");
        assert_eq!(transport.row(0), [0.5, 0.5, 0.0, 0.0]);
        assert_eq!(transport.row(1), [0.0, 0.5, 0.0, 0.5]);
        assert_eq!(transport.row(2), [0.0, 0.0, 1.0, 0.0]);
        assert!(transport.row(4).is_empty());
        let even = Marginal::uniform(grid(), 0.0, 4.0).expect("mass");
        assert_eq!(transport.predicted(&even).expect("one grid").mass(), [0.125, 0.25, 0.25, 0.375]);
        assert_eq!(transport.drift(&even).expect("one grid"), [-0.125, 0.0, 0.0, 0.125]);
    }

    #[test]
    fn posteriors_are_averaged_and_sources_give_the_deviations_marginal() {
        let sources = Recovered::Values(vec![0.5, 0.7, 3.5]);
        let rows = vec![1.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.25, 0.75];
        let deviated = Recovered::Posterior { rows, grid: grid() };
        let transport = QuantityTransport::new(grid(), &sources, &deviated).expect("one draw each");
        assert_eq!(transport.row(0), [0.75, 0.25, 0.0, 0.0]);
        let pushed = transport.sources().and_then(|own| transport.predicted(&own)).expect("one grid");
        let direct = deviated.marginal(grid(), 0.0).expect("mass");
        assert!(pushed.total_variation(&direct).expect("one grid") < 1e-12);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let two = Recovered::Values(vec![0.5, 1.5]);
        let fails = |sources: &Recovered, deviated: &Recovered| {
            QuantityTransport::new(grid(), sources, deviated).expect_err("must not pass").to_string()
        };
        assert!(fails(&two, &Recovered::Values(vec![1.0; 3])).contains("2 sources"));
        assert!(fails(&Recovered::Values(vec![]), &two).contains("0 sources"));
        assert!(fails(&two, &Recovered::Values(vec![])).contains("got 0"));
        assert!(fails(&two, &Recovered::Values(vec![1.0, f64::NAN])).contains("finite"));
        let posterior = Recovered::Posterior { rows: vec![f32::NAN; 8], grid: grid() };
        assert!(fails(&two, &posterior).contains("NaN"));
    }
}
