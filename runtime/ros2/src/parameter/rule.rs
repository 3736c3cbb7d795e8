//! Parameters on the command line: `-p node:name:=value`.

use super::value::Value;
use crate::names::NodeIdentity;

/// A parameter that the command line sets.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterRule {
    /// The node it is for, by its name without namespace; `None`: every node.
    pub node: Option<String>,
    /// The parameter's name.
    pub name: String,
    /// Its value.
    pub value: Value,
}

impl ParameterRule {
    /// Whether it is for this node.
    pub fn is_for(&self, node: &NodeIdentity) -> bool {
        self.node.as_deref().is_none_or(|name| name == node.name())
    }
}
