"""Families of convolutional networks: classifiers, segmentation, super-resolution."""
import numpy as np
from net import F32, f32, family, i64

DYNAMIC_IMAGE = ({"n": 1, "h": 32, "w": 40}, {"n": 3, "h": 48, "w": 33})


def image(net, c=3, h=32, w=32):
    return net.input("image", ["n", c, h, w])


def classify(net, x, c, classes=10):
    x = net("Flatten", net("GlobalAveragePool", x), axis=1)
    return net.gemm(x, c, classes)


def relu(net, x, *args, **kwargs):
    return net("Relu", net.conv(x, *args, **kwargs))


def shuffle(net, x, c, groups=2):
    """View, transpose, view with the sizes asked of the tensor, as torch.jit traces it."""
    n, h, w = (net.size(x, a) for a in (0, 2, 3))
    y = net("Reshape", x, net.shape(n, groups, c // groups, h, w))
    y = net("Transpose", y, perm=[0, 2, 1, 3, 4])
    return net("Reshape", y, net.shape(n, -1, h, w))


@family(opset=11)
def shufflenet_v2(net):
    x = relu(net, image(net), 3, 16, 3, stride=2)
    left = relu(net, net.conv(x, 16, 16, 3, stride=2, group=16), 16, 16)
    right = net.conv(relu(net, x, 16, 16), 16, 16, 3, stride=2, group=16)
    x = shuffle(net, net("Concat", left, relu(net, right, 16, 16), axis=1), 32)
    for _ in range(2):
        left, right = net.split(x, [16, 16], 1)
        right = net.conv(relu(net, right, 16, 16), 16, 16, 3, group=16)
        x = shuffle(net, net("Concat", left, relu(net, right, 16, 16), axis=1), 32)
    x = net.mean(x, [2, 3], keepdims=0)
    return net.gemm(x, 32, 10)


@family(opset=18, sizes=({}, {}), constants="initializers")
def shufflenet_v1_static(net):
    x = relu(net, net.input("image", [1, 3, 32, 32]), 3, 24, 3, stride=2)
    y = relu(net, x, 24, 24, group=3)
    y = net("Reshape", y, i64(1, 3, 8, 16, 16))
    y = net("Reshape", net("Transpose", y, perm=[0, 2, 1, 3, 4]), i64(1, 24, 16, 16))
    y = net.conv(net.conv(y, 24, 24, 3, group=24), 24, 24, group=3)
    return classify(net, net("Relu", net("Add", x, y)), 24)


def squeeze_excite(net, x, c, middle, act="Relu", gate="Sigmoid", pool="GlobalAveragePool"):
    s = net.mean(x, [2, 3]) if pool == "mean" else net("GlobalAveragePool", x)
    s = net.conv(s, c, middle)
    s = net.silu(s) if act == "silu" else net(act, s)
    return net("Mul", net(gate, net.conv(s, middle, c)), x)


@family(opset=17)
def regnet_y(net):
    x = relu(net, image(net), 3, 16, 3, stride=2)
    for cin, c, stride in ((16, 24, 2), (24, 24, 1)):
        y = relu(net, relu(net, x, cin, c), c, c, 3, stride=stride, group=c // 8)
        y = net.conv(squeeze_excite(net, y, c, 6), c, c)
        if cin != c:
            x = net.conv(x, cin, c, stride=stride)
        x = net("Relu", net("Add", x, y))
    return classify(net, x, 24)


@family(opset=12)
def densenet(net):
    x = net("MaxPool", relu(net, image(net), 3, 16, 7, stride=2), kernel_shape=[3, 3],
            strides=[2, 2], pads=[1, 1, 1, 1])
    c = 16
    for block in range(2):
        features = [x]
        for _ in range(3):
            y = net("Concat", *features, axis=1) if len(features) > 1 else x
            y = net.conv(net("Relu", net.bn(y, c)), c, 24, bias=False)
            features.append(net.conv(net("Relu", net.bn(y, 24)), 24, 8, 3, bias=False))
            c += 8
        x = net("Relu", net.bn(net("Concat", *features, axis=1), c))
        if block == 0:
            x = net.conv(x, c, c // 2, bias=False)
            x = net("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
            c //= 2
    return classify(net, x, c)


@family(opset=14)
def inception_v3(net):
    x = relu(net, image(net, h=35, w=35), 3, 16, 3, stride=2, pad=[0, 0])
    x = net("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    a = relu(net, x, 16, 12)
    b = relu(net, relu(net, x, 16, 8), 8, 8, (1, 7))
    b = relu(net, b, 8, 12, (7, 1))
    c = net("AveragePool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1],
            count_include_pad=1)
    d = net("AveragePool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    x = net("Concat", a, b, relu(net, c, 16, 8), relu(net, d, 16, 8), axis=1)
    e = relu(net, x, 40, 12)
    x = net("Concat", relu(net, e, 12, 8, (1, 3)), relu(net, e, 12, 8, (3, 1)),
            net("MaxPool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1]), axis=1)
    x = net("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    return classify(net, x, 56)


@family(opset=13)
def repvgg_training(net):
    x = relu(net, image(net), 3, 16, 3, stride=2)
    for _ in range(2):
        a = net.bn(net.conv(x, 16, 16, 3, bias=False), 16)
        b = net.bn(net.conv(x, 16, 16, 1, bias=False), 16)
        x = net("Relu", net("Add", net("Add", a, b), net.bn(x, 16)))
    return classify(net, x, 16)


@family(opset=13, constants="initializers")
def mobilenet_v2_tf2onnx(net):
    """NHWC outside, a Transpose wherever tf2onnx has one left, explicit Pad before strides."""
    x = net.input("image", ["n", 33, 33, 3])
    x = net("Sub", net("Mul", x, f32(2.0)), f32(1.0))
    x = net("Transpose", x, perm=[0, 3, 1, 2])
    x = net("Pad", x, i64(0, 0, 0, 0, 0, 0, 1, 1))
    x = net.bn(net.conv(x, 3, 16, 3, stride=2, pad=[0, 0], bias=False), 16)
    x = net("Clip", x, f32(0), f32(6))
    y = net("Clip", net.bn(net.conv(x, 16, 32, bias=False), 32), f32(0), f32(6))
    y = net("Pad", y, i64(0, 0, 0, 0, 0, 0, 1, 1))
    y = net("Min", net("Relu", net.conv(y, 32, 32, 3, stride=2, group=32, pad=[0, 0])), f32(6))
    x = net.bn(net.conv(y, 32, 24, bias=False), 24)
    y = net("Transpose", x, perm=[0, 2, 3, 1])
    y = net("LeakyRelu", net("Add", y, net.draw(24)), alpha=0.1)
    y = net.conv(net("Transpose", y, perm=[0, 3, 1, 2]), 24, 24, 3)
    x = net("Transpose", net("Add", x, y), perm=[0, 2, 3, 1])
    x = net.mean(x, [1, 2], keepdims=0)
    x = net("Add", net("MatMul", x, net.draw(24, 10, scale=0.2)), net.draw(10))
    return net("Softmax", x, axis=-1)


@family(opset=17)
def efficientnet(net):
    x = net.silu(net.conv(image(net), 3, 16, 3, stride=2))
    for k, stride in ((3, 2), (5, 1)):
        y = net.silu(net.conv(x, 16, 48))
        y = net.silu(net.conv(y, 48, 48, k, stride=stride, group=48))
        y = net.conv(squeeze_excite(net, y, 48, 4, act="silu", pool="mean"), 48, 16)
        x = y if stride == 2 else net("Add", y, x)
    return classify(net, net.silu(net.conv(x, 16, 64)), 64)


@family(opset=11)
def ghostnet(net):
    def ghost(x, cin, cout, act):
        a = net.conv(x, cin, (cout + 1) // 2)
        a = net("Relu", a) if act else a
        b = net.conv(a, (cout + 1) // 2, (cout + 1) // 2, 3, group=(cout + 1) // 2)
        b = net("Relu", b) if act else b
        return net.slice(net("Concat", a, b, axis=1), 0, cout, 1)

    x = relu(net, image(net), 3, 16, 3, stride=2)
    y = ghost(x, 16, 47, True)
    s = net.conv(net("Relu", net.conv(net("GlobalAveragePool", y), 47, 12)), 12, 47)
    s = net("Div", net("Clip", net("Add", s, f32(3)), f32(0), f32(6)), f32(6))
    x = net("Add", ghost(net("Mul", y, s), 47, 16, False), x)
    x = net.conv(x, 16, 32)  # hard swish by its parts
    x = net("Mul", x, net("Div", net("Clip", net("Add", x, f32(3)), f32(0), f32(6)), f32(6)))
    return classify(net, x, 32)


@family(opset=18, constants="initializers")
def convmixer(net):
    x = net.bn(net.gelu(net.conv(image(net), 3, 32, 4, stride=4, pad=[0, 0])), 32)
    for _ in range(2):
        x = net("Add", net.bn(net.gelu(net.conv(x, 32, 32, 5, group=32)), 32), x)
        x = net.bn(net.gelu(net.conv(x, 32, 32)), 32)
    x = net("ReduceMean", x, i64(-1, -2), keepdims=0)
    return net.gemm(x, 32, 10)


def up(net, x, cin, cout):
    w = net.draw(cin, cout, 2, 2, scale=cin**-0.5)
    return net("ConvTranspose", x, net.weight(w), net.weight(net.draw(cout, scale=0.1)),
               kernel_shape=[2, 2], strides=[2, 2])


@family(opset=16, sizes=DYNAMIC_IMAGE)
def unet(net):
    """Skip connections; the upsampled is padded to the skip's size, which only the input knows."""
    a = relu(net, net.input("image", ["n", 1, "h", "w"]), 1, 8, 3)
    b = relu(net, net("MaxPool", a, kernel_shape=[2, 2], strides=[2, 2]), 8, 16, 3)
    x = relu(net, net("MaxPool", b, kernel_shape=[2, 2], strides=[2, 2]), 16, 32, 3)
    for skip, cin, c in ((b, 32, 16), (a, 16, 8)):
        x = up(net, x, cin, c)
        dh, dw = (net("Sub", net.size(skip, a), net.size(x, a)) for a in (2, 3))
        x = net("Pad", x, net.shape(0, 0, 0, 0, 0, 0, dh, dw), f32(0))
        x = relu(net, net("Concat", skip, x, axis=1), 2 * c, c, 3)
    return net("Sigmoid", net.conv(x, 8, 1))


@family(opset=11)
def super_resolution(net):
    x = image(net, 1, 12, 10)
    y = net("PRelu", net.conv(x, 1, 16, 5), net.weight(net.draw(16, 1, 1, scale=0.3)))
    for _ in range(2):
        y = net("Add", y, net.conv(relu(net, y, 16, 16, 3), 16, 16, 3))
    y = net("DepthToSpace", net.conv(y, 16, 16, 3), blocksize=2, mode="CRD")
    y = net.conv(y, 4, 4, 3)  # the second shuffle by its parts, as torch before 1.7 has it
    y = net("Reshape", y, i64(-1, 1, 2, 2, 24, 20))
    y = net("Reshape", net("Transpose", y, perm=[0, 1, 4, 2, 5, 3]), i64(-1, 1, 48, 40))
    base = net("Resize", x, f32([]), f32([1, 1, 4, 4]), mode="cubic", cubic_coeff_a=-0.75,
               coordinate_transformation_mode="half_pixel")
    return net("Add", y, base)


def resize_like(net, x, like, mode="linear", align=False):
    """F.interpolate(size=like.shape[2:]): sizes are the batch and channels of x, then like's."""
    own = net.slice(net("Shape", x), 0, 2, 0)
    sizes = net("Concat", own, net.slice(net("Shape", like), 2, 4, 0), axis=0)
    attributes = {"nearest_mode": "floor"} if mode == "nearest" else {}
    where = "align_corners" if align else "pytorch_half_pixel"
    none = f32([]) if net.opset < 13 else ""  # were not optional in 11
    return net("Resize", x, none, none, sizes, mode=mode, cubic_coeff_a=-0.75,
               coordinate_transformation_mode=where if mode == "linear" else "asymmetric",
               **attributes)


@family(opset=16, sizes=DYNAMIC_IMAGE)
def lr_aspp(net):
    x = net.input("image", ["n", 3, "h", "w"])
    low = net("HardSwish", net.conv(x, 3, 16, 3, stride=2))
    high = net("HardSwish", net.conv(relu(net, low, 16, 24, 3, stride=2), 24, 32, 3, stride=2))
    gate = net("Sigmoid", net.conv(net("GlobalAveragePool", high), 32, 24, bias=False))
    y = net("Mul", relu(net, high, 32, 24), gate)
    y = net.conv(resize_like(net, y, low), 24, 5)
    y = net("Add", y, net.conv(low, 16, 5))
    return resize_like(net, y, x)


def aspp(net, x):
    branches = [relu(net, x, 24, 8)]
    branches += [relu(net, x, 24, 8, 3, dilation=d) for d in (2, 4)]
    pooled = relu(net, net("GlobalAveragePool", x), 24, 8)
    return branches, pooled


@family(opset=11, sizes=DYNAMIC_IMAGE)
def deeplab_v3_dynamic(net):
    x = net.input("image", ["n", 3, "h", "w"])
    y = relu(net, relu(net, x, 3, 16, 3, stride=2), 16, 24, 3, stride=2)
    branches, pooled = aspp(net, y)
    y = net("Concat", *branches, resize_like(net, pooled, y), axis=1)
    y = net.conv(relu(net, y, 32, 16), 16, 5)
    return net("ArgMax", resize_like(net, y, x, align=True), axis=1, keepdims=0), y


@family(opset=18, constants="initializers")
def deeplab_v3_static(net):
    y = relu(net, relu(net, image(net), 3, 16, 3, stride=2), 16, 24, 3, stride=2)
    branches, pooled = aspp(net, y)
    pooled = net("Resize", pooled, "", f32([1, 1, 8, 8]), mode="linear",
                 coordinate_transformation_mode="half_pixel")
    y = net.conv(relu(net, net("Concat", *branches, pooled, axis=1), 32, 16), 16, 5)
    y = net("Resize", y, "", f32([1, 1, 4, 4]), mode="linear",
            coordinate_transformation_mode="half_pixel")
    return net("Softmax", y, axis=1)


@family(opset=13, sizes=DYNAMIC_IMAGE)
def bifpn(net):
    """EfficientDet's weighted fusion: weights are normalised in the graph."""
    x = net.input("image", ["n", 3, "h", "w"])
    p3 = net.silu(net.conv(x, 3, 16, 3, stride=2))
    p4 = net.silu(net.conv(p3, 16, 16, 3, stride=2))
    p5 = net("MaxPool", p4, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    for skip in (p4, p3):
        w = net("Relu", net.weight(net.rng.random(2).astype(np.float32)))
        w = net("Div", w, net("Add", net("ReduceSum", w, i64(0), keepdims=0), f32(1e-4)))
        a = net("Mul", net("Gather", w, np.array(0), axis=0), skip)
        b = resize_like(net, p5, skip, "nearest")
        y = net("Add", a, net("Mul", net("Gather", w, np.array(1), axis=0), b))
        y = net.conv(net.silu(y), 16, 16, 3, group=16, bias=False)
        p5 = net.bn(net.conv(y, 16, 16), 16)
    return p5


@family(opset=13)
def group_norm_head(net):
    """FCOS: GroupNorm as torch writes it, InstanceNormalization between two Reshapes."""
    x = relu(net, image(net), 3, 24, 3, stride=4)
    ones, zeros = np.ones(4, np.float32), np.zeros(4, np.float32)
    for _ in range(2):
        x = net.conv(x, 24, 24, 3)
        y = net("Reshape", x, i64(0, 4, -1))
        y = net("InstanceNormalization", y, ones, zeros, epsilon=1e-5)
        y = net("Reshape", y, net("Shape", x))
        y = net("Add", net("Mul", y, net.weight(net.draw(24, 1, 1) + 1)),
                net.weight(net.draw(24, 1, 1, scale=0.1)))
        x = net("Relu", y)
    boxes = net("Exp", net("Mul", net.conv(x, 24, 4, 3), f32([0.3])))
    return net.conv(x, 24, 5, 3), boxes


@family(opset=13)
def highway_of_activations(net):
    """One of each activation exporters write out."""
    x = net.conv(image(net), 3, 16, 3, stride=2)
    x = net("Mul", x, net("Sigmoid", net("Mul", x, f32(1.702))))  # quick GELU
    x = net.conv(x, 16, 16)
    inner = net("Mul", net("Add", x, net("Mul", net("Pow", x, f32(3)), f32(0.044715))),
                f32(0.7978845608))
    x = net("Mul", net("Mul", x, f32(0.5)), net("Add", net("Tanh", inner), f32(1)))  # tanh GELU
    x = net.conv(x, 16, 16)
    x = net("Mul", x, net("HardSigmoid", x, alpha=1 / 6, beta=0.5))
    x = net.conv(x, 16, 16)
    x = net("Mul", x, net("Tanh", net("Softplus", x)))  # Mish
    x = net.conv(x, 16, 16)
    x = net("Elu", net("Clip", x, f32(-3), ""), alpha=0.7)
    x = net.conv(x, 16, 16)
    a, b = net.split(x, [8, 8], 1)
    return net("Mul", a, net("Sigmoid", b))  # GLU


@family(opset=11, constants="initializers")
def keras_same_padding(net):
    """auto_pad, which keras2onnx leaves to the reader; the odd one of a stride goes to the end."""
    def same(x, cin, cout, k, stride, group=1, where="SAME_UPPER"):
        w = net.draw(cout, cin // group, k, k, scale=(1.5 * group / cin) ** 0.5 / k)
        return net("Conv", x, net.weight(w), net.weight(net.draw(cout, scale=0.2)), auto_pad=where,
                   strides=[stride, stride], kernel_shape=[k, k], group=group)

    x = net("Relu", same(image(net, h=33, w=30), 3, 16, 3, 2))
    x = net("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
    y = net("Relu", net.bn(same(x, 16, 16, 4, 1, group=16), 16))
    y = net("AveragePool", y, kernel_shape=[3, 3], strides=[1, 1], auto_pad="SAME_UPPER")
    x = net("Concat", x, same(y, 16, 16, 3, 1, where="SAME_LOWER"), axis=1)
    return classify(net, net("Selu", x), 32)


@family(opset=13, sizes=DYNAMIC_IMAGE, constants="initializers")
def fully_convolutional_tf2onnx(net):
    """Dynamic height and width, NHWC; DepthToSpace of TensorFlow's order, Tile and Clip."""
    x = net.input("image", ["n", "h", "w", 3])
    x = net("Transpose", net("Div", x, f32(255.0)), perm=[0, 3, 1, 2])
    for cin, c in ((3, 12), (12, 12)):
        w = net.weight(net.draw(c, cin, 3, 3, scale=(c * 9.0) ** -0.5))
        x = net("Relu", net("Conv", x, w, net.weight(net.draw(c, scale=0.2)), auto_pad="SAME_UPPER",
                            kernel_shape=[3, 3], strides=[1, 1]))
    y = net("Transpose", net("DepthToSpace", x, blocksize=2), perm=[0, 2, 3, 1])
    y = net("Tile", y, i64(1, 1, 1, 2))
    y = net("Add", y, net.draw(6, scale=0.3))
    return net("Clip", y, f32(-0.2), f32(0.5))
