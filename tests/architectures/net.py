"""Small graphs with seeded weights, written as exporters write them.

A family is a function that fills a Net: `net("Conv", x, w, strides=[2, 2])` adds a node and returns its
output's name; NumPy arrays among the operands become weights (many elements) or, as torch.onnx.export
has it, Constant nodes (few elements).
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FAMILIES = {}  # name: function() -> Net
F32, I64 = TensorProto.FLOAT, TensorProto.INT64


def family(**options):
    def add(fill):
        def make():
            net = Net(fill.__name__, **options)
            results = fill(net)
            net.outputs = [results] if isinstance(results, str) else list(results)
            return net

        assert fill.__name__ not in FAMILIES
        FAMILIES[fill.__name__] = make
        return fill

    return add


def i64(*values):
    return np.array(values, np.int64)


def f32(value):
    return np.array(value, np.float32)


class Net:
    """sizes: what the symbols of input shapes are in each of the runs (two of them). steps: how many the
    engine has of some kinds, {"attention": 1, "softmax": 0}."""

    def __init__(self, name, opset=17, sizes=({"n": 1}, {"n": 3}), constants="nodes", steps=None):
        self.steps = steps or {}
        self.name, self.opset, self.sizes = name, opset, sizes
        self.constants = constants  # few elements: "nodes" or "initializers" (dynamo, tf2onnx)
        self.nodes, self.inputs, self.weights, self.outputs = [], [], [], []
        self.rng = np.random.default_rng(len(name) + 131 * sum(map(ord, name)))
        self.count = 0

    def fresh(self, what):
        self.count += 1
        return f"{what}_{self.count}"

    def input(self, name, shape, dtype=F32, below=2):
        """below: integers are drawn from 0 .. below-1"""
        self.inputs.append((name, shape, dtype, below))
        return name

    def value(self, operand):
        if not isinstance(operand, np.ndarray):
            return operand
        if operand.size <= 8 and self.constants == "nodes":
            name = self.fresh("constant")
            tensor = numpy_helper.from_array(operand)
            self.nodes.append(helper.make_node("Constant", [], [name], name, value=tensor))
            return name
        name = self.fresh("weight")
        self.weights.append(numpy_helper.from_array(operand, name))
        return name

    def __call__(self, op, *operands, outputs=1, **attributes):
        operands = [self.value(o) for o in operands]
        names = [self.fresh(op.lower()) for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, operands, names, names[0], **attributes))
        return names[0] if outputs == 1 else names

    # Weights are such that activations keep their size from layer to layer.
    def draw(self, *shape, scale=1.0):
        return (self.rng.standard_normal(shape) * scale).astype(np.float32)

    def conv(self, x, cin, cout, k=1, stride=1, group=1, pad=None, dilation=1, bias=True):
        """k, pad (begin and end alike) and dilation: a number or one each for every axis."""
        k = [k, k] if isinstance(k, int) else list(k)
        d = [dilation] * len(k)
        pad = [((a - 1) * dilation) // 2 for a in k] if pad is None else pad
        w = self.draw(cout, cin // group, *k, scale=(1.5 * group / cin / np.prod(k)) ** 0.5)
        b = [self.draw(cout, scale=0.2)] if bias else []
        return self("Conv", x, self.weight(w), *map(self.weight, b), kernel_shape=k, group=group,
                    strides=[stride] * len(k), pads=[*pad, *pad], dilations=d)

    def weight(self, array):
        name = self.fresh("weight")
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def bn(self, x, c):
        u = self.rng.random((2, c)).astype(np.float32) + 0.5
        rest = [u[0], self.draw(c, scale=0.2), self.draw(c, scale=0.2), u[1]]
        return self("BatchNormalization", x, *map(self.weight, rest), epsilon=1e-5)

    def linear(self, x, cin, cout, bias=True):
        """As nn.Linear on three axes: MatMul and Add."""
        y = self("MatMul", x, self.weight(self.draw(cin, cout, scale=cin**-0.5)))
        return self("Add", self.weight(self.draw(cout, scale=0.1)), y) if bias else y

    def gemm(self, x, cin, cout):
        w = self.draw(cout, cin, scale=cin**-0.5)
        return self("Gemm", x, self.weight(w), self.weight(self.draw(cout, scale=0.1)), transB=1)

    def layer_norm(self, x, c):
        """Its parts until opset 17 has it whole."""
        scale, bias = self.weight(self.draw(c, scale=0.2) + 1), self.weight(self.draw(c, scale=0.2))
        if self.opset >= 17:
            return self("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-5)
        d = self("Sub", x, self("ReduceMean", x, axes=[-1]))
        variance = self("ReduceMean", self("Pow", d, f32(2)), axes=[-1])
        y = self("Div", d, self("Sqrt", self("Add", variance, f32(1e-5))))
        return self("Add", self("Mul", y, scale), bias)

    def gelu(self, x):
        y = self("Add", self("Erf", self("Div", x, f32(2**0.5))), f32(1))
        return self("Mul", self("Mul", x, y), f32(0.5))

    def silu(self, x):
        return self("Mul", x, self("Sigmoid", x))

    def size(self, x, axis):
        """x.size(axis), a scalar."""
        return self("Gather", self("Shape", x), np.array(axis, np.int64), axis=0)

    def axes(self, op, x, axes):
        """Squeeze, Unsqueeze: axes were an attribute until opset 13."""
        if self.opset < 13:
            return self(op, x, axes=axes)
        return self(op, x, i64(*axes))

    def shape(self, *parts):
        """torch's view(...): numbers and scalars in the graph, one vector."""
        parts = [i64(p) if isinstance(p, int) else self.axes("Unsqueeze", p, [0]) for p in parts]
        return self("Concat", *parts, axis=0)

    def split(self, x, sizes, axis):
        if self.opset < 13:
            return self("Split", x, outputs=len(sizes), split=sizes, axis=axis)
        return self("Split", x, i64(*sizes), outputs=len(sizes), axis=axis)

    def slice(self, x, begin, end, axis, step=1):
        return self("Slice", x, i64(begin), i64(end), i64(axis), i64(step))

    def mean(self, x, axes, keepdims=1):
        if self.opset < 18:
            return self("ReduceMean", x, axes=axes, keepdims=keepdims)
        return self("ReduceMean", x, i64(*axes), keepdims=keepdims)

    def model(self):
        inputs = [helper.make_tensor_value_info(n, t, s) for n, s, t, _ in self.inputs]
        graph = helper.make_graph(self.nodes, self.name, inputs, [], self.weights)
        for name in self.outputs:
            graph.output.add().name = name
        made = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        # Outputs have the type that ONNX infers, and the sizes it finds.
        inferred = onnx.shape_inference.infer_shapes(made, data_prop=True).graph.output
        types = {v.name: v.type for v in inferred}
        for output in made.graph.output:
            output.type.CopyFrom(types[output.name])
        return made

    def feeds(self, run):
        """Values for all inputs: low frequencies and noise, so that features differ from place to
        place and from one of the batch to the next."""
        rng = np.random.default_rng(run + 17)
        feed = {}
        for name, shape, dtype, below in self.inputs:
            shape = [self.sizes[run].get(d, d) for d in shape]
            if dtype != F32:
                kind = helper.tensor_dtype_to_np_dtype(dtype)
                feed[name] = rng.integers(0, below, shape).astype(kind)
                continue
            x = 0.3 * rng.standard_normal(shape)
            for axis, size in enumerate(shape):
                line = [1] * len(shape)
                line[axis] = size
                phase = rng.uniform(0, 6, [*shape[:axis], 1, *shape[axis + 1:]])
                x += 0.5 * np.sin(np.arange(size).reshape(line) * rng.uniform(0.2, 0.9) + phase)
            feed[name] = x.astype(np.float32)
        return feed
