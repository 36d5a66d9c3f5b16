"""More families: hybrids, generators, trackers, points, encoders with other positions."""
import numpy as np
import onnx
from attention import attend, mlp, self_attention
from convolutional import classify, image, relu, resize_like
from net import I64, f32, family, i64

TOKENS = ({"n": 1, "s": 12}, {"n": 3, "s": 7})
DYNAMIC_IMAGE = ({"n": 1, "h": 32, "w": 40}, {"n": 3, "h": 48, "w": 32})


def group_norm(net, x, groups, c):
    ones, zeros = np.ones(groups, np.float32), np.zeros(groups, np.float32)
    y = net("Reshape", x, i64(0, groups, -1))
    y = net("Reshape", net("InstanceNormalization", y, ones, zeros, epsilon=1e-5), net("Shape", x))
    scale, shift = (net.weight(net.draw(c, 1, 1, scale=0.2) + s) for s in (1, 0))
    return net("Add", net("Mul", y, scale), shift)


@family(opset=13)
def poolformer(net):
    x = net.conv(image(net), 3, 24, 7, stride=4)
    y = group_norm(net, x, 1, 24)
    pooled = net("AveragePool", y, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    layer_scale = net.weight(net.draw(24, 1, 1))
    x = net("Add", x, net("Mul", layer_scale, net("Sub", pooled, y)))
    y = net.conv(net.gelu(net.conv(group_norm(net, x, 1, 24), 24, 48)), 48, 24)
    return classify(net, net("Add", x, net("Mul", net.weight(net.draw(24, 1, 1)), y)), 24)


@family(opset=17)
def convnext_v2(net):
    """Global response normalisation, in channels last between Transposes."""
    x = net.conv(image(net), 3, 16, 4, stride=4, pad=[0, 0])
    y = net("Transpose", net.conv(x, 16, 16, 7, group=16), perm=[0, 2, 3, 1])
    y = net.gelu(net.linear(net.layer_norm(y, 16), 16, 64))
    g = net("ReduceL2", y, axes=[1, 2], keepdims=1)
    g = net("Div", g, net("Add", net.mean(g, [-1]), f32(1e-6)))
    z = net("Mul", net.weight(net.draw(1, 1, 1, 64)), net("Mul", y, g))
    y = net.linear(net("Add", net("Add", z, net.weight(net.draw(1, 1, 1, 64))), y), 64, 16)
    x = net("Add", x, net("Transpose", y, perm=[0, 3, 1, 2]))
    return net.gemm(net.mean(x, [-2, -1], keepdims=0), 16, 10)


@family(opset=14, steps={"attention": 1, "softmax": 0})
def swin_v2_cosine_attention(net):
    x = net.input("rows", ["n", 16, 32])
    y = net("Reshape", net.linear(x, 32, 96), i64(-1, 16, 3, 4, 8))
    y = net("Transpose", y, perm=[2, 0, 3, 1, 4])
    q, k, v = (net("Gather", y, np.array(i), axis=0) for i in range(3))

    def unit(z):
        norm = net("ReduceL2", z, axes=[-1], keepdims=1)
        return net("Div", z, net("Expand", net("Clip", norm, f32(1e-12)), net("Shape", z)))

    y = net("MatMul", unit(q), net("Transpose", unit(k), perm=[0, 1, 3, 2]))
    scale = net("Exp", net("Min", net.weight(net.draw(4, 1, 1) + 2), f32(np.log(100.0))))
    table = net.gemm(net("Relu", net.gemm(net.draw(49, 2), 2, 16)), 16, 4)
    bias = net("Gather", table, net.rng.integers(0, 49, 256), axis=0)
    bias = net("Transpose", net("Reshape", bias, i64(16, 16, 4)), perm=[2, 0, 1])
    bias = net("Mul", net("Sigmoid", bias), f32(16))
    y = net("Softmax", net("Add", net("Mul", y, scale), net("Unsqueeze", bias, i64(0))), axis=-1)
    y = net("Transpose", net("MatMul", y, v), perm=[0, 2, 1, 3])
    return net.layer_norm(net.linear(net("Reshape", y, i64(-1, 16, 32)), 32, 32), 32)


@family(opset=13, sizes=DYNAMIC_IMAGE, steps={"attention": 1, "softmax": 0})
def segformer(net):
    """Keys and values from a strided convolution over the tokens put back into an image."""
    x = net.conv(net.input("image", ["n", 3, "h", "w"]), 3, 16, 7, stride=4)
    n, h, w = (net.size(x, a) for a in (0, 2, 3))
    t = net("Transpose", net("Reshape", x, net.shape(n, 16, -1)), perm=[0, 2, 1])
    t = net.layer_norm(t, 16)
    z = net("Reshape", net("Transpose", t, perm=[0, 2, 1]), net.shape(n, 16, h, w))
    z = net("Reshape", net.conv(z, 16, 16, 2, stride=2, pad=[0, 0]), net.shape(n, 16, -1))
    z = net.layer_norm(net("Transpose", z, perm=[0, 2, 1]), 16)
    q, k, v = (net("Transpose", net("Reshape", net.linear(s, 16, 16), net.shape(n, -1, 2, 8)),
                   perm=[0, 2, 1, 3]) for s in (t, z, z))
    y = net("Transpose", attend(net, q, k, v, 8), perm=[0, 2, 1, 3])
    t = net("Add", t, net.linear(net("Reshape", y, net.shape(n, -1, 16)), 16, 16))
    y = net.linear(t, 16, 32)  # Mix-FFN: a depthwise convolution between
    y = net("Reshape", net("Transpose", y, perm=[0, 2, 1]), net.shape(n, 32, h, w))
    y = net("Reshape", net.conv(y, 32, 32, 3, group=32), net.shape(n, 32, -1))
    t = net("Add", t, net.linear(net.gelu(net("Transpose", y, perm=[0, 2, 1])), 32, 16))
    y = net("Reshape", net("Transpose", t, perm=[0, 2, 1]), net.shape(n, 16, h, w))
    return net.conv(net("Concat", y, x, axis=1), 32, 5)


@family(opset=11)
def style_transfer(net):
    """Reflected borders, instance normalisation, nearest upsampling."""
    x = net("Pad", image(net), i64(0, 0, 4, 4, 0, 0, 4, 4), mode="reflect")

    def norm(y, c):
        s, b = net.weight(net.draw(c, scale=0.3) + 1), net.weight(net.draw(c, scale=0.3))
        return net("InstanceNormalization", y, s, b, epsilon=1e-5)

    x = net("Relu", norm(net.conv(x, 3, 8, 9, pad=[0, 0]), 8))
    x = net("Pad", x, i64(0, 0, 1, 1, 0, 0, 1, 1), mode="reflect")
    x = net("Relu", norm(net.conv(x, 8, 16, 3, stride=2, pad=[0, 0]), 16))
    x = net("Resize", x, f32([]), f32([1, 1, 2, 2]), mode="nearest",
            coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    x = net("Pad", x, i64(0, 0, 1, 1, 0, 0, 1, 1), mode="reflect")
    return net("Tanh", net.conv(x, 16, 3, 3, pad=[0, 0]))


@family(opset=13)
def gan_generator(net):
    z = net.input("z", ["n", 16])
    x = net("Reshape", net.gemm(z, 16, 4 * 4 * 24), i64(-1, 24, 4, 4))
    for cin, c, extra in ((24, 16, 0), (16, 8, 1)):
        w = net.weight(net.draw(cin, c, 4 - extra, 4 - extra, scale=cin**-0.5))
        x = net("ConvTranspose", x, w, strides=[2, 2], pads=[1, 1, 1, 1],
                output_padding=[extra, extra])
        x = net("LeakyRelu", net.bn(x, c), alpha=0.2)
    return net("Tanh", net.conv(x, 8, 3, 3))


@family(opset=14, steps={"attention": 1, "softmax": 0})
def diffusion_unet(net):
    """Sines of the time step, added to the channels; GroupNorm, attention over pixels."""
    x = net.input("latent", ["n", 4, 16, 16])
    t = net("Cast", net.input("step", ["n"], I64, 1000), to=1)
    rates = np.exp(-np.log(10000.0) * np.arange(8) / 8).astype(np.float32)[None]
    t = net("Mul", net("Unsqueeze", t, i64(1)), rates)
    t = net("Concat", net("Cos", t), net("Sin", t), axis=-1)
    t = net.gemm(net.silu(net.gemm(t, 16, 32)), 32, 16)
    y = net.conv(x, 4, 16, 3)
    z = net.conv(net.silu(group_norm(net, y, 4, 16)), 16, 16, 3)
    z = net("Add", z, net("Unsqueeze", net("Unsqueeze", t, i64(-1)), i64(-1)))
    y = net("Add", y, net.conv(net.silu(group_norm(net, z, 4, 16)), 16, 16, 3))
    rows = net("Transpose", net("Reshape", group_norm(net, y, 4, 16), i64(0, 16, -1)),
               perm=[0, 2, 1])
    rows = self_attention(net, rows, net.size(rows, 0), 256, 2, 8)
    rows = net("Transpose", rows, perm=[0, 2, 1])
    y = net("Add", y, net("Reshape", rows, net("Shape", y)))
    return net.conv(y, 16, 4, 3)


@family(opset=17, sizes=TOKENS, steps={"attention": 1, "softmax": 0})
def t5_encoder(net):
    """Buckets of relative positions found in the graph; RMSNorm by its parts; gated GELU."""
    ids = net.input("input_ids", ["n", "s"], I64, 50)
    n, s = net.size(ids, 0), net.size(ids, 1)
    x = net("Gather", net.weight(net.draw(50, 32)), ids)
    places = net("Range", np.array(0), s, np.array(1))
    d = net("Sub", net("Unsqueeze", places, i64(0)), net("Unsqueeze", places, i64(1)))
    side = net("Mul", net("Cast", net("Greater", d, np.array(0)), to=7), np.array(8))
    a = net("Abs", d)
    far = net("Log", net("Div", net("Cast", a, to=1), f32(4)))
    far = net("Mul", net("Div", far, f32(np.log(4.0))), f32(4))
    far = net("Add", net("Cast", far, to=7), np.array(4))
    far = net("Min", far, net("ConstantOfShape", net("Shape", far), value=whole(7)))
    bucket = net("Add", side, net("Where", net("Less", a, np.array(4)), a, far))
    bias = net("Transpose", net("Gather", net.weight(net.draw(16, 4)), bucket), perm=[2, 0, 1])
    bias = net("Unsqueeze", bias, i64(0))

    def rms(y):
        mean = net.mean(net("Pow", y, f32(2)), [-1])
        y = net("Mul", y, net("Reciprocal", net("Sqrt", net("Add", mean, f32(1e-6)))))
        return net("Mul", net.weight(net.draw(32, scale=0.2) + 1), y)

    x = net("Add", x, self_attention(net, rms(x), n, s, 4, 8, scale="none",
                                     mask=lambda z: net("Add", z, bias)))
    y = rms(x)
    gate = net.gelu(net.linear(y, 32, 48, bias=False))
    y = net.linear(net("Mul", gate, net.linear(y, 32, 48, bias=False)), 48, 32, bias=False)
    return rms(net("Add", x, y))


def whole(value):
    return onnx.numpy_helper.from_array(np.array([value], np.int64))


@family(opset=17, sizes=({"n": 1, "s": 1, "p": 5}, {"n": 2, "s": 3, "p": 4}),
        steps={"attention": 1, "softmax": 0})
def llama_with_cache(net):
    """Rotary positions, keys and values appended to a cache, fewer of them than queries."""
    x = net.input("rows", ["n", "s", 32])
    past = net.input("past", ["n", 2, "p", 8])
    places = net.input("position_ids", ["n", "s"], I64, 30)
    n, s = net.size(x, 0), net.size(x, 1)
    rates = (1e4 ** (-np.arange(4) / 4)).astype(np.float32)[None, None]
    angle = net("Mul", net("Unsqueeze", net("Cast", places, to=1), i64(2)), rates)
    angle = net("Unsqueeze", net("Concat", angle, angle, axis=-1), i64(1))
    cos, sin = net("Cos", angle), net("Sin", angle)

    def rotary(y):
        half = net("Concat", net("Neg", net.slice(y, 4, 2**63 - 1, 3)), net.slice(y, 0, 4, 3),
                   axis=-1)
        return net("Add", net("Mul", y, cos), net("Mul", half, sin))

    def project(heads):
        y = net("Reshape", net.linear(x, 32, heads * 8, bias=False), net.shape(n, s, heads, 8))
        return net("Transpose", y, perm=[0, 2, 1, 3])

    q, k = rotary(project(4)), rotary(project(2))
    k = net("Concat", past, k, axis=2)
    total = net.size(k, 2)
    wide = net("Expand", net("Unsqueeze", k, i64(2)), net.shape(n, 2, 2, total, 8))
    wide = net("Reshape", wide, net.shape(n, 4, total, 8))
    y = net("Transpose", attend(net, q, wide, wide, 8), perm=[0, 2, 1, 3])
    y = net("Add", x, net.linear(net("Reshape", y, net.shape(n, s, 32)), 32, 32, bias=False))
    gate = net.silu(net.linear(y, 32, 48, bias=False))
    y = net("Mul", gate, net.linear(y, 32, 48, bias=False))
    return net.linear(y, 48, 32, bias=False), k


@family(opset=16)
def dlrm(net):
    dense = net.input("dense", ["n", 8])
    sparse = net.input("sparse", ["n", 3], I64, 20)
    d = net("Relu", net.gemm(net("Relu", net.gemm(dense, 8, 16)), 16, 8))
    rows = [net("Unsqueeze", d, i64(1))]
    for i in range(3):
        index = net("Gather", sparse, np.array(i), axis=1)
        rows.append(net("Unsqueeze", net("Gather", net.weight(net.draw(20, 8)), index), i64(1)))
    t = net("Concat", *rows, axis=1)
    z = net("MatMul", t, net("Transpose", t, perm=[0, 2, 1]))
    z = net("Reshape", z, i64(-1, 16))
    z = net("Gather", z, np.array([4, 8, 9, 12, 13, 14]), axis=1)
    y = net("Relu", net.gemm(net("Concat", d, z, axis=1), 14, 16))
    return net("Sigmoid", net.gemm(y, 16, 4))


@family(opset=13)
def point_net(net):
    """A matrix for each cloud, computed and applied; the largest over the points."""
    x = net.input("points", ["n", 3, 40])
    y = net("Relu", net.bn(net.conv(x, 3, 16, (1,)), 16))
    y = net("ReduceMax", y, axes=[2], keepdims=0)
    m = net("Add", net.gemm(net("Relu", net.gemm(y, 16, 16)), 16, 9), np.eye(3, dtype=np.float32).reshape(9))
    m = net("Reshape", m, i64(-1, 3, 3))
    x = net("Transpose", net("MatMul", net("Transpose", x, perm=[0, 2, 1]), m), perm=[0, 2, 1])
    x = net("Relu", net.bn(net.conv(x, 3, 24, (1,)), 24))
    x = net("MaxPool", x, kernel_shape=[40])
    return net("LogSoftmax", net.gemm(net("Reshape", x, i64(-1, 24)), 24, 5), axis=1)


@family(opset=13, sizes=({}, {}))
def siamese_tracker(net):
    """What one branch computes is the kernel of a depthwise convolution over the other."""
    template = net.input("template", [1, 3, 16, 16])
    search = net.input("search", [1, 3, 32, 32])
    z, x = (relu(net, relu(net, i, 3, 16, 3, stride=2), 16, 16, 3, stride=2)
            for i in (template, search))
    x = net("Reshape", x, i64(1, -1, 8, 8))
    z = net("Reshape", z, i64(-1, 1, 4, 4))
    y = net("Conv", x, z, group=16, strides=[1, 1])
    return net.conv(net("Mul", y, f32(0.1)), 16, 2)


@family(opset=13)
def face_embedding(net):
    x = net("PRelu", net.bn(net.conv(image(net), 3, 16, 3, bias=False), 16),
            net.weight(net.draw(16, 1, 1, scale=0.3)))
    y = net("PRelu", net.conv(net.bn(x, 16), 16, 16, 3),
            net.weight(net.draw(16, 1, 1, scale=0.3)))
    x = net("Add", net.bn(net.conv(y, 16, 16, 3, stride=2), 16),
            net.bn(net.conv(x, 16, 16, stride=2), 16))
    x = net.conv(x, 16, 24, 16, group=8, pad=[0, 0])  # a global depthwise convolution
    x = net.bn(net.gemm(net("Flatten", net("Dropout", x), axis=1), 24, 16), 16)
    norm = net("Sqrt", net("ReduceSum", net("Mul", x, x), i64(1), keepdims=1))
    return net("Div", x, net("Max", norm, f32(1e-12)))


@family(opset=12)
def google_net(net):
    x = net("MaxPool", relu(net, image(net), 3, 16, 7, stride=2), kernel_shape=[3, 3],
            strides=[2, 2], ceil_mode=1)
    x = net("LRN", x, size=5, alpha=1e-2, beta=0.75, bias=1.0)
    parts = [relu(net, x, 16, 8), relu(net, relu(net, x, 16, 8), 8, 12, 3),
             relu(net, relu(net, x, 16, 4), 4, 8, 5)]
    pool = net("MaxPool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    x = net("Concat", *parts, relu(net, pool, 16, 4), axis=1)
    return net.gemm(net("Flatten", net("GlobalAveragePool", x)), 32, 10)


@family(opset=17, sizes=({"n": 1, "t": 400}, {"n": 2, "t": 640}),
        steps={"attention": 1, "softmax": 0})
def wav2vec2(net):
    """Strided Conv1d features, LayerNorm over channels between Transposes, positions by convolution."""
    x = net("Unsqueeze", net.input("wave", ["n", "t"]), i64(1))
    for cin, c, k, stride in ((1, 16, 10, 5), (16, 32, 3, 2)):
        x = net.conv(x, cin, c, (k,), stride=stride, pad=[0], bias=False)
        x = net("Transpose", net.layer_norm(net("Transpose", x, perm=[0, 2, 1]), c), perm=[0, 2, 1])
        x = net.gelu(x)
    x = net("Transpose", x, perm=[0, 2, 1])
    p = net.conv(net("Transpose", x, perm=[0, 2, 1]), 32, 32, (8,), group=4, pad=[4])
    p = net("Transpose", net.gelu(net.slice(p, 0, -1, 2)), perm=[0, 2, 1])
    x = net.layer_norm(net("Add", x, p), 32)
    n, s = net.size(x, 0), net.size(x, 1)
    x = net("Add", x, self_attention(net, x, n, s, 4, 8))
    return net.linear(net("Add", x, mlp(net, net.layer_norm(x, 32), 32)), 32, 12)


@family(opset=16, sizes=({}, {}))
def yolo_focus_and_hard_blocks(net):
    """Focus: four strided Slices; a CSP block; decoupled head flattened and permuted."""
    x = net.input("image", [1, 3, 32, 32])
    parts = [net.slice(net.slice(x, a, 2**63 - 1, 2, 2), b, 2**63 - 1, 3, 2)
             for b in (0, 1) for a in (0, 1)]
    x = net.silu(net.conv(net("Concat", *parts, axis=1), 12, 16, 3))
    a, b = net.silu(net.conv(x, 16, 8)), net.silu(net.conv(x, 16, 8))
    a = net("Add", a, net("HardSwish", net.conv(net("HardSwish", net.conv(a, 8, 8)), 8, 8, 3)))
    x = net("Concat", a, b, axis=1)
    y = net("Concat", net.conv(x, 16, 4), net("Sigmoid", net.conv(x, 16, 4)), axis=1)
    y = net("Transpose", net("Reshape", y, i64(1, 8, -1)), perm=[0, 2, 1])
    boxes, scores = net.slice(y, 0, 4, -1), net.slice(y, 4, 8, -1)
    return boxes, net("ReduceMax", scores, axes=[-1], keepdims=0)


@family(opset=13, sizes=DYNAMIC_IMAGE)
def feature_pyramid_nearest(net):
    x = net.input("image", ["n", 3, "h", "w"])
    a = relu(net, x, 3, 16, 3, stride=2)
    b = relu(net, a, 16, 24, 3, stride=2)
    top = net.conv(b, 24, 16)
    y = net("Add", net.conv(a, 16, 16), resize_like(net, top, a, "nearest"))
    return net.conv(y, 16, 8, 3), net.conv(top, 16, 8, 3, stride=2)
