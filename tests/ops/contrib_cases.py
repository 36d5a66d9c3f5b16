"""Random cases of com.microsoft's operators that are ONNX's own in another form, and of attention
with a cache."""
import numpy as np

MS = "com.microsoft"


def scale_and_zero(m, x, dtype):
    """Of one tensor, or of each channel of an axis."""
    axis = m.rng.choice([None, *range(x.ndim)])
    n = () if axis is None else (x.shape[axis],)
    limits = np.iinfo(dtype)
    zero = m.numbers.integers(limits.min // 8, limits.max // 8 + 1, n).astype(dtype)
    attributes = {} if axis is None else {"axis": axis}
    return m.numbers.uniform(0.01, 0.1, n).astype(np.float32), zero, attributes


def quantize(m):
    dtype = m.rng.choice([np.uint8, np.int8, np.uint16, np.int16])
    x = m.array(*m.sizes(m.rng.randint(1, 3)))
    scale, zero, attributes = scale_and_zero(m, x, dtype)
    if m.rng.random() < 0.5:
        return "QuantizeLinear", [x, scale, zero], attributes, 1, MS
    q = (x * 40).astype(np.int64).astype(dtype)
    return "DequantizeLinear", [q, scale, zero], attributes, 1, MS


def forms(m):
    op = m.rng.choice(["Trilu", "GatherND", "Range", "ExpandDims", "Pad", "Unique", "Inverse",
                       "CDist"])
    x = m.array(*m.sizes(m.rng.randint(2, 3), 2, 5))
    if op == "Trilu":
        k = [np.int64(m.rng.randint(-2, 2))] if m.rng.random() < 0.6 else []
        return op, [x, *k], m.maybe(upper=0), 1, MS
    if op == "GatherND":
        at = np.stack([m.numbers.integers(0, d, 4) for d in x.shape[:2]], 1)
        return op, [x, at], {}, 1, MS
    if op == "Range":
        dtype = m.rng.choice([np.float32, np.int64, np.int32])
        shape = m.rng.choice([(), (1,)])
        ends = [np.full(shape, v, dtype) for v in (m.rng.randint(-3, 3), m.rng.randint(0, 9))]
        return op, ends + [np.full(shape, 2, dtype)][:m.rng.randint(0, 1)], {}, 1, MS
    if op == "ExpandDims":
        return op, [x, np.int32(m.rng.randint(-x.ndim - 1, x.ndim))], {}, 1, MS
    if op == "Pad":
        pads = np.array(m.sizes(2 * x.ndim, 0, 1), np.int64)
        if m.rng.random() < 0.5:
            pads = pads[None]
        value = [np.array([0.5], np.float32)][:m.rng.randint(0, 1)]
        return op, [x, pads, *value], {"mode": m.rng.choice(["constant", "reflect", "edge"])}, 1, MS
    if op == "Unique":
        return op, [m.numbers.integers(-2, 3, 9).astype(np.float32)], {}, 3, MS
    if op == "Inverse":
        n = m.rng.randint(1, 5)
        return op, [m.array(2, n, n) + 3 * np.eye(n, dtype=np.float32)], {}, 1, MS
    width = m.rng.randint(1, 6)
    metric = {"metric": m.rng.choice(["euclidean", "sqeuclidean"])}
    return op, [m.array(m.rng.randint(1, 5), width), m.array(m.rng.randint(1, 5), width)], metric, 1, MS


def nhwc_pool(m):
    x = m.numbers.integers(-128, 128, (2, *m.sizes(2, 4, 8), 3))
    x = x.astype(np.int8) if m.rng.random() < 0.5 else (x + 128).astype(np.uint8)
    return "NhwcMaxPool", [x], m.window(2), 1, MS


def contrib_rotary(m):
    batch, heads, steps, half = m.sizes(4, 1, 4)
    half *= 4  # ONNX Runtime's heads are of whole vectors
    x = m.array(batch, heads, steps, 2 * half)
    if m.rng.random() < 0.5:
        x = m.array(batch, steps, heads * 2 * half)
    positions = (m.numbers.integers(0, 9, (batch, steps)) if m.rng.random() < 0.6
                 else np.array([m.rng.randint(0, 4)], np.int64))
    caches = [m.array(9, half), m.array(9, half)]
    return "RotaryEmbedding", [x, positions, *caches], m.maybe(interleaved=1), 1, MS


def group_query(m):
    """A prompt, or the next step behind a cache."""
    kv, batch, half = m.rng.randint(1, 2), m.rng.randint(1, 3), 8
    heads, size = kv * m.rng.randint(1, 3), 2 * half
    prompt = m.rng.random() < 0.5
    steps = m.rng.randint(2, 5) if prompt else 1
    past = 0 if prompt else m.rng.randint(1, 4)
    total = past + steps
    widths = [heads * size, kv * size, kv * size]
    packed = m.rng.random() < 0.3
    inputs = ([m.array(batch, steps, sum(widths)), None, None] if packed
              else [m.array(batch, steps, w) for w in widths])
    lengths = np.full(batch, total - 1, np.int32)
    inputs += [m.array(batch, kv, past, size), m.array(batch, kv, past, size), lengths,
               np.int32(total)]
    attributes = {"num_heads": heads, "kv_num_heads": kv,
                  **m.maybe(softcap=2.0, scale=0.3, local_window_size=3)}
    if m.rng.random() < 0.6:
        inputs += [m.array(9, half), m.array(9, half)]
        attributes.update(do_rotary=1, **m.maybe(rotary_interleaved=1))
    else:
        inputs += [None, None]
    more = [None, None, None]
    if m.rng.random() < 0.3:
        more[1] = m.array(m.rng.choice([1, batch]), m.rng.choice([1, heads]), steps, total)
    if m.rng.random() < 0.3:
        more[2] = m.array(heads)
    elif m.rng.random() < 0.3:
        attributes["smooth_softmax"] = 1
    inputs += more
    while inputs[-1] is None:
        inputs.pop()
    return "GroupQueryAttention", inputs, attributes, 3, MS


def quantised_attention(m):
    heads, (batch, steps, size, width) = m.rng.randint(1, 3), m.sizes(4, 1, 5)
    columns = 3 * heads * size
    x = m.numbers.integers(0, 256, (batch, steps, width)).astype(np.uint8)
    dtype = m.rng.choice([np.int8, np.uint8])
    limits = np.iinfo(dtype)
    w = m.numbers.integers(limits.min, limits.max + 1, (width, columns)).astype(dtype)
    n = (columns,) if m.rng.random() < 0.5 else ()
    inputs = [x, w, m.array(columns), np.float32(0.02),
              m.numbers.uniform(0.005, 0.02, n).astype(np.float32), None, np.uint8(120)]
    if m.rng.random() < 0.5:
        inputs[5] = m.numbers.integers(1, steps + 1, batch).astype(np.int32)
    zero = m.numbers.integers(limits.min // 4, limits.max // 4, n).astype(dtype)
    return "QAttention", [*inputs, zero], {"num_heads": heads, **m.maybe(unidirectional=1)}, 1, MS


KINDS = [quantize, forms, nhwc_pool, contrib_rotary, group_query, quantised_attention]
