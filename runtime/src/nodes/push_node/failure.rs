//! Why a goal has no push: the code of the action's definition, a name for diagnostics, and the reason in words.

use crate::gate::PushRejection;
use crate::nodes::refusals::Refused;
use crate::pilot::PushProblem;
use crate::planner::goal_force::{PictureFault, RequestFault};
use planwright_ros2::messages::planwright_msgs::PushObjectResult;
use planwright_ros2::tf::TransformError;
use planwright_ros2::validate::InvalidMessage;

/// The codes of `PushObject`, as in its definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum PushErrorCode {
    /// A push.
    None = PushObjectResult::NONE,
    /// A failure without a code of its own; named in the message.
    Unknown = PushObjectResult::UNKNOWN,
    /// The goal's numbers.
    InvalidGoal = PushObjectResult::INVALID_GOAL,
    /// The picture.
    NoPicture = PushObjectResult::NO_PICTURE,
    /// Its camera.
    NoCamera = PushObjectResult::NO_CAMERA,
    /// A frame.
    TfError = PushObjectResult::TF_ERROR,
    /// Nothing to push.
    NoObject = PushObjectResult::NO_OBJECT,
    /// The target.
    NoTarget = PushObjectResult::NO_TARGET,
    /// Correction and gate.
    NoPush = PushObjectResult::NO_PUSH,
    /// The deadline.
    Timeout = PushObjectResult::TIMEOUT,
    /// Another goal.
    Busy = PushObjectResult::BUSY,
}

impl PushErrorCode {
    /// Every code with its name in the definition and its cause, for the reference.
    pub const ALL: [(Self, &'static str, &'static str); 11] = [
        (Self::None, "NONE", "a push that passed the gate"),
        (Self::Unknown, "UNKNOWN", "canceled, the node was stopped, or the network failed; the message says which"),
        (
            Self::InvalidGoal,
            "INVALID_GOAL",
            "a number that is not finite, a speed beyond those of the training, a velocity that does not lie along the table, or masses that do not fit their points",
        ),
        (
            Self::NoPicture,
            "NO_PICTURE",
            "no picture, one that is too old, of one colour, or refused: its encoding, size, stride or data",
        ),
        (
            Self::NoCamera,
            "NO_CAMERA",
            "no camera_info, one without intrinsics, of another size than the picture, or of a lens model that is not known",
        ),
        (Self::TfError, "TF_ERROR", "a frame of the goal, the camera or the robot is not known in the table's"),
        (
            Self::NoObject,
            "NO_OBJECT",
            "nothing is found in the picture, or nothing beside the target that can be pushed",
        ),
        (Self::NoTarget, "NO_TARGET", "the target is on no object, or on an obstacle"),
        (
            Self::NoPush,
            "NO_PUSH",
            "no proposal passed correction and gate, or the objects moved meanwhile; the message names the reasons",
        ),
        (Self::Timeout, "TIMEOUT", "the push was not ready at its deadline"),
        (Self::Busy, "BUSY", "another goal is being planned"),
    ];
}

/// The reason why there is no push.
#[derive(Clone, Debug, PartialEq)]
pub struct PushFailure {
    /// The action's code.
    pub code: PushErrorCode,
    /// Its name in diagnostics.
    pub name: &'static str,
    /// Expected and got.
    pub message: String,
}

impl PushFailure {
    /// A failure.
    pub fn new(code: PushErrorCode, name: &'static str, message: impl Into<String>) -> Self {
        Self { code, name, message: message.into() }
    }

    /// There is no model to plan with.
    pub fn not_active() -> Self {
        Self::new(PushErrorCode::Unknown, "not_active", "expected an active node, got one without a model")
    }
}

impl From<RequestFault> for PushFailure {
    fn from(fault: RequestFault) -> Self {
        let (code, name) = match fault {
            RequestFault::Picture(_) => (PushErrorCode::NoObject, "no_object"),
            RequestFault::OffTable(_) => (PushErrorCode::NoObject, "off_table"),
            RequestFault::Mass { .. } => (PushErrorCode::InvalidGoal, "goal_masses"),
            RequestFault::NothingToPush => (PushErrorCode::NoObject, "nothing_to_push"),
            RequestFault::NotFinite => (PushErrorCode::InvalidGoal, "goal_not_finite"),
            RequestFault::Speed { .. } => (PushErrorCode::InvalidGoal, "goal_speed"),
            RequestFault::Surface(_) => (PushErrorCode::InvalidGoal, "surface"),
            RequestFault::NoTarget { .. } => (PushErrorCode::NoTarget, "no_target"),
            RequestFault::Fixed(_) => (PushErrorCode::NoTarget, "target_fixed"),
        };
        Self::new(code, name, fault.to_string())
    }
}

impl From<PictureFault> for PushFailure {
    fn from(fault: PictureFault) -> Self {
        let (code, name) = match fault {
            PictureFault::Size { .. } => (PushErrorCode::NoPicture, "picture_size"),
            PictureFault::Bytes { .. } => (PushErrorCode::NoPicture, "picture_bytes"),
            PictureFault::Plain => (PushErrorCode::NoPicture, "picture_plain"),
            PictureFault::CameraSize { .. } => (PushErrorCode::NoCamera, "camera_size"),
            PictureFault::Camera(_) => (PushErrorCode::NoCamera, "camera_invalid"),
        };
        Self::new(code, name, fault.to_string())
    }
}

impl From<PushProblem> for PushFailure {
    fn from(problem: PushProblem) -> Self {
        let (code, name) = match problem {
            PushProblem::Uncorrected(_) => (PushErrorCode::NoPush, "not_corrected"),
            PushProblem::Rejected(rejection) => match rejection.name() {
                name @ "late" => (PushErrorCode::Timeout, name),
                name @ "picture_stale" => (PushErrorCode::NoPicture, name),
                name => (PushErrorCode::NoPush, name),
            },
        };
        Self::new(code, name, problem.to_string())
    }
}

impl From<PushRejection> for PushFailure {
    fn from(rejection: PushRejection) -> Self {
        PushProblem::Rejected(rejection).into()
    }
}

impl From<TransformError> for PushFailure {
    fn from(error: TransformError) -> Self {
        Self::new(PushErrorCode::TfError, error.name(), error.to_string())
    }
}

impl From<Refused> for PushFailure {
    fn from(refused: Refused) -> Self {
        Self::new(PushErrorCode::TfError, refused.input.fault_name(), refused.to_string())
    }
}

impl From<InvalidMessage> for PushFailure {
    fn from(error: InvalidMessage) -> Self {
        Self::new(PushErrorCode::InvalidGoal, error.name(), error.to_string())
    }
}
