//! crates.io's rustdds with the patches of this folder: see README.md.
#![allow(warnings, clippy::all)]

include!(concat!(env!("OUT_DIR"), "/rustdds-0.15.1/src/lib.rs"));
