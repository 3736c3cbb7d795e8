//! Pictures of generated scenes: time of one, and how well its balls are found and located, on one core. With a folder it
//! also writes pictures of the first scenes, each beside its detections: balls yellow, obstacles blue.
//!
//! ```sh
//! cargo run --release -p planwright --example picture_bench -- [FOLDER]
//! ```

use planwright::planner::goal_force::{Detection, locate, segment};
use planwright::world::scene::{Camera, Kind, Light, MAX_TILT_RAD, Picture, Renderer, Shape, generate};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::path::PathBuf;
use std::time::Instant;

/// Scenes of each kind.
const SCENES: u64 = 300;
/// Pictures that are written of each kind.
const WRITTEN: u64 = 6;
const SIZE: [usize; 2] = [64, 64];

#[derive(Default)]
struct Tally {
    picture_ms: Vec<f64>,
    segment_ms: Vec<f64>,
    /// Of balls of which at least 60% is seen.
    seen: usize,
    found: usize,
    /// Round detections that are mostly no ball.
    wrong: usize,
    round: usize,
    place_mm: Vec<f64>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).map(PathBuf::from);
    println!("kind            picture ms   segment ms p50/p99   recall   precision   place mm p50/p95");
    for (name, kind, held_out) in
        [("balls", Kind::Balls, false), ("blocked", Kind::Blocked, false), ("blocked, held", Kind::Blocked, true)]
    {
        let mut tally = Tally::default();
        let (mut renderer, mut picture) = (Renderer::new(false), Picture::default());
        for seed in 0..SCENES {
            let made = generate(kind, seed, held_out);
            let camera = Camera::random(made.scene.table.half_m, MAX_TILT_RAD, SIZE, seed)?;
            let light = Light::random(&mut ChaCha8Rng::seed_from_u64(seed));
            let begun = Instant::now();
            renderer.render(&made.scene, &camera, &light, &mut picture);
            tally.picture_ms.push(begun.elapsed().as_secs_f64() * 1e3);
            let begun = Instant::now();
            let detections = segment(&picture.rgb, SIZE).unwrap_or_default();
            tally.segment_ms.push(begun.elapsed().as_secs_f64() * 1e3);
            tally.add(&made.scene, &picture, &camera, &detections);
            if let Some(folder) = folder.as_ref().filter(|_| seed < WRITTEN) {
                std::fs::create_dir_all(folder)?;
                let file = |part: &str| {
                    std::fs::File::create(folder.join(format!("{}-{seed}-{part}.png", name.replace(", ", "-"))))
                };
                picture.write_png(file("picture")?, 6)?;
                mark(&mut picture, &detections);
                picture.write_png(file("detections")?, 6)?;
            }
        }
        println!(
            "{name:14}  {:10.2}   {:9.2} / {:6.2}   {:6.3}   {:9.3}   {:7.1} / {:6.1}",
            at(&mut tally.picture_ms, 0.5),
            at(&mut tally.segment_ms, 0.5),
            at(&mut tally.segment_ms, 0.99),
            tally.found as f64 / tally.seen as f64,
            1.0 - tally.wrong as f64 / tally.round as f64,
            at(&mut tally.place_mm, 0.5),
            at(&mut tally.place_mm, 0.95),
        );
    }
    Ok(())
}

fn at(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get((share * values.len() as f64) as usize).copied().unwrap_or(f64::NAN)
}

fn mark(picture: &mut Picture, detections: &[Detection]) {
    picture.rgb.iter_mut().for_each(|value| *value /= 3);
    for detection in detections {
        let colour = if detection.round { [235, 235, 0] } else { [0, 110, 235] };
        for pixel in &detection.pixels {
            picture.rgb[3 * pixel..][..3].copy_from_slice(&colour);
        }
    }
}

impl Tally {
    fn add(
        &mut self,
        scene: &planwright::world::scene::Scene,
        picture: &Picture,
        camera: &Camera,
        detections: &[Detection],
    ) {
        let pixels_of = |id: usize| picture.ids.iter().filter(|seen| usize::from(**seen) == id).count();
        let is_ball = |id: usize| matches!(scene.bodies.get(id).map(|body| body.shape), Some(Shape::Ball { .. }));
        let common = |detection: &Detection, id: usize| {
            detection.pixels.iter().filter(|pixel| usize::from(picture.ids[**pixel]) == id).count()
        };
        for (id, body) in scene.bodies.iter().enumerate() {
            let Shape::Ball { radius_m } = body.shape else { continue };
            let Some((_, radius)) = camera.outline_of_ball(body.centre_m(), radius_m) else { continue };
            let area = pixels_of(id);
            if (area as f64) < 0.6 * std::f64::consts::PI * radius * radius {
                continue;
            }
            self.seen += 1;
            let overlaps = |detection: &&Detection| {
                let common = common(detection, id);
                detection.round && 2 * common > area + detection.pixels.len() - common
            };
            if let Some(located) = detections.iter().find(overlaps).and_then(|detection| locate(detection, camera)) {
                self.found += 1;
                let off = [0, 1].map(|axis| located.position_m[axis] - body.position_m[axis]);
                self.place_mm.push(1e3 * off[0].hypot(off[1]));
            }
        }
        for detection in detections.iter().filter(|detection| detection.round) {
            let on_balls: usize =
                (0..scene.bodies.len()).filter(|id| is_ball(*id)).map(|id| common(detection, id)).sum();
            self.round += 1;
            self.wrong += usize::from(2 * on_balls <= detection.pixels.len());
        }
    }
}
