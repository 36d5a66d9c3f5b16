"""Sizes that are not known yet have names in what `hone optimize` writes: 'batch', '2*seq',
'floor((h + 1)/2)', through reshape arithmetic too. ONNX Runtime says what each size really is."""
import json
import math
import os
import re
import subprocess
from fractions import Fraction

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper, shape_inference

HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
F, I = TensorProto.FLOAT, TensorProto.INT64


class Net:
    """A graph written operator by operator."""

    def __init__(self, **inputs):
        self.nodes, self.weights, self.count = [], [], 0
        self.inputs = [helper.make_tensor_value_info(n, t, s) for n, (t, s) in inputs.items()]
        self.rng = np.random.default_rng(3)

    def __call__(self, op, *inputs, outputs=1, **attributes):
        names = []
        for _ in range(outputs):
            self.count += 1
            names.append(f"{op.lower()}_{self.count}")
        self.nodes.append(helper.make_node(op, inputs, names, **attributes))
        return names[0] if outputs == 1 else names

    def const(self, value, dtype=np.int64):
        self.count += 1
        name = f"c_{self.count}"
        self.weights.append(numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def weight(self, *shape):
        return self.const(self.rng.standard_normal(shape) / 8, np.float32)

    # As PyTorch's exporters write x.size(axis), torch.Size(...) and arithmetic on them.
    def size(self, x, axis):
        return self("Gather", self("Shape", x), self.const(axis), axis=0)

    def target(self, *parts):
        vectors = [self("Unsqueeze", p, self.const([0])) if isinstance(p, str)
                   else self.const([p]) for p in parts]
        return self("Concat", *vectors, axis=0)

    def model(self, *outputs, opset=17):
        out = [helper.make_tensor_value_info(o, F, None) for o in outputs]
        graph = helper.make_graph(self.nodes, "g", self.inputs, out, self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)],
                                 ir_version=8)


def transformer():
    n = Net(ids=(I, ["batch", "seq"]), mask=(I, ["batch", "seq"]))
    width, heads = 16, 4
    x = n("Gather", n.weight(50, width), "ids")
    length = n.size("ids", 1)
    positions = n("Range", n.const(0), length, n.const(1))
    x = n("Add", x, n("Gather", n.weight(512, width), positions))
    batch, seq = n.size(x, 0), n.size(x, 1)

    def split(v):
        v = n("Add", n("MatMul", v, n.weight(width, width)), n.weight(width))
        v = n("Reshape", v, n.target(batch, seq, heads, width // heads))
        return n("Transpose", v, perm=[0, 2, 1, 3])

    q, k, v = split(x), split(x), split(x)
    scores = n("MatMul", q, n("Transpose", k, perm=[0, 1, 3, 2]))
    wide = n("Unsqueeze", n("Cast", "mask", to=F), n.const([1, 2]))
    scores = n("Add", scores, n("Mul", n("Sub", n.const(1, np.float32), wide),
                                n.const(-1e4, np.float32)))
    y = n("Transpose", n("MatMul", n("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3])
    # x.view(batch, seq, -1), with the width computed
    s = n("Shape", y)
    merged = n("Mul", n("Gather", s, n.const(2)), n("Gather", s, n.const(3)))
    y = n("Reshape", y, n.target(batch, seq, merged))
    flat = n("Reshape", y, n.const([-1, width]))  # batch*seq rows
    return n.model(y, flat), {"ids": I, "mask": I}


def windows():
    """Swin's: h/4 x w/4 windows of 4 x 4, by Div and -1."""
    n = Net(x=(F, ["batch", 3, "h", "w"]))
    x = n("Conv", "x", n.weight(8, 3, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1])
    x = n("Transpose", x, perm=[0, 2, 3, 1])
    b, h, w = (n.size(x, a) for a in range(3))
    rows, columns = n("Div", h, n.const(4)), n("Div", w, n.const(4))
    x = n("Reshape", x, n.target(b, rows, 4, columns, 4, 8))
    x = n("Transpose", x, perm=[0, 1, 3, 2, 4, 5])
    parts = n("Reshape", x, n.const([-1, 16, 8]))
    return n.model(n("Relu", parts), n("Relu", x)), {"x": F}


def pyramid():
    n = Net(x=(F, ["batch", 3, "h", "w"]))
    a = n("Conv", "x", n.weight(4, 3, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1])
    b = n("MaxPool", a, kernel_shape=[2, 2], strides=[2, 2])
    up = n("Resize", b, "", n.const([1, 1, 2, 2], np.float32), mode="nearest")
    c = n("Conv", up, n.weight(4, 4, 3, 3), pads=[1, 1, 1, 1])
    # Flattened, joined: 4*h/2*w/2 ... in one axis
    flat = lambda v: n("Reshape", v, n("Concat", n("Slice", n("Shape", v), n.const([0]),
                                                   n.const([2])), n.const([-1]), axis=0))
    both = n("Concat", flat(a), flat(c), axis=2)
    return n.model(n("Transpose", both, perm=[0, 2, 1])), {"x": F}


def sizes_by_arithmetic():
    n = Net(x=(F, ["n", "t", 8]))
    t = n.size("x", 1)
    twice = n("Concat", "x", "x", axis=1)
    half = n("Slice", "x", n.const([0]), n("Unsqueeze", n("Div", t, n.const(2)), n.const([0])),
             n.const([1]))
    padded = n("Pad", "x", n.const([0, 1, 0, 0, 2, 0]))
    wide = n("Expand", n.const(np.ones((1, 1, 8)), np.float32),
             n.target(n.size("x", 0), n("Add", t, n.const(5)), 8))
    tiled = n("Tile", "x", n.const([1, 3, 1]))
    fused = n("Reshape", "x", n.target(n("Mul", n.size("x", 0), t), 8))
    split = n("Reshape", fused, n.target(n.size("x", 0), -1, 4))
    return n.model(twice, half, padded, wide, tiled, split), {"x": F}


MODELS = {f.__name__: f for f in (transformer, windows, pyramid, sizes_by_arithmetic)}
VALUES = {"batch": (1, 3), "seq": (5, 12), "h": (32, 48), "w": (64, 16), "n": (2, 5), "t": (6, 9)}


def evaluated(dim, values):
    """Hone's formula with numbers in it; floor(a/b) of whole numbers without rounding."""
    if dim.HasField("dim_value"):
        return dim.dim_value
    text = re.sub(r"\b(\d+)\b", r"Fraction(\1)", dim.dim_param)
    names = {k: Fraction(v) for k, v in values.items()}
    return int(eval(text, {"floor": math.floor, "ceil": math.ceil, "min": min, "max": max,  # noqa: S307
                           "mod": lambda a, b: a % b, "Fraction": Fraction}, names))


def dims_of(value):
    return value.type.tensor_type.shape.dim


@pytest.mark.parametrize("name", MODELS)
def test_every_size_has_a_name(name, tmp_path):
    proto, types = MODELS[name]()
    before, after = str(tmp_path / "a.onnx"), str(tmp_path / "b.onnx")
    onnx.save(proto, before)
    for extra in (["--shapes"], ["--shapes", "--stop-after", "0"]):  # the simplified graph, and the arithmetic itself
        r = subprocess.run([HONE, "optimize", before, "-o", after, *extra, "--json", "-"],
                           capture_output=True, text=True)
        assert r.returncode == 0, r.stderr
        model = onnx.load(after)
        onnx.checker.check_model(model, full_check=True)
        known = {v.name: v for v in [*model.graph.value_info, *model.graph.output]}
        made = [o for n in model.graph.node for o in n.output]
        # Without a name: nothing but what no shape tells, which these models have none of.
        nameless = {o for o in made if o not in known
                    or any(not d.dim_param and not d.HasField("dim_value")
                           for d in dims_of(known[o]))}
        assert not nameless
        assert "unk" not in str(known)
        # And the names are true, at two sizes, by ONNX Runtime.
        outputs = {o.name for o in model.graph.output}
        model.graph.output.extend(known[o] for o in made if o not in outputs)
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 3
        session = ort.InferenceSession(model.SerializeToString(), options)
        for which in (0, 1):
            values = {k: v[which] for k, v in VALUES.items()}
            rng = np.random.default_rng(which)
            feed = {}
            for i in session.get_inputs():
                shape = [d if isinstance(d, int) else values[d] for d in i.shape]
                feed[i.name] = (rng.integers(0, 2, shape) if types[i.name] == I
                                else rng.standard_normal(shape).astype(np.float32))
            names = [o.name for o in session.get_outputs()]
            for o, got in zip(names, session.run(names, feed)):
                assert tuple(evaluated(d, values) for d in dims_of(known[o])) == got.shape, o


@pytest.mark.parametrize("name", MODELS)
def test_more_names_than_onnx_finds(name, tmp_path):
    proto, _ = MODELS[name]()
    before, after = str(tmp_path / "a.onnx"), str(tmp_path / "b.onnx")
    onnx.save(proto, before)
    subprocess.run([HONE, "optimize", before, "-o", after, "--shapes", "--stop-after", "0"], check=True,
                   capture_output=True)

    def named(graph):
        return {v.name: [d.dim_param or d.dim_value for d in dims_of(v)]
                for v in [*graph.value_info, *graph.output]}

    ours = named(onnx.load(after).graph)
    theirs = named(shape_inference.infer_shapes(proto, strict_mode=True, data_prop=True).graph)
    for value, dims in theirs.items():
        if value not in ours or len(dims) != len(ours[value]):
            continue
        for mine, other in zip(ours[value], dims):
            if isinstance(other, int) and other:
                assert mine == other
            elif isinstance(other, str) and other and not other.startswith("unk__"):
                assert mine == other


@pytest.mark.parametrize("name", MODELS)
def test_outputs_have_names_anyway(name, tmp_path):
    proto, _ = MODELS[name]()
    before, after = str(tmp_path / "a.onnx"), str(tmp_path / "b.onnx")
    onnx.save(proto, before)
    subprocess.run([HONE, "optimize", before, "-o", after], check=True, capture_output=True)
    graph = onnx.load(after).graph
    assert not graph.value_info
    assert all(d.dim_param or d.HasField("dim_value") for o in graph.output for d in dims_of(o))


def test_inspect_shows_them(tmp_path):
    proto, _ = sizes_by_arithmetic()
    path = str(tmp_path / "a.onnx")
    onnx.save(proto, path)
    r = subprocess.run([HONE, "inspect", path, "--json", "-"], capture_output=True, text=True)
    outputs = json.loads(r.stdout)["outputs"]
    assert [o["shape"] for o in outputs] == [
        ["n", "2*t", 8], ["n", "floor(t/2)", 8], ["n", "t + 3", 8], ["n", "t + 5", 8],
        ["n", "3*t", 8], ["n", "2*t", 4]]


SHARED = os.environ.get("HONE_SHARED", os.path.join(
    os.environ.get("HONE_SOURCE_DIR", os.getcwd()), "../shared"))
DYNAMIC = ["audio/silero_vad", "audio/silero_vad_16k_op15", "cifar/resnet20_cifar10_dynamo_op18",
           "cifar/resnet20_cifar10_ts_op13", "ocr/text_detection_ch_ppocrv3_2023may",
           "text/bert_sst2/bert_sst2_dynamo_op18", "text/bert_sst2/bert_sst2_ts_op14"]


@pytest.mark.skipif(not os.path.isdir(SHARED), reason="skipped: no ../shared")
@pytest.mark.parametrize("name", DYNAMIC)
def test_real_models(name, tmp_path):
    after = str(tmp_path / "b.onnx")
    subprocess.run([HONE, "optimize", f"{SHARED}/realdata/models/{name}.onnx", "-o", after, "--shapes"],
                   check=True, capture_output=True)
    graph = onnx.load(after).graph
    values = [*graph.value_info, *graph.output]
    assert len(values) >= len(graph.node)
    nameless = [v.name for v in values if any(not d.dim_param and not d.HasField("dim_value")
                                              for d in dims_of(v))]
    assert not nameless
    assert not [d.dim_param for v in values for d in dims_of(v)
                if d.dim_param.startswith(("unk__", "?"))]
