//! A managed node: five services, an event for every transition, and transitions that may take their time.

mod machine;
mod services;

pub use machine::{LifecycleCommand, LifecycleState, Machine, TRANSITIONS, Transition, TransitionOutcome};
pub use services::{Lifecycle, LifecycleNode, finish, request, serve};
