#!/usr/bin/env python3
"""A small ONNX model around com.example::HardSwishGate. usage: make_model.py OUT.onnx [CHANNELS]"""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def model(channels=12):
    """conv -> gate of each channel -> mean of each channel -> gate of the means."""
    rng = np.random.default_rng(7)
    weights = {
        "kernel": rng.normal(size=(channels, 3, 3, 3)).astype(np.float32),
        "w": rng.uniform(0.5, 1.5, channels).astype(np.float32),
        "v": rng.uniform(-1, 1, channels).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["a"], pads=[1, 1, 1, 1], name="conv"),
        helper.make_node("HardSwishGate", ["a", "w"], ["b"], domain="com.example", slope=0.25,
                         name="gate"),
        helper.make_node("ReduceMean", ["b"], ["c"], axes=[2, 3], keepdims=0, name="mean"),
        helper.make_node("HardSwishGate", ["c", "v"], ["y"], domain="com.example", axis=-1,
                         name="last"),
    ]
    graph = helper.make_graph(
        nodes, "gated",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, 16, 16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", channels])],
        [numpy_helper.from_array(v, k) for k, v in weights.items()])
    return helper.make_model(graph, ir_version=8, opset_imports=[
        helper.make_opsetid("", 13), helper.make_opsetid("com.example", 1)])


if __name__ == "__main__":
    onnx.save(model(int(sys.argv[2]) if len(sys.argv) > 2 else 12), sys.argv[1])
