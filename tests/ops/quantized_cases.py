"""Random cases of quantised operators. Scales are such that values near ties occur, and zero points
odd and even."""
import numpy as np


def scale(m):
    return np.float32(m.rng.choice([0.5, 0.25, 0.1, m.rng.uniform(0.01, 0.2)]))


def zero(m, dtype):
    return np.array(m.rng.randint(0, 9) + (120 if dtype == np.uint8 else -4), dtype)


def values(m, dtype, *shape):
    info = np.iinfo(dtype)
    return m.numbers.integers(info.min, info.max, endpoint=True, size=shape).astype(dtype)


def dtype_of(m):
    return m.rng.choice([np.uint8, np.int8])


def qlinear_conv(m):
    _, (x, w, *bias), attributes, _ = m.conv()
    dtype, filters = dtype_of(m), w.shape[0]
    # int8 weights go to VNNI's unsaturated form only where the activations are unsigned.
    per_channel = m.rng.random() < 0.5
    w_scale = (m.numbers.uniform(0.001, 0.02, filters if per_channel else ())).astype(np.float32)
    w_zero = np.zeros(filters if per_channel else (), np.int8)
    inputs = [values(m, dtype, *x.shape), scale(m), zero(m, dtype),
              values(m, np.int8, *w.shape) // 2, w_scale, w_zero, scale(m), zero(m, dtype)]
    if bias:
        inputs.append(m.numbers.integers(-500, 500, filters).astype(np.int32))
    return "QLinearConv", inputs, attributes, 1


def conv_integer(m):
    _, (x, w, *_), attributes, _ = m.conv()
    inputs = [values(m, np.uint8, *x.shape), values(m, np.uint8, *w.shape)]
    inputs += [zero(m, np.uint8), zero(m, np.uint8)][:m.rng.randint(0, 2)]
    return "ConvInteger", inputs, attributes, 1


def qlinear_matmul(m):
    _, (a, b), _, _ = m.matmul()
    dtype = dtype_of(m)
    inputs = [values(m, dtype, *a.shape), scale(m), zero(m, dtype), values(m, np.int8, *b.shape) // 2,
              scale(m) / 10, zero(m, np.int8), scale(m), zero(m, dtype)]
    return "QLinearMatMul", inputs, {}, 1


def matmul_integer(m):
    _, (a, b), _, _ = m.matmul()
    dtype = dtype_of(m)
    inputs = [values(m, np.uint8, *a.shape), values(m, dtype, *b.shape)]
    if m.rng.random() < 0.6:
        inputs += [zero(m, np.uint8), zero(m, dtype)]
    return "MatMulInteger", inputs, {}, 1


def dynamic_quantize(m):
    return "DynamicQuantizeLinear", [m.array(*m.sizes(2)) + m.rng.choice([-3, 0, 3])], {}, 3


def to_float(m):
    k, n = m.sizes(2, 1, 9)
    inputs = [values(m, np.uint8, *m.sizes(1), k), values(m, np.int8, k, n) // 2, scale(m), scale(m),
              zero(m, np.uint8), zero(m, np.int8), m.array(n)]
    return "MatMulIntegerToFloat", inputs, {}, 1, "com.microsoft"


def dynamic_matmul(m):
    k, n = m.sizes(2, 1, 9)
    inputs = [m.array(*m.sizes(1), k), values(m, np.int8, k, n) // 2, scale(m), zero(m, np.int8),
              m.array(n)]
    return "DynamicQuantizeMatMul", inputs, {}, 1, "com.microsoft"


def qgemm(m):
    rows, k, n = m.sizes(3, 1, 9)
    a_t, b_t = m.rng.randint(0, 1), m.rng.randint(0, 1)
    inputs = [values(m, np.uint8, *((k, rows) if a_t else (rows, k))), scale(m), zero(m, np.uint8),
              values(m, np.int8, *((n, k) if b_t else (k, n))) // 2, scale(m) / 10,
              np.array(0, np.int8), m.numbers.integers(-500, 500, n).astype(np.int32)]
    if m.rng.random() < 0.6:
        inputs += [scale(m), zero(m, np.uint8)]
    return "QGemm", inputs, {"transA": a_t, "transB": b_t, **m.maybe(alpha=0.5)}, 1, "com.microsoft"


def quantized_binary(m):
    dtype = dtype_of(m)
    _, (a, b), _, _ = m.binary()
    inputs = [values(m, dtype, *a.shape), scale(m), zero(m, dtype), values(m, dtype, *b.shape),
              scale(m), zero(m, dtype), scale(m), zero(m, dtype)]
    if m.rng.random() < 0.2:
        inputs[2] = inputs[5] = None
    return m.rng.choice(["QLinearAdd", "QLinearMul"]), inputs, {}, 1, "com.microsoft"


def through(m, *shape):
    dtype = dtype_of(m)
    return [values(m, dtype, *shape), scale(m), zero(m, dtype), scale(m) / 10, zero(m, dtype)]


def quantized_unary(m):
    op = m.rng.choice(["QLinearSigmoid", "QLinearLeakyRelu"])
    attributes = m.maybe(alpha=0.3) if op == "QLinearLeakyRelu" else {}
    return op, through(m, *m.sizes(3)), attributes, 1, "com.microsoft"


def quantized_softmax(m):
    inputs = through(m, *m.sizes(3, 2, 7))  # over one element ONNX Runtime overflows
    lowest = np.iinfo(inputs[0].dtype).min
    inputs[3], inputs[4] = np.float32(1 / 256), np.array(lowest, inputs[0].dtype)
    return "QLinearSoftmax", inputs, {"axis": m.rng.randint(-2, 2), "opset": 13}, 1, "com.microsoft"


def quantized_concat(m):
    rank = m.rng.randint(1, 3)
    shape, axis, dtype = m.sizes(rank), m.rng.randint(0, rank - 1), dtype_of(m)
    inputs = [scale(m), zero(m, dtype)]
    for _ in range(m.rng.randint(1, 3)):
        shape[axis] = m.rng.randint(1, 5)
        inputs += [values(m, dtype, *shape), scale(m), zero(m, dtype)]
    return "QLinearConcat", inputs, {"axis": axis}, 1, "com.microsoft"


def quantized_pool(m):
    n = m.rng.randint(1, 3)
    inputs = through(m, 2, 3, *m.sizes(n, 4, 9))
    inputs[3] = inputs[1]
    if m.rng.random() < 0.4:
        return "QLinearGlobalAveragePool", inputs, m.maybe(channels_last=1), 1, "com.microsoft"
    attributes = {**m.window(n), **m.maybe(count_include_pad=1)}
    if any(s > k for s, k in zip(attributes.get("strides", []), attributes["kernel_shape"])):
        attributes.pop("auto_pad", None)  # ONNX Runtime takes negative padding there
    return "QLinearAveragePool", inputs, attributes, 1, "com.microsoft"


def quantized_where(m):
    dtype = dtype_of(m)
    shape = m.sizes(3)
    inputs = [m.numbers.random(shape) < 0.5]
    for own in (shape, shape[1:]):
        inputs += [values(m, dtype, *own), scale(m), zero(m, dtype)]
    return "QLinearWhere", [*inputs, scale(m), zero(m, dtype)], {}, 1, "com.microsoft"


KINDS = [qlinear_conv, conv_integer, qlinear_matmul, matmul_integer, dynamic_quantize, to_float,
         dynamic_matmul, qgemm, quantized_binary, quantized_unary, quantized_softmax,
         quantized_concat, quantized_pool, quantized_where]
