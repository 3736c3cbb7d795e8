//! The network of the goal-force family: a two-dimensional U-Net over the cells of a picture, with time folded into the
//! channels (Ho et al. 2020 for the blocks; Gillman et al. 2025, arXiv 2505.19386, for the control).

use super::graph::AttentionSpec;
use super::graph::ConvSpec;
use super::grid_graph::{Conv2dSpec, GridGraph};
use super::sample_kind::SampleKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Cells along a side of the grid.
pub const MOTION_SIDE: usize = 16;
/// Cells of the grid: the columns of sample and scene.
pub const MOTION_CELLS: usize = MOTION_SIDE * MOTION_SIDE;
/// Channels of the first picture: 4 x 4 px of three colours.
pub const PICTURE_CHANNELS: usize = 4 * 4 * 3;
/// Channels of the control: direct and goal force in every frame, and four of mass.
pub const CONTROL_CHANNELS: usize = 2 * planwright::world::scene::FRAMES + 4;
/// Channels of a wind, which follow those of the control in networks that have them.
pub const WIND_CHANNELS: usize = 3;

/// How the control enters the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ControlPath {
    /// As channels beside sample and picture.
    #[default]
    Concatenated,
    /// Through a copy of the encoder, whose results are added to the base's through projections that start at zero
    /// (ControlNet, Zhang et al. 2023). The base sees sample and picture alone.
    Branch,
}

/// The sizes of a motion network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MotionNetworkSpec {
    /// Channels per level; the grid halves from level to level.
    pub widths: Vec<usize>,
    /// Groups of the normalisation.
    pub groups: usize,
    /// Attention heads, below the finest level.
    pub heads: usize,
    /// How the control enters.
    #[serde(default)]
    pub control: ControlPath,
    /// Whether the control has channels of a wind.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(extend("default" = false))]
    pub wind: bool,
    /// What is denoised.
    #[serde(default, skip_serializing_if = "SampleKind::is_motion")]
    #[schemars(extend("default" = "motion"))]
    pub sample: SampleKind,
}

impl MotionNetworkSpec {
    /// The network of the shipped model.
    pub fn full() -> Self {
        Self {
            widths: vec![64, 96, 128],
            groups: 8,
            heads: 4,
            control: ControlPath::Concatenated,
            wind: false,
            sample: SampleKind::Motion,
        }
    }

    /// # Errors
    /// Expected and got, for the first size without sense.
    pub fn check(&self) -> Result<(), String> {
        let Self { widths, groups, heads, .. } = self;
        if !(1..=4).contains(&widths.len()) {
            return Err(format!("expected 1 to 4 widths, got {}", widths.len()));
        }
        if !(1..=64).contains(groups) || !(1..=64).contains(heads) {
            return Err(format!("expected groups and heads from 1 to 64, got {groups} and {heads}"));
        }
        let fits = |width: &usize| {
            (2..=1024).contains(width)
                && width.is_multiple_of(2)
                && width.is_multiple_of(*groups)
                && width.is_multiple_of(*heads)
        };
        if widths.iter().all(fits) {
            return Ok(());
        }
        Err(format!("expected even widths from 2 to 1024 that {groups} groups and {heads} heads share, got {widths:?}"))
    }

    /// Channels of the sample.
    pub fn sample_channels(&self) -> usize {
        self.sample.channels()
    }

    /// Channels of the scene: the picture, then the control.
    pub fn scene_channels(&self) -> usize {
        PICTURE_CHANNELS + self.control_channels()
    }

    fn control_channels(&self) -> usize {
        CONTROL_CHANNELS + if self.wind { WIND_CHANNELS } else { 0 }
    }

    /// `sample` is batch x [`Self::sample_channels`] x [`MOTION_CELLS`], `timestep` batch, `scene` batch x
    /// [`Self::scene_channels`] x [`MOTION_CELLS`]; the result, the clean sample, has the shape of `sample`.
    pub fn forward<G: GridGraph>(
        &self,
        graph: &mut G,
        sample: &G::Value,
        timestep: &G::Value,
        scene: &G::Value,
    ) -> G::Value {
        let first = self.widths[0];
        let embedded = graph.sinusoidal(timestep, first);
        let hidden = graph.linear(&embedded, "time_mlp.0", first, self.time_width());
        let hidden = graph.silu(&hidden);
        let time = graph.linear(&hidden, "time_mlp.2", self.time_width(), self.time_width());
        // Every block starts its time branch with SiLU; once is enough.
        let time = graph.silu(&time);
        let mut build = Build { spec: self, graph, time };

        let (mut x, skips) = match self.control {
            ControlPath::Concatenated => {
                let input = build.graph.concat_channels(sample, scene);
                let x = build.stem("stem", &input, self.sample_channels() + self.scene_channels());
                build.encoder("", x)
            }
            ControlPath::Branch => {
                let picture = build.graph.channels(scene, 0, PICTURE_CHANNELS);
                let input = build.graph.concat_channels(sample, &picture);
                build.base_with_branch(&input, scene)
            }
        };
        for (up, level) in (0..self.widths.len() - 1).rev().enumerate() {
            x = build.decoder(&format!("ups.{up}"), &x, &skips[level], level);
        }
        let x = build.graph.group_norm(&x, "head.0", first, self.groups);
        let x = build.graph.silu(&x);
        build.graph.zero_conv2d(&x, "head.2", Conv2dSpec::same(first, self.sample_channels(), MOTION_SIDE))
    }

    fn time_width(&self) -> usize {
        2 * self.widths[0]
    }
}

/// A forward pass: what every block needs.
struct Build<'a, G: GridGraph> {
    spec: &'a MotionNetworkSpec,
    graph: &'a mut G,
    time: G::Value,
}

impl<G: GridGraph> Build<'_, G> {
    fn side(level: usize) -> usize {
        MOTION_SIDE >> level
    }

    fn stem(&mut self, name: &str, x: &G::Value, input: usize) -> G::Value {
        self.graph.conv2d(x, name, Conv2dSpec::same(input, self.spec.widths[0], MOTION_SIDE))
    }

    /// The coarsest value after the middle blocks, and the value of every level, finest first.
    fn encoder(&mut self, prefix: &str, mut x: G::Value) -> (G::Value, Vec<G::Value>) {
        let levels = self.spec.widths.len();
        let mut skips = Vec::with_capacity(levels);
        for level in 0..levels {
            let width = self.spec.widths[level];
            let name = |part: usize| format!("{prefix}downs.{level}.{part}");
            x = self.residual(&name(0), &x, width, width, level);
            x = self.residual(&name(1), &x, width, width, level);
            if level > 0 {
                x = self.attention(&name(2), &x, level);
            }
            if level + 1 < levels {
                skips.push(self.graph.share(&x));
                let spec = Conv2dSpec::halving(width, self.spec.widths[level + 1], Self::side(level));
                x = self.graph.conv2d(&x, &name(3), spec);
            }
        }
        let (level, width) = (levels - 1, self.spec.widths[levels - 1]);
        x = self.residual(&format!("{prefix}mid.0"), &x, width, width, level);
        (x, skips)
    }

    /// The encoder of sample and picture with the results of its copy, which sees the control too, added.
    fn base_with_branch(&mut self, input: &G::Value, scene: &G::Value) -> (G::Value, Vec<G::Value>) {
        let channels = self.spec.sample_channels() + PICTURE_CHANNELS;
        let x = self.stem("stem", input, channels);
        let (x, skips) = self.encoder("", x);
        let control = self.graph.channels(scene, PICTURE_CHANNELS, self.spec.scene_channels());
        let hint = Conv2dSpec::same(self.spec.control_channels(), self.spec.widths[0], MOTION_SIDE);
        let hint = self.graph.zero_conv2d(&control, "control.hint", hint);
        let seen = self.stem("control.stem", input, channels);
        let seen = self.graph.add(&seen, &hint);
        let (coarsest, copies) = self.encoder("control.", seen);
        let mut sums = Vec::with_capacity(skips.len());
        for (level, (skip, copy)) in skips.iter().zip(&copies).enumerate() {
            sums.push(self.joined(level, skip, copy));
        }
        (self.joined(skips.len(), &x, &coarsest), sums)
    }

    fn joined(&mut self, level: usize, base: &G::Value, copy: &G::Value) -> G::Value {
        let width = self.spec.widths[level];
        let spec = Conv2dSpec::pointwise(width, width, Self::side(level));
        let projected = self.graph.zero_conv2d(copy, &format!("control.projections.{level}"), spec);
        self.graph.add(base, &projected)
    }

    fn decoder(&mut self, name: &str, x: &G::Value, skip: &G::Value, level: usize) -> G::Value {
        let (below, width) = (self.spec.widths[level + 1], self.spec.widths[level]);
        let spec = Conv2dSpec::halving(below, width, Self::side(level + 1));
        let x = self.graph.conv_transpose2d(x, &format!("{name}.0"), spec);
        let x = self.graph.concat_channels(&x, skip);
        let x = self.residual(&format!("{name}.1"), &x, 2 * width, width, level);
        let x = self.residual(&format!("{name}.2"), &x, width, width, level);
        if level > 0 { self.attention(&format!("{name}.3"), &x, level) } else { x }
    }

    /// Norm, SiLU and convolution, twice; the second norm is scaled and shifted by time, and the last convolution starts
    /// at zero, so that a block starts as the identity.
    fn residual(&mut self, name: &str, x: &G::Value, input: usize, output: usize, level: usize) -> G::Value {
        let (groups, width, side) = (self.spec.groups, self.spec.time_width(), Self::side(level));
        let part = |part: &str| format!("{name}.{part}");
        let graph = &mut *self.graph;
        let hidden = graph.group_norm(x, &part("norm1"), input, groups);
        let hidden = graph.silu(&hidden);
        let hidden = graph.conv2d(&hidden, &part("conv1"), Conv2dSpec::same(input, output, side));
        let hidden = graph.group_norm(&hidden, &part("norm2"), output, groups);
        let gain = graph.constant_linear(&self.time, &part("time_gain"), width, output, 1.0);
        let shift = graph.constant_linear(&self.time, &part("time_shift"), width, output, 0.0);
        let hidden = graph.scale_each_step(&hidden, &gain);
        let hidden = graph.add_to_each_step(&hidden, &shift);
        let hidden = graph.silu(&hidden);
        let hidden = graph.zero_conv2d(&hidden, &part("conv2"), Conv2dSpec::same(output, output, side));
        let straight = if input == output {
            graph.share(x)
        } else {
            graph.conv1d(x, &part("residual_conv"), ConvSpec::pointwise(input, output))
        };
        graph.add(&straight, &hidden)
    }

    fn attention(&mut self, name: &str, x: &G::Value, level: usize) -> G::Value {
        let (channels, side) = (self.spec.widths[level], Self::side(level));
        let graph = &mut *self.graph;
        let normal = graph.group_norm(x, &format!("{name}.norm"), channels, self.spec.groups);
        let pointwise = ConvSpec::pointwise(channels, channels);
        let [query, key, value] =
            ["query", "key", "value"].map(|part| graph.conv1d(&normal, &format!("{name}.{part}"), pointwise));
        let spec = AttentionSpec { channels, heads: self.spec.heads, steps: side * side };
        let seen = graph.attention([&query, &key, &value], spec);
        let projection = Conv2dSpec::pointwise(channels, channels, side);
        let projected = graph.zero_conv2d(&seen, &format!("{name}.projection"), projection);
        graph.add(x, &projected)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Parameters, TorchGraph, declare_motion};
    use super::*;
    use tch::{Device, Kind, Tensor};

    fn small(control: ControlPath) -> MotionNetworkSpec {
        MotionNetworkSpec {
            widths: vec![8, 12, 16],
            groups: 4,
            heads: 2,
            control,
            wind: false,
            sample: SampleKind::Motion,
        }
    }

    fn with_branch() -> MotionNetworkSpec {
        MotionNetworkSpec { control: ControlPath::Branch, ..MotionNetworkSpec::full() }
    }

    #[test]
    fn the_full_network_keeps_its_number_of_parameters() {
        let count = |spec: &MotionNetworkSpec| Parameters::new(declare_motion(spec)).len();
        assert_eq!([count(&MotionNetworkSpec::full()), count(&with_branch())], [2_659_776, 4_463_488]);
    }

    #[test]
    fn names_are_unique() {
        for spec in [MotionNetworkSpec::full(), with_branch()] {
            let mut names: Vec<String> = declare_motion(&spec).into_iter().map(|parameter| parameter.name).collect();
            let count = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), count);
        }
    }

    #[test]
    fn the_branch_is_a_copy_of_the_encoder() {
        let parameters = declare_motion(&with_branch());
        let encoder = ["stem.", "downs.", "mid."];
        for base in parameters.iter().filter(|base| encoder.iter().any(|part| base.name.starts_with(part))) {
            let copy = parameters.iter().find(|copy| copy.name == format!("control.{}", base.name));
            assert_eq!(copy.map(|copy| &copy.shape), Some(&base.shape), "{}", base.name);
        }
    }

    #[test]
    fn every_parameter_is_used_and_the_first_result_is_zero() {
        let paths = [ControlPath::Concatenated, ControlPath::Branch];
        let kinds = [(false, SampleKind::Motion), (true, SampleKind::Motion), (false, SampleKind::Pixels)];
        for (control, (wind, sample)) in paths.into_iter().flat_map(|control| kinds.map(|kind| (control, kind))) {
            let spec = MotionNetworkSpec { wind, sample, ..small(control) };
            let parameters = Parameters::new(declare_motion(&spec));
            let run = |values: &[f32]| {
                let flat = Tensor::from_slice(values).set_requires_grad(true);
                let views = parameters.views(&flat);
                let values = |channels: usize, scale: f64| {
                    let count = (2 * channels * MOTION_CELLS) as i64;
                    let shape = [2, channels as i64, MOTION_CELLS as i64];
                    (Tensor::arange(count, (Kind::Float, Device::Cpu)) * scale).sin().view(shape)
                };
                let (sample, scene) = (values(spec.sample_channels(), 0.7), values(spec.scene_channels(), 0.9));
                let timestep = Tensor::from_slice(&[3.0_f32, 40.0]);
                let mut graph = TorchGraph::new(&views, Device::Cpu);
                let clean = spec.forward(&mut graph, &sample, &timestep, &scene);
                assert_eq!(clean.size(), [2, spec.sample_channels() as i64, MOTION_CELLS as i64]);
                clean.square().sum(Kind::Float).backward();
                (clean.abs().max().double_value(&[]), parameters.views(&flat.grad()))
            };
            let initial = parameters.initial(1);
            assert_eq!(run(&initial).0, 0.0);
            let moved: Vec<f32> = initial.iter().enumerate().map(|(k, v)| v + 0.1 * (k as f32).sin()).collect();
            let (_, gradients) = run(&moved);
            for (parameter, gradient) in parameters.specs().iter().zip(&gradients) {
                // Softmax does not depend on what is added to all scores of a query.
                let unused = parameter.name.ends_with("key.bias");
                // Rounding grows with the number of values that are summed.
                let least = 1e-4 * spec.sample_channels() as f64 / SampleKind::Motion.channels() as f64;
                assert_eq!(gradient.abs().max().double_value(&[]) > least, !unused, "{}", parameter.name);
            }
        }
    }

    #[test]
    fn sizes_without_sense_are_refused() {
        assert!(MotionNetworkSpec::full().check().is_ok());
        for wrong in [
            MotionNetworkSpec { widths: vec![], ..MotionNetworkSpec::full() },
            MotionNetworkSpec { groups: 0, ..MotionNetworkSpec::full() },
            MotionNetworkSpec { heads: 5, ..MotionNetworkSpec::full() },
            MotionNetworkSpec { widths: vec![64, 100], ..MotionNetworkSpec::full() },
        ] {
            assert!(wrong.check().is_err_and(|problem| problem.starts_with("expected")));
        }
    }
}
