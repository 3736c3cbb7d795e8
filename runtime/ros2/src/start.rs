//! Opens a node with the names, parameters and log levels of the command line and the environment.

use super::arguments::RosArguments;
use super::base::NodeSetup;
use super::names::{NameError, RemapRule};
use super::node::{Node, NodeError, NodeNames, Services};
use super::parameter::{
    DeclareError, ParameterSet, ParameterStore, ReadError, StartError, StartWarning, set_start_values,
};

/// Domains that DDS's port numbers allow on every system.
const MAX_DOMAIN_ID: u16 = 232;

/// Why a node cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Parameters.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Parameters(Vec<StartError>),
    /// A table of parameters that contradicts itself.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Declared(Vec<DeclareError>),
    /// A parameter set whose reads contradict its descriptors.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The domain.
    #[error("ROS_DOMAIN_ID: expected a number from 0 to {MAX_DOMAIN_ID}, got '{0}'")]
    Domain(String),
    /// The middleware.
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Settings from the environment variables of ROS 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `ROS_DOMAIN_ID`.
    pub domain_id: u16,
    /// How requests travel, from `RMW_IMPLEMENTATION`.
    pub services: Services,
}

impl Environment {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// If `ROS_DOMAIN_ID` is no domain.
    pub fn read() -> Result<Self, OpenError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::of(variable("ROS_DOMAIN_ID").as_deref(), variable("RMW_IMPLEMENTATION").as_deref())
    }

    fn of(domain_id: Option<&str>, implementation: Option<&str>) -> Result<Self, OpenError> {
        let domain_id = match domain_id {
            None => 0,
            Some(text) => match text.trim().parse() {
                Ok(id) if id <= MAX_DOMAIN_ID => id,
                _ => return Err(OpenError::Domain(text.to_owned())),
            },
        };
        Ok(Self { domain_id, services: Services::of_rmw(implementation) })
    }
}

/// Joins the network under `default_name`, unless it is remapped, with the parameters `defaults` overridden by files
/// and arguments. The second value is to be printed.
///
/// # Errors
/// If names or parameters are wrong, or the middleware refuses.
pub fn open<P: ParameterSet>(
    default_name: &str,
    defaults: &P,
    arguments: &RosArguments,
    environment: Environment,
) -> Result<(NodeSetup<P>, Vec<StartWarning>), OpenError> {
    let remap_rules: Vec<RemapRule> = arguments.remap_rules.clone();
    let names = NodeNames::new(default_name, remap_rules)?;
    let mut store = ParameterStore::declare(defaults.descriptors()).map_err(OpenError::Declared)?;
    let (files, rules) = (&arguments.parameter_files, &arguments.parameters);
    let (_, warnings) = set_start_values(&mut store, names.identity(), files, rules).map_err(OpenError::Parameters)?;
    let parameters = defaults.read(store.values())?;
    let severity = arguments.log_levels.level_of(&names.identity().logger_name());
    let node = Node::new(names, environment.domain_id, environment.services)?;
    let setup = NodeSetup {
        node,
        parameters,
        store,
        severity,
        log_to_terminal: arguments.stdout_logs,
        log_to_topic: arguments.rosout_logs,
    };
    Ok((setup, warnings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_read_as_ros_reads_it() {
        assert_eq!(Environment::of(None, None).ok(), Some(Environment::default()));
        let cyclone = Environment::of(Some("42"), Some("rmw_cyclonedds_cpp")).ok();
        assert_eq!(cyclone, Some(Environment { domain_id: 42, services: Services::Cyclone }));
        for bad in ["233", "-1", "one", "99999"] {
            assert!(matches!(Environment::of(Some(bad), None), Err(OpenError::Domain(_))), "{bad}");
        }
    }
}
