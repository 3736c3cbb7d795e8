//! A corridor network's entries in the manifest: the corridor that it sees, and what it was trained for.

use super::manifest_error::{ManifestError, ensure, positive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Channels per knot, in order; planner::corridor says how they are computed.
pub const CORRIDOR_COLUMNS: [&str; 13] = [
    "distance_right_0.900",
    "distance_right_0.675",
    "distance_right_0.450",
    "distance_right_0.225",
    "distance_centre",
    "distance_left_0.225",
    "distance_left_0.450",
    "distance_left_0.675",
    "distance_left_0.900",
    "curvature",
    "start_nearness",
    "goal_nearness",
    "log_turning_length",
];
/// Channels beside the lateral distances.
const OTHER_COLUMNS: usize = 4;

/// What a corridor network sees, and what its output means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorridorSpec {
    /// Distance between knots along the route, metres.
    pub knot_m: f64,
    /// Where distances are sampled beside every knot, metres to the left.
    pub laterals_m: Vec<f64>,
    /// Unit of the output: an output of 1 moves a knot that far to the left, metres.
    pub offset_unit_m: f64,
    /// Knots at start and goal over which outputs are faded to 0.
    pub ramp_knots: usize,
    /// Passes of the weights 1/4, 1/2, 1/4 over the offsets between start and goal.
    #[serde(default)]
    pub smoothing_passes: usize,
    /// Clearance beyond the footprint that distances are computed with unless another is given, metres.
    pub margin_m: f64,
    /// Smallest and largest radius of the robots in training, metres.
    pub radius_m: [f64; 2],
    /// Smallest and largest v^2/a in training, metres.
    pub turning_length_m: [f64; 2],
}

impl CorridorSpec {
    pub(super) fn check(&self) -> Result<(), ManifestError> {
        positive("corridor.knot_m", self.knot_m)?;
        positive("corridor.offset_unit_m", self.offset_unit_m)?;
        let laterals = CORRIDOR_COLUMNS.len() - OTHER_COLUMNS;
        let rise = self.laterals_m.windows(2).all(|pair| pair[0] < pair[1]);
        let fits = self.laterals_m.len() == laterals && rise && self.laterals_m.iter().all(|value| value.is_finite());
        let expected = format!("{laterals} rising offsets");
        ensure(fits, "corridor.laterals_m", expected, format!("{:?}", self.laterals_m))?;
        ensure(self.smoothing_passes <= 16, "corridor.smoothing_passes", "0 to 16", self.smoothing_passes)?;
        ensure((0.0..1.0).contains(&self.margin_m), "corridor.margin_m", "0 to 1 m", self.margin_m)?;
        for (entry, range) in
            [("corridor.radius_m", self.radius_m), ("corridor.turning_length_m", self.turning_length_m)]
        {
            let fits = range[0] > 0.0 && range[0] <= range[1] && range[1].is_finite();
            ensure(fits, entry, "a range above 0 with low <= high", format!("{range:?}"))?;
        }
        Ok(())
    }
}
