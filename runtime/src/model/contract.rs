//! Whether a graph has the inputs and outputs that its manifest promises.

use super::error::ModelError;
use super::manifest::Manifest;
use super::manifest_entries::{Dimension, TensorSpec};
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Size;
use tract_onnx::pb::type_proto::Value as Type;
use tract_onnx::pb::{GraphProto, ModelProto, ValueInfoProto};
use tract_onnx::prelude::Framework;

/// ONNX's number for 32-bit floats.
const FLOAT: i32 = 1;

/// Decodes a body.
pub(super) fn decode(body: &[u8]) -> Result<ModelProto, ModelError> {
    tract_onnx::onnx()
        .proto_model_for_read(&mut &body[..])
        .map_err(|error| ModelError::NotOnnx(format!("undecodable bytes ({error})")))
}

/// Compares names, types and shapes, in order.
pub(super) fn check_graph(model: &ModelProto, manifest: &Manifest) -> Result<(), ModelError> {
    let graph = model.graph.as_ref().ok_or_else(|| ModelError::NotOnnx("no graph".to_owned()))?;
    let weights: Vec<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    // Old writers list weights among the inputs.
    let inputs: Vec<&ValueInfoProto> =
        graph.input.iter().filter(|input| !weights.contains(&input.name.as_str())).collect();
    check_side("input", &manifest.inputs, &inputs)?;
    check_side("output", &manifest.outputs, &graph.output.iter().collect::<Vec<_>>())?;
    check_support(graph, manifest)?;
    check_produced(graph)
}

/// Names of the tensors that a transform's graph holds: codes, N x (H C), and trajectories, N x H x C.
pub const CODES: &str = "codes";
/// See [`CODES`].
pub const SUPPORT: &str = "support";

/// Codes and trajectories must be as many as the manifest states: any other pairing decodes to other trajectories.
fn check_support(graph: &GraphProto, manifest: &Manifest) -> Result<(), ModelError> {
    let Some(transform) = manifest.family.transform() else { return Ok(()) };
    let (count, horizon, columns) = (transform.support as i64, manifest.horizon as i64, manifest.columns.len() as i64);
    for (name, expected) in [(CODES, vec![count, horizon * columns]), (SUPPORT, vec![count, horizon, columns])] {
        let got = graph.initializer.iter().find(|tensor| tensor.name == name).map(|tensor| tensor.dims.clone());
        if got.as_ref() != Some(&expected) {
            let got = got.map_or("none".to_owned(), |got| format!("{got:?}"));
            return Err(ModelError::Support { name, expected: format!("{expected:?}"), got });
        }
    }
    Ok(())
}

fn check_side(side: &'static str, expected: &[TensorSpec], got: &[&ValueInfoProto]) -> Result<(), ModelError> {
    for index in 0..expected.len().max(got.len()) {
        let wanted = expected.get(index).map_or("nothing".to_owned(), describe_spec);
        let found = got.get(index).map_or("nothing".to_owned(), |value| describe(value));
        if wanted != found {
            return Err(ModelError::Contract { side, index, expected: wanted, got: found });
        }
    }
    Ok(())
}

/// An output that no node produces makes a parser panic rather than fail.
fn check_produced(graph: &GraphProto) -> Result<(), ModelError> {
    for (index, output) in graph.output.iter().enumerate() {
        let produced = graph.node.iter().flat_map(|node| &node.output).any(|name| *name == output.name);
        if !produced {
            let expected = format!("`{}` from a node", output.name);
            return Err(ModelError::Contract { side: "output", index, expected, got: "none".to_owned() });
        }
    }
    Ok(())
}

fn describe_spec(spec: &TensorSpec) -> String {
    let sizes: Vec<String> = spec
        .shape
        .iter()
        .map(|dimension| match dimension {
            Dimension::Fixed(size) => size.to_string(),
            Dimension::Batch => "batch".to_owned(),
        })
        .collect();
    format!("`{}` of float32 [{}]", spec.name, sizes.join(", "))
}

fn describe(value: &ValueInfoProto) -> String {
    let Some(Type::TensorType(tensor)) = value.r#type.as_ref().and_then(|kind| kind.value.as_ref()) else {
        return format!("`{}` without a type", value.name);
    };
    let element =
        if tensor.elem_type == FLOAT { "float32".to_owned() } else { format!("element type {}", tensor.elem_type) };
    let Some(shape) = &tensor.shape else {
        return format!("`{}` of {element} without a shape", value.name);
    };
    let sizes: Vec<String> = shape
        .dim
        .iter()
        .map(|dimension| match &dimension.value {
            Some(Size::DimValue(size)) => size.to_string(),
            Some(Size::DimParam(name)) => name.clone(),
            None => "?".to_owned(),
        })
        .collect();
    format!("`{}` of {element} [{}]", value.name, sizes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::probe::{identity_model, test_manifest};

    #[test]
    fn a_graph_that_is_not_what_the_manifest_says_is_refused() {
        let model = decode(&identity_model(4)).unwrap();
        assert!(check_graph(&model, &test_manifest()).is_ok());
        let error = check_graph(&decode(&identity_model(8)).unwrap(), &test_manifest()).expect_err("8, not 4");
        assert!(
            error.to_string().contains("[batch, 4, 6] (from the manifest), got `sample` of float32 [batch, 8, 6]"),
            "{error}"
        );
        let mut renamed = test_manifest();
        renamed.inputs[1].name = "t".to_owned();
        assert!(matches!(check_graph(&model, &renamed), Err(ModelError::Contract { side: "input", index: 1, .. })));
        let mut fewer = test_manifest();
        fewer.inputs.pop();
        assert!(matches!(check_graph(&model, &fewer), Err(ModelError::Contract { side: "input", index: 1, .. })));
        let mut unproduced = model;
        unproduced.graph.as_mut().unwrap().node.clear();
        assert!(matches!(check_graph(&unproduced, &test_manifest()), Err(ModelError::Contract { side: "output", .. })));
    }
}
