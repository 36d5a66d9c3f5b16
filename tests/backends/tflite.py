"""The small models as .tflite files: what LiteRT's adapter reads beside the ONNX file."""
import flatbuffers
import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as s
from onnx import numpy_helper


class Writer:
    def __init__(self):
        self.graph = s.SubGraphT(tensors=[], operators=[], inputs=[], outputs=[])
        self.model = s.ModelT(version=3, operatorCodes=[], subgraphs=[self.graph],
                              buffers=[s.BufferT()])  # buffer 0 is empty by rule

    def tensor(self, name, shape, value=None, dtype=s.TensorType.FLOAT32, signature=None):
        buffer = 0
        if value is not None:
            self.model.buffers.append(s.BufferT(data=np.frombuffer(value.tobytes(), np.uint8)))
            buffer = len(self.model.buffers) - 1
        self.graph.tensors.append(s.TensorT(name=name, shape=list(shape), type=dtype, buffer=buffer,
                                            shapeSignature=signature))
        return len(self.graph.tensors) - 1

    def operator(self, code, inputs, output, kind=0, options=None):
        self.model.operatorCodes.append(s.OperatorCodeT(
            builtinCode=code, deprecatedBuiltinCode=min(code, 127), version=1))
        self.graph.operators.append(s.OperatorT(
            opcodeIndex=len(self.model.operatorCodes) - 1, inputs=inputs, outputs=[output],
            builtinOptionsType=kind, builtinOptions=options))

    def save(self, path, inputs, outputs):
        self.graph.inputs, self.graph.outputs = inputs, outputs
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        with open(path, "wb") as f:
            f.write(builder.Output())


def dense(w, x, weights, bias, y):
    """weights as ONNX has them: inputs x outputs."""
    matrix = np.ascontiguousarray(weights.T)
    inputs = [x, w.tensor("w_t", matrix.shape, matrix)]
    inputs.append(w.tensor("bias", bias.shape, bias) if bias is not None else -1)
    w.operator(s.BuiltinOperator.FULLY_CONNECTED, inputs, y, s.BuiltinOptions.FullyConnectedOptions,
               s.FullyConnectedOptionsT())


def convolution(w, values):
    """Channels last, as every converter writes pictures."""
    x = w.tensor("x", (1, 16, 16, 3))
    kernel = np.ascontiguousarray(values["w"].transpose(0, 2, 3, 1))
    features, pooled = w.tensor("features", (1, 16, 16, 8)), w.tensor("pooled", (1, 8))
    options = s.Conv2DOptionsT(padding=s.Padding.SAME, strideW=1, strideH=1,
                               fusedActivationFunction=s.ActivationFunctionType.RELU)
    w.operator(s.BuiltinOperator.CONV_2D,
               [x, w.tensor("w", kernel.shape, kernel), w.tensor("b", (8,), values["b"])], features,
               s.BuiltinOptions.Conv2DOptions, options)
    axes = w.tensor("axes", (2,), np.array([1, 2], np.int32), s.TensorType.INT32)
    w.operator(s.BuiltinOperator.MEAN, [features, axes], pooled, s.BuiltinOptions.ReducerOptions,
               s.ReducerOptionsT(keepDims=False))
    scores = w.tensor("scores", (1, 5))
    dense(w, pooled, values["w2"], values["b2"], scores)
    return [x], [scores, features]


def dynamic(w, values):
    x = w.tensor("x", (1, 12), signature=[-1, 12])
    product = w.tensor("m", (1, 7), signature=[-1, 7])
    y = w.tensor("y", (1, 7), signature=[-1, 7])
    dense(w, x, values["w"], None, product)
    w.operator(s.BuiltinOperator.TANH, [product], y)
    return [x], [y]


def save_beside(onnx_path, name):
    """The .tflite of the same weights; False where there is no such model here."""
    make = {"convolution": convolution, "dynamic": dynamic}.get(name)
    if make is None:
        return False
    graph = onnx.load(onnx_path).graph
    writer = Writer()
    inputs, outputs = make(writer, {t.name: numpy_helper.to_array(t) for t in graph.initializer})
    writer.save(onnx_path.removesuffix(".onnx") + ".tflite", inputs, outputs)
    return True
