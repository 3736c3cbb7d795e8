//! Who a node is: its name within its namespace.

use super::validate::{NameError, validate_namespace, validate_node_name};
use std::fmt;

/// A node's valid name and namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NodeIdentity {
    name: String,
    namespace: String,
}

impl NodeIdentity {
    /// A node `name` in `namespace`; an empty namespace is the root `/`, one without its first `/` gets it.
    ///
    /// # Errors
    /// A name or namespace that ROS does not allow.
    pub fn new(name: &str, namespace: &str) -> Result<Self, NameError> {
        validate_node_name(name)?;
        let namespace = if namespace.starts_with('/') { namespace.to_owned() } else { format!("/{namespace}") };
        validate_namespace(&namespace)?;
        Ok(Self { name: name.to_owned(), namespace })
    }

    /// The name alone, as `planner`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace, always with its first `/`, as `/robot`, or `/`.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Both together, as `/robot/planner`.
    pub fn fully_qualified(&self) -> String {
        fully_qualified(&self.namespace, &self.name)
    }

    /// The name that log lines carry, as `robot.planner`.
    pub fn logger_name(&self) -> String {
        self.fully_qualified().split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
    }
}

impl fmt::Display for NodeIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.fully_qualified())
    }
}

/// Namespace and node name in one, as `/robot/planner`; the parts are not checked.
pub fn fully_qualified(namespace: &str, node: &str) -> String {
    let inner = namespace.trim_matches('/');
    if inner.is_empty() { format!("/{node}") } else { format!("/{inner}/{node}") }
}

#[cfg(test)]
mod tests {
    use super::super::validate::NameFault;
    use super::*;

    #[test]
    fn the_parts_come_together() {
        let node = NodeIdentity::new("planner", "/fleet/robot").expect("valid");
        assert_eq!(node.fully_qualified(), "/fleet/robot/planner");
        assert_eq!(node.logger_name(), "fleet.robot.planner");
        assert_eq!(node.to_string(), "/fleet/robot/planner");
        let node = NodeIdentity::new("planner", "").expect("valid");
        assert_eq!((node.namespace(), node.fully_qualified().as_str()), ("/", "/planner"));
        assert_eq!(node.logger_name(), "planner");
        assert_eq!(NodeIdentity::new("planner", "robot").expect("valid").namespace(), "/robot");
    }

    #[test]
    fn invalid_parts_are_refused() {
        for (name, namespace, expected, fault) in [
            ("plan-ner", "/", "a node name", NameFault::Character { character: '-', at: 4 }),
            ("planner", "/robot/", "a namespace", NameFault::TrailingSlash),
            ("planner", "/1robot", "a namespace", NameFault::LeadingDigit { at: 1 }),
        ] {
            let error = NodeIdentity::new(name, namespace).expect_err(expected);
            assert_eq!((error.expected, error.fault), (expected, fault));
        }
    }
}
