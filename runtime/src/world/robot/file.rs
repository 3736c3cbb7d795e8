//! Robot files: one TOML file describes a robot, and what is wrong with it is named by file and field.

use super::{Ackermann, Differential, DriveLimits, Omni, PointMass, Robot};
use crate::figures::Figure;
use crate::geometry::{Footprint, FootprintError, Point, Polygon};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A robot that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum RobotError {
    /// Neither a name nor a file that can be read.
    #[error("{}: expected a robot file or one of {}, got: {source}", .path.display(), NAMES.join(", "))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the file system answers.
        source: io::Error,
    },
    /// A field that is missing, unknown, of another type or out of range.
    #[error("{}: {field}: {problem}\nhint: planwright ships examples in launch/robots", .path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The field, with its table.
        field: String,
        /// What was expected and what is there.
        problem: String,
    },
}

/// A robot as a file describes it.
#[derive(Clone, Debug)]
pub struct RobotFile {
    /// Name of the built-in robot, or of the file without its ending.
    pub name: String,
    /// The robot.
    pub robot: Arc<dyn Robot>,
}

/// Robots that are there without a file: name and text.
const BUILT_IN: [(&str, &str); 6] = [
    ("point-mass", include_str!("../../../../launch/robots/point-mass.toml")),
    ("omni", include_str!("../../../../launch/robots/omni.toml")),
    ("differential", include_str!("../../../../launch/robots/differential.toml")),
    ("ackermann", include_str!("../../../../launch/robots/ackermann.toml")),
    ("turtlebot3-burger", include_str!("../../../../launch/robots/turtlebot3-burger.toml")),
    ("jackal", include_str!("../../../../launch/robots/jackal.toml")),
];
const NAMES: [&str; BUILT_IN.len()] =
    [BUILT_IN[0].0, BUILT_IN[1].0, BUILT_IN[2].0, BUILT_IN[3].0, BUILT_IN[4].0, BUILT_IN[5].0];

/// Smallest and largest speed, acceleration, rate or length of anything, SI units.
const LEAST: f64 = 1e-3;
const MOST: f64 = 1e3;
/// Steps are between these, seconds.
const STEP_SECS: [f64; 2] = [0.01, 0.1];
/// A robot stands within this time from top speed, seconds: a braking plan is not longer.
const STOP_SECS: f64 = 20.0;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    PointMass,
    Omni,
    Differential,
    Ackermann,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    kind: Kind,
    step_secs: Option<f64>,
    footprint: Option<FootprintTable>,
    limits: Option<toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FootprintTable {
    radius_m: Option<f64>,
    polygon: Option<Vec<Point>>,
    #[serde(default)]
    padding_m: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OmniTable {
    max_speed_mps: f64,
    acceleration_mps2: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DifferentialTable {
    max_speed_mps: f64,
    #[serde(default)]
    min_speed_mps: f64,
    acceleration_mps2: f64,
    turn_rate_radps: f64,
    turn_acceleration_radps2: f64,
    min_radius_m: Option<f64>,
    lateral_acceleration_mps2: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AckermannTable {
    max_speed_mps: f64,
    #[serde(default)]
    min_speed_mps: f64,
    acceleration_mps2: f64,
    wheelbase_m: f64,
    steering_rad: f64,
    steering_rate_radps: f64,
    lateral_acceleration_mps2: Option<f64>,
}

/// A field and what is wrong with it.
type Fault = (String, String);

fn fault(field: &str, problem: impl Into<String>) -> Fault {
    (field.to_owned(), problem.into())
}

impl RobotFile {
    /// Reads a robot file.
    ///
    /// # Errors
    /// The first thing that is wrong, with file and field.
    pub fn open(path: &Path) -> Result<Self, RobotError> {
        let text = crate::text::read(path).map_err(|source| RobotError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// A built-in robot by its name, else a file.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn find(name_or_path: &str) -> Result<Self, RobotError> {
        let built_in = BUILT_IN.iter().find(|(name, _)| *name == name_or_path);
        built_in.map_or_else(|| Self::open(Path::new(name_or_path)), |(name, text)| Self::parse(text, Path::new(name)))
    }

    /// Names of the built-in robots.
    pub fn names() -> &'static [&'static str] {
        &NAMES
    }

    /// Reads a robot file's text; `path` is for messages.
    ///
    /// # Errors
    /// The first thing that is wrong, with file and field.
    pub fn parse(text: &str, path: &Path) -> Result<Self, RobotError> {
        let robot =
            read(text).map_err(|(field, problem)| RobotError::Field { path: path.to_owned(), field, problem })?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, robot })
    }
}

fn read(text: &str) -> Result<Arc<dyn Robot>, Fault> {
    let document: toml::Table = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| 1 + text.get(..span.start).unwrap_or_default().matches('\n').count());
        fault(&format!("line {line}"), format!("expected TOML, got: {}", first_line(error.message())))
    })?;
    let Document { kind, step_secs, footprint, limits } = table(document, "robot")?;
    if matches!(kind, Kind::PointMass) {
        let others =
            [("step_secs", step_secs.is_some()), ("footprint", footprint.is_some()), ("limits", limits.is_some())];
        return match others.into_iter().find(|(_, is_set)| *is_set) {
            Some((field, _)) => Err(fault(field, "expected nothing beside the kind of a point-mass, got this field")),
            None => Ok(Arc::new(PointMass::default())),
        };
    }
    let step_secs = step_secs.unwrap_or(0.02);
    within(step_secs, STEP_SECS, "step_secs", "s")?;
    let footprint = footprint.ok_or_else(|| fault("footprint", "expected radius_m or polygon, got no footprint"))?;
    let footprint = footprint.read()?;
    let limits = limits.ok_or_else(|| fault("limits", "expected a table, got none"))?;
    Ok(match kind {
        Kind::PointMass | Kind::Omni => {
            let OmniTable { max_speed_mps, acceleration_mps2 } = table(limits, "limits")?;
            speeds([0.0, max_speed_mps], acceleration_mps2)?;
            Arc::new(Omni { step_secs, footprint, speed_mps: max_speed_mps, acceleration_mps2 })
        }
        Kind::Differential => {
            let limits = differential(&table(limits, "limits")?)?;
            Arc::new(Differential { step_secs, footprint, limits })
        }
        Kind::Ackermann => {
            let limits: AckermannTable = table(limits, "limits")?;
            speeds([limits.min_speed_mps, limits.max_speed_mps], limits.acceleration_mps2)?;
            positive(limits.wheelbase_m, "limits.wheelbase_m", "m")?;
            within(limits.steering_rad, [0.01, 1.4], "limits.steering_rad", "rad")?;
            positive(limits.steering_rate_radps, "limits.steering_rate_radps", "rad/s")?;
            Arc::new(Ackermann {
                step_secs,
                footprint,
                max_speed_mps: limits.max_speed_mps,
                min_speed_mps: limits.min_speed_mps,
                acceleration_mps2: limits.acceleration_mps2,
                wheelbase_m: limits.wheelbase_m,
                steering_rad: limits.steering_rad,
                steering_rate_radps: limits.steering_rate_radps,
                lateral_acceleration_mps2: lateral(limits.lateral_acceleration_mps2)?,
            })
        }
    })
}

fn differential(table: &DifferentialTable) -> Result<DriveLimits, Fault> {
    speeds([table.min_speed_mps, table.max_speed_mps], table.acceleration_mps2)?;
    positive(table.turn_rate_radps, "limits.turn_rate_radps", "rad/s")?;
    positive(table.turn_acceleration_radps2, "limits.turn_acceleration_radps2", "rad/s^2")?;
    stops(table.turn_rate_radps, table.turn_acceleration_radps2, "limits.turn_acceleration_radps2", "rad/s^2")?;
    let radius_m = table.min_radius_m.unwrap_or(0.0);
    if !(0.0..=MOST).contains(&radius_m) {
        return Err(fault("limits.min_radius_m", format!("expected 0 to {MOST} m, got {}", Figure(radius_m))));
    }
    if radius_m > 0.0 {
        // On its least circle the turn rate is speed / radius, and follows the speed.
        let at_top = table.max_speed_mps / radius_m;
        if !(table.turn_rate_radps >= at_top * (1.0 - 1e-9)) {
            return Err(fault(
                "limits.min_radius_m",
                format!(
                    "expected at least max_speed_mps / turn_rate_radps = {} m, for at full speed a smaller circle \
                     cannot be driven, got {}",
                    Figure(table.max_speed_mps / table.turn_rate_radps),
                    Figure(radius_m)
                ),
            ));
        }
        let least = table.acceleration_mps2 / radius_m;
        if !(table.turn_acceleration_radps2 >= least * (1.0 - 1e-9)) {
            return Err(fault(
                "limits.turn_acceleration_radps2",
                format!(
                    "expected at least acceleration_mps2 / min_radius_m = {} rad/s^2, got {}",
                    Figure(least),
                    Figure(table.turn_acceleration_radps2)
                ),
            ));
        }
    }
    Ok(DriveLimits {
        max_speed_mps: table.max_speed_mps,
        min_speed_mps: table.min_speed_mps,
        acceleration_mps2: table.acceleration_mps2,
        turn_rate_radps: table.turn_rate_radps,
        turn_acceleration_radps2: table.turn_acceleration_radps2,
        lateral_acceleration_mps2: lateral(table.lateral_acceleration_mps2)?,
        curvature_radpm: 1.0 / radius_m,
        curvature_rate: f64::INFINITY,
    })
}

impl FootprintTable {
    fn read(&self) -> Result<Footprint, Fault> {
        match (self.radius_m, &self.polygon) {
            (Some(radius_m), None) => {
                within(radius_m, [1e-3, 100.0], "footprint.radius_m", "m")?;
                within(self.padding_m, [0.0, 100.0], "footprint.padding_m", "m")?;
                Ok(Footprint::Circle { radius_m: radius_m + self.padding_m })
            }
            (None, Some(corners)) => {
                Polygon::new(corners, self.padding_m).map(Footprint::Polygon).map_err(|error| match error {
                    FootprintError::Padding(_) => fault("footprint.padding_m", error.to_string()),
                    _ => fault("footprint.polygon", error.to_string()),
                })
            }
            (Some(_), Some(_)) => Err(fault("footprint", "expected radius_m or polygon, got both")),
            (None, None) => Err(fault("footprint", "expected radius_m or polygon, got neither")),
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// A table's fields. TOML's own message names the field that is missing, unknown or of another type.
fn table<T: DeserializeOwned>(table: toml::Table, name: &str) -> Result<T, Fault> {
    table.try_into().map_err(|error: toml::de::Error| {
        let text = error.to_string();
        // The second line is `in `path``.
        let place = text.lines().find_map(|line| line.strip_prefix("in `")?.strip_suffix('`'));
        let field = match place {
            Some(place) if name == "robot" => place.to_owned(),
            Some(place) => format!("{name}.{place}"),
            None => name.to_owned(),
        };
        fault(&field, format!("expected the fields of a robot file, got: {}", first_line(&text)))
    })
}

fn within(value: f64, [low, high]: [f64; 2], field: &str, unit: &str) -> Result<(), Fault> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(fault(field, format!("expected {} to {} {unit}, got {}", Figure(low), Figure(high), Figure(value))))
}

fn positive(value: f64, field: &str, unit: &str) -> Result<(), Fault> {
    within(value, [LEAST, MOST], field, unit)
}

fn lateral(value: Option<f64>) -> Result<f64, Fault> {
    let Some(value) = value else { return Ok(f64::INFINITY) };
    positive(value, "limits.lateral_acceleration_mps2", "m/s^2").map(|()| value)
}

/// Whether a rate comes to rest from its top in time.
fn stops(top: f64, rate: f64, field: &str, unit: &str) -> Result<(), Fault> {
    let least = top / STOP_SECS;
    if rate >= least {
        return Ok(());
    }
    let problem =
        format!("expected at least {} {unit}, to stand within {STOP_SECS} s, got {}", Figure(least), Figure(rate));
    Err(fault(field, problem))
}

fn speeds([min, max]: [f64; 2], acceleration_mps2: f64) -> Result<(), Fault> {
    positive(max, "limits.max_speed_mps", "m/s")?;
    if !(-MOST..=0.0).contains(&min) {
        let problem = format!(
            "expected the speed in reverse as a negative number, or 0, below max_speed_mps {}, got {}",
            Figure(max),
            Figure(min)
        );
        return Err(fault("limits.min_speed_mps", problem));
    }
    positive(acceleration_mps2, "limits.acceleration_mps2", "m/s^2")?;
    stops(max.max(-min), acceleration_mps2, "limits.acceleration_mps2", "m/s^2")
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
