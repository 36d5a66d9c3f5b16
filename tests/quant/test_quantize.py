"""What hone quantize writes, judged by ONNX Runtime: it loads, runs, answers alike, is smaller."""

import os
import shutil
import subprocess

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from quantlib import (HONE, R, SOURCE, hone, materialized, needs_shared, one, ops, quantize, run,
                      samples, session, snr)

FASHION = f"{SOURCE}/examples/fashion/fashion.onnx"


def weights(*shape, seed=1, scale=0.3):
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


def save(folder, nodes, inits, x=(1, 4, 8, 8), opset=13, outputs=("y",)):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)],
        [onnx.ValueInfoProto(name=y) for y in outputs],
        [numpy_helper.from_array(a, n) for n, a in inits.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    known = {v.name: v for v in onnx.shape_inference.infer_shapes(model).graph.output}
    del model.graph.output[:]
    model.graph.output.extend(known[y] for y in outputs)
    onnx.save(model, f"{folder}/m.onnx")
    return f"{folder}/m.onnx"


def noise(shape, n=8, seed=3):
    return {"x": np.random.default_rng(seed).standard_normal(
        (n * shape[0], *shape[1:])).astype(np.float32)}


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), name=outputs.split()[0],
                            **attributes)


CONV = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
# Between two convolutions c1 -> ... -> c2: what is between, and which operator of ONNX Runtime's
# must be there once it has optimised the file, and which must not.
BETWEEN = {
    "relu": ([node("Relu", "a", "b")], {"QLinearConv"}, {"Relu", "Conv"}),
    "clip": ([node("Clip", "a lo hi", "b")], {"QLinearConv"}, {"Clip"}),
    "add": ([node("Conv", "a w", "a2", **CONV), node("Add", "a a2", "b")], {"QLinearAdd"}, {"Add"}),
    "add_relu": ([node("Conv", "a w", "a2", **CONV), node("Add", "a a2", "s"),
                  node("Relu", "s", "b")], {"QLinearAdd"}, {"Add", "Relu"}),
    "concat": ([node("Conv", "x w", "a2", **CONV), node("Concat", "a a2", "j", axis=1),
                node("Slice", "j one five one", "b")], {"QLinearConcat"}, {"Concat"}),
    "max_pool": ([node("MaxPool", "a", "b", kernel_shape=[2, 2])], {"MaxPool"}, {"Conv"}),
    "average_pool": ([node("AveragePool", "a", "b", kernel_shape=[2, 2])],
                     {"QLinearAveragePool"}, set()),
    "gate": ([node("GlobalAveragePool", "a", "p"), node("Conv", "p w1", "f"),
              node("Sigmoid", "f", "s"), node("Mul", "a s", "b")],
             {"QLinearGlobalAveragePool", "QLinearMul", "QLinearSigmoid"}, {"Mul"}),
    "silu": ([node("Sigmoid", "a", "s"), node("Mul", "a s", "b")], {"Sigmoid"}, {"Conv"}),
    "reshape": ([node("Reshape", "a wide", "r"), node("Transpose", "r", "b", perm=[0, 1, 3, 2])],
                {"Transpose"}, {"Conv"}),
    "leaky": ([node("LeakyRelu", "a", "b", alpha=0.1)], {"QLinearLeakyRelu"}, {"Conv"}),
    "depthwise": ([node("Conv", "a wd", "b", group=4, **CONV)], {"QLinearConv"}, {"Conv"}),
    "resize": ([node("Resize", "a  scales", "b", mode="nearest",
                     coordinate_transformation_mode="asymmetric", nearest_mode="floor")],
               {"Resize"}, {"Conv"}),
}
INITS = {"w": weights(4, 4, 3, 3), "bias": weights(4, seed=2), "w1": weights(4, 4, 1, 1, seed=5),
         "wd": weights(4, 1, 3, 3, seed=6), "lo": np.array(-0.5, np.float32),
         "hi": np.array(1.5, np.float32), "one": np.array([1], np.int64),
         "five": np.array([5], np.int64), "wide": np.array([1, 4, 4, 16], np.int64),
         "scales": np.array([1, 1, 2, 2], np.float32)}


def between(case, folder):
    nodes = [node("Conv", "x w bias", "a", **CONV), *BETWEEN[case][0],
             node("Conv", "b w bias", "c", **CONV), node("Relu", "c", "d"),
             node("Conv", "d w bias", "y", **CONV)]
    for n in nodes:
        if n.op_type == "Resize":
            n.input[:] = ["a", "", "scales"]
    used = {i for n in nodes for i in n.input}
    return save(folder, nodes, {k: v for k, v in INITS.items() if k in used})


def fused_ops(path, folder):
    """The operators that ONNX Runtime makes of the file."""
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = f"{folder}/fused.onnx"
    ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return [n.op_type for n in onnx.load(f"{folder}/fused.onnx").graph.node]


@pytest.mark.parametrize("more", [[], ["--activations", "s8"]], ids=["u8", "s8"])
@pytest.mark.parametrize("case", BETWEEN)
def test_runtimes_compute_on_integers(case, more, tmp_path):
    path, data = between(case, tmp_path), noise((1, 4, 8, 8))
    out, report = quantize(path, data, tmp_path, *more)
    feed = one(data, 0)
    got = run(out, feed)
    # Eight bits leave 30 dB and more of noise-like values after three convolutions.
    assert snr(run(path, feed)[0], got[0]) > 25
    # What is fused gives what the graph says: at most a step here and there.
    assert snr(run(out, feed, optimised=False)[0], got[0]) > 38
    if more:
        return  # of s8 it fuses on x86 what its own tool would have written as u8
    kinds = fused_ops(out, tmp_path)
    wanted, unwanted = BETWEEN[case][1:]
    assert wanted <= set(kinds), kinds
    # The last convolution's result is a float's.
    assert not (unwanted - {"Conv"}) & set(kinds), kinds
    if "Conv" in unwanted:
        assert kinds.count("Conv") == 1, kinds
    assert {"y": "int8"}.items() <= {r["node"]: r["precision"] for r in report["layers"]}.items()


@pytest.mark.parametrize("op", ["Gemm", "MatMul"])
def test_products(op, tmp_path):
    w = weights(16, 32)
    first = node(op, "x w" + (" c" if op == "Gemm" else ""), "h",
                 **({"alpha": 0.5, "beta": 2.0} if op == "Gemm" else {}))
    inits = {"w": w, "v": weights(24, 32, seed=9)}
    if op == "Gemm":
        inits["c"] = weights(1, 32, seed=4)
    path = save(tmp_path, [first, node("Relu", "h", "r"),
                           node("Gemm", "r v", "y", transB=1)], inits, x=(8, 16))
    data = noise((8, 16))
    out, _ = quantize(path, data, tmp_path)
    feed = {"x": data["x"][:8]}
    assert snr(run(path, feed)[0], run(out, feed)[0]) > 30
    kinds = fused_ops(out, tmp_path)
    assert not {"Gemm", "MatMul"} & set(kinds), kinds


def test_transposed_convolution(tmp_path):
    path = save(tmp_path, [node("ConvTranspose", "x w b", "h", strides=[2, 2], group=2),
                           node("Conv", "h v", "y")],
                {"w": weights(4, 3, 2, 2), "b": weights(6), "v": weights(2, 6, 1, 1)})
    data = noise((1, 4, 8, 8))
    out, _ = quantize(path, data, tmp_path)
    feed = one(data, 1)
    assert snr(run(path, feed)[0], run(out, feed)[0]) > 30


def test_a_bias_far_beyond_its_weights_survives(tmp_path):
    w = weights(4, 4, 3, 3, scale=1e-7)
    w[3] = 0  # a dead channel
    path = save(tmp_path, [node("Conv", "x w b", "h", **CONV), node("Conv", "h v", "y")],
                {"w": w, "b": np.array([100, -50, 1, 20], np.float32), "v": weights(2, 4, 1, 1)})
    data = noise((1, 4, 8, 8))
    out, report = quantize(path, data, tmp_path)
    feed = one(data, 0)
    assert snr(run(path, feed)[0], run(out, feed)[0]) > 40
    assert any("bias fits" in f for f in report["findings"])


def test_a_concat_of_boxes_and_scores_keeps_the_scores(tmp_path):
    path = save(tmp_path, [node("Conv", "x w big", "box", **CONV), node("Conv", "x w", "t", **CONV),
                           node("Sigmoid", "t", "score"), node("Concat", "box score", "y", axis=1)],
                {"w": weights(4, 4, 3, 3), "big": np.full(4, 600, np.float32)})
    data = noise((1, 4, 8, 8))
    out, _ = quantize(path, data, tmp_path)
    feed = one(data, 0)
    want, got = run(path, feed)[0], run(out, feed)[0]
    assert np.abs(want[:, 4:] - got[:, 4:]).max() < 0.05


def test_an_input_of_nothing_is_safe(tmp_path):
    path = between("relu", tmp_path)
    data = {"x": np.zeros((4, 4, 8, 8), np.float32)}
    out, _ = quantize(path, data, tmp_path)
    assert np.isfinite(run(out, one(data, 0))[0]).all()


@pytest.mark.parametrize("options", [["--symmetric"], ["--symmetric", "--activations", "s8"],
                                     ["--activations", "s16"], ["--activations", "u16"],
                                     ["--weights", "tensor"], ["--calibrator", "min-max"],
                                     ["--calibrator", "entropy"], ["--calibrator", "percentile"],
                                     ["--calibrator", "moving-average"], ["--exclude", "Add,c"],
                                     ["--include", "Conv"]])
def test_options(options, tmp_path):
    path, data = between("add_relu", tmp_path), noise((1, 4, 8, 8))
    out, _ = quantize(path, data, tmp_path, *options)
    onnx.checker.check_model(out, full_check=True)
    feed = one(data, 0)
    assert snr(run(path, feed)[0], run(out, feed)[0]) > (30 if "16" in options[-1] else 18)


# Of 363 kB, 320 of them weights; the rest are names, and scales by channel.
FORMATS = {"qdq": 0.47, "qoperator": 0.42, "fp16": 0.55, "bf16": 0.55, "int8-weights": 0.35,
           "int4-weights": 0.35, "dynamic": 0.45}


@pytest.mark.parametrize("form", FORMATS)
def test_formats_of_the_example(form, tmp_path):
    data = samples(FASHION, 16)
    data = {k: np.abs(v) / 4 for k, v in data.items()}
    out, report = quantize(FASHION, data if form.startswith("q") else None, tmp_path,
                           "--format", form)
    onnx.checker.check_model(out, full_check=True)
    feed = one(data, 0)
    assert snr(run(FASHION, feed)[0], run(out, feed)[0]) > 18
    assert os.path.getsize(out) < FORMATS[form] * os.path.getsize(FASHION), report["size"]
    assert report["size"]["after"] == os.path.getsize(out)


def test_written_twice_alike_and_engines_take_it(tmp_path):
    data = {k: np.abs(v) / 4 for k, v in samples(FASHION, 8).items()}
    a, _ = quantize(FASHION, data, tmp_path)
    b, _ = quantize(FASHION, data, tmp_path, "--threads", 1)
    assert open(a, "rb").read() == open(b, "rb").read()
    r = hone("build", a, "-o", tmp_path / "int8.engine")
    assert r.returncode == 0, r.stderr
    r = hone("parity", a, tmp_path / "int8.engine")
    assert r.returncode == 0, r.stdout + r.stderr


def test_half_precision_keeps_off_what_crashes_onnx_runtime(tmp_path):
    path = save(tmp_path, [node("MatMul", "x v", "h"), node("Transpose", "h", "t", perm=[1, 0, 2]),
                           node("MatMul", "t w", "y")],
                {"w": weights(8, 4), "v": weights(8, 8)}, x=(5, 2, 8))
    out, report = quantize(path, None, tmp_path, "--format", "fp16")
    assert [r["precision"] for r in report["layers"]] == ["f16", "f32"]
    feed = noise((5, 2, 8), 1)
    assert snr(run(path, feed)[0], run(out, feed)[0]) > 50


# Name, signal to noise that must be left of a random input, size.
REAL = {"cls/mnist-8.onnx": (25, 0.5), "cifar/resnet20_cifar10_ts_op13.onnx": (22, 0.32),
        "cifar/resnet20_cifar10_dynamo_op18.onnx": (22, 0.3),
        "cls/cnn_mnist_pytorch.onnx": (30, 0.35), "audio/dtln_model_2.onnx": (22, 0.3),
        "text/bert_sst2/bert_sst2_ts_op14.onnx": (35, 0.3),
        "tflite_onnx/vww_96_fp32.onnx": (25, 0.42), "tflite_onnx/kws_dscnn_fp32.onnx": (20, 1),
        "face/version-slim-320.onnx": (35, 0.4)}


@needs_shared
@pytest.mark.parametrize("name", REAL)
def test_real_models(name, tmp_path):
    path, (least, size) = f"{R}/{name}", REAL[name]
    data = samples(path, 4)
    out, _ = quantize(path, data, tmp_path)
    onnx.checker.check_model(out, full_check=True)
    feed = one(data, 0)
    assert min(snr(a, b) for a, b in zip(run(path, feed), run(out, feed))) > least
    assert os.path.getsize(out) < size * os.path.getsize(path)


def products(folder):
    """Three products: rows of weights, columns of weights with a bias, and one that stays as it is (a factor of C)."""
    nodes = [node("MatMul", "x w1", "a"), node("Gemm", "a w2 b2", "b", transB=1), node("Relu", "b", "c"),
             node("Gemm", "c w3 b3", "y", beta=0.5)]
    inits = {"w1": weights(50, 70), "w2": weights(40, 70, seed=2), "b2": weights(40), "w3": weights(40, 9, seed=3), "b3": weights(9)}
    return save(folder, nodes, inits, x=(5, 50))


@pytest.mark.parametrize("group", [None, 16, 32, 128])
def test_matmulnbits_is_the_standard_form(group, tmp_path):
    path = products(tmp_path)
    options = ["--format", "int4-weights"] + (["--weights", f"group:{group}"] if group else [])
    standard, _ = quantize(path, None, tmp_path, *options)
    os.rename(standard, tmp_path / "standard.onnx")
    out, report = quantize(path, None, tmp_path, *options, "--form", "matmulnbits")
    assert [r["precision"] for r in report["layers"]] == ["int4"] * 3
    kinds = [n.op_type for n in onnx.load(out).graph.node]
    assert kinds.count("MatMulNBits") == 2 and kinds.count("DequantizeLinear") == 1
    onnx.checker.check_model(out)
    feed = {"x": weights(5, 50, seed=7, scale=1)}
    # As it stands: optimised, ONNX Runtime rounds the standard form's activations to 8 bits.
    got, want = run(out, feed)[0], run(tmp_path / "standard.onnx", feed, optimised=False)[0]
    # The same weights, summed in another order: f32's step times a few dozen terms.
    assert np.abs(got - want).max() < 1e-5 * np.abs(want).max()
    assert snr(run(path, feed)[0], got) > 10  # three layers of 16 levels each
    r = hone("build", out, "-o", tmp_path / "m.engine")
    assert r.returncode == 0, r.stderr
    r = hone("parity", out, tmp_path / "m.engine")
    assert r.returncode == 0, r.stdout + r.stderr
    np.save(tmp_path / "x.npy", feed["x"])
    r = hone("run", tmp_path / "m.engine", "--input", f"x={tmp_path / 'x.npy'}", "--save", tmp_path / "made")
    assert r.returncode == 0, r.stderr
    made = np.load(tmp_path / "made/output_0.npy")
    assert np.abs(made - got).max() < 1e-5 * np.abs(got).max()


def test_matmulnbits_is_for_4_bits(tmp_path):
    r = hone("quantize", products(tmp_path), "-o", tmp_path / "q.onnx", "--format", "int8-weights", "--form", "matmulnbits")
    assert r.returncode == 2 and "--form matmulnbits is for --format int4-weights" in r.stderr, r.stderr


def test_matmulnbits_of_gathered_rows(tmp_path):
    """The table and the product that reads its rows are rewritten by one patch."""
    nodes = [node("Cast", "x", "i", to=TensorProto.INT64), node("Gather", "t i", "r", axis=0), node("MatMul", "r w", "y")]
    path = save(tmp_path, nodes, {"t": weights(90, 32), "w": weights(32, 8)}, x=(3,))
    out, _ = quantize(path, None, tmp_path, "--format", "int4-weights", "--form", "matmulnbits")
    feed = {"x": np.array([1, 80, 7], np.float32)}
    assert snr(run(path, feed)[0], run(out, feed)[0]) > 12


def test_long_names_cost_little(tmp_path):
    long = ";".join(f"block_{i}/conv2d/BiasAdd/ReadVariableOp/Größe" for i in range(8))
    nodes = [helper.make_node("Conv", ["x", long + "/w"], [long + "/a"], name=long, **CONV),
             helper.make_node("Relu", [long + "/a"], [long + "/a:0"], name=long + "/relu"),
             helper.make_node("Conv", [long + "/a:0", long + "/w"], ["y"], name=long + "/2", **CONV)]
    path = save(tmp_path, nodes, {long + "/w": weights(4, 4, 3, 3)})
    out, report = quantize(path, noise((1, 4, 8, 8)), tmp_path)
    onnx.checker.check_model(out, full_check=True)
    made = [n for n in onnx.load(out).graph.node if "Linear" in n.op_type]
    assert made and all(len(n.name) <= 60 and len(n.output[0]) <= 60 for n in made)
    # 0.6 kB of weights: nothing is saved, and that is said.
    grew = os.path.getsize(out) > os.path.getsize(path)
    assert grew == any("the file grew from" in f for f in report["findings"])
    assert os.path.getsize(out) < 1.5 * os.path.getsize(path)


def test_growth_is_said(tmp_path):
    path = save(tmp_path, [node("Conv", "x w", "y", **CONV)], {"w": weights(1, 4, 3, 3)})
    out, report = quantize(path, noise((1, 4, 8, 8)), tmp_path)
    assert os.path.getsize(out) > os.path.getsize(path)
    assert any("the file grew from" in f for f in report["findings"]), report["findings"]


@needs_shared
@pytest.mark.parametrize("name,form", [
    ("audio/silero_vad_16k_op15.onnx", "fp16"), ("audio/silero_vad_16k_op15.onnx", "int8-weights"),
    ("audio/dtln_model_1.onnx", "fp16"), ("audio/dtln_model_1.onnx", "dynamic"),
    ("audio/dtln_model_1.onnx", "int4-weights"),
    ("mediapipe/mp_face_detection_short_range.onnx", "fp16"),
    ("mediapipe/mp_face_detection_short_range.onnx", "dynamic")])
def test_other_formats_of_real_models(name, form, tmp_path):
    path = f"{R}/{name}"
    data = samples(path, 1)
    out, _ = quantize(path, None, tmp_path, "--format", form)
    for a, b in zip(run(path, data), run(out, data)):
        assert a.shape == b.shape and np.isfinite(b).all()
        assert snr(a, b) > {"fp16": 35, "dynamic": 15, "int8-weights": 20, "int4-weights": 10}[form]


@needs_shared
def test_what_is_quantised_already_is_refused(tmp_path):
    r = hone("quantize", f"{R}/tflite_onnx/kws_dscnn_int8.onnx", "-o", tmp_path / "q.onnx",
             "--calib", tmp_path)
    assert r.returncode == 2 and "quantised already" in r.stderr


PEERS = f"{SOURCE}/build/peers/bin/python"
OPENVINO = """
import sys, numpy as np, openvino as ov
feed = np.load(sys.argv[2])
model = ov.Core().compile_model(sys.argv[1], "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
got = model({k: feed[k] for k in feed.files})
np.savez(sys.argv[3], *[got[o] for o in model.outputs])
"""


@pytest.mark.skipif(not os.path.exists(PEERS), reason="skipped: ./dev peers installs OpenVINO")
@pytest.mark.parametrize("form", ["qdq", "fp16", "bf16", "int8-weights", "int4-weights", "dynamic"])
def test_openvino_agrees(form, tmp_path):
    data = {k: np.abs(v) / 4 for k, v in samples(FASHION, 8).items()}
    out, _ = quantize(FASHION, data if form == "qdq" else None, tmp_path, "--format", form)
    feed = one(data, 0)
    np.savez(tmp_path / "feed.npz", **feed)
    subprocess.run([PEERS, "-c", OPENVINO, out, tmp_path / "feed.npz", tmp_path / "got.npz"],
                   check=True, capture_output=True, timeout=120)
    got = np.load(tmp_path / "got.npz")
    assert snr(run(out, feed)[0], got["arr_0"]) > 25
