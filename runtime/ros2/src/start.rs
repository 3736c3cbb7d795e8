//! Opens a node with the names, parameters and log levels of the command line and the environment.

use super::arguments::RosArguments;
use super::base::NodeSetup;
use super::names::{NameError, RemapRule};
use super::network::Environment;
use super::node::{Node, NodeError, NodeNames};
use super::parameter::{
    DeclareError, ParameterSet, ParameterStore, ReadError, StartError, StartWarning, set_start_values,
};

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
    /// The middleware.
    #[error(transparent)]
    Node(#[from] NodeError),
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
    let node = Node::new(names, environment)?;
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
