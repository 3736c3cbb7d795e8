//! A sheet of pictures of generated scenes, each with its push (red) and its goal (green).
//!
//! `cargo run --release -p planwright --example scene_sheet -- KIND|rooms|row|ROOM COUNT FILE.png`

use clap::ValueEnum as _;
use planwright::world::scene::{Generated, Kind, Picture, Renderer, Room, domino_row, generate};
use std::time::Instant;

const SIDE: usize = 160;
const COLUMNS: usize = 8;

fn scenes(name: &str, count: usize) -> Vec<Generated> {
    let seeds = 0..count as u64;
    match name {
        "row" => seeds.map(domino_row).collect(),
        "rooms" => Room::ALL.into_iter().flat_map(|room| seeds.clone().map(move |seed| room.generate(seed))).collect(),
        _ => match (Kind::from_str(name, true), Room::from_str(name, true)) {
            (Ok(kind), _) => seeds.map(|seed| generate(kind, seed, false)).collect(),
            (_, Ok(room)) => seeds.map(|seed| room.generate(seed)).collect(),
            _ => panic!("expected a kind of scenes, rooms, row or a room, got {name}"),
        },
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (name, count, file) = (arguments.next(), arguments.next(), arguments.next());
    let (Some(name), Some(Ok(count)), Some(file)) = (name, count.map(|count| count.parse::<usize>()), file) else {
        panic!("expected KIND COUNT FILE");
    };
    let start = Instant::now();
    let scenes = scenes(&name, count);
    println!("{} scenes in {:.2} s", scenes.len(), start.elapsed().as_secs_f64());
    let rows = scenes.len().div_ceil(COLUMNS);
    let mut sheet = vec![255_u8; 3 * SIDE * SIDE * COLUMNS * rows];
    for (index, made) in scenes.iter().enumerate() {
        let (camera, light) = made.view(60.0, SIDE).expect("a camera");
        let mut picture = Picture::default();
        Renderer::new(true).render(&made.scene, &camera, &light, &mut picture);
        let mut line = |body: usize, direction: f64, speed: f64, colour: [u8; 3]| {
            let centre = made.scene.bodies[body].centre_m();
            for part in 0..200 {
                let way = speed * f64::from(part) / 200.0;
                let point = [centre[0] + way * direction.cos(), centre[1] + way * direction.sin(), centre[2]];
                if let Some([u, v]) = camera.project(point).filter(|px| camera.holds(*px)) {
                    let at = 3 * (v as usize * SIDE + u as usize);
                    picture.rgb[at..at + 3].copy_from_slice(&colour);
                }
            }
        };
        line(made.push.body, made.push.direction_rad, 0.5, [255, 0, 0]);
        if let Some(goal) = made.goal {
            line(goal.body, goal.direction_rad, 0.4, [0, 255, 0]);
        }
        for row in 0..SIDE {
            let at = 3 * ((index / COLUMNS * SIDE + row) * COLUMNS + index % COLUMNS) * SIDE;
            sheet[at..at + 3 * SIDE].copy_from_slice(&picture.rgb[3 * row * SIDE..][..3 * SIDE]);
        }
    }
    let out = std::fs::File::create(&file).expect("a file");
    let mut encoder = png::Encoder::new(out, (SIDE * COLUMNS) as u32, (SIDE * rows) as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&sheet)).expect("a picture");
}
