//! Bodies: shape, mass, look.

use serde::{Deserialize, Serialize};

/// Boxes that are taller than this many times their thinner side topple like dominos.
const DOMINO_RATIO: f64 = 3.0;

/// A rigid shape; upright on the table unless it is tilted by the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Shape {
    /// A ball.
    Ball {
        /// Metres.
        radius_m: f64,
    },
    /// A box.
    Box {
        /// Half of its sides along its own x, y and z, metres.
        half_m: [f64; 3],
    },
    /// A cylinder with a vertical axis.
    Cylinder {
        /// Metres.
        radius_m: f64,
        /// Half of its height, metres.
        half_height_m: f64,
    },
    /// A ball at the lower end of a rod without mass that turns freely about its upper end.
    Pendulum {
        /// Of the ball, metres.
        radius_m: f64,
        /// From the ball's centre to the upper end, metres.
        rod_m: f64,
    },
}

impl Shape {
    /// Height of its centre when it stands on the table, metres.
    pub fn rest_height_m(&self) -> f64 {
        match *self {
            Self::Ball { radius_m } | Self::Pendulum { radius_m, .. } => radius_m,
            Self::Box { half_m } => half_m[2],
            Self::Cylinder { half_height_m, .. } => half_height_m,
        }
    }

    /// Whether it is a box on end, thin along its x or y axis, which topples rather than slides.
    pub fn is_domino(&self) -> bool {
        matches!(self, Self::Box { half_m } if half_m[2] > DOMINO_RATIO * half_m[0].min(half_m[1]))
    }

    /// Radius of the smallest circle round its centre that holds it in a top view, metres.
    pub fn outer_radius_m(&self) -> f64 {
        match *self {
            Self::Ball { radius_m } | Self::Cylinder { radius_m, .. } | Self::Pendulum { radius_m, .. } => radius_m,
            Self::Box { half_m } => half_m[0].hypot(half_m[1]),
        }
    }
}

/// Something on the table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// Its shape.
    pub shape: Shape,
    /// Centre in a top view, metres.
    pub position_m: [f64; 2],
    /// Turn about z, rad.
    pub yaw_rad: f64,
    /// Mass, kilograms.
    pub mass_kg: f64,
    /// Whether it can move: obstacles cannot.
    pub moves: bool,
    /// What it looks like.
    pub look: Look,
    /// Height of its underside over the table, metres: of what stands on it 0, of parts of plants and of what floats in the
    /// air more.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lift_m: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// Colours and their pattern.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Main colour, sRGB, 0 to 1.
    pub colour: [f32; 3],
    /// Second colour of the pattern.
    pub second: [f32; 3],
    /// Where the second colour is.
    pub pattern: Pattern,
    /// Size of the pattern's elements, metres.
    pub scale_m: f64,
}

impl Look {
    /// One colour.
    pub fn plain(colour: [f32; 3]) -> Self {
        Self { colour, second: colour, pattern: Pattern::Plain, scale_m: 0.1 }
    }
}

/// A pattern of two colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pattern {
    /// The main colour alone.
    Plain,
    /// Parallel stripes.
    Stripes,
    /// A chess board.
    Checks,
    /// Smooth noise between both colours.
    Noise,
}

/// The table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Half of the side of the square that scenes are placed in, metres.
    pub half_m: f64,
    /// Coulomb friction of bodies on it.
    pub friction: f64,
    /// Rolling resistance of balls: deceleration, m/s^2.
    pub rolling_mps2: f64,
    /// Restitution of contacts between bodies, 0 to 1.
    pub restitution: f64,
    /// What it looks like.
    pub look: Look,
}

impl Body {
    /// Its centre at rest, metres.
    pub fn centre_m(&self) -> [f64; 3] {
        [self.position_m[0], self.position_m[1], self.lift_m + self.shape.rest_height_m()]
    }

    /// How far it extends from its centre along a direction in a top view, metres.
    pub fn extent_m(&self, direction_rad: f64) -> f64 {
        match self.shape {
            Shape::Ball { radius_m } | Shape::Cylinder { radius_m, .. } | Shape::Pendulum { radius_m, .. } => radius_m,
            Shape::Box { half_m } => {
                let (sin, cos) = (direction_rad - self.yaw_rad).sin_cos();
                half_m[0] * cos.abs() + half_m[1] * sin.abs()
            }
        }
    }
}
