"""What an engine on integers answers against what the file says, taken literally: floats between DequantizeLinear and
QuantizeLinear. ONNX Runtime computes that with its optimisations off; with them on it fuses integer operators, too,
and decides other ties than the text does. `hone parity` holds every integer tensor against the reference."""
import functools
import sys

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from quantlib import SOURCE, hone, needs_shared, session

SAMPLES = 400


@functools.cache
def pictures():
    sys.path.insert(0, f"{SOURCE}/bench/quant")
    from tasks import cifar10
    return {t.name.split()[0]: t for t in cifar10() if "dynamo" not in t.name}


@functools.cache
def quantised(name, folder):
    """A file that `hone quantize` makes of a labelled task's model, and pictures to judge it by."""
    task = pictures()[name]
    [key] = task.calibration[0]
    np.savez(f"{folder}/c.npz", **{key: np.concatenate([f[key] for f in task.calibration])})
    path = f"{folder}/{name}.onnx"
    r = hone("quantize", task.model, "-o", path, "--calib", f"{folder}/c.npz", "--preset", "fast")
    assert r.returncode == 0, r.stderr
    return path, key, np.concatenate([f[key] for f in task.samples[::len(task.samples) // SAMPLES][:SAMPLES]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("literal"))


def by_engine(path, key, x, folder):
    assert hone("build", path, "-o", f"{path}.engine", "--no-timing").returncode == 0
    np.save(f"{folder}/x.npy", x)
    r = hone("run", f"{path}.engine", "--input", f"{key}={folder}/x.npy", "--save", f"{folder}/out")
    assert r.returncode == 0, r.stderr
    return np.load(f"{folder}/out/output_0.npy")


def step_between(path, a, b):
    """By how much one step of one byte moves class a's score against b's: the last layer's largest."""
    m = onnx.load(path)
    values = {t.name: numpy_helper.to_array(t) for t in m.graph.initializer}
    maker = {o: n for n in m.graph.node for o in n.output}
    last = [n for n in m.graph.node if n.op_type in ("Gemm", "MatMul")][-1]
    x, w = (maker[i] for i in last.input[:2])
    weights = values[w.input[0]].astype(np.float64)
    transposed = any(t.name == "transB" and t.i for t in last.attribute)
    weights = weights if transposed else weights.T
    weights = weights * np.reshape(values[w.input[1]], (-1, 1))
    return float(values[x.input[1]] * np.abs(weights[a] - weights[b]).max())


@needs_shared
@pytest.mark.parametrize("name", ["resnet8", "resnet20"])
def test_classes_are_those_of_the_literal_text(name, folder):
    path, key, x = quantised(name, folder)
    got = by_engine(path, key, x, folder)
    literal = session(path, optimised=False)
    want = np.concatenate([literal.run(None, {key: v[None]})[0] for v in x])
    differ = np.flatnonzero(got.argmax(1) != want.argmax(1))
    assert len(differ) <= 0.005 * len(x), f"{len(differ)} of {len(x)}"
    # Probabilities are of scores: their logarithms differ by what the scores do.
    scores = np.log(want) if (want >= 0).all() else want
    for i in differ:
        a, b = want[i].argmax(), got[i].argmax()
        assert scores[i, a] - scores[i, b] <= 1.5 * step_between(path, a, b)


def damaged(path, out, change):
    m = onnx.load(path)
    change(m, {t.name: t for t in m.graph.initializer})
    onnx.save(m, out)


def scaled(m, tensors, index=7, factor=1.02):
    """The scale of one convolution's filters."""
    conv = [n for n in m.graph.node if n.op_type == "Conv"][index]
    scale = tensors[next(n for n in m.graph.node if n.output[0] == conv.input[1]).input[1]]
    scale.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(scale) * np.float32(factor), scale.name))


@needs_shared
def test_parity_of_integers_allows_ties_and_nothing_else(folder):
    path, key, x = quantised("resnet20", folder)
    np.save(f"{folder}/few.npy", x[:8])
    given = ("--input", f"{key}={folder}/few.npy")
    for precision in ("int8", "f32"):
        assert hone("build", path, "-o", f"{folder}/e", "--no-timing", "--precision", precision).returncode == 0
        r = hone("parity", path, f"{folder}/e", *given)
        # Ties did fall to both sides on these pictures, and deeper layers made much of it.
        assert r.returncode == 0 and "tensors of integers" in r.stdout, r.stdout + r.stderr
    damaged(path, f"{folder}/wrong.onnx", scaled)
    assert hone("build", f"{folder}/wrong.onnx", "-o", f"{folder}/w", "--no-timing").returncode == 0
    r = hone("parity", path, f"{folder}/w", *given)
    assert r.returncode == 1 and r.stdout.startswith("DIFFERS"), r.stdout
    assert "no layer of its plan does" in r.stderr
    r = hone("parity", path, f"{folder}/wrong.onnx", *given)
    assert r.returncode == 1 and "first at '/layer2" in r.stderr, r.stdout + r.stderr
    r = hone("parity", path, f"{folder}/wrong.onnx", "--layers", *given)
    assert r.returncode == 1 and r.stdout.startswith("first difference at '/layer2"), r.stdout
