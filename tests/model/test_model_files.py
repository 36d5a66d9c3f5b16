"""Files as other people's libraries write them go through Hone's readers and writers and come back
equal: onnx, ONNX Runtime and NumPy judge. The readers run inside host_tests, see its test
TensorFiles.ConvertsForThePythonTest."""
import os
import pathlib
import subprocess
import sys

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

SOURCE = pathlib.Path(os.environ.get("HONE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
HOST_TESTS = pathlib.Path(os.environ.get("HONE_BUILD_DIR", SOURCE / "build/release")) / "host_tests"
sys.path.insert(0, str(SOURCE / "tools"))
import make_corpus  # noqa: E402

NUMPY_TYPES = [np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32,
               np.uint64, np.float16, np.float32, np.float64, np.complex64, np.complex128]
OTHER_TYPES = [ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e4m3fnuz,
               ml_dtypes.float8_e5m2, ml_dtypes.float8_e5m2fnuz, ml_dtypes.int4, ml_dtypes.uint4,
               ml_dtypes.float4_e2m1fn]


def convert(pairs, folder):
    """Runs every (from, to) and gives the errors by the name of `to`."""
    listing = folder / "convert.txt"
    listing.write_text("".join(f"{a}\t{b}\n" for a, b in pairs))
    run = subprocess.run([HOST_TESTS, "--gtest_filter=TensorFiles.ConvertsForThePythonTest"],
                         env={**os.environ, "HONE_CONVERT": str(listing)}, capture_output=True,
                         text=True, timeout=600)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "PASSED" in run.stdout
    return {p.name[:-len(".error")]: p.read_text() for p in folder.glob("*.error")}


def sample(dtype, shape, seed=0):
    values = np.random.default_rng(seed).integers(-3, 4, shape)
    return (values if np.dtype(dtype).kind not in "bu" else np.abs(values)).astype(dtype)


def test_npy_of_numpy_comes_back_equal(tmp_path):
    arrays = {}
    for dtype in NUMPY_TYPES:
        for shape in [(), (1,), (5,), (2, 3), (2, 0, 3), (2, 3, 4, 5)]:
            arrays[f"{np.dtype(dtype).name}_{'x'.join(map(str, shape))}"] = sample(dtype, shape)
    arrays["fortran"] = np.asfortranarray(sample(np.float32, (3, 4, 5)))
    arrays["big_endian"] = sample(np.float64, (3, 2)).astype(">f8")
    arrays["big_complex"] = sample(np.complex64, (3,)).astype(">c8")
    arrays["big_fortran"] = np.asfortranarray(sample(np.int16, (3, 4)).astype(">i2"))
    pairs = []
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
        np.savez(tmp_path / f"{name}_stored.npz", array)
        np.savez_compressed(tmp_path / f"{name}_packed.npz", array)
        for source in (f"{name}.npy", f"{name}_stored.npz", f"{name}_packed.npz"):
            pairs.append((tmp_path / source, tmp_path / f"{source}.out.npy"))
            pairs.append((tmp_path / source, tmp_path / f"{source}.out.pb"))
    assert convert(pairs, tmp_path) == {}
    for source, out in pairs:
        expected = arrays[source.stem.removesuffix("_stored").removesuffix("_packed")]
        got = np.load(out) if out.suffix == ".npy" else numpy_helper.to_array(
            onnx.load_tensor(str(out)))
        assert got.dtype == expected.dtype.newbyteorder("<") and got.shape == expected.shape, source
        np.testing.assert_array_equal(got, expected)


def test_npy_bytes_are_those_of_numpy(tmp_path):
    array = sample(np.float32, (4, 5))
    np.save(tmp_path / "a.npy", array)
    assert convert([(tmp_path / "a.npy", tmp_path / "b.npy")], tmp_path) == {}
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()


def test_pb_of_every_type_comes_back_equal(tmp_path):
    pairs, expected = [], {}
    for dtype in NUMPY_TYPES + OTHER_TYPES:
        name = np.dtype(dtype).name
        for count in (0, 1, 3):
            array = sample(dtype, (count,))
            typed = helper.make_tensor("t", helper.np_dtype_to_tensor_dtype(np.dtype(dtype)),
                                       array.shape, array.ravel().tolist())
            for kind, tensor in (("raw", numpy_helper.from_array(array, "t")), ("typed", typed)):
                source = tmp_path / f"{name}_{count}_{kind}.pb"
                source.write_bytes(tensor.SerializeToString())
                pairs.append((source, source.with_suffix(".out.pb")))
                expected[source.with_suffix(".out.pb")] = array
    strings = helper.make_tensor("t", TensorProto.STRING, [2], [b"a", b"\xff"])
    (tmp_path / "string.pb").write_bytes(strings.SerializeToString())
    pairs.append((tmp_path / "string.pb", tmp_path / "string.out.pb"))
    assert convert(pairs, tmp_path) == {}
    for path, array in expected.items():
        got = onnx.load_tensor(str(path))
        assert got.name == "t"
        np.testing.assert_array_equal(numpy_helper.to_array(got), array)
    assert list(onnx.load_tensor(str(tmp_path / "string.out.pb")).string_data) == [b"a", b"\xff"]


def test_a_type_numpy_lacks_is_refused_as_npy(tmp_path):
    source = tmp_path / "a.pb"
    onnx.save_tensor(numpy_helper.from_array(sample(ml_dtypes.bfloat16, (2,))), str(source))
    errors = convert([(source, tmp_path / "a.npy")], tmp_path)
    assert errors == {"a.npy": "NumPy has no type bf16; write it as .pb"}


def test_models_of_onnx_come_back_equal(tmp_path):
    """Equal as messages, once what Hone may choose (packing, raw_data) is made the same."""
    attributes = make_corpus.attributes_model()
    onnx.save(attributes, tmp_path / "attributes.onnx")
    assert convert([(tmp_path / "attributes.onnx", tmp_path / "out.onnx")], tmp_path) == {}
    got = onnx.load(tmp_path / "out.onnx")
    for model in (attributes, got):
        for node in list(model.graph.node) + [n for f in model.functions for n in f.node]:
            for a in node.attribute:
                for t in [a.t, *a.tensors]:
                    t.ClearField("name")
        for opset in [*model.opset_import, *[o for f in model.functions for o in f.opset_import]]:
            if not opset.domain:
                opset.ClearField("domain")
        for f in model.functions:
            f.ClearField("doc_string")
    assert got.SerializeToString(deterministic=True) == attributes.SerializeToString(
        deterministic=True)


def small_model():
    rng = np.random.default_rng(1)
    weights = numpy_helper.from_array(rng.standard_normal((64, 32), np.float32), "w")
    bias = numpy_helper.from_array(rng.standard_normal(32).astype(np.float32), "b")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]),
             helper.make_node("Add", ["h", "b"], ["a"]), helper.make_node("Relu", ["a"], ["y"])]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", 1, ["n", 64])],
                              [helper.make_tensor_value_info("y", 1, ["n", 32])], [weights, bias])
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 17)])


@pytest.mark.parametrize("external", [False, True])
def test_onnxruntime_computes_the_same(tmp_path, external):
    source = tmp_path / "a.onnx"
    onnx.save(small_model(), source, save_as_external_data=external, location="weights.bin",
              size_threshold=100)
    outs = [tmp_path / "whole.onnx", tmp_path / "split.onnx"]
    assert convert([(source, out) for out in outs], tmp_path) == {}
    assert (tmp_path / "split.onnx.data").stat().st_size == 64 * 32 * 4
    x = np.random.default_rng(2).standard_normal((3, 64), np.float32)
    cpu = ["CPUExecutionProvider"]
    y = [onnxruntime.InferenceSession(str(p), providers=cpu).run(None, {"x": x})
         for p in [source, *outs]]
    onnx.checker.check_model(onnx.load(outs[0]), full_check=True)
    np.testing.assert_array_equal(y[0], y[1])
    np.testing.assert_array_equal(y[0], y[2])


def test_weights_beyond_four_gigabytes(tmp_path):
    """Of a sparse file: only the pages that are read exist."""
    offset = 5 << 30
    values = np.array([1, -2, 3, 4], np.float32)
    with open(tmp_path / "weights.bin", "wb") as f:
        f.seek(offset)
        f.write(values.tobytes())
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4],
                         data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "weights.bin"), ("offset", offset), ("length", values.nbytes)):
        weight.external_data.add(key=key, value=str(value))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])
    graph = helper.make_graph([helper.make_node("Mul", ["x", "w"], ["y"])], "far", [x], [y], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    np.save(tmp_path / "x.npy", np.full(4, 10, np.float32))
    hone = os.environ["HONE"]
    engine = tmp_path / "m.engine"
    for args in (["build", tmp_path / "m.onnx", "-o", engine],
                 ["run", engine, "--input", f"x={tmp_path}/x.npy", "--save", tmp_path / "engine"],
                 ["run", tmp_path / "m.onnx", "--reference", "--input", f"x={tmp_path}/x.npy",
                  "--save", tmp_path / "reference"]):
        r = subprocess.run([hone, *map(str, args)], capture_output=True, text=True, timeout=60)
        assert r.returncode == 0, r.stderr
    assert engine.stat().st_size < 1 << 20
    for folder in ("engine", "reference"):
        np.testing.assert_array_equal(np.load(tmp_path / folder / "output_0.npy"), values * 10)
