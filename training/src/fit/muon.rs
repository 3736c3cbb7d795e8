//! Muon's update of matrices (Jordan 2024, kellerjordan.github.io/posts/muon): momentum whose singular values are made equal by
//! Newton-Schulz iterations. Scaled by 0.2 sqrt(max(rows, columns)) an update has the root mean square of one of AdamW
//! (Liu et al. 2025, arXiv 2502.16982).

use crate::network::ParameterSpec;
use tch::Tensor;

const ITERATIONS: usize = 5;
/// Jordan's quintic: it carries singular values from (0, 1] into 0.7 to 1.2 within five iterations.
const QUINTIC: [f64; 3] = [3.4445, -4.7750, 2.0315];
const SCALE: f64 = 0.2;
/// Layers at the edges of a network, by a part of their dotted names: what takes inputs in, and tables of positions.
const EDGES: [&str; 7] = ["stem", "hint", "embed", "positions", "time_mlp", "condition_mlp", "condition_channels"];

/// A hidden layer's weights within the flat parameters: `rows` is the first axis, `columns` all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatrixRange {
    /// Place of the first value.
    pub start: i64,
    /// Rows.
    pub rows: i64,
    /// Columns.
    pub columns: i64,
}

impl MatrixRange {
    fn len(self) -> i64 {
        self.rows * self.columns
    }
}

/// The matrices that Muon updates: all weights with two or more axes but those of the first convolution, of the last layer
/// and of `EDGES`.
pub fn matrices(specs: &[ParameterSpec]) -> Vec<MatrixRange> {
    let first = specs.iter().position(|spec| spec.shape.len() > 2);
    let last = specs.iter().rposition(|spec| spec.shape.len() > 1);
    let mut start = 0;
    let mut found = Vec::new();
    for (index, spec) in specs.iter().enumerate() {
        let len = spec.len() as i64;
        let edge = spec.name.split('.').any(|part| EDGES.contains(&part));
        if spec.shape.len() > 1 && Some(index) != first && Some(index) != last && !edge {
            let rows = spec.shape[0].max(1);
            found.push(MatrixRange { start, rows, columns: len / rows });
        }
        start += len;
    }
    found
}

/// Start and length of what lies between the matrices, in a flat tensor of `len` values.
pub(super) fn between(matrices: &[MatrixRange], len: i64) -> Vec<(i64, i64)> {
    let mut start = 0;
    let mut found = Vec::new();
    for (matrix, after) in matrices.iter().map(|m| (m.start, m.start + m.len())).chain([(len, len)]) {
        if matrix > start {
            found.push((start, matrix - start));
        }
        start = after;
    }
    found
}

/// One update of the matrices in place.
pub(super) fn update(
    parameters: &mut Tensor,
    momentum: &mut Tensor,
    gradient: &Tensor,
    matrices: &[MatrixRange],
    decay: f64,
    rate: f64,
    weight_decay: f64,
) {
    for matrix in matrices {
        let part = |flat: &Tensor| flat.narrow(0, matrix.start, matrix.len());
        let (mut values, mut momentum, gradient) = (part(parameters), part(momentum), part(gradient));
        let _ = momentum.lerp_(&gradient, 1.0 - decay);
        let nesterov = gradient.lerp(&momentum, decay).view([matrix.rows, matrix.columns]);
        let scale = SCALE * (matrix.rows.max(matrix.columns) as f64).sqrt();
        let direction = orthogonal(&nesterov).reshape([-1]);
        if weight_decay > 0.0 {
            let _ = values.g_mul_scalar_(1.0 - rate * weight_decay);
        }
        let _ = values.g_sub_(&(direction * (rate * scale)));
    }
}

/// The nearest matrix with equal singular values, roughly: they lie in 0.7 to 1.2 unless they were near zero.
///
/// An iteration multiplies by a polynomial of the Gram matrix, and all of them commute: only the first and the last
/// product have the size of the matrix, all others that of its shorter side.
fn orthogonal(matrix: &Tensor) -> Tensor {
    let (rows, columns) = matrix.size2().unwrap_or((0, 0));
    let wide = if rows > columns { matrix.transpose(0, 1) } else { matrix.shallow_clone() };
    let wide = &wide / (wide.norm() + 1e-7);
    let side = rows.min(columns);
    let [a, b, c] = QUINTIC;
    let identity = Tensor::eye(side, (wide.kind(), wide.device())) * a;
    let mut gram = wide.matmul(&wide.transpose(0, 1));
    let mut product: Option<Tensor> = None;
    for iteration in 1..=ITERATIONS {
        let polynomial = &identity + &gram * b + gram.matmul(&gram) * c;
        if iteration < ITERATIONS {
            gram = polynomial.matmul(&gram).matmul(&polynomial);
        }
        product = Some(match product {
            Some(before) => polynomial.matmul(&before),
            None => polynomial,
        });
    }
    let result = product.map_or_else(|| wide.shallow_clone(), |product| product.matmul(&wide));
    if rows > columns { result.transpose(0, 1) } else { result }
}

#[cfg(test)]
mod tests {
    use super::super::optimiser::Moments;
    use super::*;
    use crate::network::{MotionNetworkSpec, declare_motion};
    use crate::recipe::{MuonSettings, OptimiserSettings};
    use tch::{Device, Kind};

    fn settings(muon: bool) -> OptimiserSettings {
        OptimiserSettings {
            learning_rate: 1e-3,
            warmup_steps: 0,
            final_share: 1.0,
            weight_decay: 0.0,
            clip_norm: 1e9,
            muon: muon.then_some(MuonSettings { learning_rate: 3e-3, momentum: 0.95 }),
        }
    }

    fn noise(len: i64, scale: f64) -> Tensor {
        ((Tensor::arange(len, (Kind::Float, Device::Cpu)) * scale).sin() * 43_758.545).frac() - 0.5
    }

    #[test]
    fn an_update_of_a_matrix_has_singular_values_near_the_scale() {
        for (rows, columns) in [(48, 432), (96, 40), (32, 32)] {
            let matrix = MatrixRange { start: 3, rows, columns };
            let len = matrix.len() + 5;
            let mut parameters = noise(len, 0.7);
            let before = parameters.copy();
            let mut moments = Moments::zeros(len as usize, Device::Cpu);
            moments.update_with_matrices(&mut parameters, &noise(len, 12.9898), &settings(true), &[matrix], 0, 10);
            let moved = (before - parameters).narrow(0, 3, matrix.len()).view([rows, columns]);
            let (_, singular, _) = moved.svd(true, true);
            let scale = 3e-3 * 0.2 * (rows.max(columns) as f64).sqrt();
            // A square matrix of noise has singular values near zero, which five iterations do not lift.
            let low = if rows == columns { 0.0 } else { 0.65 };
            let (least, most) = (singular.min().double_value(&[]) / scale, singular.max().double_value(&[]) / scale);
            assert!(low < least && most < 1.25, "{rows} x {columns}: {least} to {most}");
        }
    }

    #[test]
    fn other_parameters_move_as_without_muon() {
        let matrix = MatrixRange { start: 7, rows: 4, columns: 6 };
        let run = |muon: bool| {
            let mut parameters = noise(50, 0.7);
            let mut moments = Moments::zeros(50, Device::Cpu);
            for step in 0..3 {
                let gradient = noise(50, 1.3 + step as f64);
                moments.update_with_matrices(&mut parameters, &gradient, &settings(muon), &[matrix], step, 10);
            }
            [parameters, moments.first, moments.second]
        };
        let same = |a: &Tensor, b: &Tensor, start, len| a.narrow(0, start, len) == b.narrow(0, start, len);
        for (with, without) in run(true).iter().zip(&run(false)) {
            assert!(same(with, without, 0, 7) && same(with, without, 31, 19) && !same(with, without, 7, 24));
        }
    }

    #[test]
    fn edges_of_a_network_are_not_taken() {
        let specs = declare_motion(&MotionNetworkSpec::full());
        let matrices = matrices(&specs);
        let total: i64 = matrices.iter().map(|matrix| matrix.len()).sum();
        let all: i64 = specs.iter().map(|spec| spec.len() as i64).sum();
        let rest = between(&matrices, all);
        assert_eq!(total + rest.iter().map(|(_, len)| len).sum::<i64>(), all);
        let mut start = 0;
        for spec in &specs {
            let taken = matrices.iter().any(|matrix| matrix.start == start);
            let edge = ["stem.", "time_mlp.", "head."].iter().any(|part| spec.name.starts_with(part));
            assert_eq!(taken, spec.shape.len() > 1 && !edge, "{}", spec.name);
            start += spec.len() as i64;
        }
    }
}
