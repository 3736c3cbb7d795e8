//! States and transitions of a managed node, as in the ROS 2 design "Managed nodes" defines them.

use super::super::messages::lifecycle_msgs;

/// A state. The discriminants are those of `lifecycle_msgs/State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LifecycleState {
    /// Listed by rcl, never entered.
    Unknown = 0,
    /// Nothing is loaded.
    Unconfigured = 1,
    /// Loaded and tested.
    Inactive = 2,
    /// Working.
    Active = 3,
    /// Ended.
    Finalized = 4,
    /// Loading.
    Configuring = 10,
    /// Letting go of what was loaded.
    CleaningUp = 11,
    /// Ending.
    ShuttingDown = 12,
    /// Warming up.
    Activating = 13,
    /// Stopping.
    Deactivating = 14,
    /// Recovering from an error.
    ErrorProcessing = 15,
}

impl LifecycleState {
    /// All states with their labels, as rcl lists them.
    pub const ALL: [(Self, &'static str); 11] = [
        (Self::Unknown, "unknown"),
        (Self::Unconfigured, "unconfigured"),
        (Self::Inactive, "inactive"),
        (Self::Active, "active"),
        (Self::Finalized, "finalized"),
        (Self::Configuring, "configuring"),
        (Self::CleaningUp, "cleaningup"),
        (Self::ShuttingDown, "shuttingdown"),
        (Self::Activating, "activating"),
        (Self::Deactivating, "deactivating"),
        (Self::ErrorProcessing, "errorprocessing"),
    ];

    /// Its label.
    pub fn label(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("unknown", |(_, label)| label)
    }

    /// As a message.
    pub fn message(self) -> lifecycle_msgs::State {
        lifecycle_msgs::State { id: self as u8, label: self.label().to_owned() }
    }
}

/// A transition that a client can request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifecycleCommand {
    /// Load and test.
    Configure,
    /// Let go of what was loaded.
    Cleanup,
    /// Begin to work.
    Activate,
    /// Stop working.
    Deactivate,
    /// End.
    Shutdown,
}

/// Result of a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransitionOutcome {
    /// Done.
    Success,
    /// Refused; the state is that before.
    Failure,
    /// Broken; error processing follows.
    Error,
}

/// A row of the transition table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Its number in `lifecycle_msgs/Transition`.
    pub id: u8,
    /// Its label.
    pub label: &'static str,
    /// Its start state.
    pub from: LifecycleState,
    /// Its goal state.
    pub to: LifecycleState,
}

const fn row(id: u8, label: &'static str, from: LifecycleState, to: LifecycleState) -> Transition {
    Transition { id, label, from, to }
}

/// Every transition of the design.
pub const TRANSITIONS: [Transition; 25] = {
    use LifecycleState::*;
    [
        row(1, "configure", Unconfigured, Configuring),
        row(10, "transition_success", Configuring, Inactive),
        row(11, "transition_failure", Configuring, Unconfigured),
        row(12, "transition_error", Configuring, ErrorProcessing),
        row(2, "cleanup", Inactive, CleaningUp),
        row(20, "transition_success", CleaningUp, Unconfigured),
        row(21, "transition_failure", CleaningUp, Inactive),
        row(22, "transition_error", CleaningUp, ErrorProcessing),
        row(3, "activate", Inactive, Activating),
        row(30, "transition_success", Activating, Active),
        row(31, "transition_failure", Activating, Inactive),
        row(32, "transition_error", Activating, ErrorProcessing),
        row(4, "deactivate", Active, Deactivating),
        row(40, "transition_success", Deactivating, Inactive),
        row(41, "transition_failure", Deactivating, Active),
        row(42, "transition_error", Deactivating, ErrorProcessing),
        row(5, "shutdown", Unconfigured, ShuttingDown),
        row(6, "shutdown", Inactive, ShuttingDown),
        row(7, "shutdown", Active, ShuttingDown),
        row(50, "transition_success", ShuttingDown, Finalized),
        row(51, "transition_failure", ShuttingDown, Finalized),
        row(52, "transition_error", ShuttingDown, ErrorProcessing),
        row(60, "transition_success", ErrorProcessing, Unconfigured),
        row(61, "transition_failure", ErrorProcessing, Finalized),
        row(62, "transition_error", ErrorProcessing, Finalized),
    ]
};

impl Transition {
    /// As a message.
    pub fn message(&self) -> lifecycle_msgs::TransitionDescription {
        lifecycle_msgs::TransitionDescription {
            transition: lifecycle_msgs::Transition { id: self.id, label: self.label.to_owned() },
            start_state: self.from.message(),
            goal_state: self.to.message(),
        }
    }

    /// The request that triggers it, if clients can request it.
    pub fn command(&self) -> Option<LifecycleCommand> {
        match self.id {
            1 => Some(LifecycleCommand::Configure),
            2 => Some(LifecycleCommand::Cleanup),
            3 => Some(LifecycleCommand::Activate),
            4 => Some(LifecycleCommand::Deactivate),
            5..=7 => Some(LifecycleCommand::Shutdown),
            _ => None,
        }
    }
}

/// The lifecycle state machine of a node.
#[derive(Clone, Debug)]
pub struct Machine {
    state: LifecycleState,
}

impl Default for Machine {
    fn default() -> Self {
        Self { state: LifecycleState::Unconfigured }
    }
}

impl Machine {
    /// The state.
    pub fn state(&self) -> LifecycleState {
        self.state
    }

    /// The transitions that clients can request now.
    pub fn available(&self) -> impl Iterator<Item = &'static Transition> + use<> {
        let state = self.state;
        TRANSITIONS.iter().filter(move |row| row.from == state && row.command().is_some())
    }

    /// The transition that a request means: by number, or by label if the number is 0 and a label is given.
    pub fn find(&self, id: u8, label: &str) -> Option<&'static Transition> {
        // Number 0 is `create`, which cannot be requested; rclpy leaves it at 0 when it sends a label.
        self.available().find(|row| if id == 0 { row.label == label } else { row.id == id })
    }

    /// Enters the transition's state.
    ///
    /// # Errors
    /// The state that the node is in, if the transition does not begin there.
    pub fn begin(&mut self, transition: &'static Transition) -> Result<(), LifecycleState> {
        if transition.from != self.state {
            return Err(self.state);
        }
        self.state = transition.to;
        Ok(())
    }

    /// Leaves the transition's state. `None` if no transition is under way.
    pub fn end(&mut self, outcome: TransitionOutcome) -> Option<&'static Transition> {
        let label = match outcome {
            TransitionOutcome::Success => "transition_success",
            TransitionOutcome::Failure => "transition_failure",
            TransitionOutcome::Error => "transition_error",
        };
        let row = TRANSITIONS.iter().find(|row| row.from == self.state && row.label == label)?;
        self.state = row.to;
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(machine: &mut Machine, label: &str, outcome: TransitionOutcome) -> LifecycleState {
        let Some(row) = machine.find(0, label) else { panic!("{label} from {:?}", machine.state()) };
        assert!(machine.begin(row).is_ok());
        assert!(machine.end(outcome).is_some());
        machine.state()
    }

    #[test]
    fn a_life_goes_through_all_primary_states() {
        let mut machine = Machine::default();
        assert_eq!(ask(&mut machine, "configure", TransitionOutcome::Failure), LifecycleState::Unconfigured);
        assert_eq!(ask(&mut machine, "configure", TransitionOutcome::Success), LifecycleState::Inactive);
        assert_eq!(ask(&mut machine, "activate", TransitionOutcome::Success), LifecycleState::Active);
        assert_eq!(ask(&mut machine, "deactivate", TransitionOutcome::Success), LifecycleState::Inactive);
        assert_eq!(ask(&mut machine, "cleanup", TransitionOutcome::Success), LifecycleState::Unconfigured);
        assert_eq!(ask(&mut machine, "shutdown", TransitionOutcome::Success), LifecycleState::Finalized);
        assert_eq!(machine.available().count(), 0);
    }

    #[test]
    fn an_error_is_processed_and_leads_back_to_unconfigured() {
        let mut machine = Machine::default();
        assert_eq!(ask(&mut machine, "configure", TransitionOutcome::Error), LifecycleState::ErrorProcessing);
        assert!(machine.find(1, "").is_none());
        assert_eq!(machine.end(TransitionOutcome::Success).map(|row| row.to), Some(LifecycleState::Unconfigured));
    }

    #[test]
    fn what_is_not_possible_here_is_not_found() {
        let machine = Machine::default();
        assert!(machine.find(3, "").is_none() && machine.find(0, "activate").is_none());
        assert!(machine.find(10, "transition_success").is_none());
        assert_eq!(Machine::default().end(TransitionOutcome::Success), None);
        assert_eq!(machine.find(5, "").map(|row| row.label), Some("shutdown"));
    }
}
