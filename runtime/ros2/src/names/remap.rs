//! Remapping rules of nodes, namespaces, topics, services and actions.

use super::expand::{ResolvedName, expand};
use super::node_name::NodeIdentity;
use super::validate::{NameError, shorten, validate_name, validate_namespace, validate_node_name};

/// What a name belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// A topic.
    Topic,
    /// A service.
    Service,
    /// An action. Only rules without a `rostopic://` or `rosservice://` prefix rename it, and they rename it as a
    /// whole: its services and topics follow.
    Action,
}

/// One rule, as `-r` gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemapRule {
    /// The node it is for, by its name without namespace; `None`: every node.
    pub node: Option<String>,
    /// What it renames.
    pub target: RemapTarget,
}

/// What a rule renames, and to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemapTarget {
    /// The node: `__node:=name`.
    Node(String),
    /// The namespace: `__ns:=/name`.
    Namespace(String),
    /// A topic, service or action.
    Name {
        /// Only these; `None`: all kinds.
        only: Option<NameKind>,
        /// The name to be replaced; compared after it was expanded.
        from: String,
        /// What it becomes, expanded as well.
        to: String,
    },
}

/// Why a rule cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemapError {
    /// No `:=`.
    #[error("expected `from:=to`, got `{}`\nhint: write for example `-r scan:=/front/scan`", shorten(rule))]
    NoSeparator {
        /// The rule.
        rule: String,
    },
    /// One side is empty, or there is a second `:=`.
    #[error("expected one name on each side of `:=`, got `{}`", shorten(rule))]
    Sides {
        /// The rule.
        rule: String,
    },
    /// `*` or `\1`.
    #[error(
        "expected plain names, got `{}`: wildcards and back references in remap rules are not supported\nhint: write one rule for each name",
        shorten(rule)
    )]
    Wildcard {
        /// The rule.
        rule: String,
    },
    /// `rosparam://` and the like.
    #[error("expected `rostopic://` or `rosservice://`, got `{}`", shorten(scheme))]
    Scheme {
        /// The prefix found.
        scheme: String,
    },
    /// Prefixes that differ.
    #[error(
        "expected the same prefix on both sides, got `{}`\nhint: write the prefix on the left side only",
        shorten(rule)
    )]
    MixedSchemes {
        /// The rule.
        rule: String,
    },
    /// A side is no valid name.
    #[error("{source}")]
    Name {
        /// The rule.
        rule: String,
        /// The fault.
        source: NameError,
    },
}

impl RemapRule {
    /// Reads `[node:][rostopic://|rosservice://]from:=to`, `[node:]__node:=name`, `[node:]__ns:=/name`.
    ///
    /// # Errors
    /// The first fault of the rule.
    pub fn parse(rule: &str) -> Result<Self, RemapError> {
        let Some((left, right)) = rule.split_once(":=") else {
            return Err(RemapError::NoSeparator { rule: rule.to_owned() });
        };
        if left.is_empty() || right.is_empty() || right.contains(":=") {
            return Err(RemapError::Sides { rule: rule.to_owned() });
        }
        if rule.contains(['*', '\\']) {
            return Err(RemapError::Wildcard { rule: rule.to_owned() });
        }
        let named = |source| RemapError::Name { rule: rule.to_owned(), source };
        let (node, left) = match left.split_once(':') {
            Some((node, rest)) if !rest.starts_with("//") => (Some(node), rest),
            _ => (None, left),
        };
        if let Some(node) = node {
            validate_node_name(node).map_err(named)?;
        }
        let target = match left {
            "__node" | "__name" => {
                validate_node_name(right).map_err(named)?;
                RemapTarget::Node(right.to_owned())
            }
            "__ns" => {
                validate_namespace(right).map_err(named)?;
                RemapTarget::Namespace(right.to_owned())
            }
            _ => {
                let (only, from) = without_scheme(left)?;
                let (only_to, to) = without_scheme(right)?;
                if only_to.is_some() && only_to != only {
                    return Err(RemapError::MixedSchemes { rule: rule.to_owned() });
                }
                validate_name(from).map_err(named)?;
                validate_name(to).map_err(named)?;
                RemapTarget::Name { only, from: from.to_owned(), to: to.to_owned() }
            }
        };
        Ok(Self { node: node.map(str::to_owned), target })
    }

    fn is_for(&self, node_name: &str) -> bool {
        self.node.as_deref().is_none_or(|node| node == node_name)
    }
}

fn without_scheme(text: &str) -> Result<(Option<NameKind>, &str), RemapError> {
    match text.split_once("://") {
        None => Ok((None, text)),
        Some(("rostopic", name)) => Ok((Some(NameKind::Topic), name)),
        Some(("rosservice", name)) => Ok((Some(NameKind::Service), name)),
        Some((scheme, _)) => Err(RemapError::Scheme { scheme: format!("{scheme}://") }),
    }
}

/// The identity after the first `__node` and the first `__ns` rule that fit. A rule for one node names it as it was
/// before for `__node`, and as it is then for `__ns`, as in rcl.
///
/// # Errors
/// A rule whose new name is not valid; rules from [`RemapRule::parse`] are.
pub fn remapped_identity(node: &NodeIdentity, rules: &[RemapRule]) -> Result<NodeIdentity, NameError> {
    let name = rules.iter().filter(|rule| rule.is_for(node.name())).find_map(|rule| match &rule.target {
        RemapTarget::Node(name) => Some(name.as_str()),
        _ => None,
    });
    let name = name.unwrap_or(node.name());
    let namespace = rules.iter().filter(|rule| rule.is_for(name)).find_map(|rule| match &rule.target {
        RemapTarget::Namespace(namespace) => Some(namespace.as_str()),
        _ => None,
    });
    NodeIdentity::new(name, namespace.unwrap_or(node.namespace()))
}

/// The absolute name that `name` has for `node` (its final identity) after the first rule that fits. Both sides of
/// a rule are expanded before they are compared; the result is not renamed a second time.
///
/// # Errors
/// A name, or a side of a rule, that cannot be expanded.
pub fn resolve(
    name: &str,
    kind: NameKind,
    node: &NodeIdentity,
    rules: &[RemapRule],
) -> Result<ResolvedName, NameError> {
    let expanded = expand(name, node)?;
    for rule in rules.iter().filter(|rule| rule.is_for(node.name())) {
        let RemapTarget::Name { only, from, to } = &rule.target else { continue };
        if only.is_none_or(|only| only == kind) && expand(from, node)? == expanded {
            return expand(to, node);
        }
    }
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(texts: &[&str]) -> Vec<RemapRule> {
        texts.iter().map(|text| RemapRule::parse(text).expect("a rule")).collect()
    }

    fn planner() -> NodeIdentity {
        NodeIdentity::new("planner", "/robot").expect("valid")
    }

    fn topic(name: &str, texts: &[&str]) -> String {
        resolve(name, NameKind::Topic, &planner(), &rules(texts)).expect("resolved").to_string()
    }

    #[test]
    fn rules_match_on_expanded_names() {
        assert_eq!(topic("scan", &["scan:=front"]), "/robot/front");
        assert_eq!(topic("scan", &["/robot/scan:=/front"]), "/front");
        assert_eq!(topic("/robot/scan", &["scan:=front"]), "/robot/front");
        assert_eq!(topic("scan", &["/scan:=front"]), "/robot/scan");
        assert_eq!(topic("~/plan", &["~/plan:=/plan"]), "/plan");
        assert_eq!(topic("~/plan", &["/robot/planner/plan:=~/raw"]), "/robot/planner/raw");
        assert_eq!(topic("scan", &["{ns}/scan:=/{node}/scan"]), "/planner/scan");
    }

    #[test]
    fn the_first_match_wins_and_is_final() {
        assert_eq!(topic("a", &["a:=b", "a:=c", "b:=d"]), "/robot/b");
        assert_eq!(topic("a", &["x:=y", "a:=c"]), "/robot/c");
    }

    #[test]
    fn rules_for_one_node_or_kind() {
        assert_eq!(topic("a", &["other:a:=b"]), "/robot/a");
        assert_eq!(topic("a", &["planner:a:=b"]), "/robot/b");
        assert_eq!(topic("a", &["rosservice://a:=b"]), "/robot/a");
        assert_eq!(topic("a", &["rostopic://a:=b"]), "/robot/b");
        assert_eq!(topic("a", &["planner:rostopic:///robot/a:=rostopic:///b"]), "/b");
        let resolved = |kind, text: &str| resolve("a", kind, &planner(), &rules(&[text])).expect("ok").to_string();
        assert_eq!(resolved(NameKind::Service, "rosservice://a:=b"), "/robot/b");
        assert_eq!(resolved(NameKind::Action, "rosservice://a:=b"), "/robot/a");
        assert_eq!(resolved(NameKind::Action, "a:=b"), "/robot/b");
    }

    #[test]
    fn node_and_namespace_are_renamed() {
        let renamed = |texts: &[&str]| remapped_identity(&planner(), &rules(texts)).expect("valid").fully_qualified();
        assert_eq!(renamed(&[]), "/robot/planner");
        assert_eq!(renamed(&["__node:=other"]), "/robot/other");
        assert_eq!(renamed(&["__name:=other", "__node:=third"]), "/robot/other");
        assert_eq!(renamed(&["__ns:=/"]), "/planner");
        assert_eq!(renamed(&["__ns:=/fleet/one", "__node:=p"]), "/fleet/one/p");
        assert_eq!(renamed(&["somebody:__node:=x", "somebody:__ns:=/y"]), "/robot/planner");
        assert_eq!(renamed(&["planner:__node:=x", "x:__ns:=/y"]), "/y/x");
    }

    #[test]
    fn every_fault_of_a_rule_is_told() {
        let error = |text: &str| RemapRule::parse(text).expect_err(text);
        assert!(matches!(error("scan"), RemapError::NoSeparator { .. }));
        assert!(matches!(error(":=b"), RemapError::Sides { .. }));
        assert!(matches!(error("a:="), RemapError::Sides { .. }));
        assert!(matches!(error("a:=b:=c"), RemapError::Sides { .. }));
        assert!(matches!(error("/**/scan:=/scan"), RemapError::Wildcard { .. }));
        assert!(matches!(error(r"a:=\1/b"), RemapError::Wildcard { .. }));
        assert!(matches!(error("rosparam://a:=b"), RemapError::Scheme { .. }));
        assert!(matches!(error("rostopic://a:=rosservice://b"), RemapError::MixedSchemes { .. }));
        assert!(matches!(error("a:=rosservice://b"), RemapError::MixedSchemes { .. }));
        for text in ["a b:=c", "a:=//c", "1n:a:=b", ":a:=b", "__ns:=robot", "__node:=a/b", "a:b:c:=d", "node::=d"] {
            assert!(matches!(error(text), RemapError::Name { .. }), "{text}");
        }
    }
}
