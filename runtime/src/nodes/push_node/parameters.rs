//! Parameters of the goal-force node: its own, then those of the engine.

use crate::correction::PushLimits;
use crate::gate::PushGateLimits;
use crate::model::{EngineChoice, EngineSettings};
use crate::nodes::settings_parameters;
use crate::planner::goal_force::GoalForceSettings;
use crate::world::scene::Surface;
use planwright_ros2::parameter::{Descriptor, ParameterSet, ReadError, Values};
use planwright_ros2::tf::TransformSettings;
use std::path::PathBuf;
use std::time::Duration;

planwright_ros2::parameters! {
    /// Parameters of the goal-force node. Those of model and engine can be changed until it is configured.
    pub struct PushParameters {
        /// Take the time from /clock instead of the system.
        use_sim_time: bool = false,
        /// The planner's .onnx file, here or beside the command.
        model: String = "models/goal-force.onnx".to_owned(),
        /// Network calls per motion; 0 takes the model's own.
        denoising_steps: usize = 0 => range(0, 1000),
        /// Motions that are drawn at once, of which the first that passes the gate is published; 0 takes the model's own.
        candidates: usize = 4 => range(0, 64),
        /// Seed of all randomness. The same picture and goal have the same answer.
        seed: u64 = 0 => range(0, i64::MAX),
        /// Configure and activate without being asked, where no lifecycle manager is at work.
        autostart: bool = false => read_only(),
        /// With autostart: a model that cannot be loaded is tried again for this long, then the process ends with 1, s.
        autostart_timeout_secs: f64 = 10.0 => range(0.0, 86400.0),
        /// Pictures: 'raw' on the topic image, or 'compressed' (PNG or JPEG) on image/compressed.
        image_transport: String = "raw".to_owned() => one_of(&["raw", "compressed"]).read_only(),
        /// The pictures are free of distortion already (a topic like image_rect): P of camera_info holds, not K and D.
        rectified: bool = false,
        /// Frame of the table: z = 0 is its surface, z points away from it.
        table_frame: String = "table".to_owned() => read_only(),
        /// Frame of the robot, in which pushes are published.
        robot_frame: String = "base_link".to_owned() => read_only(),
        /// Time from goal to answer, s. A later push is not published.
        deadline_secs: f64 = 1.0 => range(0.01, 60.0),
        /// Largest age of the picture when the push is published, s.
        max_picture_age_secs: f64 = 1.0 => range(0.01, 60.0),
        /// Largest move of an object between the picture that was planned on and the newest one, as a share of the picture's
        /// width: beyond it the push is rejected.
        max_scene_change: f64 = 0.03 => range(0.001, 1.0),
        /// Time for which the push's force is applied, s: force times this is the impulse. It is simulated as an instant: the
        /// object moves by half of the speed times this meanwhile.
        push_secs: f64 = 0.05 => range(0.001, 0.05),
        /// Largest speed of the pushed object right after the push, m/s.
        max_push_mps: f64 = PushGateLimits::default().max_speed_mps => range(0.01, 20.0),
        /// Largest impulse, kg m/s.
        max_impulse_ns: f64 = PushGateLimits::default().max_impulse_ns => range(0.001, 1000.0),
        /// Largest difference of the target's direction from the goal's in the gate's simulation, rad.
        goal_tolerance_rad: f64 = PushGateLimits::default().direction_rad => range(0.01, 1.0),
        /// Largest difference of the target's speed from the goal's in the gate's simulation, as a share of the goal's.
        goal_tolerance_share: f64 = PushGateLimits::default().speed_share => range(0.01, 1.0),
        /// Coulomb friction of the objects on the table: no picture shows it. Measured, it makes more pushes meet their goal.
        table_friction: f64 = Surface::default().friction => range(Surface::FRICTION[0], Surface::FRICTION[1]),
        /// Deceleration of a ball that rolls on the table, m/s^2.
        table_rolling_mps2: f64 = Surface::default().rolling_mps2 => range(Surface::ROLLING_MPS2[0], Surface::ROLLING_MPS2[1]),
        /// Restitution of contacts between the objects.
        object_restitution: f64 = Surface::default().restitution => range(Surface::RESTITUTION[0], Surface::RESTITUTION[1]),
        /// Publish the predicted motion as pictures on ~/predicted/compressed.
        publish_predicted: bool = true,
        /// Frames that are kept, of /tf and /tf_static together. Those between table, camera and robot always are.
        max_frames: usize = TransformSettings::default().max_frames => range(50, 1_000_000).read_only(),
        /// Time between heartbeats to Nav2's lifecycle manager, s; 0 means no bond.
        bond_heartbeat_period: f64 = 0.1 => range(0.0, 10.0).read_only(),
        /// The lifecycle manager counts as gone after this time, s.
        bond_timeout: f64 = 4.0 => range(0.1, 60.0).read_only(),
    }
}

/// All parameters of the goal-force node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PushNodeParameters {
    /// Its own.
    pub push: PushParameters,
    /// What computes.
    pub engine: EngineSettings,
}

/// Model, engine and settings of a goal-force planner.
#[derive(Clone, Debug, PartialEq)]
pub struct PushLoad {
    /// The model's file.
    pub model: PathBuf,
    /// The engine.
    pub engine: EngineChoice,
    /// How motions are drawn.
    pub settings: GoalForceSettings,
}

impl PushNodeParameters {
    /// What is loaded.
    ///
    /// # Errors
    /// What is wrong with a value, in a line.
    pub fn load(&self) -> Result<PushLoad, String> {
        let engine = self.engine.choice().map_err(|error| format!("engine: {error}"))?;
        let model = PathBuf::from(&self.push.model);
        let own = |value: usize| (value > 0).then_some(value);
        let settings =
            GoalForceSettings { steps: own(self.push.denoising_steps), candidates: own(self.push.candidates) };
        Ok(PushLoad { model: crate::files::find(&model).unwrap_or(model), engine, settings })
    }

    /// The surface that pushes are simulated on.
    pub fn surface(&self) -> Surface {
        Surface {
            friction: self.push.table_friction,
            rolling_mps2: self.push.table_rolling_mps2,
            restitution: self.push.object_restitution,
        }
    }

    /// Limits of correction and gate.
    pub fn limits(&self) -> (PushLimits, PushGateLimits) {
        let gate = PushGateLimits {
            max_speed_mps: self.push.max_push_mps,
            max_impulse_ns: self.push.max_impulse_ns,
            direction_rad: self.push.goal_tolerance_rad,
            speed_share: self.push.goal_tolerance_share,
            max_age_secs: self.push.max_picture_age_secs,
        };
        let own = PushLimits::default();
        // The correction leaves the gate room: both simulate, the gate on its own.
        let correction = PushLimits {
            max_speed_mps: gate.max_speed_mps,
            direction_rad: own.direction_rad.min(0.5 * gate.direction_rad),
            speed_share: own.speed_share.min(0.5 * gate.speed_share),
        };
        (correction, gate)
    }
}

impl PushParameters {
    /// Time from goal to answer, unless the goal has its own.
    pub fn deadline(&self) -> Duration {
        Duration::try_from_secs_f64(self.deadline_secs).unwrap_or(Duration::from_secs(1))
    }
}

impl ParameterSet for PushNodeParameters {
    fn descriptors(&self) -> Vec<Descriptor> {
        let mut all = self.push.descriptors();
        all.extend(settings_parameters::descriptors::<EngineSettings>());
        all
    }

    fn read(&self, values: &Values) -> Result<Self, ReadError> {
        Ok(Self { push: self.push.read(values)?, engine: settings_parameters::read(values)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright_ros2::parameter::ParameterStore;

    #[test]
    fn the_table_holds_together_and_its_defaults_are_those_of_the_gate() {
        let defaults = PushNodeParameters::default();
        let store = ParameterStore::declare(defaults.descriptors()).expect("consistent");
        assert_eq!(defaults.read(store.values()), Ok(defaults.clone()));
        assert_eq!(defaults.limits(), (PushLimits::default(), PushGateLimits::default()));
        assert_eq!(defaults.surface(), Surface::default());
        let load = defaults.load().expect("loadable");
        assert!(load.model.ends_with("models/goal-force.onnx"), "{load:?}");
        assert_eq!(load.settings, GoalForceSettings { steps: None, candidates: Some(4) });
    }
}
