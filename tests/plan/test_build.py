"""hone build as TensorRT's users expect it: tactics, workspace, levels, dry runs, refit; inspect."""
import json
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

HONE = os.environ.get("HONE", "build/release/hone")
SOURCE = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", os.getcwd()))
SHARED = pathlib.Path(os.environ.get("HONE_SHARED", SOURCE / "../shared"))
FASHION = SOURCE / "examples/fashion/fashion.onnx"


def hone(*args):
    return subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "NO_COLOR": "1"})


def ok(*args):
    run = hone(*args)
    assert run.returncode == 0, run.stderr
    return run


def as_json(*args):
    return json.loads(ok(*args, "--json", "-").stdout)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """An engine of the example and the cache with its timings."""
    folder = tmp_path_factory.mktemp("built")
    ok("build", FASHION, "-o", folder / "e.engine", "--timing-cache", folder / "cache.json")
    return folder


def retrained(path, to, seed):
    """The model with other weights of the same size; scales of normalisations stay positive."""
    rng = np.random.default_rng(seed)
    model = onnx.load(path)
    for w in model.graph.initializer:
        a = numpy_helper.to_array(w)
        if a.dtype == np.float32 and a.ndim > 0:
            noise = 1 + 0.3 * rng.standard_normal(a.shape)
            w.CopyFrom(numpy_helper.from_array((a * np.abs(noise)).astype(np.float32), w.name))
    onnx.save(model, to)
    return to


# --- inspect -------------------------------------------------------------------------------------

def test_inspect_of_an_engine(built):
    j = as_json("inspect", built / "e.engine")
    assert j["options"] == ["--precision=best", "--opt-level=3", "--max-weight-growth=3"]
    assert sum(j["sections"].values()) == j["bytes"] == (built / "e.engine").stat().st_size
    packed = j["packed_bytes"]
    assert 0 < packed["least"] <= packed["chosen"] <= packed["fastest"]
    assert packed["chosen"] <= 3 * packed["least"]
    assert sum(j["families"].values()) == len(j["steps"])
    profile = j["profiles"][0]
    assert 0 < profile["lower_bound_bytes"] <= profile["values_bytes"]
    first = j["steps"][0]
    assert first["family"] == "conv" and first["attributes"]["kernel_h"] == 3
    assert first["inputs"][0] | {"name": ""} == {"name": "", "dtype": "f32", "place": "input",
                                                 "shape": [1, 28, 28, 1]}
    weights = [o["bytes"] for s in j["steps"] for o in s["inputs"] if o and o["place"] == "weights"]
    assert sum(weights) <= j["weight_bytes"] < sum(weights) + 64 * (len(weights) + 1)
    assert any("refused" in t for t in first["tactics"]) and "ns" in first["tactics"][0]
    text = ok("inspect", built / "e.engine").stdout
    for line in ("built with   --precision=best --opt-level=3", "kernels      conv ",
                 "packed       ", "f32[1,28,28,1] -> f32[1,"):
        assert line in text


def test_what_decided_is_recorded(tmp_path):
    given = ["--opt-level=0", "--tactics=allow=conv_*portable", "--tactics=deny=*avx512*",
             "--workspace=64MiB", "--max-weight-growth=2.5", "--disable-pass=fuse_chain"]
    ok("build", FASHION, "-o", tmp_path / "e", *given)
    assert set(as_json("inspect", tmp_path / "e")["options"]) == {
        "--precision=best", f"--workspace={64 << 20}", *given} - {"--workspace=64MiB"}


# --- tactics, workspace, levels ------------------------------------------------------------------

def test_tactics_are_allowed_and_denied(built, tmp_path):
    run = ok("build", FASHION, "-o", tmp_path / "e", "--no-timing", "--explain", "--tactics",
             "deny=*avx512*", "--tactics", "allow=conv*_f32_portable")
    kernels = {s["kernel"] for s in as_json("inspect", tmp_path / "e")["steps"]}
    assert not [k for k in kernels if "avx512" in k]
    assert {k for k in kernels if k.startswith("conv")} == {"conv_f32_portable",
                                                            "conv_dw_f32_portable"}
    assert ": --tactics allow=conv*_f32_portable\n" in run.stdout


def test_workspace_is_bounded(tmp_path):
    run = hone("build", FASHION, "-o", tmp_path / "e", "--no-timing", "--workspace", "0")
    if run.returncode != 0:  # then it says how much would do
        needed = re.search(r"--workspace 0 is too little, it takes (\d+) bytes", run.stderr)
        assert run.returncode == 2 and needed and not (tmp_path / "e").exists()
        ok("build", FASHION, "-o", tmp_path / "e", "--no-timing", "--workspace", needed[1])
        least = int(needed[1])
    else:
        least = 0
    steps = as_json("inspect", tmp_path / "e")["steps"]
    assert max(s["scratch_bytes"] + s["workspace_bytes"] for s in steps) <= least
    explained = ok("build", FASHION, "-o", tmp_path / "e", "--no-timing", "--explain",
                   "--workspace", least).stdout
    assert re.search(r"refused \w+: needs \d+ bytes of workspace, --workspace allows", explained)


def test_levels(built, tmp_path):
    cache = tmp_path / "cache.json"
    cache.write_bytes((built / "cache.json").read_bytes())
    # Nothing is timed, whatever the cache says.
    for name in ("a", "b"):
        ok("build", FASHION, "-o", tmp_path / name, "--opt-level", "0", "--timing-cache", cache)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert not [s for s in as_json("inspect", tmp_path / "a")["steps"] if "ns" in s]
    # A level's timings serve the others; lower levels try less.
    tried = []
    for level in (1, 2, 3, 4, 5):
        ok("build", FASHION, "-o", tmp_path / "e", "--opt-level", level, "--timing-cache", cache,
           "--error-on-cache-miss")
        tried.append(sum("refused" not in t for s in as_json("inspect", tmp_path / "e")["steps"]
                         for t in s["tactics"]))
    assert tried[0] < tried[1] < tried[2] == tried[3] == tried[4]
    assert cache.read_bytes() == (built / "cache.json").read_bytes()


# --- dry runs and caches -------------------------------------------------------------------------

def test_dry_run(built, tmp_path):
    j = as_json("build", FASHION, "--dry-run", "--timing-cache", tmp_path / "none.json")
    assert j["timings"] == len(j["missing"]) > 0 and j["cached"] == 0 and j["seconds"] > 0
    assert j["nodes"] >= j["choices"] > 0
    assert 0 < j["packed_bytes"]["least"] <= j["packed_bytes"]["most"]
    assert j["profiles"][0]["arena_bytes"] >= j["profiles"][0]["lower_bound_bytes"] > 0
    assert list(tmp_path.iterdir()) == []
    # What it says is what a build does.
    cache = json.loads((built / "cache.json").read_text())
    assert len(cache["ns"]) == j["timings"]
    known = as_json("build", FASHION, "--dry-run", "--timing-cache", built / "cache.json")
    assert known["cached"] == j["timings"] and known["missing"] == [] and known["seconds"] == 0
    steps = as_json("inspect", built / "e.engine")
    assert known["profiles"][0]["lower_bound_bytes"] == steps["profiles"][0]["lower_bound_bytes"]
    assert known["nodes"] == len(steps["steps"])
    # One entry taken away is the one that is missing.
    del cache["ns"][next(k for k in cache["ns"] if k.startswith("gemm_f32_portable"))]
    (tmp_path / "less.json").write_text(json.dumps(cache))
    run = hone("build", FASHION, "--dry-run", "--timing-cache", tmp_path / "less.json",
               "--error-on-cache-miss")
    assert run.returncode == 2 and f"lacks 1 of {j['timings']} timings" in run.stderr
    assert re.search(r"^missing +node .*: gemm_f32_portable with ", run.stdout, re.M)
    ok("build", FASHION, "--dry-run", "--timing-cache", built / "cache.json",
       "--error-on-cache-miss")


def test_a_cache_that_was_edited_is_honoured(built, tmp_path):
    """docs/build.md: a kernel's time made larger by hand loses the choice."""
    cache = json.loads((built / "cache.json").read_text())
    before = as_json("inspect", built / "e.engine")["steps"][0]
    for key in cache["ns"]:
        if key.startswith(before["kernel"] + " "):
            cache["ns"][key] = 10**9
    (tmp_path / "cache.json").write_text(json.dumps(cache))
    ok("build", FASHION, "-o", tmp_path / "e", "--timing-cache", tmp_path / "cache.json",
       "--error-on-cache-miss")
    after = as_json("inspect", tmp_path / "e")["steps"][0]
    assert after["kernel"] != before["kernel"]
    assert {"kernel": before["kernel"], "ns": 10**9} in after["tactics"]


# --- the arena of any sizes ----------------------------------------------------------------------

@pytest.mark.skipif(not SHARED.exists(), reason="skipped: no ../shared")
@pytest.mark.parametrize("name", ["cifar/resnet20_cifar10_ts_op13", "tflite_onnx/ic_resnet8_fp32"])
def test_arena_of_any_batch_is_near_its_bound(name, tmp_path):
    """Places that grow with the batch: as tight as for a fixed one, and right for every batch."""
    model, engine = SHARED / f"realdata/models/{name}.onnx", tmp_path / "m.engine"
    ok("build", model, "-o", engine, "--no-timing")
    profile = as_json("inspect", engine)["profiles"][0]
    assert profile["any_size"]
    assert profile["values_bytes"] <= 1.1 * profile["lower_bound_bytes"]
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    x = session.get_inputs()[0]
    for batch in (1, 2, 7):
        shape = [batch, *(d for d in x.shape[1:])]
        value = np.random.default_rng(batch).standard_normal(shape).astype(np.float32)
        np.save(tmp_path / "x.npy", value)
        ok("run", engine, "--input", f"{x.name}={tmp_path}/x.npy", "--save", tmp_path / "out")
        theirs = session.run(None, {x.name: value})[0]
        ours = np.load(tmp_path / "out/output_0.npy")
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4 * np.abs(theirs).max())


# --- refit ---------------------------------------------------------------------------------------

def check_refit(model, feed, folder, *options):
    """Engines of two trainings: the second's refitted to the first's is what building it gives."""
    first, second = (retrained(model, folder / f"{i}.onnx", i) for i in (1, 2))
    cache = ("--timing-cache", folder / "cache.json")
    ok("build", first, "-o", folder / "first.engine", *cache, *options)
    ok("build", second, "-o", folder / "new.engine", "--refit", folder / "first.engine")
    ok("build", second, "-o", folder / "second.engine", *cache, *options)
    assert (folder / "new.engine").read_bytes() == (folder / "second.engine").read_bytes()
    assert (folder / "new.engine").read_bytes() != (folder / "first.engine").read_bytes()
    for name, value in feed.items():
        np.save(folder / f"{name}.npy", value)
    args = [a for name in feed for a in ("--input", f"{name}={folder}/{name}.npy")]
    ok("run", folder / "new.engine", *args, "--save", folder / "out")
    session = onnxruntime.InferenceSession(str(second), providers=["CPUExecutionProvider"])
    for i, theirs in enumerate(session.run(None, feed)):
        ours = np.load(folder / "out" / f"output_{i}.npy")
        # f32 sums in another order; Winograd's bound is that of docs/precision.md.
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4 * np.abs(theirs).max())


def test_refit_gives_what_building_gives(tmp_path):
    image = np.random.default_rng(3).standard_normal((2, 1, 28, 28)).astype(np.float32)
    check_refit(FASHION, {"image": image}, tmp_path)


def test_refit_keeps_profiles_and_options(tmp_path):
    image = np.random.default_rng(3).standard_normal((5, 1, 28, 28)).astype(np.float32)
    check_refit(FASHION, {"image": image}, tmp_path, "--profile", "image=1x1x28x28", "--profile",
                "image=2x1x28x28:4x1x28x28:8x1x28x28", "--tactics", "deny=*avx512*", "--threads",
                "2", "--max-weight-growth", "1.5")


@pytest.mark.skipif(not (SHARED / "tools/materialize.py").exists(), reason="skipped: no ../shared")
@pytest.mark.parametrize("name", ["mobilenet_v3_small", "squeezenet1_1"])
def test_refit_of_a_skeleton(name, tmp_path):
    sys.path.insert(0, str(SHARED / "tools"))
    import materialize
    materialize.materialize(str(SHARED / f"models/{name}.skeleton.onnx"), str(tmp_path / "m.onnx"))
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"),
                                           providers=["CPUExecutionProvider"])
    io = session.get_inputs()[0]
    shape = [d if isinstance(d, int) else 1 for d in io.shape]
    feed = {io.name: np.random.default_rng(1).random(shape, np.float32)}
    check_refit(tmp_path / "m.onnx", feed, tmp_path, "--opt-level", "1")


def test_refit_of_integers_takes_other_scales(tmp_path):
    """Scales and zero points are of the training, as weights are; where integers run is not."""
    samples = np.random.default_rng(0).random((8, 1, 28, 28), np.float32)
    np.savez(tmp_path / "samples.npz", image=samples)
    ok("quantize", FASHION, "-o", tmp_path / "first.onnx", "--calib", tmp_path / "samples.npz")
    model = onnx.load(tmp_path / "first.onnx")
    scales = {n.input[1] for n in model.graph.node
              if n.op_type in ("QuantizeLinear", "DequantizeLinear")}
    for w in model.graph.initializer:
        if w.name in scales:
            a = numpy_helper.to_array(w)
            w.CopyFrom(numpy_helper.from_array((a * 1.07).astype(a.dtype), w.name))
    onnx.save(model, tmp_path / "second.onnx")
    for name in ("first", "second"):
        ok("build", tmp_path / f"{name}.onnx", "-o", tmp_path / f"{name}.engine", "--no-timing")
    ok("build", tmp_path / "second.onnx", "-o", tmp_path / "new.engine", "--refit",
       tmp_path / "first.engine")
    assert as_json("inspect", tmp_path / "new.engine")["precision"] == "int8"
    new = (tmp_path / "new.engine").read_bytes()
    assert new == (tmp_path / "second.engine").read_bytes()
    assert new != (tmp_path / "first.engine").read_bytes()


def test_refit_names_what_differs(built, tmp_path):
    model = onnx.load(FASHION)
    node = next(n for n in model.graph.node if n.op_type == "Relu")
    node.op_type = "Sigmoid"
    onnx.save(model, tmp_path / "other.onnx")
    run = hone("build", tmp_path / "other.onnx", "-o", tmp_path / "e", "--refit",
               built / "e.engine")
    assert run.returncode == 2 and not (tmp_path / "e").exists()
    assert "in the engine to refit" in run.stderr and node.name.split("/")[-1] in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1
