//! Diffuser's temporal U-Net (Janner et al. 2022, Maze2D): residual blocks along time, no attention.

use super::graph::{ConvSpec, Graph};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The sizes of a temporal U-Net. Diffuser's are 32, [1, 4, 8], 5, 8: 3,682,118 parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkSpec {
    /// Columns of a knot.
    #[serde(default = "six")]
    pub columns: usize,
    /// Channels at the finest level, and width of the time embedding.
    pub base_channels: usize,
    /// Channels per level as multiples of the base; time halves from level to level.
    pub multipliers: Vec<usize>,
    /// Kernel width of the blocks, odd.
    #[serde(default = "five")]
    pub kernel: usize,
    /// Groups of the normalisation.
    #[serde(default = "eight")]
    pub groups: usize,
    /// A vector that the network is conditioned on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<ConditionSpec>,
}

/// How a network takes a condition: added to the time embedding, as FiLM (scale and shift per channel) in every
/// block, and as constant channels beside the sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionSpec {
    /// Values of the condition vector.
    pub width: usize,
    /// Constant channels.
    pub channels: usize,
}

fn six() -> usize {
    6
}
fn five() -> usize {
    5
}
fn eight() -> usize {
    8
}

/// Sizes that make no network.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected {expected}, got {got}")]
pub struct NetworkSpecError {
    expected: &'static str,
    got: String,
}

impl NetworkSpec {
    /// The published network.
    pub fn published() -> Self {
        Self { columns: 6, base_channels: 32, multipliers: vec![1, 4, 8], kernel: 5, groups: 8, condition: None }
    }

    /// Checks that the sizes fit each other.
    ///
    /// # Errors
    /// Says which does not.
    pub fn check(&self) -> Result<(), NetworkSpecError> {
        let wrong = |expected, got: String| Err(NetworkSpecError { expected, got });
        if !(1..=64).contains(&self.columns) {
            return wrong("between 1 and 64 columns", self.columns.to_string());
        }
        if self.multipliers.is_empty() || self.multipliers.len() > 6 || self.multipliers.contains(&0) {
            return wrong("between 1 and 6 multipliers, none of them 0", format!("{:?}", self.multipliers));
        }
        if self.kernel.is_multiple_of(2) || self.kernel > 31 {
            return wrong("an odd kernel of at most 31", self.kernel.to_string());
        }
        if self.groups == 0 || self.base_channels == 0 || !self.base_channels.is_multiple_of(self.groups) {
            return wrong(
                "base_channels to be a multiple of groups",
                format!("{} and {}", self.base_channels, self.groups),
            );
        }
        if self.base_channels > 1024 || self.base_channels < 4 || !self.base_channels.is_multiple_of(2) {
            return wrong("an even number of base_channels between 4 and 1024", self.base_channels.to_string());
        }
        match self.condition {
            Some(condition) if !(1..=1024).contains(&condition.width) || !(1..=64).contains(&condition.channels) => {
                wrong("a condition of 1 to 1024 values and 1 to 64 channels", format!("{condition:?}"))
            }
            _ => Ok(()),
        }
    }

    /// What time must be divisible by.
    pub fn time_multiple(&self) -> usize {
        1 << (self.multipliers.len() - 1)
    }

    /// The network: `x` is batch x `horizon` x columns, `timestep` is batch, `condition` batch x width if the network
    /// takes one; the result has the shape of `x`.
    pub fn forward<G: Graph>(
        &self,
        graph: &mut G,
        horizon: usize,
        x: &G::Value,
        timestep: &G::Value,
        condition: Option<&G::Value>,
    ) -> G::Value {
        let base = self.base_channels;
        let mut x = graph.swap_time_and_channels(x);
        let embedded = graph.sinusoidal(timestep, base);
        let hidden = graph.linear(&embedded, "time_mlp.1", base, 4 * base);
        let hidden = graph.mish(&hidden);
        let mut time = graph.linear(&hidden, "time_mlp.3", 4 * base, base);
        let mut inputs = self.columns;
        let mut film = None;
        if let (Some(spec), Some(condition)) = (self.condition, condition) {
            let hidden = graph.linear(condition, "condition_mlp.0", spec.width, 4 * base);
            let hidden = graph.mish(&hidden);
            let embedded = graph.linear(&hidden, "condition_mlp.2", 4 * base, base);
            time = graph.add(&time, &embedded);
            let channels = graph.linear(&embedded, "condition_channels", base, spec.channels);
            let channels = graph.repeat_over_time(&channels, horizon);
            x = graph.concat_channels(&x, &channels);
            inputs += spec.channels;
            film = Some(graph.mish(&embedded));
        }
        let film = film.as_ref();
        // Every block starts its time branch with Mish; once is enough.
        let time = graph.mish(&time);

        let widths: Vec<usize> = std::iter::once(inputs).chain(self.multipliers.iter().map(|m| m * base)).collect();
        let levels = self.multipliers.len();
        let mut skips = Vec::with_capacity(levels);
        for level in 0..levels {
            let (input, output) = (widths[level], widths[level + 1]);
            x = self.residual(graph, &x, &time, film, &format!("downs.{level}.0"), input, output);
            x = self.residual(graph, &x, &time, film, &format!("downs.{level}.1"), output, output);
            skips.push(graph.share(&x));
            if level + 1 < levels {
                let spec = ConvSpec { input: output, output, kernel: 3, stride: 2, padding: 1 };
                x = graph.conv1d(&x, &format!("downs.{level}.3.conv"), spec);
            }
        }
        let middle = widths[levels];
        x = self.residual(graph, &x, &time, film, "mid_block1", middle, middle);
        x = self.residual(graph, &x, &time, film, "mid_block2", middle, middle);
        for (up, level) in (1..levels).rev().enumerate() {
            let (input, output) = (widths[level + 1], widths[level]);
            if let Some(skip) = skips.pop() {
                x = graph.concat_channels(&x, &skip);
            }
            x = self.residual(graph, &x, &time, film, &format!("ups.{up}.0"), 2 * input, output);
            x = self.residual(graph, &x, &time, film, &format!("ups.{up}.1"), output, output);
            let spec = ConvSpec { input: output, output, kernel: 4, stride: 2, padding: 1 };
            x = graph.conv_transpose1d(&x, &format!("ups.{up}.3.conv"), spec);
        }
        x = self.block(graph, &x, "final_conv.0", widths[1], widths[1]);
        let last = ConvSpec { input: widths[1], output: self.columns, kernel: 1, stride: 1, padding: 0 };
        x = graph.conv1d(&x, "final_conv.1", last);
        graph.swap_time_and_channels(&x)
    }

    // Six sizes and handles that belong to no common thing.
    #[expect(clippy::too_many_arguments)]
    fn residual<G: Graph>(
        &self,
        graph: &mut G,
        x: &G::Value,
        time: &G::Value,
        film: Option<&G::Value>,
        name: &str,
        input: usize,
        output: usize,
    ) -> G::Value {
        let first = self.block(graph, x, &format!("{name}.blocks.0"), input, output);
        let shift = graph.linear(time, &format!("{name}.time_mlp.1"), self.base_channels, output);
        let mut shifted = graph.add_to_each_step(&first, &shift);
        if let Some(film) = film {
            let scale = graph.linear(film, &format!("{name}.film_scale"), self.base_channels, output);
            let shift = graph.linear(film, &format!("{name}.film_shift"), self.base_channels, output);
            let scaled = graph.scale_each_step(&shifted, &scale);
            shifted = graph.add(&shifted, &scaled);
            shifted = graph.add_to_each_step(&shifted, &shift);
        }
        let second = self.block(graph, &shifted, &format!("{name}.blocks.1"), output, output);
        let straight = if input == output {
            graph.share(x)
        } else {
            let spec = ConvSpec { input, output, kernel: 1, stride: 1, padding: 0 };
            graph.conv1d(x, &format!("{name}.residual_conv"), spec)
        };
        graph.add(&second, &straight)
    }

    fn block<G: Graph>(&self, graph: &mut G, x: &G::Value, name: &str, input: usize, output: usize) -> G::Value {
        let spec = ConvSpec { input, output, kernel: self.kernel, stride: 1, padding: self.kernel / 2 };
        let x = graph.conv1d(x, &format!("{name}.block.0"), spec);
        let x = graph.group_norm(&x, &format!("{name}.block.2"), output, self.groups);
        graph.mish(&x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::declare;

    #[test]
    fn the_published_network_has_the_published_number_of_parameters() {
        let count: usize = declare(&NetworkSpec::published()).iter().map(|parameter| parameter.len()).sum();
        assert_eq!(count, 3_682_118);
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<String> =
            declare(&NetworkSpec::published()).into_iter().map(|parameter| parameter.name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
