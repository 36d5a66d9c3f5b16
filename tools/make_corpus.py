#!/usr/bin/env python3
"""Writes the seeds of the model readers' fuzzers: fuzz/corpus/{onnx,pb,npy,npz}. Deterministic.

    build/venv/bin/python tools/make_corpus.py      needs onnx and numpy, which build/venv has
"""
import io
import pathlib
import zipfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "fuzz" / "corpus"


def write(kind, name, data):
    folder = CORPUS / kind
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def tensors():
    """Every element type, in raw_data and in its typed field."""
    for number, type_name in sorted((v, k) for k, v in TensorProto.DataType.items()):
        if type_name in ("UNDEFINED", "FLOAT6E2M3", "FLOAT6E3M2"):
            continue
        raw = TensorProto(name="t", data_type=number, dims=[3])
        typed = TensorProto(name="t", data_type=number, dims=[3])
        bits = {"STRING": 0, "UINT4": 4, "INT4": 4, "FLOAT4E2M1": 4, "UINT2": 2, "INT2": 2}.get(
            type_name)
        if type_name == "STRING":
            typed.string_data.extend([b"a", b"", b"\xff"])
        else:
            if bits is None:
                bits = 8 * helper.tensor_dtype_to_np_dtype(number).itemsize
            raw.raw_data = bytes([1] + [0] * ((3 * bits + 7) // 8 - 1))
            yield f"{type_name.lower()}_raw", raw
            if type_name in ("FLOAT", "COMPLEX64"):
                typed.float_data.extend([1.0] * (6 if bits == 64 else 3))
            elif type_name in ("DOUBLE", "COMPLEX128"):
                typed.double_data.extend([1.0] * (6 if bits == 128 else 3))
            elif type_name == "INT64":
                typed.int64_data.extend([-1, 0, 1])
            elif type_name in ("UINT32", "UINT64"):
                typed.uint64_data.extend([0, 1, 2])
            else:
                typed.int32_data.extend([1] * max(1, -(-3 * min(bits, 8) // 8)))
        yield f"{type_name.lower()}_typed", typed


def attributes_model():
    """A node with every kind of attribute, a function with references, odd types of inputs."""
    sub = helper.make_graph([helper.make_node("Identity", ["x"], ["s"])], "sub", [],
                            [helper.make_tensor_value_info("s", 1, None)])
    one = numpy_helper.from_array(np.ones(2, np.float32))
    node = helper.make_node("Odd", ["x", ""], ["y"], name="n", domain="test", f=1.5, i=-3, s="text",
                            t=one, g=sub, fs=[1.0, 2.0], ints=[1, -1], ss=["a", "b"],
                            ts=[one, one], gs=[sub], tp=helper.make_tensor_type_proto(1, [2, "n"]))
    inner = helper.make_node("Elu", ["a"], ["b"])
    ref = onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT)
    inner.attribute.append(ref)
    function = helper.make_function("test", "Fn", ["a"], ["b"], [inner],
                                    [helper.make_opsetid("", 17)], ["slope"],
                                    [helper.make_attribute("bias", 0.5)])
    tensor = helper.make_tensor_type_proto(1, ["batch", 3, None])
    inputs = [helper.make_value_info("x", tensor),
              helper.make_value_info("q", helper.make_sequence_type_proto(tensor)),
              helper.make_value_info("o", helper.make_optional_type_proto(tensor)),
              helper.make_value_info("m", helper.make_map_type_proto(7, tensor))]
    graph = helper.make_graph([node, helper.make_node("Fn", ["x"], ["z"], domain="test")], "g",
                              inputs, [helper.make_tensor_value_info("y", 1, [])],
                              [numpy_helper.from_array(np.arange(3), "w")], "doc",
                              [helper.make_tensor_value_info("z", 1, [0])])
    model = helper.make_model(graph, functions=[function], producer_name="corpus", ir_version=10,
                              opset_imports=[helper.make_opsetid("", 17),
                                             helper.make_opsetid("test", 1)])
    helper.set_model_props(model, {"key": "value"})
    return model


def small_model(tensor):
    node = helper.make_node("Identity", ["t"], ["y"])
    graph = helper.make_graph([node], "g", [], [helper.make_tensor_value_info("y", 1, None)],
                              [tensor])
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])


def external_model():
    tensor = TensorProto(name="t", data_type=1, dims=[3], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "w.bin"), ("offset", "4096"), ("length", "12")):
        tensor.external_data.add(key=key, value=value)
    return small_model(tensor)


def arrays():
    yield "scalar", np.array(1.5)
    yield "matrix", np.arange(6, dtype=np.float32).reshape(2, 3)
    yield "fortran", np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3))
    yield "big", np.arange(3, dtype=">f8")
    yield "bool", np.array([True, False])
    yield "complex", np.array([1 + 2j], np.complex64)
    yield "half", np.array([[1.5]], np.float16)
    yield "empty", np.zeros((2, 0, 3), np.uint8)


def npy(array, version=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version)
    return out.getvalue()


def npz(method, members, large=False):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            with archive.open(info, "w", force_zip64=large) as member:
                member.write(data)
    return out.getvalue()


def main():
    for name, tensor in tensors():
        write("pb", name, tensor.SerializeToString())
    write("onnx", "attributes", attributes_model().SerializeToString())
    write("onnx", "small", small_model(numpy_helper.from_array(np.eye(2), "t")).SerializeToString())
    write("onnx", "external", external_model().SerializeToString())
    write("onnx", "truncated", attributes_model().SerializeToString()[:150])
    write("onnx", "jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF")
    for name, array in arrays():
        write("npy", name, npy(array))
    write("npy", "version2", npy(np.arange(2), (2, 0)))
    members = [("a.npy", npy(np.arange(2))), ("folder/b.npy", npy(np.zeros(40)))]
    write("npz", "stored", npz(zipfile.ZIP_STORED, members))
    write("npz", "deflated", npz(zipfile.ZIP_DEFLATED, members))
    write("npz", "zip64", npz(zipfile.ZIP_STORED, members, large=True))
    write("npz", "empty", npz(zipfile.ZIP_STORED, []))


if __name__ == "__main__":
    main()
