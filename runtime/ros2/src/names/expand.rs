//! Expansion of a relative or private name to the absolute name on the wire.

use super::node_name::NodeIdentity;
use super::validate::{NameError, validate_absolute, validate_name};
use std::fmt;

/// An absolute, valid topic, service or action name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResolvedName(String);

impl ResolvedName {
    /// The name, as `/robot/plan`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResolvedName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Makes `name` absolute for `node`: `/a` stays, `a` goes under the namespace, `~/a` under the node itself;
/// `{node}`, `{ns}` and `{namespace}` are filled in. No rename rule is applied.
///
/// # Errors
/// A name that is not valid, before or after it was filled in (`{ns}/a` in the root namespace gives `//a`, as in rcl).
pub fn expand(name: &str, node: &NodeIdentity) -> Result<ResolvedName, NameError> {
    validate_name(name)?;
    let filled = match name.strip_prefix('~') {
        Some(rest) => format!("{}{rest}", node.fully_qualified()),
        None => name.to_owned(),
    };
    let filled = filled
        .replace("{node}", node.name())
        .replace("{namespace}", node.namespace())
        .replace("{ns}", node.namespace());
    let absolute = match (filled.starts_with('/'), node.namespace()) {
        (true, _) => filled,
        (false, "/") => format!("/{filled}"),
        (false, namespace) => format!("{namespace}/{filled}"),
    };
    match validate_absolute(&absolute) {
        Ok(()) => Ok(ResolvedName(absolute)),
        Err(fault) => Err(NameError { expected: "an absolute topic or service name", name: absolute, fault }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::validate::NameFault;
    use super::*;

    fn node(namespace: &str) -> NodeIdentity {
        NodeIdentity::new("planner", namespace).expect("valid")
    }

    #[test]
    fn relative_private_and_absolute_names() {
        let cases = [
            ("scan", "/scan", "/robot/scan"),
            ("/scan", "/scan", "/scan"),
            ("~/plan", "/planner/plan", "/robot/planner/plan"),
            ("~", "/planner", "/robot/planner"),
            ("{node}/x", "/planner/x", "/robot/planner/x"),
            ("x/{node}", "/x/planner", "/robot/x/planner"),
            ("/a_{node}", "/a_planner", "/a_planner"),
        ];
        for (name, at_root, in_robot) in cases {
            assert_eq!(expand(name, &node("/")).expect("valid").as_str(), at_root, "{name}");
            assert_eq!(expand(name, &node("/robot")).expect("valid").as_str(), in_robot, "{name}");
        }
    }

    #[test]
    fn the_namespace_is_filled_in() {
        for name in ["{ns}/x", "{namespace}/x"] {
            assert_eq!(expand(name, &node("/robot")).expect("valid").as_str(), "/robot/x");
            assert_eq!(expand(name, &node("/")).expect_err("//x").fault, NameFault::DoubleSlash { at: 1 });
        }
    }

    #[test]
    fn what_filling_in_makes_too_long_is_refused() {
        let node = NodeIdentity::new("planner", &format!("/{}", "n".repeat(200))).expect("valid");
        let error = expand(&"t".repeat(60), &node).expect_err("261 bytes");
        assert_eq!(error.fault, NameFault::TooLong { max: 247, got: 262 });
    }
}
