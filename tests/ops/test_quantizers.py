"""Files that ONNX Runtime's quantizers write, with operators of com.microsoft: reference and engine
against ONNX Runtime on the same file."""
import os
import subprocess

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (CalibrationDataReader, QuantFormat, QuantType,
                                      quantize_dynamic, quantize_static)

HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
RNG = np.random.default_rng(7)


def model(nodes, x, y, **weights):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, y)],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def lstm():
    """Two directions of 8 cells over 5 steps."""
    node = helper.make_node("LSTM", ["x", "w", "r", "b"], ["y"], hidden_size=8,
                            direction="bidirectional")
    return model([node], [5, 2, 6], [5, 2, 2, 8], w=RNG.normal(size=(2, 32, 6)) / 3,
                 r=RNG.normal(size=(2, 32, 8)) / 3, b=RNG.normal(size=(2, 64)) / 3)


def network():
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3]),
             helper.make_node("Relu", ["c"], ["r"]),
             helper.make_node("GlobalAveragePool", ["r"], ["p"]),
             helper.make_node("Flatten", ["p"], ["f"]), helper.make_node("MatMul", ["f", "m"], ["y"])]
    return model(nodes, [1, 3, 8, 8], [1, 5], w=RNG.normal(size=(4, 3, 3, 3)),
                 m=RNG.normal(size=(4, 5)))


class Data(CalibrationDataReader):
    def __init__(self, x):
        self.left = [{"x": x}]

    def get_next(self):
        return self.left.pop() if self.left else None


def check(path, x, tolerance, folder):
    """`tolerance` of the largest output."""
    operators = {n.op_type for n in onnx.load(path).graph.node if n.domain == "com.microsoft"}
    want = onnxruntime.InferenceSession(str(path)).run(None, {"x": x})[0]
    np.save(folder / "x.npy", x)
    for how in ((), ("--reference",)):
        done = subprocess.run([HONE, "run", path, "--input", f"x={folder / 'x.npy'}", "--save",
                               folder / "out", *how], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        got = np.load(folder / "out/output_0.npy")
        assert got.shape == want.shape
        assert abs(got - want).max() <= tolerance * abs(want).max(), how
    return operators


def test_dynamic_lstm(tmp_path):
    """ONNX Runtime rounds X and the state to 8 bits at every step, Hone does not: they differ by
    some of those roundings, 1/255 of the range each."""
    onnx.save(lstm(), tmp_path / "f32.onnx")
    quantize_dynamic(str(tmp_path / "f32.onnx"), str(tmp_path / "q.onnx"))
    x = RNG.normal(size=(5, 2, 6)).astype(np.float32)
    assert check(tmp_path / "q.onnx", x, 0.03, tmp_path) == {"DynamicQuantizeLSTM"}


@pytest.mark.parametrize("bits", [QuantType.QUInt16, QuantType.QInt16])
def test_16_bits(tmp_path, bits):
    """QuantizeLinear and DequantizeLinear of com.microsoft, as files before opset 21 have them."""
    onnx.save(network(), tmp_path / "f32.onnx")
    x = RNG.normal(size=(1, 3, 8, 8)).astype(np.float32)
    quantize_static(str(tmp_path / "f32.onnx"), str(tmp_path / "q.onnx"), Data(x),
                    quant_format=QuantFormat.QDQ, activation_type=bits, weight_type=QuantType.QInt8,
                    extra_options={"UseQDQContribOps": True})
    assert check(tmp_path / "q.onnx", x, 1e-4, tmp_path) == {"QuantizeLinear", "DequantizeLinear"}
