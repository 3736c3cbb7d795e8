//! Batched ensemble of networks 2-64-32-head: each run is a member of the same tensors, with its own parameters.

use super::settings::{DensitySettings, Task};
use planwright_training::head::{Head, Objective};
use planwright_training::network::{Init, ParameterSpec, Parameters};
use planwright_training::study::StudyError;
use tch::Tensor;

/// Widths of the hidden layers, after the two inputs.
const WIDTHS: [usize; 3] = [2, 64, 32];

/// Runs of equal shape.
pub(super) struct Ensemble {
    pub(super) head: Option<Head>,
    layout: Parameters,
    sizes: Vec<i64>,
}

/// What the last affine map gives, with a mixture's deviations.
pub(super) struct Raw {
    /// lanes x rows x outputs.
    pub(super) values: Tensor,
    /// lanes x 1 x dimensions x components.
    pub(super) scale: Option<Tensor>,
}

fn linear(name: &str, input: usize, output: usize) -> [ParameterSpec; 2] {
    let init = Init::Uniform(1.0 / (input as f64).sqrt());
    [
        ParameterSpec { name: format!("{name}.weight"), shape: vec![output as i64, input as i64], init },
        ParameterSpec { name: format!("{name}.bias"), shape: vec![output as i64], init },
    ]
}

impl Ensemble {
    /// For runs like this one.
    pub(super) fn new(run: &DensitySettings) -> Result<Self, StudyError> {
        let head = run.spec().map(|spec| Head::new(spec, 1)).transpose()?;
        let [input, first, second] = WIDTHS;
        let mut specs = [linear("hidden.0", input, first), linear("hidden.1", first, second)].concat();
        match &head {
            Some(head) => {
                let objective = match run.task {
                    Task::Bins => Objective::Classification,
                    Task::Values => Objective::Likelihood,
                };
                specs.extend(head.parameters("head", second, objective)?);
            }
            None => specs.extend(linear("head", second, 1)),
        }
        let sizes = specs.iter().map(|spec| spec.len() as i64).collect();
        Ok(Self { head, layout: Parameters::new(specs), sizes })
    }

    /// Initial values, lanes x parameters; each lane's come from its own seed.
    pub(super) fn initial(&self, seeds: impl Iterator<Item = u64>) -> Tensor {
        let lanes: Vec<Tensor> = seeds.map(|seed| Tensor::from_slice(&self.layout.initial(seed))).collect();
        Tensor::stack(&lanes, 0)
    }

    /// Outputs of the last affine map for inputs that are lanes x rows x 2.
    pub(super) fn raw(&self, parameters: &Tensor, inputs: &Tensor) -> Raw {
        let lanes = inputs.size().first().copied().unwrap_or_default();
        let mut views =
            parameters.split_with_sizes(&self.sizes, 1).into_iter().zip(self.layout.specs()).map(|(part, spec)| {
                let shape: Vec<i64> = std::iter::once(lanes).chain(spec.shape.iter().copied()).collect();
                part.view(shape.as_slice())
            });
        let mut values = inputs.shallow_clone();
        for layer in 0..WIDTHS.len() {
            if layer > 0 {
                values = values.relu();
            }
            if let (Some(weight), Some(bias)) = (views.next(), views.next()) {
                values = bias.unsqueeze(1).baddbmm(&values, &weight.transpose(1, 2), 1, 1);
            }
        }
        Raw { values, scale: views.next().map(|scale| scale.unsqueeze(1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::{Dataset, DensityHead};
    use super::*;

    #[test]
    fn a_lane_is_the_network_alone() {
        let head = DensityHead::Mixture {};
        let run = DensitySettings { dataset: Dataset::Beta, head, task: Task::Bins, seed: 1, epochs: 1, samples: 40 };
        let lanes = Ensemble::new(&run).expect("lanes");
        let parameters = lanes.initial([3, 4].into_iter());
        let inputs = Tensor::from_slice(&[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]).view([2, 2, 2]);
        let raw = lanes.raw(&parameters, &inputs);
        assert_eq!(raw.values.size(), [2, 2, 2]);
        assert_eq!(raw.scale.map(|scale| scale.size()), Some(vec![2, 1, 1, 2]));
        let views = lanes.layout.views(&Tensor::from_slice(&lanes.layout.initial(4)));
        let hidden = inputs.get(1).linear(&views[0], Some(&views[1])).relu();
        let alone = hidden.linear(&views[2], Some(&views[3])).relu().linear(&views[4], Some(&views[5]));
        assert!((raw.values.get(1) - alone).abs().max().double_value(&[]) < 1e-5);
    }
}
