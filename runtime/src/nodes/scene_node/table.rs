//! The simulated table: a scene, its camera and light, and the motion after a push.

use super::playback::{MOTION_SECS, place_at};
use super::push_fault::PushFault;
use super::push_request::Impulse;
use crate::world::scene::{
    Camera, CameraError, Generated, Kind, Light, Picture, Placement, Renderer, Simulation, Tracks, generate,
};
use std::time::Instant;

/// A table with bodies at rest, or in the motion that one push set off.
#[derive(Debug)]
pub struct SimulatedTable {
    made: Generated,
    camera: Camera,
    light: Light,
    simulation: Simulation,
    motion: Option<Motion>,
}

#[derive(Debug)]
struct Motion {
    tracks: Tracks,
    began: Instant,
}

impl SimulatedTable {
    /// The scene, camera and light of a seed, as `planwright world scene` has them.
    ///
    /// # Errors
    /// If the tilt or the size are none: see [`Generated::view`].
    pub fn new(kind: Kind, seed: u64, held_out: bool, max_tilt_deg: f64, size_px: usize) -> Result<Self, CameraError> {
        let made = generate(kind, seed, held_out);
        let (camera, light) = made.view(max_tilt_deg, size_px)?;
        Ok(Self { made, camera, light, simulation: Simulation::new(), motion: None })
    }

    /// The scene at rest, with its goal.
    pub fn made(&self) -> &Generated {
        &self.made
    }

    /// Its camera.
    pub fn camera(&self) -> &Camera {
        &self.camera
    }

    /// Applies an impulse at `now`. Returns the index of the pushed body and the whole motion; from now on the table moves.
    ///
    /// # Errors
    /// If the table was pushed before, or the impulse pushes no body: see [`Impulse::push`].
    pub fn push(&mut self, impulse: &Impulse, now: Instant) -> Result<(usize, &Tracks), PushFault> {
        if self.motion.is_some() {
            return Err(PushFault::Pushed);
        }
        let push = impulse.push(&self.made.scene)?;
        let tracks = self.simulation.run(&self.made.scene, &push);
        Ok((push.body, &self.motion.insert(Motion { tracks, began: now }).tracks))
    }

    /// Seconds of the motion that have passed at `now`: 0 at rest, at most [`MOTION_SECS`].
    pub fn moved_secs(&self, now: Instant) -> f64 {
        let passed = |motion: &Motion| now.saturating_duration_since(motion.began).as_secs_f64().min(MOTION_SECS);
        self.motion.as_ref().map_or(0.0, passed)
    }

    /// Where it is in its life, for diagnostics.
    pub fn phase(&self, now: Instant) -> &'static str {
        match self.motion {
            None => "at rest",
            Some(_) if self.moved_secs(now) < MOTION_SECS => "moving",
            Some(_) => "pushed",
        }
    }

    /// Fills `picture` with the table `secs` after the push, or at rest. `placements` is a buffer.
    pub fn render(&self, secs: f64, renderer: &mut Renderer, placements: &mut Vec<Placement>, picture: &mut Picture) {
        match &self.motion {
            None => renderer.render(&self.made.scene, &self.camera, &self.light, picture),
            Some(motion) => {
                place_at(&motion.tracks, secs, placements);
                renderer.render_placed(&self.made.scene, placements, &self.camera, &self.light, picture);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// A table whose push reaches its target, and the impulse of that push.
    fn table_with_goal() -> (SimulatedTable, Impulse) {
        let tables = (0..).map(|seed| SimulatedTable::new(Kind::Balls, seed, false, 60.0, 32).expect("a table"));
        let table = tables.into_iter().find(|table| table.made().goal.is_some()).expect("one with a goal");
        let (push, scene) = (table.made().push, &table.made().scene);
        let (body, (sin, cos)) = (scene.bodies[push.body], push.direction_rad.sin_cos());
        let radius_m = body.shape.outer_radius_m();
        let [x, y] = body.position_m;
        let impulse = Impulse {
            contact_m: [x - radius_m * cos, y - radius_m * sin, radius_m],
            direction: [cos, sin],
            impulse_ns: body.mass_kg * push.speed_mps,
        };
        (table, impulse)
    }

    #[test]
    fn the_scenes_own_push_gives_the_target_the_velocity_of_the_goal() {
        let (mut table, impulse) = table_with_goal();
        let goal = table.made().goal.expect("a goal");
        let expected = table.made().push.body;
        let (pushed, tracks) = table.push(&impulse, Instant::now()).expect("pushed");
        let [x, y] = tracks.struck_mps[goal.body].expect("struck");
        assert_eq!(pushed, expected);
        // The impulse over the mass is the speed but for the last digit.
        assert!((x.hypot(y) - goal.speed_mps).abs() < 1e-2, "{x} {y} {goal:?}");
        assert!((y.atan2(x) - goal.direction_rad).sin().abs() < 1e-2, "{x} {y} {goal:?}");
    }

    #[test]
    fn a_table_moves_once_until_the_next_scene() {
        let (mut table, impulse) = table_with_goal();
        let began = Instant::now();
        let (mut renderer, mut placements) = (Renderer::new(false), Vec::new());
        let (mut rest, mut first, mut last) = (Picture::default(), Picture::default(), Picture::default());
        table.render(0.0, &mut renderer, &mut placements, &mut rest);
        assert_eq!((table.moved_secs(began), table.phase(began)), (0.0, "at rest"));
        table.push(&impulse, began).expect("pushed");
        assert_eq!(table.push(&impulse, began).err(), Some(PushFault::Pushed));
        let halfway = began + Duration::from_secs(2);
        assert_eq!((table.moved_secs(halfway), table.phase(halfway)), (2.0, "moving"));
        let later = began + Duration::from_secs(60);
        assert_eq!((table.moved_secs(later), table.phase(later)), (MOTION_SECS, "pushed"));
        assert_eq!(table.push(&impulse, later).err(), Some(PushFault::Pushed));
        table.render(0.0, &mut renderer, &mut placements, &mut first);
        let differing = rest.ids.iter().zip(&first.ids).filter(|(a, b)| a != b).count();
        assert!(differing <= 4, "{differing} px differ though nothing has moved");
        table.render(MOTION_SECS, &mut renderer, &mut placements, &mut last);
        let differing = rest.ids.iter().zip(&last.ids).filter(|(a, b)| a != b).count();
        assert!(differing > 4, "{differing} px differ after the motion");
    }

    #[test]
    fn a_push_that_is_refused_leaves_the_table_at_rest() {
        let (mut table, impulse) = table_with_goal();
        let off = Impulse { contact_m: [9.0, 9.0, 0.0], direction: [-1.0, 0.0], ..impulse };
        assert_eq!(table.push(&off, Instant::now()).map_err(|fault| fault.name()).err(), Some("push_far_contact"));
        assert!(table.push(&impulse, Instant::now()).is_ok());
    }
}
