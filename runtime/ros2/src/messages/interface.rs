//! What messages, services and actions have in common, and the wire types that ROS derives from an action.

use ros2_client::Message;
use serde::{Deserialize, Serialize};

use super::builtin_interfaces::Time;
use super::unique_identifier_msgs::UUID;

/// Implements [`MessageType`] for a struct of the package.
macro_rules! message {
    ($package:literal, $name:ident) => {
        impl ros2_client::Message for $name {}

        impl $crate::messages::interface::MessageType for $name {
            const PACKAGE: &'static str = $package;
            const NAME: &'static str = stringify!($name);
        }
    };
}

/// Declares a service of the package from the structs of its request and response.
macro_rules! service {
    ($package:literal, $name:ident, $request:ident, $response:ident) => {
        impl ros2_client::Message for $request {}
        impl ros2_client::Message for $response {}

        #[doc = concat!("Service `", $package, "/srv/", stringify!($name), "`.")]
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl $crate::messages::interface::ServiceType for $name {
            type Request = $request;
            type Response = $response;
            const PACKAGE: &'static str = $package;
            const NAME: &'static str = stringify!($name);
        }
    };
}

/// Declares an action of the package from the structs of its goal, result and feedback.
macro_rules! action {
    ($package:literal, $name:ident, $goal:ident, $result:ident, $feedback:ident) => {
        impl ros2_client::Message for $goal {}
        impl ros2_client::Message for $result {}
        impl ros2_client::Message for $feedback {}

        #[doc = concat!("Action `", $package, "/action/", stringify!($name), "`.")]
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl $crate::messages::interface::ActionType for $name {
            type Goal = $goal;
            type Result = $result;
            type Feedback = $feedback;
            const PACKAGE: &'static str = $package;
            const NAME: &'static str = stringify!($name);
        }
    };
}

pub(super) use {action, message, service};

/// A message that can be published on a topic.
pub trait MessageType: Message {
    /// Package of the definition, as peers know it: `geometry_msgs`.
    const PACKAGE: &'static str;
    /// Name of the type within the package: `PoseStamped`.
    const NAME: &'static str;
}

/// A service: the pair of its request and its response.
pub trait ServiceType {
    /// What a client sends.
    type Request: Message + Clone + 'static;
    /// What the server answers.
    type Response: Message + 'static;
    /// Package of the definition, as peers know it: `lifecycle_msgs`.
    const PACKAGE: &'static str;
    /// Name of the service within the package: `GetState`.
    const NAME: &'static str;
}

/// An action: its goal, its result and its feedback.
pub trait ActionType {
    /// What the client asks for.
    type Goal: Message + Clone + 'static;
    /// What the server hands back at the end.
    type Result: Message + Clone + Default + 'static;
    /// What the server tells on the way.
    type Feedback: Message + 'static;
    /// Package of the definition, as peers know it: `nav2_msgs`.
    const PACKAGE: &'static str;
    /// Name of the action within the package: `ComputePathToPose`.
    const NAME: &'static str;
}

/// Request of an action's `send_goal` service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SendGoalRequest<G> {
    /// Identifier that the client has chosen for the goal.
    pub goal_id: UUID,
    /// The goal.
    pub goal: G,
}

/// Response of an action's `send_goal` service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SendGoalResponse {
    /// Whether the server takes the goal on.
    pub accepted: bool,
    /// Time at which the goal was accepted.
    pub stamp: Time,
}

/// Request of an action's `get_result` service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GetResultRequest {
    /// Identifier of the goal.
    pub goal_id: UUID,
}

/// Response of an action's `get_result` service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GetResultResponse<R> {
    /// How the goal ended: one of the constants of [`super::action_msgs::GoalStatus`].
    pub status: i8,
    /// The result.
    pub result: R,
}

/// What an action server publishes on its feedback topic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FeedbackMessage<F> {
    /// Identifier of the goal that the feedback is about.
    pub goal_id: UUID,
    /// The feedback.
    pub feedback: F,
}

impl<G: Message> Message for SendGoalRequest<G> {}
impl Message for SendGoalResponse {}
impl Message for GetResultRequest {}
impl<R: Message> Message for GetResultResponse<R> {}
impl<F: Message> Message for FeedbackMessage<F> {}
