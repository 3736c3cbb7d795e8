//! A smallest model, written by hand: it tells whether an engine really runs here.

use super::protobuf::{write_field, write_varint_field};

/// `clean = Abs(sample)` with an unused `timestep`, in the shapes of a maze denoiser: batch x `horizon` x 6.
pub(super) fn identity_model(horizon: usize) -> Vec<u8> {
    let message = |parts: &[(u32, &[u8])]| {
        let mut bytes = Vec::new();
        for (number, content) in parts {
            write_field(&mut bytes, *number, content);
        }
        bytes
    };
    let number = |number: u32, value: usize| {
        let mut bytes = Vec::new();
        write_varint_field(&mut bytes, number, value as u64);
        bytes
    };
    let value = |name: &str, sizes: &[usize]| {
        let mut shape = message(&[(1, &message(&[(2, b"batch")]))]);
        for size in sizes {
            shape.extend(message(&[(1, &number(1, *size))]));
        }
        let mut tensor = number(1, 1);
        tensor.extend(message(&[(2, &shape)]));
        message(&[(1, name.as_bytes()), (2, &message(&[(1, &tensor)]))])
    };
    let node = message(&[(1, b"sample"), (2, b"clean"), (3, b"abs"), (4, b"Abs")]);
    let graph = message(&[
        (1, &node),
        (2, b"probe"),
        (11, &value("sample", &[horizon, 6])),
        (11, &value("timestep", &[])),
        (12, &value("clean", &[horizon, 6])),
    ]);
    let mut model = number(1, 8);
    // The opset comes first, as the exporter writes it.
    model.extend(message(&[(8, &number(2, 17)), (7, &graph)]));
    model
}

#[cfg(test)]
pub(super) fn test_manifest() -> super::Manifest {
    let trajectory = serde_json::json!(["batch", 4, 6]);
    let input: Vec<f32> = (0..24_u8).map(|index| f32::from(index) / 10.0 - 1.2).collect();
    let output: Vec<f32> = input.iter().map(|value| value.abs()).collect();
    let columns = ["action_x", "action_y", "x", "y", "vx", "vy"]
        .map(|name| serde_json::json!({"name": name, "unit": "1", "frame": "maze"}));
    let json = serde_json::json!({
        "schema_version": 1, "name": "probe", "family": "maze-diffusion",
        "inputs": [
            {"name": "sample", "shape": trajectory, "unit": "1", "frame": "maze"},
            {"name": "timestep", "shape": ["batch"], "unit": "1", "frame": ""},
        ],
        "outputs": [{"name": "clean", "shape": trajectory, "unit": "1", "frame": "maze"}],
        "columns": columns,
        "normaliser": {"low": [-1.0, -1.0, 0.3, 0.3, -5.3, -5.3], "high": [1.0, 1.0, 3.3, 3.3, 5.3, 5.3]},
        "diffusion": {"schedule": "cosine", "steps": 64, "prediction": "clean-sample"},
        "horizon": 4, "knot_secs": 0.04,
        "world": {
            "layout": "umaze", "layout_text": crate::world::Layout::umaze().to_text(),
            "radius_m": 0.1, "max_speed_mps": 5.2, "max_acceleration_mps2": 23.8,
        },
        "quantity": {"name": "path_length", "unit": "m", "mean": 3.0, "low": 1.0, "high": 5.0},
        "solver": {"solver": "dpm-solver++", "steps": 5, "candidates": 1},
        "provenance": {
            "recipe": {}, "recipe_sha256": "", "seed": 0, "training_steps": 0, "data_sha256": "",
            "git_commit": "unknown", "libraries": {},
        },
        "parity": {"tolerance": 1e-5, "largest": {}},
        "golden": [{"inputs": [input, [3.0]], "output": output}],
        "licence": "Apache-2.0 OR MIT",
    });
    super::Manifest::from_json(json.to_string().as_bytes()).unwrap()
}

#[cfg(test)]
pub(super) fn test_artefact() -> super::Artefact {
    super::Artefact::new(&identity_model(4), &test_manifest()).unwrap()
}
