"""Pairs of models for bench/peers/parity.py: the same in other words, with one planted defect, and
tests that cannot tell."""
import gzip
import json
import os
from dataclasses import dataclass, field

# First: onnxruntime.transformers puts a folder `models` of its own on the path.
from runs import WORK, hone
from models import REAL, SHARED, find, materialized

import numpy as np
import onnx
import onnx.version_converter
import onnxruntime
from onnx import helper, numpy_helper
from onnxruntime.quantization import (CalibrationDataReader, QuantFormat, QuantType, quant_pre_process,
                                      quantize_static)
from onnxruntime.transformers.float16 import convert_float_to_float16

DATA = os.path.join(SHARED, "realdata", "data")


@dataclass
class Case:
    name: str
    group: str                # "same", "defect", "blind": what a right answer is
    a: str
    b: str
    precision: str = "f32"    # what B computes in: f32, f16, int8
    culprit: str = ""         # value that the planted defect makes, as both files call it
    inputs: dict = field(default_factory=dict)     # given to both tools; else each takes its own
    val_range: list = field(default_factory=list)  # of integers, for Polygraphy
    shapes: list = field(default_factory=list)     # of dynamic inputs, for Polygraphy
    side: str = ""            # how Hone runs B: "reference:", else its kernels


# --- helpers --------------------------------------------------------------------------------------

def real(*path):
    return os.path.join(REAL, *path)


def skeleton(name):
    os.makedirs(WORK, exist_ok=True)
    return materialized(name, dict(find(WORK))[name], WORK)


def mnist(n):
    with gzip.open(os.path.join(DATA, "mnist", "t10k-images-idx3-ubyte.gz")) as f:
        images = np.frombuffer(f.read(), np.uint8, offset=16)
    return images[: n * 784].reshape(n, 1, 1, 28, 28).astype(np.float32)


def smooth(shape, seed):
    """Of neighbours that resemble each other, as a camera gives them: waves around a level."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:shape[-2], 0:shape[-1]] / shape[-1]
    planes = [sum(rng.normal() * np.sin(rng.uniform(-12, 12) * x + rng.uniform(-12, 12) * y +
                                        rng.uniform(0, 6)) for _ in range(4)) + rng.normal()
              for _ in range(shape[1])]
    return (np.stack(planes)[None] / 2 + 0.1 * rng.normal(size=shape)).astype(np.float32)


def pixels(shape, seed):
    """The same between 0 and 1."""
    x = smooth(shape, seed)
    return (x - x.min()) / (x.max() - x.min())


def changed(source, name, change):
    """`source` with change(model) done to it, which may say the name of the value it spoilt."""
    model = onnx.load(source)
    culprit = change(model) or ""
    path = os.path.join(WORK, "parity", name + ".onnx")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    onnx.save(model, path)
    return path, culprit


def nodes(model, op):
    return [n for n in model.graph.node if n.op_type == op]


def set_attribute(node, name, value):
    for a in list(node.attribute):
        if a.name == name:
            node.attribute.remove(a)
    node.attribute.append(helper.make_attribute(name, value))


def edit_weight(model, name, change):
    for i in model.graph.initializer:
        if i.name == name:
            array = numpy_helper.to_array(i).copy()
            i.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(change(array)), name))
            return
    raise KeyError(name)


def optimised_by_ort(source, name):
    path = os.path.join(WORK, "parity", name + ".onnx")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = path
    options.log_severity_level = 3
    onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    return path


def optimised_by_hone(source, name):
    path = os.path.join(WORK, "parity", name + ".onnx")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    hone("optimize", source, "-o", path)
    return path


def half(source, name, keep_io=True):
    path = os.path.join(WORK, "parity", name + ".onnx")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    onnx.save(convert_float_to_float16(modern(onnx.load(source)), keep_io_types=keep_io), path)
    return path


def modern(model):
    """Scales by channel are of opset 13; old files list weights as inputs, too."""
    if model.opset_import[0].version >= 13:
        return model
    for i in model.graph.initializer:
        for also in [v for v in model.graph.input if v.name == i.name]:
            model.graph.input.remove(also)
    model.ir_version = max(model.ir_version, 8)
    return onnx.version_converter.convert_version(model, 13)


class Samples(CalibrationDataReader):
    def __init__(self, name, arrays):
        self.left = [{name: a} for a in arrays]

    def get_next(self):
        return self.left.pop() if self.left else None


def quantised(source, name, input_name, arrays, per_channel):
    path = os.path.join(WORK, "parity", name + ".onnx")
    prepared = path + ".prepared.onnx"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    onnx.save(modern(onnx.load(source)), prepared)
    quant_pre_process(prepared, prepared, skip_symbolic_shape=True)
    quantize_static(prepared, path, Samples(input_name, arrays), quant_format=QuantFormat.QDQ,
                    per_channel=per_channel, activation_type=QuantType.QUInt8,
                    weight_type=QuantType.QInt8)
    return path


# --- the same model in other words ----------------------------------------------------------------

RESNET20 = real("cifar", "resnet20_cifar10_ts_op13.onnx")
BERT = real("text", "bert_sst2", "bert_sst2_ts_op14.onnx")
FACE = real("face", "version-RFB-320_without_postprocessing.onnx")
MNIST = real("cls", "mnist-8.onnx")
CNN_MNIST = real("cls", "cnn_mnist_pytorch.onnx")
SUPER = real("img", "super_resolution.onnx")
BERT_INPUTS = {"val_range": ["input_ids:[0,7999]", "attention_mask:[1,1]", "token_type_ids:[0,0]"],
               "shapes": [f"{i}:[1,64]" for i in ("input_ids", "attention_mask", "token_type_ids")]}


def same():
    resnet18, mobilenet, yolo = skeleton("resnet18"), skeleton("mobilenet_v2"), skeleton("yolov8n")
    pictures = [pixels((1, 1, 224, 224), k) for k in range(17)]
    bytes_in = np.round(pixels((1, 3, 32, 32), 1) * 255 - 128).astype(np.int8).transpose(0, 2, 3, 1)
    digits = list(mnist(64))
    normal = [(d / 255 - np.float32(0.1307)) / np.float32(0.3081) for d in digits]
    return [
        Case("resnet18: ONNX Runtime's basic optimisation", "same", resnet18,
             optimised_by_ort(resnet18, "resnet18_ort")),
        Case("yolov8n: ONNX Runtime's basic optimisation", "same", yolo,
             optimised_by_ort(yolo, "yolov8n_ort")),
        Case("mobilenet_v2: hone optimize", "same", mobilenet,
             optimised_by_hone(mobilenet, "mobilenet_v2_hone")),
        Case("resnet20: two exporters", "same", RESNET20,
             real("cifar", "resnet20_cifar10_dynamo_op18.onnx")),
        Case("bert_sst2: two exporters", "same", BERT,
             real("text", "bert_sst2", "bert_sst2_dynamo_op18.onnx"), **BERT_INPUTS),
        Case("RFB-320: simplified by its authors", "same", FACE,
             real("face", "version-RFB-320_simplified.onnx")),
        Case("resnet20: f16", "same", RESNET20, half(RESNET20, "resnet20_f16"), "f16"),
        Case("resnet20: f16, inputs and outputs too", "same", RESNET20,
             half(RESNET20, "resnet20_f16_io", keep_io=False), "f16"),
        Case("bert_sst2: f16", "same", BERT, half(BERT, "bert_f16"), "f16", **BERT_INPUTS),
        Case("efficientnet_b0: f16", "same", skeleton("efficientnet_b0"),
             half(skeleton("efficientnet_b0"), "efficientnet_f16"), "f16"),
        Case("mnist-8: int8 by ONNX Runtime, on a real digit", "same", MNIST,
             quantised(MNIST, "mnist_int8", "Input3", digits[8:], False), "int8",
             inputs={"Input3": digits[0]}),
        Case("cnn_mnist: int8 by channel by ONNX Runtime, on a real digit", "same", CNN_MNIST,
             quantised(CNN_MNIST, "cnn_mnist_int8", "0", normal[8:], True), "int8",
             inputs={"0": normal[0]}),
        Case("super_resolution: int8 by ONNX Runtime, on a smooth picture", "same", SUPER,
             quantised(SUPER, "super_resolution_int8", "input", pictures[1:], True), "int8",
             inputs={"input": pictures[0]}),
        Case("ic_resnet8: int8 against its weights as floats", "same",
             real("tflite_onnx", "ic_resnet8_int8.dq.onnx"),
             real("tflite_onnx", "ic_resnet8_int8.onnx"), "int8",
             inputs={"input_1_int8": np.ascontiguousarray(bytes_in)}),
    ]


# --- one defect -----------------------------------------------------------------------------------

def epsilon(model):
    bn = nodes(model, "BatchNormalization")[4]
    set_attribute(bn, "epsilon", 1e-3)
    return bn.output[0]


def swapped_colours(model):
    conv = nodes(model, "Conv")[0]
    edit_weight(model, conv.input[1], lambda w: w[:, ::-1])
    return conv.output[0]


def one_nan(model):
    conv = nodes(model, "Conv")[20]

    def spoil(w):
        w.flat[3] = np.nan
        return w
    edit_weight(model, conv.input[1], spoil)
    return conv.output[0]


def shifted_padding(model):
    conv = nodes(model, "Conv")[0]
    set_attribute(conv, "pads", [2, 2, 4, 4])
    return conv.output[0]


def transposed(model):
    shapes = {i.name: tuple(i.dims) for i in model.graph.initializer}
    product = [n for n in nodes(model, "MatMul") if shapes.get(n.input[1]) == (128, 128)][1]
    edit_weight(model, product.input[1], lambda w: w.T)
    return product.output[0]


def wrong_scale_of_one_channel(model):
    """Of a class's convolution: its probability stands beside boxes of hundreds of pixels."""
    conv = [n for n in nodes(model, "Conv") if "cv3.2.2" in n.name or "cv3.2/cv3.2.2" in n.name][0]

    def spoil(w):
        w[7] *= 1.05
        return w
    edit_weight(model, conv.input[1], spoil)
    return conv.output[0]


def wrong_resize(model):
    resize = nodes(model, "Resize")[0]
    set_attribute(resize, "mode", "linear")
    return resize.output[0]


def lost_relu(model):
    relu = nodes(model, "Relu")[6]
    relu.op_type = "Identity"
    return relu.output[0]


def wrong_softmax_axis(model):
    softmax = nodes(model, "Softmax")[0]
    set_attribute(softmax, "axis", 1)
    return softmax.output[0]


def coarse_weights(model):
    conv = nodes(model, "Conv")[9]

    def spoil(w):
        step = np.abs(w).max() / 127
        return (np.round(w / step) * step).astype(w.dtype)
    edit_weight(model, conv.input[1], spoil)
    return conv.output[0]


def lost_bias(model):
    gemm = nodes(model, "Gemm")[0]

    def spoil(b):
        b[int(np.abs(b).argmax())] = 0
        return b
    edit_weight(model, gemm.input[2], spoil)
    return gemm.output[0]


def tanh_gelu(model):
    """erf(x) as GELU's usual approximation has it: tanh(2/sqrt(pi) (x + 0.08943 x^3))."""
    first = None
    for n in nodes(model, "Erf"):
        x, y, at = n.input[0], n.output[0], list(model.graph.node).index(n)
        first = first or y
        for name, value in (("three", 3.0), ("cubic", 0.08943), ("outer", 2 / np.sqrt(np.pi))):
            model.graph.initializer.append(numpy_helper.from_array(np.float32(value), y + name))
        model.graph.node.remove(n)
        for k, (op, inputs, output) in enumerate((
                ("Pow", [x, y + "three"], y + "p"), ("Mul", [y + "p", y + "cubic"], y + "q"),
                ("Add", [x, y + "q"], y + "r"), ("Mul", [y + "r", y + "outer"], y + "s"),
                ("Tanh", [y + "s"], y))):
            model.graph.node.insert(at + k, helper.make_node(op, inputs, [output]))
    return first


def scaled_up(model):
    """The same function: the first convolution and its bias 1000 times as large, the last product
    1/1000."""
    for op, at, factor in (("Conv", 0, 1000), ("Add", 0, 1000), ("Add", 1, 1000),
                           ("Reshape", 0, 1 / 1000)):
        node = nodes(model, op)[at]
        edit_weight(model, node.input[0 if op == "Reshape" else 1],
                    lambda w, f=factor: (w * f).astype(w.dtype))
    return nodes(model, "Conv")[0].output[0]


def defects():
    resnet18, mobilenet, yolo = skeleton("resnet18"), skeleton("mobilenet_v2"), skeleton("yolov8n")

    def planted(name, source, change, **kw):
        b, culprit = changed(source, name.replace(" ", "_").replace(":", ""), change)
        return Case(name, "defect", source, b, culprit=culprit, **kw)
    big, first = changed(MNIST, "mnist_scaled", scaled_up)
    return [
        planted("RFB-320: epsilon of one BatchNormalization 1e-3 for 1e-5", FACE, epsilon),
        planted("resnet20: colours swapped in the first convolution", RESNET20, swapped_colours),
        planted("mobilenet_v2: one weight NaN", mobilenet, one_nan),
        planted("resnet18: padding off by one", resnet18, shifted_padding),
        planted("bert_sst2: a square product transposed", BERT, transposed, **BERT_INPUTS),
        planted("yolov8n: one class's weights 5 % too large", yolo, wrong_scale_of_one_channel),
        Case("mnist-8: f16 overflows, on a real digit", "defect", big, half(big, "mnist_scaled_f16"),
             "f16", first, {"Input3": mnist(1)[0]}, side="reference:"),
        planted("yolov8n: Resize linear for nearest", yolo, wrong_resize),
        planted("resnet18: a Relu lost", resnet18, lost_relu),
        planted("bert_sst2: Softmax over another axis", BERT, wrong_softmax_axis, **BERT_INPUTS),
        planted("resnet18: a bias lost", resnet18, lost_bias),
        planted("resnet20: one layer's weights rounded to 8 bits", RESNET20, coarse_weights),
        planted("bert_sst2: GELU by tanh", BERT, tanh_gelu, **BERT_INPUTS),
    ]


# --- tests that cannot tell -----------------------------------------------------------------------

def dead_head(model):
    edit_weight(model, nodes(model, "Gemm")[0].input[1], np.zeros_like)


def saturated(model):
    """Logits so far apart that the softmax behind them says 1 and 0 of nearly anything."""
    y = model.graph.output[0].name
    model.graph.initializer.append(numpy_helper.from_array(np.float32(1e4), "times"))
    model.graph.node.extend([helper.make_node("Mul", [y, "times"], ["far"]),
                             helper.make_node("Softmax", ["far"], ["sure"], axis=1)])
    model.graph.output[0].name = "sure"


def blind():
    resnet18 = skeleton("resnet18")
    swapped, _ = changed(RESNET20, "resnet20_swapped", swapped_colours)
    dead, _ = changed(resnet18, "resnet18_dead", dead_head)
    dead_wrong, _ = changed(dead, "resnet18_dead_wrong", shifted_padding)
    sure, _ = changed(resnet18, "resnet18_sure", saturated)
    sure_wrong, _ = changed(sure, "resnet18_sure_wrong", shifted_padding)
    return [
        Case("resnet20: colours swapped, on zeros", "blind", RESNET20, swapped,
             inputs={"input": np.zeros((1, 3, 32, 32), np.float32)}),
        Case("resnet18: the head's weights are 0, padding off by one", "blind", dead, dead_wrong),
        Case("resnet18: a saturated softmax, padding off by one", "blind", sure, sure_wrong),
    ]


def all_cases():
    return [*same(), *defects(), *blind()]


def save_json(case, path):
    """The case's inputs as Polygraphy reads them."""
    from polygraphy.json import save_json as save
    save([case.inputs], path)


def save_folder(case, path):
    """... and as Hone does."""
    os.makedirs(path, exist_ok=True)
    for k, value in enumerate(case.inputs.values()):
        np.save(os.path.join(path, f"input_{k}.npy"), value)


if __name__ == "__main__":
    print(json.dumps([c.name for c in all_cases()], indent=1))
