//! From a snapshot of the inputs and a goal to a push that has passed the gate, on the planning thread.

use super::camera::{CameraRefusal, Rectifier, camera_of, decode_compressed, decode_image};
use super::failure::{PushErrorCode, PushFailure};
use super::goal::{Goal, Place};
use super::inputs::{NewestPicture, RawPicture, Snapshot, TakenPicture};
use super::parameters::{PushLoad, PushNodeParameters};
use crate::gate::{CheckedPush, PushTiming};
use crate::model::{Artefact, load_engine};
use crate::pilot::PushPilot;
use crate::planner::goal_force::{
    ControlSignal, GoalForcePlanner, PredictedVideo, PushProposal, PushRequest, ReadFault, RequestFault, SeenScene,
    SquarePicture, locate, segment, tracks,
};
use crate::world::scene::{Body, FRAMES, Picture};
use planwright_ros2::time::Clock;
use std::sync::Arc;
use std::time::Instant;

/// A goal to plan for.
pub struct PushJob {
    /// The inputs when the goal came.
    pub snapshot: Snapshot,
    /// The goal.
    pub goal: Goal,
    /// When the answer is due.
    pub due: Instant,
    /// Tells the picture's age.
    pub clock: Clock,
    /// Pictures that come meanwhile.
    pub newest: NewestPicture,
    /// As the parameters were when the goal came.
    pub parameters: PushNodeParameters,
}

/// A push with how it came about.
#[derive(Clone, Debug)]
pub struct PushAnswer {
    /// What the gate passed.
    pub checked: CheckedPush,
    /// The object that is pushed, in the table's frame.
    pub initiator: Body,
    /// Its middle in the picture, px.
    pub initiator_px: [f64; 2],
    /// Share of the motions that were drawn in which it is the initiator.
    pub confidence: f64,
}

/// A loaded planner with what it plans with.
pub struct Planning {
    planner: GoalForcePlanner,
    /// With the parameters that it was made for.
    pilot: Option<(PushNodeParameters, PushPilot)>,
    rectifier: Option<Rectifier>,
    summary: PlanningSummary,
    /// What the last plan was made on, and which of its motions is shown.
    shown: Option<(Seen, usize)>,
}

/// A loaded planner in figures, for diagnostics.
#[derive(Clone, Debug)]
pub struct PlanningSummary {
    /// The model's file.
    pub model: String,
    /// Name of the engine.
    pub engine: String,
    /// Side of the model's picture, px.
    pub picture_px: usize,
    /// Motions drawn at once.
    pub candidates: usize,
    /// Loading time, seconds.
    pub secs: f64,
}

/// A picture and what is seen in it.
struct Seen {
    square: SquarePicture,
    scene: SeenScene,
}

impl Planning {
    /// Opens and self-tests a model.
    ///
    /// # Errors
    /// What is wrong with it, in a line.
    pub fn load(request: &PushLoad) -> Result<Self, String> {
        let begun = Instant::now();
        let artefact = Artefact::open(&request.model).map_err(|error| error.to_string())?;
        let engine = |batch| load_engine(&artefact, &request.engine, batch);
        let planner =
            GoalForcePlanner::open(artefact.manifest(), request.settings, engine).map_err(|error| error.to_string())?;
        let summary = PlanningSummary {
            model: request.model.display().to_string(),
            engine: planner.engine().engine.to_string(),
            picture_px: planner.spec().picture_px,
            candidates: planner.candidates(),
            secs: begun.elapsed().as_secs_f64(),
        };
        Ok(Self { planner, pilot: None, rectifier: None, summary, shown: None })
    }

    /// Its figures.
    pub fn summary(&self) -> &PlanningSummary {
        &self.summary
    }

    /// Calls the network once, so that the first goal is not slower than those after it.
    pub fn warm_up(&mut self) {
        let side = self.planner.spec().picture_px;
        // What comes of it is not looked at.
        let _ = self.planner.predict(&vec![128; 3 * side * side], ControlSignal::default(), 0);
    }

    /// Plans for a goal. `stage` is called with what is under way.
    ///
    /// # Errors
    /// Why there is no push.
    pub fn plan(&mut self, job: &PushJob, stage: impl Fn(&'static str)) -> Result<PushAnswer, PushFailure> {
        self.shown = None;
        let seen = self.see(job)?;
        stage("proposing");
        let Seen { square, scene } = &seen;
        let proposed = self
            .planner
            .propose(&square.rgb, scene, &square.camera, job.parameters.push.seed)
            .map_err(|error| PushFailure::new(PushErrorCode::Unknown, "network_failed", error.to_string()))?;
        stage("correcting");
        let answer = self.first_checked(job, &seen, &proposed);
        // Of a goal without a push the first motion is shown.
        let index = answer.as_ref().map_or(0, |(_, index)| *index);
        self.shown = Some((seen, index));
        answer.map(|(answer, _)| answer)
    }

    /// The scene that the snapshot's picture shows.
    fn see(&mut self, job: &PushJob) -> Result<Seen, PushFailure> {
        let square = self.square(&job.snapshot.picture, job)?;
        let rectifier = self.rectifier.as_ref();
        let point = |place: &Place| -> Result<[f64; 2], PushFailure> {
            let px = match *place {
                Place::Pixel(raw) => {
                    rectifier.map_or(Some(raw), |rectifier| rectifier.rectified_px(raw)).ok_or_else(|| {
                        let text =
                            format!("expected a pixel that the lens can see, got ({:.1}, {:.1}) px", raw[0], raw[1]);
                        PushFailure::new(PushErrorCode::NoTarget, "no_target", text)
                    })?
                }
                Place::Table(at) => {
                    let behind = || {
                        let text = format!("expected a point in front of the camera, got {at:?} m on the table");
                        PushFailure::new(PushErrorCode::NoTarget, "no_target", text)
                    };
                    return square.camera.project(at).ok_or_else(behind);
                }
            };
            Ok(square.point(px))
        };
        let masses = job.goal.masses.iter().map(|(place, kg)| Ok((point(place)?, *kg)));
        let masses = masses.collect::<Result<Vec<_>, PushFailure>>()?;
        let [x, y] = job.goal.velocity_mps;
        let request = PushRequest {
            rgb: &square.rgb,
            camera: &square.camera,
            target_px: point(&job.goal.target)?,
            direction_rad: y.atan2(x),
            speed_mps: x.hypot(y),
            masses: &masses,
            surface: job.parameters.surface(),
        };
        let original = |px: [f64; 2]| {
            let px = square.original(px);
            rectifier.map_or(px, |rectifier| rectifier.raw_px(px))
        };
        let scene = SeenScene::new(&request, self.planner.spec()).map_err(|fault| fault.in_pixels_of(original))?;
        if scene.masses.len() < masses.len() {
            let text = format!("expected {} mass_points on objects, got {}", masses.len(), scene.masses.len());
            return Err(PushFailure::new(PushErrorCode::InvalidGoal, "goal_masses", text));
        }
        Ok(Seen { square, scene })
    }

    /// A picture as the model takes it, by the camera of the job.
    fn square(&mut self, picture: &TakenPicture, job: &PushJob) -> Result<SquarePicture, PushFailure> {
        let decoded = match &picture.raw {
            RawPicture::Plain(image) => decode_image(image),
            RawPicture::Compressed(image) => decode_compressed(image),
        };
        let decoded = decoded
            .map_err(|refusal| PushFailure::new(PushErrorCode::NoPicture, refusal.name(), refusal.to_string()))?;
        let no_camera = |name, text: String| PushFailure::new(PushErrorCode::NoCamera, name, text);
        let intrinsics = &job.snapshot.intrinsics;
        if decoded.size != intrinsics.size {
            let ([width, height], [got_width, got_height]) = (intrinsics.size, decoded.size);
            let text = format!(
                "expected a picture of the {width} x {height} px that camera_info states, got one of {got_width} x {got_height} px"
            );
            return Err(no_camera("camera_size", text));
        }
        self.rectifier.take_if(|rectifier| !rectifier.is_of(intrinsics));
        let rectifier = self.rectifier.get_or_insert_with(|| Rectifier::new(intrinsics));
        let refused = |refusal: CameraRefusal| no_camera(refusal.name(), refusal.to_string());
        let picture = rectifier.rectify(&decoded).map_err(refused)?;
        let camera = camera_of(rectifier.pinhole(), job.snapshot.table_from_camera).map_err(refused)?;
        Ok(SquarePicture::new(&picture.rgb, picture.size, &camera, self.planner.spec().picture_px)?)
    }

    /// The first proposal that passes the gate, with its number.
    fn first_checked(
        &mut self,
        job: &PushJob,
        seen: &Seen,
        proposed: &[Result<PushProposal, ReadFault>],
    ) -> Result<(PushAnswer, usize), PushFailure> {
        self.pilot.take_if(|(parameters, _)| *parameters != job.parameters);
        let (_, pilot) = self.pilot.get_or_insert_with(|| {
            let (correction, gate) = job.parameters.limits();
            (job.parameters.clone(), PushPilot::new(correction, gate))
        });
        let scene = &seen.scene;
        let mut failures: Vec<PushFailure> = Vec::new();
        for (index, proposal) in proposed.iter().enumerate() {
            if Instant::now() >= job.due {
                failures.push(PushFailure::new(PushErrorCode::Timeout, "late", "the deadline has passed"));
                break;
            }
            let proposal = match proposal {
                Ok(proposal) => proposal,
                Err(fault) => {
                    failures.push(PushFailure::new(PushErrorCode::NoPush, fault.name(), fault.to_string()));
                    continue;
                }
            };
            match pilot.checked(&scene.scene, &scene.goal, proposal.push, || job.timing()) {
                Ok(checked) => {
                    let body = checked.push().body;
                    let same = |read: &&Result<PushProposal, ReadFault>| {
                        read.as_ref().is_ok_and(|proposal| proposal.push.body == body)
                    };
                    let confidence = proposed.iter().filter(same).count() as f64 / proposed.len().max(1) as f64;
                    self.check_unchanged(job, seen)?;
                    let px = seen.square.original(scene.detections[body].centre_px);
                    let initiator_px = self.rectifier.as_ref().map_or(px, |rectifier| rectifier.raw_px(px));
                    let initiator = scene.scene.bodies[body];
                    return Ok((PushAnswer { checked, initiator, initiator_px, confidence }, index));
                }
                Err(problem) => failures.push(problem.into()),
            }
        }
        Err(no_push(&failures))
    }

    /// Checks that the newest picture, if it is newer than that which was planned on, shows every object where it was.
    fn check_unchanged(&mut self, job: &PushJob, seen: &Seen) -> Result<(), PushFailure> {
        let newest = job.newest.lock().ok().and_then(|newest| newest.clone());
        let refused = |name, text: &str| PushFailure::new(PushErrorCode::NoPicture, name, text);
        let Some(newest) = newest else {
            return Err(refused(
                "picture_refused",
                "a picture that came while the push was planned was refused, or the time has jumped",
            ));
        };
        // Not by the stamp: drivers repeat them.
        if Arc::ptr_eq(&newest, &job.snapshot.picture) {
            return Ok(());
        }
        let square = self.square(&newest, job)?;
        let side = self.planner.spec().picture_px;
        let now = segment(&square.rgb, [side; 2]).map_err(|error| PushFailure::from(RequestFault::from(error)))?;
        // As when it was planned on: what is not on the table, e.g. of the horizon, is left out.
        let now = now.into_iter().filter(|detection| locate(detection, &square.camera).is_some());
        let now: Vec<[f64; 2]> = now.map(|detection| detection.centre_px).collect();
        let before: Vec<[f64; 2]> = seen.scene.detections.iter().map(|detection| detection.centre_px).collect();
        let moved_px = largest_move(&before, &now).max(largest_move(&now, &before));
        let most_px = job.parameters.push.max_scene_change * side as f64;
        if moved_px <= most_px {
            return Ok(());
        }
        let text = format!(
            "scene_changed: expected objects that stay where they were when the push was planned, got one that moved by {moved_px:.1} of {side} px, at most {most_px:.1}"
        );
        Err(PushFailure::new(PushErrorCode::NoPush, "scene_changed", text))
    }

    /// The motion that the last plan was read from as PNG files, frame by frame; empty without one.
    ///
    /// # Errors
    /// If one cannot be encoded.
    pub fn predicted(&mut self) -> std::io::Result<Vec<Vec<u8>>> {
        let Some((Seen { square, scene }, index)) = self.shown.take() else { return Ok(Vec::new()) };
        let (cells, side) = (self.planner.spec().cells(), self.planner.spec().picture_px);
        let size = 2 * self.planner.frames() * cells;
        let Some(motion) = self.planner.motions().chunks_exact(size).nth(index) else { return Ok(Vec::new()) };
        let ways = tracks(motion, cells, &scene.cells);
        let video = PredictedVideo::new(&square.rgb, side, &scene);
        let mut rgb = Vec::new();
        let frame = |index: usize| {
            video.frame(&ways, index, &mut rgb);
            let picture = Picture { width: side, height: side, rgb: rgb.clone(), ..Picture::default() };
            let mut png = Vec::new();
            picture.write_png(&mut png, 1)?;
            Ok(png)
        };
        (0..=FRAMES).map(frame).collect()
    }
}

impl PushJob {
    fn timing(&self) -> PushTiming {
        let late = Instant::now().saturating_duration_since(self.due).as_secs_f64();
        let left = self.due.saturating_duration_since(Instant::now()).as_secs_f64();
        PushTiming { age_secs: self.clock.now().since(self.snapshot.picture.stamp), late_secs: late - left }
    }
}

/// How far the place that moved farthest is from the nearest one of `to`, px; infinite without any.
fn largest_move(from: &[[f64; 2]], to: &[[f64; 2]]) -> f64 {
    let nearest = |place: &[f64; 2]| {
        to.iter().map(|other| (place[0] - other[0]).hypot(place[1] - other[1])).fold(f64::INFINITY, f64::min)
    };
    from.iter().map(nearest).fold(0.0, f64::max)
}

/// All failures as one: by the code of the most telling.
fn no_push(failures: &[PushFailure]) -> PushFailure {
    let telling = |failure: &&PushFailure| failure.code != PushErrorCode::NoPush;
    let first = failures.iter().find(telling).or(failures.first());
    let (code, name) = first.map_or((PushErrorCode::NoPush, "no_push"), |failure| (failure.code, failure.name));
    // What several proposals failed by stands once, with their number.
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for failure in failures {
        match counted.iter_mut().find(|(text, _)| *text == failure.message) {
            Some((_, count)) => *count += 1,
            None => counted.push((&failure.message, 1)),
        }
    }
    let reason = |(text, count): &(&str, usize)| match count {
        1 => (*text).to_owned(),
        _ => format!("{count} times {text}"),
    };
    let reasons: Vec<String> = counted.iter().map(reason).collect();
    let text = format!("expected a proposal that passes correction and gate, got: {}", reasons.join("; "));
    PushFailure::new(code, name, text)
}

#[cfg(test)]
mod tests {
    use super::super::camera::Intrinsics;
    use super::*;
    use crate::model::EngineSettings;
    use crate::world::scene::{Camera, Kind, Light, Renderer, Scene, generate};
    use planwright_ros2::messages::sensor_msgs::Image;
    use planwright_ros2::tf::{Quaternion, Transform};
    use planwright_ros2::time::{ClockSource, RosTime};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use std::sync::Mutex;
    use std::time::Duration;

    #[test]
    fn moves_are_those_of_the_place_that_moved_farthest() {
        let from = [[1.0, 1.0], [5.0, 5.0]];
        assert_eq!(largest_move(&from, &from), 0.0);
        assert_eq!(largest_move(&from, &[[5.0, 5.0], [1.0, 3.0]]), 2.0);
        assert_eq!(largest_move(&from, &[]), f64::INFINITY);
        assert_eq!(largest_move(&[], &from), 0.0);
    }

    /// A planner, and a goal in a picture of a table whose push passes the gate.
    fn planned() -> (Planning, PushJob, Vec<Image>) {
        let engine = EngineSettings { engine: "tract".to_owned(), ..EngineSettings::default() };
        let mut parameters = PushNodeParameters { engine, ..PushNodeParameters::default() };
        parameters.push.model = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/goal-force.onnx").to_owned();
        parameters.push.max_picture_age_secs = 60.0;
        let mut planning = Planning::load(&parameters.load().expect("settings")).expect("the shipped model");
        for seed in 0..20 {
            let made = generate(Kind::Balls, seed, false);
            let Some(goal) = made.goal else { continue };
            let camera = Camera::over_table(made.scene.table.half_m, 0.3, 0.2, [64; 2]).expect("a camera");
            let draw = |scene: &Scene| {
                let mut picture = Picture::default();
                let light = Light::random(&mut ChaCha8Rng::seed_from_u64(seed));
                Renderer::new(false).render(scene, &camera, &light, &mut picture);
                let (width, height) = (64, 64);
                Image { width, height, encoding: "rgb8".to_owned(), step: 192, data: picture.rgb, ..Image::default() }
            };
            let mut moved = made.scene.clone();
            moved.bodies[goal.body].position_m[0] += 0.1;
            let mut images = vec![draw(&made.scene), draw(&moved)];
            moved.bodies.remove(goal.body);
            images.push(draw(&moved));
            let (sin, cos) = goal.direction_rad.sin_cos();
            let place = made.scene.bodies[goal.body].centre_m();
            let job = job(&images[0], &camera, place, [goal.speed_mps * cos, goal.speed_mps * sin], &parameters);
            if planning.plan(&job, |_| ()).is_ok() {
                return (planning, job, images);
            }
        }
        panic!("expected a goal with a push among 20 tables");
    }

    fn taken(image: &Image, secs: i64) -> Arc<TakenPicture> {
        let stamp = RosTime::from_nanos(secs * 1_000_000_000);
        Arc::new(TakenPicture { raw: RawPicture::Plain(image.clone()), stamp, frame: "camera".to_owned() })
    }

    fn job(
        image: &Image,
        camera: &Camera,
        target_m: [f64; 3],
        velocity_mps: [f64; 2],
        of: &PushNodeParameters,
    ) -> PushJob {
        let picture = taken(image, 100);
        let clock = Clock::new(ClockSource::Simulated);
        clock.on_clock_message(RosTime::from_nanos(100_500_000_000));
        let rotation = Quaternion::from_matrix(camera.world_from_camera()).expect("a rotation");
        let intrinsics = Intrinsics {
            size: [64; 2],
            focal_px: camera.focal_px(),
            principal_px: camera.principal_px(),
            distortion: None,
        };
        let snapshot = Snapshot {
            picture: Arc::clone(&picture),
            intrinsics,
            table_from_camera: Transform { translation: camera.position_m(), rotation },
        };
        let goal =
            Goal { target: Place::Table(target_m), velocity_mps, masses: Vec::new(), deadline: None, not_before: None };
        PushJob {
            snapshot,
            goal,
            due: Instant::now() + Duration::from_secs(600),
            clock,
            newest: Arc::new(Mutex::new(Some(picture))),
            parameters: of.clone(),
        }
    }

    #[test]
    fn a_push_is_rejected_if_objects_have_moved_or_gone_or_its_picture_or_time_is_over() {
        let (mut planning, mut job, images) = planned();
        let mut with = |job: &PushJob| planning.plan(job, |_| ()).map_err(|failure| failure.name);
        let put = |job: &PushJob, image: &Image| *job.newest.lock().expect("no panic") = Some(taken(image, 101));
        put(&job, &images[0]);
        let answer = with(&job).expect("a newer picture that shows the same");
        assert!(answer.confidence > 0.0 && answer.confidence <= 1.0, "{answer:?}");
        put(&job, &images[1]);
        assert_eq!(with(&job).map(|_| ()), Err("scene_changed"));
        put(&job, &images[2]);
        assert_eq!(with(&job).map(|_| ()), Err("scene_changed"));
        *job.newest.lock().expect("no panic") = None;
        assert_eq!(with(&job).map(|_| ()), Err("picture_refused"));
        put(&job, &images[0]);
        job.clock.on_clock_message(RosTime::from_nanos(200_000_000_000));
        assert_eq!(with(&job).map(|_| ()), Err("picture_stale"));
        job.clock.on_clock_message(RosTime::from_nanos(100_600_000_000));
        job.due = Instant::now();
        assert_eq!(with(&job).map(|_| ()), Err("late"));
    }

    #[test]
    fn the_predicted_motion_of_the_last_plan_is_drawn_once() {
        let (mut planning, job, images) = planned();
        planning.plan(&job, |_| ()).expect("a push");
        let frames = planning.predicted().expect("PNG files");
        assert_eq!(frames.len(), FRAMES + 1);
        let first = Picture::read_png(&frames[0]).expect("a PNG");
        assert_eq!(first.rgb, images[0].data, "the first frame is the picture");
        assert!(frames.iter().any(|frame| *frame != frames[0]), "something moves");
        assert!(planning.predicted().expect("no fault").is_empty());
    }

    #[test]
    fn a_goal_without_a_push_names_every_reason_under_the_most_telling_code() {
        let failure = |code, name, text: &str| PushFailure::new(code, name, text);
        let all =
            [failure(PushErrorCode::NoPush, "not_corrected", "one"), failure(PushErrorCode::Timeout, "late", "two")];
        let joined = no_push(&all);
        assert_eq!((joined.code, joined.name), (PushErrorCode::Timeout, "late"));
        assert!(joined.message.ends_with("got: one; two"), "{}", joined.message);
        assert_eq!(no_push(&all[..1]).code, PushErrorCode::NoPush);
        let twice = [all[0].clone(), all[0].clone()];
        assert!(no_push(&twice).message.ends_with("got: 2 times one"), "{}", no_push(&twice).message);
    }
}
