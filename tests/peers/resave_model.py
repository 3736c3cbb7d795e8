"""Saves a model again as other people's tools do, each way into a file of its own.

    .deps/venv/bin/python3 tests/peers/resave_model.py MODEL.onnx FOLDER
"""

import copy
import sys
from pathlib import Path

import onnx
from onnx import external_data_helper, shape_inference, version_converter


def main(path, folder):
    model = onnx.load(path)
    onnx.save(model, folder / "saved.onnx")
    onnx.save(shape_inference.infer_shapes(model), folder / "shapes.onnx")
    onnx.save(version_converter.convert_version(model, model.opset_import[0].version + 1), folder / "opset.onnx")
    cut = copy.deepcopy(model)
    cut.metadata_props.pop()
    onnx.save(cut, folder / "unhashed.onnx")
    bare = copy.deepcopy(model)
    del bare.metadata_props[:]
    onnx.save(bare, folder / "bare.onnx")
    changed = copy.deepcopy(model)
    weights = changed.graph.initializer[0]
    weights.raw_data = bytes([weights.raw_data[0] ^ 1]) + weights.raw_data[1:]
    onnx.save(changed, folder / "changed.onnx")
    apart = copy.deepcopy(model)
    external_data_helper.convert_model_to_external_data(apart, location="weights.data", size_threshold=0)
    onnx.save(apart, folder / "apart.onnx")
    onnx.save(onnx.load(folder / "apart.onnx"), folder / "joined.onnx")
    print("{}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
