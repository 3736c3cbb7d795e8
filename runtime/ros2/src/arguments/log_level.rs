//! Log levels of the command line, for all loggers and for single ones.

use crate::logger::Severity;
use crate::names::shorten;

/// A text that names no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected debug, info, warn, error, fatal or unset, got `{}`", shorten(got))]
pub struct UnknownLogLevel {
    /// The text.
    pub got: String,
}

/// Reads a level in any case; `unset` is none.
///
/// # Errors
/// Any other text.
pub(super) fn parse_level(text: &str) -> Result<Option<Severity>, UnknownLogLevel> {
    let level = Severity::ALL.into_iter().find(|level| level.name().eq_ignore_ascii_case(text));
    if level.is_some() || text.eq_ignore_ascii_case("unset") {
        return Ok(level);
    }
    Err(UnknownLogLevel { got: text.to_owned() })
}

/// Levels of loggers; of one without a level the nearest logger above it decides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogLevels {
    /// For every logger that has none of its own.
    pub default: Option<Severity>,
    /// For loggers by name; of one that comes twice the last counts.
    pub loggers: Vec<(String, Option<Severity>)>,
}

impl LogLevels {
    /// The level of a logger, as `robot.planner`: its own, else that of the nearest one above it, else the default,
    /// else info.
    pub fn level_of(&self, logger: &str) -> Severity {
        let mut above = Some(logger);
        while let Some(name) = above {
            let own = self.loggers.iter().rev().find(|(logger, _)| logger == name);
            if let Some((_, Some(level))) = own {
                return *level;
            }
            above = name.rsplit_once('.').map(|(parent, _)| parent);
        }
        self.default.unwrap_or(Severity::Info)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_in_any_case() {
        for (text, level) in [("DEBUG", Severity::Debug), ("Warn", Severity::Warn), ("fatal", Severity::Fatal)] {
            assert_eq!(parse_level(text), Ok(Some(level)));
            assert_eq!(parse_level(level.name()), Ok(Some(level)));
        }
        assert_eq!(parse_level("UNSET"), Ok(None));
        let error = parse_level("loud").expect_err("no level").to_string();
        assert_eq!(error, "expected debug, info, warn, error, fatal or unset, got `loud`");
        assert!(Severity::Error > Severity::Info && Severity::Error as u8 == 40);
    }

    #[test]
    fn loggers_inherit() {
        let loggers = [("robot", Some(Severity::Warn)), ("robot.planner", None), ("robot.gate", Some(Severity::Debug))];
        let loggers = loggers.map(|(name, level)| (name.to_owned(), level)).to_vec();
        let levels = LogLevels { default: Some(Severity::Error), loggers };
        assert_eq!(levels.level_of("robot.gate.wall"), Severity::Debug);
        assert_eq!(levels.level_of("robot.planner"), Severity::Warn);
        assert_eq!(levels.level_of("robots"), Severity::Error);
        assert_eq!(LogLevels::default().level_of("x"), Severity::Info);
    }
}
