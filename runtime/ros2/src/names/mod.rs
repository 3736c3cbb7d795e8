//! ROS 2 names: validation, expansion and remapping.

mod expand;
mod node_name;
mod remap;
mod validate;

pub use expand::{ResolvedName, expand};
pub use node_name::{NodeIdentity, fully_qualified};
pub use remap::{NameKind, RemapError, RemapRule, RemapTarget, remapped_identity, resolve};
pub(crate) use validate::shorten;
pub use validate::{NameError, NameFault, validate_name, validate_namespace, validate_node_name};
