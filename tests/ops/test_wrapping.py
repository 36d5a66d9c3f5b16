"""Integers past the end of their type, by the reference and by engines, against NumPy, which wraps."""
import numpy as np
import pytest
from onnx import helper

import make_cases
import test_engines
from test_ops import PROGRAM, run, wrong_outputs

OPSET = 18
SIZE = 24


def extremes(dtype, seed):
    ends = np.iinfo(dtype)
    near = [ends.min, ends.min + 1, ends.max, ends.max - 1, ends.max // 2 + 1, 0, 1, 2, 3]
    rng = np.random.default_rng(seed)
    return np.concatenate([np.array(near, dtype), rng.integers(ends.min, ends.max, SIZE - len(near), dtype)])


def scattered(op, numpy_op):
    def make(x, y, indices):
        at = indices if op == "ScatterElements" else indices[:, None]
        want = x.copy()
        numpy_op.at(want, indices, y)
        reduction = "add" if numpy_op is np.add else "mul"
        return helper.make_node(op, ["x", "i", "y"], ["z"], reduction=reduction), [x, at, y], want
    return make


def plain(op, f, inputs=2, **attributes):
    def make(x, y, _):
        given = [x, y][:inputs]
        return helper.make_node(op, ["x", "y"][:inputs], ["z"], **attributes), given, f(*given)
    return make


def along(op, f):
    def make(x, y, _):
        grid = x.reshape(4, 6)
        return helper.make_node(op, ["x", "i"], ["z"]), [grid, np.array(1)], f(grid, axis=1, dtype=x.dtype)
    return make


def folded(op, f):
    def make(x, y, _):
        grid = x.reshape(4, 6)
        return (helper.make_node(op, ["x", "i"], ["z"], keepdims=0), [grid, np.array([1])],
                f(grid, axis=1, dtype=x.dtype))
    return make


def product(op, **attributes):
    def make(x, y, _):
        a, b = x.reshape(4, 6), y.reshape(6, 4)
        return helper.make_node(op, ["x", "y"], ["z"], **attributes), [a, b], a @ b
    return make


CASES = {
    "Add": plain("Add", np.add), "Sub": plain("Sub", np.subtract), "Mul": plain("Mul", np.multiply),
    "Neg": plain("Neg", np.negative, 1), "Abs": plain("Abs", np.abs, 1),
    "ReduceSum": folded("ReduceSum", np.sum), "ReduceProd": folded("ReduceProd", np.prod),
    "CumSum": along("CumSum", np.cumsum), "MatMul": product("MatMul"), "Einsum": product("Einsum", equation="ij,jk->ik"),
    "ScatterElements_add": scattered("ScatterElements", np.add),
    "ScatterElements_mul": scattered("ScatterElements", np.multiply),
    "ScatterND_add": scattered("ScatterND", np.add), "ScatterND_mul": scattered("ScatterND", np.multiply),
}
# What ONNX declares for others than 32 and 64 bits, too, goes through the same code.
TYPES = [np.int32, np.int64, np.uint32, np.uint64]
UNSIGNED_TOO = set(CASES) - {"Neg"}


def make_case(folder, name, dtype):
    x, y = extremes(dtype, 1), extremes(dtype, 2)
    indices = np.random.default_rng(3).integers(0, SIZE, SIZE)
    with np.errstate(over="ignore"):
        node, inputs, want = CASES[name](x, y, indices)
    infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
             for n, a in zip([*node.input, "z"], [*inputs, want])]
    model = helper.make_model(helper.make_graph([node], "g", infos[:-1], infos[-1:]), ir_version=8,
                              opset_imports=[helper.make_opsetid("", OPSET)])
    make_cases.write_case(folder, model, inputs, [want])
    return folder, 0, 0


@pytest.mark.parametrize("program", ["reference", "engine"])
def test_integers_wrap(tmp_path, program):
    if not PROGRAM.exists():
        pytest.skip(f"{PROGRAM} is not built")
    cases = {}
    for dtype in TYPES:
        for name in CASES if np.iinfo(dtype).min < 0 else sorted(UNSIGNED_TOO):
            key = f"{name}_{np.dtype(dtype).name}"
            cases[key] = make_case(tmp_path / "cases" / key, name, dtype)
    errors = run(cases, tmp_path, *(test_engines.TEST if program == "engine" else ()))
    assert not {n: e for n, e in errors.items() if e}
    assert not wrong_outputs(cases, tmp_path, errors)
