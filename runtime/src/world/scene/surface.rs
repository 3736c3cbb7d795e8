//! What a picture does not show of a table: how bodies slide, roll and bounce on it.

use super::{Look, Table};

/// Coulomb friction, rolling resistance and restitution of a table and the bodies on it. The default is the middle of the
/// generated tables for balls.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Surface {
    /// Coulomb friction of bodies on the table.
    pub friction: f64,
    /// Deceleration of a ball that rolls, m/s^2.
    pub rolling_mps2: f64,
    /// Restitution of contacts between bodies.
    pub restitution: f64,
}

/// Why a surface is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{name}: expected {} to {}{unit}, got {got}", .range[0], .range[1])]
pub struct SurfaceFault {
    /// The number's name.
    pub name: &'static str,
    /// What it may be.
    pub range: [f64; 2],
    /// Its unit, after a space; nothing where it has none.
    pub unit: &'static str,
    /// What it is.
    pub got: f64,
}

impl Surface {
    /// Friction of the tables on which balls roll.
    pub const FRICTION: [f64; 2] = [0.2, 0.6];
    /// Rolling resistance of the generated tables, m/s^2.
    pub const ROLLING_MPS2: [f64; 2] = [0.005, 0.05];
    /// Restitution of the tables on which balls roll.
    pub const RESTITUTION: [f64; 2] = [0.6, 0.95];

    /// That of a table.
    pub fn of(table: &Table) -> Self {
        Self { friction: table.friction, rolling_mps2: table.rolling_mps2, restitution: table.restitution }
    }

    /// Holds its numbers against those of the generated tables: others were neither trained nor measured.
    ///
    /// # Errors
    /// The first number that is not finite or out of its range.
    pub fn check(&self) -> Result<(), SurfaceFault> {
        let rows = [
            ("friction", Self::FRICTION, "", self.friction),
            ("rolling", Self::ROLLING_MPS2, " m/s^2", self.rolling_mps2),
            ("restitution", Self::RESTITUTION, "", self.restitution),
        ];
        let outside = rows.into_iter().find(|(_, range, _, got)| !(range[0]..=range[1]).contains(got));
        outside.map_or(Ok(()), |(name, range, unit, got)| Err(SurfaceFault { name, range, unit, got }))
    }

    /// A grey table with this surface, `half_m` from its middle to its sides.
    pub fn table(&self, half_m: f64) -> Table {
        let Self { friction, rolling_mps2, restitution } = *self;
        Table { half_m, friction, rolling_mps2, restitution, look: Look::plain([0.5; 3]) }
    }
}

impl Default for Surface {
    fn default() -> Self {
        Self { friction: 0.4, rolling_mps2: 0.02, restitution: 0.8 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, generate};
    use super::*;

    #[test]
    fn generated_tables_and_the_default_are_surfaces_and_give_the_table_back() {
        assert_eq!(Surface::default().check(), Ok(()));
        for seed in 0..20 {
            let table = generate(Kind::Balls, seed, false).scene.table;
            let surface = Surface::of(&table);
            assert_eq!(surface.check(), Ok(()), "{surface:?}");
            assert_eq!(surface.table(table.half_m), Table { look: Look::plain([0.5; 3]), ..table });
        }
    }

    #[test]
    fn each_number_is_refused_by_its_name() {
        let usual = Surface::default();
        for wrong in [f64::NAN, f64::INFINITY, -1.0, 0.0, 7.0] {
            let refused = [
                (Surface { friction: wrong, ..usual }, "friction: expected 0.2 to 0.6, got"),
                (Surface { rolling_mps2: wrong, ..usual }, "rolling: expected 0.005 to 0.05 m/s^2, got"),
                (Surface { restitution: wrong, ..usual }, "restitution: expected 0.6 to 0.95, got"),
            ];
            for (surface, words) in refused {
                let fault = surface.check().expect_err("a fault").to_string();
                assert_eq!(fault, format!("{words} {wrong}"));
            }
        }
        for range in [0, 1] {
            let edge = Surface {
                friction: Surface::FRICTION[range],
                rolling_mps2: Surface::ROLLING_MPS2[range],
                restitution: Surface::RESTITUTION[range],
            };
            assert_eq!(edge.check(), Ok(()));
        }
    }
}
