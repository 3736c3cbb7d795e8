//! Our physics and data against what we did not write: MuJoCo's roll-outs and the published statistics.

use planwright::world::conformance::Conformance;
use planwright::world::rollouts::Rollouts;
use planwright::world::{Differential, DoublePendulum, Layout, MazeWorld, PendulumState, Robot, State};
use planwright_tests::{command, data, json, peer};
use planwright_training::dataset::{GeneratorSettings, Statistics, generate};

#[test]
fn umaze_matches_mujoco_2_3_1_roll_outs() {
    let rollouts =
        Rollouts::read(&data("maze2d_umaze_rollouts_mujoco231.npz")).unwrap_or_else(|error| panic!("{error}"));
    let found = Conformance::measure(&MazeWorld::new(Layout::umaze()), &rollouts);
    assert_eq!((found.rollouts, found.steps), (64, 200));
    assert!((found.contact_share - 0.353).abs() < 0.002, "{found:?}");
    assert!(found.one_step_max <= 1e-9 && found.open_loop_max <= 1e-6, "{found:?}");
}

/// The double pendulum against a Runge-Kutta rule of order 8 at a tolerance of 2e-14: 16 motions, some chaotic. Beyond
/// 5 s the reference itself is no longer sure to 1e-7.
#[test]
fn the_double_pendulum_follows_its_reference() {
    let file = std::fs::File::open(data("double_pendulum_dop853.npz")).unwrap_or_else(|error| panic!("{error}"));
    let mut reader = ndarray_npy::NpzReader::new(file).unwrap_or_else(|error| panic!("{error}"));
    let times: ndarray::Array1<f64> = reader.by_name("t").unwrap_or_else(|error| panic!("{error}"));
    let states: ndarray::Array3<f64> = reader.by_name("states_tight").unwrap_or_else(|error| panic!("{error}"));
    let pendulum = DoublePendulum::default();
    let (mut compared, mut state_worst, mut energy_worst) = (0, 0.0_f64, 0.0_f64);
    for motion in states.outer_iter() {
        let at = |step: usize| PendulumState::from_array(std::array::from_fn(|column| motion[[step, column]]));
        let mut state = at(0);
        let energy_j = pendulum.energy_j(&state);
        for step in (1..times.len()).take_while(|step| times[*step] <= 5.0 + 1e-9) {
            state = pendulum.advance(&state, times[step] - times[step - 1], 20);
            for (got, want) in state.to_array().into_iter().zip(at(step).to_array()) {
                assert!(got.is_finite());
                state_worst = state_worst.max((got - want).abs());
            }
            energy_worst = energy_worst.max((pendulum.energy_j(&state) - energy_j).abs());
            compared += 1;
        }
    }
    assert_eq!(compared, 16 * 500);
    assert!(state_worst <= 1e-7 && energy_worst <= 1e-7, "{state_worst:e} {energy_worst:e}");
}

/// What we record, MuJoCo replays: random driving into walls on every maze.
#[test]
fn mujoco_replays_what_we_record_on_every_layout() {
    use rand_like::uniform;
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    for layout in [Layout::umaze(), Layout::medium(), Layout::large()] {
        let world = MazeWorld::new(layout.clone());
        let (count, steps) = (12, 200);
        let mut states = ndarray::Array3::zeros((count, steps + 1, 4));
        let mut actions = ndarray::Array3::zeros((count, steps, 2));
        let episodes = planwright::evaluate::episodes(&layout, count, 3);
        for (n, episode) in episodes.iter().enumerate() {
            let mut state = episode.start;
            let mut held = [0.0; 2];
            for t in 0..steps {
                if t % 20 == 0 {
                    held = [uniform(n, t, 0), uniform(n, t, 1)];
                }
                for (d, value) in state.to_array().into_iter().enumerate() {
                    states[[n, t, d]] = value;
                }
                actions[[n, t, 0]] = held[0];
                actions[[n, t, 1]] = held[1];
                state = world.step(&state, held).0;
            }
            for (d, value) in state.to_array().into_iter().enumerate() {
                states[[n, steps, d]] = value;
            }
        }
        let (npz, text) = (folder.path().join("rollouts.npz"), folder.path().join("layout.txt"));
        Rollouts { states, actions, goals: None }.write(&npz).unwrap_or_else(|error| panic!("{error}"));
        std::fs::write(&text, layout.to_text()).unwrap_or_else(|error| panic!("{error}"));
        let replayed = json(peer("replay_mujoco.py").arg(&npz).arg(&text));
        let at = |key: &str| replayed[key].as_f64().unwrap_or(f64::NAN);
        // MuJoCo stops its own solver at 1e-8; one step may differ by that, 200 steps by what it grows to.
        assert!(at("one_step_max") <= 2e-5, "{}: {replayed}", layout.name());
        assert!(at("open_loop_median") <= 1e-6, "{}: {replayed}", layout.name());
        let checked =
            json(command("planwright").args(["world", "check"]).arg(&npz).args(["--layout", layout.name(), "--json"]));
        assert_eq!(checked["one_step_max"].as_f64(), Some(0.0), "{checked}");
    }
}

/// Six drives of 10 s from rest by accelerations that change every 0.8 s: a two-wheeled robot on a floor, with motors and
/// wheels that slip a little, is at all times within 4 cm and 0.03 rad of our differential drive (2.1 cm and 0.014 rad were
/// measured).
#[test]
fn the_differential_drive_follows_mujocos_wheels() {
    let robot = Differential::default();
    let (drives, steps) = (6, 500);
    let (mut speeds, mut poses) =
        (ndarray::Array3::zeros((drives, steps + 1, 2)), ndarray::Array3::zeros((drives, steps + 1, 3)));
    let mut farthest_m = 0.0_f64;
    for n in 0..drives {
        let mut state = State::default();
        for t in 0..=steps {
            speeds[[n, t, 0]] = state.forward_speed();
            speeds[[n, t, 1]] = state.turn_rate_radps;
            for (index, value) in [state.position[0], state.position[1], state.heading_rad].into_iter().enumerate() {
                poses[[n, t, index]] = value;
            }
            farthest_m = farthest_m.max(state.distance([0.0; 2]));
            let command = [0, 1].map(|axis| rand_like::uniform(n + 11, t / 40, axis));
            state = robot.free_step(&state, command);
        }
    }
    assert!(farthest_m > 2.0, "{farthest_m}");
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let path = folder.path().join("drives.npz");
    let file = std::fs::File::create(&path).unwrap_or_else(|error| panic!("{error}"));
    let mut writer = ndarray_npy::NpzWriter::new(file);
    let step_secs = ndarray::arr0(robot.step_secs);
    writer.add_array("step_secs", &step_secs).unwrap_or_else(|error| panic!("{error}"));
    writer.add_array("speeds", &speeds).unwrap_or_else(|error| panic!("{error}"));
    writer.add_array("poses", &poses).unwrap_or_else(|error| panic!("{error}"));
    writer.finish().unwrap_or_else(|error| panic!("{error}"));
    let found = json(peer("drive_mujoco.py").arg(&path));
    for drive in found["drives"].as_array().unwrap_or_else(|| panic!("{found}")) {
        let largest = |index: usize| drive["largest"][index].as_f64().unwrap_or(f64::NAN);
        assert!(largest(0) <= 0.04 && largest(1) <= 0.03, "{found}");
    }
}

/// A few numbers without a generator: sines of large odd multiples.
mod rand_like {
    pub(super) fn uniform(n: usize, t: usize, axis: usize) -> f64 {
        let seed = (n * 7919 + t * 104_729 + axis * 1_299_709 + 1) as f64;
        2.0 * (seed.sin() * 43_758.545_3).fract().abs() * if (n + t + axis).is_multiple_of(2) { 1.0 } else { -1.0 }
    }
}

/// Numbers of a reference file: `words` finds the line, then every number of it in order.
fn numbers(text: &str, words: &str) -> Vec<f64> {
    let line = text.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("no line with {words}"));
    let rest = line.split_once(words).map_or("", |(_, rest)| rest);
    rest.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == 'e' || c == '-' || c == '+'))
        .filter_map(|word| word.parse().ok())
        .collect()
}

fn close(name: &str, got: f64, want: f64, share: f64) {
    assert!((got - want).abs() <= share * want.abs(), "{name}: got {got}, published {want}");
}

/// 1e6 steps of ours against 1e6 steps of D4RL's generator in MuJoCo 2.3.1, within 3%.
#[test]
fn dataset_statistics_are_within_3_percent_of_the_reference() {
    for layout in [Layout::umaze(), Layout::medium(), Layout::large()] {
        let name = layout.name().to_owned();
        let reference = std::fs::read_to_string(data(&format!("stats_{name}_1m_noisy_mj231.txt")));
        let reference = reference.unwrap_or_else(|error| panic!("{error}"));
        let recording = generate(&layout, &GeneratorSettings::published(&name, 1_000_000, 0));
        let found = Statistics::measure(&recording, &layout);
        close("steps per goal", found.steps_per_goal_mean, numbers(&reference, "mean len")[0], 0.03);
        let displacement = numbers(&reference, "per-step displ q01/10/25/50/75/90/99/max");
        for (index, want) in displacement.iter().enumerate() {
            close(&format!("{name} displacement {index}"), found.displacement_quantiles_m[index], *want, 0.03);
        }
        let speed = numbers(&reference, "speed mean");
        close("speed mean", found.speed_mean, speed[0], 0.03);
        close("speed deviation", found.speed_deviation, speed[1], 0.03);
        let windows = numbers(&reference, "window 128 path len mean");
        close("window length", found.window_128_length_mean_m, windows[0], 0.03);
        for (index, want) in windows[1..].iter().skip(5).take(5).enumerate() {
            close(&format!("{name} window {index}"), found.window_128_length_quantiles_m[index], *want, 0.03);
        }
        // Occupancy: within 3% or half a percentage point of all steps, whichever is more: cells at the
        // ends of the large maze hold 1% of the steps, and a share of that is noise of the seed.
        let cells = reference.lines().find(|line| line.starts_with("cell occupancy")).unwrap_or_default();
        for part in cells.split('(').skip(1) {
            let parts: Vec<f64> =
                part.split(|c: char| !(c.is_ascii_digit() || c == '.')).filter_map(|word| word.parse().ok()).collect();
            let got = found.occupancy.get(&format!("{},{}", parts[0], parts[1])).copied().unwrap_or(0.0);
            assert!((got - parts[2]).abs() <= (0.03 * parts[2]).max(0.005), "{name} cell {parts:?}: {got}");
        }
        assert_eq!(found.time_ups, 0);
    }
}

#[test]
fn a_recording_comes_back_whole_and_a_changed_number_is_noticed() {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let path = folder.path().join("umaze.npz");
    let layout = Layout::umaze();
    let recording = generate(&layout, &GeneratorSettings::published("umaze", 2000, 4));
    recording.write(&path).unwrap_or_else(|error| panic!("{error}"));
    let read = planwright_training::dataset::Recording::read(&path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(read, recording);
    let mut changed = recording;
    changed.actions[100][0] += 0.5;
    assert_ne!(changed.sha256(), read.sha256());
}
