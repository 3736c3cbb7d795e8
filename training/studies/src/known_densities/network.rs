//! Batched ensemble of networks 2-64-32-head.

use super::settings::{DensitySettings, Task};
use planwright_training::head::{Head, Objective};
use planwright_training::study::StudyError;
use planwright_training::study::ensemble::{Ensemble, affine, perceptron};
use tch::Tensor;

/// Widths of the hidden layers, after the two inputs.
const WIDTHS: [usize; 3] = [2, 64, 32];

/// Runs of equal shape.
pub(super) struct Network {
    pub(super) head: Option<Head>,
    pub(super) ensemble: Ensemble,
}

/// What the last affine map gives, with a mixture's deviations.
pub(super) struct Raw {
    /// lanes x rows x outputs.
    pub(super) values: Tensor,
    /// lanes x 1 x dimensions x components.
    pub(super) scale: Option<Tensor>,
}

impl Network {
    /// For runs like this one.
    pub(super) fn new(run: &DensitySettings) -> Result<Self, StudyError> {
        let head = run.spec().map(|spec| Head::new(spec, 1)).transpose()?;
        let [input, first, second] = WIDTHS;
        let mut specs = [affine("hidden.0", input, first), affine("hidden.1", first, second)].concat();
        match &head {
            Some(head) => {
                let objective = match run.task {
                    Task::Bins => Objective::Classification,
                    Task::Values => Objective::Likelihood,
                };
                specs.extend(head.parameters("head", second, objective)?);
            }
            None => specs.extend(affine("head", second, 1)),
        }
        Ok(Self { head, ensemble: Ensemble::new(specs) })
    }

    /// Outputs of the last affine map for inputs that are lanes x rows x 2.
    pub(super) fn raw(&self, parameters: &Tensor, inputs: &Tensor) -> Raw {
        let mut views = self.ensemble.views(parameters);
        let values = perceptron(inputs.shallow_clone(), WIDTHS.len(), &mut views);
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
        let lanes = Network::new(&run).expect("lanes");
        let parameters = lanes.ensemble.initial([3, 4].into_iter());
        let inputs = Tensor::from_slice(&[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]).view([2, 2, 2]);
        let raw = lanes.raw(&parameters, &inputs);
        assert_eq!(raw.values.size(), [2, 2, 2]);
        assert_eq!(raw.scale.map(|scale| scale.size()), Some(vec![2, 1, 1, 2]));
        let layout = lanes.ensemble.layout();
        let views = layout.views(&Tensor::from_slice(&layout.initial(4)));
        let hidden = inputs.get(1).linear(&views[0], Some(&views[1])).relu();
        let alone = hidden.linear(&views[2], Some(&views[3])).relu().linear(&views[4], Some(&views[5]));
        assert!((raw.values.get(1) - alone).abs().max().double_value(&[]) < 1e-5);
    }
}
