//! Writes networks over a grid of cells as ONNX.

use super::onnx_graph::{OnnxGraph, integer, integers, value_info, written};
use crate::network::{
    AttentionSpec, Conv2dSpec, GridGraph, MOTION_CELLS, MotionNetworkSpec, Parameters, declare_motion,
};
use onnx_protobuf::AttributeProto;
use planwright::model::tensors::{SAMPLE, SCENE, TIMESTEP};

/// A motion network as a serialised ONNX model: `sample`, `timestep` and `scene` in, `output` out. `values` are all
/// parameters in flat order.
pub(super) fn serialise_motion(
    network: &MotionNetworkSpec,
    values: &[f32],
    output: &str,
) -> Result<Vec<u8>, protobuf::Error> {
    let parameters = Parameters::new(declare_motion(network));
    let mut graph = OnnxGraph::new(&parameters, values);
    let result = network.forward(&mut graph, &SAMPLE.to_owned(), &TIMESTEP.to_owned(), &SCENE.to_owned());
    graph.rename(&result, output);
    let sample = [None, Some(network.sample_channels()), Some(MOTION_CELLS)];
    let inputs = vec![
        value_info(SAMPLE, &sample),
        value_info(TIMESTEP, &[None]),
        value_info(SCENE, &[None, Some(network.scene_channels()), Some(MOTION_CELLS)]),
    ];
    written("motion", graph, inputs, vec![value_info(output, &sample)])
}

impl OnnxGraph<'_> {
    fn conv(&mut self, kind: &str, x: &str, spec: Conv2dSpec) -> String {
        let side = spec.side as i64;
        let grid = self.reshape(x, &[0, spec.input as i64, side, side]);
        let (weight, bias) = self.pair(&spec.weight_shape(kind != "Conv"), &[spec.output]);
        let result = self.node(kind, &[&grid, &weight, &bias], window(spec));
        self.reshape(&result, &[0, spec.output as i64, -1])
    }
}

impl GridGraph for OnnxGraph<'_> {
    fn conv2d(&mut self, x: &String, _name: &str, spec: Conv2dSpec) -> String {
        self.conv("Conv", x, spec)
    }

    fn conv_transpose2d(&mut self, x: &String, _name: &str, spec: Conv2dSpec) -> String {
        self.conv("ConvTranspose", x, spec)
    }

    /// As `2 (x / 2) sigmoid(x)`, which is exact. Tract makes one operation of `x sigmoid(x)` that clamps x, so that NaN comes
    /// out as a number.
    fn silu(&mut self, x: &String) -> String {
        let [half, two] = [("silu_half", 0.5), ("silu_two", 2.0)].map(|(name, value)| self.floats(name, &[], &[value]));
        let gate = self.node("Sigmoid", &[x], Vec::new());
        let halved = self.node("Mul", &[x, &half], Vec::new());
        let product = self.node("Mul", &[&halved, &gate], Vec::new());
        self.node("Mul", &[&product, &two], Vec::new())
    }

    fn channels(&mut self, x: &String, start: usize, end: usize) -> String {
        let [start, end, axis] = [start, end, 1].map(|value| self.integers(&[value as i64]));
        self.node("Slice", &[x, &start, &end, &axis], Vec::new())
    }

    fn attention(&mut self, qkv: [&String; 3], spec: AttentionSpec) -> String {
        let AttentionSpec { channels, heads, steps } = spec;
        let width = channels / heads;
        let [query, key, value] = qkv.map(|x| self.reshape(x, &[0, heads as i64, width as i64, steps as i64]));
        let swapped = || vec![integers("perm", &[0, 1, 3, 2])];
        let query = self.node("Transpose", &[&query], swapped());
        let scores = self.node("MatMul", &[&query, &key], Vec::new());
        let scale = self.floats(&format!("attention_scale_{width}"), &[1], &[1.0 / (width as f32).sqrt()]);
        let scores = self.node("Mul", &[&scores, &scale], Vec::new());
        let weights = self.node("Softmax", &[&scores], vec![integer("axis", 3)]);
        let weights = self.node("Transpose", &[&weights], swapped());
        let seen = self.node("MatMul", &[&value, &weights], Vec::new());
        self.reshape(&seen, &[0, channels as i64, -1])
    }
}

fn window(spec: Conv2dSpec) -> Vec<AttributeProto> {
    let (kernel, stride, padding) = (spec.kernel as i64, spec.stride as i64, spec.padding as i64);
    vec![integers("kernel_shape", &[kernel; 2]), integers("strides", &[stride; 2]), integers("pads", &[padding; 4])]
}
