"""Real models through `hone`: engines agree with ONNX Runtime, builds repeat byte for byte."""
import glob, itertools, os, subprocess, sys, wave
import numpy as np, onnxruntime as ort, pytest
import engine_abi

HONE = os.environ.get("HONE", "build/release/hone")
SOURCE = os.environ.get("HONE_SOURCE_DIR", os.getcwd())
SHARED = os.environ.get("HONE_SHARED", os.path.join(SOURCE, "../shared"))
R = f"{SHARED}/realdata/models"
needs_shared = pytest.mark.skipif(not os.path.isdir(SHARED), reason="skipped: no ../shared")


def hone(*args, env=None):
    return subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=600,
                          env={**os.environ, **(env or {})})


def run(model, feed, folder, *extra, env=None):
    args = []
    for i, (name, value) in enumerate(feed.items()):
        np.save(f"{folder}/in{i}.npy", value)
        args += ["--input", f"{name}={folder}/in{i}.npy"]
    r = hone("run", model, *args, "--save", f"{folder}/out", *extra, env=env)
    assert r.returncode == 0, r.stderr
    n = len(glob.glob(f"{folder}/out/output_*.npy"))
    return [np.load(f"{folder}/out/output_{k}.npy") for k in range(n)]


def close(got, want, tol=1e-3):
    axes = tuple(a for a in range(want.ndim) if a != 1) if want.ndim >= 3 else None
    scale = np.maximum(np.abs(want).max(axes, keepdims=True), 1e-6)
    return got.shape == want.shape and bool((np.abs(got - want) <= tol * scale).all())


def reference(path, feed):
    return ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, feed)


CASES = [
    ("cls/mnist-8.onnx", {"Input3": (1, 1, 28, 28)}),
    ("cls/cnn_mnist_pytorch.onnx", {"0": (1, 1, 28, 28)}),
    ("cifar/resnet20_cifar10_ts_op13.onnx", {"input": (3, 3, 32, 32)}),
    ("cifar/resnet20_cifar10_dynamo_op18.onnx", {"input": (2, 3, 32, 32)}),
]


@needs_shared
@pytest.mark.parametrize("isa", ["portable", "avx2", "avx512"])
@pytest.mark.parametrize("name,shapes", CASES)
def test_agrees_with_onnx_runtime(name, shapes, isa, tmp_path):
    rng = np.random.default_rng(1)
    feed = {k: rng.standard_normal(s).astype(np.float32) for k, s in shapes.items()}
    if hone("run", f"{R}/{name}", env={"HONE_FORCE_ISA": isa}).returncode == 4:
        pytest.skip(f"skipped: this CPU has no {isa}")
    got = run(f"{R}/{name}", feed, tmp_path, env={"HONE_FORCE_ISA": isa})
    want = reference(f"{R}/{name}", feed)
    assert all(close(g, w) for g, w in zip(got, want))


def frames(rate, size, context):
    """The recording as a stream: `size` new samples behind the last `context` of those before."""
    with wave.open(f"{SHARED}/realdata/data/audio/silero_test.wav") as w:
        pcm = np.frombuffer(w.readframes(w.getnframes()), "<i2").astype(np.float32) / 32768
    pcm = np.concatenate([np.zeros(context, np.float32), pcm[:: 16000 // rate]])
    for at in range(0, len(pcm) - context - size + 1, size):
        yield pcm[None, at:at + context + size]


@needs_shared
@pytest.mark.parametrize("name,rate,size,context,count", [
    ("silero_vad.onnx", 16000, 512, 64, 1875),
    ("silero_vad.onnx", 8000, 256, 32, 200),
    ("silero_vad_16k_op15.onnx", 16000, 512, 64, 1875),
])
def test_silero_carries_its_state(name, rate, size, context, count, tmp_path):
    model = f"{R}/audio/{name}"
    r = hone("build", model, "-o", tmp_path / "vad.engine")  # any shapes: no --profile
    assert r.returncode == 0, r.stderr
    engine = engine_abi.Engine(tmp_path / "vad.engine")
    sr = np.array(rate, np.int64)
    engine.bind([(1, context + size), (2, 1, 128), ()])
    theirs = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    ours = state = np.zeros((2, 1, 128), np.float32)
    seen, speech = 0, []
    for x in itertools.islice(frames(rate, size, context), count):
        got, ours = engine.run([x, ours, sr], 2)
        want, state = theirs.run(None, {"input": x, "state": state, "sr": sr})
        # Rounding of either side feeds back through the state: ten times one frame's 1e-5.
        assert np.abs(got - want).max() < 1e-4 and np.abs(ours - state).max() < 1e-3, seen
        seen, speech = seen + 1, speech + [float(want[0, 0])]
    assert seen == count
    assert min(speech) < 0.1 and max(speech) > 0.9  # the recording has both silence and speech


@needs_shared
def test_silero_refuses_other_frames_as_onnx_runtime_does(tmp_path):
    model = f"{R}/audio/silero_vad.onnx"
    assert hone("build", model, "-o", tmp_path / "vad.engine").returncode == 0
    engine = engine_abi.Engine(tmp_path / "vad.engine")
    x, state, sr = np.zeros((1, 1000), np.float32), np.zeros((2, 1, 128), np.float32), 16000
    engine.bind([x.shape, state.shape, ()])
    with pytest.raises(engine_abi.Refused, match="else_branch of .*/decoder/If' cannot run"):
        engine.run([x, state, np.array(sr)], 2)
    with pytest.raises(Exception, match="LSTM"):
        reference(model, {"input": x, "state": state, "sr": np.array(sr)})


@needs_shared
@pytest.mark.parametrize("name", ["silero_vad.onnx", "silero_vad_16k_op15.onnx"])
def test_silero_parity_and_bench(name, tmp_path):
    assert hone("build", f"{R}/audio/{name}", "-o", tmp_path / "vad.engine").returncode == 0
    np.save(tmp_path / "sr.npy", np.array(16000, np.int64))
    for extra in ([], ["--shape", "input=1x576", "--input", f"sr={tmp_path}/sr.npy"]):
        r = hone("parity", f"{R}/audio/{name}", tmp_path / "vad.engine", *extra)
        assert r.returncode == 0, r.stdout + r.stderr
    r = hone("bench", tmp_path / "vad.engine", "--duration", 0.2)
    assert r.returncode == 0, r.stderr


@needs_shared
@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "mobilenet_v3_small"])
def test_skeletons_agree_and_optimize(name, tmp_path):
    sys.path.insert(0, f"{SHARED}/tools")
    import materialize
    path = f"{tmp_path}/{name}.onnx"
    materialize.materialize(f"{SHARED}/models/{name}.skeleton.onnx", path)
    rng = np.random.default_rng(3)
    low = rng.standard_normal((1, 3, 7, 7)).repeat(32, 2).repeat(32, 3)
    feed = {"input": (low + 0.3 * rng.standard_normal(low.shape)).astype(np.float32)}
    want = reference(path, feed)
    assert close(run(path, feed, tmp_path)[0], want[0])
    r = hone("optimize", path, "-o", f"{tmp_path}/small.onnx")
    assert r.returncode == 0, r.stderr
    assert close(reference(f"{tmp_path}/small.onnx", feed)[0], want[0])


def test_builds_repeat_byte_for_byte(tmp_path):
    model = f"{SOURCE}/examples/fashion/fashion.onnx"
    cache = tmp_path / "cache.json"
    (tmp_path / "b").mkdir()
    for out in ("a.engine", "b/c.engine"):
        r = hone("build", model, "-o", tmp_path / out, "--timing-cache", cache)
        assert r.returncode == 0, r.stderr
    assert (tmp_path / "a.engine").read_bytes() == (tmp_path / "b/c.engine").read_bytes()


def test_dynamic_batch_any_size_and_within_a_profile(tmp_path):
    model = f"{SOURCE}/examples/fashion/fashion.onnx"
    assert hone("build", model, "-o", tmp_path / "any.engine").returncode == 0
    assert hone("build", model, "-o", tmp_path / "four.engine", "--profile",
                "image=1x1x28x28:1x1x28x28:4x1x28x28").returncode == 0
    rng = np.random.default_rng(4)
    for n in (1, 3, 7):
        feed = {"image": rng.standard_normal((n, 1, 28, 28)).astype(np.float32)}
        assert close(run(tmp_path / "any.engine", feed, tmp_path)[0], reference(model, feed)[0])
        np.save(tmp_path / "x.npy", feed["image"])
        r = hone("run", tmp_path / "four.engine", "--input", f"image={tmp_path}/x.npy")
        assert (r.returncode == 0) == (n <= 4), r.stderr
