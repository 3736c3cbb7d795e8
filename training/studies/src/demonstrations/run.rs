//! One cell: drives, a fit where there is one, and the answers to all queries.

use super::controls::{Rules, SpeedRule, Tuned, random_path};
use super::foreign::{Driven, Query, queries};
use super::measure::{ArmFigures, Cleared, figures};
use super::network::{Fitted, fit};
use super::rows::{Recorded, Rows, recorded};
use super::selection;
use super::settings::{ArmKind, DemonstrationSettings};
use planwright::quantity::Marginal;
use planwright_training::dataset::corridors::demonstrations;
use planwright_training::recipe::content_sha256;
use planwright_training::study::{Bench, Cell, StudyError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Queries of a preference: made once per process, because maps and their distance fields are costly.
pub(super) type SharedQueries = Arc<OnceLock<Result<Vec<Query>, String>>>;

/// A cell with what it shares with others.
#[derive(Clone)]
pub struct DemonstrationCell {
    /// Everything that determines it, but for the files of the maps.
    pub settings: DemonstrationSettings,
    /// Folder of the maps.
    pub(super) maps: PathBuf,
    pub(super) queries: SharedQueries,
}

/// Result of a cell: the content of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemonstrationResult {
    /// Everything that determines it.
    pub settings: DemonstrationSettings,
    /// SHA-256 of the settings, hex.
    pub settings_sha256: String,
    /// Drives.
    pub drives: usize,
    /// Drives that the projection leaves out.
    pub left_out: usize,
    /// Queries.
    pub queries: usize,
    /// Loss over the first and last tenth of the steps, where a network was fitted.
    pub losses: Option<[f64; 2]>,
    /// The clearance term, and the constant offset, that are nearest to the drives.
    pub tuned: Option<[Tuned; 2]>,
    /// One entry per arm.
    pub arms: Vec<ArmFigures>,
    /// Time, seconds.
    pub wall_secs: f64,
}

impl Cell for DemonstrationCell {
    type Output = DemonstrationResult;

    fn path(&self) -> String {
        let DemonstrationSettings { preference, minutes, kind, seed, .. } = &self.settings;
        format!("{}/minutes-{minutes}/{}-seed-{seed}", preference.name(), kind.name())
    }

    fn sha256(&self) -> String {
        content_sha256(&self.settings)
    }

    fn sha256_of(output: &DemonstrationResult) -> Cow<'_, str> {
        Cow::Borrowed(&output.settings_sha256)
    }

    fn steps(&self) -> u64 {
        if self.settings.kind == ArmKind::Controls { 100 } else { self.settings.steps }
    }

    fn run(&self, bench: &Bench<'_>) -> Result<DemonstrationResult, StudyError> {
        let begun = Instant::now();
        let settings = &self.settings;
        let found = self.queries.get_or_init(|| {
            queries(settings.preference, &settings.foreign, &self.maps).map_err(|error| error.to_string())
        });
        let queries = found.as_ref().map_err(|error| StudyError::input(error.clone()))?;
        let driven =
            demonstrations(settings.preference, settings.minutes.into(), settings.seed).map_err(StudyError::input)?;
        let drives = driven.len();
        let recorded = recorded(driven);
        let shares: Vec<f64> = recorded.iter().map(|one| one.room_share).collect();
        let mut answers = Answers {
            queries,
            intended: Marginal::from_values(selection::grid()?, &shares)?,
            targets: selection::targets(queries, &shares, settings.seed)?,
            rng: ChaCha8Rng::seed_from_u64(settings.seed),
            has_speed: settings.preference.has_speed(),
            arms: Vec::new(),
        };
        answers.rng.set_stream(u64::MAX);
        let (mut losses, mut tuned) = (None, None);
        match settings.kind {
            ArmKind::Controls => tuned = Some(answers.controls(&recorded, settings.samples)?),
            ArmKind::Regression | ArmKind::Diffusion => {
                let rows = Rows::new(&recorded, answers.has_speed)?;
                let made = fit(&rows, settings, &self.path(), || bench.progress.advance(1))?;
                losses = Some(made.losses);
                match settings.kind {
                    ArmKind::Regression => {
                        answers.network("regression", &made.last, settings)?;
                        answers.network("one-step", &made.first, settings)?;
                    }
                    _ => answers.transformed("diffusion", &made.last, settings)?,
                }
            }
        }
        Ok(DemonstrationResult {
            settings: settings.clone(),
            settings_sha256: self.sha256(),
            drives,
            left_out: drives - recorded.len(),
            queries: queries.len(),
            losses,
            tuned,
            arms: answers.arms,
            wall_secs: begun.elapsed().as_secs_f64(),
        })
    }
}

/// Answers to all queries, measured arm by arm.
struct Answers<'a> {
    queries: &'a [Query],
    /// The drives' distribution of the share of free space, and each query's part of it.
    intended: Marginal,
    targets: Vec<f64>,
    rng: ChaCha8Rng,
    has_speed: bool,
    arms: Vec<ArmFigures>,
}

impl Answers<'_> {
    fn measure(&mut self, arm: &str, cleared: &Cleared) -> Result<(), StudyError> {
        self.arms.push(figures(arm, self.queries, cleared, &self.intended, self.has_speed)?);
        Ok(())
    }

    fn single(&mut self, arm: &str, mut answer: impl FnMut(&Query) -> Driven) -> Result<(), StudyError> {
        let answers = self.queries.iter().map(|query| vec![answer(query)]).collect();
        self.measure(arm, &Cleared::new(self.queries, answers))
    }

    fn network(&mut self, arm: &str, fitted: &Fitted, settings: &DemonstrationSettings) -> Result<Cleared, StudyError> {
        let DemonstrationSettings { samples, levels, .. } = *settings;
        let answers = self.queries.iter().map(|query| fitted.answers(query, samples, levels, &mut self.rng)).collect();
        let cleared = Cleared::new(self.queries, answers);
        self.measure(arm, &cleared)?;
        Ok(cleared)
    }

    fn transformed(&mut self, arm: &str, fitted: &Fitted, settings: &DemonstrationSettings) -> Result<(), StudyError> {
        let cleared = self.network(arm, fitted, settings)?;
        self.measure(&format!("{arm}+transform"), &cleared.chosen(self.queries, &self.targets))
    }

    fn controls(&mut self, recorded: &[Recorded], samples: usize) -> Result<[Tuned; 2], StudyError> {
        let mut rng = self.rng.clone();
        let mut rules = Rules::default();
        let (speeds, tuned) = (SpeedRule::of(recorded), rules.tune(recorded));
        // The demonstrator once more, with a coin of its own: what figures of distributions are without any error.
        self.single("demonstrator", |query| query.modes[rng.random_range(0..query.modes.len())].clone())?;
        self.single("route", |query| Driven { offsets: query.route.clone(), speeds: vec![1.0; query.route.len()] })?;
        self.single("time-optimal", |query| rules.time_optimal(query, &mut rng))?;
        self.single("tuned-clearance", |query| rules.tuned_clearance(query, &tuned[0], &speeds))?;
        self.single("tuned-offset", |query| rules.tuned_offset(query, &tuned[1], &speeds))?;
        let random = |query: &Query| (0..samples).map(|_| random_path(query, &mut rng)).collect();
        let cleared = Cleared::new(self.queries, self.queries.iter().map(random).collect());
        self.measure("random", &cleared)?;
        self.measure("random+transform", &cleared.chosen(self.queries, &self.targets))?;
        Ok(tuned)
    }
}
