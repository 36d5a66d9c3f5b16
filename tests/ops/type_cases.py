"""One small case for every operator and every element type that ONNX allows it: cases of the node
suite, given in another type. What is right is what ONNX's reference evaluator makes of the same
numbers: of narrow floats in f32, rounded; of the others in the type itself."""
import contextlib
import io
import warnings

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import make_cases

NARROW = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16}
OTHERS = {"float": np.float32, "double": np.float64, "bool": np.bool_,
          **{f"{u}int{n}": np.dtype(f"{u}int{n}").type for u in ("", "u") for n in (8, 16, 32, 64)}}
TYPES = {**NARROW, **OTHERS}
SHORT = {"float16": "f16", "bfloat16": "bf16", "float": "f32", "double": "f64", "bool": "bool",
         **{f"{u}int{n}": f"{u or 'i'}{n}" for u in ("", "u") for n in (8, 16, 32, 64)}}
ROUNDING = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float": 2.0**-23, "double": 2.0**-44}
# Randomness, and what the suite has no plain values for.
LEFT_OUT = {"Bernoulli", "RandomUniformLike", "RandomNormalLike", "RandomNormal", "RandomUniform",
            "Multinomial"}
# Operators whose later inputs say how: constants, as exporters write them.
SETTLED = {"AffineGrid", "BatchNormalization", "CenterCropPad", "Col2Im", "ConvInteger", "MaxUnpool",
           "OneHot", "QLinearConv", "QLinearMatMul", "Resize", "STFT", "Upsample"}


def element_type(name):
    return getattr(TensorProto, {"float": "FLOAT"}.get(name, name.upper()))


def type_name(dtype):
    return next((n for n, t in TYPES.items() if np.dtype(t) == dtype), None)


def converted(array, name):
    """The numbers in another type: whole, not 0 and small where that is one of integers."""
    to = np.dtype(TYPES[name])
    if array.dtype == to:
        return array
    if array.dtype.kind not in "iub" and to.kind in "iu":
        whole = np.rint(3 * array.astype(np.float64))
        whole = np.clip(np.where(whole == 0, 2, whole), -100, 100)
        return (abs(whole) if to.kind == "u" else whole).astype(to)
    if to.kind == "b":
        return array.astype(np.float64) > 0
    if to.kind == "u" and array.dtype.kind == "i":
        return abs(array).astype(to)
    return array.astype(to)


def formal(parameters, i):
    return parameters[min(i, len(parameters) - 1)] if parameters else None


def templates():
    """{operator: [case]}: one-node cases of the suite, the smallest first."""
    import onnx.backend.test.case.node as node
    found = {}
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = node.collect_testcases(None)
    for case in cases:
        graph = case.model.graph
        if len(graph.node) != 1 or graph.initializer or len(case.data_sets) != 1:
            continue
        op = graph.node[0]
        if op.domain or op.op_type in LEFT_OUT or "training" in case.name or not make_cases.is_tensors(case.model):
            continue
        arrays = case.data_sets[0][0]
        if all(np.asarray(a).dtype.kind in "fiub" or np.asarray(a).dtype == ml_dtypes.bfloat16
               for a in arrays):
            size = sum(np.asarray(a).size for a in arrays)
            empty = any(0 in np.asarray(a).shape for s in case.data_sets[0] for a in s)
            found.setdefault(op.op_type, []).append((empty, size, case.name, case))
    return {op: [c[-1] for c in sorted(cases, key=lambda c: c[:3])]
            for op, cases in sorted(found.items())}


def retyped(case, schema, variable, name):
    """The case's model and inputs with what has the type `variable` in another type, or None."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    model.ir_version = min(model.ir_version, 12)
    graph, op = model.graph, model.graph.node[0]
    place = {n: formal(schema.inputs, i).type_str for i, n in enumerate(op.input) if n}
    made = {n: formal(schema.outputs, i).type_str for i, n in enumerate(op.output) if n}
    if variable not in place.values():
        return None
    if op.op_type == "DequantizeLinear":  # its result is of its scale's type
        made = {n: place[op.input[1]] for n in made}
    inputs, settled = [], []
    for i, (info, array) in enumerate(zip(graph.input, case.data_sets[0][0])):
        array = np.asarray(array)
        if place.get(info.name) == variable:
            array = converted(array, name)
            info.type.tensor_type.elem_type = element_type(name)
        formal_type = place.get(info.name, "")
        if i > 0 and (op.op_type in SETTLED or formal_type.startswith(("tensor(", "Tind"))):
            settled.append(numpy_helper.from_array(array, info.name))
        else:
            inputs.append(array)
    constants = {t.name for t in settled}
    kept = [v for v in graph.input if v.name not in constants]
    graph.ClearField("input")
    graph.input.extend(kept)
    graph.initializer.extend(settled)
    for info in graph.output:
        if made.get(info.name) == variable:
            info.type.tensor_type.elem_type = element_type(name)
    return model, inputs


def run(model, inputs):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        evaluator = ReferenceEvaluator(model)
        outputs = evaluator.run(None, {v.name: a for v, a in zip(model.graph.input, inputs)})
    return [np.asarray(o) for o in outputs]


def expected(case, schema, variable, name):
    """(model, inputs, outputs), or None where the evaluator does not know."""
    given = retyped(case, schema, variable, name)
    if given is None:
        return None
    model, inputs = given
    types = [type_name(helper.tensor_dtype_to_np_dtype(v.type.tensor_type.elem_type))
             for v in model.graph.output]
    try:
        if name in NARROW:
            wide, _ = retyped(case, schema, variable, "float")
            for own, given in zip(wide.graph.initializer, model.graph.initializer):
                array = numpy_helper.to_array(given)
                if array.dtype == TYPES[name]:
                    own.CopyFrom(numpy_helper.from_array(array.astype(np.float32), own.name))
            outputs = run(wide, [a.astype(np.float32) if a.dtype == TYPES[name] else a
                                 for a in inputs])
        else:
            outputs = run(model, inputs)
        with np.errstate(all="ignore"):
            return model, inputs, [o.astype(TYPES[t]) for o, t in zip(outputs, types)]
    except Exception:  # the evaluator's own: it lacks the type, or NumPy does
        return None


def allowed(schema, variable):
    constraint = next((c for c in schema.type_constraints if c.type_param_str == variable), None)
    named = constraint.allowed_type_strs if constraint else [variable]
    return [t for t in TYPES if f"tensor({t})" in named]


def type_cases(folder):
    """Writes the cases; gives {(operator, variable, type): {name: (folder, rtol, atol)}}."""
    cases = {}
    for op, found in templates().items():
        for case in found[:40]:
            opset = next(o.version for o in case.model.opset_import if not o.domain)
            schema = onnx.defs.get_schema(op, opset, "")
            variables = {formal(schema.inputs, i).type_str
                         for i, n in enumerate(case.model.graph.node[0].input) if n}
            for variable in sorted(variables):
                for name in allowed(schema, variable):
                    key = (op, variable, name)
                    if key in cases:
                        continue
                    made = expected(case, schema, variable, name)
                    if made is None:
                        continue
                    called = f"{op}_{variable}_{SHORT[name]}".replace("(", "_").replace(")", "")
                    make_cases.write_case(folder / called, *made)
                    narrowest = max(ROUNDING.get(type_name(a.dtype), 0)
                                    for a in [*made[1], *made[2]])
                    tolerance = 16 * narrowest
                    size = max((abs(np.nan_to_num(a.astype(np.float64), posinf=0, neginf=0)).max()
                                for a in made[2] if a.size), default=0)
                    cases[key] = {called: (folder / called, tolerance,
                                           tolerance * max(1, size))}
    return cases
