"""Random cases of the other operators on floats: sampling, spectra, sums of products, attention, and
what ONNX Runtime's optimiser fuses."""
import numpy as np

MS = "com.microsoft"


def grid_sample(m):
    n = m.rng.randint(1, 2) + 1
    x = m.array(2, 2, *m.sizes(n, 2, 5))
    grid = m.numbers.uniform(-1.6, 1.6, (2, *m.sizes(n, 1, 4), n)).astype(np.float32)
    mode = m.rng.choice(["linear", "nearest", "cubic"] if n == 2 else ["linear", "nearest"])
    return "GridSample", [x, grid], {
        "mode": mode, "padding_mode": m.rng.choice(["zeros", "border", "reflection"]),
        "align_corners": m.rng.randint(0, 1)}, 1, 20


def affine_grid(m):
    n, batch = m.rng.choice([2, 3]), m.rng.randint(1, 2)
    size = np.array([batch, 3, *m.sizes(n, 2, 5)], np.int64)
    return "AffineGrid", [m.array(batch, n, n + 1), size], m.maybe(align_corners=1), 1, 20


def deform_conv(m):
    group, offset_group = m.rng.choice([1, 2]), m.rng.choice([1, 2])
    kernel, strides = m.sizes(2, 1, 3), m.sizes(2, 1, 2)
    pads, dilations = [m.rng.randint(0, 1) for _ in range(4)], m.sizes(2, 1, 2)
    size = m.sizes(2, 5, 7)
    out = [(size[i] + pads[i] + pads[i + 2] - (kernel[i] - 1) * dilations[i] - 1) // strides[i] + 1
           for i in range(2)]
    taps = kernel[0] * kernel[1] * offset_group
    inputs = [m.array(2, 4, *size), m.array(2 * group, 4 // group, *kernel),
              m.array(2, 2 * taps, *out), m.array(2 * group) if m.rng.random() < 0.5 else None,
              m.array(2, taps, *out) if m.rng.random() < 0.5 else None]
    return "DeformConv", inputs, {"group": group, "offset_group": offset_group, "pads": pads,
                                  "strides": strides, "dilations": dilations}, 1


def frames(m):
    op = m.rng.choice(["MaxUnpool", "Col2Im", "CenterCropPad", "LpPool", "GlobalLpPool"])
    if op == "MaxUnpool":
        n = m.sizes(2, 1, 3)
        strides = m.sizes(2, 1, 3)
        kernel = [s + m.rng.randint(0, 1) for s in strides]
        count = int(np.prod([(d - 1) * s + k for d, s, k in zip(n, strides, kernel)]))
        indices = m.numbers.permutation(count)[:n[0] * n[1]].reshape(1, 1, *n).astype(np.int64)
        return op, [m.array(1, 1, *n), indices], {"kernel_shape": kernel, "strides": strides}, 1
    if op == "Col2Im":
        block, strides, image = m.sizes(2, 1, 3), m.sizes(2, 1, 2), m.sizes(2, 4, 7)
        pads = [m.rng.randint(0, 1) for _ in range(4)]
        blocks = [(image[i] + pads[i] + pads[i + 2] - block[i]) // strides[i] + 1 for i in range(2)]
        return op, [m.array(2, 3 * block[0] * block[1], blocks[0] * blocks[1]),
                    np.array(image, np.int64), np.array(block, np.int64)], {
                        "strides": strides, "pads": pads}, 1
    if op == "CenterCropPad":
        rank = m.rng.randint(1, 3)
        axes = m.rng.sample(range(rank), m.rng.randint(1, rank))
        return op, [m.array(*m.sizes(rank, 1, 8)), np.array(m.sizes(len(axes), 1, 9), np.int64)], {
            "axes": axes}, 1
    n = m.rng.randint(1, 3)
    attributes = {"p": m.rng.randint(1, 3), **(m.window(n) if op == "LpPool" else {})}
    return op, [m.array(2, 3, *m.sizes(n, 4, 7))], attributes, 1


def einsum(m):
    size = {c: m.rng.randint(1, 4) for c in "abcd"}
    equation = m.rng.choice(["ab,bc->ac", "abc,acd->abd", "ab,ab->", "aa->a", "ab->ba", "abc->b",
                             "ab,cb", "...ab,...bc->...ac", "a...,a->...", "a,b,ab->ba", "aab->b",
                             "...a,b...->...ba", "ba", "abcd,abcd->abd"])
    inputs = []
    for term in equation.split("->")[0].split(","):
        shape = []
        for part in term.replace("...", "."):
            shape += [2, m.rng.choice([1, 3])] if part == "." else [size[part]]
        inputs.append(m.array(*shape))
    return "Einsum", inputs, {"equation": equation}, 1


def det(m):
    n = m.rng.randint(1, 5)
    return "Det", [m.array(*m.sizes(m.rng.randint(0, 2), 1, 3), n, n)], {}, 1


def dft(m):
    rank = m.rng.randint(2, 3)
    x = m.array(*m.sizes(rank, 2, 9), m.rng.randint(1, 2))
    onesided = x.shape[-1] == 1 and m.rng.random() < 0.5
    attributes = {"onesided": int(onesided)}
    if not onesided and x.shape[-1] == 2:
        attributes.update(m.maybe(inverse=1))
    length = np.array(m.rng.randint(1, 12), np.int64)
    axis = np.array(m.rng.randint(0, rank - 1), np.int64)
    return "DFT", [x, length if m.rng.random() < 0.6 else None, axis], attributes, 1, 20


def stft(m):
    length = m.rng.randint(2, 9)
    inputs = [m.array(2, m.rng.randint(length, 30), 1), np.array(m.rng.randint(1, 5), np.int64),
              m.array(length), np.array(length, np.int64)]
    return "STFT", inputs, {"onesided": m.rng.randint(0, 1)}, 1


def window(m):
    if m.rng.random() < 0.4:
        inputs = [np.array(v, np.int64) for v in (m.rng.randint(1, 9), m.rng.choice([64, 400]), 8000)]
        return "MelWeightMatrix", [*inputs, np.array(m.rng.choice([0, 60]), np.float32),
                                   np.array(m.rng.choice([3000, 3800]), np.float32)], {}, 1
    op = m.rng.choice(["HannWindow", "HammingWindow", "BlackmanWindow"])
    return op, [np.array(m.rng.randint(2, 20), np.int64)], m.maybe(periodic=0), 1


def attention(m):
    heads, groups = m.rng.choice([1, 2]), m.rng.choice([1, 2])
    batch, q_len, k_len, size, v_size = m.sizes(5, 1, 5)
    flat = m.rng.random() < 0.5
    shape = lambda h, n, d: (batch, n, h * d) if flat else (batch, h, n, d)  # noqa: E731
    inputs = [m.array(*shape(heads * groups, q_len, size)), m.array(*shape(heads, k_len, size)),
              m.array(*shape(heads, k_len, v_size))]
    attributes = {"q_num_heads": heads * groups, "kv_num_heads": heads} if flat else {}
    attributes.update(m.maybe(scale=0.3, softcap=2.0))
    if q_len > 1:  # ONNX Runtime takes a single query for the last one, however many keys are new
        attributes.update(m.maybe(is_causal=1))
    past = m.rng.randint(1, 4) if m.rng.random() < 0.4 else 0
    if m.rng.random() < 0.5:
        mask = m.array(q_len, past + k_len)
        inputs.append(mask if m.rng.random() < 0.5 else mask > -0.5)
    elif past:
        inputs.append(None)
    if past:
        inputs += [m.array(batch, heads, past, size), m.array(batch, heads, past, v_size)]
    return "Attention", inputs, attributes, 3 if past else 1, 23


def padding(m, batch, steps, keys):
    """Keys that count: how many, which, or which for each query. The first always does."""
    kind = m.rng.randint(0, 2)
    if kind == 0:
        return m.numbers.integers(1, keys + 1, batch).astype(np.int32)
    mask = m.numbers.integers(0, 2, (batch, keys) if kind == 1 else (batch, steps, keys))
    mask[..., 0] = 1
    return mask.astype(np.int32)


def fused_attention(m):
    heads, (batch, steps, size, v_size, width) = m.rng.randint(1, 3), m.sizes(5, 1, 5)
    sizes = [heads * size, heads * size, heads * (v_size if m.rng.random() < 0.5 else size)]
    attributes = {"num_heads": heads, **m.maybe(unidirectional=1, scale=0.3)}
    if sizes[2] != sizes[0]:
        attributes["qkv_hidden_sizes"] = sizes
    inputs = [m.array(batch, steps, width), m.array(width, sum(sizes)), m.array(sum(sizes))]
    if m.rng.random() < 0.6:
        inputs.append(padding(m, batch, steps, steps))
    if m.rng.random() < 0.3:
        inputs += [None] * (5 - len(inputs))
        inputs.append(m.array(m.rng.choice([1, batch]), heads, steps, steps))
    return "Attention", inputs, attributes, 1, MS


def embed_norm(m):
    batch, steps, width = m.sizes(3, 1, 5)
    draw = lambda n: m.numbers.integers(0, n, (batch, steps)).astype(np.int32)  # noqa: E731
    kinds = m.rng.random() < 0.6
    inputs = [draw(7), draw(2) if kinds else None, m.array(7, width), m.array(steps + 2, width),
              m.array(2, width) if kinds else None, m.array(width), m.array(width), draw(2)]
    if m.rng.random() < 0.3:
        inputs.append(draw(steps + 2))
    return "EmbedLayerNormalization", inputs, {"epsilon": 1e-5}, 2, MS


def multi_head(m):
    heads, (batch, steps, keys, size, v_size) = m.rng.randint(1, 3), m.sizes(5, 1, 5)
    attributes = {"num_heads": heads, **m.maybe(scale=0.3)}
    shapes = [(steps, size), (keys, size), (keys, v_size)]
    inputs = [m.array(batch, n, heads * d) for n, d in shapes]
    if m.rng.random() < 0.3:  # keys and values by heads, as cross-attention keeps them
        inputs[1:] = [m.array(batch, heads, n, d) for n, d in shapes[1:]]
        inputs.append(None)
    else:
        inputs.append(m.array(heads * (2 * size + v_size)) if m.rng.random() < 0.5 else None)
    inputs.append(padding(m, batch, steps, keys) if m.rng.random() < 0.5 else None)
    if m.rng.random() < 0.3:
        inputs.append(m.array(1, heads, steps, keys))
    while inputs[-1] is None:
        inputs.pop()
    return "MultiHeadAttention", inputs, attributes, 1, MS


def rotary(m):
    batch, heads, steps, half = m.sizes(4, 1, 4)
    x = m.array(batch, heads, steps, 2 * half)
    attributes = m.maybe(interleaved=1)
    if m.rng.random() < 0.5:
        x = m.array(batch, steps, heads * 2 * half)
        attributes["num_heads"] = heads
    positions = m.numbers.integers(0, 9, (batch, steps))
    return "RotaryEmbedding", [x, m.array(9, half), m.array(9, half), positions], attributes, 1, 23


def fused_activation(m):
    x = m.array(2, *m.sizes(2))
    op = m.rng.choice(["Gelu", "BiasGelu", "FastGelu", "QuickGelu"])
    inputs = [x, m.array(x.shape[-1])][:2 if op in ("BiasGelu", "FastGelu") else 1]
    return op, inputs, {"alpha": 1.5} if op == "QuickGelu" else {}, 1, MS


def skip_norm(m):
    batch, steps, width = m.sizes(3, 1, 5)
    x = m.array(batch, steps, width)
    inputs = [x, m.array(*x.shape), m.array(width)]
    if m.rng.random() < 0.5:
        inputs += [m.array(width), m.array(width)][:m.rng.randint(1, 2)]
        return "SkipLayerNormalization", inputs, {"epsilon": 1e-5}, 1, MS
    return "SkipSimplifiedLayerNormalization", inputs, {"epsilon": 1e-5}, 1, MS


def fused_matmul(m):
    _, (a, b), _, _ = m.matmul()
    attributes = m.maybe(alpha=0.5)
    if a.ndim > 1 and b.ndim > 1 and m.rng.random() < 0.5:  # not times a vector: ORT reads rows
        a, attributes["transA"] = np.ascontiguousarray(a.swapaxes(-1, -2)), 1
    if b.ndim > 1 and m.rng.random() < 0.5:
        b, attributes["transB"] = np.ascontiguousarray(b.swapaxes(-1, -2)), 1
    return "FusedMatMul", [a, b], attributes, 1, MS


def fused_conv(m):
    _, inputs, attributes, _ = m.conv()
    attributes["activation"] = m.rng.choice(["Relu", "Tanh", "Sigmoid", "LeakyRelu", "Clip"])
    if attributes["activation"] == "LeakyRelu":
        attributes["activation_params"] = [0.2]
    if attributes["activation"] == "Clip":
        attributes["activation_params"] = [-0.5, 0.7]
    return "FusedConv", inputs, attributes, 1, MS


def fused_gemm(m):
    _, inputs, attributes, _ = m.gemm()
    attributes["activation"] = m.rng.choice(["Relu", "Tanh", "Sigmoid", "LeakyRelu"])
    if attributes["activation"] == "LeakyRelu":
        attributes["activation_alpha"] = 0.2
    return "FusedGemm", inputs, attributes, 1, MS


def nbits(m):
    n, k = m.rng.randint(1, 9), m.rng.randint(1, 80)
    block, bits = m.rng.choice([16, 32, 64]), m.rng.choice([4, 4, 8])
    blocks = -(-k // block)
    packed = m.numbers.integers(0, 256, (n, blocks, block * bits // 8)).astype(np.uint8)
    scales = m.numbers.uniform(0.01, 0.1, (n, blocks)).astype(np.float32)
    zeros = m.rng.choice([None, m.numbers.integers(0, 256, (n, -(-blocks * bits // 8))).astype(np.uint8),
                          m.numbers.uniform(0, 15, (n, blocks)).astype(np.float32)])
    if bits == 8 and zeros is not None and zeros.dtype != np.uint8:
        zeros = None
    inputs = [m.array(*m.sizes(m.rng.randint(1, 2)), k), packed, scales, zeros]
    if m.rng.random() < 0.4:
        inputs += [None, m.array(n)]
    return "MatMulNBits", inputs, {"K": k, "N": n, "bits": bits, "block_size": block}, 1, MS


KINDS = [grid_sample, affine_grid, deform_conv, frames, einsum, det, dft, stft, window, attention,
         fused_attention, multi_head, embed_norm, rotary, fused_activation, skip_norm, fused_matmul,
         fused_conv, fused_gemm, nbits]
