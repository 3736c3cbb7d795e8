//! Writes a network as ONNX: the third reading of [`Graph`], after parameters and libtorch.

use crate::network::{
    AttentionSpec, ConvSpec, CorridorNetworkSpec, Graph, MASK, NetworkSpec, Parameters, PolicyNetworkSpec,
    declare_corridor, declare_policy, sinusoidal_frequencies,
};
use crate::transform::DecoderTables;
use onnx_protobuf::attribute_proto::AttributeType;
use onnx_protobuf::tensor_proto::DataType;
use onnx_protobuf::tensor_shape_proto::{Dimension, dimension};
use onnx_protobuf::type_proto;
use onnx_protobuf::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto,
};
use planwright::model::{CODES, SUPPORT};
use protobuf::{Message, MessageField};

/// Operators of this opset run fastest in ONNX Runtime and are all in tract.
pub const OPSET: i64 = 17;
/// The IR version that belongs to it.
pub const IR_VERSION: i64 = 8;
/// Name of the open dimension.
pub const BATCH: &str = "batch";
use planwright::model::tensors::{CODE, CONDITION, CORRIDOR, DECODED, SAMPLE, TIMESTEP, WEIGHTS};

/// A denoiser, with its decoder if it has one, as a serialised ONNX model. `values` are all parameters in flat order,
/// no more and no fewer; `output` is the name of what the network says.
pub(super) fn serialise(
    network: &NetworkSpec,
    horizon: usize,
    values: &[f32],
    output: &str,
    decoder: Option<&DecoderTables>,
) -> Result<Vec<u8>, protobuf::Error> {
    let parameters = Parameters::new(crate::network::declare(network));
    let mut graph = OnnxGraph::new(&parameters, values);
    let condition = network.condition.map(|_| CONDITION.to_owned());
    let result = network.forward(&mut graph, horizon, &SAMPLE.to_owned(), &TIMESTEP.to_owned(), condition.as_ref());
    graph.rename(&result, output);
    let trajectory = [None, Some(horizon), Some(network.columns)];
    let mut inputs = vec![value_info(SAMPLE, &trajectory), value_info(TIMESTEP, &[None])];
    let mut outputs = vec![value_info(output, &trajectory)];
    if let Some(condition) = network.condition {
        inputs.push(value_info(CONDITION, &[None, Some(condition.width)]));
    }
    if let Some(tables) = decoder {
        let (horizon, columns) = (horizon, network.columns);
        graph.decoder(tables, horizon, columns);
        let neighbours = Some(tables.neighbours);
        inputs.push(value_info(CODE, &trajectory));
        outputs.push(value_info(WEIGHTS, &[None, neighbours]));
        outputs.push(value_info(DECODED, &[None, neighbours, Some(horizon), Some(columns)]));
    }
    written("denoiser", graph, inputs, outputs)
}

/// A policy's network as a serialised ONNX model: history in, what the head says about the last step out.
pub(super) fn serialise_policy(
    network: &PolicyNetworkSpec,
    values: &[f32],
    input: &str,
    output: &str,
) -> Result<Vec<u8>, protobuf::Error> {
    let parameters = Parameters::new(declare_policy(network));
    let mut graph = OnnxGraph::new(&parameters, values);
    let result = network.forward(&mut graph, &input.to_owned(), true);
    let result = graph.reshape(&result, &[-1, network.dimensions as i64, network.outputs as i64]);
    graph.rename(&result, output);
    let inputs = vec![value_info(input, &[None, Some(network.context), Some(network.features)])];
    let outputs = vec![value_info(output, &[None, Some(network.dimensions), Some(network.outputs)])];
    written("policy", graph, inputs, outputs)
}

/// A corridor network as a serialised ONNX model: a corridor in, one offset per knot out.
pub(super) fn serialise_corridor(
    network: &CorridorNetworkSpec,
    channels: usize,
    horizon: usize,
    values: &[f32],
    output: &str,
) -> Result<Vec<u8>, protobuf::Error> {
    let parameters = Parameters::new(declare_corridor(network, channels));
    let mut graph = OnnxGraph::new(&parameters, values);
    let result = network.forward(&mut graph, channels, &CORRIDOR.to_owned());
    let result = graph.reshape(&result, &[-1, horizon as i64]);
    graph.rename(&result, output);
    let inputs = vec![value_info(CORRIDOR, &[None, Some(channels), Some(horizon)])];
    written("corridor", graph, inputs, vec![value_info(output, &[None, Some(horizon)])])
}

pub(super) fn written(
    name: &str,
    graph: OnnxGraph<'_>,
    inputs: Vec<ValueInfoProto>,
    outputs: Vec<ValueInfoProto>,
) -> Result<Vec<u8>, protobuf::Error> {
    let proto = GraphProto {
        name: name.to_owned(),
        node: graph.nodes,
        initializer: graph.initialisers,
        input: inputs,
        output: outputs,
        ..Default::default()
    };
    let opset = OperatorSetIdProto { version: OPSET, ..Default::default() };
    let model = ModelProto {
        ir_version: IR_VERSION,
        opset_import: vec![opset],
        producer_name: "planwright".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: MessageField::some(proto),
        ..Default::default()
    };
    model.write_to_bytes()
}

/// The ONNX interpretation: values are names of tensors.
pub(super) struct OnnxGraph<'a> {
    nodes: Vec<NodeProto>,
    initialisers: Vec<TensorProto>,
    parameters: &'a Parameters,
    rest: &'a [f32],
    next_parameter: usize,
}

impl<'a> OnnxGraph<'a> {
    pub(super) fn new(parameters: &'a Parameters, values: &'a [f32]) -> Self {
        Self { nodes: Vec::new(), initialisers: Vec::new(), parameters, rest: values, next_parameter: 0 }
    }

    /// Appends a node with one output, which is named like the node.
    pub(super) fn node(&mut self, kind: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        let name = format!("{}_{}", kind.to_lowercase(), self.nodes.len());
        self.nodes.push(NodeProto {
            name: name.clone(),
            op_type: kind.to_owned(),
            input: inputs.iter().map(|input| (*input).to_owned()).collect(),
            output: vec![name.clone()],
            attribute: attributes,
            ..Default::default()
        });
        name
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) {
        for name in self.nodes.iter_mut().flat_map(|node| node.input.iter_mut().chain(&mut node.output)) {
            if name == from {
                to.clone_into(name);
            }
        }
    }

    /// The next two parameters as initialisers of the given shapes.
    pub(super) fn pair(&mut self, weight_shape: &[usize], bias_shape: &[usize]) -> (String, String) {
        (self.parameter(weight_shape), self.parameter(bias_shape))
    }

    fn parameter(&mut self, shape: &[usize]) -> String {
        let name = self.parameters.specs()[self.next_parameter].name.clone();
        let (values, rest) = self.rest.split_at(shape.iter().product());
        self.next_parameter += 1;
        self.rest = rest;
        self.floats(&name, shape, values)
    }

    pub(super) fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initialiser(name, shape, DataType::FLOAT, bytes)
    }

    /// A constant of whole numbers; equal ones are written once.
    pub(super) fn integers(&mut self, values: &[i64]) -> String {
        let words: Vec<String> = values.iter().map(|value| value.to_string().replace('-', "m")).collect();
        let name = format!("integers_{}", words.join("_"));
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initialiser(&name, &[values.len()], DataType::INT64, bytes)
    }

    fn scalar(&mut self, value: i64) -> String {
        self.initialiser(&format!("scalar_{value}"), &[], DataType::INT64, value.to_le_bytes().to_vec())
    }

    fn initialiser(&mut self, name: &str, shape: &[usize], kind: DataType, raw_data: Vec<u8>) -> String {
        if !self.initialisers.iter().any(|tensor| tensor.name == name) {
            self.initialisers.push(TensorProto {
                name: name.to_owned(),
                dims: shape.iter().map(|size| *size as i64).collect(),
                data_type: kind as i32,
                raw_data,
                ..Default::default()
            });
        }
        name.to_owned()
    }

    /// Nearest codes of `code`, their weights, and the trajectories that are paired with them. The squared distance
    /// less the part that all codes share is one Gemm: `|c|^2 - 2 z.c`.
    fn decoder(&mut self, tables: &DecoderTables, horizon: usize, columns: usize) {
        let size = horizon * columns;
        let count = tables.codes.len() / size;
        let codes = self.floats(CODES, &[count, size], &tables.codes);
        let support = self.floats(SUPPORT, &[count, horizon, columns], &tables.support);
        let norms: Vec<f32> = tables
            .codes
            .chunks_exact(size)
            .map(|code| code.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() as f32)
            .collect();
        let norms = self.floats("code_norms", &[count], &norms);
        let flat = self.reshape(CODE, &[0, -1]);
        let gemm = vec![integer("transB", 1), float("alpha", -2.0)];
        let distances = self.node("Gemm", &[&flat, &codes, &norms], gemm);
        let neighbours = self.integers(&[tables.neighbours as i64]);
        let name = self.node(
            "TopK",
            &[&distances, &neighbours],
            vec![integer("axis", 1), integer("largest", 0), integer("sorted", 1)],
        );
        let places = format!("{name}_places");
        if let Some(node) = self.nodes.last_mut() {
            node.output.push(places.clone());
        }
        let scale = self.floats("weight_scale", &[1], &[(-0.5 / tables.bandwidth_squared) as f32]);
        let exponents = self.node("Mul", &[&name, &scale], Vec::new());
        let weights = self.node("Softmax", &[&exponents], vec![integer("axis", 1)]);
        self.rename(&weights, WEIGHTS);
        let decoded = self.node("Gather", &[&support, &places], vec![integer("axis", 0)]);
        self.rename(&decoded, DECODED);
    }

    fn unsqueeze(&mut self, x: &str, axis: i64) -> String {
        let axes = self.integers(&[axis]);
        self.node("Unsqueeze", &[x, &axes], Vec::new())
    }

    pub(super) fn reshape(&mut self, x: &str, shape: &[i64]) -> String {
        let shape = self.integers(shape);
        self.node("Reshape", &[x, &shape], Vec::new())
    }
}

impl Graph for OnnxGraph<'_> {
    type Value = String;

    fn share(&mut self, x: &String) -> String {
        x.clone()
    }

    fn conv1d(&mut self, x: &String, _name: &str, spec: ConvSpec) -> String {
        let (weight, bias) = self.pair(&[spec.output, spec.input, spec.kernel], &[spec.output]);
        self.node("Conv", &[x, &weight, &bias], window(spec))
    }

    fn conv_transpose1d(&mut self, x: &String, _name: &str, spec: ConvSpec) -> String {
        let (weight, bias) = self.pair(&[spec.input, spec.output, spec.kernel], &[spec.output]);
        self.node("ConvTranspose", &[x, &weight, &bias], window(spec))
    }

    /// Opset 17 has no group norm: groups become the channels of an instance norm. In a reshape 0 keeps the
    /// batch, open or fixed, and -1 takes what is left.
    fn group_norm(&mut self, x: &String, _name: &str, channels: usize, groups: usize) -> String {
        let ones = self.floats(&format!("ones_{groups}"), &[groups], &vec![1.0; groups]);
        let zeros = self.floats(&format!("zeros_{groups}"), &[groups], &vec![0.0; groups]);
        let grouped = self.reshape(x, &[0, groups as i64, -1]);
        let epsilon = float("epsilon", 1e-5);
        let normal = self.node("InstanceNormalization", &[&grouped, &ones, &zeros], vec![epsilon]);
        let normal = self.reshape(&normal, &[0, channels as i64, -1]);
        let (weight, bias) = self.pair(&[channels, 1], &[channels, 1]);
        let scaled = self.node("Mul", &[&normal, &weight], Vec::new());
        self.node("Add", &[&scaled, &bias], Vec::new())
    }

    fn linear(&mut self, x: &String, _name: &str, input: usize, output: usize) -> String {
        let (weight, bias) = self.pair(&[output, input], &[output]);
        self.node("Gemm", &[x, &weight, &bias], vec![integer("transB", 1)])
    }

    fn mish(&mut self, x: &String) -> String {
        let soft = self.node("Softplus", &[x], Vec::new());
        let gate = self.node("Tanh", &[&soft], Vec::new());
        self.node("Mul", &[x, &gate], Vec::new())
    }

    fn add(&mut self, a: &String, b: &String) -> String {
        self.node("Add", &[a, b], Vec::new())
    }

    fn add_to_each_step(&mut self, x: &String, per_channel: &String) -> String {
        let column = self.unsqueeze(per_channel, 2);
        self.node("Add", &[x, &column], Vec::new())
    }

    fn scale_each_step(&mut self, x: &String, per_channel: &String) -> String {
        let column = self.unsqueeze(per_channel, 2);
        self.node("Mul", &[x, &column], Vec::new())
    }

    fn repeat_over_time(&mut self, per_channel: &String, horizon: usize) -> String {
        let column = self.unsqueeze(per_channel, 2);
        let ones = self.floats(&format!("ones_over_{horizon}"), &[1, 1, horizon], &vec![1.0; horizon]);
        self.node("Mul", &[&column, &ones], Vec::new())
    }

    fn concat_channels(&mut self, a: &String, b: &String) -> String {
        self.node("Concat", &[a, b], vec![integer("axis", 1)])
    }

    fn swap_time_and_channels(&mut self, x: &String) -> String {
        self.node("Transpose", &[x], vec![integers("perm", &[0, 2, 1])])
    }

    /// Written out, for opset 17's own LayerNormalization wants the channels last, as all of this does.
    fn layer_norm(&mut self, x: &String, _name: &str, channels: usize) -> String {
        let mean = self.node("ReduceMean", &[x], vec![integers("axes", &[1]), integer("keepdims", 1)]);
        let centred = self.node("Sub", &[x, &mean], Vec::new());
        let square = self.node("Mul", &[&centred, &centred], Vec::new());
        let variance = self.node("ReduceMean", &[&square], vec![integers("axes", &[1]), integer("keepdims", 1)]);
        let epsilon = self.floats("layer_norm_epsilon", &[1], &[1e-5]);
        let variance = self.node("Add", &[&variance, &epsilon], Vec::new());
        let deviation = self.node("Sqrt", &[&variance], Vec::new());
        let normal = self.node("Div", &[&centred, &deviation], Vec::new());
        let (weight, bias) = self.pair(&[channels, 1], &[channels, 1]);
        let scaled = self.node("Mul", &[&normal, &weight], Vec::new());
        self.node("Add", &[&scaled, &bias], Vec::new())
    }

    fn flatten_tokens(&mut self, x: &String, channels: usize) -> String {
        let turned = self.node("Transpose", &[x], vec![integers("perm", &[2, 0, 1])]);
        self.reshape(&turned, &[1, channels as i64, -1])
    }

    fn unflatten_tokens(&mut self, x: &String, channels: usize, steps: usize) -> String {
        let windows = self.reshape(x, &[channels as i64, -1, steps as i64]);
        self.node("Transpose", &[&windows], vec![integers("perm", &[1, 0, 2])])
    }

    fn add_positions(&mut self, x: &String, _name: &str, channels: usize, steps: usize) -> String {
        let table = self.parameter(&[channels, steps]);
        let table = self.unsqueeze(&table, 1);
        let windows = self.reshape(x, &[channels as i64, -1, steps as i64]);
        let placed = self.node("Add", &[&windows, &table], Vec::new());
        self.reshape(&placed, &[1, channels as i64, -1])
    }

    fn causal_attention(&mut self, qkv: [&String; 3], spec: AttentionSpec, last_only: bool) -> String {
        let AttentionSpec { channels, heads, steps } = spec;
        let width = channels / heads;
        let asked = if last_only { 1 } else { steps };
        let split = |steps: usize| [heads as i64, width as i64, -1, steps as i64];
        let query = self.reshape(qkv[0], &split(asked));
        let [key, value] = [qkv[1], qkv[2]].map(|x| self.reshape(x, &split(steps)));
        let turned =
            |graph: &mut Self, x: &String, perm: &[i64]| graph.node("Transpose", &[x], vec![integers("perm", perm)]);
        let query = turned(self, &query, &[2, 0, 3, 1]);
        let key = turned(self, &key, &[2, 0, 1, 3]);
        let value = turned(self, &value, &[2, 0, 3, 1]);
        let scores = self.node("MatMul", &[&query, &key], Vec::new());
        let scale = self.floats(&format!("attention_scale_{width}"), &[1], &[1.0 / (width as f32).sqrt()]);
        let mut scores = self.node("Mul", &[&scores, &scale], Vec::new());
        if !last_only {
            let later: Vec<f32> =
                (0..steps * steps).map(|place| if place % steps > place / steps { MASK } else { 0.0 }).collect();
            let later = self.floats(&format!("later_{steps}"), &[steps, steps], &later);
            scores = self.node("Add", &[&scores, &later], Vec::new());
        }
        let weights = self.node("Softmax", &[&scores], vec![integer("axis", 3)]);
        let seen = self.node("MatMul", &[&weights, &value], Vec::new());
        let seen = turned(self, &seen, &[1, 3, 0, 2]);
        self.reshape(&seen, &[1, channels as i64, -1])
    }

    fn last_token(&mut self, x: &String, channels: usize, steps: usize) -> String {
        let windows = self.reshape(x, &[1, channels as i64, -1, steps as i64]);
        let place = self.scalar(steps as i64 - 1);
        self.node("Gather", &[&windows, &place], vec![integer("axis", 3)])
    }

    fn sinusoidal(&mut self, timestep: &String, width: usize) -> String {
        let frequencies = sinusoidal_frequencies(width);
        let constant = self.floats("time_frequencies", &[1, frequencies.len()], &frequencies);
        let column = self.unsqueeze(timestep, 1);
        let angles = self.node("Mul", &[&column, &constant], Vec::new());
        let sines = self.node("Sin", &[&angles], Vec::new());
        let cosines = self.node("Cos", &[&angles], Vec::new());
        self.node("Concat", &[&sines, &cosines], vec![integer("axis", 1)])
    }
}

fn window(spec: ConvSpec) -> Vec<AttributeProto> {
    let (kernel, stride, padding) = (spec.kernel as i64, spec.stride as i64, spec.padding as i64);
    vec![integers("kernel_shape", &[kernel]), integers("strides", &[stride]), integers("pads", &[padding, padding])]
}

fn attribute(name: &str, kind: AttributeType) -> AttributeProto {
    AttributeProto { name: name.to_owned(), type_: kind.into(), ..Default::default() }
}

pub(super) fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: value, ..attribute(name, AttributeType::INT) }
}

pub(super) fn integers(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto { ints: values.to_vec(), ..attribute(name, AttributeType::INTS) }
}

fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { f: value, ..attribute(name, AttributeType::FLOAT) }
}

/// A float tensor; `None` is the batch.
pub(super) fn value_info(name: &str, sizes: &[Option<usize>]) -> ValueInfoProto {
    let dim = sizes
        .iter()
        .map(|size| {
            let value = match size {
                Some(size) => dimension::Value::DimValue(*size as i64),
                None => dimension::Value::DimParam(BATCH.to_owned()),
            };
            Dimension { value: Some(value), ..Default::default() }
        })
        .collect();
    let tensor = type_proto::Tensor {
        elem_type: DataType::FLOAT as i32,
        shape: MessageField::some(TensorShapeProto { dim, ..Default::default() }),
        ..Default::default()
    };
    let type_ = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
    ValueInfoProto { name: name.to_owned(), type_: MessageField::some(type_), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright::model::tensors::CLEAN;

    #[test]
    fn every_parameter_is_written_once_and_every_input_exists() {
        let network = NetworkSpec {
            columns: 6,
            base_channels: 8,
            multipliers: vec![1, 2],
            kernel: 5,
            groups: 4,
            condition: None,
        };
        let parameters = Parameters::new(crate::network::declare(&network));
        let values = parameters.initial(1);
        let bytes = serialise(&network, 8, &values, CLEAN, None).unwrap();
        let graph = ModelProto::parse_from_bytes(&bytes).unwrap().graph.unwrap();
        for spec in parameters.specs() {
            let tensor = graph.initializer.iter().find(|tensor| tensor.name == spec.name).unwrap();
            assert_eq!(tensor.raw_data.len(), 4 * spec.len(), "{}", spec.name);
        }
        let mut known: Vec<&str> = vec![SAMPLE, TIMESTEP];
        known.extend(graph.initializer.iter().map(|tensor| tensor.name.as_str()));
        for node in &graph.node {
            for input in &node.input {
                assert!(known.contains(&input.as_str()), "{} needs {input}", node.name);
            }
            known.push(&node.output[0]);
        }
        assert_eq!(known.last(), Some(&CLEAN));
        let count = known.len();
        known.sort_unstable();
        known.dedup();
        assert_eq!(known.len(), count, "names are unique");
    }
}
