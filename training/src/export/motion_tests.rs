//! A motion network in libtorch, tract and ONNX Runtime.

use super::motion::Motion;
use super::network::ExportedNetwork;
use super::rows::{RowShape, extreme, random};
use crate::export::TOLERANCE;
use crate::fit::{Row, joined};
use crate::network::{
    ControlPath, MOTION_CELLS, MOTION_CHANNELS, MotionNetworkSpec, Parameters, SCENE_CHANNELS, declare_motion,
};
use ort::environment::Environment;
use ort::session::Session;
use planwright::model::relative_difference;
use planwright::model::tensors::CLEAN;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;
use tract_onnx::prelude::{DatumType, Framework, InferenceModelExt, IntoRunnable, IntoTValue, Tensor};
use tract_onnx::tract_hir::infer::InferenceFact;

type Engine = Box<dyn FnMut(&[Vec<f32>]) -> Vec<f32>>;

fn small(control: ControlPath) -> MotionNetworkSpec {
    MotionNetworkSpec { widths: vec![8, 12, 16], groups: 4, heads: 2, control }
}

/// Values for which no layer is zero.
fn values(spec: &MotionNetworkSpec) -> Vec<f32> {
    let values = Parameters::new(declare_motion(spec)).initial(5);
    values.iter().enumerate().map(|(index, value)| value + 0.05 * (index as f32 * 0.7).sin()).collect()
}

fn shapes(batch: usize) -> [Vec<usize>; 3] {
    [vec![batch, MOTION_CHANNELS, MOTION_CELLS], vec![batch], vec![batch, SCENE_CHANNELS, MOTION_CELLS]]
}

fn tract(bytes: &[u8], batch: usize) -> Engine {
    let onnx = tract_onnx::onnx().with_ignore_value_info(true).with_ignore_output_shapes(true);
    let proto = onnx.proto_model_for_read(&mut &bytes[..]).expect("a model");
    let mut model = onnx.model_for_proto_model(&proto).expect("a graph");
    for (index, shape) in shapes(batch).iter().enumerate() {
        model = model.with_input_fact(index, InferenceFact::dt_shape(DatumType::F32, shape)).expect("an input");
    }
    let plan = model.into_optimized().and_then(|model| model.into_runnable()).expect("a plan");
    let mut state = plan.spawn().expect("a state");
    Box::new(move |inputs| {
        let tensors = shapes(batch).into_iter().zip(inputs);
        let tensors = tensors.map(|(shape, values)| Tensor::from_shape(&shape, values).expect("values").into_tvalue());
        let results = state.run(tensors.collect()).expect("a run");
        results[0].try_as_plain_ram().and_then(|plain| Ok(plain.as_slice::<f32>()?.to_vec())).expect("floats")
    })
}

fn onnxruntime(bytes: &[u8], batch: usize) -> Engine {
    // ONNX Runtime allows one environment a process.
    static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();
    let environment = ENVIRONMENT.get_or_init(|| {
        // `tests/setup.py` puts it there; a machine without it has not been set up for testing.
        let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.deps/onnxruntime/libonnxruntime.so");
        let library = library.canonicalize().expect("ONNX Runtime");
        ort::init_from(library).expect("a library").with_telemetry(false).build().expect("an environment")
    });
    let mut session = Session::builder(environment)
        .and_then(|builder| builder.with_intra_threads(1)?.commit_from_memory(bytes))
        .expect("a session");
    Box::new(move |inputs| {
        let tensor = |index: usize| {
            ort::value::Tensor::from_array((shapes(batch)[index].clone(), inputs[index].clone())).expect("a tensor")
        };
        let results = session.run(ort::inputs![tensor(0), tensor(1), tensor(2)]).expect("a run");
        results[0].try_extract_tensor::<f32>().expect("floats").1.to_vec()
    })
}

type Build = fn(&[u8], usize) -> Engine;
const ENGINES: [(&str, Build); 2] = [("tract", tract), ("onnxruntime", onnxruntime)];

fn largest_difference(spec: &MotionNetworkSpec, kind: fn(RowShape) -> Vec<Row>) -> f64 {
    let values = values(spec);
    let network = Motion::of(&values, spec.clone(), Some(1000));
    let bytes = network.graph(CLEAN).expect("a graph");
    let rows = kind(network.shape());
    let mut largest = 0.0_f64;
    for (name, build) in ENGINES {
        for batch in [1, 3] {
            let mut engine = build(&bytes, batch);
            for rows in rows.chunks_exact(batch) {
                let (got, expected) = (engine(&joined(rows)), network.run(rows));
                for (got, expected) in got.chunks(got.len() / batch).zip(expected.chunks(expected.len() / batch)) {
                    assert!(expected.iter().any(|value| value.abs() > 1e-2), "the network gives something");
                    let got = relative_difference(got, expected);
                    assert!(got <= TOLERANCE, "{name} at batch {batch}: {got:.2e}");
                    largest = largest.max(got);
                }
            }
        }
    }
    largest
}

#[test]
fn a_small_motion_network_runs_alike_in_every_engine() {
    for control in [ControlPath::Concatenated, ControlPath::Branch] {
        println!("{control:?}: {:.2e}", largest_difference(&small(control), |shape| random(shape, 3)));
    }
}

#[test]
fn the_full_motion_network_runs_alike_in_every_engine() {
    let spec = MotionNetworkSpec::full();
    println!("random: {:.2e}", largest_difference(&spec, |shape| random(shape, 3)));
    println!("extreme: {:.2e}", largest_difference(&spec, extreme));
}

/// `cargo test --release --workspace --lib -- --ignored --nocapture time_of_a_call`
#[test]
#[ignore = "measures time"]
fn time_of_a_call_of_the_full_motion_network() {
    let spec = MotionNetworkSpec::full();
    let values = values(&spec);
    let network = Motion::of(&values, spec, Some(1000));
    let bytes = network.graph(CLEAN).expect("a graph");
    let rows: Vec<Row> = random(network.shape(), 3).into_iter().take(1).collect();
    let inputs = joined(&rows);
    for (name, build) in ENGINES {
        let mut engine = build(&bytes, 1);
        let mut millis: Vec<f64> = (0..200)
            .map(|_| {
                let begun = Instant::now();
                engine(&inputs);
                begun.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        millis.sort_by(f64::total_cmp);
        println!("{name}: min {:.2} p50 {:.2} p99 {:.2} ms", millis[0], millis[100], millis[198]);
    }
}
