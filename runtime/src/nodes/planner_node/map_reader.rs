//! Occupancy grids read as maps on a thread of its own: the distance field of a large map takes longer than the node's
//! loop may wait.

use super::input_fault::InputFault;
use crate::nodes::grid::{GridReading, map_of, rectangle_of};
use crate::world::map::grid::MAX_SIDE_CELLS;
use crate::world::{GridMap, Robot, World};
use planwright_ros2::messages::map_msgs::OccupancyGridUpdate;
use planwright_ros2::messages::nav_msgs::OccupancyGrid;
use planwright_ros2::time::RosTime;
use std::mem::take;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Updates that may wait for a map to be read, and cells of all of them: those of one map.
const MAX_UPDATES: usize = 256;
const MAX_UPDATE_CELLS: usize = MAX_SIDE_CELLS * MAX_SIDE_CELLS;

/// When and how a message came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Received {
    /// Counts messages.
    pub number: u64,
    /// ROS time of its arrival.
    pub time: RosTime,
    /// Its publisher keeps none for late joiners.
    pub is_volatile: bool,
}

/// A map that has been read.
#[derive(Debug)]
pub struct ReadMap {
    /// The newest message that it holds.
    pub received: Received,
    /// The robot on it: the same world as before for the same map.
    pub world: Result<Arc<World>, InputFault>,
}

/// A grid with the yaw of its origin.
type Grid = (Arc<OccupancyGrid>, f64, Received);

/// What waits to be read: the newest grid, and the updates after it.
#[derive(Default)]
struct Waiting {
    grid: Option<Grid>,
    updates: Vec<(OccupancyGridUpdate, Received)>,
    /// The map that was read is no longer what updates are for.
    forgotten: bool,
    ended: bool,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut Waiting)) {
        change(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
    }

    /// Waits for work; `None` at the end.
    fn next(&self) -> Option<Waiting> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = |waiting: &mut Waiting| {
            waiting.grid.is_none() && waiting.updates.is_empty() && !waiting.forgotten && !waiting.ended
        };
        let mut waiting = self.changed.wait_while(waiting, idle).unwrap_or_else(PoisonError::into_inner);
        (!waiting.ended).then(|| take(&mut *waiting))
    }
}

/// The node's handle of the thread `maps`. Of several grids that wait the newest is read.
pub struct MapReader {
    shared: Arc<Shared>,
}

impl MapReader {
    /// Starts the thread, for a robot whose plans keep `clearance_m`; `report` is called there.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn start(
        robot: Arc<dyn Robot>,
        reading: GridReading,
        clearance_m: f64,
        report: impl Fn(ReadMap) + Send + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let work = Arc::clone(&shared);
        std::thread::Builder::new().name("maps".to_owned()).spawn(move || {
            let mut reading = Reading { robot, reading, clearance_m, held: None };
            while let Some(Waiting { grid, updates, forgotten, .. }) = work.next() {
                if forgotten {
                    reading.held = None;
                }
                if let Some((message, yaw_rad, received)) = grid {
                    report(ReadMap { received, world: reading.read(message, yaw_rad) });
                }
                if let Some((_, received)) = updates.last()
                    && let Some(world) = reading.update(&updates).transpose()
                {
                    report(ReadMap { received: *received, world });
                }
            }
        })?;
        Ok(Self { shared })
    }

    /// Reads a grid that has been checked, its origin turned by `yaw_rad`. Updates that wait were for the one before.
    pub fn read(&self, message: Arc<OccupancyGrid>, yaw_rad: f64, received: Received) {
        self.shared.change(|waiting| {
            waiting.updates.clear();
            waiting.grid = Some((message, yaw_rad, received));
        });
    }

    /// A map or an update was refused: until a whole map comes, updates change nothing.
    pub fn forget(&self) {
        self.shared.change(|waiting| {
            waiting.grid = None;
            waiting.updates.clear();
            waiting.forgotten = true;
        });
    }

    /// Changes a part of the map.
    ///
    /// # Errors
    /// If too many changes wait.
    pub fn update(&self, update: OccupancyGridUpdate, received: Received) -> Result<(), InputFault> {
        let mut fits = true;
        self.shared.change(|waiting| {
            let cells: usize = waiting.updates.iter().map(|(update, _)| update.data.len()).sum();
            fits = waiting.updates.len() < MAX_UPDATES && cells + update.data.len() <= MAX_UPDATE_CELLS;
            if fits {
                waiting.updates.push((update, received));
            }
        });
        if fits { Ok(()) } else { Err(InputFault::Updates(MAX_UPDATES, MAX_UPDATE_CELLS)) }
    }
}

impl Drop for MapReader {
    /// The thread ends after the map that it reads.
    fn drop(&mut self) {
        self.shared.change(|waiting| waiting.ended = true);
    }
}

/// A grid and what was read of it.
struct Held {
    message: Arc<OccupancyGrid>,
    yaw_rad: f64,
    world: Arc<World>,
}

impl Held {
    /// Whether an update changes nothing; false for one that does not lie in the grid.
    fn shows(&self, update: &OccupancyGridUpdate, map: &GridMap) -> bool {
        let (Ok(([column, row], [columns, rows])), width) = (rectangle_of(update, map), map.geometry().width) else {
            return false;
        };
        let fits = column.checked_add(columns).is_some_and(|end| end <= width) && update.data.len() == columns * rows;
        fits && update.data.chunks(columns.max(1)).enumerate().all(|(index, values)| {
            let first = (row + index).saturating_mul(width) + column;
            self.message.data.get(first..first + values.len()) == Some(values)
        })
    }
}

struct Reading {
    robot: Arc<dyn Robot>,
    reading: GridReading,
    clearance_m: f64,
    held: Option<Held>,
}

impl Reading {
    fn world_of(&self, mut map: GridMap) -> Arc<World> {
        map.compute_ways(self.robot.footprint().inscribed_radius_m() + self.clearance_m);
        Arc::new(World::new(Arc::clone(&self.robot), Arc::new(map)))
    }

    fn read(&mut self, message: Arc<OccupancyGrid>, yaw_rad: f64) -> Result<Arc<World>, InputFault> {
        // SLAM publishes the same map again and again.
        let (before, info) = (self.held.as_ref(), &message.info);
        let is_same = |held: &&Held| {
            let old = &held.message.info;
            let same_place = old.origin.position == info.origin.position && held.yaw_rad == yaw_rad;
            let same_size = (old.width, old.height, old.resolution) == (info.width, info.height, info.resolution);
            same_place && same_size && held.message.data == message.data
        };
        if let Some(held) = before.filter(is_same) {
            return Ok(Arc::clone(&held.world));
        }
        self.held = None;
        let world = self.world_of(map_of(&message, yaw_rad, self.reading)?);
        self.held = Some(Held { message, yaw_rad, world: Arc::clone(&world) });
        Ok(world)
    }

    /// Applies the updates. `None` where there is no map to change: a whole one will come.
    fn update(&mut self, updates: &[(OccupancyGridUpdate, Received)]) -> Result<Option<Arc<World>>, InputFault> {
        let Some(mut held) = self.held.take() else { return Ok(None) };
        // Costmaps repeat what has not changed.
        if held.world.map().as_grid().is_some_and(|map| updates.iter().all(|(update, _)| held.shows(update, map))) {
            return Ok(Some(Arc::clone(&self.held.insert(held).world)));
        }
        let Some(mut map) = held.world.map().as_grid().cloned() else { return Ok(None) };
        let width = map.geometry().width;
        for (update, _) in updates {
            let ([column, row], [columns, rows]) = rectangle_of(update, &map)?;
            map.update([column, row], [columns, rows], &update.data)?;
            let cells = &mut Arc::make_mut(&mut held.message).data;
            for (index, values) in update.data.chunks(columns.max(1)).enumerate() {
                let first = (row + index) * width + column;
                if let Some(cells) = cells.get_mut(first..first + values.len()) {
                    cells.copy_from_slice(values);
                }
            }
        }
        held.world = self.world_of(map);
        Ok(Some(Arc::clone(&self.held.insert(held).world)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::grid::grid_of;
    use crate::world::Differential;
    use crate::world::map::grid::{GridGeometry, Thresholds, UnknownSpace};
    use std::sync::mpsc::channel;
    use std::time::Duration;

    fn grid() -> OccupancyGrid {
        let geometry = GridGeometry { origin: [-1.0, 2.0], yaw_rad: 0.5, resolution_m: 0.1, width: 60, height: 40 };
        let map = GridMap::new("map", geometry, vec![false; 2400]).expect("a map");
        grid_of(&map, "map", RosTime::ZERO)
    }

    fn received(number: u64) -> Received {
        Received { number, time: RosTime::ZERO, is_volatile: false }
    }

    fn wall() -> OccupancyGridUpdate {
        OccupancyGridUpdate { x: 30, y: 0, width: 1, height: 40, data: vec![100; 40], ..Default::default() }
    }

    #[test]
    fn the_same_map_stays_the_same_world_and_an_update_is_what_a_whole_map_would_be() {
        let (sender, receiver) = channel();
        let reading = GridReading { thresholds: Thresholds::default(), unknown_space: UnknownSpace::Occupied };
        let report = move |read: ReadMap| _ = sender.send(read);
        let reader = MapReader::start(Arc::new(Differential::default()), reading, 0.005, report).expect("a thread");
        let next = || receiver.recv_timeout(Duration::from_secs(20)).expect("a map");
        reader.update(wall(), received(1)).expect("room");
        reader.read(Arc::new(grid()), 0.5, received(2));
        let first = next();
        assert_eq!(first.received.number, 2, "an update without a map changes nothing");
        let first = first.world.expect("a map");
        reader.read(Arc::new(grid()), 0.5, received(3));
        assert!(Arc::ptr_eq(&first, &next().world.expect("a map")));
        let grid_of = |world: &World| world.map().as_grid().cloned().expect("a grid");
        let ends = [grid_of(&first).centre_of((10, 20)), grid_of(&first).centre_of((50, 20))];
        assert!(first.map().may_connect(0.3, ends[0], ends[1]));
        reader.update(wall(), received(4)).expect("room");
        let walled = next();
        assert_eq!(walled.received.number, 4);
        let walled = walled.world.expect("a map");
        assert!(!walled.map().may_connect(0.3, ends[0], ends[1]));
        let mut whole = grid();
        (0..40).for_each(|row| whole.data[row * 60 + 30] = 100);
        reader.read(Arc::new(whole.clone()), 0.5, received(5));
        assert!(Arc::ptr_eq(&walled, &next().world.expect("a map")), "its cells are those of the updates");
        reader.read(Arc::new(whole), 0.25, received(6));
        assert!(!Arc::ptr_eq(&walled, &next().world.expect("a map")), "turned otherwise");
        reader.update(wall(), received(7)).expect("room");
        let same = next();
        let repeated = same.world.expect("a map");
        reader.update(wall(), received(8)).expect("room");
        assert!(Arc::ptr_eq(&repeated, &next().world.expect("a map")), "an update that repeats changes nothing");
        let large = OccupancyGridUpdate { data: vec![0; MAX_UPDATE_CELLS + 1], ..wall() };
        assert_eq!(reader.update(large, received(9)).expect_err("too large").name(), "map_update");
        reader.forget();
        reader.update(wall(), received(10)).expect("room");
        reader.read(Arc::new(grid()), 0.5, received(11));
        assert_eq!(next().received.number, 11, "after a refusal updates wait for a whole map");
        reader.update(OccupancyGridUpdate { x: 60, ..wall() }, received(12)).expect("room");
        assert_eq!(next().world.expect_err("outside").name(), "map_update");
    }
}
