"""What we did not write looks at a model: onnx.checker accepts it, and PyTorch computes what its test
vectors say, from the file's own weights in the reference network.

    .deps/venv/bin/python3 tests/peers/check_model.py MODEL.onnx
"""

import json
import sys

import numpy
import onnx
import torch
from corridor_net import CorridorNet
from motion_unet import MotionUnet
from onnx import numpy_helper
from policy_transformer import PolicyTransformer
from temporal_unet import TemporalUnet


def reference(manifest):
    """The network in PyTorch, and the shapes of a row of its inputs."""
    recipe = manifest["provenance"]["recipe"]
    sizes = recipe.get("fit", recipe)["network"]
    shapes = [entry["shape"][1:] for entry in manifest["inputs"]]
    if manifest["family"] == "maze-policy":
        (context, features), (_, actions, bins) = shapes[0], manifest["outputs"][0]["shape"]
        network = PolicyTransformer(features, context, sizes["width"], sizes["layers"], sizes["heads"], actions * bins)
        return network, shapes[:1]
    if manifest["family"] == "goal-force":
        inputs, outputs = shapes[0][0] + shapes[2][0], manifest["outputs"][0]["shape"][1]
        return MotionUnet(inputs, outputs, sizes["widths"], sizes["heads"], sizes["groups"]), shapes
    if manifest["family"] == "corridor":
        return CorridorNet(shapes[0][0], sizes["patch"], sizes["width"], sizes["blocks"]), shapes[:1]
    network = TemporalUnet(
        sizes["columns"], sizes["base_channels"], sizes["multipliers"], sizes["kernel"], sizes["groups"]
    )
    return network, [(manifest["horizon"], -1), ()]


def main(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    manifest = json.loads(metadata["planwright.manifest"])
    network, shapes = reference(manifest)
    weights = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in model.graph.initializer}
    expected = network.state_dict()
    missing = [name for name in expected if name not in weights]
    if missing:
        sys.exit(f"expected every parameter of the reference network among the initialisers, missing {missing}")
    network.load_state_dict({name: weights[name].reshape(value.shape) for name, value in expected.items()})
    worst = 0.0
    for golden in manifest["golden"]:
        inputs = [torch.tensor(values).reshape(1, *shape) for values, shape in zip(golden["inputs"], shapes)]
        with torch.no_grad():
            got = network(*inputs).numpy().ravel()
        want = numpy.asarray(golden["output"], dtype=numpy.float32)
        worst = max(worst, float(numpy.abs(got - want).max() / max(1.0, numpy.abs(want).max())))
    print(json.dumps({"model": path, "opset": model.opset_import[0].version, "golden": len(manifest["golden"]),
                      "relative_difference_to_pytorch": worst}))
    if not worst <= 1e-5:
        sys.exit(f"expected PyTorch within 1e-5 of the test vectors, got {worst}")


if __name__ == "__main__":
    main(sys.argv[1])
