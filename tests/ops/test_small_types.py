"""Casts between all types of at most 16 bits (and f32), every code of them, by the reference and by
engines, against ml_dtypes, which rounds by other code."""
import itertools

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import make_cases
import test_engines
from test_ops import PROGRAM, run, wrong_outputs

OPSET = 25
F8 = {"FLOAT8E4M3FN": ml_dtypes.float8_e4m3fn, "FLOAT8E4M3FNUZ": ml_dtypes.float8_e4m3fnuz,
      "FLOAT8E5M2": ml_dtypes.float8_e5m2, "FLOAT8E5M2FNUZ": ml_dtypes.float8_e5m2fnuz}
FLOATS = {**F8, "FLOAT4E2M1": ml_dtypes.float4_e2m1fn, "FLOAT8E8M0": ml_dtypes.float8_e8m0fnu,
          "FLOAT16": np.float16, "BFLOAT16": ml_dtypes.bfloat16, "FLOAT": np.float32}
INTEGERS = {"UINT4": ml_dtypes.uint4, "INT4": ml_dtypes.int4, "UINT2": ml_dtypes.uint2,
            "INT2": ml_dtypes.int2, "UINT8": np.uint8, "INT8": np.int8}
TYPES = {**FLOATS, **INTEGERS}
CODES = {"FLOAT4E2M1": 16, "UINT4": 16, "INT4": 16, "UINT2": 4, "INT2": 4}


def every_value(name):
    """All codes; of 16 bits and more a sample that holds ties and the ends of the smaller types."""
    if name == "FLOAT":
        bits = np.random.default_rng(3).integers(0, 1 << 32, 4000, dtype=np.uint32)
        near = np.concatenate([every_value(t).astype(np.float32) for t in (*F8, "FLOAT4E2M1")])
        near = np.sort(near[np.isfinite(near)])
        ties = (near[1:] + near[:-1]) / 2
        around = [np.nextafter(ties, np.float32(s)) for s in (-np.inf, np.inf)]
        return np.concatenate([bits.view(np.float32), near, ties, *around]).astype(np.float32)
    if TYPES[name] in (np.float16, ml_dtypes.bfloat16):
        return np.arange(0, 1 << 16, 7).astype(np.uint16).view(TYPES[name])
    return np.arange(CODES.get(name, 256)).astype(np.uint8).view(TYPES[name])


def expected(x, to, saturate):
    """The inputs whose conversion ONNX defines, and what ml_dtypes makes of them."""
    with np.errstate(all="ignore"):
        wide = x.astype(np.float32)
        if to in INTEGERS:
            ends = ml_dtypes.iinfo(TYPES[to])
            keep = np.isfinite(wide) & (np.trunc(wide) >= float(ends.min)) & (
                np.trunc(wide) <= float(ends.max))
            return x[keep], np.trunc(wide[keep]).astype(np.int32).astype(TYPES[to])
        if to == "FLOAT8E8M0":
            keep = np.isfinite(wide) & (wide >= 2.0**-126) & (wide < 2.0**127)
            _, exponent = np.frexp(wide[keep])
            whole = np.ldexp(np.float32(0.5), exponent) == wide[keep]
            return x[keep], np.ldexp(0.5, exponent + ~whole).astype(TYPES[to])
        if to in F8 and saturate:
            largest = float(ml_dtypes.finfo(TYPES[to]).max)
            wide = np.clip(wide, -largest, largest)  # keeps NaN
        return x, wide.astype(TYPES[to])


def make_case(folder, source, to, saturate):
    x, want = expected(every_value(source), to, saturate)
    node = helper.make_node("Cast", ["x"], ["y"], to=getattr(TensorProto, to), saturate=saturate)
    infos = [[helper.make_tensor_value_info(n, getattr(TensorProto, t), [len(x)])]
             for n, t in (("x", source), ("y", to))]
    model = helper.make_model(helper.make_graph([node], "g", *infos), ir_version=12,
                              opset_imports=[helper.make_opsetid("", OPSET)])
    make_cases.write_case(folder, model, [x], [want])
    return folder, 0, 0


@pytest.mark.parametrize("program", ["reference", "engine"])
def test_every_code_to_every_type(tmp_path, program):
    if not PROGRAM.exists():
        pytest.skip(f"{PROGRAM} is not built")
    cases = {}
    for source, to in itertools.permutations(TYPES, 2):
        for saturate in (0, 1) if to in F8 else (1,):
            name = f"{source}_{to}_{saturate}"
            cases[name] = make_case(tmp_path / "cases" / name, source, to, saturate)
    errors = run(cases, tmp_path, *(test_engines.TEST if program == "engine" else ()))
    assert not {n: e for n, e in errors.items() if e}
    assert not wrong_outputs(cases, tmp_path, errors)
