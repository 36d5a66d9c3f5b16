"""mfcc() against the formulae of MLPerf Tiny's get_dataset.py and of tf.signal, written anew in numpy
(its FFT, dense matrices, f64); and against the benchmark's model on a word that someone spoke."""
import os, pathlib, struct, subprocess, wave
import numpy as np, pytest

SOURCE = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", os.getcwd()))
TOOL = os.path.join(os.environ.get("HONE_BUILD_DIR", "build/release"), "mfcc_tool")
REAL = SOURCE.parent / "shared/realdata"
RNG = np.random.default_rng(3)
TINY = dict(sample_rate=16000, samples=16000, window=480, stride=320, filters=40, coefficients=10,
            s8=False, zero_point=83, low=20.0, high=4000.0, scale=0.5847029089927673)


def run(sound, **changes):
    k = {**TINY, **changes}
    request = struct.pack("<8i3f", k["sample_rate"], k["samples"], k["window"], k["stride"], k["filters"],
                          k["coefficients"], 2 if k["s8"] else 0, k["zero_point"], k["low"], k["high"],
                          k["scale"])
    return subprocess.run([TOOL], input=request + np.asarray(sound, "<i2").tobytes(), capture_output=True)


def mfcc(sound, **changes):
    r = run(sound, **changes)
    assert r.returncode == 0, r.stderr
    k = {**TINY, **changes}
    return np.frombuffer(r.stdout, np.int8 if k["s8"] else np.float32).reshape(-1, k["coefficients"])


def mel(hz):
    return 1127 * np.log1p(np.asarray(hz, np.float64) / 700)


def reference(sound, **changes):
    k = {**TINY, **changes}
    x = np.asarray(sound, np.float64)[:k["samples"]]
    x = np.pad(x / (x.max() or 1), (0, k["samples"] - len(x)))
    frames = np.lib.stride_tricks.sliding_window_view(x, k["window"])[::k["stride"]]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(k["window"]) / k["window"])
    size = 1 << (k["window"] - 1).bit_length()
    magnitudes = np.abs(np.fft.rfft(frames * window, size))
    bins = mel(np.linspace(0, k["sample_rate"] / 2, magnitudes.shape[1])[1:])[:, None]
    edges = np.linspace(mel(k["low"]), mel(k["high"]), k["filters"] + 2)
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0, np.minimum(rise, fall))
    logs = np.log(magnitudes[:, 1:] @ weights + 1e-6)
    n, c = np.arange(k["filters"])[:, None], np.arange(k["coefficients"])
    return logs @ (2 * np.cos(np.pi * (2 * n + 1) * c / (2 * k["filters"]))) / np.sqrt(2 * k["filters"])


def close(got, want):
    """Both compute in f64, ours rounds to f32: half a step, and what the logarithm makes of 1e-13 in a
    filter that holds almost nothing (its slope is 1e6 there; 40 of them into each coefficient)."""
    assert got.shape == want.shape
    assert (np.abs(got - want) <= np.spacing(np.abs(want).astype(np.float32)) / 2 + 1e-6).all(), \
        np.abs(got - want).max()


SOUNDS = {
    "noise": RNG.integers(-32768, 32768, 16000),
    "quiet": RNG.integers(-3, 4, 16000),
    "tones": 9000 * np.sin(np.arange(16000) * 0.3) + 12000 * np.sin(np.arange(16000) ** 2 * 1e-5),
    "click": np.eye(1, 16000, 4321)[0] * 32767,
    "short": RNG.integers(-9000, 9000, 7001),
    "long": RNG.integers(-9000, 9000, 20000),
    "silence": np.zeros(16000),
    "below zero": RNG.integers(-9000, -100, 16000),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_is_the_formula(name):
    sound = SOUNDS[name].astype(np.int16)
    want = reference(sound)
    assert want.shape == (49, 10)
    close(mfcc(sound), want)


@pytest.mark.parametrize("changes", [
    dict(window=512, stride=128), dict(window=100, stride=100, filters=13, coefficients=13),
    dict(sample_rate=8000, samples=8000, window=256, stride=160), dict(low=0.0, high=8000.0),
    dict(samples=480, coefficients=1), dict(filters=128, coefficients=20)], ids=str)
def test_other_contracts(changes):
    sound = SOUNDS["tones"].astype(np.int16)
    close(mfcc(sound, **changes), reference(sound, **changes))


@pytest.mark.parametrize("name", SOUNDS)
def test_s8_drops_the_fraction_as_the_reference_does(name):
    sound = SOUNDS[name].astype(np.int16)
    y = mfcc(sound)
    exact = y / np.float32(TINY["scale"]) + np.float32(83)
    want = np.clip(np.trunc(exact), -128, 127).astype(np.int8)
    assert np.array_equal(mfcc(sound, s8=True), want)


def test_nothing_to_hear():
    assert np.array_equal(mfcc(np.zeros(0)), mfcc(np.zeros(16000)))


@pytest.mark.parametrize("changes", [
    dict(window=0), dict(window=16001), dict(stride=0), dict(coefficients=41), dict(filters=0),
    dict(high=8001.0), dict(low=4000.0), dict(low=float("nan")), dict(s8=True, scale=0.0),
    dict(samples=0), dict(sample_rate=0)], ids=str)
def test_refusals(changes):
    r = run(SOUNDS["quiet"], **changes)
    assert r.returncode == 1 and b"makes no sense" in r.stderr


@pytest.fixture
def spoken():
    if not REAL.is_dir():
        print("skipped: no ../shared")
        pytest.skip("no ../shared")
    with wave.open(str(REAL / "data/audio/marvin_617de221_0.wav")) as f:
        assert f.getframerate() == 16000
        return np.frombuffer(f.readframes(16000), "<i2").reshape(-1, f.getnchannels())[:, 0]


def test_the_benchmarks_model_understands_it(spoken):
    """`marvin` is none of the ten words: class 11, unknown. A faint hiss is silence, class 10."""
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(str(REAL / "models/tflite_onnx/kws_dscnn_fp32.onnx"))
    name = session.get_inputs()[0].name
    for sound, answer in ((spoken, 11), (RNG.integers(-5, 5, 16000), 10)):
        q = mfcc(sound, s8=True).astype(np.float32).reshape(1, 49, 10, 1)
        p = session.run(None, {name: (q - 83) * np.float32(TINY["scale"])})[0].ravel()
        assert p.argmax() == answer and p[answer] > 0.9, p


def test_it_looks_like_the_benchmarks_own_features(spoken):
    """500 words that others prepared: each coefficient's mean over a word lies within a deviation of
    theirs. Without the division by the peak, the DCT's factor or the mel range it is several away."""
    theirs = np.stack([np.fromfile(f, np.int8).reshape(49, 10)
                       for f in sorted((REAL / "data/kws").glob("*.bin"))]).astype(float)
    ours = mfcc(spoken, s8=True).astype(float)
    assert (np.abs(ours.mean(0) - theirs.mean((0, 1))) < theirs.std((0, 1))).all()
