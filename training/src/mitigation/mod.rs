//! What brings a drifted quantity back: inverse reweighting, conditions, and the coordinate transform.
//!
//! Plain numbers only; networks, fits and exports are elsewhere.
//!
//! ```text
//! reweight      bins that the model missed are drawn more often in the next fit (eqs. 20-21)
//! condition     the quantity as a request: Fourier features, requests from the intended distribution (eq. 22)
//! transform     codes -> code kernel -> W -> pairing (eqs. 23-25)
//! ```
//!
//! The transform's network learns unlabelled codes; only the pairing of codes and trajectories knows the quantity.
//! The network therefore sees neither data nor quantity, and another pairing needs no other fit.

mod bins;
mod code_kernel;
mod code_space;
mod codes;
mod condition;
mod error;
mod neighbours;
mod objective;
mod pairing;
mod pieces;
mod reweight;
mod sparse;

pub use bins::{CoarsePosteriors, coarsened};
pub use code_kernel::{CodeKernel, Run};
pub use code_space::CodeSpace;
pub use codes::Codes;
pub use condition::{QuantityCondition, requested_values};
pub use error::MitigationError;
pub use neighbours::Neighbours;
pub use pairing::{Pairing, PairingPlan, PairingReport};
pub use reweight::{IndexSampler, InverseWeights};
pub use sparse::SparseRows;
