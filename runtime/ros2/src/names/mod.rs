//! Names as ROS 2 knows them: what a valid name is, how a relative one becomes absolute, how rules rename it.

mod expand;
mod node_name;
mod remap;
mod validate;

pub use expand::{ResolvedName, expand};
pub use node_name::{NodeIdentity, fully_qualified};
pub use remap::{NameKind, RemapError, RemapRule, RemapTarget, remapped_identity, resolve};
pub(crate) use validate::shorten;
pub use validate::{NameError, NameFault, validate_name, validate_namespace, validate_node_name};
