//! Log levels, for all loggers and for single ones.

use crate::names::shorten;
use std::fmt;

/// How severe a line must be to be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum LogLevel {
    /// As the logger above says.
    Unset,
    /// Everything.
    Debug,
    /// What happens in normal service.
    #[default]
    Info,
    /// What should be looked at.
    Warn,
    /// What went wrong.
    Error,
    /// What ends the node.
    Fatal,
}

/// A text that names no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected debug, info, warn, error, fatal or unset, got `{}`", shorten(got))]
pub struct UnknownLogLevel {
    /// The text.
    pub got: String,
}

impl LogLevel {
    /// Reads a level, whatever its case.
    ///
    /// # Errors
    /// Any other text.
    pub fn parse(text: &str) -> Result<Self, UnknownLogLevel> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "unset" => Self::Unset,
            "debug" => Self::Debug,
            "info" => Self::Info,
            "warn" => Self::Warn,
            "error" => Self::Error,
            "fatal" => Self::Fatal,
            _ => return Err(UnknownLogLevel { got: text.to_owned() }),
        })
    }

    /// The severity number in ROS 2 log messages: 10 for debug to 50 for fatal, 0 for unset.
    pub const fn severity(self) -> u8 {
        match self {
            Self::Unset => 0,
            Self::Debug => 10,
            Self::Info => 20,
            Self::Warn => 30,
            Self::Error => 40,
            Self::Fatal => 50,
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unset => "unset",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        })
    }
}

/// The levels that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogLevels {
    /// For every logger that has none of its own.
    pub default: Option<LogLevel>,
    /// For loggers by name; of one that comes twice the last counts.
    pub loggers: Vec<(String, LogLevel)>,
}

impl LogLevels {
    /// The level of a logger, as `robot.planner`: its own, else that of the nearest one above it, else the default,
    /// else info.
    pub fn level_of(&self, logger: &str) -> LogLevel {
        let mut above = Some(logger);
        while let Some(name) = above {
            let own = self.loggers.iter().rev().find(|(logger, _)| logger == name).map(|(_, level)| *level);
            if let Some(level) = own.filter(|level| *level != LogLevel::Unset) {
                return level;
            }
            above = name.rsplit_once('.').map(|(parent, _)| parent);
        }
        self.default.filter(|level| *level != LogLevel::Unset).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_in_any_case() {
        for (text, level) in [("DEBUG", LogLevel::Debug), ("Warn", LogLevel::Warn), ("fatal", LogLevel::Fatal)] {
            assert_eq!(LogLevel::parse(text), Ok(level));
            assert_eq!(LogLevel::parse(&level.to_string()), Ok(level));
        }
        let error = LogLevel::parse("loud").expect_err("no level").to_string();
        assert_eq!(error, "expected debug, info, warn, error, fatal or unset, got `loud`");
        assert!(LogLevel::Error > LogLevel::Info && LogLevel::Error.severity() == 40);
    }

    #[test]
    fn loggers_inherit() {
        let loggers = [("robot", LogLevel::Warn), ("robot.planner", LogLevel::Unset), ("robot.gate", LogLevel::Debug)];
        let loggers = loggers.map(|(name, level)| (name.to_owned(), level)).to_vec();
        let levels = LogLevels { default: Some(LogLevel::Error), loggers };
        assert_eq!(levels.level_of("robot.gate.wall"), LogLevel::Debug);
        assert_eq!(levels.level_of("robot.planner"), LogLevel::Warn);
        assert_eq!(levels.level_of("robots"), LogLevel::Error);
        assert_eq!(LogLevels::default().level_of("x"), LogLevel::Info);
    }
}
