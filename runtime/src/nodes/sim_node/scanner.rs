//! Scans of a lidar at the robot's centre, as sensor_msgs/LaserScan.

use super::{SimError, SimParameters};
use crate::world::sensing::Lidar;
use crate::world::{GridMap, State, World};
use planwright_ros2::messages::sensor_msgs::LaserScan;
use planwright_ros2::messages::std_msgs::Header;
use planwright_ros2::node::{Node, Publisher};
use planwright_ros2::qos::Qos;
use planwright_ros2::time::RosTime;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// Side of the cells as which a maze is drawn for scans, metres.
const RASTER_M: f64 = 0.05;

/// The lidar and its topic.
pub(super) struct Scanner {
    lidar: Lidar,
    map: Arc<GridMap>,
    topic: Publisher<LaserScan>,
    frame: String,
    period_secs: f64,
    /// Simulated time of the next scan, seconds.
    next_secs: f64,
    rng: ChaCha8Rng,
    ranges: Vec<f64>,
}

impl Scanner {
    /// As the parameters have it; `None` without scans.
    ///
    /// # Errors
    /// If the map cannot be drawn, or the middleware refuses.
    pub(super) fn open(node: &mut Node, parameters: &SimParameters, world: &World) -> Result<Option<Self>, SimError> {
        if !(parameters.scan_rate_hz > 0.0) {
            return Ok(None);
        }
        let map = match world.map().as_grid() {
            Some(map) => map.clone(),
            None => GridMap::from_boxes(
                world.map().name(),
                world.map().bounds(),
                RASTER_M,
                world.map().obstacles().into_iter(),
            )?,
        };
        let lidar = Lidar {
            field_of_view_rad: parameters.scan_angle_rad,
            beams: parameters.scan_beams,
            range_m: parameters.scan_range_m,
            noise_m: parameters.scan_noise_m,
        };
        Ok(Some(Self {
            lidar,
            map: Arc::new(map),
            topic: node.publisher("scan", Qos::Sensor)?,
            frame: parameters.base_frame.clone(),
            period_secs: 1.0 / parameters.scan_rate_hz,
            next_secs: 0.0,
            rng: ChaCha8Rng::seed_from_u64(0),
            ranges: Vec::new(),
        }))
    }

    /// Publishes a scan if one is due at this simulated time.
    pub(super) fn scan(&mut self, state: &State, secs: f64, stamp: RosTime) {
        if secs < self.next_secs {
            return;
        }
        self.next_secs = (self.next_secs + self.period_secs).max(secs);
        self.lidar.scan(&self.map, state.position, state.heading_rad, &mut self.rng, &mut self.ranges);
        let (first, last) = (self.lidar.angle(0), self.lidar.angle(self.lidar.beams - 1));
        self.topic.publish(LaserScan {
            header: Header { stamp: stamp.into(), frame_id: self.frame.clone() },
            angle_min: first as f32,
            angle_max: last as f32,
            angle_increment: ((last - first) / (self.lidar.beams - 1) as f64) as f32,
            scan_time: self.period_secs as f32,
            range_max: self.lidar.range_m as f32,
            // REP 117: nothing within range is infinity.
            ranges: (self.ranges.iter())
                .map(|range_m| if *range_m < self.lidar.range_m { *range_m as f32 } else { f32::INFINITY })
                .collect(),
            ..LaserScan::default()
        });
    }
}
