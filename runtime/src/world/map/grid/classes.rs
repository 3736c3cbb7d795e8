//! Classes of cells: how values of an OccupancyGrid are read, and what unknown space counts as.

use super::GridError;

/// What a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellClass {
    /// Known to be free.
    Free,
    /// Known to be occupied.
    Occupied,
    /// Neither.
    Unknown,
}

/// What unknown space counts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownSpace {
    /// An obstacle.
    #[default]
    Occupied,
    /// Free space.
    Free,
    /// Free for collision checks, at a cost to the search.
    Costly,
}

/// Where occupancies in percent become free and occupied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// From 0 to this, a cell is free.
    pub free: i8,
    /// From this to 100, a cell is occupied. Between the two it is unknown.
    pub occupied: i8,
}

impl Default for Thresholds {
    /// Nav2's usual threshold, and everything below is free.
    fn default() -> Self {
        Self { free: 64, occupied: 65 }
    }
}

impl Thresholds {
    /// Checks their order.
    ///
    /// # Errors
    /// If a value would be both free and occupied, or they are no percentages.
    pub fn check(self) -> Result<Self, GridError> {
        let Self { free, occupied } = self;
        let ordered = 0 <= free && free < occupied && occupied <= 100;
        if ordered { Ok(self) } else { Err(GridError::Thresholds { free, occupied }) }
    }

    /// The class of a value from -1 to 100; others have none.
    pub fn class_of(self, value: i8) -> Option<CellClass> {
        match value {
            -1 => Some(CellClass::Unknown),
            0..=100 if value >= self.occupied => Some(CellClass::Occupied),
            0..=100 if value <= self.free => Some(CellClass::Free),
            0..=100 => Some(CellClass::Unknown),
            _ => None,
        }
    }

    /// Flags of occupied and of unknown cells, with unknown ones occupied where they count as that.
    pub(super) fn read(self, values: &[i8], unknown: UnknownSpace) -> Result<(Vec<bool>, Vec<bool>), GridError> {
        let blocks = unknown == UnknownSpace::Occupied;
        let (mut occupied_cells, mut unknown_cells) = (vec![false; values.len()], vec![false; values.len()]);
        for (index, value) in values.iter().enumerate() {
            let class = self.class_of(*value).ok_or(GridError::Occupancy { index, got: *value })?;
            unknown_cells[index] = class == CellClass::Unknown;
            occupied_cells[index] = class == CellClass::Occupied || blocks && class == CellClass::Unknown;
        }
        Ok((occupied_cells, unknown_cells))
    }
}
