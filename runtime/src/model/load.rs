//! From an artefact to an engine that has proven itself.

use super::artefact::Artefact;
use super::contract::{check_graph, decode};
use super::engine::{Engine, EngineChoice, EngineKind, Provider};
use super::error::ModelError;
use super::manifest::Manifest;
use super::tract_engine::TractEngine;

/// Largest relative difference from a test vector's result that an engine may show.
pub const SELF_TEST_TOLERANCE: f64 = 1e-4;

/// `max |a - b| / max(1, max |b|)`: what all comparisons of engines mean by relative difference. NaN anywhere,
/// or sizes that differ, make it infinite.
pub fn relative_difference(a: &[f32], b: &[f32]) -> f64 {
    if a.len() != b.len() || a.iter().chain(b).any(|value| value.is_nan()) {
        return f64::INFINITY;
    }
    let scale = b.iter().fold(1.0, |scale: f64, value| scale.max(f64::from(value.abs())));
    let largest = a.iter().zip(b).fold(0.0, |largest: f64, (a, b)| {
        // Equal infinities are no difference.
        let difference = if a == b { 0.0 } else { (f64::from(*a) - f64::from(*b)).abs() };
        largest.max(difference)
    });
    if largest == 0.0 {
        0.0
    } else if scale.is_finite() {
        largest / scale
    } else {
        f64::INFINITY
    }
}

/// Checks the graph against the manifest, builds it for a batch, and runs every test vector of the file.
///
/// `auto` takes tract for the processor and ONNX Runtime for a GPU; it never falls back from one to the other.
///
/// # Errors
/// If graph and manifest disagree, the engine is not there or cannot take the model, or a result differs from
/// the exported one by more than [`SELF_TEST_TOLERANCE`].
pub fn load_engine(artefact: &Artefact, choice: &EngineChoice, batch: usize) -> Result<Box<dyn Engine>, ModelError> {
    load_unnamed(artefact, choice, batch).map_err(|error| error.in_file(artefact.path()))
}

fn load_unnamed(artefact: &Artefact, choice: &EngineChoice, batch: usize) -> Result<Box<dyn Engine>, ModelError> {
    if !(1..=ModelError::MAX_BATCH).contains(&batch) {
        return Err(ModelError::Batch { got: batch });
    }
    let manifest = artefact.manifest();
    let model = decode(artefact.body())?;
    check_graph(&model, manifest)?;
    let mut notes = Vec::new();
    if artefact.saved_again() {
        notes.push("another tool has saved the file again since its export; its content is the same".to_owned());
    }
    let kind = match (choice.kind, choice.provider) {
        (EngineKind::Auto, Provider::Cpu) => {
            notes.push("auto took tract, the embedded default on the processor".to_owned());
            EngineKind::Tract
        }
        (EngineKind::Auto, provider) => {
            notes.push(format!("auto took onnxruntime, the engine with {provider}"));
            EngineKind::OnnxRuntime
        }
        (kind, _) => kind,
    };
    let mut engine: Box<dyn Engine> = match kind {
        EngineKind::Auto | EngineKind::Tract => {
            if choice.provider != Provider::Cpu {
                return Err(ModelError::Unavailable {
                    engine: "tract",
                    reason: format!("it computes on the processor, not with {}", choice.provider),
                    hint: "use onnxruntime-cuda or onnxruntime-tensorrt",
                });
            }
            if choice.threads > 1 {
                notes.push(format!("tract computes on one thread, not {}", choice.threads));
            }
            Box::new(TractEngine::build(&model, manifest, batch, notes)?)
        }
        EngineKind::OnnxRuntime => onnxruntime(artefact, choice, batch, notes)?,
    };
    self_test(engine.as_mut(), manifest, batch)?;
    Ok(engine)
}

#[cfg(feature = "onnxruntime")]
fn onnxruntime(
    artefact: &Artefact,
    choice: &EngineChoice,
    batch: usize,
    notes: Vec<String>,
) -> Result<Box<dyn Engine>, ModelError> {
    let engine = super::onnxruntime_engine::OnnxRuntimeEngine::build(artefact, choice, batch, notes)?;
    Ok(Box::new(engine))
}

#[cfg(not(feature = "onnxruntime"))]
fn onnxruntime(
    _artefact: &Artefact,
    choice: &EngineChoice,
    _batch: usize,
    _notes: Vec<String>,
) -> Result<Box<dyn Engine>, ModelError> {
    Err(ModelError::Unavailable {
        engine: choice.name(),
        reason: "this planwright was built without it".to_owned(),
        hint: "build with --features onnxruntime, or use tract",
    })
}

/// Runs the test vectors, each in every row of the batch: rows must not see each other.
fn self_test(engine: &mut dyn Engine, manifest: &Manifest, batch: usize) -> Result<(), ModelError> {
    let golden = &manifest.golden;
    let size = manifest.outputs[0].len_for(1);
    let mut outputs: Vec<Vec<f32>> = manifest.outputs.iter().map(|output| vec![0.0; output.len_for(batch)]).collect();
    for first in 0..golden.len() {
        let row_vector = |row: usize| (first + row) % golden.len();
        let inputs: Vec<Vec<f32>> = (0..manifest.inputs.len())
            .map(|input| (0..batch).flat_map(|row| golden[row_vector(row)].inputs[input].iter().copied()).collect())
            .collect();
        let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
        let mut views: Vec<&mut [f32]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        engine.run(&inputs, &mut views)?;
        for (row, got) in outputs[0].chunks(size).enumerate() {
            let index = row_vector(row);
            let got = relative_difference(got, &golden[index].output);
            if !(got <= SELF_TEST_TOLERANCE) {
                let engine = engine.description().engine;
                return Err(ModelError::SelfTest { engine, index, tolerance: SELF_TEST_TOLERANCE, got });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::probe::{identity_model, test_artefact, test_manifest};

    #[test]
    fn tract_runs_the_probe_at_several_batches() {
        for batch in [1, 3] {
            let mut engine = load_engine(&test_artefact(), &EngineChoice::default(), batch).unwrap();
            assert_eq!(engine.description().batch, batch);
            assert!(engine.description().notes[0].contains("auto took tract"), "{}", engine.description());
            let input: Vec<f32> = (0..24 * batch).map(|index| -(index as f32)).collect();
            let mut output = vec![0.0; 24 * batch];
            for _ in 0..2 {
                output.fill(0.0);
                engine.run(&[&input, &vec![0.0; batch]], &mut [&mut output]).unwrap();
                assert!(output.iter().enumerate().all(|(index, value)| *value == index as f32));
            }
        }
    }

    #[test]
    fn buffers_of_a_wrong_size_are_errors() {
        use crate::model::EngineError;
        let mut engine = load_engine(&test_artefact(), &EngineChoice::default(), 2).unwrap();
        let (sample, timestep, mut output) = (vec![0.0; 48], vec![0.0; 2], vec![0.0; 48]);
        let short = engine.run(&[&sample[1..], &timestep], &mut [&mut output]);
        assert!(matches!(short, Err(EngineError::Size { side: "input", index: 0, expected: 48, got: 47 })));
        let few = engine.run(&[&sample], &mut [&mut output]);
        assert!(matches!(few, Err(EngineError::Count { side: "input", expected: 2, got: 1 })));
        let long = engine.run(&[&sample, &timestep], &mut [&mut [0.0; 49]]);
        assert!(matches!(long, Err(EngineError::Size { side: "output", .. })));
        engine.run(&[&sample, &timestep], &mut [&mut output]).unwrap();
    }

    #[test]
    fn nan_goes_through() {
        let mut engine = load_engine(&test_artefact(), &EngineChoice::default(), 1).unwrap();
        let mut output = vec![0.0; 24];
        engine.run(&[&[f32::NAN; 24], &[0.0]], &mut [&mut output]).unwrap();
        assert!(output.iter().all(|value| value.is_nan()));
    }

    #[test]
    fn an_engine_that_computes_something_else_is_refused() {
        let mut manifest = test_manifest();
        manifest.golden[0].output[7] += 0.01;
        let artefact = Artefact::new(&identity_model(4), &manifest).unwrap();
        let refused = load_engine(&artefact, &EngineChoice::default(), 1).err();
        assert!(matches!(refused, Some(ModelError::SelfTest { engine: "tract", index: 0, .. })), "{refused:?}");
    }

    #[test]
    fn what_cannot_be_had_is_an_error_that_says_why() {
        let choice = EngineChoice { provider: Provider::Cuda, kind: EngineKind::Tract, ..EngineChoice::default() };
        let error = load_engine(&test_artefact(), &choice, 1).err().map(|error| error.to_string());
        assert!(error.as_ref().is_some_and(|error| error.contains("not with cuda")), "{error:?}");
        for batch in [0, 100_000] {
            let refused = load_engine(&test_artefact(), &EngineChoice::default(), batch);
            assert!(matches!(refused.err(), Some(ModelError::Batch { .. })));
        }
    }

    #[test]
    fn relative_differences_count_nan_and_infinity() {
        assert_eq!(relative_difference(&[1.0, 2.0], &[1.0, 2.0]), 0.0);
        assert_eq!(relative_difference(&[0.5], &[0.25]), 0.25);
        assert_eq!(relative_difference(&[6.0], &[4.0]), 0.5);
        assert_eq!(relative_difference(&[f32::NAN], &[f32::NAN]), f64::INFINITY);
        assert_eq!(relative_difference(&[1.0], &[f32::INFINITY]), f64::INFINITY);
        assert_eq!(relative_difference(&[1.0], &[]), f64::INFINITY);
    }
}
