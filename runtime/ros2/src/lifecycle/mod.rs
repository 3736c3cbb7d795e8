//! A managed node: five services, an event per transition, and transitions that may take long.

mod machine;
mod services;

pub use machine::{LifecycleCommand, LifecycleState, Machine, TRANSITIONS, Transition, TransitionOutcome};
pub use services::{Lifecycle, LifecycleNode, finish, request, serve};
