"""Random cases of operators that move elements, select them, or find regions."""
import numpy as np


def scatter_elements(m):
    rank = m.rng.randint(1, 3)
    shape = m.sizes(rank, 1, 5)
    axis = m.rng.randint(-rank, rank - 1)
    part = [m.rng.randint(1, n) for n in shape]
    indices = m.numbers.integers(-shape[axis], shape[axis], size=part)
    reduction = m.rng.choice(["none", "add", "mul", "max", "min"])
    if reduction == "none":  # places written twice are not defined
        rows = m.numbers.permutation(shape[axis])[:part[axis]]
        turned = [1] * rank
        turned[axis] = -1
        indices = np.broadcast_to(rows.reshape(turned), part)
    data = m.array(*shape) if m.rng.random() < 0.6 else (m.array(*shape) * 9).astype(np.int64)
    updates = (m.array(*part) * 5).astype(data.dtype)
    return "ScatterElements", [data, indices.astype(np.int64), updates], {
        "axis": axis, "reduction": reduction}, 1


def scatter_nd(m):
    rank = m.rng.randint(1, 4)
    shape, depth = m.sizes(rank, 2, 4), m.rng.randint(1, rank)
    places = m.numbers.permutation(int(np.prod(shape[:depth])))[:m.rng.randint(1, 4)]
    indices = np.stack(np.unravel_index(places, shape[:depth]), -1).astype(np.int64)
    if m.rng.random() < 0.5:
        indices -= np.array(shape[:depth])
    updates = m.array(len(places), *shape[depth:])
    reduction = m.rng.choice(["none", "add", "mul", "max", "min"])
    return "ScatterND", [m.array(*shape), indices, updates], {"reduction": reduction}, 1


def gather_nd(m):
    rank = m.rng.randint(1, 4)
    shape = m.sizes(rank, 1, 4)
    batch = m.rng.randint(0, rank - 1)
    depth = m.rng.randint(1, rank - batch)
    sizes = shape[batch:batch + depth]
    outer = shape[:batch] + m.sizes(m.rng.randint(0, 2), 1, 3)
    if len(outer) < batch + 1 and batch:
        outer.append(2)
    indices = np.stack([m.numbers.integers(-n, n, size=outer) for n in sizes], -1)
    return "GatherND", [m.array(*shape), indices.astype(np.int64)], {"batch_dims": batch}, 1


def gather(m):
    rank = m.rng.randint(1, 4)
    shape, axis = m.sizes(rank, 1, 5), m.rng.randint(-rank, rank - 1)
    if m.rng.random() < 0.5:
        indices = m.numbers.integers(-shape[axis], shape[axis], size=m.sizes(m.rng.randint(0, 2)))
        return "Gather", [m.array(*shape), indices.astype(np.int64)], {"axis": axis}, 1
    part = [m.rng.randint(1, n) for n in shape]
    part[axis] = m.rng.randint(1, 6)
    indices = m.numbers.integers(-shape[axis], shape[axis], size=part)
    return "GatherElements", [m.array(*shape), indices.astype(np.int32)], {"axis": axis}, 1


def top_k(m):
    rank = m.rng.randint(1, 4)
    shape, axis = m.sizes(rank, 1, 6), m.rng.randint(-rank, rank - 1)
    x = m.array(*shape) if m.rng.random() < 0.5 else m.numbers.integers(0, 4, shape)  # ties
    k = np.array([m.rng.randint(0, shape[axis])], np.int64)
    return "TopK", [x, k], {"axis": axis, **m.maybe(largest=0)}, 2


def data_decides(m):
    rank = m.rng.randint(1, 3)
    x = m.numbers.integers(0, 3, m.sizes(rank, 1, 5))
    op = m.rng.choice(["NonZero", "Compress", "Unique"])
    if op == "NonZero":
        return op, [x.astype(m.rng.choice([np.float32, np.int64, np.bool_]))], {}, 1
    axis = m.maybe(axis=m.rng.randint(-rank, rank - 1))
    if op == "Unique":
        return op, [x.astype(np.float32)], {**axis, **m.maybe(sorted=0)}, 4
    size = x.shape[axis["axis"]] if axis else x.size
    condition = m.numbers.random(m.rng.randint(1, size)) < 0.6
    return op, [x, condition], axis, 1


def placed(m):
    op = m.rng.choice(["OneHot", "EyeLike", "Trilu", "ReverseSequence", "CumSum"])
    if op == "OneHot":
        indices = m.numbers.integers(-6, 6, m.sizes(m.rng.randint(1, 3), 1, 4))
        depth = np.array(m.rng.randint(1, 6), np.int64)
        return op, [indices, depth, m.array(2)], {
            "axis": m.rng.randint(-indices.ndim - 1, indices.ndim)}, 1
    if op == "EyeLike":
        return op, [m.array(*m.sizes(2))], m.maybe(k=m.rng.randint(-4, 4), dtype=7), 1
    if op == "Trilu":
        x = m.array(*m.sizes(m.rng.randint(2, 4), 1, 5))
        inputs = [x, np.array(m.rng.randint(-5, 5), np.int64)][:m.rng.randint(1, 2)]
        return op, inputs, m.maybe(upper=0), 1
    if op == "CumSum":
        rank = m.rng.randint(1, 3)
        axis = np.array(m.rng.randint(-rank, rank - 1), np.int64)
        return op, [m.array(*m.sizes(rank)), axis], m.maybe(exclusive=1, reverse=1), 1
    time = m.rng.randint(0, 1)
    x = m.array(*m.sizes(m.rng.randint(2, 4), 1, 5))
    lengths = m.numbers.integers(1, x.shape[time] + 1, x.shape[1 - time])
    return op, [x, lengths], {"time_axis": time, "batch_axis": 1 - time}, 1


def non_max_suppression(m):
    batch, classes, boxes = m.rng.randint(1, 2), m.rng.randint(1, 3), m.rng.randint(1, 20)
    inputs = [m.numbers.random((batch, boxes, 4)).astype(np.float32),
              m.numbers.random((batch, classes, boxes)).astype(np.float32),
              np.array(m.rng.randint(0, 8), np.int64),
              np.array(m.rng.choice([0.0, 0.3, 0.5]), np.float32),
              np.array(m.rng.choice([0.0, 0.4]), np.float32)]
    return "NonMaxSuppression", inputs[:m.rng.randint(3, 5)], m.maybe(center_point_box=1), 1


def roi(m):
    x, count = m.array(2, 2, *m.sizes(2, 4, 9)), m.rng.randint(1, 3)
    corners = m.numbers.uniform(0, 7, (count, 2))
    rois = np.concatenate([corners, corners + m.numbers.uniform(1, 6, (count, 2))], 1)
    scale = m.rng.choice([1.0, 0.5])
    if m.rng.random() < 0.4:
        batch = m.numbers.integers(0, 2, (count, 1))
        return "MaxRoiPool", [x, np.concatenate([batch, rois], 1).astype(np.float32)], {
            "pooled_shape": m.sizes(2, 1, 4), "spatial_scale": scale}, 1
    attributes = {"output_height": m.rng.randint(1, 4), "output_width": m.rng.randint(1, 4),
                  "sampling_ratio": m.rng.randint(0, 3), "spatial_scale": scale,
                  **m.maybe(mode="max", coordinate_transformation_mode="output_half_pixel")}
    return "RoiAlign", [x, rois.astype(np.float32), m.numbers.integers(0, 2, count)], attributes, 1


def norm(m):
    op = m.rng.choice(["LpNormalization", "MeanVarianceNormalization", "LRN",
                       "InstanceNormalization", "GroupNormalization"])
    c = m.rng.randint(1, 6)
    x = m.array(2, c, *m.sizes(2, 2, 5))
    if op == "LpNormalization":
        return op, [x], {"p": m.rng.randint(1, 2), "axis": m.rng.randint(-4, 3)}, 1
    if op == "MeanVarianceNormalization":
        return op, [x], m.maybe(axes=[0, 1, 2, 3]), 1
    if op == "LRN":
        return op, [x], {"size": m.rng.choice([1, 3, 5]), **m.maybe(alpha=0.5, beta=0.6, bias=2.0)}, 1
    if op == "InstanceNormalization":
        return op, [x, m.array(c), m.array(c)], m.maybe(epsilon=1e-3), 1
    groups = m.rng.choice([g for g in range(1, c + 1) if c % g == 0])
    return op, [x, m.array(groups), m.array(groups)], {"num_groups": groups}, 1


def rms_norm(m):
    x = m.array(*m.sizes(3, 1, 6))
    axis = m.rng.randint(0, 2)
    return "SimplifiedLayerNormalization", [x, m.array(*x.shape[axis:])], {
        "axis": axis, "epsilon": 1e-5}, 1


KINDS = [scatter_elements, scatter_nd, gather_nd, gather, top_k, data_decides, placed,
         non_max_suppression, roi, norm, rms_norm]
