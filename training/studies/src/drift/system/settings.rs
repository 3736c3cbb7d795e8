//! Which system, and with which constants.

use planwright::quantity::{Discrepancy, QuantityGrid};
use planwright_training::transform::{SegmentSettings, SystemError};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Chosen together with [`SystemSettings::grid_cells`] (512) and [`RecoverySettings::bandwidth`] (.01) on the tent map:
/// ground truth drawn evenly must be recovered as even (total variation .01; .02 at 256 cells), and data displaced by
/// a deviation of .008, .0125 and .032 must drift by what the published sweep allows (.026, .113, .176 here).
const BANDWIDTH_SHARE: f64 = 0.04;

/// The systems that have a recovery rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemName {
    /// Sinusoids, by period.
    Sinusoid,
    /// Tent map, by slope.
    Tent,
    /// Logistic map, by parameter.
    Logistic,
    /// Double pendulum, by energy.
    Pendulum,
    /// Segments of Maze2D, by path length.
    Maze2d,
}

impl SystemName {
    /// All five.
    pub const ALL: [Self; 5] = [Self::Sinusoid, Self::Tent, Self::Logistic, Self::Pendulum, Self::Maze2d];

    /// As in recipes and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sinusoid => "sinusoid",
            Self::Tent => "tent",
            Self::Logistic => "logistic",
            Self::Pendulum => "pendulum",
            Self::Maze2d => "maze2d",
        }
    }

    fn parse(name: &str) -> Result<Self, SystemError> {
        let found = Self::ALL.into_iter().find(|system| system.as_str() == name);
        found.ok_or_else(|| SystemError::Name(name.to_owned()))
    }
}

/// What a distribution is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Summary {
    /// The posterior of every trajectory (eq. 5).
    #[default]
    Posterior,
    /// Its mode.
    Mode,
    /// Its mean.
    Mean,
}

/// How values of the quantity are drawn for data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Draw {
    /// One from each of as many equal parts of the range as there are trajectories.
    #[default]
    Stratified,
    /// Each on its own.
    Independent,
}

/// The recovery rule of the systems with reference trajectories (eqs. 15-16).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecoverySettings {
    /// Least bandwidth h0, in the unit of the states.
    pub bandwidth: f64,
    /// How far a trajectory is from a reference.
    pub discrepancy: Discrepancy,
    /// What is counted.
    pub summary: Summary,
}

impl Default for RecoverySettings {
    fn default() -> Self {
        Self { bandwidth: 0.01, discrepancy: Discrepancy::default(), summary: Summary::default() }
    }
}

/// A system with all its constants. In a recipe only `name` is needed; the rest has defaults by system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct SystemSettings {
    /// Which system.
    pub name: SystemName,
    /// Time steps of a trajectory, a power of two of at least 16.
    pub horizon: usize,
    /// The range over which the quantity is meant to be uniform, in its unit.
    pub range: [f64; 2],
    /// The span of the grid on which distributions are compared. Without one: the range, where the recovery knows
    /// no other values, and a wider span where measured values can leave the range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grid_range: Option<[f64; 2]>,
    /// Cells of that grid.
    pub grid_cells: usize,
    /// Standard deviation of the Gaussian of all density curves as a share of the range.
    pub bandwidth_share: f64,
    /// How values of the quantity are drawn, where there is a trajectory for each.
    pub draw: Draw,
    /// State bins of a map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_bins: Option<usize>,
    /// First state of a map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<f64>,
    /// Recovery rule of sinusoid and maps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery: Option<RecoverySettings>,
    /// Bins of the range that data fill evenly, where data are chosen by what is measured on them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity_bins: Option<usize>,
    /// Seconds between time steps of the pendulum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_secs: Option<f64>,
    /// Steps of 0.01 s of the recording from which segments of the maze are cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording_steps: Option<usize>,
}

impl Serialize for SystemSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

/// What a recipe gives takes the place of the system's defaults.
impl<'de> Deserialize<'de> for SystemSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = toml::Table::deserialize(deserializer)?;
        let name = given.get("name").and_then(toml::Value::as_str).ok_or_else(|| D::Error::missing_field("name"))?;
        let defaults = Self::named(name).map_err(D::Error::custom)?;
        let mut all = toml::Table::try_from(defaults).map_err(D::Error::custom)?;
        all.extend(given);
        let all = toml::Value::Table(all);
        let settings = Self::deserialize(all).map_err(|error| D::Error::custom(error.message()))?;
        settings.check().map_err(D::Error::custom)?;
        Ok(settings)
    }
}

impl SystemSettings {
    /// The defaults of a system.
    ///
    /// # Errors
    /// If there is no such system.
    pub fn named(name: &str) -> Result<Self, SystemError> {
        let name = SystemName::parse(name)?;
        let common = Self {
            name,
            horizon: 128,
            range: [16.0, 64.0],
            grid_range: None,
            grid_cells: 512,
            bandwidth_share: BANDWIDTH_SHARE,
            draw: Draw::default(),
            state_bins: None,
            start: None,
            recovery: None,
            quantity_bins: None,
            step_secs: None,
            recording_steps: None,
        };
        let synthetic = Self { recovery: Some(RecoverySettings::default()), ..common.clone() };
        let map = Self { start: Some(0.4), ..synthetic.clone() };
        Ok(match name {
            SystemName::Sinusoid => synthetic,
            SystemName::Tent => Self { range: [0.5, 2.0], state_bins: Some(64), ..map },
            SystemName::Logistic => Self { range: [2.5, 4.0], state_bins: Some(100), ..map },
            SystemName::Pendulum => Self {
                horizon: 64,
                range: [2.0, 18.0],
                grid_range: Some([0.0, 40.0]),
                quantity_bins: Some(32),
                step_secs: Some(0.05),
                ..common
            },
            SystemName::Maze2d => {
                let segments = SegmentSettings::default();
                Self {
                    range: segments.range,
                    grid_range: Some(segments.grid_range),
                    quantity_bins: Some(segments.quantity_bins),
                    recording_steps: Some(segments.recording_steps),
                    ..common
                }
            }
        })
    }

    /// Refuses constants without sense.
    ///
    /// # Errors
    /// Says expected and got.
    pub fn check(&self) -> Result<(), SystemError> {
        let system = self.name.as_str();
        let wrong =
            |expected: &str, got: String| Err(SystemError::Setting { system, expected: expected.to_owned(), got });
        if !(self.horizon.is_power_of_two() && (16..=4096).contains(&self.horizon)) {
            return wrong("a horizon that is a power of two between 16 and 4096", self.horizon.to_string());
        }
        let [low, high] = self.range;
        if !(low.is_finite() && high.is_finite() && low < high) {
            return wrong("a range with low < high", format!("{low} to {high}"));
        }
        let grid = self.grid()?;
        if !(grid.low() <= low && grid.high() >= high) {
            let got = format!("{} to {}", grid.low(), grid.high());
            return wrong(&format!("a grid that covers the range {low} to {high}"), got);
        }
        if !(self.bandwidth_share >= 0.0 && self.bandwidth_share <= 0.5) {
            return wrong("a bandwidth between 0 and .5 of the range", self.bandwidth_share.to_string());
        }
        self.check_own()
    }

    /// The constants that only some systems have.
    fn check_own(&self) -> Result<(), SystemError> {
        let map = matches!(self.name, SystemName::Tent | SystemName::Logistic);
        let measured = matches!(self.name, SystemName::Pendulum | SystemName::Maze2d);
        let pendulum = self.name == SystemName::Pendulum;
        let maze = self.name == SystemName::Maze2d;
        let count = |value: Option<usize>| value.map(|value| value as f64);
        let bandwidth = self.recovery.as_ref().map(|recovery| recovery.bandwidth);
        for (what, value, known, low, high) in [
            ("state_bins", count(self.state_bins), map, 2.0, 1e6),
            ("start", self.start, map, 1e-6, 1.0 - 1e-6),
            ("recovery.bandwidth", bandwidth, !measured, 1e-6, 1e3),
            ("quantity_bins", count(self.quantity_bins), measured, 1.0, 1e4),
            ("step_secs", self.step_secs, pendulum, 1e-3, 0.2),
            ("recording_steps", count(self.recording_steps), maze, 1e3, 1e8),
        ] {
            let Some(value) = value else { continue };
            if !(known && value >= low && value <= high) {
                let bounds = || format!("{what} between {low} and {high}");
                let expected = if known { bounds() } else { format!("no {what}, which this system does not have") };
                return Err(SystemError::Setting { system: self.name.as_str(), expected, got: value.to_string() });
            }
        }
        Ok(())
    }

    /// The cells on which distributions are compared.
    ///
    /// # Errors
    /// If they are none.
    pub fn grid(&self) -> Result<QuantityGrid, SystemError> {
        let [low, high] = self.grid_range.unwrap_or(self.range);
        Ok(QuantityGrid::new(low, high, self.grid_cells)?)
    }

    /// The bins of the range that data fill evenly.
    ///
    /// # Errors
    /// If they are none.
    pub fn bins(&self) -> Result<QuantityGrid, SystemError> {
        Ok(QuantityGrid::new(self.range[0], self.range[1], self.quantity_bins.unwrap_or(32))?)
    }

    /// Standard deviation of the Gaussian of all density curves, in the quantity's unit.
    pub fn bandwidth(&self) -> f64 {
        self.bandwidth_share * (self.range[1] - self.range[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_needs_a_name_and_may_change_anything() {
        let tent: SystemSettings = toml::from_str("name = \"tent\"").expect("a recipe");
        assert_eq!(tent, SystemSettings::named("tent").expect("a system"));
        let text = "name = \"tent\"\nhorizon = 64\nrange = [1.0, 2.0]\n[recovery]\nsummary = \"mean\"";
        let changed: SystemSettings = toml::from_str(text).expect("a recipe");
        assert_eq!((changed.horizon, changed.range, changed.state_bins), (64, [1.0, 2.0], Some(64)));
        assert!((changed.bandwidth() - 0.04).abs() < 1e-12);
        let again: SystemSettings = toml::from_str(&toml::to_string(&changed).expect("text")).expect("a recipe");
        assert_eq!(again, changed);
    }

    #[test]
    fn nonsense_is_one_clear_line() {
        let refused = |text: &str| match toml::from_str::<SystemSettings>(text) {
            Ok(settings) => panic!("{settings:?}"),
            Err(error) => error.message().to_owned(),
        };
        assert!(refused("name = \"spring\"").contains("expected one of sinusoid"));
        assert!(refused("name = \"tent\"\nhorizon = 100").contains("power of two"));
        assert!(refused("name = \"tent\"\nrange = [2.0, 1.0]").contains("low < high"));
        assert!(refused("name = \"tent\"\nstart = 0.0").contains("start between"));
        assert!(refused("name = \"sinusoid\"\nstate_bins = 8").contains("no state_bins"));
        assert!(refused("name = \"tent\"\ngrid_range = [1.0, 2.0]").contains("covers the range"));
        assert!(refused("name = \"tent\"\ngrid_cells = 0").contains("cells"));
        assert!(refused("name = \"tent\"\nbandwidth_share = nan").contains("bandwidth"));
        assert!(refused("name = \"tent\"\ncolour = 1").contains("unknown field"));
    }
}
