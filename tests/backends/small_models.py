"""Small models for adapters, and what ONNX's reference makes of them."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator


def weights(name, *shape):
    values = np.random.default_rng(len(name)).standard_normal(shape) / 4
    return numpy_helper.from_array(values.astype(np.float32), name)


def save(path, nodes, inputs, outputs, constants=()):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def value(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, shape)


def convolution(path):
    """Fixed sizes, two outputs."""
    nodes = [helper.make_node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]),
             helper.make_node("Relu", ["c"], ["features"]),
             helper.make_node("GlobalAveragePool", ["features"], ["g"]),
             helper.make_node("Flatten", ["g"], ["f"]),
             helper.make_node("Gemm", ["f", "w2", "b2"], ["scores"])]
    save(path, nodes, [value("x", TensorProto.FLOAT, 1, 3, 16, 16)],
         [value("scores", TensorProto.FLOAT, 1, 5), value("features", TensorProto.FLOAT, 1, 8, 16, 16)],
         [weights("w", 8, 3, 3, 3), weights("b", 8), weights("w2", 8, 5), weights("b2", 5)])
    return {"x": (1, 3, 16, 16)}


def dynamic(path):
    """The first size is open."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["m"]), helper.make_node("Tanh", ["m"], ["y"])]
    save(path, nodes, [value("x", TensorProto.FLOAT, "n", 12)], [value("y", TensorProto.FLOAT, "n", 7)],
         [weights("w", 12, 7)])
    return {"x": (2, 12)}


def integers(path):
    """64-bit integers in, floats out."""
    nodes = [helper.make_node("Gather", ["table", "ids"], ["y"])]
    save(path, nodes, [value("ids", TensorProto.INT64, 1, 6)], [value("y", TensorProto.FLOAT, 1, 6, 4)],
         [weights("table", 10, 4)])
    return {"ids": (1, 6)}


def feed(path, shapes, seed=1):
    rng = np.random.default_rng(seed)
    kinds = {i.name: i.type.tensor_type.elem_type for i in onnx.load(path).graph.input}
    return {name: rng.integers(0, 9, shape) if kinds[name] == TensorProto.INT64
            else rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def reference(path, values):
    evaluator = ReferenceEvaluator(path)
    return dict(zip(evaluator.output_names, evaluator.run(None, values)))
