//! The operations of networks over a square grid of cells: two-dimensional convolutions and attention without a mask.
//!
//! Values stay batch x channels x cells, cells row by row, so that what [`Graph`] does at every time step it does here at
//! every cell.

use super::declare::{Declare, Init};
use super::graph::{AttentionSpec, Graph};
use super::torch::TorchGraph;
use tch::{Kind, Tensor};

/// A two-dimensional convolution over a square grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2dSpec {
    /// Channels in.
    pub input: usize,
    /// Channels out.
    pub output: usize,
    /// Width and height of the kernel.
    pub kernel: usize,
    /// Step of the kernel on both axes.
    pub stride: usize,
    /// Zeros added on all sides.
    pub padding: usize,
    /// Cells along a side of the input.
    pub side: usize,
}

impl Conv2dSpec {
    /// A 3 x 3 kernel that keeps the grid.
    pub fn same(input: usize, output: usize, side: usize) -> Self {
        Self { input, output, kernel: 3, stride: 1, padding: 1, side }
    }

    /// A 2 x 2 kernel that halves the grid, or transposed doubles it.
    pub fn halving(input: usize, output: usize, side: usize) -> Self {
        Self { input, output, kernel: 2, stride: 2, padding: 0, side }
    }

    /// One cell alone.
    pub fn pointwise(input: usize, output: usize, side: usize) -> Self {
        Self { input, output, kernel: 1, stride: 1, padding: 0, side }
    }

    /// Shape of the weights.
    pub(crate) fn weight_shape(self, transposed: bool) -> [usize; 4] {
        let (first, second) = if transposed { (self.input, self.output) } else { (self.output, self.input) };
        [first, second, self.kernel, self.kernel]
    }
}

/// A [`Graph`] with the operations of a grid. Names, order and meaning are as there.
pub trait GridGraph: Graph {
    /// Cross-correlation with bias.
    fn conv2d(&mut self, x: &Self::Value, name: &str, spec: Conv2dSpec) -> Self::Value;
    /// Transposed convolution with bias.
    fn conv_transpose2d(&mut self, x: &Self::Value, name: &str, spec: Conv2dSpec) -> Self::Value;
    /// [`Self::conv2d`] whose initial values are all zero.
    fn zero_conv2d(&mut self, x: &Self::Value, name: &str, spec: Conv2dSpec) -> Self::Value {
        self.conv2d(x, name, spec)
    }
    /// [`Graph::linear`] whose initial result is `_value`, whatever the input.
    fn constant_linear(
        &mut self,
        x: &Self::Value,
        name: &str,
        input: usize,
        output: usize,
        _value: f64,
    ) -> Self::Value {
        self.linear(x, name, input, output)
    }
    /// `x * sigmoid(x)`.
    fn silu(&mut self, x: &Self::Value) -> Self::Value;
    /// Channels `start..end`.
    fn channels(&mut self, x: &Self::Value, start: usize, end: usize) -> Self::Value;
    /// Scaled dot-product attention of `spec.heads` heads over the cells of a row of the batch; `spec.steps` are the cells.
    fn attention(&mut self, qkv: [&Self::Value; 3], spec: AttentionSpec) -> Self::Value;
}

impl GridGraph for Declare {
    fn conv2d(&mut self, _x: &(), name: &str, spec: Conv2dSpec) {
        let shape = spec.weight_shape(false).map(|size| size as i64).to_vec();
        self.pair(name, shape, spec.output, spec.input * spec.kernel * spec.kernel);
    }

    fn conv_transpose2d(&mut self, _x: &(), name: &str, spec: Conv2dSpec) {
        let shape = spec.weight_shape(true).map(|size| size as i64).to_vec();
        self.pair(name, shape, spec.output, spec.output * spec.kernel * spec.kernel);
    }

    fn zero_conv2d(&mut self, _x: &(), name: &str, spec: Conv2dSpec) {
        let shape = spec.weight_shape(false).map(|size| size as i64).to_vec();
        self.constant_pair(name, shape, spec.output, 0.0);
    }

    fn constant_linear(&mut self, _x: &(), name: &str, input: usize, output: usize, value: f64) {
        self.constant_pair(name, vec![output as i64, input as i64], output, value);
    }

    fn silu(&mut self, _x: &()) {}
    fn channels(&mut self, _x: &(), _start: usize, _end: usize) {}
    fn attention(&mut self, _qkv: [&(); 3], _spec: AttentionSpec) {}
}

impl Declare {
    /// Weights of zero, and a bias of `value`.
    fn constant_pair(&mut self, name: &str, weight: Vec<i64>, bias: usize, value: f64) {
        self.push(format!("{name}.weight"), weight, Init::Constant(0.0));
        self.push(format!("{name}.bias"), vec![bias as i64], Init::Constant(value));
    }
}

impl GridGraph for TorchGraph<'_> {
    fn conv2d(&mut self, x: &Tensor, _name: &str, spec: Conv2dSpec) -> Tensor {
        let (stride, padding) = (spec.stride as i64, spec.padding as i64);
        let (weight, bias) = self.pair();
        let kind = self.convolutions;
        let [x, weight, bias] = [&on_grid(x, spec), weight, bias].map(|value| value.to_kind(kind));
        x.conv2d(&weight, Some(bias), stride, padding, 1, 1).flatten(2, 3).to_kind(Kind::Float)
    }

    fn conv_transpose2d(&mut self, x: &Tensor, _name: &str, spec: Conv2dSpec) -> Tensor {
        let (stride, padding) = (spec.stride as i64, spec.padding as i64);
        let (weight, bias) = self.pair();
        on_grid(x, spec).conv_transpose2d(weight, Some(bias), stride, padding, 0, 1, 1).flatten(2, 3)
    }

    fn silu(&mut self, x: &Tensor) -> Tensor {
        x.silu()
    }

    fn channels(&mut self, x: &Tensor, start: usize, end: usize) -> Tensor {
        x.narrow(1, start as i64, (end - start) as i64)
    }

    fn attention(&mut self, qkv: [&Tensor; 3], spec: AttentionSpec) -> Tensor {
        let (heads, width, cells) = (spec.heads as i64, (spec.channels / spec.heads) as i64, spec.steps as i64);
        let [query, key, value] = qkv.map(|x| x.reshape([-1, heads, width, cells]));
        let scores = query.transpose(2, 3).matmul(&key) / (width as f64).sqrt();
        let weights = scores.softmax(-1, Kind::Float);
        value.matmul(&weights.transpose(2, 3)).reshape([-1, spec.channels as i64, cells])
    }
}

fn on_grid(x: &Tensor, spec: Conv2dSpec) -> Tensor {
    let side = spec.side as i64;
    x.reshape([-1, spec.input as i64, side, side])
}
