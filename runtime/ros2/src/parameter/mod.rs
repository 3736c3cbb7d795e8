//! Parameters of a node: declared in a table, set by files, the command line and services, changed as transactions.
//!
//! A node declares its parameters as the fields of a struct, a [`ParameterSet`]: see [`parameters!`](crate::parameters).
//! From it come the [`Descriptor`]s, the documentation and the [`ParameterStore`]. [`set_start_values`] fills the store
//! from parameter files and `-p`; [`get_parameters`] and its kin answer the six services. The owner of the store can
//! check a [`Transaction`] before it is committed: to drop it leaves everything as it was.

mod descriptor;
mod document;
mod events;
mod file;
mod foreign;
mod rule;
mod selector;
mod services;
mod startup;
mod store;
mod typed;
mod value;
mod yaml;
pub use descriptor::{Bound, Descriptor, Range};
pub use document::{markdown_table, write_params_file};
pub use events::{changed_event, declared_event};
pub use file::{
    FileError, FileFault, FileParameter, NodeEntry, ParameterFile, parse_parameter_file, read_parameter_file,
};
pub use rule::ParameterRule;
pub use selector::NodeSelector;
pub use services::{describe_parameters, get_parameter_types, get_parameters, list_parameters, prepare_set};
pub use startup::{Origin, StartError, StartWarning, set_start_values};
pub use store::{Change, DeclareError, ParameterStore, SetError, StaleTransaction, Transaction};
pub use typed::{ParameterSet, ReadError, Values};
pub use value::{Kind, TypedValue, UnknownType, Value};
pub use yaml::{YamlError, parse_value};
