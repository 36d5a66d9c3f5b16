"""Families with attention, in the exporters' several spellings."""
import numpy as np
from net import I64, f32, family, i64

TOKENS = ({"n": 1, "s": 12}, {"n": 3, "s": 7})


def heads(net, x, n, s, count, depth):
    """[n, s, count * depth] -> [n, count, s, depth]"""
    x = net("Reshape", x, net.shape(n, s, count, depth))
    return net("Transpose", x, perm=[0, 2, 1, 3])


def mlp(net, x, c, gelu=None):
    x = (gelu or net.gelu)(net.linear(x, c, 2 * c))
    return net.linear(x, 2 * c, c)


def attend(net, q, k, v, depth, mask=None, scale="after"):
    """q, k, v: [n, heads, s, depth]. scale: where the exporter divides by sqrt(depth)."""
    if scale == "before":
        q = net("Div", q, f32(depth**0.5))
    k = net("Transpose", k, perm=[0, 1, 3, 2])
    if scale == "both":  # scaled_dot_product_attention: the root of the scale on each side
        q, k = (net("Mul", x, f32(depth**-0.25)) for x in (q, k))
    scores = net("MatMul", q, k)
    if scale == "after":
        scores = net("Div", scores, f32(depth**0.5))
    if mask:
        scores = mask(scores)
    return net("MatMul", net("Softmax", scores, axis=-1), v)


def self_attention(net, x, n, s, count, depth, out=True, **how):
    c = count * depth
    q, k, v = (heads(net, net.linear(x, c, c), n, s, count, depth) for _ in range(3))
    y = net("Transpose", attend(net, q, k, v, depth, **how), perm=[0, 2, 1, 3])
    y = net("Reshape", y, net.shape(n, s, c))
    return net.linear(y, c, c) if out else y


@family(opset=13, steps={"attention": 1, "softmax": 0})
def vit_torchscript(net):
    """Class token expanded by a shape of the graph, q, k, v of one MatMul picked by Gather."""
    x = net.conv(net.input("image", ["n", 3, 32, 32]), 3, 32, 8, stride=8, pad=[0, 0])
    n = net.size(x, 0)
    x = net("Reshape", x, net.shape(n, 32, -1))
    x = net("Transpose", x, perm=[0, 2, 1])
    # expand(n, -1, -1), with torch's Where for the sizes of -1
    shape = net.shape(n, -1, -1)
    ones = net("ConstantOfShape", i64(3), value=onnx_tensor(1))
    minus = net("Mul", ones, i64(-1))
    shape = net("Where", net("Equal", shape, minus), ones, shape)
    token = net("Expand", net.weight(net.draw(1, 1, 32)), shape)
    x = net("Add", net("Concat", token, x, axis=1), net.weight(net.draw(1, 17, 32, scale=0.3)))
    y = net.layer_norm(x, 32)
    n, s = net.size(y, 0), net.size(y, 1)
    y = net("Reshape", net.linear(y, 32, 96), net.shape(n, s, 3, 4, 8))
    y = net("Transpose", y, perm=[2, 0, 3, 1, 4])
    q, k, v = (net("Gather", y, np.array(i), axis=0) for i in range(3))
    y = net("MatMul", q, net("Transpose", k, perm=[0, 1, 3, 2]))
    y = net("Softmax", net("Mul", y, f32(8**-0.5)), axis=-1)
    y = net("Transpose", net("MatMul", y, v), perm=[0, 2, 1, 3])
    y = net.linear(net("Reshape", y, net.shape(n, s, 32)), 32, 32)
    x = net("Add", x, y)
    x = net.layer_norm(net("Add", x, mlp(net, net.layer_norm(x, 32), 32)), 32)
    return net.gemm(net("Gather", x, np.array(0), axis=1), 32, 10)


def onnx_tensor(value):
    import onnx

    return onnx.numpy_helper.from_array(np.array([value], np.int64))


@family(opset=18, constants="initializers", steps={"attention": 1, "softmax": 0})
def vit_dynamo(net):
    """The dynamo exporter: Splits and Squeezes, static sizes but the batch, sdpa's double scale."""
    x = net.conv(net.input("image", ["n", 3, 32, 32]), 3, 32, 8, stride=8, pad=[0, 0])
    x = net("Transpose", net("Reshape", x, i64(-1, 32, 16), allowzero=1), perm=[0, 2, 1])
    x = net("Add", x, net.weight(net.draw(1, 16, 32, scale=0.3)))
    y = net("Reshape", net.linear(net.layer_norm(x, 32), 32, 96), i64(-1, 16, 3, 4, 8))
    y = net("Transpose", y, perm=[2, 0, 3, 1, 4])
    parts = net("Split", y, outputs=3, axis=0, num_outputs=3)
    q, k, v = (net("Squeeze", p, i64(0)) for p in parts)
    y = net("Transpose", attend(net, q, k, v, 8, scale="both"), perm=[0, 2, 1, 3])
    x = net("Add", x, net.linear(net("Reshape", y, i64(-1, 16, 32)), 32, 32))
    x = net("Add", x, mlp(net, net.layer_norm(x, 32), 32))
    return net.gemm(net.mean(x, [1], keepdims=0), 32, 10)


@family(opset=17, steps={"attention": 2, "softmax": 0})
def swin(net):
    """Two blocks of 4 x 4 windows on 8 x 8, the second one shifted: Roll as Slices and a Concat."""
    window, c, count = 4, 32, 4
    x = net.conv(net.input("image", ["n", 3, 32, 32]), 3, c, 4, stride=4, pad=[0, 0])
    x = net("Transpose", net("Reshape", x, i64(0, c, 64)), perm=[0, 2, 1])
    x = net.layer_norm(x, c)
    ys, xs = np.divmod(np.arange(16), 4)
    index = (ys[:, None] - ys + 3) * 7 + xs[:, None] - xs + 3

    def roll(y, shift):
        for axis in (1, 2):
            a = net.slice(y, -shift if shift > 0 else -shift, 2**62, axis)
            b = net.slice(y, 0, -shift, axis)
            y = net("Concat", a, b, axis=axis)
        return y

    for shift in (0, 2):
        y = net("Reshape", net.layer_norm(x, c), i64(-1, 8, 8, c))
        if shift:
            y = roll(y, -shift)
        y = net("Reshape", y, i64(-1, 2, window, 2, window, c))
        y = net("Reshape", net("Transpose", y, perm=[0, 1, 3, 2, 4, 5]), i64(-1, 16, c))
        y = net("Reshape", net.linear(y, c, 3 * c), i64(-1, 16, 3, count, 8))
        y = net("Transpose", y, perm=[2, 0, 3, 1, 4])
        q, k, v = (net("Gather", y, np.array(i), axis=0) for i in range(3))
        q = net("Mul", q, f32(8**-0.5))
        y = net("MatMul", q, net("Transpose", k, perm=[0, 1, 3, 2]))
        bias = net("Gather", net.weight(net.draw(49, count)), index.reshape(-1), axis=0)
        bias = net("Transpose", net("Reshape", bias, i64(16, 16, -1)), perm=[2, 0, 1])
        y = net("Add", y, net("Unsqueeze", bias, i64(0)))
        if shift:
            region = net.rng.integers(0, 2, (4, 16))
            mask = np.where(region[:, None] != region[:, :, None], -100, 0).astype(np.float32)
            y = net("Reshape", y, i64(-1, 4, count, 16, 16))
            y = net("Add", y, mask[None, :, None])
            y = net("Reshape", y, i64(-1, count, 16, 16))
        y = net("Transpose", net("MatMul", net("Softmax", y, axis=-1), v), perm=[0, 2, 1, 3])
        y = net.linear(net("Reshape", y, i64(-1, 16, c)), c, c)
        y = net("Reshape", y, i64(-1, 2, 2, window, window, c))
        y = net("Reshape", net("Transpose", y, perm=[0, 1, 3, 2, 4, 5]), i64(-1, 8, 8, c))
        if shift:
            y = roll(y, shift)
        x = net("Add", x, net("Reshape", y, i64(-1, 64, c)))
        x = net("Add", x, mlp(net, net.layer_norm(x, c), c))
    # Patch merging: every other row and column, strided Slices
    x = net("Reshape", x, i64(-1, 8, 8, c))
    parts = [net.slice(net.slice(x, a, 2**62, 1, 2), b, 2**62, 2, 2) for b in (0, 1) for a in (0, 1)]
    x = net("Reshape", net("Concat", *parts, axis=-1), i64(-1, 16, 4 * c))
    x = net.linear(net.layer_norm(x, 4 * c), 4 * c, 2 * c, bias=False)
    return net.gemm(net.mean(x, [1], keepdims=0), 2 * c, 10)


@family(opset=14)
def linear_attention(net):
    """EfficientViT: ReLU kernels, keys times values first, normalised by an appended row of ones."""
    x = net("HardSwish", net.conv(net.input("image", ["n", 3, 32, 32]), 3, 16, 3, stride=4))
    y = net.conv(x, 16, 48)
    y = net("Concat", y, net.conv(net.conv(y, 48, 48, 5, group=48), 48, 48, group=6), axis=1)
    y = net("Reshape", y, net.shape(net.size(y, 0), -1, 24, 64))
    y = net("Transpose", y, perm=[0, 1, 3, 2])
    q, k, v = (net.slice(y, a, b, 3) for a, b in ((0, 8), (8, 16), (16, 2**63 - 1)))
    q, k = net("Relu", q), net("Transpose", net("Relu", k), perm=[0, 1, 3, 2])
    v = net("Pad", v, i64(0, 0, 0, 0, 0, 0, 0, 1), f32(1))
    y = net("MatMul", q, net("MatMul", k, v))
    y = net("Div", net.slice(y, 0, -1, 3), net("Add", net.slice(y, -1, 2**63 - 1, 3), f32(1e-6)))
    y = net("Transpose", y, perm=[0, 1, 3, 2])
    y = net("Reshape", y, net.shape(net.size(x, 0), -1, 8, 8))
    return net("Add", x, net.bn(net.conv(y, 32, 16, bias=False), 16))


@family(opset=12, sizes=TOKENS, steps={"attention": 2, "softmax": 0})
def distilbert(net):
    """Masked by Equal, Expand and Where; positions are a slice as long as the ids."""
    ids = net.input("input_ids", ["n", "s"], I64, 50)
    mask = net.input("attention_mask", ["n", "s"], I64)
    n, s = net.size(ids, 0), net.size(ids, 1)
    places = net("Slice", np.arange(64)[None], i64(0), net.shape(s), i64(1))
    x = net("Add", net("Gather", net.weight(net.draw(50, 32)), ids),
            net("Gather", net.weight(net.draw(64, 32)), places))
    x = net.layer_norm(x, 32)

    def masked(scores):
        m = net("Reshape", net("Equal", mask, np.array(0)), net.shape(n, 1, 1, s))
        m = net("Expand", m, net("Shape", scores))
        return net("Where", net("Cast", m, to=9), f32(-np.finfo(np.float32).max), scores)

    for _ in range(2):
        y = self_attention(net, x, n, s, 4, 8, mask=masked, scale="before")
        x = net.layer_norm(net("Add", y, x), 32)
        x = net.layer_norm(net("Add", mlp(net, x, 32), x), 32)
    return net.gemm(net("Relu", net.gemm(net("Gather", x, np.array(0), axis=1), 32, 32)), 32, 2)


@family(opset=14, sizes=TOKENS, steps={"attention": 1, "softmax": 0})
def bert_additive_mask(net):
    """(1 - mask) * lowest is added; tanh GELU; mean pooling by the mask."""
    ids = net.input("input_ids", ["n", "s"], I64, 50)
    mask = net.input("attention_mask", ["n", "s"], I64)
    kinds = net.input("token_type_ids", ["n", "s"], I64)
    n, s = net.size(ids, 0), net.size(ids, 1)
    x = net("Add", net("Gather", net.weight(net.draw(50, 32)), ids),
            net("Gather", net.weight(net.draw(2, 32)), kinds))
    places = net("Range", np.array(0), s, np.array(1))
    x = net.layer_norm(net("Add", x, net("Gather", net.weight(net.draw(64, 32)), places)), 32)
    wide = net("Unsqueeze", net("Unsqueeze", mask, i64(1)), i64(2))
    wide = net("Sub", f32(1), net("Cast", wide, to=1))
    wide = net("Mul", wide, f32(np.finfo(np.float32).min))

    def tanh_gelu(y):
        cube = net("Mul", net("Pow", y, f32(3)), f32(0.044715))
        inner = net("Tanh", net("Mul", net("Add", y, cube), f32(0.79788456)))
        return net("Mul", net("Mul", f32(0.5), y), net("Add", f32(1), inner))

    y = self_attention(net, x, n, s, 4, 8, mask=lambda z: net("Add", z, wide))
    x = net.layer_norm(net("Add", y, x), 32)
    x = net.layer_norm(net("Add", mlp(net, x, 32, tanh_gelu), x), 32)
    shape = net("Shape", x)
    m = net("Cast", net("Expand", net("Unsqueeze", mask, i64(-1)), shape), to=1)
    pooled = net("ReduceSum", net("Mul", x, m), i64(1), keepdims=0)
    count = net("Clip", net("ReduceSum", m, i64(1), keepdims=0), f32(1e-9))
    pooled = net("Div", pooled, count)
    length = net("ReduceL2", pooled, axes=[1], keepdims=1)
    return net("Div", pooled, net("Expand", net("Clip", length, f32(1e-12)), net("Shape", pooled)))


@family(opset=14, sizes=TOKENS, steps={"attention": 1, "softmax": 0})
def clip_text(net):
    """A causal mask made in the graph, quick GELU, the end token found by ArgMax."""
    ids = net.input("input_ids", ["n", "s"], I64, 50)
    n, s = net.size(ids, 0), net.size(ids, 1)
    x = net("Add", net("Gather", net.weight(net.draw(50, 32)), ids),
            net("Slice", net.weight(net.draw(1, 16, 32)), i64(0), net.shape(s), i64(1)))
    full = net("Expand", f32(-np.inf), net.shape(s, s))
    causal = net("Trilu", full, np.array(1), upper=1)

    def quick(y):
        return net("Mul", y, net("Sigmoid", net("Mul", y, f32(1.702))))

    y = self_attention(net, net.layer_norm(x, 32), n, s, 4, 8, scale="before",
                       mask=lambda z: net("Add", z, causal))
    x = net("Add", x, y)
    x = net("Add", x, mlp(net, net.layer_norm(x, 32), 32, quick))
    x = net.layer_norm(x, 32)
    last = net("ArgMax", ids, axis=-1, keepdims=0)
    rows = net("Range", np.array(0), n, np.array(1))
    where = net("Concat", net("Unsqueeze", rows, i64(1)), net("Unsqueeze", last, i64(1)), axis=1)
    return net.linear(net("GatherND", x, where), 32, 16, bias=False)


@family(opset=17, steps={"attention": 2, "softmax": 0})
def whisper_encoder(net):
    x = net.input("mel", ["n", 20, 32])
    x = net.gelu(net.conv(x, 20, 32, (3,)))
    x = net.gelu(net.conv(x, 32, 32, (3,), stride=2))
    x = net("Transpose", x, perm=[0, 2, 1])
    x = net("Add", x, net.weight(net.draw(16, 32, scale=0.3)))
    n = net.size(x, 0)
    for _ in range(2):
        y = net.layer_norm(x, 32)
        q, k, v = (net.linear(y, 32, 32, bias=b) for b in (True, False, True))
        q = net("Mul", q, f32(8**-0.5))
        # attention over n * heads matrices
        q, k, v = (net("Reshape", heads(net, t, n, 16, 4, 8), i64(-1, 16, 8)) for t in (q, k, v))
        y = net("MatMul", q, net("Transpose", k, perm=[0, 2, 1]))
        y = net("MatMul", net("Softmax", y, axis=-1), v)
        y = net("Transpose", net("Reshape", y, net.shape(n, 4, 16, 8)), perm=[0, 2, 1, 3])
        x = net("Add", x, net.linear(net("Reshape", y, net.shape(n, 16, 32)), 32, 32))
        x = net("Add", x, mlp(net, net.layer_norm(x, 32), 32))
    return net.layer_norm(x, 32)


@family(opset=13, steps={"attention": 1, "softmax": 0})
def mobilevit(net):
    """Patches unfolded to rows by Reshape and Transpose, attention, and back."""
    x = net.silu(net.conv(net.input("image", ["n", 3, 32, 32]), 3, 16, 3, stride=2))
    y = net.conv(net.silu(net.conv(x, 16, 16, 3)), 16, 32, bias=False)
    n = net.size(y, 0)
    y = net("Reshape", y, net("Concat", net("Unsqueeze", net("Mul", n, np.array(32 * 8)), i64(0)),
                              i64(2, 8, 2), axis=0))
    y = net("Transpose", y, perm=[0, 2, 1, 3])
    y = net("Reshape", y, net.shape(n, 32, 64, 4))
    y = net("Transpose", y, perm=[0, 3, 2, 1])
    y = net("Reshape", y, i64(-1, 64, 32))
    rows = net.size(y, 0)
    y = net("Add", y, self_attention(net, net.layer_norm(y, 32), rows, 64, 4, 8))
    y = net("Add", y, mlp(net, net.layer_norm(y, 32), 32, net.silu))
    y = net("Reshape", y, net.shape(n, 4, 64, 32))
    y = net("Reshape", net("Transpose", y, perm=[0, 3, 2, 1]), i64(-1, 8, 2, 2))
    y = net("Reshape", net("Transpose", y, perm=[0, 2, 1, 3]), net.shape(n, 32, 16, 16))
    return net.conv(net("Concat", x, net.conv(y, 32, 16), axis=1), 32, 16, 3)


@family(opset=13)
def mlp_mixer(net):
    x = net.conv(net.input("image", ["n", 3, 32, 32]), 3, 32, 8, stride=8, pad=[0, 0])
    x = net("Transpose", net("Reshape", x, i64(0, 32, -1)), perm=[0, 2, 1])
    y = net("Transpose", net.layer_norm(x, 32), perm=[0, 2, 1])
    x = net("Add", x, net("Transpose", mlp(net, y, 16), perm=[0, 2, 1]))
    x = net("Add", x, mlp(net, net.layer_norm(x, 32), 32))
    return net.gemm(net.mean(net.layer_norm(x, 32), [1], keepdims=0), 32, 10)


@family(opset=13)
def einsum_attention(net):
    """Keras MultiHeadAttention by tf2onnx: Einsum, and RMSNorm by its parts."""
    x = net.input("rows", ["n", 12, 32])
    y = net("Mul", x, x)
    y = net("Sqrt", net("Add", net.mean(y, [-1]), f32(1e-6)))
    y = net("Mul", net("Div", x, y), net.weight(net.draw(32)))
    q, k, v = (net("Einsum", y, net.weight(net.draw(32, 4, 8, scale=0.2)), equation="abc,cde->abde")
               for _ in range(3))
    scores = net("Einsum", net("Mul", k, f32(8**-0.5)), q, equation="aecd,abcd->acbe")
    y = net("Einsum", net("Softmax", scores, axis=-1), v, equation="acbe,aecd->abcd")
    y = net("Einsum", y, net.weight(net.draw(4, 8, 32, scale=0.2)), equation="abcd,cde->abe")
    return net("Add", x, y)


@family(opset=13, sizes=TOKENS, steps={"attention": 2, "softmax": 0})
def gpt2(net):
    """One product split in three, a slice of a constant triangle chosen by Where."""
    ids = net.input("input_ids", ["n", "s"], I64, 50)
    n, s = net.size(ids, 0), net.size(ids, 1)
    places = net("Unsqueeze", net("Range", np.array(0), s, np.array(1)), i64(0))
    x = net("Add", net("Gather", net.weight(net.draw(50, 32)), ids),
            net("Gather", net.weight(net.draw(64, 32)), places))
    triangle = net.weight(np.tril(np.ones((1, 1, 16, 16), bool)))
    for _ in range(2):
        y = net.layer_norm(x, 32)
        parts = net.split(net.linear(y, 32, 96), [32, 32, 32], 2)
        q, k, v = (heads(net, t, n, s, 4, 8) for t in parts)

        def causal(scores):
            seen = triangle
            for axis in (2, 3):
                seen = net("Slice", seen, i64(0), net.shape(s), i64(axis), i64(1))
            return net("Where", seen, scores, f32(np.finfo(np.float32).min))

        y = net("Transpose", attend(net, q, k, v, 8, mask=causal), perm=[0, 2, 1, 3])
        x = net("Add", x, net.linear(net("Reshape", y, net.shape(n, s, 32)), 32, 32))
        x = net("Add", x, mlp(net, net.layer_norm(x, 32), 32))
    return net.linear(net.layer_norm(x, 32), 32, 50, bias=False)


@family(opset=17, steps={"attention": 1, "softmax": 0})
def yolo11_attention(net):
    """Queries, keys and values from a convolution, all in columns; values go back as a picture."""
    x = net.silu(net.conv(net.input("image", ["n", 3, 32, 32]), 3, 32, 4, stride=4, pad=[0, 0]))
    y = net("Reshape", net.conv(x, 32, 64), net.shape(net.size(x, 0), 2, 32, 64))
    q, k, v = net.split(y, [8, 8, 16], 2)
    scores = net("MatMul", net("Transpose", q, perm=[0, 1, 3, 2]), k)
    p = net("Softmax", net("Mul", scores, f32(8**-0.5)), axis=-1)
    y = net("MatMul", v, net("Transpose", p, perm=[0, 1, 3, 2]))
    shape = net.shape(net.size(x, 0), 32, 8, 8)
    y, v = net("Reshape", y, shape), net("Reshape", v, shape)
    y = net("Add", y, net.conv(v, 32, 32, 3, group=32))
    return net("Add", x, net.conv(y, 32, 32))


@family(opset=17, sizes=({"n": 1, "s": 1, "t": 12}, {"n": 2, "s": 4, "t": 7}),
        steps={"attention": 1, "softmax": 0})
def whisper_decoder(net):
    """Cross-attention of few queries to keys and values that come from outside."""
    x = net.input("rows", ["n", "s", 32])
    k, v = (net.input(name, ["n", 4, "t", 8]) for name in ("keys", "values"))
    n, s = net.size(x, 0), net.size(x, 1)
    q = heads(net, net("Mul", net.linear(net.layer_norm(x, 32), 32, 32), f32(8**-0.5)), n, s, 4, 8)
    p = net("Softmax", net("MatMul", q, net("Transpose", k, perm=[0, 1, 3, 2])), axis=-1)
    y = net("Transpose", net("MatMul", p, v), perm=[0, 2, 1, 3])
    x = net("Add", x, net.linear(net("Reshape", y, net.shape(n, s, 32)), 32, 32))
    return net.layer_norm(x, 32)
