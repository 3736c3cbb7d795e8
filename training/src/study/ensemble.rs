//! Batched ensembles: networks of one shape as elements of the same tensors, each with parameters from its own seed.

use super::{Cell, StudyError};
use crate::fit::EnsembleAdam;
use crate::network::{Init, ParameterSpec, Parameters};
use tch::Tensor;

/// Layout of the parameters: one row per member.
pub struct Ensemble {
    layout: Parameters,
    sizes: Vec<i64>,
}

impl Ensemble {
    /// Of networks with these parameters.
    pub fn new(specs: Vec<ParameterSpec>) -> Self {
        Self { sizes: specs.iter().map(|spec| spec.len() as i64).collect(), layout: Parameters::new(specs) }
    }

    /// Layout of one member.
    pub fn layout(&self) -> &Parameters {
        &self.layout
    }

    /// Initial values, members x parameters; each member's come from its own seed.
    pub fn initial(&self, seeds: impl Iterator<Item = u64>) -> Tensor {
        let members: Vec<Tensor> = seeds.map(|seed| Tensor::from_slice(&self.layout.initial(seed))).collect();
        Tensor::stack(&members, 0)
    }

    /// Parameter by parameter, each members x its shape.
    pub fn views(&self, parameters: &Tensor) -> impl Iterator<Item = Tensor> {
        let members = parameters.size().first().copied().unwrap_or_default();
        parameters.split_with_sizes(&self.sizes, 1).into_iter().zip(self.layout.specs()).map(move |(part, spec)| {
            let shape: Vec<i64> = std::iter::once(members).chain(spec.shape.iter().copied()).collect();
            part.view(shape.as_slice())
        })
    }
}

/// Weight and bias of an affine map, with PyTorch's initial values.
pub fn affine(name: &str, inputs: usize, outputs: usize) -> [ParameterSpec; 2] {
    let init = Init::Uniform(1.0 / (inputs as f64).sqrt());
    let spec = |part: &str, shape| ParameterSpec { name: format!("{name}.{part}"), shape, init };
    [spec("weight", vec![outputs as i64, inputs as i64]), spec("bias", vec![outputs as i64])]
}

/// Affine maps with ReLU between them; values are members x rows x inputs.
pub fn perceptron(mut values: Tensor, layers: usize, views: &mut impl Iterator<Item = Tensor>) -> Tensor {
    for layer in 0..layers {
        if layer > 0 {
            values = values.relu();
        }
        if let (Some(weight), Some(bias)) = (views.next(), views.next()) {
            values = bias.unsqueeze(1).baddbmm(&values, &weight.transpose(1, 2), 1, 1);
        }
    }
    values
}

/// Parameters under Adam.
pub struct EnsembleFit {
    /// Members x parameters.
    pub parameters: Tensor,
    adam: EnsembleAdam,
}

impl EnsembleFit {
    /// From initial values, members x parameters.
    pub fn new(initial: Tensor) -> Self {
        let parameters = initial.set_requires_grad(true);
        Self { adam: EnsembleAdam::new(&parameters), parameters }
    }

    /// One step on the mean loss over members; each member's gradient is that of its own mean, clipped by its own norm.
    pub fn step(&mut self, loss: &Tensor, rate: f64, clip_norm: Option<f64>) {
        self.parameters.zero_grad();
        let members = self.parameters.size().first().copied().unwrap_or_default();
        (loss * members as f64).backward();
        let mut flat = self.parameters.detach();
        self.adam.update(&mut flat, &self.parameters.grad(), rate, clip_norm);
    }
}

/// Fits cells of one shape side by side, a single one twice: libtorch rounds products of one member otherwise than of
/// several, and so a cell's result is the same to the last bit whatever is fitted beside it.
///
/// # Errors
/// As `fit`.
pub fn side_by_side<C: Clone, F>(
    cells: &[C],
    fit: impl FnOnce(&[C]) -> Result<Vec<F>, StudyError>,
) -> Result<Vec<F>, StudyError> {
    match cells {
        [cell] => {
            let mut fitted = fit(&[cell.clone(), cell.clone()])?;
            fitted.truncate(1);
            Ok(fitted)
        }
        several => fit(several),
    }
}

/// Whether an epoch's loss is finite.
///
/// # Errors
/// If it is not: the cells and the epoch, from 0.
pub fn check_loss<C: Cell>(cells: &[C], epoch: usize, loss: f64) -> Result<(), StudyError> {
    if loss.is_finite() {
        return Ok(());
    }
    let cell = cells.iter().map(Cell::path).collect::<Vec<_>>().join(", ");
    Err(StudyError::Diverged { cell, epoch, loss })
}
