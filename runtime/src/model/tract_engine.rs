//! tract: ONNX in pure Rust, on one thread.

use super::engine::{Engine, EngineDescription, Provider, check_buffers};
use super::error::{EngineError, ModelError};
use super::manifest::Manifest;
use super::vector_state;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::{
    Arc, Framework, InferenceModelExt, IntoRunnable, TValue, Tensor, TractError, TypedModel, tvec,
};
use tract_onnx::tract_core::plan::SimpleState;
use tract_onnx::tract_hir::infer::InferenceFact;
use tract_onnx::tract_hir::prelude::{DatumType, TVec};
use tract_onnx::tract_hir::tract_core::model::TypedFact;
use tract_onnx::tract_hir::tract_core::ops::TypedOp;

/// tract's version, fixed in Cargo.toml.
pub(super) const VERSION: &str = "0.23.9";

/// A graph optimised for one batch, and its memory.
pub(super) struct TractEngine {
    state: SimpleState<TypedFact, Box<dyn TypedOp>>,
    /// Written before and only borrowed during a run, so that no run makes new ones.
    inputs: Vec<Arc<Tensor>>,
    sizes: [Vec<usize>; 2],
    description: EngineDescription,
}

impl TractEngine {
    pub(super) fn build(
        model: &ModelProto,
        manifest: &Manifest,
        batch: usize,
        notes: Vec<String>,
    ) -> Result<Self, ModelError> {
        let shapes: Vec<Vec<usize>> = manifest.inputs.iter().map(|input| input.shape_for(batch)).collect();
        let failed = |error: TractError| ModelError::Build { engine: "tract", problem: chain(&error) };
        let typed = optimise(model, &shapes).map_err(failed)?;
        let state = typed.into_runnable().and_then(|plan| plan.spawn()).map_err(failed)?;
        let inputs = shapes.iter().map(|shape| Tensor::zero::<f32>(shape).map(Arc::new)).collect::<Result<_, _>>();
        let sizes = [&manifest.inputs, &manifest.outputs]
            .map(|tensors| tensors.iter().map(|tensor| tensor.len_for(batch)).collect());
        let description = EngineDescription {
            engine: "tract",
            provider: Provider::Cpu,
            version: VERSION.to_owned(),
            library: None,
            threads: 1,
            batch,
            notes,
        };
        Ok(Self { state, inputs: inputs.map_err(failed)?, sizes, description })
    }

    fn run_checked(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<(), TractError> {
        let mut values: TVec<TValue> = tvec!();
        for (tensor, values_in) in self.inputs.iter_mut().zip(inputs) {
            match Arc::get_mut(tensor) {
                Some(tensor) => tensor.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?.copy_from_slice(values_in),
                // An input that is also an output is still held by the last result.
                None => *tensor = Arc::new(Tensor::from_shape(tensor.shape(), values_in)?),
            }
            values.push(TValue::from_const(tensor.clone()));
        }
        let results = self.state.run(values);
        vector_state::clear();
        let results = results?;
        for (result, output) in results.iter().zip(outputs) {
            output.copy_from_slice(result.try_as_plain_ram()?.as_slice::<f32>()?);
        }
        Ok(())
    }
}

/// The batch is fixed first: a symbolic one costs 20-35% of the speed.
fn optimise(model: &ModelProto, shapes: &[Vec<usize>]) -> Result<TypedModel, TractError> {
    let onnx = tract_onnx::onnx().with_ignore_value_info(true).with_ignore_output_shapes(true);
    let mut graph = onnx.model_for_proto_model(model)?;
    for (index, shape) in shapes.iter().enumerate() {
        graph = graph.with_input_fact(index, InferenceFact::dt_shape(DatumType::F32, shape))?;
    }
    graph.into_optimized()
}

impl Engine for TractEngine {
    fn description(&self) -> &EngineDescription {
        &self.description
    }

    fn run(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<(), EngineError> {
        check_buffers(&self.sizes, inputs, outputs)?;
        self.run_checked(inputs, outputs)
            .map_err(|error| EngineError::Engine { engine: "tract", problem: chain(&error) })
    }
}

/// tract puts the cause last; one line is enough for a person.
fn chain(error: &TractError) -> String {
    let mut problem = String::new();
    for cause in error.chain().map(ToString::to_string).filter(|cause| !cause.is_empty()) {
        // Some of its errors hold the text of their cause.
        if !problem.contains(&cause) {
            problem = if problem.is_empty() { cause } else { format!("{problem}: {cause}") };
        }
    }
    problem
}
