//! Parameters of a planner's node: those of every planner, then those of its family.

use super::jobs::LoadRequest;
use crate::gate::GateLimits;
use crate::model::{EngineChoice, MAX_CANDIDATES};
use crate::nodes::path::PathStyle;
use crate::pilot::PilotSettings;
use crate::planner::{DenoiserSettings, PlannerSettings, RolloutSettings};
use crate::quantity::{DriftSettings, Intended, IntendedChoice};
use planwright_ros2::odometry::OdometryLimits;
use planwright_ros2::parameter::{Descriptor, ParameterSet, ReadError, Values};
use planwright_ros2::tf::TransformSettings;
use std::path::PathBuf;
use std::time::Duration;

planwright_ros2::parameters! {
    /// Parameters of every planner's node. A change of a deferred one loads another planner.
    pub struct PlannerParameters {
        /// Take the time from /clock instead of the system.
        use_sim_time: bool = false,
        /// The planner's .onnx file, here or beside the command. A change loads it beside the old one, which goes on
        /// until the new one has passed its self-test.
        model: String = "models/maze-umaze.onnx".to_owned() => deferred(),
        /// What computes. 'auto' says in the diagnostics what it took.
        engine: String = "auto".to_owned() => one_of(&EngineChoice::NAMES).deferred(),
        /// ONNX Runtime's shared library, where it is not in a usual place.
        onnxruntime_library: String = String::new() => deferred(),
        /// Threads of one network call.
        threads: usize = 1 => range(1, 256).deferred(),
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

planwright_ros2::parameters! {
    /// Parameters of denoising planners.
    pub struct DenoiserParameters {
        /// Rule of the sampler; 'model' takes the model's own.
        solver: String = "model".to_owned() => one_of(&["model", "ddim", "ddpm", "dpm-solver++"]).deferred(),
        /// Network calls per plan; 0 takes the model's own number.
        denoising_steps: usize = 0 => range(0, 1000).deferred(),
        /// Plans drawn at once, of which the best is taken; 0: the model's.
        candidates: usize = 0 => range(0, MAX_CANDIDATES as i64).deferred(),
        /// Noise share at which a replan grows out of the plan before it; 0 starts from pure noise.
        warm_start: f64 = 0.0 => range(0.0, 1.0).deferred(),
    }
}

planwright_ros2::parameters! {
    /// Parameters of policies that are rolled out.
    pub struct RolloutParameters {
        /// Roll-outs simulated in one batch; the first that arrives is taken.
        rollouts: usize = RolloutSettings::ROLLOUTS => range(1, 256).deferred(),
        /// Sharpness of the actions: 1 draws from the density as learnt, 0 takes its mode.
        temperature: f64 = RolloutSettings::TEMPERATURE => range(0.0, 100.0).deferred(),
        /// Return that conditions the policy, steps at the goal; 0 takes the model's own.
        target_return: f64 = 0.0 => range(0.0, 1e6).deferred(),
    }
}

/// All parameters of a planner's node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeParameters {
    /// Of every planner.
    pub planner: PlannerParameters,
    /// Of its family.
    pub family: FamilyParameters,
}

/// The parameters of one family of planners.
#[derive(Clone, Debug, PartialEq)]
pub enum FamilyParameters {
    /// Denoising maze planners: of knots, or of paths whose length keeps a distribution.
    Maze(DenoiserParameters),
    /// Policies, rolled out through the world.
    Policy(RolloutParameters),
}

impl NodeParameters {
    /// Defaults of `planwright node maze`.
    pub fn maze() -> Self {
        Self { planner: PlannerParameters::default(), family: FamilyParameters::Maze(DenoiserParameters::default()) }
    }

    /// Defaults of `planwright node policy`.
    pub fn policy() -> Self {
        let planner = PlannerParameters { model: "models/maze-policy.onnx".to_owned(), ..PlannerParameters::default() };
        Self { planner, family: FamilyParameters::Policy(RolloutParameters::default()) }
    }

    /// The node's name unless it is remapped.
    pub fn node_name(&self) -> &'static str {
        match self.family {
            FamilyParameters::Maze(_) => "planwright_maze",
            FamilyParameters::Policy(_) => "planwright_policy",
        }
    }

    /// The model to load, on what, and with which settings.
    ///
    /// # Errors
    /// What is wrong with a value, in a line.
    pub fn load_request(&self) -> Result<LoadRequest, String> {
        let PlannerParameters { model, engine, onnxruntime_library: library, threads, seed, .. } = &self.planner;
        let engine: EngineChoice = engine.parse().map_err(|error| format!("engine: {error}"))?;
        let library = (!library.is_empty()).then(|| PathBuf::from(library));
        let engine = EngineChoice { library, threads: *threads, ..engine };
        let model = PathBuf::from(model);
        let mut settings = PlannerSettings { seed: *seed, ..PlannerSettings::default() };
        match &self.family {
            FamilyParameters::Maze(of) => settings.denoiser = of.settings()?,
            FamilyParameters::Policy(of) => settings.rollout = of.settings(),
        }
        Ok(LoadRequest { model: crate::files::find(&model).unwrap_or(model), engine, settings })
    }
}

impl ParameterSet for NodeParameters {
    fn descriptors(&self) -> Vec<Descriptor> {
        let mut all = self.planner.descriptors();
        all.extend(match &self.family {
            FamilyParameters::Maze(of) => of.descriptors(),
            FamilyParameters::Policy(of) => of.descriptors(),
        });
        all
    }

    fn read(&self, values: &Values) -> Result<Self, ReadError> {
        let family = match &self.family {
            FamilyParameters::Maze(of) => FamilyParameters::Maze(of.read(values)?),
            FamilyParameters::Policy(of) => FamilyParameters::Policy(of.read(values)?),
        };
        Ok(Self { planner: self.planner.read(values)?, family })
    }
}

impl DenoiserParameters {
    fn settings(&self) -> Result<DenoiserSettings, String> {
        let solver = match self.solver.as_str() {
            "model" => None,
            name => Some(name.parse().map_err(|error| format!("solver: {error}"))?),
        };
        let count = |count: usize| (count > 0).then_some(count);
        Ok(DenoiserSettings {
            solver,
            denoising_steps: count(self.denoising_steps),
            candidates: count(self.candidates),
            warm_start: Some(self.warm_start).filter(|share| *share > 0.0),
        })
    }
}

impl RolloutParameters {
    fn settings(&self) -> RolloutSettings {
        RolloutSettings {
            rollouts: Some(self.rollouts),
            temperature: Some(self.temperature),
            target_return: Some(self.target_return).filter(|target| *target > 0.0),
        }
    }
}

impl PlannerParameters {
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
    fn every_solver_can_be_set() {
        for solver in crate::diffusion::Solver::ALL {
            let denoiser = DenoiserParameters { solver: solver.name().to_owned(), ..DenoiserParameters::default() };
            assert_eq!(denoiser.settings().map(|settings| settings.solver), Ok(Some(solver)));
            ParameterStore::declare(denoiser.descriptors()).expect("one of the solvers");
        }
    }

    #[test]
    fn a_policys_own_values_reach_its_settings() {
        let mut parameters = NodeParameters::policy();
        assert!(ParameterStore::declare(parameters.descriptors()).is_ok());
        assert_eq!(parameters.load_request().map(|request| request.settings.rollout.target_return), Ok(None));
        parameters.planner.seed = 7;
        parameters.family = FamilyParameters::Policy(RolloutParameters { target_return: 3.0, ..Default::default() });
        let settings = parameters.load_request().expect("loadable").settings;
        assert_eq!((settings.seed, settings.rollout.target_return), (7, Some(3.0)));
    }
}
