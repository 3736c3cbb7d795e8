//! Goal force: which object a model pushes and what comes of it, beside controls without a network; what is met when parts of the truth are known; whether heavier objects are pushed as
//! mechanics asks (figure 4.6); the rooms of table A8 and the diversity of table 4.3; and how the direct force moves objects (tables A7 and T4.1 by machine measures, force
//! linearity of chapter 3).
//!
//! Scene families: `balls`; `blocked`, whose obstacles decide which ball can cause the goal; `held-out`, the same with
//! obstacles of shapes and hues that training does not have.

mod adherence;
mod adherence_table;
mod choice;
mod direct;
mod direct_table;
mod diversity;
mod fitted;
mod known;
mod known_table;
mod masses;
mod rooms;
mod rooms_table;
pub(crate) mod table;

pub use adherence::{Adherence, AdherenceArm, GoalClass, Told};
pub use adherence_table::AdherenceRow;
pub use choice::{Choice, ChooserRow, Family};
pub(crate) use direct::measure as measure_direct;
pub use direct::{Arm as MotionSource, Direct, DirectRow, LinearityRow, Several};
pub use direct_table::{DirectArmRow, LinearityArmRow, SeveralRow};
pub use diversity::Diversity;
pub(crate) use fitted::{Fitted, fitted};
pub use known::{KnownArms, KnownCount};
pub use known_table::KnownRow;
pub use masses::{MassCell, MassRelations, MassTest};
pub use rooms::{RoomArm, RoomCounts, RoomResult};
pub use rooms_table::{DiversityRow, RoomRow};
pub use table::GoalForceTable;

use clap::Args;
use planwright::model::Artefact;
use planwright::planner::goal_force::READING_VERSION;
use planwright::world::scene::{Room, SCENES_VERSION};
use planwright_training::recipe::content_sha256;
use planwright_training::study::{Bench, Cell, Request, Results, Section, Shown, Study, StudyError};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Scenes per cell, usual and quick: of a choice, of what is known, of a test of masses, of the direct force, of a room, of
/// diversity, of adherence.
const SCENES: [[usize; 2]; 7] = [[300, 60], [100, 8], [20, 4], [150, 10], [18, 2], [4, 1], [100, 6]];
/// Seeds of scenes.
const SEEDS: [u64; 3] = [0, 1, 2];

/// Which model.
#[derive(Args, Clone, Debug, Default)]
pub struct GoalForceOptions {
    /// The model
    #[arg(long, default_value = "models/goal-force.onnx", value_name = "FILE")]
    model: PathBuf,
    /// What is measured (default: all)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    measures: Vec<MeasureKind>,
}

/// A kind of measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum MeasureKind {
    /// Which object is pushed, beside controls
    Choice,
    /// What is met when surface, masses and objects are known
    Known,
    /// How fast, over masses
    Masses,
    /// What the direct force does
    Direct,
    /// The rooms of table A8: which of three things sets off
    Rooms,
    /// Which of five dominos sets off
    Diversity,
    /// How well motions keep to the goal and to mechanics
    Adherence,
}

/// The study.
pub struct GoalForce;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Which object is pushed.
    Choice(Family),
    /// What is met when parts of the truth are known.
    Known(Family),
    /// How fast, over masses.
    Masses(MassTest),
    /// What the direct force does.
    Direct,
    /// Which of three things sets off.
    Room(Room),
    /// Which of five dominos sets off.
    Diversity,
    /// How well motions keep to the goal and to mechanics.
    Adherence(GoalClass),
}

impl Measure {
    fn all() -> impl Iterator<Item = Self> {
        let known = Family::ALL.map(Self::Known);
        Family::ALL
            .map(Self::Choice)
            .into_iter()
            .chain(MassTest::ALL.map(Self::Masses))
            .chain(known)
            .chain([Self::Direct, Self::Diversity])
            .chain(GoalClass::ALL.map(Self::Adherence))
            .chain(Room::ALL.map(Self::Room))
    }

    fn kind(self) -> MeasureKind {
        match self {
            Self::Choice(_) => MeasureKind::Choice,
            Self::Known(_) => MeasureKind::Known,
            Self::Masses(_) => MeasureKind::Masses,
            Self::Direct => MeasureKind::Direct,
            Self::Room(_) => MeasureKind::Rooms,
            Self::Diversity => MeasureKind::Diversity,
            Self::Adherence(_) => MeasureKind::Adherence,
        }
    }
}

/// One measure of one model on scenes of one seed.
#[derive(Clone, Debug)]
pub struct GoalForceCell {
    /// What is measured.
    pub measure: Measure,
    /// Seed of the scenes.
    pub seed: u64,
    /// Scenes.
    pub scenes: usize,
    /// The model's file.
    pub model: PathBuf,
    /// And its hash.
    pub model_sha256: String,
    /// ONNX Runtime's library; no result depends on it.
    pub library: Option<PathBuf>,
}

/// Result of a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoalForceResult {
    /// What is measured.
    pub measure: Measure,
    /// Seed of the scenes.
    pub seed: u64,
    /// SHA-256 of everything that determines it, hex.
    pub settings_sha256: String,
    /// The model's.
    pub model_sha256: String,
    /// Of a choice.
    pub choice: Option<Choice>,
    /// Of what is known.
    pub known: Option<KnownArms>,
    /// Of masses.
    pub masses: Option<MassRelations>,
    /// Of the direct force.
    pub direct: Option<Direct>,
    /// Of a room.
    pub room: Option<RoomResult>,
    /// Of diversity.
    pub diversity: Option<Diversity>,
    /// Of adherence.
    pub adherence: Option<Adherence>,
}

impl Cell for GoalForceCell {
    type Output = GoalForceResult;

    fn path(&self) -> String {
        match self.measure {
            Measure::Choice(family) => format!("{}-s{}", family.name(), self.seed),
            Measure::Known(family) => format!("known-{}-s{}", family.name(), self.seed),
            Measure::Masses(test) => format!("{}-s{}", test.name(), self.seed),
            Measure::Direct => format!("direct-s{}", self.seed),
            Measure::Room(room) => {
                let name = clap::ValueEnum::to_possible_value(&room);
                format!("room-{}-s{}", name.as_ref().map_or("", clap::builder::PossibleValue::get_name), self.seed)
            }
            Measure::Diversity => format!("diversity-s{}", self.seed),
            Measure::Adherence(class) => format!("adherence-{}-s{}", class.name(), self.seed),
        }
    }

    fn sha256(&self) -> String {
        content_sha256(&(self.measure, self.seed, self.scenes, &self.model_sha256, SCENES_VERSION, READING_VERSION))
    }

    fn sha256_of(output: &GoalForceResult) -> Cow<'_, str> {
        Cow::Borrowed(&output.settings_sha256)
    }

    fn run(&self, _bench: &Bench<'_>) -> Result<GoalForceResult, StudyError> {
        let mut planner = fitted::opened(&self.model, self.library.as_ref())?;
        let mut result = GoalForceResult {
            measure: self.measure,
            seed: self.seed,
            settings_sha256: self.sha256(),
            model_sha256: self.model_sha256.clone(),
            choice: None,
            known: None,
            masses: None,
            direct: None,
            room: None,
            diversity: None,
            adherence: None,
        };
        let (seed, scenes) = (self.seed, self.scenes);
        match self.measure {
            Measure::Choice(family) => result.choice = Some(choice::measure(family, seed, scenes, &mut planner)?),
            Measure::Known(family) => result.known = Some(known::measure(family, seed, scenes, &mut planner)?),
            Measure::Masses(test) => result.masses = Some(masses::measure(test, seed, scenes, &mut planner)?),
            Measure::Direct => result.direct = Some(direct::measure(seed, scenes, &mut planner)?),
            Measure::Room(room) => result.room = Some(rooms::measure(room, seed, scenes, &mut planner)?),
            Measure::Diversity => result.diversity = Some(diversity::measure(seed, scenes, &mut planner)?),
            Measure::Adherence(class) => {
                result.adherence = Some(adherence::measure(class, seed, scenes, &mut planner)?);
            }
        }
        Ok(result)
    }
}

fn cells(model: &Path, sha256: &str, request: &Request<GoalForceOptions>) -> Vec<GoalForceCell> {
    let quick = usize::from(request.size == "quick");
    let seeds = request.seeds_or(if quick == 1 { &SEEDS[..1] } else { &SEEDS });
    let kinds = &request.options.measures;
    let measures = Measure::all().filter(|measure| kinds.is_empty() || kinds.contains(&measure.kind()));
    let of_measure = |measure: Measure| {
        let [choice, known, masses, direct, rooms, diversity, adherence] = SCENES.map(|sizes| sizes[quick]);
        let scenes = match measure.kind() {
            MeasureKind::Choice => choice,
            MeasureKind::Known => known,
            MeasureKind::Masses => masses,
            MeasureKind::Direct => direct,
            MeasureKind::Rooms => rooms,
            MeasureKind::Diversity => diversity,
            MeasureKind::Adherence => adherence,
        };
        let cell = move |seed: &u64| GoalForceCell {
            measure,
            seed: *seed,
            scenes,
            model: model.to_path_buf(),
            model_sha256: sha256.to_owned(),
            library: request.common.onnxruntime.clone(),
        };
        seeds.iter().map(cell).collect::<Vec<_>>()
    };
    measures.flat_map(of_measure).collect()
}

impl Study for GoalForce {
    const NAME: &'static str = "goal_force";
    const ABOUT: &'static str = "Pushes from pictures: choice of the object beside controls, table A8's rooms, diversity, mass relations, direct force";
    const SIZES: &'static [&'static str] = &["reduced", "quick"];
    const EXAMPLES: &'static str = "\
Examples:
  planwright-study run goal_force --size quick
  planwright-study run goal_force --measures known
  planwright-study run goal_force --model goal-force.onnx --seeds 0,1,2 --shard 1/3
  planwright-study table goal_force --json";
    type Options = GoalForceOptions;
    type Cell = GoalForceCell;

    fn cells(&self, request: &Request<GoalForceOptions>) -> Result<Vec<GoalForceCell>, StudyError> {
        let model = &request.options.model;
        let artefact = Artefact::open(model).map_err(StudyError::input)?;
        if artefact.manifest().family.goal_force().is_none() {
            return Err(StudyError::setting("model", "of family goal-force", model.display()));
        }
        Ok(cells(model, artefact.sha256(), request))
    }

    fn table(&self, request: &Request<GoalForceOptions>, done: &Results<Self>) -> Result<Shown, StudyError> {
        let table = GoalForceTable::of(&request.command, &done.results);
        Shown::of(&table, table.text())
    }

    fn section(&self, request: &Request<GoalForceOptions>, done: &Results<Self>) -> Result<Section, StudyError> {
        let text = GoalForceTable::of(&request.command, &done.results).markdown();
        let (title, commands) = ("Goal force".to_owned(), vec![request.command.clone()]);
        Ok(Section { title, commands, text, figures: Vec::new() }.incomplete(done.missing.len()))
    }
}

#[cfg(test)]
mod tests;
