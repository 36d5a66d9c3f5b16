"""Families along time: convolutions over signals, recurrent networks."""
import numpy as np
import onnx
from net import f32, family, i64

SIGNAL = ({"n": 1, "t": 40}, {"n": 3, "t": 57})


@family(opset=11, sizes=SIGNAL)
def tcn_chomp(net):
    """Padded on both sides, the future sliced off again."""
    x = net.input("signal", ["n", 4, "t"])
    cin = 4
    for dilation in (1, 2, 4):
        y = x
        for c in (cin, 16):
            pad = [2 * dilation]
            y = net.conv(y, c, 16, (3,), pad=pad, dilation=dilation)
            y = net("Relu", net.slice(y, 0, -2 * dilation, 2))
        x = net("Relu", net("Add", y, net.conv(x, cin, 16, (1,)) if cin != 16 else x))
        cin = 16
    last = net("Gather", x, np.array(-1), axis=2)
    return net.gemm(last, 16, 5)


@family(opset=17, sizes=SIGNAL)
def wavenet(net):
    """Left Pad, dilated convolution, gated by tanh and sigmoid, skips summed."""
    x = net.conv(net.input("signal", ["n", 1, "t"]), 1, 16, (1,))
    skips = None
    for dilation in (1, 2, 4):
        y = net("Pad", x, i64(0, 0, dilation, 0, 0, 0))
        y = net.conv(y, 16, 32, (2,), pad=[0], dilation=dilation)
        a, b = net.split(y, [16, 16], 1)
        y = net("Mul", net("Tanh", a), net("Sigmoid", b))
        skip = net.conv(y, 16, 8, (1,))
        skips = net("Add", skips, skip) if skips else skip
        x = net("Add", net.conv(y, 16, 16, (1,)), x)
    return net("LogSoftmax", net.conv(net("Relu", skips), 8, 12, (1,)), axis=1)


def lstm(net, x, size, hidden, state):
    w = net.weight(net.draw(2, 4 * hidden, size, scale=size**-0.5))
    r = net.weight(net.draw(2, 4 * hidden, hidden, scale=hidden**-0.5))
    b = net.weight(net.draw(2, 8 * hidden, scale=0.1))
    y, _, _ = net("LSTM", x, w, r, b, "", state, state, outputs=3, hidden_size=hidden,
                  direction="bidirectional")
    return y


@family(opset=11, sizes=({"n": 1, "w": 48}, {"n": 3, "w": 64}))
def crnn(net):
    x = net.input("line", ["n", 1, 16, "w"])
    for cin, c in ((1, 8), (8, 16)):
        x = net("MaxPool", net("Relu", net.conv(x, cin, c, 3)), kernel_shape=[2, 2], strides=[2, 2])
    x = net("MaxPool", x, kernel_shape=[4, 1], strides=[4, 1])
    x = net("Transpose", net("Squeeze", x, axes=[2]), perm=[2, 0, 1])
    zero = onnx.numpy_helper.from_array(f32([0]))
    for size in (16, 24):
        n = net.size(x, 1)
        state = net("ConstantOfShape", net.shape(2, n, 12), value=zero)
        y = lstm(net, x, size, 12, state)
        y = net("Transpose", y, perm=[0, 2, 1, 3])
        x = net("Reshape", y, i64(0, 0, -1))
    t, n = net.size(x, 0), net.size(x, 1)
    y = net.gemm(net("Reshape", x, i64(-1, 24)), 24, 11)
    return net("LogSoftmax", net("Reshape", y, net.shape(t, n, 11)), axis=2)


@family(opset=14, sizes=SIGNAL)
def gru_keyword_spotter(net):
    x = net("Relu", net.conv(net.input("mfcc", ["n", 10, "t"]), 10, 16, (5,), stride=2))
    x = net("Transpose", x, perm=[2, 0, 1])
    n = net.size(x, 1)
    state = net("Expand", f32([[[0]]]), net.shape(1, n, 20))
    w = net.weight(net.draw(1, 60, 16, scale=0.25))
    r = net.weight(net.draw(1, 60, 20, scale=0.22))
    y, h = net("GRU", x, w, r, net.weight(net.draw(1, 120, scale=0.1)), "", state, outputs=2,
               hidden_size=20, linear_before_reset=1)
    y = net("Transpose", net("Squeeze", y, i64(1)), perm=[1, 0, 2])
    score = net("Softmax", net.linear(y, 20, 1), axis=1)  # attention over time
    pooled = net("ReduceSum", net("Mul", y, score), i64(1), keepdims=0)
    both = net("Concat", pooled, net("Squeeze", h, i64(0)), axis=1)
    return net.gemm(both, 40, 6), h


@family(opset=13, sizes=({}, {}), constants="initializers")
def streaming_denoiser(net):
    """One frame in, one out, the state beside it; a gated convolution over a cache of frames."""
    frame = net.input("frame", [1, 24])
    cache = net.input("cache", [1, 24, 4])
    hidden = net.input("hidden", [1, 1, 16])
    window = net("Concat", cache, net("Unsqueeze", frame, i64(2)), axis=2)
    y = net("Relu", net.conv(window, 24, 24, (5,), group=24, pad=[0]))
    y = net("Transpose", y, perm=[2, 0, 1])
    w = net.weight(net.draw(1, 48, 24, scale=0.2))
    r = net.weight(net.draw(1, 48, 16, scale=0.25))
    _, h = net("GRU", y, w, r, net.weight(net.draw(1, 96, scale=0.1)), "", hidden, outputs=2,
               hidden_size=16, linear_before_reset=0)
    gain = net("Sigmoid", net.gemm(net("Squeeze", h, i64(0)), 16, 24))
    return net("Mul", frame, gain), net.slice(window, 1, 5, 2), h


@family(opset=17, sizes=SIGNAL)
def conformer(net):
    """Half-step feed forward, GLU, depthwise convolution with BatchNormalization, swish."""
    x = net("Transpose", net.input("features", ["n", 16, "t"]), perm=[0, 2, 1])
    y = net.linear(net.silu(net.linear(net.layer_norm(x, 16), 16, 32)), 32, 16)
    x = net("Add", x, net("Mul", y, f32(0.5)))
    y = net("Transpose", net.layer_norm(x, 16), perm=[0, 2, 1])
    a, b = net.split(net.conv(y, 16, 32, (1,)), [16, 16], 1)
    y = net("Mul", a, net("Sigmoid", b))
    y = net.silu(net.bn(net.conv(y, 16, 16, (7,), group=16), 16))
    x = net("Add", x, net("Transpose", net.conv(y, 16, 16, (1,)), perm=[0, 2, 1]))
    return net.layer_norm(x, 16)


@family(opset=13, sizes=({"n": 1, "t": 320}, {"n": 2, "t": 480}))
def spectrogram_front(net):
    """STFT as a Conv1d with a window's cosines, power, mel MatMul, log; then Conv2d over it."""
    x = net("Unsqueeze", net.input("wave", ["n", "t"]), i64(1))
    x = net("Pad", x, i64(0, 0, 16, 0, 0, 16), mode="reflect")
    y = net.conv(x, 1, 34, (32,), stride=16, pad=[0], bias=False)
    real, imaginary = net.split(y, [17, 17], 1)
    power = net("Add", net("Mul", real, real), net("Pow", imaginary, f32(2)))
    mel = np.abs(net.draw(17, 8))
    y = net("MatMul", net("Transpose", power, perm=[0, 2, 1]), mel)
    y = net("Log", net("Add", y, f32(1e-6)))
    mean = net.mean(y, [1])
    d = net("Sub", y, mean)
    y = net("Div", d, net("Add", net("Sqrt", net.mean(net("Mul", d, d), [1])), f32(1e-5)))
    y = net("Unsqueeze", net("Transpose", y, perm=[0, 2, 1]), i64(1))
    y = net("Relu", net.conv(y, 1, 8, 3, stride=2))
    return net.gemm(net.mean(y, [2, 3], keepdims=0), 8, 4)
