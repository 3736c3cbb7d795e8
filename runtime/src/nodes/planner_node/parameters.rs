//! Parameters of a planner's node: those of every planner, those of the engine, then those of its family.

use super::jobs::LoadRequest;
use crate::gate::GateLimits;
use crate::model::EngineSettings;
use crate::nodes::grid::GridReading;
use crate::nodes::path::PathStyle;
use crate::nodes::robot::robot_of;
use crate::nodes::settings_parameters;
use crate::pilot::PilotSettings;
use crate::planner::corridor::PathMethod;
use crate::planner::{DenoiserSettings, PlannerSettings, RolloutSettings};
use crate::quantity::{DriftSettings, Intended, IntendedChoice};
use crate::world::Robot;
use crate::world::map::grid::{Thresholds, UnknownSpace};
use planwright_ros2::odometry::OdometryLimits;
use planwright_ros2::parameter::{Descriptor, ParameterSet, ReadError, Values};
use planwright_ros2::tf::TransformSettings;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

planwright_ros2::parameters! {
    /// Parameters of every planner's node. A change of a deferred one loads another planner.
    pub struct PlannerParameters {
        /// Take the time from /clock instead of the system.
        use_sim_time: bool = false,
        /// What plans: the family of the model, or on any map without one 'search' (the shortest way), 'smoothed' or
        /// 'optimizer', or 'corridor' with a model of that family.
        planner: String = "model".to_owned() => one_of(&PlannerChoice::NAMES).deferred(),
        /// The robot: point-mass, omni, differential, ackermann, or a TOML file. Models of mazes plan for the point mass.
        robot: String = "point-mass".to_owned() => read_only(),
        /// The planner's .onnx file, here or beside the command. A change loads it beside the old one, which goes on
        /// until the new one has passed its self-test.
        model: String = "models/maze-umaze.onnx".to_owned() => deferred(),
        /// Seed of all randomness. The same question has the same answer, unless there was none.
        seed: u64 = 0 => range(0, i64::MAX).deferred(),
        /// Configure and activate without being asked, where no lifecycle manager is at work.
        autostart: bool = false => read_only(),
        /// With autostart: a model that cannot be loaded is tried again for this long, then the process ends with 1, s.
        autostart_timeout_secs: f64 = 10.0 => range(0.0, 86400.0),
        /// Values of planner_id in a goal that mean this planner; others are answered INVALID_PLANNER.
        planner_ids: Vec<String> = ["", "GridBased", "planwright"].map(str::to_owned).to_vec(),
        /// Time from observation to checked plan, s. A later plan is not published.
        deadline_secs: f64 = 0.05 => range(0.001, 60.0),
        /// Largest age of odometry and transforms at the gate, s.
        max_observation_age_secs: f64 = 0.2 => range(0.001, 60.0),
        /// Largest age of the map, s; 0 takes a map as true until the next one comes.
        max_map_age_secs: f64 = 0.0 => range(0.0, 1e6),
        /// Without a map on the topic, plan nothing. Otherwise the map that the model was trained for counts until
        /// one comes.
        map_required: bool = true,
        /// What unknown space of a map counts as, for planners of any map: an obstacle, free, or free at a cost. Mazes take
        /// it as an obstacle.
        unknown_space: String = "occupied".to_owned() => one_of(&["occupied", "free", "costly"]).read_only(),
        /// Occupancy from which a cell is an obstacle, for planners of any map; of Nav2's costmaps 99 is what the inscribed
        /// circle of the robot touches, 100 the obstacle.
        occupied_threshold: i64 = 65 => range(1, 100).read_only(),
        /// Least distance between robot and wall that the gate lets pass, m.
        clearance_m: f64 = 0.005 => range(0.0, 0.3),
        /// Distance to walls that plans are shaped to keep where there is room, m: the gate's clearance and what the
        /// robot strays from its plan.
        path_clearance_m: f64 = 0.08 => range(0.0, 0.3),
        /// Share of the motors' force that plans use; the rest is left to follow them over a network. 1 is the
        /// fastest.
        actuation_share: f64 = 0.6 => range(0.1, 1.0),
        /// Keep the network's own pace instead of the fastest that the motors allow.
        keep_pace: bool = false,
        /// Frame of map, goals and plans.
        map_frame: String = "map".to_owned() => read_only(),
        /// Frame of the robot, where the odometry names none.
        base_frame: String = "base_link".to_owned() => read_only(),
        /// Frames that are kept, of /tf and /tf_static together. Those on the way from odometry and goals to the map
        /// always are.
        max_frames: usize = TransformSettings::default().max_frames => range(50, 1_000_000).read_only(),
        /// Odometry may be stamped this far ahead of the clock, s: two computers' clocks differ. With use_sim_time two
        /// ticks of /clock come on top.
        future_tolerance_secs: f64 = 0.1 => range(0.0, 10.0),
        /// Odometry is stuck if its pose stays the same for this long while commanded to move, s.
        stuck_secs: f64 = 1.0 => range(0.1, 60.0),
        /// Fastest that the robot can be, m/s: odometry that moves faster has jumped.
        max_speed_mps: f64 = 5.3 => range(0.01, 100.0),
        /// A new goal aborts those before it, as Nav2's planner server does. Otherwise they are answered in turn.
        preempt: bool = false,
        /// Follow the plans oneself: publish cmd_vel towards the last goal that was planned from where the robot is,
        /// or that came on goal_pose.
        drive: bool = false,
        /// Commands and replans a second while driving, Hz.
        drive_rate_hz: f64 = 50.0 => range(1.0, 200.0).read_only(),
        /// Distance at which the robot has arrived, m.
        goal_tolerance_m: f64 = 0.1 => range(0.001, 1.0),
        /// Angle to the goal's direction at which a robot that turns in place has arrived, rad.
        goal_yaw_tolerance_rad: f64 = 0.1 => range(0.001, 3.2),
        /// Values of controller_id in a goal of follow_path that mean this node.
        controller_ids: Vec<String> = ["", "FollowPath", "planwright"].map(str::to_owned).to_vec(),
        /// A path that cannot be followed safely for this long is given up, s.
        failure_tolerance_secs: f64 = 2.0 => range(0.0, 600.0),
        /// A robot that has come no 0.05 m nearer to the end of its path for this long makes no progress, s.
        progress_timeout_secs: f64 = 10.0 => range(0.1, 3600.0),
        /// A planner that has not answered for this long hangs, and the robot stops, s.
        hang_timeout_secs: f64 = 0.5 => range(0.05, 60.0),
        /// Publish cmd_vel as TwistStamped (Kilted's default) instead of Twist.
        cmd_vel_stamped: bool = false => read_only(),
        /// Time between the poses of a path, s. They lie closer where straight lines would cut a corner.
        path_period_secs: f64 = 0.05 => range(0.01, 1.0),
        /// Distribution that the lengths of the plans should have: uniform:LOW:HIGH or uniform:LOW:HIGH:BINS, m, or
        /// JSON as in the manifest; empty takes the model's own, none watches nothing.
        drift_intended: String = String::new(),
        /// Share of the plans that may be elsewhere than intended before the diagnostics warn 'drifting'; what chance
        /// explains is never drift.
        drift_threshold: f64 = DriftSettings::DEFAULT_THRESHOLD => range(0.001, 1.0),
        /// Newest plans that are held against the distribution.
        drift_window: usize = DriftSettings::DEFAULT_WINDOW
            => range(DriftSettings::MIN_WINDOW as i64, DriftSettings::MAX_WINDOW as i64),
        /// Publish plan_raw and markers.
        publish_debug: bool = true,
        /// Time between heartbeats to Nav2's lifecycle manager, s; 0 means no bond.
        bond_heartbeat_period: f64 = 0.1 => range(0.0, 10.0).read_only(),
        /// The lifecycle manager counts as gone after this time, s.
        bond_timeout: f64 = 4.0 => range(0.1, 60.0).read_only(),
    }
}

/// All parameters of a planner's node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeParameters {
    /// Of every planner.
    pub planner: PlannerParameters,
    /// What computes.
    pub engine: EngineSettings,
    /// Of its family.
    pub family: FamilyParameters,
}

/// The parameters of one family of planners.
#[derive(Clone, Debug, PartialEq)]
pub enum FamilyParameters {
    /// Denoising maze planners: of knots, or of paths whose length keeps a distribution.
    Maze(DenoiserSettings),
    /// Policies, rolled out through the world.
    Policy(RolloutSettings),
    /// Any: what the parameter `planner` or the model states.
    Any(DenoiserSettings, RolloutSettings),
}

/// What plans, from the parameter `planner`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannerChoice {
    /// A model of any family.
    Model,
    /// On any map, by this method.
    AnyMap(PathMethod),
}

impl PlannerChoice {
    /// All names.
    pub const NAMES: [&'static str; 5] = ["model", "search", "smoothed", "optimizer", "corridor"];

    /// Whether it plans on any map; `None`: as the model's family does.
    pub fn takes_any_map(self) -> Option<bool> {
        matches!(self, Self::AnyMap(_)).then_some(true)
    }

    fn named(name: &str) -> Self {
        use PathMethod::{Corridor, Optimizer, Search, Smoothed};
        let found = [Search, Smoothed, Optimizer, Corridor].into_iter().find(|method| method.name() == name);
        found.map_or(Self::Model, Self::AnyMap)
    }
}

impl NodeParameters {
    /// Defaults of `planwright node maze`.
    pub fn maze() -> Self {
        let family = FamilyParameters::Maze(DenoiserSettings::default());
        Self { planner: PlannerParameters::default(), engine: EngineSettings::default(), family }
    }

    /// Defaults of `planwright node policy`.
    pub fn policy() -> Self {
        let planner = PlannerParameters { model: "models/maze-policy.onnx".to_owned(), ..PlannerParameters::default() };
        let family = FamilyParameters::Policy(RolloutSettings::default());
        Self { planner, engine: EngineSettings::default(), family }
    }

    /// Defaults of `planwright node planner`.
    pub fn any() -> Self {
        let planner = PlannerParameters {
            planner: PathMethod::Optimizer.name().to_owned(),
            robot: "differential".to_owned(),
            model: "models/map-corridor.onnx".to_owned(),
            // The first plan to a goal on a large map takes longer than those after it.
            deadline_secs: 0.5,
            hang_timeout_secs: 1.5,
            max_observation_age_secs: 0.5,
            path_clearance_m: 0.05,
            ..PlannerParameters::default()
        };
        let family = FamilyParameters::Any(DenoiserSettings::default(), RolloutSettings::default());
        Self { planner, engine: EngineSettings::default(), family }
    }

    /// The node's name unless it is remapped.
    pub fn node_name(&self) -> &'static str {
        match self.family {
            FamilyParameters::Maze(_) => "planwright_maze",
            FamilyParameters::Policy(_) => "planwright_policy",
            FamilyParameters::Any(..) => "planwright_planner",
        }
    }

    /// The model to load, on what, and with which settings.
    ///
    /// # Errors
    /// What is wrong with a value, in a line.
    pub fn load_request(&self) -> Result<LoadRequest, String> {
        let PlannerParameters { model, seed, .. } = &self.planner;
        let engine = self.engine.choice().map_err(|error| format!("engine: {error}"))?;
        let model = PathBuf::from(model);
        let mut settings = PlannerSettings { seed: *seed, ..PlannerSettings::default() };
        match &self.family {
            FamilyParameters::Maze(of) => settings.denoiser = *of,
            FamilyParameters::Policy(of) => settings.rollout = *of,
            FamilyParameters::Any(denoiser, rollout) => (settings.denoiser, settings.rollout) = (*denoiser, *rollout),
        }
        let planner = self.planner.choice();
        Ok(LoadRequest { planner, model: crate::files::find(&model).unwrap_or(model), engine, settings })
    }
}

impl ParameterSet for NodeParameters {
    fn descriptors(&self) -> Vec<Descriptor> {
        let mut all = self.planner.descriptors();
        all.extend(settings_parameters::descriptors::<EngineSettings>());
        all.extend(match &self.family {
            FamilyParameters::Maze(_) => settings_parameters::descriptors::<DenoiserSettings>(),
            FamilyParameters::Policy(_) => settings_parameters::descriptors::<RolloutSettings>(),
            FamilyParameters::Any(..) => {
                let mut both = settings_parameters::descriptors::<DenoiserSettings>();
                both.extend(settings_parameters::descriptors::<RolloutSettings>());
                both
            }
        });
        all
    }

    fn read(&self, values: &Values) -> Result<Self, ReadError> {
        let family = match &self.family {
            FamilyParameters::Maze(_) => FamilyParameters::Maze(settings_parameters::read(values)?),
            FamilyParameters::Policy(_) => FamilyParameters::Policy(settings_parameters::read(values)?),
            FamilyParameters::Any(..) => {
                FamilyParameters::Any(settings_parameters::read(values)?, settings_parameters::read(values)?)
            }
        };
        let engine = settings_parameters::read(values)?;
        Ok(Self { planner: self.planner.read(values)?, engine, family })
    }
}

impl PlannerParameters {
    /// What plans.
    pub fn choice(&self) -> PlannerChoice {
        PlannerChoice::named(&self.planner)
    }

    /// The robot.
    ///
    /// # Errors
    /// If it has no such name and no such file.
    pub fn robot(&self) -> Result<Arc<dyn Robot>, String> {
        robot_of(&self.robot)
    }

    /// How maps are read by planners of any map.
    pub fn grid_reading(&self) -> GridReading {
        let unknown_space = match self.unknown_space.as_str() {
            "free" => UnknownSpace::Free,
            "costly" => UnknownSpace::Costly,
            _ => UnknownSpace::Occupied,
        };
        let occupied = i8::try_from(self.occupied_threshold).unwrap_or(i8::MAX).clamp(1, 100);
        GridReading { thresholds: Thresholds { free: occupied - 1, occupied }, unknown_space }
    }

    /// Limits of the odometry monitor.
    pub fn odometry_limits(&self) -> OdometryLimits {
        OdometryLimits {
            max_age_secs: self.max_observation_age_secs,
            max_speed_mps: self.max_speed_mps,
            future_tolerance_secs: self.future_tolerance_secs,
            stuck_secs: self.stuck_secs,
            ..OdometryLimits::default()
        }
    }

    /// Settings of the drift monitor, given the model's own intended distribution.
    ///
    /// # Errors
    /// What is wrong with a value, in a line.
    pub fn drift_settings(&self, of_model: Option<&Intended>) -> Result<Option<DriftSettings>, String> {
        let choice: IntendedChoice = self.drift_intended.parse().map_err(|error| format!("drift_intended: {error}"))?;
        let of = |intended| DriftSettings::new(intended, self.drift_window, self.drift_threshold);
        choice.resolve(of_model).map(of).transpose().map_err(|error| error.to_string())
    }

    /// Settings of the pilot, but for [`Self::drift_settings`].
    pub fn pilot_settings(&self) -> PilotSettings {
        let default = PilotSettings::default();
        let mut correction = default.correction;
        correction.retime = !self.keep_pace;
        correction.actuation_share = self.actuation_share;
        correction.path.clearance_m = self.path_clearance_m;
        let limits =
            GateLimits { max_age_secs: self.max_observation_age_secs, clearance_m: self.clearance_m, ..default.limits };
        let deadline = Some(Duration::from_secs_f64(self.deadline_secs));
        PilotSettings { deadline, correction, limits, ..default }
    }

    /// Sampling of published paths.
    pub fn path_style(&self) -> PathStyle {
        PathStyle { period_secs: self.path_period_secs, clearance_m: self.clearance_m }
    }

    /// Time between two control cycles, s.
    pub fn control_period_secs(&self) -> f64 {
        1.0 / self.drive_rate_hz
    }

    /// Time without a plan after which the planner hangs.
    pub fn hang_timeout(&self) -> Duration {
        Duration::from_secs_f64(self.hang_timeout_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright_ros2::parameter::ParameterStore;

    #[test]
    fn the_table_holds_together_and_its_defaults_mean_something() {
        let defaults = NodeParameters::maze();
        let store = ParameterStore::declare(defaults.descriptors()).expect("consistent");
        assert_eq!(defaults.read(store.values()), Ok(defaults.clone()));
        let settings = defaults.planner.pilot_settings();
        assert_eq!(settings.deadline, Some(Duration::from_millis(50)));
        assert_eq!(settings.limits.max_age_secs, 0.2);
        assert_eq!(defaults.planner.drift_settings(None), Ok(None));
        let own = Intended::uniform(2.0, 6.0, 16).expect("a range");
        assert_eq!(defaults.planner.drift_settings(Some(&own)), Ok(Some(DriftSettings::of(own))));
        let request = defaults.load_request().expect("loadable");
        assert!(request.model.ends_with("models/maze-umaze.onnx"), "{request:?}");
        assert_eq!(request.settings, PlannerSettings::default());
        let deferred = |name: &str| store.descriptor(name).expect("declared").deferred;
        assert!(deferred("denoising_steps") && deferred("model") && !deferred("drive"));
        assert!(!deferred("drift_intended"), "the monitor changes without a load");
    }

    #[test]
    fn a_node_of_any_planner_takes_any_robot_and_the_settings_of_every_family() {
        let defaults = NodeParameters::any();
        let store = ParameterStore::declare(defaults.descriptors()).expect("consistent");
        let read = defaults.read(store.values()).expect("of the same table");
        assert_eq!(read.planner, defaults.planner);
        assert!(matches!(read.family, FamilyParameters::Any(denoiser, _) if denoiser == DenoiserSettings::default()));
        assert_eq!(defaults.planner.choice(), PlannerChoice::AnyMap(PathMethod::Optimizer));
        assert_eq!(defaults.planner.robot().map(|robot| robot.name().to_owned()), Ok("differential".to_owned()));
        assert!(store.descriptor("candidates").is_some() && store.descriptor("rollouts").is_some());
        for name in PlannerChoice::NAMES {
            let planner = PlannerParameters { planner: name.to_owned(), ..PlannerParameters::default() };
            assert_eq!(planner.choice().takes_any_map().is_none(), name == "model", "{name}");
        }
        assert_eq!(defaults.planner.grid_reading().thresholds, Thresholds::default());
        for occupied_threshold in [1, 100] {
            let planner = PlannerParameters { occupied_threshold, ..PlannerParameters::default() };
            assert!(planner.grid_reading().thresholds.check().is_ok(), "{occupied_threshold}");
        }
        let unknown = PlannerParameters { robot: "unicycle".to_owned(), ..PlannerParameters::default() };
        let text = unknown.robot().map(|_| ()).expect_err("no such file");
        assert!(text.contains("robot: ") && text.contains("unicycle"), "{text}");
    }

    #[test]
    fn a_policys_own_values_reach_its_settings() {
        let mut parameters = NodeParameters::policy();
        assert!(ParameterStore::declare(parameters.descriptors()).is_ok());
        assert_eq!(parameters.load_request().map(|request| request.settings.rollout.target_return), Ok(None));
        parameters.planner.seed = 7;
        parameters.family =
            FamilyParameters::Policy(RolloutSettings { target_return: Some(3.0), ..Default::default() });
        let settings = parameters.load_request().expect("loadable").settings;
        assert_eq!((settings.seed, settings.rollout.target_return), (7, Some(3.0)));
    }
}
