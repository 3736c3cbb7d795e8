//! ONNX Runtime, on the processor or, with its execution providers, on a GPU.

use super::artefact::Artefact;
use super::engine::{Engine, EngineChoice, EngineDescription, Provider, check_buffers};
use super::error::{EngineError, ModelError};
use super::onnxruntime_library::{Loaded, load};
use super::probe::identity_model;
use ort::ep::ExecutionProviderDispatch;
use ort::memory::Allocator;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue};
use ort::value::Tensor;

const ENGINE: &str = "onnxruntime";

/// A session for one batch, and its memory.
pub(super) struct OnnxRuntimeEngine {
    session: Session,
    /// Written before a run, in place.
    inputs: Vec<SessionInputValue<'static>>,
    /// Holds the output tensors, which every run overwrites.
    options: RunOptions<HasSelectedOutputs>,
    sizes: [Vec<usize>; 2],
    description: EngineDescription,
}

impl OnnxRuntimeEngine {
    pub(super) fn build(
        artefact: &Artefact,
        choice: &EngineChoice,
        batch: usize,
        notes: Vec<String>,
    ) -> Result<Self, ModelError> {
        let loaded = load(choice.library.as_deref())?;
        let session = session(&loaded, artefact.body(), choice, batch)?;
        let failed = |error: ort::Error| build_error(choice, &error);
        let manifest = artefact.manifest();
        let allocator = Allocator::default();
        let inputs = manifest
            .inputs
            .iter()
            .map(|input| Ok(Tensor::<f32>::new(&allocator, input.shape_for(batch))?.into()))
            .collect::<Result<_, ort::Error>>()
            .map_err(failed)?;
        let mut outputs = OutputSelector::default();
        for output in &manifest.outputs {
            let tensor = Tensor::<f32>::new(&allocator, output.shape_for(batch)).map_err(failed)?;
            outputs = outputs.preallocate(&output.name, tensor);
        }
        let sizes = [&manifest.inputs, &manifest.outputs]
            .map(|tensors| tensors.iter().map(|tensor| tensor.len_for(batch)).collect());
        let description = EngineDescription {
            engine: ENGINE,
            provider: choice.provider,
            version: loaded.version,
            library: Some(loaded.path),
            threads: choice.threads.max(1),
            batch,
            notes,
        };
        let options = RunOptions::new().map_err(failed)?.with_outputs(outputs);
        Ok(Self { session, inputs, options, sizes, description })
    }
}

impl Engine for OnnxRuntimeEngine {
    fn description(&self) -> &EngineDescription {
        &self.description
    }

    fn run(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<(), EngineError> {
        check_buffers(&self.sizes, inputs, outputs)?;
        let failed = |error: ort::Error| EngineError::Engine { engine: ENGINE, problem: error.to_string() };
        for (value, values) in self.inputs.iter_mut().zip(inputs) {
            if let SessionInputValue::Owned(value) = value {
                value.try_extract_tensor_mut::<f32>().map_err(failed)?.1.copy_from_slice(values);
            }
        }
        let results = self.session.run_with_options(self.inputs.as_slice(), &self.options).map_err(failed)?;
        for (index, output) in outputs.iter_mut().enumerate() {
            let (_, values) = results[index].try_extract_tensor::<f32>().map_err(failed)?;
            output.copy_from_slice(values);
        }
        Ok(())
    }
}

/// Builds a session; a provider that cannot be had is an error, as is a node that would quietly run elsewhere.
fn session(loaded: &Loaded, body: &[u8], choice: &EngineChoice, batch: usize) -> Result<Session, ModelError> {
    let providers = providers(choice)?;
    let on_gpu = !providers.is_empty();
    let build = || -> Result<Session, ort::Error> {
        let mut builder = Session::builder(&loaded.environment)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(choice.threads.max(1))?
            .with_inter_threads(1)?
            // Threads that spin between runs gain 2% and cost a robot a whole core.
            .with_intra_op_spinning(false)?
            .with_execution_providers(providers)?
            .with_dimension_override("batch", batch as i64)?;
        if on_gpu {
            builder = builder.with_disable_cpu_fallback()?;
        }
        builder.commit_from_memory(body)
    };
    build().map_err(|error| build_error(choice, &error))
}

fn build_error(choice: &EngineChoice, error: &ort::Error) -> ModelError {
    match choice.provider {
        Provider::Cpu => ModelError::Build { engine: ENGINE, problem: error.to_string() },
        _ => ModelError::Unavailable {
            engine: EngineChoice { kind: super::EngineKind::OnnxRuntime, ..choice.clone() }.name(),
            reason: error.to_string(),
            hint: "it needs the GPU build of ONNX Runtime (pip install onnxruntime-gpu==1.31.1), CUDA 13 and cuDNN 9, TensorRT 10 for TensorRT, all on LD_LIBRARY_PATH",
        },
    }
}

#[cfg(not(all(feature = "cuda", feature = "tensorrt")))]
fn missing<T>(engine: &'static str, feature: &str, hint: &'static str) -> Result<T, ModelError> {
    Err(ModelError::Unavailable { engine, reason: format!("this planwright was built without {feature}"), hint })
}

fn providers(choice: &EngineChoice) -> Result<Vec<ExecutionProviderDispatch>, ModelError> {
    match choice.provider {
        Provider::Cpu => Ok(Vec::new()),
        #[cfg(feature = "cuda")]
        Provider::Cuda => Ok(vec![cuda()]),
        #[cfg(not(feature = "cuda"))]
        Provider::Cuda => missing("onnxruntime-cuda", "CUDA", "build with --features cuda"),
        #[cfg(feature = "tensorrt")]
        Provider::TensorRt => Ok(vec![
            ort::ep::TensorRT::default().build().error_on_failure(),
            // What TensorRT does not take stays on the GPU.
            #[cfg(feature = "cuda")]
            cuda(),
        ]),
        #[cfg(not(feature = "tensorrt"))]
        Provider::TensorRt => missing("onnxruntime-tensorrt", "TensorRT", "build with --features cuda,tensorrt"),
    }
}

/// TF32 would round the mantissa to 10 bits, far beyond the self-test's tolerance.
#[cfg(feature = "cuda")]
fn cuda() -> ExecutionProviderDispatch {
    ort::ep::CUDA::default().with_tf32(false).build().error_on_failure()
}

/// Whether a smallest model really runs: the library that did it, or why not.
pub(super) fn probe(choice: &EngineChoice) -> Result<Loaded, ModelError> {
    let loaded = load(choice.library.as_deref())?;
    let mut session = session(&loaded, &identity_model(4), choice, 1)?;
    let mut run = || -> Result<bool, ort::Error> {
        let sample = Tensor::from_array(([1_usize, 4, 6], vec![-1.0_f32; 24]))?;
        let timestep = Tensor::from_array(([1_usize], vec![0.0_f32]))?;
        let results = session.run(ort::inputs![sample, timestep])?;
        Ok(results[0].try_extract_tensor::<f32>()?.1.iter().all(|value| *value == 1.0))
    };
    match run() {
        Ok(true) => Ok(loaded),
        Ok(false) => {
            Err(ModelError::Build { engine: ENGINE, problem: "a smallest model gives wrong results".to_owned() })
        }
        Err(error) => Err(build_error(choice, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::probe::test_artefact;
    use crate::model::{EngineKind, load_engine};

    fn choice() -> EngineChoice {
        // `tests/setup.py` puts it there; a machine without it has not been set up for testing.
        let library = concat!(env!("CARGO_MANIFEST_DIR"), "/../.deps/onnxruntime/libonnxruntime.so");
        EngineChoice { kind: EngineKind::OnnxRuntime, library: Some(library.into()), ..EngineChoice::default() }
    }

    #[test]
    fn onnxruntime_runs_the_probe_again_and_again() {
        for (batch, threads) in [(1, 1), (3, 2)] {
            let mut engine = load_engine(&test_artefact(), &EngineChoice { threads, ..choice() }, batch).unwrap();
            assert!(engine.description().version.starts_with("1."), "{}", engine.description());
            for sign in [1.0, -2.0_f32] {
                let input: Vec<f32> = (0..24 * batch).map(|index| sign * index as f32).collect();
                let mut output = vec![0.0; 24 * batch];
                engine.run(&[&input, &vec![0.0; batch]], &mut [&mut output]).unwrap();
                assert!(output.iter().zip(&input).all(|(output, input)| *output == input.abs()));
            }
        }
        assert!(probe(&choice()).is_ok());
    }

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn a_gpu_that_was_not_built_in_is_an_error_that_says_so() {
        let cuda = EngineChoice { provider: Provider::Cuda, ..choice() };
        let error = load_engine(&test_artefact(), &cuda, 1).err().map(|error| error.to_string());
        assert!(error.as_ref().is_some_and(|error| error.contains("built without CUDA")), "{error:?}");
    }
}
