//! Vectors of three numbers.

/// x, y, z.
pub(crate) type Vector3 = [f64; 3];
/// Rows of three.
pub(crate) type Matrix3 = [[f64; 3]; 3];

pub(crate) fn add(a: Vector3, b: Vector3) -> Vector3 {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(crate) fn sub(a: Vector3, b: Vector3) -> Vector3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(crate) fn scaled(a: Vector3, by: f64) -> Vector3 {
    [a[0] * by, a[1] * by, a[2] * by]
}

pub(crate) fn dot(a: Vector3, b: Vector3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn cross(a: Vector3, b: Vector3) -> Vector3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(crate) fn norm(a: Vector3) -> f64 {
    dot(a, a).sqrt()
}

/// `matrix` times `a`.
pub(crate) fn times(matrix: &Matrix3, a: Vector3) -> Vector3 {
    [dot(matrix[0], a), dot(matrix[1], a), dot(matrix[2], a)]
}

/// The transpose of `matrix` times `a`: the way back through a rotation.
pub(crate) fn times_transposed(matrix: &Matrix3, a: Vector3) -> Vector3 {
    std::array::from_fn(|column| (0..3).map(|row| matrix[row][column] * a[row]).sum())
}
