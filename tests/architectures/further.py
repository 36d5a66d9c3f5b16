"""More families: speech, restoration, text, graphs; kernels that are computed; old opsets."""
import numpy as np
from attention import mlp
from convolutional import image, relu
from net import I64, f32, family, i64

SIGNAL = ({"n": 1, "t": 40}, {"n": 3, "t": 57})
TOKENS = ({"n": 1, "s": 12}, {"n": 3, "s": 7})


@family(opset=13, sizes=SIGNAL)
def ecapa_tdnn(net):
    """Res2Net's chain of splits, squeeze-excite over time, attentive statistics."""
    x = net.bn(relu(net, net.input("mel", ["n", 20, "t"]), 20, 32, (5,)), 32)
    parts, done = net.split(relu(net, x, 32, 32, (1,)), [8, 8, 8, 8], 1), []
    for i, part in enumerate(parts):
        y = net("Add", part, done[-1]) if i > 1 else part
        done.append(net.bn(relu(net, y, 8, 8, (3,), dilation=2), 8) if i else y)
    y = net.conv(net("Concat", *done, axis=1), 32, 32, (1,))
    s = net("Sigmoid", net.conv(relu(net, net.mean(y, [2]), 32, 8, (1,)), 8, 32, (1,)))
    x = net("Add", net("Mul", s, y), x)
    w = net("Softmax", net.conv(net("Tanh", net.conv(x, 32, 8, (1,))), 8, 32, (1,)), axis=2)
    mean = net("ReduceSum", net("Mul", x, w), i64(2), keepdims=0)
    square = net("ReduceSum", net("Mul", net("Pow", x, f32(2)), w), i64(2), keepdims=0)
    deviation = net("Sqrt", net("Clip", net("Sub", square, net("Pow", mean, f32(2))), f32(1e-4)))
    return net.bn(net.gemm(net("Concat", mean, deviation, axis=1), 64, 16), 16)


@family(opset=11, sizes=SIGNAL)
def hifi_gan(net):
    x = net.conv(net.input("mel", ["n", 12, "t"]), 12, 16, (7,))
    for cin, c, k, stride in ((16, 8, 8, 4), (8, 4, 4, 2)):
        w = net.weight(net.draw(cin, c, k, scale=(2.0 / cin) ** 0.5))
        x = net("ConvTranspose", net("LeakyRelu", x, alpha=0.1), w, net.weight(net.draw(c)),
                kernel_shape=[k], strides=[stride], pads=[(k - stride) // 2] * 2)
        blocks = []
        for k in (3, 5):
            y = net.conv(net("LeakyRelu", x, alpha=0.1), c, c, (k,), dilation=3)
            blocks.append(net("Add", net.conv(net("LeakyRelu", y, alpha=0.1), c, c, (k,)), x))
        x = net("Div", net("Add", *blocks), f32(2))
    return net("Tanh", net.conv(net("LeakyRelu", x), 4, 1, (7,)))


@family(opset=13)
def nafnet(net):
    """LayerNorm over channels by its parts, gates that are products of halves, a pixel shuffle."""
    def norm(x):
        mean = net.mean(x, [1])
        d = net("Sub", x, mean)
        variance = net.mean(net("Pow", d, f32(2)), [1])
        y = net("Div", d, net("Sqrt", net("Add", variance, f32(1e-6))))
        scale, shift = net.weight(net.draw(1, 8, 1, 1)), net.weight(net.draw(1, 8, 1, 1))
        return net("Add", net("Mul", scale, y), shift)

    def gate(x):
        a, b = net.split(x, [8, 8], 1)
        return net("Mul", a, b)

    x = net.conv(image(net), 3, 8, 3)
    y = gate(net.conv(net.conv(norm(x), 8, 16), 16, 16, 3, group=16))
    y = net("Mul", y, net.conv(net("GlobalAveragePool", y), 8, 8))
    x = net("Add", x, net("Mul", net.conv(y, 8, 8), net.weight(net.draw(1, 8, 1, 1))))
    x = net("Add", x, net.conv(gate(net.conv(norm(x), 8, 16)), 8, 8))
    return net("DepthToSpace", net.conv(x, 8, 12), blocksize=2, mode="CRD")


@family(opset=11, sizes=TOKENS)
def text_cnn(net):
    ids = net.input("ids", ["n", "s"], I64, 50)
    x = net("Transpose", net("Gather", net.weight(net.draw(50, 16)), ids), perm=[0, 2, 1])
    found = []
    for k in (2, 3, 4):
        y = net("Relu", net.conv(x, 16, 8, (k,), pad=[0]))
        found.append(net("ReduceMax", y, axes=[2], keepdims=0))
    return net.gemm(net("Concat", *found, axis=1), 24, 4)


@family(opset=14)
def graph_convolution(net):
    """ST-GCN: an adjacency matrix times the joints, convolution over time."""
    x = net.input("joints", ["n", 3, 20, 12])
    y = net("Transpose", x, perm=[0, 1, 3, 2])
    y = net("Reshape", y, i64(0, 36, 20))
    y = net("Reshape", net.bn(y, 36), i64(0, 3, 12, 20))
    y = net.conv(net("Transpose", y, perm=[0, 1, 3, 2]), 3, 32)
    y = net("Reshape", y, i64(0, 2, 16, 20, 12))
    a = np.abs(net.draw(2, 12, 12, scale=0.3))
    y = net("Einsum", y, net.weight(a), equation="nkctv,kvw->nctw")
    y = net("Relu", net.conv(net("Relu", net.bn(y, 16)), 16, 16, (9, 1)))
    y = net("Relu", net("MatMul", y, net.weight(a[0])))
    return net.gemm(net.mean(y, [2, 3], keepdims=0), 16, 6)


@family(opset=13, sizes=({}, {}))
def conv_lstm_cell(net):
    x = net.input("frame", [1, 3, 16, 16])
    h, c = net.input("h", [1, 8, 16, 16]), net.input("c", [1, 8, 16, 16])
    gates = net.conv(net("Concat", x, h, axis=1), 11, 32, 3)
    i, f, o, g = net.split(gates, [8, 8, 8, 8], 1)
    i, f, o = (net("Sigmoid", v) for v in (i, f, o))
    c = net("Add", net("Mul", f, c), net("Mul", i, net("Tanh", g)))
    return net("Mul", o, net("Tanh", c)), c


@family(opset=8, constants="initializers")
def caffe_of_old(net):
    """Opset 8: Upsample, attributes where later there are inputs, Scale as Mul and Add."""
    x = net("Relu", net.conv(image(net), 3, 16, 3, stride=2, bias=False))
    x = net("Mul", x, net.weight(net.draw(16, 1, 1) + 1))
    x = net("Add", x, net.weight(net.draw(16, 1, 1)))
    y = net("Pad", x, pads=[0, 0, 1, 1, 0, 0, 1, 1], mode="constant", value=0.0)
    y = net("Dropout", net("MaxPool", y, kernel_shape=[3, 3], strides=[2, 2]), ratio=0.5)
    y = net("Upsample", net.conv(y, 16, 16), scales=[1.0, 1.0, 2.0, 2.0])
    x = net("Slice", net("Concat", x, y, axis=1), axes=[1], starts=[4], ends=[28])
    x = net("Sum", net("Clip", x, min=0.0, max=6.0), net("LeakyRelu", x), net("Elu", x))
    x = net("AveragePool", x, kernel_shape=[16, 16])
    x = net("Reshape", x, i64(-1, 24))
    w, b = net.weight(net.draw(24, 5)), net.weight(net.draw(5))
    return net("Softmax", net("Gemm", x, w, b), axis=1)


@family(opset=13)
def dynamic_convolution(net):
    """Kernels mixed for each of the batch: one convolution with batch times as many groups."""
    x = relu(net, image(net, h=16, w=16), 3, 8, 3)
    a = net("Flatten", net("GlobalAveragePool", x), axis=1)
    a = net("Softmax", net.gemm(a, 8, 4), axis=1)
    w = net("MatMul", a, net.weight(net.draw(4, 8 * 8 * 9, scale=0.3)))
    w = net("Reshape", w, i64(-1, 8, 8, 9))
    columns = [net("Reshape", net.slice(net.slice(p, i, i + 16, 2), j, j + 16, 3), i64(0, 8, 1, 256))
               for p in [net("Pad", x, i64(0, 0, 1, 1, 0, 0, 1, 1))]
               for i in range(3) for j in range(3)]
    columns = net("Reshape", net("Concat", *columns, axis=2), i64(0, 72, 256))  # unfold
    y = net("MatMul", net("Reshape", w, i64(-1, 8, 72)), columns)
    return net("Reshape", y, i64(0, 8, 16, 16))


@family(opset=18, sizes=TOKENS, constants="initializers", steps={"attention": 1, "softmax": 0})
def sdpa_boolean_mask(net):
    """The dynamo exporter's: a boolean mask made a float one, rows of nothing made 0."""
    x = net.input("rows", ["n", "s", 32])
    mask = net.input("mask", ["n", "s"], I64)
    n, s = (net("Squeeze", net("Shape", x, start=a, end=a + 1), i64(0)) for a in (0, 1))
    keep = net("Unsqueeze", net("Cast", mask, to=9), i64(1, 2))
    at = net("Range", np.array(0), s, np.array(1))
    causal = net("LessOrEqual", net("Unsqueeze", at, i64(0)), net("Unsqueeze", at, i64(1)))
    keep = net("And", keep, net("Unsqueeze", causal, i64(0, 1)))
    added = net("Where", keep, f32(0), f32(-np.inf))
    q, k, v = (net("Transpose", net("Reshape", net.linear(x, 32, 32), net.shape(n, s, 4, 8)),
                   perm=[0, 2, 1, 3]) for _ in range(3))
    q, k = (net("Mul", t, f32(8**-0.25)) for t in (q, net("Transpose", k, perm=[0, 1, 3, 2])))
    p = net("Softmax", net("Add", net("MatMul", q, k), added), axis=-1)
    p = net("Where", net("IsNaN", p), f32(0), p)
    y = net("Transpose", net("MatMul", p, v), perm=[0, 2, 1, 3])
    y = net("Reshape", y, net("Shape", x))
    return net("Add", x, net.linear(y, 32, 32))


@family(opset=13, sizes=SIGNAL, constants="initializers")
def keras_lstm(net):
    x = net.input("signal", ["n", "t", 6])
    y = net("Transpose", x, perm=[1, 0, 2])
    for size, hidden in ((6, 12), (12, 8)):
        w = net.weight(net.draw(1, 4 * hidden, size, scale=0.4))
        r = net.weight(net.draw(1, 4 * hidden, hidden, scale=0.3))
        b = net.weight(net.draw(1, 8 * hidden, scale=0.1))
        y, h, _ = net("LSTM", y, w, r, b, outputs=3, hidden_size=hidden)
        y = net("Squeeze", y, i64(1))
    last = net("Squeeze", h, i64(0))
    y = net("Transpose", y, perm=[1, 0, 2])
    return net("Softmax", net("Add", net("MatMul", last, net.draw(8, 4)), net.draw(4))), y


@family(opset=14, steps={"attention": 2, "softmax": 0})
def detr_decoder(net):
    """Queries that are weights, repeated for the batch, attend to pixels with sine positions."""
    x = relu(net, relu(net, image(net), 3, 16, 3, stride=4), 16, 32, 3, stride=2)
    n = net.size(x, 0)
    memory = net("Transpose", net("Reshape", x, i64(0, 32, -1)), perm=[2, 0, 1])
    places = net.weight(np.sin(np.arange(16 * 32, dtype=np.float32)).reshape(16, 1, 32))
    queries = net("Unsqueeze", net.weight(net.draw(5, 32)), i64(1))
    queries = net("Tile", queries, net.shape(1, n, 1))

    def heads(y, length):
        y = net("Reshape", y, net.shape(length, net("Mul", n, np.array(4)), 8))
        return net("Transpose", y, perm=[1, 0, 2])

    def attention(q, k, v, length):
        q = net("Mul", net.linear(q, 32, 32), f32(8**-0.5))
        q, k, v = heads(q, 5), heads(net.linear(k, 32, 32), length), heads(net.linear(v, 32, 32), length)
        p = net("Softmax", net("MatMul", q, net("Transpose", k, perm=[0, 2, 1])), axis=-1)
        y = net("Transpose", net("MatMul", p, v), perm=[1, 0, 2])
        return net.linear(net("Reshape", y, net.shape(5, n, 32)), 32, 32)

    t = net("Mul", queries, f32(0))
    t = net.layer_norm(net("Add", t, attention(queries, queries, queries, 5)), 32)
    y = attention(net("Add", t, queries), net("Add", memory, places), memory, 16)
    t = net.layer_norm(net("Add", t, y), 32)
    t = net("Transpose", net.layer_norm(net("Add", t, mlp(net, t, 32)), 32), perm=[1, 0, 2])
    return net.linear(t, 32, 4), net("Sigmoid", net.linear(t, 32, 4))


@family(opset=13)
def outlook_and_involution(net):
    """Weights for each pixel's neighbourhood: products broadcast over groups, summed."""
    x = relu(net, image(net, h=16, w=16), 3, 8, 3)
    w = net("Reshape", net.conv(relu(net, x, 8, 4), 4, 18), i64(0, 2, 1, 9, 16, 16))
    p = net("Pad", x, i64(0, 0, 1, 1, 0, 0, 1, 1))
    parts = [net.slice(net.slice(p, i, i + 16, 2), j, j + 16, 3) for i in range(3) for j in range(3)]
    u = net("Concat", *(net("Unsqueeze", q, i64(2)) for q in parts), axis=2)
    u = net("Reshape", u, i64(0, 2, 4, 9, 16, 16))
    y = net("ReduceSum", net("Mul", net("Softmax", w, axis=3), u), i64(3), keepdims=0)
    return net("Reshape", y, i64(0, 8, 16, 16))
