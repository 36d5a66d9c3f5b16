"""hone edit: what it writes is what ONNX Runtime computes from the same numbers."""
import os
import subprocess

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(4)


def hone(*args):
    return subprocess.run([os.environ["HONE"], *map(str, args)], capture_output=True, text=True,
                          timeout=120, env={**os.environ, "NO_COLOR": "1"})


def edit(model, out, *args):
    done = hone("edit", model, "-o", out, *args)
    assert done.returncode == 0, done.stderr
    onnx.checker.check_model(str(out), full_check=True)
    return out


def run(model, **feeds):
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def save(path, nodes, inputs, outputs, constants, opset=13):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs],
        [numpy_helper.from_array(v, k) for k, v in constants.items()])
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", opset)])
    onnx.save(model, path)
    return path


def f32(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


@pytest.fixture
def net(tmp_path):
    """image -> Conv (padded) -> Relu 'features' -> mean -> Gemm 'logits'."""
    nodes = [helper.make_node("Conv", ["image", "w", "b"], ["c"], name="conv", pads=[1, 1, 1, 1]),
             helper.make_node("Relu", ["c"], ["features"], name="relu"),
             helper.make_node("GlobalAveragePool", ["features"], ["p"], name="pool"),
             helper.make_node("Flatten", ["p"], ["f"], name="flat"),
             helper.make_node("Gemm", ["f", "v"], ["logits"], name="gemm")]
    return save(tmp_path / "net.onnx", nodes, [("image", ["n", 3, 8, 8])], [("logits", ["n", 4])],
                {"w": f32(16, 3, 3, 3), "b": f32(16), "v": f32(16, 4)})


def test_cut_and_join_again(tmp_path, net):
    x = f32(2, 3, 8, 8)
    (want,) = run(net, image=x)
    head = edit(net, tmp_path / "head.onnx", "--from", "features")
    body = edit(net, tmp_path / "body.onnx", "--to", "features")
    (features,) = run(body, image=x)
    np.testing.assert_array_equal(run(head, features=features)[0], want)
    assert [n.op_type for n in onnx.load(body).graph.node] == ["Conv", "Relu"]
    assert {i.name for i in onnx.load(body).graph.initializer} == {"w", "b"}
    whole = edit(body, tmp_path / "whole.onnx", "--merge", head)
    np.testing.assert_array_equal(run(whole, image=x)[0], want)


def test_join_models_of_like_names_and_other_opsets(tmp_path):
    a = save(tmp_path / "a.onnx", [helper.make_node("Mul", ["x", "w"], ["y"], name="n")],
             [("x", [2, 3])], [("y", [2, 3])], {"w": f32(3)}, opset=11)
    b = save(tmp_path / "b.onnx", [helper.make_node("Add", ["x", "w"], ["t"], name="n"),
                                   helper.make_node("Softmax", ["t"], ["y"], name="m", axis=-1)],
             [("x", [2, 3])], [("y", [2, 3])], {"w": f32(3)}, opset=17)
    whole = edit(a, tmp_path / "whole.onnx", "--merge", b, "--connect", "y=x")
    x = f32(2, 3)
    (want,) = run(b, x=run(a, x=x)[0])
    np.testing.assert_allclose(run(whole, x=x)[0], want, rtol=1e-6)
    assert onnx.load(whole).opset_import[0].version == 17


def test_rename_batch_shape_value(tmp_path, net):
    x = f32(1, 3, 8, 8)
    out = edit(net, tmp_path / "out.onnx", "--rename", "image=pixels", "--rename", "logits=scores",
               "--batch", "1")
    graph = onnx.load(out).graph
    assert [d.dim_value for d in graph.input[0].type.tensor_type.shape.dim] == [1, 3, 8, 8]
    assert [d.dim_value for d in graph.output[0].type.tensor_type.shape.dim] == [1, 4]
    assert graph.output[0].name == "scores"
    np.testing.assert_array_equal(run(out, pixels=x)[0], run(net, image=x)[0])
    free = edit(out, tmp_path / "free.onnx", "--batch", "any")
    assert onnx.load(free).graph.output[0].type.tensor_type.shape.dim[0].dim_param == "any"
    assert run(free, pixels=f32(3, 3, 8, 8))[0].shape == (3, 4)
    wide = edit(net, tmp_path / "wide.onnx", "--shape", "image=2x3x10x12")
    assert run(wide, image=f32(2, 3, 10, 12))[0].shape == (2, 4)
    np.save(tmp_path / "x.npy", x)
    fixed = edit(net, tmp_path / "fixed.onnx", "--value", f"image={tmp_path}/x.npy")
    assert not onnx.load(fixed).graph.input
    np.testing.assert_allclose(run(fixed)[0], run(net, image=x)[0], rtol=1e-6)  # folded at load


@pytest.mark.parametrize("pads", [0, 1])
@pytest.mark.parametrize("nhwc", [False, True])
@pytest.mark.parametrize("read_by_more", [False, True])
def test_bytes_in(tmp_path, pads, nhwc, read_by_more):
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    nodes = [helper.make_node("Conv", ["image", "w"], ["c"], name="conv", pads=[pads] * 4)]
    outputs = [("c", None)]
    if read_by_more:
        nodes.append(helper.make_node("Abs", ["image"], ["a"], name="abs"))
        outputs.append(("a", None))
    net = save(tmp_path / "net.onnx", nodes, [("image", [1, 3, 8, 8])], outputs,
               {"w": f32(16, 3, 3, 3)})
    out = edit(net, tmp_path / "out.onnx", "--bytes-in", "image", "--mean",
               ",".join(map(str, mean)), "--std", ",".join(map(str, std)),
               *(["--nhwc"] if nhwc else []))
    raw = RNG.integers(0, 256, (1, 3, 8, 8)).astype(np.uint8)
    x = ((raw / 255 - mean.reshape(3, 1, 1)) / std.reshape(3, 1, 1)).astype(np.float32)
    given = raw.transpose(0, 2, 3, 1).copy() if nhwc else raw
    for got, want in zip(run(out, image=given), run(net, image=x)):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)
    ops = [n.op_type for n in onnx.load(out).graph.node]
    assert ("Mul" in ops) == read_by_more  # else the division is in the weights
    assert ("Sub" in ops) == bool(pads or read_by_more)


TOML = """schema = 1
[model.net]
onnx = "net.onnx"
[model.net.input.image]
size = [8, 8]
scale = 0.00392156862745098
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
%s
[model.net.output.logits]
task = "classification"
labels = "names.txt"
[target.local]
"""


def describe(tmp_path, of_input=""):
    (tmp_path / "names.txt").write_text("a\nb\n")
    (tmp_path / "hone.toml").write_text(TOML % of_input)


def test_bytes_in_as_the_project_says(tmp_path, net):
    describe(tmp_path)
    done = hone("edit", net, "-o", tmp_path / "out.onnx", "--bytes-in", "image", "--nhwc")
    assert done.returncode == 0, done.stderr
    assert f"normalised as {tmp_path}/hone.toml has it; say type = \"u8\" there" in done.stdout
    raw = RNG.integers(0, 256, (1, 8, 8, 3)).astype(np.uint8)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    x = ((raw / 255 - mean) / std).astype(np.float32).transpose(0, 3, 1, 2).copy()
    want = run(net, image=x)[0]
    np.testing.assert_allclose(run(tmp_path / "out.onnx", image=raw)[0], want, rtol=1e-4, atol=1e-4)
    # Options are stronger than the file, wherever it lies.
    (tmp_path / "elsewhere").mkdir()
    moved = tmp_path / "elsewhere" / "project.toml"
    moved.write_text((tmp_path / "hone.toml").read_text().replace("net.onnx", str(net))
                     .replace("names.txt", str(tmp_path / "names.txt")))
    (tmp_path / "hone.toml").unlink()
    out = edit(net, tmp_path / "other.onnx", "--bytes-in", "image", "--nhwc", "--project", moved)
    np.testing.assert_allclose(run(out, image=raw)[0], want, rtol=1e-4, atol=1e-4)
    out = edit(net, tmp_path / "plain.onnx", "--bytes-in", "image", "--scale", "1", "--project", moved)
    x = raw.astype(np.float32).transpose(0, 3, 1, 2).copy()
    np.testing.assert_allclose(run(out, image=raw.transpose(0, 3, 1, 2).copy())[0],
                               run(net, image=x)[0], rtol=1e-4)


def test_bytes_in_of_a_model_with_channels_last(tmp_path):
    nodes = [helper.make_node("Transpose", ["image"], ["t"], perm=[0, 3, 1, 2]),
             helper.make_node("Conv", ["t", "w"], ["logits"], name="conv")]
    net = save(tmp_path / "net.onnx", nodes, [("image", [1, 8, 8, 3])], [("logits", None)],
               {"w": f32(16, 3, 3, 3)})
    describe(tmp_path, 'layout = "nhwc"')
    out = edit(net, tmp_path / "out.onnx", "--bytes-in", "image")
    raw = RNG.integers(0, 256, (1, 8, 8, 3)).astype(np.uint8)
    x = ((raw / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).astype(np.float32)
    np.testing.assert_allclose(run(out, image=raw)[0], run(net, image=x)[0], rtol=1e-4, atol=1e-4)


def save_idx(path, array):
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(head + array.astype(np.uint8).tobytes())


def test_half_is_tried_on_the_data_of_the_project(tmp_path):
    """Finite on the made-up inputs, infinite on what the data hold."""
    net = save(tmp_path / "net.onnx",
               [helper.make_node("Flatten", ["image"], ["f"], name="flat"),
                helper.make_node("MatMul", ["f", "w"], ["p"], name="up"),
                helper.make_node("MatMul", ["p", "v"], ["logits"], name="down")],
               [("image", [1, 1, 8, 8])], [("logits", [1, 4])],
               {"w": np.full((64, 4), 10, np.float32), "v": np.full((4, 4), 1e-4, np.float32)})
    out = tmp_path / "half.onnx"
    done = hone("edit", net, "-o", out, "--f16")
    assert done.returncode == 0 and "finite on random inputs" in done.stdout
    out.unlink()
    pixels = np.zeros((12, 8, 8))
    pixels[9:] = 255
    save_idx(tmp_path / "images", pixels)
    save_idx(tmp_path / "labels", np.arange(12) % 4)
    toml = """schema = 1
[model.net]
onnx = "net.onnx"
[model.net.input.image]
size = [8, 8]
color = "gray"
scale = %g
[model.net.output.logits]
task = "classification"
labels = "names.txt"
[model.net.data]
evaluation = { format = "idx", images = "images", labels = "labels" }
[target.local]
"""
    (tmp_path / "names.txt").write_text("a\nb\nc\nd\n")
    (tmp_path / "hone.toml").write_text(toml % 1)
    done = hone("edit", net, "-o", out, "--f16")
    assert done.returncode == 2 and not out.exists(), done.stdout
    assert ("output 'logits' is not finite on 8 samples of the evaluation data in "
            f"{tmp_path}/hone.toml, first at 'p'") in done.stderr
    (tmp_path / "hone.toml").write_text(toml % (1 / 255))
    done = hone("edit", net, "-o", out, "--f16")
    assert done.returncode == 0 and "finite on 8 samples of the evaluation data" in done.stdout, done.stderr
    x = f32(1, 1, 8, 8)
    np.testing.assert_allclose(run(out, image=x)[0], run(net, image=x)[0], rtol=0.02, atol=0.02)


def test_weights(tmp_path, net):
    strip = edit(net, tmp_path / "strip.onnx", "--weights", "strip")
    assert run(strip, image=f32(1, 3, 8, 8))[0].shape == (1, 4)
    assert os.path.getsize(strip) < os.path.getsize(net) / 2
    random = edit(net, tmp_path / "random.onnx", "--weights", "random", "--seed", "3")
    again = edit(net, tmp_path / "again.onnx", "--weights", "random", "--seed", "3")
    assert random.read_bytes() == again.read_bytes()
    a, b = ({i.name: numpy_helper.to_array(i) for i in onnx.load(m).graph.initializer}
            for m in (net, random))
    assert abs(a["w"].mean() - b["w"].mean()) < 0.2 and abs(a["w"].std() - b["w"].std()) < 0.2
    assert not np.array_equal(a["w"], b["w"])


def test_half(tmp_path, net):
    half = edit(net, tmp_path / "half.onnx", "--f16")
    assert {i.data_type for i in onnx.load(half).graph.initializer} == {TensorProto.FLOAT16}
    x = f32(1, 3, 8, 8)
    np.testing.assert_allclose(run(half, image=x)[0], run(net, image=x)[0], rtol=0.02, atol=0.02)


def test_half_that_overflows_is_not_written(tmp_path):
    big = save(tmp_path / "big.onnx", [helper.make_node("MatMul", ["x", "w"], ["p"], name="up"),
                                       helper.make_node("MatMul", ["p", "v"], ["y"], name="down")],
               [("x", [1, 4])], [("y", [1, 4])],
               {"w": np.full((4, 4), 6e4, np.float32), "v": np.full((4, 4), 1e-4, np.float32)})
    np.save(tmp_path / "x.npy", np.full((1, 4), 5, np.float32))
    done = hone("edit", big, "-o", tmp_path / "half.onnx", "--f16", "--input",
                f"x={tmp_path}/x.npy")
    assert done.returncode == 2 and not (tmp_path / "half.onnx").exists()
    assert "output 'y' is not finite on the inputs given, first at 'p'" in done.stderr


def test_opset(tmp_path, net):
    out = edit(net, tmp_path / "out.onnx", "--opset", "18")
    assert onnx.load(out).opset_import[0].version == 18
    x = f32(2, 3, 8, 8)
    np.testing.assert_array_equal(run(out, image=x)[0], run(net, image=x)[0])


@pytest.mark.parametrize("args, text", [
    (["--to", "nowhere"], "no value 'nowhere' in the graph"),
    (["--rename", "nowhere=x"], "no value 'nowhere' in the graph"),
    (["--rename", "image=logits"], "'image' cannot be called 'logits': another value is"),
    (["--shape", "image=1x3"], "input 'image' has rank 4, 2 sizes given"),
    (["--shape", "images=1x3"], "no input 'images'; the inputs are: 'image'"),
    (["--connect", "a=b"], "--connect needs --merge"),
    (["--batch", "0"], "--batch 0: a size of at least 1, or a name"),
    (["--bytes-in", "image", "--mean", "1,2"], "the input has 3 channels, mean and deviation are 2 and 0"),
    (["--bytes-in", "image", "--std", "0"], "a scale or deviation of 0"),
    (["--bytes-in", "logits"], "no input 'logits'"),
    ([], "nothing to do; see hone edit --help"),
])
def test_refused(tmp_path, net, args, text):
    done = hone("edit", net, "-o", tmp_path / "out.onnx", *args)
    assert done.returncode == 2 and text in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not (tmp_path / "out.onnx").exists()


def test_a_batch_in_a_reshape_is_said(tmp_path):
    net = save(tmp_path / "net.onnx", [helper.make_node("Reshape", ["x", "to"], ["y"], name="flat")],
               [("x", [1, 4, 4])], [("y", [1, 16])], {"to": np.array([1, 16], np.int64)})
    done = hone("edit", net, "-o", tmp_path / "out.onnx", "--batch", "2")
    assert done.returncode == 2 and "node 'flat' (Reshape)" in done.stderr
    assert "the batch stands in the model itself" in done.stderr
