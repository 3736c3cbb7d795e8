//! Goal force: from a picture of a table and the motion that a target is to have, to the push of another object that
//! causes it (Goal Force, chapter 4 of the thesis).
//!
//! A diffusion model proposes the motion of the picture's cells over [`FRAMES`](crate::world::scene::FRAMES) frames. The
//! [`read_push`] finds the object that sets off first, and the push that this takes; correction and gate simulate it.

mod control;
mod features;
mod planner;
mod proposal;
mod reading;
mod request;
mod segment;
mod square;
#[cfg(test)]
mod tests;
mod video;

pub use control::{ControlSignal, Force, MassMark, WindMark};
pub use features::picture_features;
pub use planner::{GoalForcePlanner, GoalForceSettings, MAX_MOTION_PX, UNIT_MOTION_PX};
pub use proposal::{PushProposal, READING_VERSION, read};
pub use reading::{ObjectCells, ReadFault, Reading, read_push, tracks};
pub use request::{PushRequest, RequestFault, SeenScene};
pub use segment::{DetectError, Detection, OrientedBox, USUAL_MASS_KG, locate, segment};
pub use square::{PictureFault, SquarePicture};
pub use video::{PredictedVideo, projected_tracks};
