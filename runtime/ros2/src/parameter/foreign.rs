//! Parameters that every node of ROS 2 accepts though it declares none of them: those of rclcpp, of the libraries
//! beside it, and of Nav2's planner server, in whose place a node here may stand.

use super::file::NodeEntry;
use super::value::Value;
use std::collections::BTreeSet;

/// Names that rclcpp, rclcpp_lifecycle, nav2_util, bondcpp and diagnostic_updater declare in the nodes they are part of.
const OF_LIBRARIES: [&str; 6] = [
    "start_type_description_service",
    "autostart_node",
    "introspection_mode",
    "service_introspection_mode",
    "allow_parameter_qos_overrides",
    "bond_disable_heartbeat_timeout",
];
/// First parts of such names.
const GROUPS_OF_LIBRARIES: [&str; 2] = ["qos_overrides", "diagnostic_updater"];
/// Name of Nav2's planner server.
const PLANNER_SERVER: &str = "planner_server";
/// The parameter that lists its plugins, each of which has a group of parameters.
const PLUGINS: &str = "planner_plugins";
/// Its other parameters, of all distributions.
const OF_PLANNER_SERVER: [&str; 6] = [
    "expected_planner_frequency",
    "action_server_result_timeout",
    "costmap_update_timeout",
    "planner_plugin_ids",
    "planner_plugin_types",
    PLUGINS,
];
/// Its plugin unless another is listed.
const DEFAULT_PLUGIN: &str = "GridBased";

/// What else may stand in the sections for one node.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    /// The node stands in the place of Nav2's planner server: what is in that section was written for that.
    replaces_planner_server: bool,
    plugins: BTreeSet<String>,
}

impl Foreign {
    /// For a node of this name.
    pub(super) fn new(node_name: &str) -> Self {
        let plugins = BTreeSet::from([DEFAULT_PLUGIN.to_owned()]);
        Self { replaces_planner_server: node_name == PLANNER_SERVER, plugins }
    }

    /// Notes the plugins that an entry names: in their list, or by the type of each, `NAME.plugin`.
    pub(super) fn note_plugins(&mut self, entry: &NodeEntry) {
        for parameter in &entry.parameters {
            match &parameter.value {
                Ok(Value::StringArray(names)) if parameter.name == PLUGINS => {
                    self.plugins.extend(names.iter().cloned())
                }
                _ => self.plugins.extend(parameter.name.strip_suffix(".plugin").map(str::to_owned)),
            }
        }
    }

    /// Whether this name, which the node does not declare, is another's. `has_nearest`: it is much like a declared one.
    pub(super) fn owns(&self, name: &str, has_nearest: bool) -> bool {
        let group = name.split_once('.').map(|(group, _)| group);
        OF_LIBRARIES.contains(&name)
            || OF_PLANNER_SERVER.contains(&name)
            || group.is_some_and(|group| GROUPS_OF_LIBRARIES.contains(&group) || self.plugins.contains(group))
            || (self.replaces_planner_server && !has_nearest)
    }
}
