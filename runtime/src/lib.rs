//! Runs learned planners on robots, and lets no plan out that physics has not seen.
//!
//! A planner trained by `planwright-train` arrives as one ONNX file. This library loads it, plans with it,
//! corrects every proposal in a simulated world and checks what comes out:
//!
//! ```text
//! Observation -> planner -> Proposal -> correction -> Corrected -> gate -> CheckedPlan -> view
//! ```
//!
//! The smallest use:
//!
//! ```no_run
//! use planwright::model::{Artefact, EngineChoice};
//! use planwright::pilot::{Pilot, PilotSettings};
//! use planwright::planner::{Observation, Planner, PlannerSettings, load};
//! use planwright::view::View;
//! use planwright::world::{MazeWorld, State};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let artefact = Artefact::open("models/maze-umaze.onnx".as_ref())?;
//! let planner = load(&artefact, &EngineChoice::default(), &PlannerSettings::default())?;
//! let world = MazeWorld::new(planner.description().maze()?.clone());
//! let mut pilot = Pilot::new(planner, PilotSettings::default(), View::disabled());
//! let observation = Observation { state: State::at_rest([3.0, 1.0]), goal: [1.0, 1.0], stamp_secs: 0.0, step: 0 };
//! let checked = pilot.plan(&world, &observation, 0.0, 0.0);
//! println!("{:?}: {} states", checked.origin(), checked.trajectory().states.len());
//! # Ok(())
//! # }
//! ```
//!
//! [`world`], [`quantity`], [`density`], [`diffusion`] and [`model`] are the ground floor and know nothing of each
//! other's insides; [`planner`], [`correction`] and [`gate`] stand on them in the order of the data; [`pilot`]
//! closes the loop, [`evaluate`] scores it, [`view`] shows it.

pub mod cli;
pub mod correction;
pub mod density;
pub mod diffusion;
pub mod evaluate;
pub mod figures;
pub mod files;
pub mod gate;
pub mod geometry;
pub mod model;
#[cfg(feature = "ros2")]
pub mod nodes;
pub mod pilot;
pub mod planner;
pub mod quantity;
pub mod text;
pub mod trajectory;
pub mod view;
pub mod world;
