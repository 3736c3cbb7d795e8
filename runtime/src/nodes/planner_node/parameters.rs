//! The parameters of every planner's node.

use super::family::{LoadRequest, PlannerFamily};
use crate::gate::GateLimits;
use crate::model::EngineChoice;
use crate::pilot::PilotSettings;
use crate::quantity::{DriftSettings, Intended, IntendedChoice};
use planwright_ros2::base::USE_SIM_TIME;
use planwright_ros2::odometry::OdometryLimits;
use planwright_ros2::parameter::{Descriptor, ReadError, Values};
use std::path::PathBuf;
use std::time::Duration;

/// Parameters that mean another planner: a change loads it beside the old one.
const LOADED: [&str; 5] = ["model", "engine", "onnxruntime_library", "threads", "seed"];

/// Whether a change of this parameter means to load a planner.
pub fn is_loaded<F: PlannerFamily>(name: &str) -> bool {
    LOADED.contains(&name) || F::parameters().iter().any(|descriptor| descriptor.name == name)
}

/// All parameters of a family's node.
pub fn descriptors<F: PlannerFamily>() -> Vec<Descriptor> {
    let mut all = vec![
        Descriptor::bool(USE_SIM_TIME, false, "Take the time from /clock instead of the system."),
        Descriptor::string("model", F::DEFAULT_MODEL, "The planner's .onnx file, here or beside the command. A change loads it beside the old one, which goes on until the new one has passed its self-test."),
        Descriptor::string("engine", "auto", "What computes. 'auto' says in the diagnostics what it took.").one_of(&EngineChoice::NAMES),
        Descriptor::string("onnxruntime_library", "", "ONNX Runtime's shared library, where it is not in a usual place."),
        Descriptor::integer("threads", 1, "Threads of one network call.").range(1, 256),
        Descriptor::integer("seed", 0, "Seed of all randomness. The same question has the same answer, unless there was none.").range(0, i64::MAX),
        Descriptor::bool("autostart", false, "Configure and activate without being asked, where no lifecycle manager is at work.").read_only(),
        Descriptor::string_array("planner_ids", &["", "GridBased", "planwright"], "Values of planner_id in a goal that mean this planner; others are answered INVALID_PLANNER."),
        Descriptor::double("deadline_secs", 0.05, "Time from observation to checked plan, s. A plan that is later does not leave.").range(0.001, 60.0),
        Descriptor::double("max_observation_age_secs", 0.2, "Largest age of odometry and transforms at the gate, s.").range(0.001, 60.0),
        Descriptor::double("max_map_age_secs", 0.0, "Largest age of the map, s; 0 takes a map as true until the next one comes.").range(0.0, 1e6),
        Descriptor::bool("map_required", true, "Without a map on the topic, plan nothing. Otherwise the map that the model was trained for counts until one comes."),
        Descriptor::double("clearance_m", 0.005, "Least distance between robot and wall that the gate lets pass, m.").range(0.0, 0.3),
        Descriptor::double("path_clearance_m", 0.08, "Distance to walls that plans are shaped to keep where there is room, m: the gate's clearance and what the robot strays from its plan.").range(0.0, 0.3),
        Descriptor::double("actuation_share", 0.6, "Share of the motors' force that plans use; the rest is left to follow them over a network. 1 is the fastest.").range(0.1, 1.0),
        Descriptor::bool("keep_pace", false, "Keep the network's own pace instead of the fastest that the motors allow."),
        Descriptor::string("map_frame", "map", "Frame of map, goals and plans.").read_only(),
        Descriptor::double("max_speed_mps", 5.3, "Fastest that the robot can be, m/s: odometry that moves faster has jumped.").range(0.01, 100.0),
        Descriptor::bool("preempt", false, "A new goal aborts those before it, as Nav2's planner server does. Otherwise they are answered in turn."),
        Descriptor::bool("drive", false, "Follow the plans oneself: publish cmd_vel towards the last goal that was planned from where the robot is, or that came on goal_pose."),
        Descriptor::double("drive_rate_hz", 50.0, "Commands and replans a second while driving, Hz.").range(1.0, 200.0).read_only(),
        Descriptor::double("goal_tolerance_m", 0.1, "Distance at which the robot has arrived, m.").range(0.001, 1.0),
        Descriptor::double("hang_timeout_secs", 0.5, "A planner that has not answered for this long hangs, and the robot stops, s.").range(0.05, 60.0),
        Descriptor::bool("cmd_vel_stamped", false, "Publish cmd_vel as TwistStamped (Kilted's default) instead of Twist.").read_only(),
        Descriptor::double("path_period_secs", 0.05, "Time between the poses of a path, s. They lie closer where straight lines would cut a corner.").range(0.01, 1.0),
        Descriptor::string("drift_intended", "", "Distribution that the lengths of the plans should have: uniform:LOW:HIGH or uniform:LOW:HIGH:BINS, m, or JSON as in the manifest; empty takes the model's own, none watches nothing."),
        Descriptor::double("drift_threshold", DriftSettings::DEFAULT_THRESHOLD, "Share of the plans that may be elsewhere than intended before the diagnostics warn 'drifting'; what chance explains is never drift.").range(0.001, 1.0),
        Descriptor::integer("drift_window", DriftSettings::DEFAULT_WINDOW as i64, "Newest plans that are held against the distribution.").range(DriftSettings::MIN_WINDOW as i64, DriftSettings::MAX_WINDOW as i64),
        Descriptor::bool("publish_debug", true, "Publish plan_raw and markers."),
        Descriptor::double("bond_heartbeat_period", 0.1, "Time between heartbeats to Nav2's lifecycle manager, s; 0 means no bond.").range(0.0, 10.0).read_only(),
        Descriptor::double("bond_timeout", 4.0, "The lifecycle manager counts as gone after this time, s.").range(0.1, 60.0).read_only(),
    ];
    all.extend(F::parameters());
    all
}

/// What the parameters ask to load.
///
/// # Errors
/// What is wrong with them, in a line.
pub fn load_request(values: &Values) -> Result<LoadRequest, String> {
    let read = |error: ReadError| error.to_string();
    let engine: EngineChoice =
        values.string("engine").map_err(read)?.parse().map_err(|error| format!("engine: {error}"))?;
    let library = values.string("onnxruntime_library").map_err(read)?;
    let whole = |name: &str| values.integer(name).map_err(read).map(|value| value.unsigned_abs());
    let engine = EngineChoice {
        library: (!library.is_empty()).then(|| PathBuf::from(library)),
        threads: usize::try_from(whole("threads")?).unwrap_or(1),
        ..engine
    };
    let model = PathBuf::from(values.string("model").map_err(read)?);
    let model = crate::files::find(&model).unwrap_or(model);
    Ok(LoadRequest { model, engine, seed: whole("seed")? })
}

/// What the parameters mean for the odometry.
///
/// # Errors
/// If a parameter has another type than it was declared with.
pub fn odometry_limits(values: &Values) -> Result<OdometryLimits, ReadError> {
    Ok(OdometryLimits {
        max_age_secs: values.double("max_observation_age_secs")?,
        max_speed_mps: values.double("max_speed_mps")?,
        ..OdometryLimits::default()
    })
}

/// What the parameters mean for the watch over drift, given the model's own intended distribution.
///
/// # Errors
/// What is wrong with them, in a line.
pub fn drift_settings(values: &Values, of_model: Option<&Intended>) -> Result<Option<DriftSettings>, String> {
    let read = |error: ReadError| error.to_string();
    let text = values.string("drift_intended").map_err(read)?;
    let choice: IntendedChoice = text.parse().map_err(|error| format!("drift_intended: {error}"))?;
    let threshold = values.double("drift_threshold").map_err(read)?;
    let window = usize::try_from(values.integer("drift_window").map_err(read)?).unwrap_or(0);
    let of = |intended| DriftSettings::new(intended, window, threshold);
    choice.resolve(of_model).map(of).transpose().map_err(|error| error.to_string())
}

/// What the parameters mean for the pilot, but for [`drift_settings`].
///
/// # Errors
/// If a parameter has another type than it was declared with.
pub fn pilot_settings(values: &Values) -> Result<PilotSettings, ReadError> {
    let default = PilotSettings::default();
    let mut correction = default.correction;
    correction.retime = !values.bool("keep_pace")?;
    correction.actuation_share = values.double("actuation_share")?;
    correction.path.clearance_m = values.double("path_clearance_m")?;
    let limits = GateLimits {
        max_age_secs: values.double("max_observation_age_secs")?,
        clearance_m: values.double("clearance_m")?,
        ..default.limits
    };
    let deadline = Some(Duration::from_secs_f64(values.double("deadline_secs")?));
    Ok(PilotSettings { deadline, correction, limits, ..default })
}

#[cfg(test)]
mod tests {
    use super::super::maze::Maze;
    use super::*;
    use planwright_ros2::parameter::ParameterStore;

    #[test]
    fn the_table_holds_together_and_its_defaults_mean_something() {
        let store = ParameterStore::declare(descriptors::<Maze>()).expect("consistent");
        let settings = pilot_settings(store.values()).expect("typed");
        assert_eq!(settings.deadline, Some(Duration::from_millis(50)));
        assert_eq!(settings.limits.max_age_secs, 0.2);
        assert_eq!(drift_settings(store.values(), None), Ok(None));
        let own = Intended::uniform(2.0, 6.0, 16).expect("a range");
        assert_eq!(drift_settings(store.values(), Some(&own)), Ok(Some(DriftSettings::of(own))));
        let request = load_request(store.values()).expect("loadable");
        assert!(request.model.ends_with("models/maze-umaze.onnx"), "{request:?}");
        assert!(is_loaded::<Maze>("denoising_steps") && is_loaded::<Maze>("model") && !is_loaded::<Maze>("drive"));
        assert!(!is_loaded::<Maze>("drift_intended"), "the monitor changes without a load");
    }
}
