//! Things that slide on smooth tables: cylinders, cubes and blocks, and the tools that push them.

use crate::world::scene::{Body, Look, Shape};
use rand::{Rng, RngExt};

/// Masses, kg.
const MASS_KG: [f64; 2] = [1.0, 4.0];
/// Half of a stick's length and thickness, and of a club's thickness and breadth, metres.
const STICK_M: [[f64; 2]; 2] = [[0.16, 0.24], [0.025, 0.04]];
const CLUB_M: [[f64; 2]; 2] = [[0.03, 0.05], [0.12, 0.2]];

/// What lies on the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    /// A ball.
    Ball,
    /// A cylinder that is about as high as it is broad: a cup, a pot.
    Cup,
    /// A flat cylinder: a stone of curling, a puck.
    Puck,
    /// A cube.
    Cube,
    /// A box that is longer than broad, as wide across the push as a cube: a soap, a book.
    Block,
    /// A tool that points at what it pushes.
    Stick,
    /// A tool that is broad where it strikes.
    Club,
    /// The same, less broad.
    Mallet,
}

impl Thing {
    /// One of it, at the origin; boxes have their x axis along `heading_rad`.
    pub fn body(self, heading_rad: f64, look: Look, rng: &mut impl Rng) -> Body {
        if self == Self::Ball {
            return super::balls::ball(look, rng);
        }
        let mut within = |[low, high]: [f64; 2]| rng.random_range(low..high);
        let shape = match self {
            Self::Ball | Self::Cup => {
                let radius_m = within([0.075, 0.1]);
                Shape::Cylinder { radius_m, half_height_m: radius_m * within([0.7, 1.0]) }
            }
            Self::Puck => Shape::Cylinder { radius_m: within([0.085, 0.12]), half_height_m: within([0.025, 0.04]) },
            Self::Cube => {
                let half = within([0.07, 0.1]);
                Shape::Box { half_m: [half; 3] }
            }
            Self::Block => {
                let side = within([0.08, 0.13]);
                Shape::Box { half_m: [side, side * within([0.8, 1.0]), within([0.04, 0.1])] }
            }
            Self::Stick => Shape::Box { half_m: [within(STICK_M[0]), within(STICK_M[1]), within([0.03, 0.06])] },
            Self::Mallet => Shape::Box { half_m: [within(CLUB_M[0]), within([0.08, 0.12]), within([0.03, 0.06])] },
            Self::Club => Shape::Box { half_m: [within(CLUB_M[0]), within(CLUB_M[1]), within([0.03, 0.06])] },
        };
        Body {
            shape,
            position_m: [0.0; 2],
            yaw_rad: heading_rad,
            mass_kg: within(MASS_KG),
            moves: true,
            look,
            lift_m: 0.0,
        }
    }
}
