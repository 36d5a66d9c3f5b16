"""examples/plugin/, built as its users build it: every command with it, engines with it from C, and
what is said where a plugin is missing or wrong."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import pytest

HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
SOURCE = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", os.getcwd()))
BUILD = pathlib.Path(os.environ.get("HONE_BUILD_DIR", SOURCE / "build/release"))
sys.path.insert(0, str(SOURCE / "examples/plugin"))
import make_model

OP = "com.example::HardSwishGate"
RELEASE = os.environ.get("HONE_BUILD_TYPE", "Release") == "Release"
from_c = pytest.mark.skipif(not RELEASE, reason="a sanitized library does not link into C")


def run(*args, status=0, env=None):
    r = subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=120,
                       env={**os.environ, "NO_COLOR": "1", **(env or {})})
    assert r.returncode == status, f"{args}\n{r.stdout}{r.stderr}"
    return r


def hone(*args, **more):
    return run(HONE, *args, **more)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The example's build folder: gate.so, run_gate, run_gate_linked."""
    folder = tmp_path_factory.mktemp("plugin")
    library = BUILD / "libhone_rt.a" if RELEASE else ""
    run("cmake", "-S", SOURCE / "examples/plugin", "-B", folder, f"-DHONE_RT={library}")
    run("cmake", "--build", folder)
    return folder


@pytest.fixture(scope="module")
def gate(built):
    return ["--plugin", built / "gate.so"]


@pytest.fixture(scope="module")
def model(built):
    path = built / "gated.onnx"
    onnx.save(make_model.model(), path)
    return path


@pytest.fixture(scope="module")
def engine(built, gate, model):
    path = built / "gated.engine"
    hone("build", model, "-o", path, *gate)
    return path


def x_of(batch):
    return (np.arange(batch * 3 * 16 * 16, dtype=np.float32) / 8).reshape(batch, 3, 16, 16)


def expected(model, x):
    """The definition once more, in numpy: the judge is neither the plugin nor Hone."""
    w = {t.name: onnx.numpy_helper.to_array(t).astype(np.float64)
         for t in onnx.load(model).graph.initializer}
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    a = np.einsum("nchwij,kcij->nkhw", windows, w["kernel"])
    b = a * np.clip(0.25 * w["w"][:, None, None] * a + 0.5, 0, 1)
    c = b.mean(axis=(2, 3))
    return c * np.clip(np.float64(np.float32(1) / 6) * w["v"] * c + 0.5, 0, 1)


def test_inspect_knows_the_operator(model, gate):
    j = json.loads(hone("inspect", model, *gate, "--json", "-").stdout)
    assert j["operators"]["HardSwishGate"] == 2
    assert not j["without_kernel"]


def test_parity_of_kernels_and_reference(model, engine, gate):
    for b in (model, engine):
        hone("parity", model, b, *gate, "--shape", "x=3x3x16x16", "--tol", "1e-5")


def test_outputs_are_the_definitions(tmp_path, model, engine, gate):
    x = x_of(2)
    np.save(tmp_path / "x.npy", x)
    want = expected(model, x)
    outputs = []
    for args in ([model, "--reference"], [model], [engine], [engine, "--threads", 3]):
        hone("run", *args, *gate, "--input", f"x={tmp_path}/x.npy", "--save", tmp_path / "out")
        outputs.append(np.load(tmp_path / "out/output_0.npy"))
        np.testing.assert_allclose(outputs[-1], want, rtol=2e-5)
    assert (outputs[2] == outputs[3]).all()


def test_kernels_are_timed_and_chosen(tmp_path, model, gate):
    cache = tmp_path / "timings.json"
    first, second = tmp_path / "a.engine", tmp_path / "b.engine"
    text = hone("build", model, "-o", first, *gate, "--timing-cache", cache, "--explain").stdout
    steps = text.split("\nstep ")
    own = [s for s in steps if f"plugin {OP}/" in s]
    assert len(own) == 2
    x86 = os.uname().machine == "x86_64"
    for s in own:
        assert f"tactic {OP}/plain" in s
        assert not x86 or f"{OP}/avx2" in s
    if x86 and "refused" not in own[0]:
        assert cache.read_text().count(f"{OP}/avx2 v1") == 2
    # From the cache: the same bytes, and nothing is missing.
    hone("build", model, "-o", second, *gate, "--timing-cache", cache, "--error-on-cache-miss")
    assert first.read_bytes() == second.read_bytes()


def test_refit(tmp_path, model, engine, gate):
    """Other weights in the same plan, the plugin's steps in it; without the plugin it is refused."""
    other = onnx.load(model)
    for w in other.graph.initializer:
        value = onnx.numpy_helper.to_array(w)
        if value.dtype == np.float32 and value.size > 1:
            w.CopyFrom(onnx.numpy_helper.from_array(value * np.float32(0.75), w.name))
    onnx.save(other, tmp_path / "other.onnx")
    refitted = tmp_path / "refitted.engine"
    done = hone("build", tmp_path / "other.onnx", "-o", refitted, *gate, "--refit", engine, "--explain")
    assert f"plugin {OP}/" in done.stdout and "\npass " in "\n" + done.stderr
    assert refitted.read_bytes() != engine.read_bytes()
    kernels = [[s["kernel"] for s in json.loads(hone("inspect", e, *gate, "--json", "-").stdout)["steps"]]
               for e in (engine, refitted)]
    assert kernels[0] == kernels[1]
    x = x_of(2)
    np.save(tmp_path / "x.npy", x)
    hone("run", refitted, *gate, "--input", f"x={tmp_path}/x.npy", "--save", tmp_path / "out")
    np.testing.assert_allclose(np.load(tmp_path / "out/output_0.npy"),
                               expected(tmp_path / "other.onnx", x), rtol=2e-5)


def test_one_kernel_can_be_forced(tmp_path, model, gate):
    got = []
    for kernel in ("plain", "avx2"):
        path = tmp_path / f"{kernel}.engine"
        hone("build", model, "-o", path, *gate, "--no-timing", "--prefer-kernel", f"Gate/{kernel}")
        j = json.loads(hone("inspect", path, *gate, "--json", "-").stdout)
        own = {s["kernel"] for s in j["steps"] if s["kernel"].startswith(OP)}
        assert len(own) == 1
        got.append(own.pop())
        hone("parity", model, path, *gate, "--tol", "1e-5")
    assert got[0] == f"{OP}/plain"
    assert os.uname().machine != "x86_64" or got[1] == f"{OP}/avx2"


def test_a_machine_without_avx2_takes_the_plain_one(tmp_path, model, gate):
    path = tmp_path / "portable.engine"
    env = {"HONE_FORCE_ISA": "portable"}
    text = hone("build", model, "-o", path, *gate, "--explain", env=env).stdout
    assert os.uname().machine != "x86_64" or f"refused {OP}/avx2: needs avx2" in text
    hone("parity", model, path, *gate, env=env)


@from_c
@pytest.mark.parametrize("program", ["run_gate", "run_gate_linked"])
def test_from_c(built, model, engine, program):
    opened = [built / "gate.so"] if program == "run_gate" else []
    text = run(built / program, engine, *opened).stdout
    np.testing.assert_allclose(np.array(text.split(), np.float32), expected(model, x_of(1))[0],
                               rtol=2e-5)


@from_c
def test_from_c_without_it(built, engine):
    r = run(built / "run_gate", engine, status=2)
    assert len(r.stderr.splitlines()) == 1
    assert r.stderr.startswith(f"{engine}: step ")
    assert r.stderr.endswith(f" (gate) needs the plugin operator {OP} version 1: give its plugin "
                             "(--plugin FILE.so, hone_load_options.plugins)\n")


def test_missing_on_the_host(model, engine):
    reason = ("unsupported operators: com.example.HardSwishGate (nodes 'gate', 'last'); operators of "
              "your own come in a plugin (--plugin FILE.so)")
    assert hone("inspect", model).stdout.splitlines()[-1] == f"x86_64 portable: {reason}"
    r = hone("build", model, "-o", model.parent / "never.engine", status=2)
    assert r.stderr.splitlines() == [f"error: {model}: {reason}"]
    r = hone("bench", engine, status=2)
    assert len(r.stderr.splitlines()) == 1
    assert f"(gate) needs the plugin operator {OP} version 1" in r.stderr


def test_other_commands_keep_it(tmp_path, model, gate):
    hone("optimize", model, "-o", tmp_path / "small.onnx", *gate)
    nodes = onnx.load(tmp_path / "small.onnx").graph.node
    assert [n.domain for n in nodes].count("com.example") == 2
    hone("parity", model, tmp_path / "small.onnx", *gate)
    np.savez(tmp_path / "samples.npz", x=np.random.default_rng(1).normal(size=(8, 3, 16, 16))
             .astype(np.float32))
    hone("quantize", model, "-o", tmp_path / "int8.onnx", *gate, "--calib", tmp_path / "samples.npz")
    nodes = onnx.load(tmp_path / "int8.onnx").graph.node
    gates = [n for n in nodes if n.op_type == "HardSwishGate"]
    assert len(gates) == 2
    hone("build", tmp_path / "int8.onnx", "-o", tmp_path / "int8.engine", *gate, "--no-timing")
    text = hone("profile", tmp_path / "int8.engine", *gate, "--duration", 0.3, "--json", "-").stdout
    assert f"{OP}/" in text


def test_profiles_choose_for_each(tmp_path, model, gate):
    path = tmp_path / "p.engine"
    hone("build", model, "-o", path, *gate, "--profile", "x=1x3x16x16", "--profile",
         "x=2x3x16x16:4x3x16x16:8x3x16x16")
    hone("parity", model, path, *gate, "--shape", "x=1x3x16x16")
    hone("parity", model, path, *gate, "--shape", "x=5x3x16x16")


def test_ship(tmp_path, model, built):
    (tmp_path / "hone.toml").write_text(f"""schema = 1
plugins = ["{built}/gate.so"]
[model.gated]
onnx = "{model}"
[target.here]
threads = 1
""")
    r = subprocess.run([HONE, "ship", str(tmp_path / "hone.toml"), "--bench-seconds", "0.3"],
                       capture_output=True, text=True, timeout=120)
    assert r.returncode in (0, 3), r.stdout + r.stderr
    assert (tmp_path / "hone-out/gated.here.engine").exists()


# ---- Plugins that are wrong ---------------------------------------------------------------------

def compile_plugin(folder, name, source):
    path = folder / f"{name}.so"
    (folder / f"{name}.c").write_text(source)
    run("cc", "-shared", "-fPIC", f"-I{SOURCE}/include", f"-I{SOURCE}/examples/plugin",
        folder / f"{name}.c", "-o", path)
    return path


def altered(**lines):
    """gate.c with some of its text replaced."""
    text = (SOURCE / "examples/plugin/gate.c").read_text()
    for old, new in lines.values():
        assert text.count(old) >= 1
        text = text.replace(old, new, 1)
    return text


def error_of(path, model):
    lines = hone("inspect", model, "--plugin", path, status=2).stderr.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_wrong_abi(tmp_path, built, model, engine):
    path = compile_plugin(tmp_path, "abi", altered(a=(".abi = HONE_PLUGIN_ABI", ".abi = 99")))
    text = ("the plugin is made for plugin ABI 99, this Hone has 1: compile it with this Hone's "
            "hone/plugin.h")
    assert error_of(path, model) == f"error: {path}: {text}"
    if RELEASE:
        r = run(built / "run_gate", engine, path, status=2)
        assert r.stderr == f"plugin: {path}: {text}\n"


def test_no_shared_object(tmp_path, model):
    path = tmp_path / "text.so"
    path.write_text("not a library\n")
    assert error_of(path, model).startswith(f"error: cannot load '{path}': ")
    empty = compile_plugin(tmp_path, "empty", "int nothing;\n")
    assert error_of(empty, model) == (
        f"error: '{empty}' is no plugin of Hone: it does not export hone_plugin_table")
    assert error_of(tmp_path / "none.so", model) == (
        f"error: cannot read '{tmp_path}/none.so': no such file")


def test_inference_refuses(tmp_path, gate):
    wrong = make_model.model()
    wrong.graph.node[1].attribute[0].name = "axis"
    wrong.graph.node[1].attribute[0].CopyFrom(onnx.helper.make_attribute("axis", 7))
    onnx.save(wrong, tmp_path / "wrong.onnx")
    r = hone("inspect", tmp_path / "wrong.onnx", *gate, status=2)
    assert r.stderr == (f"error: {tmp_path}/wrong.onnx: node 'gate' (HardSwishGate): axis is not "
                        "one of x\n")
    wrong.graph.node[1].attribute[0].CopyFrom(onnx.helper.make_attribute("axes", 1))
    onnx.save(wrong, tmp_path / "wrong.onnx")
    r = hone("inspect", tmp_path / "wrong.onnx", *gate, status=2)
    assert "attribute 'axes' is not one of HardSwishGate's (version 1)" in r.stderr


def test_inference_that_fills_nothing(tmp_path, model):
    lazy = compile_plugin(tmp_path, "lazy", altered(
        a=("  c->outputs[0] = *x;", "  return HONE_OK;")))
    assert error_of(lazy, model).endswith("a bug in the plugin: output 0 was given no type")


def test_two_with_one_operator(built, model, gate, tmp_path):
    again = compile_plugin(tmp_path, "again", altered())
    r = hone("inspect", model, *gate, "--plugin", again, status=2)
    assert r.stderr == (f"error: {again}: {OP} version 1 is there already, from "
                        f"{built}/gate.so\n")
    hone("inspect", model, *gate, *gate)  # the same one twice is one


def test_an_operator_of_hones_own(tmp_path, model):
    own = compile_plugin(tmp_path, "own", altered(
        a=('.domain = "com.example"', '.domain = "com.microsoft"'),
        b=('.name = "HardSwishGate"', '.name = "FastGelu"')))
    assert error_of(own, model) == (
        f"error: {own}: com.microsoft::FastGelu is an operator of Hone's own")


def test_rebuilt_plugins_are_seen(tmp_path, engine):
    newer = compile_plugin(tmp_path, "newer", altered(
        a=('.isa = "portable",\n    .version = 1', '.isa = "portable",\n    .version = 2'),
        b=('.isa = "avx2",\n    .version = 1', '.isa = "avx2",\n    .version = 2')))
    r = hone("bench", engine, "--plugin", newer, status=2)
    assert "was built for version 1 of kernel" in r.stderr and "rebuild the engine" in r.stderr
