//! Errors of ROS arguments.

use super::log_level::UnknownLogLevel;
use crate::names::{NameError, RemapError, shorten};
use crate::parameter::YamlError;

/// Why the arguments cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    /// A flag at the end, without its value.
    #[error("`{flag}`: expected {expected} after it, got nothing")]
    MissingValue {
        /// The flag.
        flag: String,
        /// What must follow.
        expected: &'static str,
    },
    /// Something unknown between `--ros-args` and `--`.
    #[error(
        "expected a ROS argument after `--ros-args`, got `{}`\nhint: known are {KNOWN_FLAGS}; end the ROS arguments with `--`",
        shorten(got)
    )]
    Unknown {
        /// The argument.
        got: String,
    },
    /// `name:=value` outside, as ROS 1 had it.
    #[error("expected `{got}` after `--ros-args`\nhint: write `--ros-args -r {got}` for a remap rule, `--ros-args -p {got}` for a parameter", got = shorten(got))]
    OutsideRosArguments {
        /// The argument.
        got: String,
    },
    /// A remap rule.
    #[error("`-r {}`: {source}", shorten(got))]
    Remap {
        /// The rule.
        got: String,
        /// The fault.
        source: RemapError,
    },
    /// A parameter without `:=` or without a name.
    #[error("`-p {}`: expected `name:=value` or `node:name:=value`", shorten(got))]
    Parameter {
        /// The parameter.
        got: String,
    },
    /// The node of a parameter.
    #[error("`-p {}`: {source}", shorten(got))]
    ParameterNode {
        /// The parameter.
        got: String,
        /// The fault.
        source: NameError,
    },
    /// The value of a parameter.
    #[error("`-p {}`: {source}", shorten(got))]
    ParameterValue {
        /// The parameter.
        got: String,
        /// The fault.
        source: YamlError,
    },
    /// A log level.
    #[error("`--log-level {}`: {source}", shorten(got))]
    LogLevel {
        /// The text after the flag.
        got: String,
        /// The fault.
        source: UnknownLogLevel,
    },
}

/// For the hint.
const KNOWN_FLAGS: &str = "-r, --remap, -p, --param, --params-file, --log-level, -e, --enclave, --log-config-file, \
    --log-file-name, and --enable- or --disable- with rosout-logs, stdout-logs or external-lib-logs";
