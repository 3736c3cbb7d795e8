//! Parameters.
mod descriptor;
mod events;
mod nearest;
mod services;
mod store;
mod value;
mod values;
mod yaml;
pub use descriptor::{Bound, Descriptor, Range};
pub use events::{changed_event, declared_event};
pub use services::{
    Check, describe_parameters, get_parameter_types, get_parameters, list_parameters, prepare_set, set_parameters,
    set_parameters_atomically,
};
pub use store::{Change, DeclareError, ParameterStore, SetError, StaleTransaction, Transaction};
pub use value::{Kind, UnknownType, Value};
pub use values::{ReadError, Values};
pub use yaml::{YamlError, parse_value};
