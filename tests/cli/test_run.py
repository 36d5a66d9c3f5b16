"""`hone run` as scripts rely on it: where inputs come from, what is written and how."""
import os
import pathlib
import subprocess

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
X = np.arange(6, dtype=np.float32).reshape(2, 3) - 2.5


def hone(*args, status=0, env=None):
    run = subprocess.run([HONE, *map(str, args)], capture_output=True, text=True, timeout=120,
                         env={**os.environ, "NO_COLOR": "1", **(env or {})})
    assert run.returncode == status, run.stdout + run.stderr
    return run


def model(path, nodes, inputs, outputs, weights=None):
    """inputs and outputs: {name: (dtype, shape)}"""
    def values(table):
        return [helper.make_tensor_value_info(n, t, s) for n, (t, s) in table.items()]
    initializers = [numpy_helper.from_array(v, k) for k, v in (weights or {}).items()]
    graph = helper.make_graph(nodes, "g", values(inputs), values(outputs), initializers)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
              path)
    return path


F32 = TensorProto.FLOAT


@pytest.fixture
def relu(tmp_path):
    return model(tmp_path / "relu.onnx", [helper.make_node("Relu", ["x"], ["y"])],
                 {"x": (F32, ["n", 3])}, {"y": (F32, ["n", 3])})


@pytest.fixture
def minus(tmp_path):
    """second - first, so that an exchange shows."""
    return model(tmp_path / "minus.onnx", [helper.make_node("Sub", ["b", "a"], ["y"])],
                 {"a": (F32, ["n", 3]), "b": (F32, ["n", 3])}, {"y": (F32, ["n", 3])})


def write_pb(path, array, name=""):
    path.write_bytes(numpy_helper.from_array(array, name).SerializeToString())


def read_pb(path):
    tensor = TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return tensor


@pytest.mark.parametrize("how", [(), ("--reference",)])
@pytest.mark.parametrize("kind", ["npy", "npz", "pb"])
def test_inputs_by_file(relu, tmp_path, kind, how):
    path = tmp_path / f"in.{kind}"
    {"npy": lambda: np.save(path, X), "npz": lambda: np.savez(path, other=X * 9, x=X),
     "pb": lambda: write_pb(path, X)}[kind]()
    hone("run", relu, "--input", f"x={path}", "--save", tmp_path / "out", *how)
    y = np.load(tmp_path / "out/output_0.npy")
    assert y.dtype == np.float32 and np.array_equal(y, np.maximum(X, 0))
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["output_0.npy"]


def test_the_only_array_of_an_npz_needs_no_name(relu, tmp_path):
    np.savez(tmp_path / "in.npz", X)
    hone("run", relu, "--input", f"x={tmp_path}/in.npz", "--save", tmp_path / "out")
    assert np.array_equal(np.load(tmp_path / "out/output_0.npy"), np.maximum(X, 0))


def test_options_before_the_model_and_inputs_in_a_row(minus, tmp_path):
    np.save(tmp_path / "a.npy", X)
    np.save(tmp_path / "b.npy", X * 3)
    a, b = f"a={tmp_path}/a.npy", f"b={tmp_path}/b.npy"
    for args in (["--input", a, "--input", b, minus], [minus, "--input", a, "--input", b],
                 [minus, "--input", b, "--input", a], [minus, "--input", a, b]):
        hone("run", *args, "--save", tmp_path / "out")
        assert np.array_equal(np.load(tmp_path / "out/output_0.npy"), X * 2)


@pytest.mark.parametrize("extension", ["pb", "npy"])
def test_folder_in_graph_order(minus, tmp_path, extension):
    folder = tmp_path / "inputs"
    folder.mkdir()
    (folder / "notes.txt").write_text("ignored")
    np.save(folder / "output_0.npy", X)  # ignored
    for i, value in enumerate([X, X * 3]):
        path = folder / f"input_{i}.{extension}"
        np.save(path, value) if extension == "npy" else write_pb(path, value)
    hone("run", minus, "--inputs", folder, "--save", tmp_path / "out")
    assert np.array_equal(np.load(tmp_path / "out/output_0.npy"), X * 2)


def test_folder_by_name(minus, tmp_path):
    folder = tmp_path / "inputs"
    folder.mkdir()
    np.save(folder / "b.npy", X * 3)
    np.save(folder / "a.npy", X)
    hone("run", minus, "--inputs", folder, "--save", tmp_path / "out")
    assert np.array_equal(np.load(tmp_path / "out/output_0.npy"), X * 2)


@pytest.mark.parametrize("how", [(), ("--reference",)])
def test_name_splits_at_the_last_equals_sign(tmp_path, how):
    m = model(tmp_path / "m.onnx", [helper.make_node("Relu", ["a=b"], ["y"])],
              {"a=b": (F32, [2, 3])}, {"y": (F32, [2, 3])})
    np.save(tmp_path / "x.npy", X)
    hone("run", m, "--input", f"a=b={tmp_path}/x.npy", "--save", tmp_path / "out", *how)
    assert np.array_equal(np.load(tmp_path / "out/output_0.npy"), np.maximum(X, 0))


@pytest.mark.parametrize("how", [(), ("--reference",)])
def test_no_inputs_at_all(tmp_path, how):
    m = model(tmp_path / "m.onnx", [helper.make_node("Relu", ["w"], ["y"])], {},
              {"y": (F32, [2, 3])}, {"w": X})
    hone("run", m, "--save", tmp_path / "out", *how)
    assert np.array_equal(np.load(tmp_path / "out/output_0.npy"), np.maximum(X, 0))


@pytest.mark.parametrize("how", [(), ("--reference",)])
def test_scalars(tmp_path, how):
    m = model(tmp_path / "m.onnx", [helper.make_node("Neg", ["x"], ["y"])], {"x": (F32, [])},
              {"y": (F32, [])})
    np.save(tmp_path / "x.npy", np.float32(4))
    hone("run", m, "--input", f"x={tmp_path}/x.npy", "--save", tmp_path / "out", *how)
    y = np.load(tmp_path / "out/output_0.npy")
    assert y.shape == () and y == -4
    assert b"'shape': ()" in (tmp_path / "out/output_0.npy").read_bytes()
    hone("run", m, "--input", f"x={tmp_path}/x.npy", "--save", tmp_path / "out", "--format", "pb",
         *how)
    assert list(read_pb(tmp_path / "out/output_0.pb").dims) == []


@pytest.mark.parametrize("how", [(), ("--reference",)])
def test_pb_carries_dims_little_endian_bytes_and_the_outputs_name(relu, tmp_path, how):
    np.save(tmp_path / "x.npy", X)
    hone("run", relu, "--input", f"x={tmp_path}/x.npy", "--save", tmp_path / "out", "--format",
         "pb", *how)
    tensor = read_pb(tmp_path / "out/output_0.pb")
    assert tensor.name == "y" and list(tensor.dims) == [2, 3] and tensor.data_type == F32
    assert tensor.raw_data == np.maximum(X, 0).astype("<f4").tobytes()


def test_inputs_with_initializers_are_not_counted(tmp_path):
    m = model(tmp_path / "m.onnx", [helper.make_node("Sub", ["x", "w"], ["y"])],
              {"w": (F32, [2, 3]), "x": (F32, [2, 3])}, {"y": (F32, [2, 3])},
              {"w": np.ones((2, 3), np.float32)})
    folder = tmp_path / "inputs"
    folder.mkdir()
    np.save(folder / "input_0.npy", X)  # x: w stands before it but has a value
    for how in ((), ("--reference",)):
        hone("run", m, "--inputs", folder, "--save", tmp_path / "out", *how)
        assert np.array_equal(np.load(tmp_path / "out/output_0.npy"), X - 1)


def test_outputs_in_graph_order(tmp_path):
    m = model(tmp_path / "m.onnx", [helper.make_node("Split", ["x"], ["first", "second"], axis=1)],
              {"x": (F32, [2, 4])}, {"second": (F32, [2, 2]), "first": (F32, [2, 2])})
    x = np.arange(8, dtype=np.float32).reshape(2, 4)
    np.save(tmp_path / "x.npy", x)
    for how in ((), ("--reference",)):
        hone("run", m, "--input", f"x={tmp_path}/x.npy", "--save", tmp_path / "out", *how)
        assert np.array_equal(np.load(tmp_path / "out/output_0.npy"), x[:, 2:])
        assert np.array_equal(np.load(tmp_path / "out/output_1.npy"), x[:, :2])


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn])
def test_types_numpy_lacks_only_as_pb(tmp_path, dtype):
    onnx_type = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    m = model(tmp_path / "m.onnx", [helper.make_node("Identity", ["x"], ["y"])],
              {"x": (onnx_type, [2, 3])}, {"y": (onnx_type, [2, 3])})
    value = X.astype(dtype)
    write_pb(tmp_path / "x.pb", value)
    args = ["run", m, "--input", f"x={tmp_path}/x.pb", "--reference", "--save", tmp_path / "out"]
    refused = hone(*args, status=2)
    assert refused.stderr.count("\n") == 1 and "--format pb" in refused.stderr
    assert not (tmp_path / "out").exists()
    hone(*args, "--format", "pb")
    tensor = read_pb(tmp_path / "out/output_0.pb")
    assert tensor.data_type == onnx_type and tensor.raw_data == value.tobytes()


@pytest.mark.parametrize("dtype", [ml_dtypes.int4, ml_dtypes.uint4])
def test_four_bit_types_only_as_pb(tmp_path, dtype):
    onnx_type = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    m = model(tmp_path / "m.onnx", [helper.make_node("Identity", ["x"], ["y"])],
              {"x": (onnx_type, [5])}, {"y": (onnx_type, [5])})
    value = np.array([1, 2, 3, 4, 7], dtype)
    write_pb(tmp_path / "x.pb", value)
    args = ["run", m, "--input", f"x={tmp_path}/x.pb", "--reference", "--save", tmp_path / "out"]
    assert "--format pb" in hone(*args, status=2).stderr
    hone(*args, "--format", "pb")
    assert np.array_equal(numpy_helper.to_array(read_pb(tmp_path / "out/output_0.pb")), value)


def test_strings(tmp_path):
    m = model(tmp_path / "m.onnx", [helper.make_node("Identity", ["x"], ["y"])],
              {"x": (TensorProto.STRING, [2])}, {"y": (TensorProto.STRING, [2])})
    value = np.array(["grün", ""], object)
    (tmp_path / "x.pb").write_bytes(
        helper.make_tensor("x", TensorProto.STRING, [2], [s.encode() for s in value])
        .SerializeToString())
    args = ["run", m, "--input", f"x={tmp_path}/x.pb", "--reference", "--save", tmp_path / "out"]
    assert "--format pb" in hone(*args, status=2).stderr
    hone(*args, "--format", "pb")
    assert list(numpy_helper.to_array(read_pb(tmp_path / "out/output_0.pb"))) == list(value)


@pytest.mark.parametrize("how", [(), ("--reference",)])
def test_save_makes_folders_and_replaces_files(relu, tmp_path, how):
    out = tmp_path / "a/b/out"
    for value in (X, -X):
        np.save(tmp_path / "x.npy", value)
        hone("run", relu, "--input", f"x={tmp_path}/x.npy", "--save", out, *how)
        assert np.array_equal(np.load(out / "output_0.npy"), np.maximum(value, 0))


@pytest.mark.parametrize("how", [(), ("--reference",)])
def test_dynamic_sizes_come_from_the_inputs(relu, tmp_path, how):
    for n in (1, 7):
        x = np.ones((n, 3), np.float32)
        np.save(tmp_path / "x.npy", x)
        hone("run", relu, "--input", f"x={tmp_path}/x.npy", "--save", tmp_path / "out", *how)
        assert np.load(tmp_path / "out/output_0.npy").shape == (n, 3)


def test_input_without_a_shape_takes_any(tmp_path):
    m = model(tmp_path / "m.onnx", [helper.make_node("Relu", ["x"], ["y"])], {"x": (F32, None)},
              {"y": (F32, None)})
    for value in (X, X[0], np.float32(-3)):
        np.save(tmp_path / "x.npy", value)
        for how in ((), ("--reference",)):
            hone("run", m, "--input", f"x={tmp_path}/x.npy", "--save", tmp_path / "out", *how)
            assert np.array_equal(np.load(tmp_path / "out/output_0.npy"), np.maximum(value, 0))


def test_an_engine_runs_like_its_model(minus, tmp_path):
    hone("build", minus, "-o", tmp_path / "minus.engine", "--no-timing")
    folder = tmp_path / "inputs"
    folder.mkdir()
    np.save(folder / "input_0.npy", X)
    write_pb(folder / "input_1.pb", X * 3)
    hone("run", tmp_path / "minus.engine", "--inputs", folder, "--save", tmp_path / "out")
    assert np.array_equal(np.load(tmp_path / "out/output_0.npy"), X * 2)


LEVELS = ["portable", "avx2", "avx_vnni", "avx512", "avx512_vnni", "avx512_bf16", "amx"]


def test_every_instruction_set_gives_the_same(tmp_path):
    """Convolution, product and softmax at each level that this machine has; the levels round
    differently, by far less than 1e-5 of values near 1."""
    rng = np.random.default_rng(3)
    weights = {"w": rng.standard_normal((7, 3, 3, 3)).astype(np.float32) / 5,
               "v": rng.standard_normal((7, 5)).astype(np.float32)}
    m = model(tmp_path / "m.onnx",
              [helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
               helper.make_node("Relu", ["c"], ["r"]),
               helper.make_node("GlobalAveragePool", ["r"], ["p"]),
               helper.make_node("Flatten", ["p"], ["f"]),
               helper.make_node("MatMul", ["f", "v"], ["l"]),
               helper.make_node("Softmax", ["l"], ["y"], axis=1)],
              {"x": (F32, [1, 3, 9, 9])}, {"y": (F32, [1, 5])}, weights)
    np.save(tmp_path / "x.npy", rng.standard_normal((1, 3, 9, 9)).astype(np.float32))
    hone("run", m, "--input", f"x={tmp_path}/x.npy", "--save", tmp_path / "out", "--reference")
    want = np.load(tmp_path / "out/output_0.npy")
    ran = []
    for level in LEVELS:
        run = subprocess.run([HONE, "run", m, "--input", f"x={tmp_path}/x.npy", "--save",
                              tmp_path / level], capture_output=True, text=True,
                             env={**os.environ, "HONE_FORCE_ISA": level})
        if run.returncode == 4:  # this machine lacks it
            assert f"HONE_FORCE_ISA={level}: this CPU lacks it" in run.stderr
            continue
        assert run.returncode == 0, run.stderr
        ran.append(level)
        got = np.load(tmp_path / level / "output_0.npy")
        assert np.abs(got - want).max() <= 1e-5, level
    assert "portable" in ran


def io_model(path, nodes, inputs, outputs):
    """inputs and outputs: {name: TypeProto}"""
    def values(table):
        return [helper.make_value_info(n, t) for n, t in table.items()]
    graph = helper.make_graph(nodes, "g", values(inputs), values(outputs))
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9),
              path)
    return path


def of(dtype, shape=None):
    return helper.make_tensor_type_proto(dtype, shape)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.complex64, object,
                                   ml_dtypes.float8_e4m3fn, ml_dtypes.int4])
def test_sequences_go_in_and_out(tmp_path, dtype):
    items = [np.array(["a", "ü"], object), np.array([""], object)] if dtype is object else [
        np.array([1, 2]).astype(dtype), np.array([3]).astype(dtype)]
    t = helper.make_sequence_type_proto(of(helper.np_dtype_to_tensor_dtype(np.dtype(dtype))))
    m = io_model(tmp_path / "m.onnx", [helper.make_node("SequenceInsert", ["s", "x"], ["y"])],
                 {"s": t, "x": t.sequence_type.elem_type}, {"y": t})
    (tmp_path / "s.pb").write_bytes(numpy_helper.from_list(items, "s").SerializeToString())
    write_pb(tmp_path / "x.pb", items[0])
    args = ["run", m, "--input", f"s={tmp_path}/s.pb", "--input", f"x={tmp_path}/x.pb",
            "--reference"]
    hone(*args, "--save", tmp_path / "out", "--format", "pb")
    got = onnx.SequenceProto.FromString((tmp_path / "out/output_0.pb").read_bytes())
    got = numpy_helper.to_list(got)
    for a, b in zip(got, [*items, items[0]], strict=True):
        assert a.dtype == b.dtype and a.tolist() == b.tolist()
    assert "y sequence of 3" in hone(*args).stdout
    refused = hone(*args, "--save", tmp_path / "npy", status=2)
    assert "--format pb" in refused.stderr
    assert "sequence of " in hone("inspect", m).stdout
    engine = hone("run", m, "--input", f"s={tmp_path}/s.pb", "--input", f"x={tmp_path}/x.pb",
                  status=2)
    assert "give --reference" in engine.stderr


@pytest.mark.parametrize("value", [None, np.ones(2, np.float32)])
def test_optionals_go_in_and_out(tmp_path, value):
    t = helper.make_optional_type_proto(of(F32, [2]))
    m = io_model(tmp_path / "m.onnx", [helper.make_node("Identity", ["x"], ["y"]),
                                       helper.make_node("OptionalHasElement", ["x"], ["has"])],
                 {"x": t}, {"y": t, "has": of(TensorProto.BOOL, [])})
    (tmp_path / "input_0.pb").write_bytes(
        numpy_helper.from_optional(value, "x", onnx.OptionalProto.TENSOR).SerializeToString())
    hone("run", m, "--inputs", tmp_path, "--save", tmp_path / "out", "--format", "pb",
         "--reference")
    got = onnx.OptionalProto.FromString((tmp_path / "out/output_0.pb").read_bytes())
    assert got.HasField("tensor_value") == (value is not None)
    if value is not None:
        assert (numpy_helper.to_array(got.tensor_value) == value).all()
    assert numpy_helper.to_array(read_pb(tmp_path / "out/output_1.pb")) == (value is not None)


def test_a_sequence_that_is_no_sequence(tmp_path):
    t = helper.make_sequence_type_proto(of(F32))
    m = io_model(tmp_path / "m.onnx", [helper.make_node("SequenceLength", ["s"], ["y"])], {"s": t},
                 {"y": of(TensorProto.INT64, [])})
    for items, says in (([np.ones(1, np.int64)], "element 0: a tensor of i64 where the model"),
                        (None, "truncated")):
        data = b"\x1a\x7f" if items is None else numpy_helper.from_list(items).SerializeToString()
        (tmp_path / "s.pb").write_bytes(data)
        refused = hone("run", m, "--input", f"s={tmp_path}/s.pb", "--reference", status=2)
        assert refused.stderr.count("\n") == 1 and says in refused.stderr
