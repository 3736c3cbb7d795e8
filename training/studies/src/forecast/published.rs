//! Table A5: 20 data sets, a network of 20 million parameters, 200 000 steps. MASE and WQL are relative to the seasonal
//! naive forecast, aggregated by the geometric mean.

use super::settings::Variant;

/// A row of the published table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedRow {
    /// Relative MASE.
    pub mase: f64,
    /// Relative weighted quantile loss.
    pub wql: f64,
    /// Mean smoothness over the data sets.
    pub smoothness: f64,
    /// Root mean square of the data sets' deviations.
    pub smoothness_sd: f64,
}

/// Rows by the names of their heads.
const ROWS: [(&str, PublishedRow); 7] = [
    ("linear", row(0.883, 0.750, 0.1689, 0.1087)),
    ("fourier-64", row(0.875, 0.798, 0.0032, 0.0012)),
    ("fourier-128", row(0.872, 0.767, 0.0068, 0.0035)),
    ("fourier-256", row(0.859, 0.755, 0.0139, 0.0087)),
    ("fourier-550", row(0.852, 0.749, 0.0283, 0.0224)),
    ("fourier-550-free", row(0.861, 0.753, 0.0286, 0.0219)),
    ("fourier-550-uniform", row(0.873, 0.747, 0.0395, 0.0252)),
];

const fn row(mase: f64, wql: f64, smoothness: f64, smoothness_sd: f64) -> PublishedRow {
    PublishedRow { mase, wql, smoothness, smoothness_sd }
}

/// The row of a head; `None` if it has none.
pub fn published(variant: &Variant) -> Option<PublishedRow> {
    let name = variant.name();
    ROWS.iter().find(|(known, _)| *known == name).map(|(_, row)| *row)
}

#[cfg(test)]
mod tests {
    use super::super::settings::Shared;
    use super::*;

    #[test]
    fn every_row_of_the_table_is_there() {
        let rows = Variant::rows(&Shared::table().frequencies());
        assert!(rows.iter().all(|variant| published(variant).is_some()));
        assert_eq!(published(&Variant::fourier(550)).map(|row| row.mase), Some(0.852));
        assert_eq!(published(&Variant::fourier(12)), None);
    }
}
