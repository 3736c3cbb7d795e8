//! Messages on `/parameter_events`.

use super::store::{Change, ParameterStore};
use super::value::Value;
use crate::messages::builtin_interfaces::Time;
use crate::messages::rcl_interfaces::{Parameter, ParameterEvent};

/// The event after the declaration: every parameter is new. `node` is the fully qualified name.
pub fn declared_event(store: &ParameterStore, stamp: Time, node: &str) -> ParameterEvent {
    let new_parameters = store.values().iter().map(|(name, value)| parameter(name, value)).collect();
    ParameterEvent { stamp, node: node.to_owned(), new_parameters, ..ParameterEvent::default() }
}

/// The event after a commit; `None` if nothing was set. As in rclcpp, a parameter set to the value that it had is in
/// it. `node` is the fully qualified name.
pub fn changed_event(changes: &[Change], stamp: Time, node: &str) -> Option<ParameterEvent> {
    if changes.is_empty() {
        return None;
    }
    let changed_parameters = changes.iter().map(|change| parameter(change.name, &change.new)).collect();
    Some(ParameterEvent { stamp, node: node.to_owned(), changed_parameters, ..ParameterEvent::default() })
}

fn parameter(name: &str, value: &Value) -> Parameter {
    Parameter { name: name.to_owned(), value: value.to_message() }
}

#[cfg(test)]
mod tests {
    use super::super::descriptor::Descriptor;
    use super::*;

    #[test]
    fn declarations_and_changes_become_events() {
        let mut store = ParameterStore::declare([Descriptor::new("b", 1, "B."), Descriptor::new("a", true, "A.")])
            .expect("a sound table");
        let stamp = Time { sec: 3, nanosec: 4 };
        let event = declared_event(&store, stamp.clone(), "/robot/planner");
        assert_eq!((event.node.as_str(), &event.stamp), ("/robot/planner", &stamp));
        assert_eq!(event.new_parameters, [parameter("a", &Value::Bool(true)), parameter("b", &Value::Integer(1))]);
        assert!(event.changed_parameters.is_empty() && event.deleted_parameters.is_empty());

        let prepared = store.prepare(&[("b", Value::Integer(2)), ("a", Value::Bool(true))]).expect("valid");
        let changes = store.commit(prepared).expect("fresh");
        let event = changed_event(&changes, stamp.clone(), "/robot/planner").expect("two changes");
        assert_eq!(event.changed_parameters, [parameter("b", &Value::Integer(2)), parameter("a", &Value::Bool(true))]);
        assert!(event.new_parameters.is_empty());
        assert_eq!(changed_event(&[], stamp, "/robot/planner"), None);
    }
}
