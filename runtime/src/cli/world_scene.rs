//! `planwright world scene`

use super::output::{CliError, print_json, print_text};
use crate::files::write_atomically;
use crate::world::scene::{Kind, Picture, Push, Renderer, Room, Shape, Wind, generate, published};
use clap::Args;
use std::io::Write as _;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright world scene --kind blocked --seed 3 --out table
  planwright world scene --room tool-air-hockey --seed 1 --size 256 --out hockey

Writes table.png, the picture of a random camera; table.camera.json, the camera as `planwright plan --camera` reads it; and
table.json, the scene with its push, its goal and all tracks, in the terms of the published files. Equal seeds give equal
scenes.")]
pub(super) struct WorldScene {
    /// What lies on the table
    #[arg(long, value_enum, default_value_t = Kind::Balls)]
    kind: Kind,
    /// A family of scenes of the thesis' table A8 instead of a kind
    #[arg(long, value_enum, conflicts_with_all = ["kind", "held_out"])]
    room: Option<Room>,
    /// Seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Obstacles of shapes and colours that do not occur in training
    #[arg(long)]
    held_out: bool,
    /// Largest tilt of the camera against the vertical, degrees
    #[arg(long, default_value_t = 60.0, value_parser = super::arguments::within(0.0..=60.0_f64), value_name = "DEGREES")]
    max_tilt: f64,
    /// Pixels a side
    #[arg(long, default_value_t = 64, value_parser = super::arguments::within(16..=1024_usize), value_name = "PX")]
    size: usize,
    /// Name of the files to write, without extension
    #[arg(long, value_name = "NAME")]
    out: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl WorldScene {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let made = match self.room {
            Some(room) => room.generate(self.seed),
            None => generate(self.kind, self.seed, self.held_out),
        };
        let (camera, light) = made.view(self.max_tilt, self.size).map_err(CliError::input)?;
        let mut picture = Picture::default();
        Renderer::new(false).render(&made.scene, &camera, &light, &mut picture);
        let name = |extension: &str| {
            let mut name = self.out.clone().into_os_string();
            name.push(extension);
            PathBuf::from(name)
        };
        let files = [name(".png"), name(".camera.json"), name(".json")];
        let text = |value: &serde_json::Value| format!("{value:#}\n");
        let described = [text(&serde_json::json!(camera)), text(&published(&made, &camera))];
        let written = |path: &PathBuf, error: &std::io::Error| {
            CliError::wrong(format!(
                "--out: expected a place for the scene, got an error at {}: {error}",
                path.display()
            ))
        };
        write_atomically(&files[0], |file| picture.write_png(file, 1)).map_err(|error| written(&files[0], &error))?;
        for (path, text) in files[1..].iter().zip(&described) {
            write_atomically(path, |file| file.write_all(text.as_bytes())).map_err(|error| written(path, &error))?;
        }
        let target_px = made.goal.and_then(|goal| camera.project(made.scene.bodies[goal.body].centre_m()));
        let asked = made.goal.zip(target_px).map(|(goal, [u, v])| {
            let (sin, cos) = goal.direction_rad.sin_cos();
            format!("--target {u:.1},{v:.1} --goal {cos:.3},{sin:.3},{:.2}", goal.speed_mps)
        });
        if self.json {
            return print_json(&serde_json::json!({
                "files": files,
                "bodies": made.scene.bodies.len(),
                "goal": made.goal,
                "target_px": target_px,
                "push": made.push,
                "wind": made.wind,
            }));
        }
        let [picture, camera, scene] = files.each_ref().map(|path| path.display());
        let balls_alone = made.scene.bodies.iter().all(|body| !body.moves || matches!(body.shape, Shape::Ball { .. }));
        let question = match (asked, made.wind) {
            (Some(asked), _) if balls_alone => {
                format!("its push answers: planwright plan --image {picture} --camera {camera} {asked}")
            }
            (Some(asked), _) => {
                format!(
                    "its push answers the goal {asked}, with which `planwright plan --image` cannot help: it rebuilds balls alone"
                )
            }
            (None, Some(Wind { direction_rad, speed_mps })) => {
                let towards = direction_rad.to_degrees();
                format!("a wind of {speed_mps:.2} m/s towards {towards:.0} degrees on the table, 0 along x")
            }
            (None, None) if made.kind == Kind::Plants => {
                let (Push { body, speed_mps, .. }, towards) = (made.push, made.push.direction_rad.to_degrees());
                format!("a poke of {speed_mps:.2} m/s towards {towards:.0} degrees on body {body}, 0 along x")
            }
            (None, None) => "its push reaches nothing".to_owned(),
        };
        print_text(&format!("{} bodies\n{picture}\n{camera}\n{scene}\n{question}", made.scene.bodies.len()))
    }
}
