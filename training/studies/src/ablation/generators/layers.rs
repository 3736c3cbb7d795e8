//! The few layers that the generators are made of: their parameters, and reading them in the same order.

use planwright_training::network::{Init, ParameterSpec};
use tch::Tensor;

/// Weight and bias of a linear map, with PyTorch's initial values.
pub(super) fn linear(name: &str, input: usize, output: usize) -> [ParameterSpec; 2] {
    let init = Init::Uniform(1.0 / (input.max(1) as f64).sqrt());
    [
        ParameterSpec { name: format!("{name}.weight"), shape: vec![output as i64, input as i64], init },
        ParameterSpec { name: format!("{name}.bias"), shape: vec![output as i64], init },
    ]
}

/// Scale and offset of a layer normalisation.
pub(super) fn layer_norm(name: &str, width: usize) -> [ParameterSpec; 2] {
    [("weight", 1.0), ("bias", 0.0)].map(|(part, value)| ParameterSpec {
        name: format!("{name}.{part}"),
        shape: vec![width as i64],
        init: Init::Constant(value),
    })
}

/// One learnt vector per row.
pub(super) fn table(name: &str, rows: usize, width: usize) -> ParameterSpec {
    let init = Init::Uniform(0.1);
    ParameterSpec { name: name.to_owned(), shape: vec![rows as i64, width as i64], init }
}

/// Hands out parameters in the order in which they were declared.
pub(super) struct Reader<'a> {
    views: std::slice::Iter<'a, Tensor>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(views: &'a [Tensor]) -> Self {
        Self { views: views.iter() }
    }

    /// The next parameter; none is left if a network reads more than it declared. Layers then give NaN, which no loss
    /// and no sample passes with.
    pub(super) fn next(&mut self) -> Option<&'a Tensor> {
        self.views.next()
    }

    pub(super) fn linear(&mut self, x: &Tensor) -> Tensor {
        match (self.next(), self.next()) {
            (Some(weight), bias) => x.linear(weight, bias),
            _ => x * f64::NAN,
        }
    }

    pub(super) fn layer_norm(&mut self, x: &Tensor) -> Tensor {
        let width = x.size().last().copied().unwrap_or(1);
        let (weight, bias) = (self.next(), self.next());
        x.layer_norm([width], weight, bias, 1e-5, false)
    }
}
