"""Families of detectors, with what decodes their boxes in the graph."""
import numpy as np
from convolutional import relu
from net import f32, family, i64

DYNAMIC_IMAGE = ({"n": 1, "h": 32, "w": 64}, {"n": 3, "h": 64, "w": 32})


def ssd_heads(net, x, classes):
    """Feature maps of 8 x 8 and 4 x 4, two anchors each: [n, 160, 4] and [n, 160, classes]."""
    a = relu(net, relu(net, x, 3, 16, 3, stride=2), 16, 24, 3, stride=2)
    maps, boxes, scores = [(a, 24), (relu(net, a, 24, 32, 3, stride=2), 32)], [], []
    for y, c in maps:
        for results, size in ((boxes, 4), (scores, classes)):
            z = net("Transpose", net.conv(y, c, 2 * size, 3), perm=[0, 2, 3, 1])
            results.append(net("Reshape", z, net.shape(net.size(z, 0), -1, size)))
    return net("Concat", *boxes, axis=1), net("Concat", *scores, axis=1)


def anchors(net):
    centres = [((np.indices((s, s)).reshape(2, -1).T + 0.5) / s).repeat(2, 0) for s in (8, 4)]
    sizes = np.tile([[0.25, 0.2], [0.4, 0.6]], (80, 1))
    return np.concatenate([np.concatenate(centres), sizes], 1).astype(np.float32)


def decode(net, boxes):
    """Centre and size against anchors, to corners."""
    a = anchors(net)
    centre = net("Mul", net.slice(boxes, 0, 2, 2), f32(0.1))
    centre = net("Add", net("Mul", centre, a[None, :, 2:]), a[None, :, :2])
    size = net("Exp", net("Mul", net.slice(boxes, 2, 2**62, 2), f32(0.2)))
    half = net("Div", net("Mul", size, a[None, :, 2:]), f32(2))
    return net("Concat", net("Sub", centre, half), net("Add", centre, half), axis=2)


@family(opset=11, sizes=({}, {}))
def ssd_non_max_suppression(net):
    """NonMaxSuppression, then its rows gathered: results as long as what was found."""
    boxes, scores = ssd_heads(net, net.input("image", [1, 3, 32, 32]), 4)
    boxes = decode(net, boxes)
    scores = net("Transpose", net("Softmax", scores, axis=2), perm=[0, 2, 1])
    kept = net("NonMaxSuppression", boxes, scores, i64(10), f32([0.45]), f32([0.3]))
    which = net("Gather", kept, np.array(2), axis=1)
    classes = net("Gather", kept, np.array(1), axis=1)
    found = net("Gather", net("Squeeze", boxes, axes=[0]), which, axis=0)
    flat = net("Reshape", scores, i64(-1))
    score = net("Gather", flat, net("Add", net("Mul", classes, np.array(160)), which), axis=0)
    return found, score, net("Cast", classes, to=6)


@family(opset=11, sizes=({}, {}))
def ssd_torchvision(net):
    """Score threshold by NonZero, the best by TopK with k the smaller of two, clipped boxes."""
    boxes, scores = ssd_heads(net, net.input("image", [1, 3, 32, 32]), 3)
    boxes = net("Squeeze", decode(net, boxes), axes=[0])
    scores = net("Squeeze", net("Softmax", scores, axis=2), axes=[0])
    score = net("Squeeze", net.slice(scores, 1, 2, 1), axes=[1])
    keep = net("NonZero", net("Greater", score, f32(0.3)))
    keep = net("Squeeze", net("Transpose", keep, perm=[1, 0]), axes=[1])
    score, boxes = net("Gather", score, keep, axis=0), net("Gather", boxes, keep, axis=0)
    count = net("Cast", net("Shape", score), to=7)
    k = net("ReduceMin", net("Concat", i64(20), count, axis=0), axes=[0], keepdims=1)
    best, index = net("TopK", score, k, outputs=2, axis=0)
    boxes = net("Clip", net("Gather", boxes, index, axis=0), f32(0), f32(1))
    return net("Mul", boxes, f32([32, 32, 32, 32])), best, index


@family(opset=12)
def ssd_top_k(net):
    """A fixed number of candidates of every picture, gathered by GatherElements."""
    boxes, scores = ssd_heads(net, net.input("image", ["n", 3, 32, 32]), 5)
    best = net("ReduceMax", net("Sigmoid", scores), axes=[2], keepdims=0)
    classes = net("ArgMax", scores, axis=2, keepdims=0)
    best, index = net("TopK", best, i64(12), outputs=2, axis=1)
    rows = net("Unsqueeze", index, axes=[2])
    boxes = net("GatherElements", decode(net, boxes), net("Tile", rows, i64(1, 1, 4)), axis=1)
    return boxes, best, net("GatherElements", classes, index, axis=1)


def backbone(net, x):
    a = net.silu(net.conv(x, 3, 16, 3, stride=4))
    b = net.silu(net.conv(a, 16, 32, 3, stride=2))
    pool = [b]
    for _ in range(2):  # spatial pyramid pooling, fast
        pool.append(net("MaxPool", pool[-1], kernel_shape=[5, 5], strides=[1, 1], pads=[2] * 4))
    b = net.silu(net.conv(net("Concat", *pool, axis=1), 96, 32))
    c = net("Resize", b, f32([]) if net.opset < 13 else "", f32([1, 1, 2, 2]), mode="nearest",
            coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    a = net.silu(net.conv(net("Concat", c, a, axis=1), 48, 16, 3))
    return (a, 16, 8), (b, 32, 4)


@family(opset=12)
def yolov5(net):
    """Static grid, Sigmoid of all, xy and wh by Split, Pow and Concat."""
    found = []
    for (x, c, size), stride in zip(backbone(net, net.input("image", ["n", 3, 32, 32])), (4, 8)):
        x = net.conv(x, c, 2 * 8)
        x = net("Reshape", x, net.shape(net.size(x, 0), 2, 8, size, size))
        x = net("Sigmoid", net("Transpose", x, perm=[0, 1, 3, 4, 2]))
        xy, wh, rest = net.split(x, [2, 2, 4], 4)
        grid = np.indices((size, size))[::-1].transpose(1, 2, 0)[None, None].astype(np.float32)
        xy = net("Mul", net("Add", net("Mul", xy, f32(2)), grid - 0.5), f32(stride))
        wh = net("Mul", net("Pow", net("Mul", wh, f32(2)), f32(2)),
                 f32([[4, 6], [10, 8]]).reshape(1, 2, 1, 1, 2))
        y = net("Concat", xy, wh, rest, axis=4)
        found.append(net("Reshape", y, net.shape(net.size(x, 0), -1, 8)))
    return net("Concat", *found, axis=1)


@family(opset=16, sizes=DYNAMIC_IMAGE)
def yolov3_dynamic_grid(net):
    """Grids made of Ranges as long as the feature map, broadcast by Expand; Slice and Exp."""
    found = []
    for (x, c, _), stride in zip(backbone(net, net.input("image", ["n", 3, "h", "w"])), (4, 8)):
        x = net.conv(x, c, 2 * 7)
        n, h, w = (net.size(x, a) for a in (0, 2, 3))
        x = net("Reshape", x, net.shape(n, 2, 7, h, w))
        x = net("Transpose", x, perm=[0, 1, 3, 4, 2])
        ys = net("Range", np.array(0), h, np.array(1))
        xs = net("Range", np.array(0), w, np.array(1))
        ys = net("Expand", net("Reshape", ys, i64(-1, 1)), net.shape(h, w))
        xs = net("Expand", net("Reshape", xs, i64(1, -1)), net.shape(h, w))
        grid = net("Concat", net("Unsqueeze", xs, i64(-1)), net("Unsqueeze", ys, i64(-1)), axis=-1)
        grid = net("Reshape", net("Cast", grid, to=1), net.shape(1, 1, h, w, 2))
        xy = net("Add", net("Sigmoid", net.slice(x, 0, 2, 4)), grid)
        wh = net("Mul", net("Exp", net.slice(x, 2, 4, 4)), f32([1.5, 2.5]))
        rest = net("Sigmoid", net.slice(x, 4, 2**63 - 1, 4))
        y = net("Concat", net("Mul", xy, f32(stride)), net("Mul", wh, f32(stride)), rest, axis=-1)
        found.append(net("Reshape", y, net.shape(n, -1, 7)))
    return net("Concat", *found, axis=1)


@family(opset=11)
def yolov8_dfl(net):
    """Distances as expectations over bins: Softmax, then a convolution with 0, 1, 2, ..."""
    found = []
    for x, c, size in backbone(net, net.input("image", ["n", 3, 32, 32])):
        x = net("Concat", net.conv(x, c, 32), net.conv(x, c, 3), axis=1)
        found.append(net("Reshape", x, i64(0, 35, -1)))
    x = net("Concat", *found, axis=2)
    boxes, classes = net.split(x, [32, 3], 1)
    y = net("Transpose", net("Reshape", boxes, i64(0, 4, 8, 80)), perm=[0, 2, 1, 3])
    bins = np.arange(8, dtype=np.float32).reshape(1, 8, 1, 1)
    y = net("Conv", net("Softmax", y, axis=1), net.weight(bins), kernel_shape=[1, 1])
    y = net("Reshape", y, i64(0, 4, 80))
    near, far = net.slice(y, 0, 2, 1), net.slice(y, 2, 4, 1)
    points = net.rng.random((1, 2, 80)).astype(np.float32) * 8
    near, far = net("Sub", points, near), net("Add", points, far)
    centre = net("Div", net("Add", near, far), f32(2))
    boxes = net("Concat", centre, net("Sub", far, near), axis=1)
    return net("Concat", net("Mul", boxes, f32(4)), net("Sigmoid", classes), axis=1)


@family(opset=13)
def centernet(net):
    """Peaks are where MaxPool changes nothing; the best of them by TopK, columns by Mod and Div."""
    x = relu(net, relu(net, net.input("image", ["n", 3, 32, 32]), 3, 16, 3, stride=2), 16, 24, 3)
    heat = net("Sigmoid", net.conv(relu(net, x, 24, 16, 3), 16, 2))
    most = net("MaxPool", heat, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    heat = net("Mul", heat, net("Cast", net("Equal", most, heat), to=1))
    best, index = net("TopK", net("Reshape", heat, i64(0, -1)), i64(10), outputs=2, axis=1)
    place = net("Mod", index, np.array(256))
    ys = net("Cast", net("Div", place, np.array(16)), to=1)
    xs = net("Cast", net("Mod", place, np.array(16)), to=1)
    size = net("Transpose", net.conv(x, 24, 2), perm=[0, 2, 3, 1])
    size = net("Reshape", size, i64(0, -1, 2))
    rows = net("Expand", net("Unsqueeze", place, i64(2)), net.shape(net.size(place, 0), 10, 2))
    size = net("GatherElements", size, rows, axis=1)
    points = net("Concat", net("Unsqueeze", xs, i64(2)), net("Unsqueeze", ys, i64(2)), axis=2)
    return net("Concat", points, size, axis=2), best, net("Div", index, np.array(256))


@family(opset=13)
def keypoints_soft_argmax(net):
    x = relu(net, relu(net, net.input("image", ["n", 3, 32, 32]), 3, 16, 3, stride=2), 16, 24, 3)
    heat = net("Softmax", net("Reshape", net.conv(x, 24, 6), i64(0, 6, -1)), axis=2)
    where = np.indices((16, 16)).reshape(2, -1).T.astype(np.float32)
    index = net("ArgMax", heat, axis=2, keepdims=0)
    best = net("ReduceMax", heat, axes=[2], keepdims=0)
    hard = net("Concat", net("Unsqueeze", net("Div", index, np.array(16)), i64(2)),
               net("Unsqueeze", net("Mod", index, np.array(16)), i64(2)), axis=2)
    return net("MatMul", heat, net.weight(where)), best, hard
