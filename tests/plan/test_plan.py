"""build, doctor and inspect as a user meets them: profiles, targets, timing caches, determinism."""
import glob, json, os, shutil, subprocess, sys
import numpy as np, onnx, pytest
from onnx import TensorProto, helper, numpy_helper

HONE = os.environ.get("HONE", "build/release/hone")
SOURCE = os.environ.get("HONE_SOURCE_DIR", os.getcwd())
SHARED = os.environ.get("HONE_SHARED", os.path.join(SOURCE, "../shared"))
FASHION = f"{SOURCE}/examples/fashion/fashion.onnx"
RESNET = f"{SHARED}/realdata/models/cifar/resnet20_cifar10_ts_op13.onnx"


def hone(*args, env=None):
    return subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "NO_COLOR": "1", **(env or {})})


def ok(*args, env=None):
    r = hone(*args, env=env)
    assert r.returncode == 0, r.stderr
    return r


def refused(*args, code=2, env=None):
    """The one line that a refusal prints."""
    r = hone(*args, env=env)
    assert r.returncode == code, r.stdout + r.stderr
    assert len(r.stderr.strip().splitlines()) == 1 and r.stderr.startswith("error: "), r.stderr
    return r.stderr.strip()


def save(path, nodes, inputs, outputs, weights=(), opset=17):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(weights))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    onnx.save(model, path)
    return path


def tensor(name, shape, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


@pytest.fixture
def dynamic(tmp_path):
    """x [n,3,m] and z [n,m]: a convolution, a product, a join, a shape as data."""
    w = np.random.default_rng(0).standard_normal((5, 3, 3)).astype(np.float32)
    return save(tmp_path / "dynamic.onnx", [
        helper.make_node("Conv", ["x", "w"], ["c"], "conv", pads=[1, 1]),
        helper.make_node("Unsqueeze", ["z", "axis"], ["u"], "unsqueeze"),
        helper.make_node("Mul", ["c", "u"], ["y"], "mul"),
        helper.make_node("Shape", ["y"], ["s"], "shape"),
        helper.make_node("Size", ["y"], ["k"], "size"),
    ], [tensor("x", ["n", 3, "m"]), tensor("z", ["n", "m"])],
        [tensor("y", ["n", 5, "m"]), tensor("s", [3], TensorProto.INT64),
         tensor("k", [], TensorProto.INT64)],
        [numpy_helper.from_array(w, "w"), numpy_helper.from_array(np.array([1]), "axis")])


@pytest.fixture
def branches(tmp_path):
    """An LSTM behind an If, as in voice models."""
    rng = np.random.default_rng(1)
    def weight(name, *shape):
        return numpy_helper.from_array(rng.standard_normal(shape).astype(np.float32) * 0.2, name)
    def branch(op, name):
        node = helper.make_node(op, ["x"], [name], name)
        return helper.make_graph([node], name, [], [tensor(name, [7, 2, 24])])
    return save(tmp_path / "branches.onnx", [
        helper.make_node("If", ["flag"], ["a"], "if", then_branch=branch("Tanh", "t"),
                         else_branch=branch("Neg", "e")),
        helper.make_node("LSTM", ["a", "w", "r", "b"], ["h"], "lstm", hidden_size=32),
        helper.make_node("MatMul", ["h", "p"], ["y"], "fc"),
    ], [tensor("x", [7, 2, 24]), tensor("flag", [], TensorProto.BOOL)],
        [tensor("y", [7, 1, 2, 48])],
        [weight("w", 1, 128, 24), weight("r", 1, 128, 32), weight("b", 1, 256),
         weight("p", 32, 48)])


# --- the same bytes, the same bits ---------------------------------------------------------------

@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("which", ["fashion", "branches"])
def test_rebuilds_are_byte_identical(which, threads, branches, tmp_path):
    model = FASHION if which == "fashion" else branches
    other = tmp_path / "another/folder"
    other.mkdir(parents=True)
    shutil.copy(model, other / "renamed.onnx")
    cache = tmp_path / "cache.json"
    for out, source in (("cold.engine", model), ("warm.engine", model),
                        ("another/folder/moved.engine", other / "renamed.onnx")):
        ok("build", source, "-o", tmp_path / out, "--threads", threads, "--timing-cache", cache)
    cold = (tmp_path / "cold.engine").read_bytes()
    assert cold == (tmp_path / "warm.engine").read_bytes()
    assert cold == (tmp_path / "another/folder/moved.engine").read_bytes()
    # All of it came from the cache, which a rebuild leaves alone.
    before = cache.read_bytes()
    ok("build", model, "-o", tmp_path / "again.engine", "--threads", threads, "--timing-cache",
       cache, "--error-on-cache-miss")
    assert cache.read_bytes() == before
    # Timings for one number of threads are no timings for another.
    assert "the timing cache has no timing of" in refused("build", model, "-o", tmp_path / "x.engine", "--threads",
                                     threads + 1, "--timing-cache", cache, "--error-on-cache-miss")


def outputs(model, inputs, folder, *extra):
    folder.mkdir()
    args = []
    for name, value in inputs.items():
        np.save(folder / f"{name}.npy", value)
        args += ["--input", f"{name}={folder}/{name}.npy"]
    ok("run", model, *args, "--save", folder / "out", *extra)
    return [open(f, "rb").read() for f in sorted(glob.glob(f"{folder}/out/*.npy"))]


@pytest.mark.parametrize("which", ["fashion", "branches", "resnet20"])
def test_an_engine_gives_the_same_bits_for_any_number_of_threads(which, branches, tmp_path):
    rng = np.random.default_rng(5)
    if which == "resnet20":
        if not os.path.exists(RESNET):
            pytest.skip("skipped: no ../shared")
        model, feed = RESNET, {"input": rng.standard_normal((3, 3, 32, 32)).astype(np.float32)}
    elif which == "fashion":
        model, feed = FASHION, {"image": rng.standard_normal((5, 1, 28, 28)).astype(np.float32)}
    else:
        model = branches
        feed = {"x": rng.standard_normal((7, 2, 24)).astype(np.float32), "flag": np.array(True)}
    for built_for in (1, 2, 4):
        engine = tmp_path / f"{built_for}.engine"
        ok("build", model, "-o", engine, "--threads", built_for)
        seen = {n: outputs(engine, feed, tmp_path / f"{built_for}.{n}", "--threads", n)
                for n in (1, 2, 3, 4)}
        assert seen[1] and all(seen[n] == seen[1] for n in seen), built_for


# --- profiles ------------------------------------------------------------------------------------

def test_profiles_of_several_inputs(dynamic, tmp_path):
    engine = tmp_path / "p.engine"
    ok("build", dynamic, "-o", engine, "--profile", "x=1x3x4:2x3x8:4x3x16", "--profile",
       "z=1x4:2x8:4x16")
    shape = json.loads(ok("inspect", engine, "--json", "-").stdout)["profiles"]
    assert shape[0]["ranges"] == {"x": "1x3x4:2x3x8:4x3x16", "z": "1x4:2x8:4x16"}
    for n, m, fits in ((1, 4, True), (4, 16, True), (3, 7, True), (5, 8, False), (2, 17, False),
                       (2, 3, False)):
        for name, dims in (("x", (n, 3, m)), ("z", (n, m))):
            np.save(tmp_path / f"{name}.npy", np.ones(dims, np.float32))
        r = hone("run", engine, "--inputs", tmp_path)
        assert (r.returncode == 0) == fits, r.stderr
        if not fits:
            assert "the profile takes" in r.stderr and r.returncode == 2


def test_several_profiles_of_one_engine(dynamic, tmp_path):
    engine = tmp_path / "p.engine"
    ok("build", dynamic, "-o", engine, "--profile", "x=1x3x4:1x3x8:2x3x16", "--profile",
       "x=1x3x17:4x3x64:4x3x64,z=1x17:4x64:4x64")
    shown = json.loads(ok("inspect", engine, "--json", "-").stdout)["profiles"]
    assert [p["ranges"] for p in shown] == [
        {"x": "1x3x4:1x3x8:2x3x16", "z": "1x4:1x8:2x16"},
        {"x": "1x3x17:4x3x64:4x3x64", "z": "1x17:4x64:4x64"}]
    assert shown[0]["arena_bytes"] < shown[1]["arena_bytes"] and shown[0]["choices"] == []
    text = ok("inspect", engine).stdout
    assert "profile 0    x 1x3x4" in text and "profile 1    x 1x3x17" in text
    for shapes, profile in (((), 0), (("x=4x3x20", "z=4x20"), 1), (("x=2x3x4", "z=2x4"), 0)):
        args = [a for s in shapes for a in ("--shape", s)]
        j = json.loads(ok("bench", engine, "--duration", "0", "--json", "-", *args).stdout)
        assert j["conditions"]["profile"] == profile
        assert f"in turn, profile {profile}\n" in ok("bench", engine, "--duration", "0", *args).stdout
        ok("parity", dynamic, engine, *args)


def test_a_size_that_all_profiles_fix_is_the_models_own(dynamic, tmp_path):
    engine = tmp_path / "p.engine"
    ok("build", dynamic, "-o", engine, "--no-timing", "--profile", "x=2x3x4:2x3x8:2x3x16",
       "--profile", "x=2x3x17:2x3x20:2x3x30")
    shapes = [i["shape"] for i in json.loads(ok("inspect", engine, "--json", "-").stdout)["inputs"]]
    assert shapes == [[2, 3, "m"], [2, "m"]]


def test_a_profile_is_whole_or_refused(dynamic, tmp_path):
    def error(*profiles):
        return refused("build", dynamic, "-o", tmp_path / "x.engine",
                       *[a for p in profiles for a in ("--profile", p)])
    assert "names 'q', which is no input" in error("q=1:1:2")
    assert "is not NAME=min:opt:max" in error("x=1x3x4:1x3x4")
    assert "is not a shape like" in error("x=1x3xfour")
    assert "gives 3 dimensions for input 'z', which has 2" in error("z=1x4x1:1x4x1:2x4x1")
    assert "must be min <= opt <= max" in error("z=2x4:1x4:4x4", "x=1x3x4")
    assert "sizes begin at 1" in error("z=0x4:1x4:4x4")
    assert "the model fixes its size" in error("x=1x2x4:1x3x4:1x3x4", "z=1x4:1x4:2x4")
    assert not (tmp_path / "x.engine").exists()


def test_size_zero_is_refused_where_sizes_are_open(dynamic, tmp_path):
    engine = tmp_path / "any.engine"
    ok("build", dynamic, "-o", engine)
    np.save(tmp_path / "x.npy", np.ones((0, 3, 4), np.float32))
    np.save(tmp_path / "z.npy", np.ones((0, 4), np.float32))
    assert "is at least 1" in refused("run", engine, "--inputs", tmp_path)


# --- timing caches and other machines ------------------------------------------------------------

def test_explain_shows_chosen_timed_and_refused(tmp_path):
    r = ok("build", FASHION, "-o", tmp_path / "x.engine", "--explain",
           env={"HONE_FORCE_ISA": "portable"})
    assert " = conv conv_f32_portable v1 (" in r.stdout
    assert "  tactic conv_f32_portable " in r.stdout
    assert "  refused conv_f32_6x16_avx2: needs avx2" in r.stdout
    assert "pass " in r.stderr


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "1", "ns": {}}',
                                  '{"schema": 1, "ns": {"a": -1}}', "\xff\xfe"])
def test_a_damaged_timing_cache_is_refused_by_name(text, tmp_path):
    cache = tmp_path / "cache.json"
    cache.write_bytes(text.encode("latin-1"))
    line = refused("build", FASHION, "-o", tmp_path / "x.engine", "--timing-cache", cache)
    assert str(cache) in line and "timing cache" in line
    assert not (tmp_path / "x.engine").exists() and cache.read_bytes() == text.encode("latin-1")


BOARD = """schema = 1
cpu = "Cortex-A72"
arch = "aarch64"
isa = ["portable", "neon"]
cores = 4
memory_bytes = 4294967296
"""


def test_builds_for_a_machine_of_a_file(tmp_path):
    board = tmp_path / "board.toml"
    board.write_text(BOARD)
    r = ok("build", FASHION, "-o", tmp_path / "board.engine", "--target", board)
    engine = json.loads(ok("inspect", tmp_path / "board.engine", "--json", "-").stdout)
    assert engine["target"] == "Cortex-A72" and engine["arch"] == "aarch64"
    assert "avx" not in engine["isa"]
    # This machine described in a file gives this machine's engine, its timings taken or cached.
    here, cache = tmp_path / "here.toml", tmp_path / "cache.json"
    ok("doctor", "--save-target", here)
    ok("build", FASHION, "-o", tmp_path / "a.engine", "--timing-cache", cache)
    r = ok("build", FASHION, "-o", tmp_path / "b.engine", "--timing-cache", cache, "--target", here)
    assert "warning" not in r.stderr
    assert (tmp_path / "a.engine").read_bytes() == (tmp_path / "b.engine").read_bytes()


def test_choices_without_timings_are_taken_by_rank_and_said(tmp_path):
    here = tmp_path / "here.toml"
    ok("doctor", "--save-target", here)
    if '"avx2"' not in here.read_text():
        pytest.skip("skipped: this CPU has one kernel for each step")
    other = tmp_path / "other.toml"
    lines = here.read_text().splitlines()
    other.write_text("\n".join('cpu = "Twin"' if l.startswith("cpu") else l for l in lines))
    cache = tmp_path / "cache.json"
    r = ok("build", FASHION, "-o", tmp_path / "a.engine", "--target", other, "--timing-cache", cache)
    assert "Twin is another machine and the timing cache lacks" in r.stderr
    assert not cache.exists()
    # With timings that came from there nothing is left to rank.
    ok("build", FASHION, "-o", tmp_path / "b.engine", "--timing-cache", cache)
    cpu = json.loads(ok("doctor", "--json", "-").stdout)["cpu"]
    cache.write_text(cache.read_text().replace(f"on {cpu}", "on Twin"))
    r = ok("build", FASHION, "-o", tmp_path / "c.engine", "--target", other, "--timing-cache", cache)
    assert "warning" not in r.stderr


@pytest.mark.parametrize("change,says", [
    (("cores", "coers"), "line 5: unknown key"), (('"neon"', '"avx2"'), "aarch64 has no avx2"),
    (("schema = 1", "schema = 9"), "schema 9 is not known"), ((BOARD, "\0\0"), "line 1"),
    ((BOARD, ""), "the key 'schema' is missing")])
def test_target_files_that_are_none(change, says, tmp_path):
    board = tmp_path / "board.toml"
    board.write_text(BOARD.replace(*change))
    for command in (["build", FASHION, "-o", tmp_path / "x"], ["doctor", "--model", FASHION]):
        line = refused(*command, "--target", board)
        assert str(board) in line and says in line
    assert refused("doctor", "--model", FASHION, "--target", tmp_path / "none.toml")


# --- doctor --------------------------------------------------------------------------------------

def test_doctor_reports_the_machine(tmp_path):
    text = ok("doctor").stdout
    for word in ("cpu ", "portable", "avx2", "amx", "caches", "memory", "accelerators", "backends",
                 "measurable", "  energy ", "  throttling ", "  frequency "):
        assert word in text, word
    j = json.loads(ok("doctor", "--json", "-", env={"HONE_PYTHON": sys.executable}).stdout)
    assert any(b.startswith("onnxruntime ") for b in j["backends"])  # tests/requirements.txt
    assert j["cores"] >= 1 and isinstance(j["accelerators"], list)
    for row in j["measurable"]:  # what cannot be read says why, and what would help
        assert row["text"] and (row["readable"] or row.get("fix")), row
    # A folder of the name is no runtime; an interpreter that is none is no error.
    (tmp_path / "openvino").mkdir()
    r = subprocess.run([os.path.abspath(HONE), "doctor"], cwd=tmp_path, capture_output=True,
                       text=True, env={**os.environ, "HONE_PYTHON": "/usr/bin/python3"})
    assert "openvino" not in r.stdout
    for broken in ("/nonexistent/python", "/bin/false"):
        assert "backends      unavailable: " in ok("doctor", env={"HONE_PYTHON": broken}).stdout


def test_doctor_names_all_that_would_not_run(tmp_path):
    unsupported = save(tmp_path / "ops.onnx", [
        helper.make_node("LayerNormalization", ["x", "s"], ["a"], "wide"),
        helper.make_node("Multinomial", ["p"], ["b"], "which"),
        helper.make_node("Exp", ["x"], ["c"], "fine"),
        helper.make_node("Conv", ["x", "w"], ["d"], "double"),
    ], [tensor("x", [1, 2, 4, 4], TensorProto.DOUBLE), tensor("p", [2, 4], TensorProto.FLOAT)],
        [tensor("b", [2, 1], TensorProto.INT32)]
        + [tensor(name, [1, 2, 4, 4], TensorProto.DOUBLE) for name in "acd"],
        [numpy_helper.from_array(np.ones((2, 2, 1, 1)), "w"),
         numpy_helper.from_array(np.ones(4), "s")])
    r = hone("doctor", "--model", unsupported)
    assert r.returncode == 1 and not r.stderr, r.stderr
    assert "would not run on" in r.stdout.splitlines()[0]
    for node in ("node 'wide' (LayerNormalization): ", "node 'which' (Multinomial): ", "node 'double' (Conv): "):
        assert node in r.stdout, r.stdout
    assert "fine" not in r.stdout
    j = json.loads(hone("doctor", "--model", unsupported, "--json", "-").stdout)["model"]
    assert not j["runs"]
    assert {"LayerNormalization", "Multinomial", "Conv"} <= {p["operator"] for p in j["problems"]}
    build = refused("build", unsupported, "-o", tmp_path / "x.engine")
    assert all(name in build for name in ("wide", "which", "double"))


def test_doctor_names_operators_nobody_knows_and_weights_that_are_none(tmp_path):
    unknown = save(tmp_path / "unknown.onnx", [
        helper.make_node("Frobnicate", ["x"], ["a"], "one", domain="com.example"),
        helper.make_node("Frobnicate", ["a"], ["b"], "two", domain="com.example"),
    ], [tensor("x", [4])], [tensor("b", [4])])
    r = hone("doctor", "--model", unknown)
    assert r.returncode == 1 and "'one'" in r.stdout and "'two'" in r.stdout
    w = np.ones((2, 2), np.float32)
    w[0] = np.nan
    nan = save(tmp_path / "nan.onnx", [helper.make_node("MatMul", ["x", "w"], ["y"], "fc")],
               [tensor("x", [1, 2])], [tensor("y", [1, 2])], [numpy_helper.from_array(w, "w")])
    r = hone("doctor", "--model", nan)
    assert r.returncode == 1 and "initializer 'w': 2 of 4 values are NaN" in r.stdout
    r = ok("inspect", nan)
    assert "warning: initializer 'w': 2 of 4 values are NaN" in r.stderr
    assert json.loads(ok("inspect", nan, "--json", "-").stdout)["bad_weights"]


def test_doctor_knows_the_target(tmp_path):
    board = tmp_path / "board.toml"
    board.write_text(BOARD)
    r = ok("doctor", "--model", FASHION, "--target", board)
    assert "every operator has a kernel on Cortex-A72 (portable, neon)" in r.stdout
    board.write_text(BOARD.replace("4294967296", "100000"))
    r = hone("doctor", "--model", FASHION, "--target", board)
    assert r.returncode == 1 and "the target has 100000" in r.stdout
    assert refused("doctor", "--target", board)
    assert refused("doctor", "--model", tmp_path / "none.onnx")


# --- inspect -------------------------------------------------------------------------------------

def test_inspect_does_not_miss_kernels_for_shapes(dynamic):
    assert "no kernel" not in ok("inspect", dynamic).stdout
    assert json.loads(ok("inspect", dynamic, "--json", "-").stdout)["without_kernel"] == {}


def test_inspect_shows_what_is_in_an_engine(dynamic, tmp_path):
    engine = tmp_path / "p.engine"
    ok("build", dynamic, "-o", engine)
    j = json.loads(ok("inspect", engine, "--json", "-").stdout)
    assert [i["name"] for i in j["inputs"]] == ["x", "z"]
    assert j["inputs"][0]["shape"] == ["n", 3, "m"] and j["inputs"][0]["dtype"] == "f32"
    assert [o["name"] for o in j["outputs"]] == ["y", "s", "k"]
    assert j["bytes"] == os.path.getsize(engine) and 0 < j["weight_bytes"] < j["bytes"]
    assert "conv" in {s["layer"] for s in j["steps"]} and all(s["kernel"] for s in j["steps"])
    assert j["dynamic"] and j["profiles"][0]["any_size"] and j["profiles"][0]["arena_bytes"] > 0
    assert j["isa"].startswith("portable") and j["precision"] == "f32" and j["threads"] == 1
    text = ok("inspect", engine).stdout
    for word in ("input        x f32[n,3,m]", "output       y", "weights", "any size; arena",
                 "at the sizes it was timed at", "step layer", "conv", "needs portable"):
        assert word in text, text
    damaged = bytearray(engine.read_bytes())
    damaged[100] ^= 1
    (tmp_path / "damaged.engine").write_bytes(damaged)
    assert "damaged.engine" in refused("inspect", tmp_path / "damaged.engine")
