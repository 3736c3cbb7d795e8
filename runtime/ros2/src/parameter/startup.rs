//! Start values of a node: defaults, then parameter files in order, then `-p`.

use super::file::{FileError, NodeEntry, ParameterFile, read_parameter_file};
use super::foreign::Foreign;
use super::rule::ParameterRule;
use super::store::{Change, ParameterStore, SetError};
use super::value::Value;
use super::yaml::YamlError;
use crate::names::{NodeIdentity, shorten};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of a parameter file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// `-p` on the command line.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Self::CommandLine => formatter.write_str("command line"),
        }
    }
}

/// Why a node cannot start with these parameters.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file that cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A text that is no value.
    #[error("{origin}: parameter `{}`: {source}", shorten(name))]
    Value {
        /// Where it stands.
        origin: Origin,
        /// The parameter.
        name: String,
        /// The fault.
        source: YamlError,
    },
    /// A value that the parameter cannot have, or a parameter that is not declared.
    #[error("{origin}: {source}")]
    Set {
        /// Where it stands.
        origin: Origin,
        /// The fault.
        source: SetError,
    },
}

/// What a node should say before it starts.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StartWarning {
    /// A parameter for nodes of any name that this one does not have.
    #[error("{origin}: ignored `{}`, which this node does not declare{}", shorten(name), nearest.map_or(String::new(), |nearest| format!("\nhint: did you mean `{nearest}`?")))]
    NotOurs {
        /// Where it stands.
        origin: Origin,
        /// The parameter.
        name: String,
        /// The declared name that is most like it.
        nearest: Option<&'static str>,
    },
    /// Parameters of ROS 2's libraries or of other nodes; all in one warning.
    #[error(
        "ignored {}, which this node does not declare and which have no effect here: {}",
        counted(names.len()),
        listed(names)
    )]
    OfOthers {
        /// Their names, each with the place where it stands first.
        names: Vec<(String, Origin)>,
    },
    /// A parameter that stands twice in one entry.
    #[error("{origin}: `{name}` was given before in the same entry; this one counts")]
    Twice {
        /// Where the second one stands.
        origin: Origin,
        /// The parameter.
        name: String,
    },
    /// A file without a word for this node.
    #[error(
        "{path}: expected parameters for {node}, got {found}\nhint: write `/**:` above `ros__parameters:` for a node of any name"
    )]
    NothingForNode {
        /// The file.
        path: PathBuf,
        /// The node.
        node: String,
        /// The nodes that the file names.
        found: String,
    },
}

/// Names that one warning lists.
const MAX_LISTED: usize = 8;

fn counted(count: usize) -> String {
    if count == 1 { "1 parameter".to_owned() } else { format!("{count} parameters") }
}

fn listed(names: &[(String, Origin)]) -> String {
    let mut text: Vec<String> =
        names.iter().take(MAX_LISTED).map(|(name, origin)| format!("`{}` ({origin})", shorten(name))).collect();
    if names.len() > MAX_LISTED {
        text.push(format!("and {} more", names.len() - MAX_LISTED));
    }
    text.join(", ")
}

/// Reads the parameter files and the `-p` rules, and sets what they say for `node`, all or nothing. Later files
/// and lines override earlier ones, `-p` overrides files. A parameter that is not declared is an error, unless it
/// stands under a selector for nodes of any name, as `/**`, or is one that every node of ROS 2 accepts, as
/// `qos_overrides.*`: then it is ignored with a warning.
///
/// # Errors
/// Everything that is wrong; no value is changed then.
pub fn set_start_values(
    store: &mut ParameterStore,
    node: &NodeIdentity,
    files: &[PathBuf],
    rules: &[ParameterRule],
) -> Result<(Vec<Change>, Vec<StartWarning>), Vec<StartError>> {
    let mut start = Start {
        store,
        node,
        chosen: BTreeMap::new(),
        foreign: Foreign::new(node.name()),
        of_others: Vec::new(),
        errors: Vec::new(),
        warnings: Vec::new(),
    };
    for path in files {
        match read_parameter_file(path) {
            Ok(file) => start.file(path, file),
            Err(error) => start.errors.push(error.into()),
        }
    }
    for rule in rules.iter().filter(|rule| rule.is_for(node)) {
        start.choose(&rule.name, Ok(rule.value.clone()), Origin::CommandLine, false);
    }
    let Start { chosen, of_others: names, mut errors, mut warnings, .. } = start;
    if !names.is_empty() {
        warnings.push(StartWarning::OfOthers { names });
    }
    let mut values: Vec<(&'static str, Value)> = Vec::with_capacity(chosen.len());
    for (name, (value, origin)) in chosen {
        match value {
            Err(source) => errors.push(StartError::Value { origin, name: name.to_owned(), source }),
            Ok(value) => match store.prepare_start(&[(name, value.clone())]) {
                Ok(_) => values.push((name, value)),
                Err(faults) => {
                    errors.extend(faults.into_iter().map(|source| StartError::Set { origin: origin.clone(), source }));
                }
            },
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    // Each value was found valid above, and no other commit came between.
    let changes = store.prepare_start(&values).ok().and_then(|prepared| store.commit(prepared).ok());
    Ok((changes.unwrap_or_default(), warnings))
}

struct Start<'a> {
    store: &'a ParameterStore,
    node: &'a NodeIdentity,
    /// The last word on each parameter.
    chosen: BTreeMap<&'static str, (Result<Value, YamlError>, Origin)>,
    foreign: Foreign,
    /// What is ignored because it is another's.
    of_others: Vec<(String, Origin)>,
    errors: Vec<StartError>,
    warnings: Vec<StartWarning>,
}

impl Start<'_> {
    fn file(&mut self, path: &Path, file: ParameterFile) {
        let (ours, others): (Vec<NodeEntry>, Vec<NodeEntry>) =
            file.entries.into_iter().partition(|entry| entry.selector.selects(self.node));
        if ours.is_empty() {
            let names: Vec<String> = others.iter().take(8).map(|entry| entry.selector.to_string()).collect();
            let found = if names.is_empty() { "none".to_owned() } else { shorten(&names.join(", ")) };
            let (path, node) = (path.to_owned(), self.node.fully_qualified());
            self.warnings.push(StartWarning::NothingForNode { path, node, found });
        }
        for entry in ours {
            let is_shared = entry.selector.is_shared();
            self.foreign.note_plugins(&entry);
            let mut lines: BTreeMap<String, usize> = BTreeMap::new();
            for parameter in entry.parameters {
                let origin = Origin::File { path: path.to_owned(), line: parameter.line };
                if lines.insert(parameter.name.clone(), parameter.line).is_some() {
                    self.warnings.push(StartWarning::Twice { origin: origin.clone(), name: parameter.name.clone() });
                }
                self.choose(&parameter.name, parameter.value, origin, is_shared);
            }
        }
    }

    fn choose(&mut self, name: &str, value: Result<Value, YamlError>, origin: Origin, is_shared: bool) {
        if let Some(descriptor) = self.store.descriptor(name) {
            self.chosen.insert(descriptor.name, (value, origin));
            return;
        }
        let (name, nearest) = (name.to_owned(), self.store.nearest_name(name));
        if self.foreign.owns(&name, nearest.is_some()) || (is_shared && nearest.is_none()) {
            if self.of_others.iter().all(|(known, _)| *known != name) {
                self.of_others.push((name, origin));
            }
        } else if is_shared {
            self.warnings.push(StartWarning::NotOurs { origin, name, nearest });
        } else {
            self.errors.push(StartError::Set { origin, source: SetError::NotDeclared { name, nearest } });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::descriptor::Descriptor;
    use super::*;
    use crate::arguments::RosArguments;

    fn store() -> ParameterStore {
        ParameterStore::declare([
            Descriptor::new("use_sim_time", false, "Clock."),
            Descriptor::new("steps", 5, "Steps.").range(1, 100),
            Descriptor::new("deadline_secs", 0.05, "Deadline.").range(0.001, 10.0),
            Descriptor::new("model", "a.onnx", "Model.").read_only(),
        ])
        .expect("a sound table")
    }

    type Outcome = Result<(ParameterStore, Vec<String>), Vec<String>>;

    /// Starts `/robot/planner` with these files and arguments.
    fn start(files: &[&str], arguments: &[&str]) -> Outcome {
        let folder = tempfile::tempdir().expect("a folder");
        let mut line = vec!["--ros-args".to_owned()];
        for (index, text) in files.iter().enumerate() {
            let path = folder.path().join(format!("{index}.yaml"));
            std::fs::write(&path, text).expect("written");
            line.extend(["--params-file".to_owned(), path.display().to_string()]);
        }
        line.extend(arguments.iter().map(|&argument| argument.to_owned()));
        let (ros, _) = RosArguments::parse(line).expect("valid arguments");
        let mut store = store();
        let node = NodeIdentity::new("planner", "/robot").expect("valid");
        let prefix = format!("{}/", folder.path().display());
        let outcome = set_start_values(&mut store, &node, &ros.parameter_files, &ros.parameters);
        match outcome {
            Ok((_, warnings)) => Ok((store, warnings.iter().map(|one| one.to_string().replace(&prefix, "")).collect())),
            Err(errors) => Err(errors.iter().map(|one| one.to_string().replace(&prefix, "")).collect()),
        }
    }

    #[test]
    fn later_words_override_earlier_ones() {
        let first =
            "/**:\n  ros__parameters: {steps: 6, use_sim_time: true}\n/robot/planner:\n  ros__parameters: {steps: 7}\n";
        let second = "/**/planner:\n  ros__parameters: {deadline_secs: 1, model: b.onnx}\nother:\n  ros__parameters: {steps: 99}\n";
        let (store, warnings) = start(&[first, second], &[]).expect("valid");
        assert_eq!((store.read::<i64>("steps"), store.read::<bool>("use_sim_time")), (Ok(7), Ok(true)));
        assert_eq!(
            (store.read::<f64>("deadline_secs"), store.read::<String>("model").as_deref()),
            (Ok(1.0), Ok("b.onnx"))
        );
        assert!(warnings.is_empty(), "{warnings:?}");
        let (store, _) = start(&[first, "/**: {ros__parameters: {steps: 8}}"], &[]).expect("valid");
        assert_eq!(store.read::<i64>("steps"), Ok(8));
        let arguments = ["-p", "steps:=9", "-p", "planner:deadline_secs:=2", "-p", "other:steps:=1"];
        let (store, _) = start(&[first], &arguments).expect("valid");
        assert_eq!((store.read::<i64>("steps"), store.read::<f64>("deadline_secs")), (Ok(9), Ok(2.0)));
    }

    #[test]
    fn a_typing_error_is_an_error_or_at_least_a_warning() {
        let errors = start(&["/robot/planner:\n  ros__parameters:\n    stepz: 7\n"], &[]).expect_err("a typing error");
        assert_eq!(errors, ["0.yaml:3: expected a declared parameter, got `stepz`\nhint: did you mean `steps`?"]);
        let errors = start(&[], &["-p", "deadline:=7.0"]).expect_err("a typing error");
        assert_eq!(
            errors,
            ["command line: expected a declared parameter, got `deadline`\nhint: did you mean `deadline_secs`?"]
        );
        let (store, warnings) = start(&["/**:\n  ros__parameters: {stepz: 7, steps: 8}\n"], &[]).expect("shared");
        assert_eq!(store.read::<i64>("steps"), Ok(8));
        assert_eq!(
            warnings,
            ["0.yaml:2: ignored `stepz`, which this node does not declare\nhint: did you mean `steps`?"]
        );
    }

    #[test]
    fn everything_wrong_is_told_at_once_and_nothing_is_set() {
        let file = "/**/planner:\n  ros__parameters:\n    steps: 700\n    deadline_secs: .nan\n    use_sim_time: [1, x]\n    model: 3\n";
        let errors = start(&[file, "a: b"], &["-p", "nothing:=1"]).expect_err("five faults");
        let starts: Vec<&str> = errors.iter().filter_map(|error| error.get(..14)).collect();
        assert_eq!(errors.len(), 6, "{errors:#?}");
        for line in ["0.yaml:3", "0.yaml:4", "0.yaml:5", "0.yaml:6", "1.yaml:1", "command line"] {
            assert!(starts.iter().any(|start| start.starts_with(line)), "{line}: {errors:#?}");
        }
        let mut store = store();
        let node = NodeIdentity::new("planner", "/").expect("valid");
        let line = ["--ros-args", "-p", "steps:=7", "-p", "deadline_secs:=99.0"].map(str::to_owned);
        let (ros, _) = RosArguments::parse(line).expect("valid arguments");
        assert_eq!(
            set_start_values(&mut store, &node, &ros.parameter_files, &ros.parameters).expect_err("99 s").len(),
            1
        );
        assert_eq!(store.read::<i64>("steps"), Ok(5));
    }

    #[test]
    fn a_file_for_others_and_a_repetition_are_noticed() {
        let (_, warnings) = start(&["planner:\n  ros__parameters: {steps: 7}\n", "# empty\n"], &[]).expect("valid");
        assert!(
            warnings[0].starts_with("0.yaml: expected parameters for /robot/planner, got /planner\nhint"),
            "{warnings:?}"
        );
        assert!(warnings[1].starts_with("1.yaml: expected parameters for /robot/planner, got none"), "{warnings:?}");
        let (store, warnings) =
            start(&["/**/planner:\n  ros__parameters:\n    steps: 7\n    steps: 8\n"], &[]).expect("valid");
        assert_eq!(store.read::<i64>("steps"), Ok(8));
        assert_eq!(warnings, ["0.yaml:4: `steps` was given before in the same entry; this one counts"]);
    }

    #[test]
    fn what_every_rclcpp_node_tolerates_is_one_warning_and_a_typing_error_still_an_error() {
        let overrides = "/robot/planner:\n  ros__parameters:\n    steps: 7\n    start_type_description_service: false\n    \
             qos_overrides:\n      /tf:\n        publisher: {depth: 10, reliability: reliable}\n    \
             qos_overrides./odom.subscription.history: keep_last\n    diagnostic_updater.period: 2.0\n";
        let arguments = ["-p", "qos_overrides./map.subscription.durability:=volatile", "-p", "autostart_node:=true"];
        let (store, warnings) = start(&[overrides], &arguments).expect("tolerated");
        assert_eq!(store.read::<i64>("steps"), Ok(7));
        assert_eq!(warnings.len(), 1, "{warnings:#?}");
        let expected = "ignored 7 parameters, which this node does not declare and which have no effect here: \
             `start_type_description_service` (0.yaml:4), `qos_overrides./tf.publisher.depth` (0.yaml:7)";
        assert!(warnings[0].starts_with(expected), "{warnings:#?}");
        assert!(warnings[0].ends_with("`autostart_node` (command line)"), "{warnings:#?}");
        let errors = start(&[overrides], &["-p", "step:=7", "-p", "qos_override.x:=1"]).expect_err("typing errors");
        assert_eq!(errors.len(), 2, "{errors:#?}");
        assert!(errors[0].ends_with("got `step`\nhint: did you mean `steps`?"), "{errors:#?}");
    }

    #[test]
    fn a_section_of_nav2s_planner_server_is_one_warning_and_a_typing_error_in_it_still_an_error() {
        let section = |more: &str| {
            format!(
                "{more}    expected_planner_frequency: 20.0\n    planner_plugins: [GridBased, Smac]\n    costmap_update_timeout: 1.0\n    \
                 GridBased:\n      plugin: nav2_navfn_planner/NavfnPlanner\n      tolerance: 0.5\n      odd: [1, x]\n    \
                 Smac: {{angle_quantization_bins: 72, smoother: {{w_smooth: 0.3}}}}\n    Theta.plugin: a\n    Theta.how_many_corners: 8\n"
            )
        };
        // Under the node's own name: what Nav2 declares, and the groups of its plugins.
        let own = section("/robot/planner:\n  ros__parameters:\n    steps: 9\n");
        let (store, warnings) = start(&[&own], &[]).expect("tolerated");
        assert_eq!((store.read::<i64>("steps"), warnings.len()), (Ok(9), 1), "{warnings:#?}");
        assert!(
            warnings[0].starts_with("ignored 10 parameters") && warnings[0].ends_with("and 2 more"),
            "{warnings:#?}"
        );
        let unknown = format!("{own}    lattice: 1\n");
        let errors = start(&[&unknown], &[]).expect_err("neither ours nor Nav2's");
        assert!(errors.len() == 1 && errors[0].contains("`lattice`"), "{errors:#?}");
        // In the place of the planner server: whatever a later Nav2 declares there.
        let of = |text: &str| {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("nav2.yaml");
            std::fs::write(&path, text).expect("written");
            let mut store = self::store();
            let node = NodeIdentity::new("planner_server", "/").expect("valid");
            let outcome = set_start_values(&mut store, &node, &[path], &[]);
            outcome.map(|(_, warnings)| (store, warnings.len())).map_err(|errors| errors.len())
        };
        let replaced = section("planner_server:\n  ros__parameters:\n    lattice: 1\n    steps: 8\n");
        let (store, warnings) = of(&replaced).expect("tolerated");
        assert_eq!((store.read::<i64>("steps"), warnings), (Ok(8), 1));
        let misspelt = section("planner_server:\n  ros__parameters:\n    deadline_sec: 1.0\n");
        assert_eq!(of(&misspelt).map(|_| ()), Err(1));
    }

    #[test]
    fn faults_in_entries_for_other_nodes_do_not_concern_us() {
        let text = "other:\n  ros__parameters: {a: [1, x], b: [[1]]}\n/**: {ros__parameters: {steps: 6}}\n";
        assert_eq!(start(&[text], &[]).expect("valid").0.read::<i64>("steps"), Ok(6));
    }
}
