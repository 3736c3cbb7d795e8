//! Parameters.
mod descriptor;
mod events;
mod file;
mod nearest;
mod selector;
mod services;
mod store;
mod value;
mod values;
mod yaml;
pub use descriptor::{Bound, Descriptor, Range};
pub use events::{changed_event, declared_event};
pub use file::{
    FileError, FileFault, FileParameter, NodeEntry, ParameterFile, parse_parameter_file, read_parameter_file,
};
pub use selector::NodeSelector;
pub use services::{
    Check, describe_parameters, get_parameter_types, get_parameters, list_parameters, prepare_set, set_parameters,
    set_parameters_atomically,
};
pub use store::{Change, DeclareError, ParameterStore, SetError, StaleTransaction, Transaction};
pub use value::{Kind, UnknownType, Value};
pub use values::{ReadError, Values};
pub use yaml::{YamlError, parse_value};
