//! `planwright plan --image`: from a picture and a goal for one object to the push of another.

use super::arguments::{PlannerArguments, finish_view, numbers, open_artefact, shipped};
use super::output::{CliError, print_json, print_text};
use super::planned_push::PlannedPush;
use crate::files::{check_writable, write_atomically};
use crate::model::{Artefact, load_engine};
use crate::planner::goal_force::{
    GoalForcePlanner, GoalForceSettings, PushProposal, PushRequest, ReadFault, SeenScene, SquarePicture,
};
use crate::view::{Event, Stamp, Subject};
use crate::world::scene::{Camera, Picture, Surface};
use clap::Args;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Largest picture and camera file, bytes.
const MAX_BYTES: u64 = 64 << 20;

#[derive(Args)]
pub(super) struct PushQuestion {
    /// A PNG of a table with objects at rest: plan the push of one of them that moves --target as --goal says
    #[arg(long, value_name = "FILE", requires_all = ["camera", "target", "goal"], conflicts_with_all = ["map", "control", "planner", "start"])]
    image: Option<PathBuf>,
    /// The camera of --image, JSON: width, height, focal_px, principal_px, position_m and world_from_camera (rows)
    #[arg(long, value_name = "FILE", requires = "image")]
    camera: Option<PathBuf>,
    /// A point on the target, px of --image. --goal is then dx,dy,speed: a direction on the table and m/s
    #[arg(long, value_name = "U,V", requires = "image")]
    target: Option<String>,
    /// A known mass: a point on an object, px, and kg; several by repetition
    #[arg(long = "mass", value_name = "U,V,KG", requires = "image")]
    masses: Vec<String>,
    /// What no picture shows, measured on your table: friction; deceleration of a ball that rolls, m/s^2; restitution (default:
    /// 0.4,0.02,0.8). Friction is the tangent of the tilt at which a block begins to slide. A ball rolled out at v m/s over s
    /// metres decelerates by v^2 / (2 s). Of a ball that strikes an equal one at rest head on, restitution is the struck one's
    /// speed over the striking one's, times 2, less 1
    #[arg(long, value_name = "FRICTION,ROLLING,RESTITUTION", requires = "image")]
    surface: Option<String>,
}

/// A model of family goal-force on the engine and with the settings of the command line.
pub(super) fn open_push_planner(
    artefact: &Artefact,
    arguments: &PlannerArguments,
) -> Result<GoalForcePlanner, CliError> {
    let choice = arguments.engine.choice().map_err(CliError::input)?;
    let denoiser = &arguments.settings.denoiser;
    let settings = GoalForceSettings { steps: denoiser.denoising_steps, candidates: denoiser.candidates };
    let engine = |batch| load_engine(artefact, &choice, batch);
    GoalForcePlanner::open(artefact.manifest(), settings, engine).map_err(CliError::input)
}

impl PushQuestion {
    /// The picture, if this is what is planned on.
    pub(super) fn image(&self) -> Option<&Path> {
        self.image.as_deref()
    }

    /// Plans on a picture.
    pub(super) fn run(
        &self,
        image: &Path,
        goal: &str,
        arguments: &PlannerArguments,
        png: Option<&Path>,
        json: bool,
    ) -> Result<(), CliError> {
        let model = arguments.model.clone().map_or_else(|| shipped("goal-force"), Ok)?;
        let artefact = open_artefact(&model)?;
        let mut planner = open_push_planner(&artefact, arguments)?;
        if let Some(path) = png {
            check_writable(path).map_err(|error| CliError::wrong(format!("--png {}: {error}", path.display())))?;
        }
        let picture = Picture::read_png(&bytes_of(image, "--image")?)
            .map_err(|error| CliError::wrong(format!("--image {}: expected a PNG, got {error}", image.display())))?;
        let camera = self.camera.as_deref().ok_or_else(|| CliError::wrong("expected --camera FILE, got none"))?;
        let read: Result<Camera, _> = serde_json::from_slice(&bytes_of(camera, "--camera")?);
        let taken_by = read.map_err(|error| {
            let hint = "`planwright world scene --out table` writes an example";
            CliError::wrong(format!("--camera {}: expected a camera, got {error}\nhint: {hint}", camera.display()))
        })?;
        let size = [picture.width, picture.height];
        let square = SquarePicture::new(&picture.rgb, size, &taken_by, planner.spec().picture_px)
            .map_err(|fault| CliError::wrong(format!("--image {}: {fault}", image.display())))?;
        let seed = arguments.settings.seed;
        let planned = self.plan(&mut planner, &square, goal, seed)?;
        if let Some(path) = png {
            write_strip(path, &planner, &square, &planned)?;
        }
        // Only now: a question that is refused leaves no recording.
        let view = arguments.view.start_for(Subject::Push)?;
        if view.is_enabled() {
            view.log(Stamp::default(), Event::Push(Box::new(planned.view(&planner, &square))));
        }
        finish_view(view);
        let PlannedPush { seen, read, checked, problems, plan_ms, .. } = &planned;
        let push = checked.map(|checked| checked.push());
        let initiator =
            push.map(|push| (seen.scene.bodies[push.body], square.original(seen.detections[push.body].centre_px)));
        if json {
            let proposals: Vec<serde_json::Value> = read.iter().map(proposal_json).collect();
            print_json(&serde_json::json!({
                "outcome": if push.is_some() { "planned" } else { "no_push" },
                "push": push,
                "impulse_ns": push.zip(initiator).map(|(push, (body, _))| push.speed_mps * body.mass_kg),
                "initiator_px": initiator.map(|(_, px)| px),
                "initiator_m": initiator.map(|(body, _)| body.position_m),
                "target_mps": checked.map(|checked| checked.struck_mps()),
                "goal": seen.goal,
                "bodies": seen.scene.bodies,
                "proposals": proposals,
                "problems": problems,
                "plan_ms": plan_ms,
                "engine": planner.engine(),
                "model": model,
                "model_sha256": artefact.sha256(),
            }))?;
        } else if let Some((push, (body, [u, v]))) = push.zip(initiator) {
            let [vx, vy] = checked.map_or([f64::NAN; 2], |checked| checked.struck_mps());
            print_text(&format!(
                "push the object at ({u:.0}, {v:.0}) px, ({:.3}, {:.3}) m on the table, by {:.2} m/s at {:.0} degrees\nin simulation the target then moves at {:.2} m/s, {:.0} degrees\n{} objects, {} motions, {plan_ms:.1} ms on {}",
                body.position_m[0],
                body.position_m[1],
                push.speed_mps,
                push.direction_rad.to_degrees(),
                vx.hypot(vy),
                vy.atan2(vx).to_degrees(),
                seen.scene.bodies.len(),
                read.len(),
                planner.engine().engine,
            ))?;
        }
        match checked {
            Some(_) => Ok(()),
            None => Err(CliError::failed(anyhow::anyhow!("no push passed the gate: {}", problems.join("; ")))),
        }
    }

    fn plan(
        &self,
        planner: &mut GoalForcePlanner,
        square: &SquarePicture,
        goal: &str,
        seed: u64,
    ) -> Result<PlannedPush, CliError> {
        let target = self.target.as_deref().unwrap_or_default();
        let target = numbers(target, "--target", &[2])?;
        let goal = numbers(goal, "--goal", &[3])?;
        if !(goal[0].hypot(goal[1]) > 0.0) {
            return Err(CliError::wrong("--goal: expected a direction dx,dy that is not 0,0"));
        }
        let mass = |text: &String| -> Result<([f64; 2], f64), CliError> {
            let values = numbers(text, "--mass", &[3])?;
            if !(values[2] > 0.0) {
                return Err(CliError::wrong(format!("--mass: expected kg above 0, got {}", values[2])));
            }
            Ok((square.point([values[0], values[1]]), values[2]))
        };
        let masses = self.masses.iter().map(mass).collect::<Result<Vec<_>, _>>()?;
        let surface = self.surface.as_deref().map(surface).transpose()?.unwrap_or_default();
        let began = Instant::now();
        let request = PushRequest {
            rgb: &square.rgb,
            camera: &square.camera,
            target_px: square.point([target[0], target[1]]),
            direction_rad: goal[1].atan2(goal[0]),
            speed_mps: goal[2],
            masses: &masses,
            surface,
        };
        let seen = SeenScene::new(&request, planner.spec())
            .map_err(|fault| CliError::input(fault.in_pixels_of(|px| square.original(px))))?;
        PlannedPush::of(planner, seen, square, seed, began).map_err(CliError::failed)
    }
}

/// The surface of a command line.
fn surface(text: &str) -> Result<Surface, CliError> {
    let values = numbers(text, "--surface", &[3])?;
    let surface = Surface { friction: values[0], rolling_mps2: values[1], restitution: values[2] };
    surface.check().map_err(|fault| CliError::wrong(format!("--surface: {fault}")))?;
    Ok(surface)
}

fn proposal_json(read: &Result<PushProposal, ReadFault>) -> serde_json::Value {
    match read {
        Ok(proposal) => serde_json::json!({ "push": proposal.push }),
        Err(fault) => serde_json::json!({ "fault": fault.to_string() }),
    }
}

fn bytes_of(path: &Path, option: &str) -> Result<Vec<u8>, CliError> {
    let problem = |got: String| CliError::wrong(format!("{option} {}: expected a file, got {got}", path.display()));
    let size = std::fs::metadata(path).map_err(|error| problem(error.to_string()))?.len();
    if size > MAX_BYTES {
        return Err(problem(format!("{size} bytes, at most {MAX_BYTES}")));
    }
    std::fs::read(path).map_err(|error| problem(error.to_string()))
}

/// Picture with goal, first motion, simulated push.
fn write_strip(
    path: &Path,
    planner: &GoalForcePlanner,
    square: &SquarePicture,
    planned: &PlannedPush,
) -> Result<(), CliError> {
    let png = planned.strip(planner, square).map_err(CliError::failed)?;
    write_atomically(path, |file| file.write_all(&png))
        .map_err(|error| CliError::wrong(format!("--png {}: {error}", path.display())))
}
