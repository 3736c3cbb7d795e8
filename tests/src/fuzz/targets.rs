//! The targets: a parser each, what must hold of an accepted value, and valid examples.

use super::{Target, camera, density::density};
use crate::message_types::TYPES;
use crate::{model, root};
use ndarray_npy::NpzWriter;
use planwright::correction::Strength;
use planwright::diffusion::Solver;
use planwright::model::{Artefact, EngineChoice, Family, Manifest, PolicySpec};
use planwright::quantity::{Intended, IntendedChoice};
use planwright::world::Layout;
use planwright::world::map::files::{ArrayFile, MapImage, MapMetadata, movingai_map, movingai_scenarios, parse_pairs};
use planwright_ros2::arguments::RosArguments;
use planwright_ros2::names::{RemapRule, validate_name, validate_namespace, validate_node_name};
use planwright_ros2::parameter::{NodeSelector, parse_parameter_file, parse_value};
use planwright_training::recipe::Recipe;
use std::path::Path;

const MAZE_MODELS: [&str; 3] = ["umaze", "policy", "umaze-transform"];

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "artefact", run: artefact, seeds: || vec![bytes(&model("umaze"))], cost: 8 },
    Target { name: "camera_compressed", run: camera::compressed, seeds: camera::compressed_seeds, cost: 4 },
    Target { name: "camera_image", run: camera::image, seeds: camera::image_seeds, cost: 1 },
    Target { name: "camera_info", run: camera::info, seeds: camera::info_seeds, cost: 2 },
    Target { name: "cdr", run: cdr, seeds: || vec![vec![0, 1, 0, 0, 4, 0, 0, 0, b'm', b'a', b'p', 0]], cost: 1 },
    Target { name: "density", run: density, seeds: Vec::new, cost: 1 },
    Target { name: "intended", run: intended, seeds: intended_seeds, cost: 1 },
    Target { name: "layout", run: layout, seeds: layout_seeds, cost: 1 },
    Target { name: "manifest", run: manifest, seeds: manifest_seeds, cost: 2 },
    Target { name: "map_arrays", run: map_arrays, seeds: map_arrays_seeds, cost: 2 },
    Target { name: "map_image", run: map_image, seeds: map_image_seeds, cost: 1 },
    Target { name: "map_metadata", run: map_metadata, seeds: || texts(&MAP_METADATA), cost: 1 },
    Target { name: "map_scenarios", run: map_scenarios, seeds: || texts(&MAP_SCENARIOS), cost: 1 },
    Target { name: "names", run: names, seeds: names_seeds, cost: 1 },
    Target { name: "parameter_yaml", run: parameter_yaml, seeds: || files("launch/params", "yaml"), cost: 1 },
    Target { name: "policy_spec", run: policy_spec, seeds: policy_spec_seeds, cost: 1 },
    Target { name: "protobuf", run: protobuf, seeds: protobuf_seeds, cost: 2 },
    Target { name: "recipe", run: recipe, seeds: || files("training/recipes", "toml"), cost: 1 },
    Target { name: "ros_arguments", run: ros_arguments, seeds: ros_arguments_seeds, cost: 1 },
];

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder with this extension, in the order of their names.
fn files(folder: &str, extension: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
        .iter()
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| bytes(path))
        .collect()
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// A file is refused, or is a shipped one to the byte, perhaps after another tool has saved it again.
fn artefact(input: &[u8]) {
    if let Ok(artefact) = Artefact::from_bytes(input.to_vec()) {
        assert!(artefact.bytes() == bytes(&model("umaze")), "a damaged model is accepted");
    }
}

/// What is read and written once must read back to the same bytes.
fn cdr(input: &[u8]) {
    for round_trip in TYPES {
        if let Ok(written) = (round_trip.recode)(input) {
            let Ok(again) = (round_trip.recode)(&written) else { panic!("{} refuses its own bytes", round_trip.name) };
            assert_eq!(again, written, "{} changes its own bytes", round_trip.name);
        }
    }
}

/// A distribution has mass one and reads back the same.
fn intended(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let _ = text.parse::<IntendedChoice>();
    if let Ok(intended) = text.parse::<Intended>() {
        let sum: f64 = intended.marginal().mass().iter().sum();
        assert!((sum - 1.0).abs() < 1e-9, "masses sum to {sum}");
        let Ok(json) = serde_json::to_string(&intended) else { panic!("cannot be written") };
        assert_eq!(json.parse::<Intended>().ok(), Some(intended), "{json} does not read back");
    }
}

fn intended_seeds() -> Vec<Vec<u8>> {
    let shipped = manifest_of("umaze-transform").intended().and_then(|intended| serde_json::to_vec(intended).ok());
    let mut seeds = texts(&["uniform:3.5:4.75", "uniform:0:9:9", "model", "none"]);
    seeds.extend(shipped);
    seeds
}

/// A layout reads back the same, and its free cells are free.
fn layout(input: &[u8]) {
    let Some(text) = text(input) else { return };
    // The forms of others, of which the first is ours.
    if let Ok(layout) = Layout::from_text("any", text) {
        assert_eq!(Layout::parse("any", &layout.to_text()), Ok(layout.clone()));
        for (row, column) in layout.free_cells() {
            assert!(layout.is_free([row as f64 - 0.2, column as f64 - 0.2]), "{row} {column}");
        }
    }
}

fn layout_seeds() -> Vec<Vec<u8>> {
    let shipped = [Layout::umaze(), Layout::medium(), Layout::large()].map(|layout| layout.to_text().into_bytes());
    let others =
        ["###\\#O#\\###", "[[1, 1, 1], [1, 'g', 1], [1, 1, 1]]", "type octile\nheight 2\nwidth 3\nmap\n.@.\nTGW\n"];
    shipped.into_iter().chain(texts(&["#####\n#OOO#\n#O#G#\n#####\n"])).chain(texts(&others)).collect()
}

fn manifest_of(name: &str) -> Manifest {
    Artefact::open(&model(name)).unwrap_or_else(|error| panic!("{error}")).manifest().clone()
}

/// A manifest that is accepted can be written, and reads back the same.
fn manifest(input: &[u8]) {
    if let Ok(manifest) = Manifest::from_json(input) {
        let json = manifest.to_json().unwrap_or_else(|error| panic!("cannot be written: {error}"));
        assert_eq!(Manifest::from_json(&json).ok(), Some(manifest), "does not read back");
    }
}

fn manifest_seeds() -> Vec<Vec<u8>> {
    MAZE_MODELS.iter().filter_map(|name| manifest_of(name).to_json().ok()).collect()
}

/// Every array of an archive has as many values as its shape says.
fn map_arrays(input: &[u8]) {
    let Ok(mut archive) = ArrayFile::new(input.to_vec()) else { return };
    for name in archive.names() {
        if let Ok(array) = archive.array(&name) {
            assert_eq!(array.values.len(), array.shape.iter().product::<usize>(), "{name}");
        }
    }
}

/// Arrays of three kinds, compressed and not.
fn map_arrays_seeds() -> Vec<Vec<u8>> {
    [NpzWriter::new, NpzWriter::new_compressed]
        .map(|open| {
            let mut writer = open(std::io::Cursor::new(Vec::new()));
            let added = writer.add_array("world_000", &ndarray::arr2(&[[1.0_f32, 2.0], [3.0, 4.0]])).is_ok()
                && writer.add_array("path_length_000", &ndarray::arr0(12.5_f64)).is_ok()
                && writer.add_array("free", &ndarray::Array3::<u8>::ones((1, 32, 32))).is_ok();
            assert!(added);
            writer.finish().map(std::io::Cursor::into_inner).unwrap_or_else(|error| panic!("{error}"))
        })
        .to_vec()
}

/// A picture has an occupancy for every pixel, in every mode.
fn map_image(input: &[u8]) {
    let Ok(image) = MapImage::decode(input) else { return };
    for text in MAP_METADATA {
        let metadata = MapMetadata::parse(text).unwrap_or_else(|error| panic!("{error}"));
        let values = metadata.occupancy(&image);
        assert_eq!(values.len(), image.width * image.height);
        assert!(values.iter().all(|value| (-1..=100).contains(value)));
    }
}

/// Pictures as text and bytes, and a PNG of 4 x 1 grey pixels with opacity.
fn map_image_seeds() -> Vec<Vec<u8>> {
    let png = b"\x89PNG\x0d\x0a\x1a\x0a\x00\x00\x00\x0dIHDR\x00\x00\x00\x04\x00\x00\x00\x01\x08\x04\x00\x00\x00S5\xc7F\x00\x00\x00\x11IDATx\xdac`\xf8\xff\xef\xff\xd9\xff\xff\x19\x00\x1a \x05\xc8\xa8\xb6\xbc\xe4\x00\x00\x00\x00IEND\xaeB`\x82";
    let seeds: [&[u8]; 4] = [
        b"P2\n# drawn\n2 2\n255\n0 255 # white\n255 205",
        b"P5\n2 2\n255\n\0\xff\xcd\xfe",
        b"P5 1 2 65535\n\0\0\xff\xff",
        png,
    ];
    seeds.map(<[u8]>::to_vec).to_vec()
}

/// A map file that is accepted holds numbers that make sense.
fn map_metadata(input: &[u8]) {
    let Some(text) = text(input) else { return };
    if let Ok(metadata) = MapMetadata::parse(text) {
        assert!(metadata.resolution_m > 0.0 && metadata.origin.iter().all(|value| value.is_finite()));
        let (free, occupied) = (metadata.free_thresh, metadata.occupied_thresh);
        assert!((0.0..=1.0).contains(&free) && free <= occupied && occupied <= 1.0, "{free} {occupied}");
    }
}

/// One for each mode.
const MAP_METADATA: [&str; 3] = [
    "image: map.pgm\nresolution: 0.05\norigin: [-10.0, -10, 0.5]\nnegate: 0\noccupied_thresh: 0.65\nfree_thresh: 0.196\n",
    "image: \"a.png\"\nmode: scale\nresolution: 1\norigin:\n  - 0\n  - 0\n  - 0\nnegate: true\noccupied_thresh: 0.65\nfree_thresh: 0.25\nmap_type: {a: [b]}\n",
    "{image: m.pgm, mode: raw, resolution: 5e-2, origin: [0, 0, 0], negate: no, occupied_thresh: 1, free_thresh: 0}\n",
];

/// A map of MovingAI, and scenarios on one of 3 x 2 cells: both ends lie in it. Pairs of start and goal: all are finite.
fn map_scenarios(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let _ = movingai_map("any", text);
    let pairs = parse_pairs(text).unwrap_or_default();
    assert!(pairs.iter().flat_map(|pair| [pair.start, pair.goal]).flatten().all(f64::is_finite));
    let map = movingai_map("small", MAP_SCENARIOS[0]).unwrap_or_else(|error| panic!("{error}"));
    if let Ok(queries) = movingai_scenarios(text, &map) {
        assert!(queries.iter().all(|query| map.cell_of(query.start).and(map.cell_of(query.goal)).is_some()));
    }
}

const MAP_SCENARIOS: [&str; 3] = [
    "type octile\nheight 2\nwidth 3\nmap\n.@.\nTGW\n",
    "version 1\n0\tm.map\t3\t2\t0\t0\t1\t1\t1.41421356\n0 m.map 3 2 2 0 0 0 2.0\n",
    "start_x,start_y,goal_x,goal_y\n# one\n1,2.5,-3e1,4\n",
];

/// Names of engines, solvers, strengths, nodes and topics.
fn names(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let _ = text.parse::<EngineChoice>();
    if let Ok(solver) = text.parse::<Solver>() {
        assert_eq!(solver.to_string().parse::<Solver>().ok(), Some(solver));
    }
    if let Ok(strength) = text.parse::<Strength>() {
        assert!((0.0..=1.0).contains(&strength.share()), "{text}");
    }
    let _ = (validate_name(text), validate_namespace(text), validate_node_name(text));
    let _ = (NodeSelector::parse(text), RemapRule::parse(text));
}

fn names_seeds() -> Vec<Vec<u8>> {
    texts(&[
        "tract",
        "onnxruntime-cuda",
        "dpm-solver++",
        "0.5",
        "inf",
        "/a/b_1",
        "~/plan",
        "node:__ns:=/robot",
        "/**/*",
    ])
}

/// A file of parameters and a value alone.
fn parameter_yaml(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let _ = parse_parameter_file(text, Path::new("p.yaml"));
    let _ = parse_value(text);
}

/// A policy's part of the manifest: counts of values without overflow.
fn policy_spec(input: &[u8]) {
    if let Ok(spec) = serde_json::from_slice::<PolicySpec>(input) {
        let Ok(json) = serde_json::to_string(&spec) else { return };
        assert_eq!(serde_json::from_str::<PolicySpec>(&json).ok(), Some(spec), "{json} does not read back");
    }
}

fn policy_spec_seeds() -> Vec<Vec<u8>> {
    let Family::MazePolicy { policy, .. } = manifest_of("policy").family else {
        panic!("expected a policy's manifest")
    };
    serde_json::to_vec(&policy).into_iter().collect()
}

/// The walk over an ONNX model's fields: what is accepted as a body comes back as one.
fn protobuf(input: &[u8]) {
    use std::sync::OnceLock;
    static MANIFEST: OnceLock<Manifest> = OnceLock::new();
    if let Ok(artefact) = Artefact::new(input, MANIFEST.get_or_init(|| manifest_of("umaze"))) {
        assert!(artefact.body() == input, "another body comes back");
    }
}

/// A model with one node and one initialiser, and a real one.
fn protobuf_seeds() -> Vec<Vec<u8>> {
    let graph: &[u8] =
        b"\x0a\x0c\x0a\x01x\x12\x01y\x22\x04Relu\x12\x01g\x2a\x0c\x08\x01\x10\x01\x42\x01w\x4a\x03\x00\x00\x00";
    let mut small = vec![0x08, 0x08, 0x3a, graph.len() as u8];
    small.extend_from_slice(graph);
    small.extend_from_slice(b"\x72\x08\x0a\x01k\x12\x03val");
    let policy = Artefact::open(&model("policy")).unwrap_or_else(|error| panic!("{error}"));
    vec![small, policy.body()[..2000].to_vec()]
}

/// Recipes of training.
fn recipe(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let _ = Recipe::parse(text, Path::new("any.toml"));
}

/// A command line of ROS, an argument a line.
fn ros_arguments(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let _ = RosArguments::parse(text.lines().map(str::to_owned));
}

fn ros_arguments_seeds() -> Vec<Vec<u8>> {
    texts(&[
        "--ros-args\n-r\n__ns:=/robot\n-r\nplan:=/plan\n-p\nseed:=3\n--log-level\ndebug",
        "run\n--ros-args\n-p\nnode:start:=[1.0, 2.0]\n--params-file\nlaunch/params/sim.yaml\n--\nmore",
    ])
}
