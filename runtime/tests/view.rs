//! The view under faults: what must not delay planning, and what a recording must hold.
#![cfg(feature = "rerun")]

use std::io::Read as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use planwright::model::GoalForceSpec;
use planwright::planner::goal_force::{PushRequest, SeenScene, projected_tracks};
use planwright::view::{
    Event, FINISH_TIMEOUT, Level, PushCandidate, PushView, SimulatedPush, Stage, Stamp, Subject, View, ViewError,
    ViewOptions, ViewReport,
};
use planwright::world::map::grid::{GridGeometry, Thresholds, UnknownSpace};
use planwright::world::scene::{Camera, FRAMES, Kind, Light, Picture, Push, Renderer, Simulation, Surface, generate};
use planwright::world::{Differential, GridMap, Layout, MazeWorld, World};

const EVENTS: u64 = 100_000;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("planwright-view-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn log_trajectories(view: &View, count: u64) -> Duration {
    let begun = Instant::now();
    for plan in 0..count {
        let stamp = Stamp { time_secs: plan as f64 * 0.01, step: plan };
        if let Some(points) = view.points(128, |index| [index as f64 * 0.01, 1.0]) {
            view.log(stamp, Event::Proposal { plan, points });
        }
    }
    begun.elapsed()
}

fn finish_in_time(view: View) -> ViewReport {
    let begun = Instant::now();
    let report = view.finish(FINISH_TIMEOUT);
    assert!(begun.elapsed() < FINISH_TIMEOUT + Duration::from_secs(2), "{:?}", begun.elapsed());
    report
}

fn assert_every_event_is_accounted_for(report: &ViewReport) {
    let counts = &report.statistics;
    assert!(!report.detached, "{report:?}");
    assert_eq!(counts.logged, counts.dropped + counts.written + counts.failed, "{report:?}");
}

/// A viewer's address at which the listener is.
fn address(listener: &TcpListener) -> String {
    format!("rerun+http://{}/proxy", listener.local_addr().expect("a bound listener"))
}

#[test]
fn an_absent_viewer_costs_the_planner_nothing() {
    // The port is free again as soon as the listener is gone.
    let url = address(&TcpListener::bind("127.0.0.1:0").unwrap());
    let view = View::start(&ViewOptions::to_viewer(url)).unwrap();
    assert!(log_trajectories(&view, EVENTS) < Duration::from_secs(2));
    std::thread::sleep(Duration::from_millis(600));
    log_trajectories(&view, 10);
    let report = finish_in_time(view);
    assert_every_event_is_accounted_for(&report);
    assert_eq!((report.statistics.logged, report.statistics.written), (EVENTS + 10, 0));
    assert!(report.statistics.last_error.is_some_and(|error| error.contains("is not there")));
}

#[test]
fn a_viewer_that_never_reads_costs_the_planner_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = address(&listener);
    // Accepted by the system; no process reads it.
    let view = View::start(&ViewOptions::to_viewer(url)).unwrap();
    let begun = Instant::now();
    let mut logged = 0;
    let mut spent = Duration::ZERO;
    while begun.elapsed() < Duration::from_secs(4) {
        spent += log_trajectories(&view, 1000);
        logged += 1000;
        std::thread::sleep(Duration::from_millis(20));
    }
    spent += log_trajectories(&view, EVENTS);
    assert!(spent < Duration::from_secs(3), "{spent:?}");
    let report = finish_in_time(view);
    assert_every_event_is_accounted_for(&report);
    assert_eq!(report.statistics.logged, logged + EVENTS);
    assert!(report.statistics.failed > 0 && report.statistics.last_error.is_some(), "{report:?}");
}

#[test]
fn a_viewer_that_dies_is_called_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = address(&listener);
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    std::thread::spawn(move || {
        for caller in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            // Takes some bytes, then dies.
            let _ = caller.and_then(|mut caller| caller.read(&mut [0; 256]));
        }
    });
    let view = View::start(&ViewOptions::to_viewer(url)).unwrap();
    let begun = Instant::now();
    let mut spent = Duration::ZERO;
    while begun.elapsed() < Duration::from_secs(20) && calls.load(Ordering::SeqCst) < 3 {
        spent += log_trajectories(&view, 100);
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(calls.load(Ordering::SeqCst) >= 3, "{:?}", view.statistics());
    assert!(spent < Duration::from_secs(2), "{spent:?}");
    finish_in_time(view);
}

#[test]
fn a_recording_that_cannot_be_written_is_refused_at_the_start() {
    let folder = Folder::new("refused");
    let missing = folder.0.join("missing").join("plan.rrd");
    let mut paths = vec![missing, folder.0.clone()];
    // Not even root may write here; the usual read-only folder would not stop it.
    paths.extend(
        ["/dev/full", "/proc/planwright.rrd"].map(PathBuf::from).into_iter().filter(|_| cfg!(target_os = "linux")),
    );
    for path in paths {
        let refused = View::start(&ViewOptions::to_file(&path));
        assert!(matches!(refused, Err(ViewError::File { .. })), "{}", path.display());
    }
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0);
}

#[test]
fn an_address_that_means_nothing_is_refused_at_the_start() {
    for url in ["", "viewer", "http://127.0.0.1", "rerun+http://127.0.0.1:99999/proxy"] {
        let refused = View::start(&ViewOptions::to_viewer(url));
        assert!(matches!(refused, Err(ViewError::Url { .. })), "{url:?}: {refused:?}");
    }
}

#[test]
fn a_recording_holds_every_kind_of_event_and_can_be_read() {
    let folder = Folder::new("whole");
    let path = folder.0.join("plan.rrd");
    let view = View::start(&ViewOptions::to_file(&path)).unwrap();
    let stamp = Stamp { time_secs: f64::NAN, step: 3 };
    view.log_world(stamp, &MazeWorld::new(Layout::umaze()), [3.0, 1.0], [1.0, 1.0]);
    let points = || view.points(600, |index| [index as f64, if index == 7 { f64::NAN } else { 0.5 }]).unwrap();
    view.log(stamp, Event::Denoising { plan: 0, step: 0, candidate: 0, points: points() });
    view.log(stamp, Event::Proposal { plan: 0, points: points() });
    view.log(stamp, Event::Corrected { plan: 0, points: points() });
    view.log(stamp, Event::Checked { plan: 0, points: points() });
    view.log(stamp, Event::Fallback { plan: 1, reason: "stop", points: points() });
    view.log(stamp, Event::Executed { position: [1.0, 1.0] });
    view.log(stamp, Event::Residual { before_m: 0.5, after_m: f64::INFINITY });
    view.log(stamp, Event::Drift { total_variation: 0.3, by_chance: 0.1, threshold: f64::NAN });
    view.log(stamp, Event::Histogram { observed: points(), intended: points() });
    let one = |value: f64| view.points(1, |_| [value; 2]).unwrap();
    view.log(stamp, Event::Histogram { observed: one(0.5), intended: one(f64::NAN) });
    for stage in Stage::ALL {
        view.log(stamp, Event::Timing { stage, secs: 0.02 });
    }
    view.log(stamp, Event::Text { level: Level::Error, message: "line".into() });
    assert!(!path.exists(), "a recording under its name is complete");
    let report = finish_in_time(view);
    assert_every_event_is_accounted_for(&report);
    assert_eq!((report.statistics.written, report.file.as_deref()), (17, Some(path.as_path())));

    let entities = entities(&path);
    let expected = "__properties denoising denoising/candidate/0 denoising/overview drift/by_chance drift/threshold drift/total_variation log maze maze/ball maze/checked maze/corrected \
        maze/executed maze/fallback maze/footprint maze/goal maze/proposal maze/route maze/start maze/walls quantity/intended quantity/observed residual/after residual/before \
        timing/check timing/correct timing/observe timing/propose timing/whole";
    assert_eq!(entities, expected.split_whitespace().map(str::to_owned).collect());
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1, "no part is left");
    assert_eq!(std::fs::metadata(&path).unwrap().len(), report.file_bytes);
}

/// The chunks of the recording proper, without its blueprint.
fn chunks(path: &std::path::Path) -> Vec<re_chunk::Chunk> {
    use re_log_encoding::DecoderApp;
    use re_log_types::LogMsg;
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("the recording"));
    DecoderApp::decode_eager(file)
        .expect("a recording's head")
        .filter_map(|message| match message.expect("a whole message") {
            LogMsg::ArrowMsg(store, data) if store.is_recording() => {
                Some(re_chunk::Chunk::from_arrow_msg(&data).expect("a chunk"))
            }
            _ => None,
        })
        .collect()
}

fn name_of(chunk: &re_chunk::Chunk) -> String {
    chunk.entity_path().to_string().trim_start_matches('/').to_owned()
}

fn entities(path: &std::path::Path) -> std::collections::BTreeSet<String> {
    chunks(path).iter().map(name_of).collect()
}

/// A grid of 8 x 4 cells of 0.5 m, turned by a quarter: a wall in its last column, unknown space in its last row.
fn turned_grid(walled: bool) -> World {
    let geometry = GridGeometry {
        origin: [4.0, 2.0],
        yaw_rad: std::f64::consts::FRAC_PI_2,
        resolution_m: 0.5,
        width: 8,
        height: 4,
    };
    let values: Vec<i8> = (0..32)
        .map(|cell| match (cell % 8, cell / 8) {
            (7, _) if walled => 100,
            (_, 3) => -1,
            _ => 0,
        })
        .collect();
    let map = GridMap::from_occupancy("map", geometry, &values, Thresholds::default(), UnknownSpace::Free);
    World::new(Arc::new(Differential::default()), Arc::new(map.expect("a map")))
}

#[test]
fn a_grid_is_one_image_at_its_pose_sent_once_per_map() {
    use re_sdk_types::archetypes::{DepthImage, SegmentationImage, Transform3D};
    use re_sdk_types::components::{ImageBuffer, ImageFormat, TransformMat3x3, Translation3D};
    let folder = Folder::new("grid");
    let path = folder.0.join("plan.rrd");
    let view = View::start(&ViewOptions::to_file(&path)).unwrap();
    let world = turned_grid(false);
    // Every goal on the same map, then another map.
    for plan in 0..50 {
        let stamp = Stamp { time_secs: plan as f64, step: plan };
        view.log_world(stamp, &world, [3.0, 3.0], [3.0, 5.0]);
        let points = |y: fn(usize) -> f64| view.points(20, |index| [3.0 + 0.05 * index as f64, y(index)]).unwrap();
        view.log(stamp, Event::Route { plan, points: points(|_| 3.0) });
        view.log(stamp, Event::Checked { plan, points: points(|_| 3.0) });
        view.log(stamp, Event::Poses { plan, positions: points(|_| 3.0), headings: points(|_| 0.0) });
        std::thread::sleep(Duration::from_millis(30));
    }
    view.log_world(Stamp::default(), &turned_grid(true), [3.0, 3.0], [3.0, 5.0]);
    assert_every_event_is_accounted_for(&finish_in_time(view));
    let chunks = chunks(&path);
    let of = |name: &str| chunks.iter().filter(|chunk| name_of(chunk) == name).collect::<Vec<_>>();
    for name in ["maze/route", "maze/footprint", "maze/start", "maze/goal"] {
        assert!(!of(name).is_empty(), "no {name}");
    }
    let images = of("maze/map");
    assert_eq!(images.len(), 2, "one for each map, not for each plan");
    let bytes = |chunk: &re_chunk::Chunk, component| {
        let buffer = chunk.component_batch::<ImageBuffer>(component, 0).expect("a buffer").expect("bytes");
        buffer[0].0.to_vec()
    };
    let row = [0, 0, 0, 0, 0, 0, 0, 0];
    let unknown = [2_u8; 8];
    assert_eq!(
        bytes(images[0], SegmentationImage::descriptor_buffer().component),
        [&row[..], &row, &row, &unknown].concat()
    );
    let walled = bytes(images[1], SegmentationImage::descriptor_buffer().component);
    assert_eq!((walled[7], walled[6], walled[31]), (1, 0, 1));
    let format = SegmentationImage::descriptor_format().component;
    let format = images[0].component_batch::<ImageFormat>(format, 0).expect("a format").expect("a format");
    assert_eq!((format[0].width, format[0].height), (8, 4));
    // The pixel (u, v) lies at origin + R (resolution u, resolution v): columns along y here.
    let translation = Transform3D::descriptor_translation().component;
    let translation = images[0].component_batch::<Translation3D>(translation, 0).expect("a place").expect("a place");
    assert_eq!((translation[0].0.x(), translation[0].0.y()), (4.0, 2.0));
    let matrix = Transform3D::descriptor_mat3x3().component;
    let matrix = images[0].component_batch::<TransformMat3x3>(matrix, 0).expect("a pose").expect("a pose");
    let columns: Vec<f32> = matrix[0].0.0.iter().map(|value| (value * 1e4).round() / 1e4).collect();
    assert_eq!(columns, [0.0, 0.5, 0.0, -0.5, 0.0, 0.0, 0.0, 0.0, 1.0]);
    let fields = of("maze/field");
    assert_eq!(fields.len(), 2);
    let metres = bytes(fields[1], DepthImage::descriptor_buffer().component);
    // From the outermost cell half a side to the border, from the fourth before the wall further; in steps of 1 cm.
    assert_eq!((metres.len(), metres[31], metres[0]), (32, 0, 25));
}

/// A generated table with its true motion as the only candidate.
fn push() -> PushView {
    let view = |seed| {
        let made = generate(Kind::Balls, seed, false);
        let goal = made.goal?;
        let camera = Camera::over_table(made.scene.table.half_m, 0.3, 0.0, [64; 2]).ok()?;
        let mut picture = Picture::default();
        Renderer::new(false).render(&made.scene, &camera, &Light::default(), &mut picture);
        let target_px = camera.project(made.scene.bodies[goal.body].centre_m())?;
        let request = PushRequest {
            rgb: &picture.rgb,
            camera: &camera,
            target_px,
            direction_rad: goal.direction_rad,
            speed_mps: 0.2,
            masses: &[(target_px, 2.0)],
            surface: Surface::default(),
        };
        let seen = SeenScene::new(&request, &GoalForceSpec::default()).ok()?;
        let push = Push { body: 0, direction_rad: 0.5, speed_mps: 0.8 };
        let tracks = Simulation::new().run(&seen.scene, &push);
        let mut places = projected_tracks(&tracks, &camera);
        places[1][3] = [f64::NAN; 2];
        let candidates = vec![
            PushCandidate { outcome: "the target does not move".to_owned(), ..PushCandidate::default() },
            PushCandidate { tracks: places, push: Some(push), outcome: "passed the gate".to_owned() },
        ];
        let checked = Some(SimulatedPush { candidate: 1, push, tracks });
        Some(PushView { rgb: picture.rgb, camera, seen, candidates, checked })
    };
    (0..50).find_map(view).expect("a table that is understood")
}

#[test]
fn a_push_is_recorded_frame_by_frame_and_one_without_a_motion_empties_them() {
    use re_sdk_types::archetypes::{Image, TextDocument};
    use re_sdk_types::components::{ImageBuffer, Text};
    let folder = Folder::new("push");
    let path = folder.0.join("push.rrd");
    let options = ViewOptions { subject: Subject::Push, ..ViewOptions::to_file(&path) };
    let view = View::start(&options).unwrap();
    let push = push();
    let refused = PushView { candidates: Vec::new(), checked: None, ..push.clone() };
    let rgb = push.rgb.clone();
    view.log(Stamp::default(), Event::Push(Box::new(push)));
    view.log(Stamp { time_secs: 9.0, step: 900 }, Event::Push(Box::new(refused)));
    assert_every_event_is_accounted_for(&finish_in_time(view));
    let expected = "__properties push/picture push/picture/candidates push/picture/checked push/picture/goal push/picture/masses \
        push/picture/target push/predicted push/predicted/tracks push/simulated push/simulated/tracks push/table";
    assert_eq!(entities(&path), expected.split_whitespace().map(str::to_owned).collect());
    let chunks = chunks(&path);
    let frames = FRAMES + 1;
    for name in ["push/predicted", "push/simulated"] {
        let of: Vec<_> = chunks.iter().filter(|chunk| name_of(chunk) == name).collect();
        let mut timelines: Vec<_> = of[0].timelines().keys().map(|name| name.as_str().to_owned()).collect();
        timelines.sort_unstable();
        assert_eq!(timelines, ["frame", "sim_time"]);
        assert_eq!(of.iter().map(|chunk| chunk.num_rows()).sum::<usize>(), 2 * frames, "{name}");
        let bytes = |row: usize| {
            let buffer = Image::descriptor_buffer().component;
            let buffer = of[0].component_batch::<ImageBuffer>(buffer, row).expect("a buffer").expect("bytes");
            buffer.first().map(|buffer| buffer.0.to_vec())
        };
        assert_eq!(bytes(0).as_deref(), Some(&rgb[..]), "frame 0 is the picture");
        assert!(bytes(FRAMES).is_some_and(|frame| frame.len() == rgb.len() && frame != rgb), "something has moved");
        assert_eq!(bytes(2 * frames - 1), None, "the second push has no motion");
    }
    let table = chunks.iter().find(|chunk| name_of(chunk) == "push/table").expect("a table");
    let text =
        table.component_batch::<Text>(TextDocument::descriptor_text().component, 0).expect("text").expect("text");
    assert!(text[0].0.as_str().contains("the target does not move") && text[0].0.as_str().contains("passed the gate"));
}

#[test]
fn a_forgotten_view_leaves_its_recording() {
    let folder = Folder::new("forgotten");
    let path = folder.0.join("plan.rrd");
    let view = View::start(&ViewOptions::to_file(&path)).unwrap();
    log_trajectories(&view, 10);
    drop(view);
    assert!(path.exists() && entities(&path).contains("maze/proposal"));
}

#[test]
fn many_threads_log_while_one_finishes() {
    let folder = Folder::new("threads");
    let options = ViewOptions { queue_events: 64, ..ViewOptions::to_file(folder.0.join("plan.rrd")) };
    let view = View::start(&options).unwrap();
    let report = std::thread::scope(|scope| {
        for _ in 0..4 {
            let view = view.clone();
            scope.spawn(move || log_trajectories(&view, 20_000));
        }
        std::thread::sleep(Duration::from_millis(30));
        finish_in_time(view.clone())
    });
    assert!(!report.detached && report.file.is_some());
    assert!(!view.is_enabled());
    let counts = view.statistics();
    assert_eq!(counts.logged, 80_000);
    assert!(counts.dropped + counts.written + counts.failed + 64 >= counts.logged, "{counts:?}");
}

#[test]
fn a_recording_and_an_absent_viewer_do_not_hinder_each_other() {
    let folder = Folder::new("both");
    let url = address(&TcpListener::bind("127.0.0.1:0").unwrap());
    let options = ViewOptions { viewer: Some(url), ..ViewOptions::to_file(folder.0.join("plan.rrd")) };
    let view = View::start(&options).unwrap();
    log_trajectories(&view, 100);
    let report = finish_in_time(view);
    assert_every_event_is_accounted_for(&report);
    assert_eq!((report.statistics.written, report.statistics.viewer_missed), (100, 100));
}
