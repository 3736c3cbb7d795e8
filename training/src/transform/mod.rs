//! The coordinate transform (section 6): a denoiser learns unlabelled codes, and each code is paired with a trajectory so
//! that every neighbourhood of codes holds the intended distribution of a physical quantity.
//!
//! ```text
//! system -> trajectories -> recovered quantity -> coarse posteriors -.
//! codes (Latin hypercube) -> code kernel -> W (eq. 24) ------------> pairing (eq. 25) -> decoder tables
//! ```
//!
//! Only the pairing of codes and trajectories depends on the quantity: the network sees neither data nor quantity, and
//! another pairing needs no other fit. [`paired_codes`] does all of it. [`deviation`] predicts from the data alone where
//! a model of a given error moves the quantity. Plain numbers only; networks, fits and exports are elsewhere.

mod coarse_posteriors;
mod code_kernel;
mod code_space;
mod codes;
pub mod deviation;
mod error;
mod neighbours;
mod objective;
mod paired_codes;
mod pairing;
mod pieces;
mod sparse;
mod system;

pub use coarse_posteriors::{CoarsePosteriors, coarsened};
pub use code_kernel::{CodeKernel, Run};
pub use code_space::CodeSpace;
pub use codes::Codes;
pub use error::TransformError;
pub use neighbours::Neighbours;
pub use paired_codes::{DecoderTables, PairedCodes, TransformSettings, paired_codes};
pub use pairing::{Pairing, PairingPlan, PairingReport};
pub use sparse::SparseRows;
pub use system::{MazeSegments, Quotas, Recovered, SegmentSettings, System, SystemError};
