//! The ROS part of a command line: `--ros-args -r from:=to -p name:=value --params-file file --`, as rcl reads it.

mod error;
mod log_level;

pub use error::ArgumentError;
use log_level::parse_level;
pub use log_level::{LogLevels, UnknownLogLevel};

use super::names::{NameError, NodeIdentity, RemapRule, remapped_identity, validate_node_name};
use super::parameter::{ParameterRule, parse_value};
use std::path::PathBuf;

/// What the ROS arguments say.
#[derive(Debug, Clone, PartialEq)]
pub struct RosArguments {
    /// Rename rules, in order.
    pub remap_rules: Vec<RemapRule>,
    /// Parameters, in order; they override those from files.
    pub parameters: Vec<ParameterRule>,
    /// Parameter files, in order: later ones override earlier ones.
    pub parameter_files: Vec<PathBuf>,
    /// Log levels.
    pub log_levels: LogLevels,
    /// Whether log lines go to `/rosout`.
    pub rosout_logs: bool,
    /// Whether log lines go to the standard output.
    pub stdout_logs: bool,
    /// Read for rcl's sake; there is no external logging library here.
    pub external_lib_logs: bool,
    /// The security enclave; read for rcl's sake.
    pub enclave: Option<String>,
}

impl Default for RosArguments {
    fn default() -> Self {
        Self {
            remap_rules: Vec::new(),
            parameters: Vec::new(),
            parameter_files: Vec::new(),
            log_levels: LogLevels::default(),
            rosout_logs: true,
            stdout_logs: true,
            external_lib_logs: true,
            enclave: None,
        }
    }
}

impl RosArguments {
    /// Splits all arguments into what ROS means by them and the others, which keep their order. ROS arguments stand
    /// between `--ros-args` and `--` or the end; there may be several such sections.
    ///
    /// # Errors
    /// The first argument that is not understood.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<(Self, Vec<String>), ArgumentError> {
        let mut ros = Self::default();
        let mut others = Vec::new();
        let mut arguments = arguments.into_iter();
        let mut inside = false;
        while let Some(argument) = arguments.next() {
            match (inside, argument.as_str()) {
                (_, "--ros-args") => inside = true,
                (true, "--") => inside = false,
                (true, _) => ros.take(argument, &mut arguments)?,
                (false, text) if is_old_style(text) => {
                    return Err(ArgumentError::OutsideRosArguments { got: argument });
                }
                (false, _) => others.push(argument),
            }
        }
        Ok((ros, others))
    }

    fn take(&mut self, flag: String, rest: &mut impl Iterator<Item = String>) -> Result<(), ArgumentError> {
        let mut value = |expected| match rest.next() {
            Some(value) if value != "--" && value != "--ros-args" => Ok(value),
            _ => Err(ArgumentError::MissingValue { flag: flag.clone(), expected }),
        };
        match flag.as_str() {
            "-r" | "--remap" => {
                let got = value("a rule `from:=to`")?;
                match RemapRule::parse(&got) {
                    Ok(rule) => self.remap_rules.push(rule),
                    Err(source) => return Err(ArgumentError::Remap { got, source }),
                }
            }
            "-p" | "--param" => self.parameters.push(parameter(value("a parameter `name:=value`")?)?),
            "--params-file" => self.parameter_files.push(value("a file")?.into()),
            "--log-level" => self.log_level(value("a level, or `logger:=level`")?)?,
            "-e" | "--enclave" => self.enclave = Some(value("an enclave")?),
            // For an external logging library, which is not there.
            "--log-config-file" | "--log-file-name" => drop(value("a file")?),
            "--enable-rosout-logs" => self.rosout_logs = true,
            "--disable-rosout-logs" => self.rosout_logs = false,
            "--enable-stdout-logs" => self.stdout_logs = true,
            "--disable-stdout-logs" => self.stdout_logs = false,
            "--enable-external-lib-logs" => self.external_lib_logs = true,
            "--disable-external-lib-logs" => self.external_lib_logs = false,
            _ => return Err(ArgumentError::Unknown { got: flag }),
        }
        Ok(())
    }

    fn log_level(&mut self, got: String) -> Result<(), ArgumentError> {
        let (logger, level) = match got.split_once(":=") {
            Some((logger, level)) => (Some(logger), level),
            None => (None, got.as_str()),
        };
        match (logger, parse_level(level)) {
            (Some(""), _) => return Err(ArgumentError::Unknown { got }),
            (Some(logger), Ok(level)) => self.log_levels.loggers.push((logger.to_owned(), level)),
            (None, Ok(level)) => self.log_levels.default = level,
            (_, Err(source)) => return Err(ArgumentError::LogLevel { got, source }),
        }
        Ok(())
    }

    /// The identity of a node that is called this by default, after `__node` and `__ns` rules.
    ///
    /// # Errors
    /// A default that is not valid.
    pub fn identity(&self, name: &str, namespace: &str) -> Result<NodeIdentity, NameError> {
        remapped_identity(&NodeIdentity::new(name, namespace)?, &self.remap_rules)
    }
}

/// `name:=value` where the name could be one of ROS; flags with `:=` in their values are left alone.
fn is_old_style(text: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '~' | ':' | '.'))
    };
    text.split_once(":=").is_some_and(|(name, _)| is_name(name))
}

fn parameter(got: String) -> Result<ParameterRule, ArgumentError> {
    let Some((left, value)) = got.split_once(":=") else { return Err(ArgumentError::Parameter { got }) };
    let (node, name) = match left.split_once(':') {
        Some((node, name)) => (Some(node.to_owned()), name.to_owned()),
        None => (None, left.to_owned()),
    };
    if name.is_empty() || name.contains([':', ' ']) {
        return Err(ArgumentError::Parameter { got });
    }
    if let Some(Err(source)) = node.as_deref().map(validate_node_name) {
        return Err(ArgumentError::ParameterNode { got, source });
    }
    match parse_value(value) {
        Ok(value) => Ok(ParameterRule { node, name, value }),
        Err(source) => Err(ArgumentError::ParameterValue { got, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logger::Severity;
    use crate::parameter::Value;
    use proptest::prelude::*;

    fn parse(line: &[&str]) -> Result<(RosArguments, Vec<String>), ArgumentError> {
        RosArguments::parse(line.iter().map(|&argument| argument.to_owned()))
    }

    fn error(line: &[&str]) -> ArgumentError {
        parse(line).expect_err("a fault")
    }

    #[test]
    fn a_command_line_as_launch_writes_it() {
        let (ros, others) = parse(&[
            "planwright",
            "node",
            "maze",
            "--ros-args",
            "-r",
            "__node:=planner",
            "-r",
            "__ns:=/robot",
            "--params-file",
            "a.yaml",
            "--params-file",
            "b.yaml",
            "-p",
            "steps:=7",
            "--param",
            "planner:gains:=[1.0, 2.0]",
            "--log-level",
            "WARN",
            "--log-level",
            "robot.planner:=debug",
            "--disable-rosout-logs",
            "-e",
            "/secure",
            "--",
            "--model",
            "m.onnx",
            "--ros-args",
            "--remap",
            "scan:=/front",
        ])
        .expect("valid");
        assert_eq!(others, ["planwright", "node", "maze", "--model", "m.onnx"]);
        assert_eq!(ros.identity("maze_planner", "/").expect("valid").fully_qualified(), "/robot/planner");
        assert_eq!(ros.remap_rules.len(), 3);
        assert_eq!(ros.parameter_files, [PathBuf::from("a.yaml"), PathBuf::from("b.yaml")]);
        assert_eq!((ros.parameters[0].name.as_str(), &ros.parameters[0].value), ("steps", &Value::Integer(7)));
        assert_eq!(ros.parameters[1].node.as_deref(), Some("planner"));
        assert_eq!(ros.parameters[1].value, Value::DoubleArray(vec![1.0, 2.0]));
        assert_eq!(ros.log_levels.level_of("robot.planner"), Severity::Debug);
        assert_eq!(ros.log_levels.level_of("other"), Severity::Warn);
        assert!(!ros.rosout_logs && ros.stdout_logs);
        assert_eq!(ros.enclave.as_deref(), Some("/secure"));
    }

    #[test]
    fn without_ros_arguments_nothing_changes() {
        let line = ["planwright", "plan", "--", "-r", "--seed=1"];
        let (ros, others) = parse(&line).expect("valid");
        assert_eq!((ros, others.len()), (RosArguments::default(), line.len()));
        assert_eq!(parse(&["--ros-args"]).expect("valid").0, RosArguments::default());
        assert_eq!(parse(&["--ros-args", "--ros-args", "--", "--"]).expect("valid").1, ["--"]);
        assert_eq!(parse(&["--text=a:=b", "-x", ":="]).expect("valid").1.len(), 3);
    }

    #[test]
    fn parameters_are_for_nodes() {
        let (ros, _) = parse(&["--ros-args", "-p", "a:=1", "-p", "planner:b.c:=x:=y"]).expect("valid");
        let node = |name| NodeIdentity::new(name, "/robot").expect("valid");
        assert!(ros.parameters[0].is_for(&node("other")));
        assert!(ros.parameters[1].is_for(&node("planner")) && !ros.parameters[1].is_for(&node("other")));
        assert_eq!(ros.parameters[1].name, "b.c");
        assert_eq!(ros.parameters[1].value, Value::String("x:=y".to_owned()));
    }

    #[test]
    fn the_last_switch_counts() {
        let (ros, _) = parse(&[
            "--ros-args",
            "--disable-stdout-logs",
            "--enable-stdout-logs",
            "--enable-external-lib-logs",
            "--disable-external-lib-logs",
            "--enable-rosout-logs",
            "--log-file-name",
            "x",
            "--log-config-file",
            "y",
            "--log-level",
            "info",
            "--log-level",
            "error",
        ])
        .expect("valid");
        assert!(ros.stdout_logs && !ros.external_lib_logs && ros.rosout_logs);
        assert_eq!(ros.log_levels.default, Some(Severity::Error));
    }

    #[test]
    fn every_fault_is_told() {
        for flag in ["-r", "--remap", "-p", "--param", "--params-file", "--log-level", "-e", "--enclave"] {
            assert!(matches!(error(&["--ros-args", flag]), ArgumentError::MissingValue { .. }), "{flag}");
            assert!(matches!(error(&["--ros-args", flag, "--"]), ArgumentError::MissingValue { .. }), "{flag}");
        }
        assert!(matches!(error(&["scan:=/front"]), ArgumentError::OutsideRosArguments { .. }));
        assert!(matches!(error(&["__ns:=/robot"]), ArgumentError::OutsideRosArguments { .. }));
        assert!(matches!(error(&["--ros-args", "a:=b"]), ArgumentError::Unknown { .. }));
        assert!(matches!(error(&["--ros-args", "--seed"]), ArgumentError::Unknown { .. }));
        assert!(matches!(error(&["--ros-args", "--log-level", ":=info"]), ArgumentError::Unknown { .. }));
        assert!(matches!(error(&["--ros-args", "--log-level", "loud"]), ArgumentError::LogLevel { .. }));
        assert!(matches!(error(&["--ros-args", "-r", "/**:=b"]), ArgumentError::Remap { .. }));
        assert!(matches!(error(&["--ros-args", "-p", "a=1"]), ArgumentError::Parameter { .. }));
        assert!(matches!(error(&["--ros-args", "-p", ":=1"]), ArgumentError::Parameter { .. }));
        assert!(matches!(error(&["--ros-args", "-p", "n:a:b:=1"]), ArgumentError::Parameter { .. }));
        assert!(matches!(error(&["--ros-args", "-p", "1n:a:=1"]), ArgumentError::ParameterNode { .. }));
        assert!(matches!(error(&["--ros-args", "-p", "a:="]), ArgumentError::ParameterValue { .. }));
        assert!(matches!(error(&["--ros-args", "-p", "a:=[1, x]"]), ArgumentError::ParameterValue { .. }));
    }

    #[test]
    fn messages_carry_the_text_and_a_hint() {
        let text = error(&["scan:=/front"]).to_string();
        assert!(text.starts_with("expected `scan:=/front` after `--ros-args`\nhint: "), "{text}");
        let text = error(&["--ros-args", "-p", "a:=[1, x]"]).to_string();
        assert!(text.starts_with("`-p a:=[1, x]`: expected a list of one type, got integer and string"), "{text}");
        let text = error(&["--ros-args", "--seed"]).to_string();
        assert!(
            text.starts_with("expected a ROS argument after `--ros-args`, got `--seed`\nhint: known are -r"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn no_line_panics(line in prop::collection::vec("--ros-args|-r|-p|--|--log-level|[a-z~/{}:=*\\[\\]]{0,12}|\\PC{0,12}", 0..10)) {
            let _ = RosArguments::parse(line);
        }
    }
}
