"""Agreement with ONNX Runtime means something: other inputs give other outputs, and a layer that is
1 % off is seen. `hone parity --layers` says which one."""
import copy, glob, os, random, sys, wave
import numpy as np, onnx, onnxruntime as ort, pytest
from onnx import TensorProto, helper, numpy_helper
from test_models import R, SHARED, SOURCE, close, hone, needs_shared, reference, run

LAYERS = {"Conv", "Gemm", "MatMul", "LSTM", "Relu", "Clip", "HardSwish", "MaxPool", "Add",
          "GlobalAveragePool"}
TOLERANCE = 1e-3


def graphs(graph):
    yield graph
    for node in graph.node:
        for a in node.attribute:
            if a.HasField("g"):
                yield from graphs(a.g)


def layers(model):
    """(graph, node) numbers of what computes, subgraphs included."""
    return [(g, n) for g, graph in enumerate(graphs(model.graph))
            for n, node in enumerate(graph.node) if node.op_type in LAYERS]


def faulty(model, where, factor):
    """The model with every output of one layer scaled."""
    model = copy.deepcopy(model)
    graph = list(graphs(model.graph))[where[0]]
    node = graph.node[where[1]]
    for k, name in enumerate(list(node.output)):
        if not name:
            continue
        node.output[k] = f"{name}__right"
        value = helper.make_tensor("value", TensorProto.FLOAT, [], [factor])
        graph.node.insert(where[1] + 1, helper.make_node("Mul", [f"{name}__right", f"factor{k}"], [name]))
        graph.node.insert(where[1] + 1, helper.make_node("Constant", [], [f"factor{k}"], value=value))
    return model


def outputs(model, feed):
    options = ort.SessionOptions()
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options,
                                providers=["CPUExecutionProvider"]).run(None, feed)


def noise(name, *shape):
    return lambda seed: {name: np.random.default_rng(seed).standard_normal(shape).astype(np.float32)}


def picture(seed):
    """Noise with structure, as pictures have it: coarse blocks and a fine grain."""
    rng = np.random.default_rng(seed)
    low = rng.standard_normal((1, 3, 7, 7)).repeat(32, 2).repeat(32, 3)
    return {"input": (low + 0.3 * rng.standard_normal(low.shape)).astype(np.float32)}


def golden(seed):
    """Eight of the example's pictures: on noise its squeeze-excite gates hardly matter."""
    files = sorted(glob.glob(f"{SOURCE}/examples/fashion/golden/*/input_0.npy"))
    return {"image": np.concatenate([np.load(f) for f in files[seed % 2::2]])}


def undecided_speech(path):
    """Frames of real audio, with the state the model had there, where it is in two minds: elsewhere
    its last sigmoid is flat and hides what comes before."""
    def feed(seed):
        w = wave.open(f"{SHARED}/realdata/data/audio/silero_test.wav")
        pcm = np.frombuffer(w.readframes(160000), np.int16).astype(np.float32) / 32768
        session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
        state, context = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32)
        sr, picked = np.array(16000, np.int64), []
        for k in range(300):
            x = np.concatenate([context, pcm[512 * k:512 * k + 512]])[None]
            context = x[0, -64:]
            p, after = session.run(None, {"input": x, "state": state, "sr": sr})
            if 0.2 < p[0, 0] < 0.8:
                picked.append((x, state))
            state = after
        picked = picked[seed % 2::2][:3]
        return {"input": np.concatenate([x for x, _ in picked]),
                "state": np.concatenate([s for _, s in picked], 1), "sr": sr}
    return feed


CASES = {
    "fashion": (f"{SOURCE}/examples/fashion/fashion.onnx", golden),
    "resnet18": ("resnet18", picture),
    "mobilenet_v2": ("mobilenet_v2", picture),
    "mnist-8": (f"{R}/cls/mnist-8.onnx", noise("Input3", 1, 1, 28, 28)),
    "cnn_mnist": (f"{R}/cls/cnn_mnist_pytorch.onnx", noise("0", 1, 1, 28, 28)),
    "resnet20_ts": (f"{R}/cifar/resnet20_cifar10_ts_op13.onnx", noise("input", 2, 3, 32, 32)),
    "resnet20_dynamo": (f"{R}/cifar/resnet20_cifar10_dynamo_op18.onnx",
                        noise("input", 2, 3, 32, 32)),
    "silero_vad": (f"{R}/audio/silero_vad.onnx", undecided_speech(f"{R}/audio/silero_vad.onnx")),
    "silero_vad_16k": (f"{R}/audio/silero_vad_16k_op15.onnx",
                       undecided_speech(f"{R}/audio/silero_vad_16k_op15.onnx")),
}


def apart(a, b, tolerance):
    """Some output differs by more than the tolerance at its worst element."""
    return any(not close(x, y, tolerance) for x, y in zip(a, b))


@pytest.mark.parametrize("name", CASES)
def test_a_layer_that_is_one_percent_off_is_seen(name, tmp_path):
    path, inputs = CASES[name]
    if name != "fashion" and not os.path.isdir(SHARED):
        pytest.skip("skipped: no ../shared")
    if name == path:
        sys.path.insert(0, f"{SHARED}/tools")
        import materialize
        path = f"{tmp_path}/{name}.onnx"
        materialize.materialize(f"{SHARED}/models/{name}.skeleton.onnx", path)
    model, feed = onnx.load(path), inputs(0)
    want = outputs(model, feed)
    assert apart(outputs(model, inputs(1)), want, 100 * TOLERANCE)
    got = run(path, feed, tmp_path)
    assert len(got) == len(want) and not apart(got, want, TOLERANCE)

    order = layers(model)
    random.Random(name).shuffle(order)
    planted = 0
    for where in order:
        if planted == 5:
            break
        # A layer these inputs do not come by (the other branch of an If) cannot be seen.
        if not apart(outputs(faulty(model, where, 2.0), feed), want, TOLERANCE):
            continue
        onnx.save(faulty(model, where, 1.01), f"{tmp_path}/fault.onnx")
        got = run(f"{tmp_path}/fault.onnx", feed, tmp_path)
        assert apart(got, want, TOLERANCE), f"layer {where}"
        planted += 1
    assert planted == 5


def test_parity_says_yes_and_no(tmp_path):
    model = f"{SOURCE}/examples/fashion/fashion.onnx"
    assert hone("build", model, "-o", tmp_path / "right.engine").returncode == 0
    for b in (model, tmp_path / "right.engine"):
        r = hone("parity", model, b)
        assert r.returncode == 0 and r.stdout.startswith("agrees  logits: worst "), r.stdout + r.stderr
    m = onnx.load(model)
    onnx.save(faulty(m, layers(m)[0], 1.01), tmp_path / "wrong.onnx")
    assert hone("build", tmp_path / "wrong.onnx", "-o", tmp_path / "wrong.engine").returncode == 0
    for b in (tmp_path / "wrong.onnx", tmp_path / "wrong.engine"):
        r = hone("parity", model, b)
        assert r.returncode == 1 and r.stdout.startswith("DIFFERS logits: worst "), r.stdout + r.stderr
        assert hone("parity", model, b, "--tol", "1").returncode == 0
    np.save(tmp_path / "x.npy", np.linspace(0, 1, 784, dtype=np.float32).reshape(1, 1, 28, 28))
    assert hone("run", model, "--input", f"image={tmp_path}/x.npy", "--save",
                tmp_path / "out").returncode == 0
    args = ("--input", f"image={tmp_path}/x.npy")
    assert hone("parity", model, tmp_path / "out", *args).returncode == 0
    y = np.load(tmp_path / "out/output_0.npy")
    y[0, 3] += 0.01 * np.abs(y).max()
    np.save(tmp_path / "out/output_0.npy", y)
    assert hone("parity", model, tmp_path / "out", *args).returncode == 1
    assert hone("parity", model, tmp_path / "none.onnx").returncode == 2


@needs_shared
@pytest.mark.parametrize("name", ["mobilenet_v1_0.25_128_quant", "mobilenet_v2_1.0_224_quant"])
def test_quantised_outputs_agree_but_for_ties(tmp_path, name):
    """The engine sums integers where the reference sums floats: what lies 1e-5 quanta from a tie may
    be rounded either way, and layers behind it spread that. A scale that is off is seen."""
    path = f"{R}/tflite_onnx/{name}.onnx"
    for seed in ("1", "2"):
        r = hone("parity", path, path, "--seed", seed)
        assert r.returncode == 0 and "elements equal (limit: " in r.stdout, r.stdout + r.stderr
    m = onnx.load(path)
    conv = [n for n in m.graph.node if n.op_type == "Conv"][-1]
    scale = next(n for n in m.graph.node if n.output[0] == conv.input[1]).input[1]
    tensor = next(t for t in m.graph.initializer if t.name == scale)
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * np.float32(1.1), scale))
    onnx.save(m, tmp_path / "wrong.onnx")
    r = hone("parity", path, tmp_path / "wrong.onnx", "--seed", "1")
    assert r.returncode == 1 and r.stdout.startswith("DIFFERS"), r.stdout + r.stderr


def heavier(model, where, factor):
    """The model with the weights of one layer scaled."""
    model = copy.deepcopy(model)
    weights = list(graphs(model.graph))[where[0]].node[where[1]].input[1]
    tensor = next(t for t in model.graph.initializer if t.name == weights)
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * np.float32(factor), weights))
    return model


def test_parity_by_layers_names_the_first_that_differs(tmp_path):
    model = f"{SOURCE}/examples/fashion/fashion.onnx"
    r = hone("parity", model, model, "--layers")
    assert r.returncode == 0 and r.stdout.endswith("values compared, all agree\n"), r.stdout
    m = onnx.load(model)
    order = [w for w in layers(m) if m.graph.node[w[1]].op_type in ("Conv", "Gemm")]
    for where in random.Random(1).sample(order[:-1], 5) + order[-1:]:
        onnx.save(heavier(m, where, 1.01), tmp_path / "wrong.onnx")
        r = hone("parity", model, tmp_path / "wrong.onnx", "--layers")
        assert r.returncode == 1 and r.stdout.startswith("first difference at '"), r.stdout + r.stderr
        # Its name is among those of the step, which passes fused with what follows.
        assert m.graph.node[where[1]].name in r.stdout.split(" (")[0], r.stdout
    assert hone("build", model, "-o", tmp_path / "e").returncode == 0
    r = hone("parity", model, tmp_path / "e", "--layers")
    assert r.returncode == 2 and "give --layers the ONNX file it is of" in r.stderr


def test_parity_by_layers_of_means_near_zero(tmp_path):
    """Means of numbers around 0 differ by the rounding of what they are made of, not of what they
    are; a pool that is 1 % off is found all the same, and named."""
    rng = np.random.default_rng(3)
    x = (100 * rng.standard_normal((1, 8, 32, 32))).astype(np.float32)
    x -= x.mean((2, 3), dtype=np.float64, keepdims=True).astype(np.float32)
    x[:, 4:] += 100
    np.save(tmp_path / "x.npy", x)
    io = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s)
          for n, s in (("x", [1, 8, 32, 32]), ("m", [1, 8, 1, 1]), ("y", [1, 8, 1, 1]))]
    weight = helper.make_tensor("w", TensorProto.FLOAT, [8, 8, 1, 1],
                                rng.standard_normal(64).astype(np.float32))
    nodes = [helper.make_node("GlobalAveragePool", ["x"], ["m"], "pool"),
             helper.make_node("Conv", ["m", "w"], ["y"], "head")]
    m = helper.make_model(helper.make_graph(nodes, "means", io[:1], io[1:], [weight]),
                          opset_imports=[helper.make_opsetid("", 17)])
    onnx.save(m, tmp_path / "m.onnx")
    given = ("--layers", "--input", f"x={tmp_path}/x.npy")
    r = hone("parity", tmp_path / "m.onnx", tmp_path / "m.onnx", *given)
    assert r.returncode == 0, r.stdout
    onnx.save(faulty(m, (0, 0), 1.01), tmp_path / "f.onnx")
    r = hone("parity", tmp_path / "m.onnx", tmp_path / "f.onnx", *given)
    assert r.returncode == 1 and r.stdout.startswith("first difference at 'm'"), r.stdout


def test_parity_by_layers_of_nodes_of_several_steps(tmp_path):
    """What an LRN computes on the way is not what it computes."""
    io = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 8, 6, 6]) for n in "xy"]
    m = helper.make_model(
        helper.make_graph([helper.make_node("LRN", ["x"], ["y"], "lrn", size=3, alpha=0.1)], "lrn",
                          io[:1], io[1:]), opset_imports=[helper.make_opsetid("", 17)])
    onnx.save(m, tmp_path / "m.onnx")
    r = hone("parity", tmp_path / "m.onnx", tmp_path / "m.onnx", "--layers")
    assert r.returncode == 0 and "1 values compared, all agree" in r.stdout, r.stdout
    onnx.save(faulty(m, (0, 0), 1.01), tmp_path / "f.onnx")
    assert hone("parity", tmp_path / "m.onnx", tmp_path / "f.onnx", "--layers").returncode == 1


# Where height, width and channels are alike, dimensions do not tell the order of a value.
def test_parity_by_layers_of_cubes(tmp_path):
    rng = np.random.default_rng(0)
    weights = [helper.make_tensor(f"w{i}", TensorProto.FLOAT, [8, 8, 3, 3],
                                  rng.standard_normal(576).astype(np.float32)) for i in range(2)]
    io = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 8, 8, 8]) for n in "xy"]
    nodes = [helper.make_node("Conv", ["x", "w0"], ["m"], "first", pads=[1, 1, 1, 1]),
             helper.make_node("Conv", ["m", "w1"], ["y"], "second", pads=[1, 1, 1, 1])]
    m = helper.make_model(helper.make_graph(nodes, "cubes", io[:1], io[1:], weights),
                          opset_imports=[helper.make_opsetid("", 17)])
    onnx.save(m, tmp_path / "m.onnx")
    r = hone("parity", tmp_path / "m.onnx", tmp_path / "m.onnx", "--layers")
    assert r.returncode == 0, r.stdout
    onnx.save(faulty(m, (0, 1), 1.01), tmp_path / "f.onnx")
    r = hone("parity", tmp_path / "m.onnx", tmp_path / "f.onnx", "--layers")
    assert r.returncode == 1 and "second" in r.stdout, r.stdout
