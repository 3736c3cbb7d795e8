//! The scenes of the thesis' table A8 as families: a target, three things that could push it, obstacles before two of them.
//!
//! What the published pictures show is rebuilt by its mechanics: what rolls, what slides, what is pushed with a tool, and the
//! kind of obstacle. Obstacles have shapes and hues that training does not have.

use super::around;
use super::obstacles::{self, Form, HeldOut};
use super::placement;
use super::things::Thing;
use super::{Draft, Generated, Kind, dominos, looks, simulated};
use crate::world::scene::{Look, Simulation};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

/// Things that could push the target.
const CANDIDATES: usize = 3;
/// Angles at which they lie behind it, and how far these vary to either side, rad.
const SIDE_RAD: f64 = 0.6;
const VARIATION_RAD: f64 = 0.12;
/// Half of the angle round the middle one in which the goal lies, rad.
const GOAL_RAD: f64 = 0.2;
/// Half of the side of the square in which the target lies, metres.
const MIDDLE_M: f64 = 0.25;

/// A family of scenes, by its name in table A8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Room {
    /// Three lines of dominos, two of which end too far from the target
    Dominos,
    /// Balls behind cues
    Pool1,
    /// Balls behind corners
    Pool2,
    /// Ducks, which roll here, behind barriers
    Duckie1,
    /// Ducks in rims
    Duckie2,
    /// Ducks behind corners
    Duckie3,
    /// Lemons in rims
    KitchenLemon,
    /// Melons behind bars
    KitchenCantaloupes,
    /// White balls behind barriers
    PaperBalls,
    /// Cups behind barriers
    CoffeeCups,
    /// Blocks that push a cup, behind bars
    Accessories,
    /// Stones behind bars
    CurlingStones,
    /// Cubes behind corners
    RubiksCube,
    /// Sticks that push a stone
    ToolCurlingStones,
    /// Sticks that push a block
    ToolAccessories,
    /// Sticks that push a cup
    ToolCoffeeCups,
    /// Mallets that push a puck
    ToolAirHockey,
    /// Sticks that push a lemon
    ToolKitchenLemon,
    /// Mallets that push a white ball
    ToolPaperBalls,
    /// Sticks that push a pot, behind corners
    ToolPlantPots,
    /// Mallets that push a soap
    ToolSoaps,
    /// Sticks that push a cube
    ToolRubiksCube,
}

/// Where things lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Gaps between them and the target, metres.
    way_m: [f64; 2],
    /// How far the middle of the target's square lies ahead of the table's, in the direction of the goal, metres.
    forward_m: f64,
}

impl Layout {
    /// Of training.
    pub const TRAINING: Self = Self { way_m: [0.35, 0.65], forward_m: 0.0 };
    /// Of rooms: with more room for tools, and for obstacles before the nearest thing.
    const ROOM: Self = Self { way_m: [0.42, 0.65], forward_m: 0.3 };
}

/// What a room is made of.
pub(super) struct Parts {
    pub candidate: Thing,
    pub target: Thing,
    pub obstacle: Form,
    /// The colour of what is no tool; `None` for random ones.
    pub colour: Option<[f32; 3]>,
}

const YELLOW: [f32; 3] = [0.88, 0.9, 0.12];
const MELON: [f32; 3] = [0.68, 0.82, 0.42];
const WHITE: [f32; 3] = [0.93, 0.93, 0.93];

impl Room {
    /// All 22, in the table's order.
    pub const ALL: [Self; 22] = [
        Self::Dominos,
        Self::Pool1,
        Self::Pool2,
        Self::Duckie1,
        Self::Duckie2,
        Self::Duckie3,
        Self::KitchenLemon,
        Self::KitchenCantaloupes,
        Self::PaperBalls,
        Self::CoffeeCups,
        Self::Accessories,
        Self::CurlingStones,
        Self::RubiksCube,
        Self::ToolCurlingStones,
        Self::ToolAccessories,
        Self::ToolCoffeeCups,
        Self::ToolAirHockey,
        Self::ToolKitchenLemon,
        Self::ToolPaperBalls,
        Self::ToolPlantPots,
        Self::ToolSoaps,
        Self::ToolRubiksCube,
    ];

    /// Whether a tool pushes the target.
    pub fn is_tool(self) -> bool {
        self.parts().is_some_and(|parts| matches!(parts.candidate, Thing::Stick | Thing::Mallet))
    }

    /// Videos of 50 that are valid, and that succeed, as published (table A8).
    pub fn published(self) -> [usize; 2] {
        match self {
            Self::Dominos | Self::KitchenLemon => [50, 50],
            Self::Pool1 => [49, 48],
            Self::Pool2 => [22, 12],
            Self::Duckie1 => [40, 34],
            Self::Duckie2 => [37, 24],
            Self::Duckie3 => [41, 38],
            Self::KitchenCantaloupes => [50, 39],
            Self::PaperBalls => [50, 49],
            Self::CoffeeCups => [44, 41],
            Self::Accessories => [50, 47],
            Self::CurlingStones => [49, 37],
            Self::RubiksCube => [49, 46],
            Self::ToolCurlingStones => [47, 45],
            Self::ToolAccessories => [47, 40],
            Self::ToolCoffeeCups => [44, 44],
            Self::ToolAirHockey => [45, 38],
            Self::ToolKitchenLemon => [50, 44],
            Self::ToolPaperBalls => [50, 47],
            Self::ToolPlantPots => [46, 38],
            Self::ToolSoaps => [48, 42],
            Self::ToolRubiksCube => [48, 45],
        }
    }

    /// `None` for dominos, which stand in lines.
    fn parts(self) -> Option<Parts> {
        use HeldOut::{Bar, Corner, Rim, Wall};
        use Thing::{Ball, Block, Cube, Cup, Mallet, Puck, Stick};
        let (candidate, target, obstacle, colour) = match self {
            Self::Dominos => return None,
            Self::Pool1 => (Ball, Ball, Bar, None),
            Self::Pool2 => (Ball, Ball, Corner, None),
            Self::Duckie1 => (Ball, Ball, Wall, Some(YELLOW)),
            Self::Duckie2 => (Ball, Ball, Rim, Some(YELLOW)),
            Self::Duckie3 => (Ball, Ball, Corner, Some(YELLOW)),
            Self::KitchenLemon => (Ball, Ball, Rim, Some(YELLOW)),
            Self::KitchenCantaloupes => (Ball, Ball, Bar, Some(MELON)),
            Self::PaperBalls => (Ball, Ball, Wall, Some(WHITE)),
            Self::CoffeeCups => (Cup, Cup, Wall, None),
            Self::Accessories => (Block, Cup, Bar, None),
            Self::CurlingStones => (Puck, Puck, Bar, None),
            Self::RubiksCube => (Cube, Cube, Corner, None),
            Self::ToolCurlingStones => (Stick, Puck, Wall, None),
            Self::ToolAccessories => (Stick, Block, Bar, None),
            Self::ToolCoffeeCups => (Stick, Cup, Wall, None),
            Self::ToolAirHockey => (Mallet, Puck, Bar, None),
            Self::ToolKitchenLemon => (Stick, Ball, Bar, Some(YELLOW)),
            Self::ToolPaperBalls => (Mallet, Ball, Wall, Some(WHITE)),
            Self::ToolPlantPots => (Stick, Cup, Corner, None),
            Self::ToolSoaps => (Mallet, Block, Bar, None),
            Self::ToolRubiksCube => (Stick, Cube, Wall, None),
        };
        Some(Parts { candidate, target, obstacle: Form::HeldOut(obstacle), colour })
    }

    fn kind(self) -> Kind {
        match self.parts() {
            None => Kind::Dominos,
            Some(Parts { candidate: Thing::Ball, .. }) => Kind::Blocked,
            Some(_) => Kind::Tools,
        }
    }
}

impl Room {
    /// The room of a seed. Body 0 is the target; the candidates follow (of dominos two a line), then the obstacles.
    ///
    /// What the pushed thing does is simulated; that the others cannot do it is up to an evaluation.
    pub fn generate(self, seed: u64) -> Generated {
        self.generate_as(None, seed)
    }

    /// The same in which one of the nine classes of pushed things is pushed, counted modulo nine: nearest, middle and farthest
    /// (class modulo 3) on the left, in the middle and on the right as seen from the target. Dominos have no such classes: the
    /// line that is nearest is pushed, wherever it is.
    pub fn generate_as(self, class: Option<usize>, seed: u64) -> Generated {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ ((self as u64 + 1) << 32));
        let mut simulation = Simulation::new();
        let random = Pushed::random(CANDIDATES, &mut rng);
        let given = |class| Pushed { of: CANDIDATES, place: class / CANDIDATES % CANDIDATES, rank: class % CANDIDATES };
        let pushed = class.map_or(random, given);
        loop {
            let draft = match self.parts() {
                None => dominos::lines(CANDIDATES, dominos::LONG, &mut rng),
                Some(parts) => draft(&parts, pushed, Layout::ROOM, &mut rng),
            };
            if let Some(made) = draft.and_then(|draft| simulated(self.kind(), seed, draft, &mut simulation)) {
                return made;
            }
        }
    }
}

/// Which of the things behind a target is pushed: drawn once for a seed, for what is far from the target leaves more room for
/// an obstacle, so that drafts that fit would mostly push the nearest thing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pushed {
    /// Things behind the target.
    of: usize,
    /// Its place among them in the order of the angles at which they lie.
    place: usize,
    /// Its place among them in the order of the gaps to the target.
    rank: usize,
}

impl Pushed {
    pub fn random(of: usize, rng: &mut impl Rng) -> Self {
        Self { of, place: rng.random_range(0..of), rank: rng.random_range(0..of) }
    }

    /// Random gaps by place, metres.
    fn gaps_m(self, way_m: [f64; 2], rng: &mut impl Rng) -> Vec<f64> {
        let mut gaps: Vec<f64> = (0..self.of).map(|_| rng.random_range(way_m[0]..way_m[1])).collect();
        let mut order: Vec<usize> = (0..self.of).collect();
        order.sort_by(|a, b| gaps[*a].total_cmp(&gaps[*b]));
        gaps.swap(self.place, order[self.rank]);
        gaps
    }
}

/// One target with things behind it; obstacles bar all of them but the one that is pushed.
pub(super) fn draft(parts: &Parts, which: Pushed, layout: Layout, rng: &mut impl Rng) -> Option<Draft> {
    let candidates = which.of;
    let rolling = parts.candidate == Thing::Ball;
    let mut scene = around::table(rolling, rng);
    let mut looks = looks::balls(1 + candidates, rng);
    if let Some(colour) = parts.colour {
        let tools = matches!(parts.candidate, Thing::Stick | Thing::Club | Thing::Mallet);
        let coloured = if tools { 1 } else { 1 + candidates };
        looks[..coloured].fill(Look::plain(colour));
    }
    let heading = rng.random_range(0.0..TAU);
    let target = parts.target.body(heading, looks[0], rng);
    let target = placement::place(&mut scene, target, rng, |rng| {
        let place = [rng.random_range(-MIDDLE_M..MIDDLE_M), rng.random_range(-MIDDLE_M..MIDDLE_M)];
        placement::along(place, heading, layout.forward_m)
    })?;
    let gaps = which.gaps_m(layout.way_m, rng);
    for ((candidate, look), gap) in looks[1..].iter().enumerate().zip(&gaps) {
        let place = candidate as f64 - 0.5 * (candidates - 1) as f64;
        let side = SIDE_RAD * place + rng.random_range(-VARIATION_RAD..VARIATION_RAD);
        around::behind(&mut scene, target, (parts.candidate, *look), heading + side, *gap, rng)?;
    }
    let (pushed, way) = (1 + which.place, gaps[which.place]);
    let goal_rad = heading + rng.random_range(-GOAL_RAD..GOAL_RAD);
    let (push, by_secs) = around::push(&scene, pushed, target, goal_rad, way, rng)?;
    for candidate in (1..=candidates).filter(|candidate| *candidate != pushed) {
        let open = Some((pushed, push.direction_rad));
        obstacles::bar(&mut scene, candidate, target, open, parts.obstacle, rng).then_some(())?;
    }
    scene.table.look = looks::ground(&scene, rng);
    Some(Draft { scene, push, target: Some(target), by_secs, direct: true })
}
