//! The map: received, read elsewhere, or the model's own; and plans held against it.

use super::Inputs;
use crate::nodes::map::{MappedWorld, layout_of, same_walls};
use crate::nodes::planner_node::input_fault::InputFault;
use crate::nodes::planner_node::map_reader::{ReadMap, Received};
use crate::nodes::planner_node::parameters::PlannerParameters;
use crate::world::World;
use planwright_ros2::messages::map_msgs::OccupancyGridUpdate;
use planwright_ros2::messages::nav_msgs::OccupancyGrid;
use planwright_ros2::time::RosTime;
use planwright_ros2::validate::{Oddity, check_map, without_slash};
use std::sync::Arc;

impl Inputs {
    /// The map that the model was trained for; `None` for a planner of any map.
    pub fn set_trained(&mut self, trained: Option<MappedWorld>) {
        // The same maze stays the same world: plans under way are not made for another.
        let layout = trained.as_ref().and_then(MappedWorld::layout);
        if self.trained.as_ref().and_then(MappedWorld::layout) != layout {
            self.trained = trained;
        }
        self.compare();
    }

    fn compare(&mut self) {
        let trained = self.trained.as_ref().and_then(MappedWorld::layout);
        let received = self.map.as_ref().and_then(|(map, _)| map.layout());
        self.map_differs = received.zip(trained).is_some_and(|(received, trained)| !same_walls(received, trained));
    }

    /// Whether maps of any kind are taken, which are read by a [`MapReader`](super::map_reader::MapReader).
    pub fn takes_any_map(&self) -> bool {
        self.takes_any_map
    }

    /// Takes maps of any kind, or mazes alone. A change clears the map: true then.
    pub fn take_any_map(&mut self, any: bool) -> bool {
        let changes = self.takes_any_map != any;
        if changes {
            (self.takes_any_map, self.map) = (any, None);
            self.compare();
        }
        changes
    }

    /// Whether the map is another than the model was trained for.
    pub fn map_differs(&self) -> bool {
        self.map_differs
    }

    /// Takes a map; `is_volatile`: its publisher keeps none for late joiners.
    ///
    /// # Errors
    /// If it is broken, in another frame, or no maze. Then no map is usable until one is taken.
    pub fn take_map(&mut self, map: &OccupancyGrid, now: RosTime, is_volatile: bool) -> Result<(), InputFault> {
        match self.read_map(map, now) {
            Ok(()) => {
                self.map_refusals.accept();
                (self.map_is_volatile, self.map_mismatch) = (is_volatile, None);
                Ok(())
            }
            Err(fault) => {
                self.refuse_map(&fault);
                Err(fault)
            }
        }
    }

    /// Checks a map of any kind before it is read elsewhere. Gives the yaw of its origin.
    ///
    /// # Errors
    /// If it is broken or in another frame. Then no map is usable until one is taken.
    pub fn check_grid(
        &mut self,
        map: &OccupancyGrid,
        now: RosTime,
        is_volatile: bool,
    ) -> Result<(f64, Received), InputFault> {
        self.maps_received += 1;
        let received = Received { number: self.maps_received, time: now, is_volatile };
        let checked = check_map(map, &mut self.odd_map).map_err(InputFault::from);
        let checked = checked.and_then(|(frame, yaw_rad)| {
            self.check_map_frame(frame)?;
            Ok((yaw_rad, received))
        });
        checked.inspect_err(|fault| _ = self.refuse_map(fault))
    }

    /// The same for a change of a part of the map.
    ///
    /// # Errors
    /// If it is in another frame.
    pub fn check_update(&mut self, update: &OccupancyGridUpdate, now: RosTime) -> Result<Received, InputFault> {
        self.maps_received += 1;
        let received = Received { number: self.maps_received, time: now, is_volatile: self.map_is_volatile };
        let checked = self.check_map_frame(without_slash(&update.header.frame_id)).map(|()| received);
        checked.inspect_err(|fault| _ = self.refuse_map(fault))
    }

    fn check_map_frame(&self, frame: &str) -> Result<(), InputFault> {
        if frame == self.map_frame {
            return Ok(());
        }
        Err(InputFault::MapFrame { expected: self.map_frame.clone(), got: frame.to_owned() })
    }

    /// Takes a map that was read elsewhere, unless one that came later has been refused. Gives the world if it is a new
    /// one.
    ///
    /// # Errors
    /// Why it was refused. Then no map is usable until one is taken.
    pub fn take_read(&mut self, read: ReadMap) -> Result<Option<Arc<World>>, InputFault> {
        let ReadMap { received, world } = read;
        if !self.takes_any_map || received.number <= self.map_refused {
            return Ok(None);
        }
        let world = world.inspect_err(|fault| _ = self.refuse_map(fault))?;
        self.map_refusals.accept();
        (self.map_is_volatile, self.map_mismatch) = (received.is_volatile, None);
        match &mut self.map {
            Some((map, since)) if Arc::ptr_eq(map.world(), &world) => {
                *since = received.time;
                Ok(None)
            }
            map => {
                *map = Some((MappedWorld::on_grid(Arc::clone(&world)), received.time));
                Ok(Some(world))
            }
        }
    }

    /// A map was refused. True if the one before was usable.
    pub fn refuse_map(&mut self, fault: &InputFault) -> bool {
        self.map_refused = self.maps_received;
        self.map_refusals.refuse(fault.reason(None))
    }

    /// A publisher of a map cannot be heard, for this reason.
    pub fn note_map_mismatch(&mut self, reason: &str) {
        self.map_mismatch = Some(reason.to_owned());
    }

    /// Whether the publisher of the map keeps none for late joiners.
    pub fn map_is_volatile(&self) -> bool {
        self.map_is_volatile
    }

    fn read_map(&mut self, map: &OccupancyGrid, now: RosTime) -> Result<(), InputFault> {
        let mut odd = self.odd_map;
        let (frame, yaw_rad) = check_map(map, &mut odd)?;
        self.check_map_frame(frame)?;
        let layout = layout_of(map)?;
        if yaw_rad != 0.0 {
            odd.note(Oddity::TurnedByRounding);
        }
        self.odd_map = odd;
        let same = self.map.as_ref().is_some_and(|(map, _)| map.layout() == Some(&layout));
        match &mut self.map {
            Some((_, since)) if same => *since = now,
            map => *map = Some((MappedWorld::new(Arc::clone(&self.robot), layout), now)),
        }
        self.compare();
        Ok(())
    }

    /// The map, and when it came.
    pub fn map(&self) -> Option<(&MappedWorld, RosTime)> {
        self.map.as_ref().map(|(map, since)| (map, *since))
    }

    /// The map to plan in, and when it was last known to hold, seconds of ROS time: the map received, else, if none is
    /// required, the one that the model was trained for.
    ///
    /// # Errors
    /// If there is none, or the newest was refused.
    pub fn world(&self, parameters: &PlannerParameters, now: RosTime) -> Result<(Arc<World>, f64), InputFault> {
        if let Some(refused) = self.map_refusals.refused() {
            return Err(refused.into());
        }
        let (map, since) = match (&self.map, &self.trained) {
            (Some((map, since)), _) => (map, *since),
            (None, Some(trained)) if !parameters.map_required => (trained, now),
            _ => return Err(self.map_mismatch.clone().map_or(InputFault::NoMap, InputFault::MapUnheard)),
        };
        let limit_secs = parameters.max_map_age_secs;
        if limit_secs > 0.0 {
            self.check_clock()?;
        }
        let is_stale = limit_secs > 0.0 && !(now.since(since) <= limit_secs);
        Ok((Arc::clone(map.world()), if is_stale { f64::NEG_INFINITY } else { now.as_secs_f64() }))
    }

    /// Checks that a plan for this world can be published: that no map was refused since it was begun, and that what is
    /// published or driven is clear on the newest.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check_plan(
        &self,
        parameters: &PlannerParameters,
        now: RosTime,
        world: &Arc<World>,
        is_clear: impl FnOnce(&World) -> bool,
    ) -> Result<(), InputFault> {
        let (current, _) = self.world(parameters, now)?;
        let is_clear = Arc::ptr_eq(&current, world) || is_clear(&current);
        if is_clear { Ok(()) } else { Err(InputFault::MapChanged) }
    }
}
