"""Random cases of the everyday operators: element by element, comparisons, moves, casts."""
import numpy as np

FLOATS = [np.float32, np.float32, np.float32, np.float64, np.float16]
INTS = [np.int64, np.int32, np.int8, np.uint8]
TO = {np.float32: 1, np.uint8: 2, np.int8: 3, np.int32: 6, np.int64: 7, np.bool_: 9,
      np.float16: 10, np.float64: 11}


def whole(m, *shape, dtype=np.int64, low=-50, high=50):
    if np.dtype(dtype).kind == "u":
        low = 0
    return m.numbers.integers(low, high, shape).astype(dtype)


def values(m, dtype, *shape):
    if dtype == np.bool_:
        return m.numbers.random(shape) < 0.5
    return m.array(*shape, dtype=dtype) * 3 if np.dtype(dtype).kind == "f" else whole(m, *shape, dtype=dtype)


def shape_of(m):
    return m.sizes(m.rng.randint(1, 4), 1, 5)


def unary(m):
    table = {"Abs": {}, "Acos": {}, "Acosh": {}, "Asin": {}, "Asinh": {}, "Atan": {}, "Atanh": {},
             "Ceil": {}, "Celu": {"alpha": 0.7}, "Cos": {}, "Cosh": {}, "Elu": {"alpha": 1.5},
             "Erf": {}, "Exp": {}, "Floor": {}, "HardSigmoid": {"alpha": 0.3, "beta": 0.4},
             "HardSwish": {}, "Identity": {}, "IsNaN": {}, "IsInf": {"detect_negative": 0},
             "LeakyRelu": {"alpha": 0.2}, "Log": {}, "Mish": {}, "Neg": {}, "Reciprocal": {},
             "Relu": {}, "Round": {}, "Selu": {"alpha": 1.2, "gamma": 0.9},
             "Shrink": {"lambd": 0.6, "bias": 0.3}, "Sigmoid": {}, "Sign": {}, "Sin": {},
             "Sinh": {}, "Softplus": {}, "Softsign": {}, "Sqrt": {}, "Tan": {}, "Tanh": {},
             "ThresholdedRelu": {"alpha": 0.5}, "Gelu": {"approximate": "tanh"}, "Swish": {"alpha": 0.7}}
    op = m.rng.choice(sorted(table))
    x = values(m, m.rng.choice(FLOATS), *shape_of(m))
    if op in ("Acos", "Asin", "Atanh"):
        x = np.clip(x / 10, -0.95, 0.95).astype(x.dtype)
    if op in ("Acosh", "Log", "Sqrt"):
        x = abs(x) + x.dtype.type(1.01)
    if op in ("Tan", "Reciprocal"):  # away from where a rounding of x is a change of y
        x = (abs(x) / 12 + 0.1).astype(x.dtype)
    if op.startswith("Is"):
        x[m.numbers.random(x.shape) < 0.3] = m.rng.choice([np.nan, np.inf, -np.inf])
    opset = 24 if op == "Swish" else 20 if op == "Gelu" else 19
    return op, [x], m.maybe(**table[op]), 1, opset


def whole_unary(m):
    op = m.rng.choice(["Abs", "Neg", "Sign", "Relu", "Identity", "BitwiseNot", "Not", "Clip"])
    dtype = np.bool_ if op == "Not" else m.rng.choice(INTS)
    x = values(m, dtype, *shape_of(m))
    if op == "Clip":
        return op, [x, np.array(3, dtype), np.array(20, dtype)], {}, 1
    return op, [x], {}, 1


def two(m):
    op = m.rng.choice(["And", "Or", "Xor", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitShift", "Equal",
                       "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Mod", "Add", "Sub", "Mul",
                       "Div", "Min", "Max"])
    shape = shape_of(m)
    other = [m.rng.choice([1, d]) for d in shape][m.rng.randint(0, len(shape) - 1):]
    dtype = m.rng.choice(FLOATS + INTS)
    attributes = {}
    if op in ("And", "Or", "Xor"):
        dtype = np.bool_
    elif op.startswith("Bit"):
        dtype = m.rng.choice([np.uint8, np.uint32, np.uint64] if op == "BitShift" else INTS)
    a, b = values(m, dtype, *shape), values(m, dtype, *other)
    if op == "BitShift":
        attributes, b = {"direction": m.rng.choice(["LEFT", "RIGHT"])}, b % np.array(8, dtype)
    if op in ("Mod", "Div"):
        b[abs(b) < 1] = 3
        if op == "Mod" and np.dtype(dtype).kind == "f":
            attributes = {"fmod": 1}
    return op, [a, b], attributes, 1


def many(m):
    op = m.rng.choice(["Sum", "Mean", "Max", "Min", "Where", "Concat"])
    shape = shape_of(m)
    if op == "Where":
        return op, [values(m, np.bool_, *shape), *(values(m, np.float32, *(m.rng.choice([1, d]) for d in shape))
                                                   for _ in range(2))], {}, 1
    count = m.rng.randint(1, 4)
    if op == "Concat":
        axis, dtype = m.rng.randint(-len(shape), len(shape) - 1), m.rng.choice(FLOATS + INTS)
        parts = []
        for _ in range(count):
            own = list(shape)
            own[axis] = m.rng.randint(1, 3)
            parts.append(values(m, dtype, *own))
        return op, parts, {"axis": axis}, 1
    return op, [values(m, np.float32, *(m.rng.choice([1, d]) for d in shape)) for _ in range(count)], {}, 1


def cast(m):
    kinds = FLOATS + INTS + [np.bool_]
    x = values(m, m.rng.choice(kinds), *shape_of(m))
    to = m.rng.choice(kinds)
    if np.dtype(to).kind == "u":
        x = abs(x) if x.dtype != np.bool_ else x
    if m.rng.random() < 0.3:
        return "CastLike", [x, np.zeros(1, to)], {}, 1
    return "Cast", [x], {"to": TO[to]}, 1


def best(m):
    op = m.rng.choice(["ArgMax", "ArgMin", "Hardmax"])
    shape = shape_of(m)
    x = whole(m, *shape, low=-3, high=3).astype(np.float32)  # ties
    axis = m.rng.randint(-len(shape), len(shape) - 1)
    if op == "Hardmax":
        return op, [x], {"axis": axis}, 1, m.rng.choice([11, 13])
    return op, [x], {"axis": axis, **m.maybe(keepdims=0, select_last_index=1)}, 1


def shapes(m):
    op = m.rng.choice(["Expand", "Tile", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Split", "Shape", "Size"])
    shape = shape_of(m)
    x = values(m, m.rng.choice(FLOATS + INTS), *shape)
    rank = len(shape)
    if op == "Expand":
        x = x[tuple(slice(0, 1) if m.rng.random() < 0.5 else slice(None) for _ in shape)]
        to = [m.rng.choice([1, d]) if d == x.shape[i] else d for i, d in enumerate(shape)]
        return op, [x, np.array([2] * m.rng.randint(0, 1) + to, np.int64)], {}, 1
    if op == "Tile":
        return op, [x, np.array(m.sizes(rank, 1, 3), np.int64)], {}, 1
    if op == "Flatten":
        return op, [x], {"axis": m.rng.randint(-rank, rank)}, 1
    if op == "Reshape":
        to = m.rng.choice([[-1], [0, -1], [1, -1, 1], list(reversed(shape))])
        return op, [x, np.array(to, np.int64)], {}, 1
    if op == "Squeeze":
        axes = m.rng.sample(range(rank), m.rng.randint(1, rank))
        return op, [x.reshape([1 if i in axes else d for i, d in enumerate(shape)][:rank])
                    if all(shape[a] == 1 for a in axes) else np.expand_dims(x, 0),
                    np.array(axes if all(shape[a] == 1 for a in axes) else [0], np.int64)], {}, 1
    if op == "Unsqueeze":
        return op, [x, np.array(m.rng.sample(range(rank + 2), 2), np.int64)], {}, 1
    if op == "Split":
        axis = m.rng.randint(-rank, rank - 1)
        parts = m.sizes(2, 1, 3)
        own = list(shape)
        own[axis] = sum(parts)
        return op, [values(m, np.float32, *own), np.array(parts, np.int64)], {"axis": axis}, 2
    return op, [x], m.maybe(start=1) if op == "Shape" else {}, 1


def pictures(m):
    op = m.rng.choice(["DepthToSpace", "SpaceToDepth", "GlobalAveragePool", "GlobalMaxPool", "Upsample"])
    b = m.rng.randint(1, 3)
    n, c, h, w = m.sizes(4, 1, 3)
    if op == "DepthToSpace":
        return op, [m.array(n, c * b * b, h, w)], {"blocksize": b, "mode": m.rng.choice(["DCR", "CRD"])}, 1
    if op == "SpaceToDepth":
        return op, [m.array(n, c, h * b, w * b)], {"blocksize": b}, 1
    if op == "Upsample":
        scales = np.array([1, 1, m.rng.choice([1, 1.5, 2]), m.rng.choice([1, 2, 3])], np.float32)
        return op, [m.array(n, c, h, w), scales], {"mode": m.rng.choice(["nearest", "linear"])}, 1, 9
    return op, [m.array(n, c, *m.sizes(m.rng.randint(1, 3), 1, 6))], {}, 1


def quantise(m):
    shape = m.sizes(m.rng.randint(2, 4), 1, 5)
    axis = m.rng.randint(0, len(shape) - 1)
    per_axis = m.rng.random() < 0.5
    count = (shape[axis],) if per_axis else ()
    dtype = m.rng.choice([np.uint8, np.int8])
    scale = (abs(m.array(*count)) / 20 + 0.01).astype(np.float32)
    zero = np.asarray(whole(m, *count, dtype=dtype, low=-20, high=20))
    if m.rng.random() < 0.5:
        return "QuantizeLinear", [m.array(*shape), scale, zero], {"axis": axis}, 1
    return "DequantizeLinear", [whole(m, *shape, dtype=dtype), scale, zero], {"axis": axis}, 1


def counted(m):
    op = m.rng.choice(["Range", "ConstantOfShape", "ReduceLogSum", "Mean"])
    if op == "Range":
        dtype = m.rng.choice([np.int64, np.float32])
        start = m.rng.randint(-5, 5)
        return op, [np.array(v, dtype) for v in (start, start + m.rng.randint(1, 9), m.rng.randint(1, 3))], {}, 1
    if op == "ConstantOfShape":
        return op, [np.array(m.sizes(2, 1, 4), np.int64)], {}, 1
    return op, [abs(m.array(*shape_of(m))) + 0.1], {}, 1


KINDS = [unary, whole_unary, two, many, cast, best, shapes, pictures, quantise, counted]
