//! A managed node: five services, an event for every transition, and transitions that may take their time.

mod machine;
mod services;

pub use machine::{Command, Machine, Outcome, State, TRANSITIONS, Transition};
pub use services::{Lifecycle, Managed, finish, request, serve};
