"""Cases for the reference executor: ONNX's own node suite, and operators with attributes and shapes
at random whose outputs are ONNX Runtime's. A case is a folder as the suite's: model.onnx,
test_data_set_0/{input,output}_N.pb."""
import random

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

import contrib_cases
import float_cases
import index_cases
import plain_cases
import quantized_cases
import text_cases

OPSET = 19
VERSIONS = {"ai.onnx.ml": 5}  # of other domains; else 1
# Outputs that the suite's makers computed in f32: NumPy's transform is off by 2e-7 where they are 0.
LOOSE = {"test_dft_inverse": 1e-6, "test_dft_inverse_opset19": 1e-6}


def write_case(folder, model, inputs, outputs):
    data = folder / "test_data_set_0"
    data.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    for kind, arrays, infos in (("input", inputs, model.graph.input),
                                ("output", outputs, model.graph.output)):
        for i, (array, info) in enumerate(zip(arrays, infos)):
            proto = array if hasattr(array, "SerializeToString") else numpy_helper.from_array(
                np.asarray(array), info.name)
            (data / f"{kind}_{i}.pb").write_bytes(proto.SerializeToString())


def is_tensors(model):
    return all(v.type.HasField("tensor_type")
               for v in [*model.graph.input, *model.graph.output])


def suite_cases(folder):
    """Writes ONNX's node cases on tensors; gives {name: (folder, rtol, atol)}."""
    import onnx.backend.test.case.node as node
    cases = {}
    for case in node.collect_testcases(None):
        if not is_tensors(case.model) or len(case.data_sets) != 1:
            continue
        path = folder / case.name
        write_case(path, case.model, *case.data_sets[0])
        cases[case.name] = (path, case.rtol, LOOSE.get(case.name, case.atol))
    return cases


def operator_of(folder):
    return onnx.load(folder / "model.onnx").graph.node[0].op_type


# Operators that ONNX Runtime's release lacks, or whose cases are the suite's alone.
SUITE_ONLY = {"Dropout", "NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss", "SwiGLU",
              "TensorScatter", "TransposeMatMul", "QLinearReduceMean", "CausalConvWithState",
              "DynamicQuantizeLSTM"}  # tests/ops/test_quantizers.py


class Maker:
    """Makes one-node models at random; those that ONNX Runtime refuses are thrown away."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.numbers = np.random.default_rng(seed)

    def array(self, *shape, dtype=np.float32):
        return self.numbers.normal(size=shape).astype(dtype)

    def sizes(self, n, low=1, high=7):
        return [self.rng.randint(low, high) for _ in range(n)]

    def maybe(self, **attributes):
        return {k: v for k, v in attributes.items() if self.rng.random() < 0.6}

    def window(self, n, pads=True):
        kernel = self.sizes(n, 1, 3)
        made = {"kernel_shape": kernel, **self.maybe(strides=self.sizes(n, 1, 3))}
        choice = self.rng.random()
        if choice < 0.25:
            made["auto_pad"] = self.rng.choice(["SAME_UPPER", "SAME_LOWER", "VALID"])
        elif pads and choice < 0.8:
            made["pads"] = [self.rng.randint(0, k - 1) for k in kernel * 2]
        return made

    def conv(self):
        n, group = self.rng.randint(1, 3), self.rng.choice([1, 1, 2, 3])
        attributes = {**self.window(n), "group": group}
        if "auto_pad" not in attributes:
            attributes.update(self.maybe(dilations=self.sizes(n, 1, 2)))
        depth, filters = self.rng.randint(1, 3), group * self.rng.randint(1, 3)
        inputs = [self.array(2, depth * group, *self.sizes(n, 4, 9)),
                  self.array(filters, depth, *attributes["kernel_shape"])]
        if self.rng.random() < 0.5:
            inputs.append(self.array(filters))
        return "Conv", inputs, attributes, 1

    def conv_transpose(self):
        n, group = self.rng.randint(1, 2), self.rng.choice([1, 2])
        kernel = self.sizes(n, 1, 3)
        attributes = {"group": group, "kernel_shape": kernel,
                      **self.maybe(strides=self.sizes(n, 1, 3), dilations=self.sizes(n, 1, 2))}
        inputs = [self.array(1, 2 * group, *self.sizes(n, 3, 6)),
                  self.array(2 * group, self.rng.randint(1, 3), *kernel)]
        return "ConvTranspose", inputs, attributes, 1

    def pool(self):
        n, op = self.rng.randint(1, 3), self.rng.choice(["MaxPool", "AveragePool"])
        attributes = self.window(n)
        if "auto_pad" not in attributes:  # together ONNX leaves them open
            attributes.update(self.maybe(ceil_mode=1))
        if op == "AveragePool":
            attributes.update(self.maybe(count_include_pad=1))
        return op, [self.array(2, 3, *self.sizes(n, 4, 9))], attributes, 1

    def gemm(self):
        m, k, n = self.sizes(3, 1, 9)
        a_t, b_t = self.rng.randint(0, 1), self.rng.randint(0, 1)
        c = self.rng.choice([(n,), (m, n), (m, 1), (1, n), (1,), ()])
        inputs = [self.array(*((k, m) if a_t else (m, k))),
                  self.array(*((n, k) if b_t else (k, n))), self.array(*c)]
        return "Gemm", inputs, {"transA": a_t, "transB": b_t,
                                **self.maybe(alpha=0.5, beta=-2.0)}, 1

    def matmul(self):
        m, k, n = self.sizes(3, 1, 6)
        batch = self.sizes(self.rng.randint(0, 2), 1, 3)
        left = [self.rng.choice([1, b]) for b in batch]
        a = self.array(*left, m, k) if self.rng.random() < 0.8 else self.array(k)
        b = self.array(*batch, k, n) if self.rng.random() < 0.8 else self.array(k)
        return "MatMul", [a, b], {}, 1

    def reduce(self):
        op = self.rng.choice(["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd",
                              "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"])
        rank = self.rng.randint(1, 4)
        inputs = [self.array(*self.sizes(rank, 1, 4))]
        if self.rng.random() < 0.7:
            axes = self.rng.sample(range(-rank, 0), self.rng.randint(1, rank))
            inputs.append(np.array(axes, np.int64))
        return op, inputs, self.maybe(keepdims=0), 1

    def slice(self):
        rank = self.rng.randint(1, 4)
        x = self.array(*self.sizes(rank, 1, 8))
        axes = self.rng.sample(range(rank), self.rng.randint(1, rank))
        ends = [-9, -3, -1, 0, 1, 3, 7, 20, np.iinfo(np.int64).max, np.iinfo(np.int64).min]
        steps = [self.rng.choice([1, 1, 2, 3, -1, -2]) for _ in axes]
        # Backwards to the largest end is nothing in ONNX's text and everything in ONNX Runtime.
        stops = [self.rng.choice(ends if step > 0 else ends[:-2]) for step in steps]
        lists = [[self.rng.choice(ends) for _ in axes], stops, axes, steps]
        return "Slice", [x, *(np.array(v, np.int64) for v in lists)], {}, 1

    def pad(self):
        rank = self.rng.randint(1, 4)
        mode = self.rng.choice(["constant", "reflect", "edge"])
        pads = [self.rng.randint(0 if mode != "constant" else -1, 2) for _ in range(2 * rank)]
        return "Pad", [self.array(*self.sizes(rank, 3, 6)), np.array(pads, np.int64)], {
            "mode": mode}, 1

    def binary(self):
        op = self.rng.choice(["Add", "Sub", "Mul", "Div", "Pow", "PRelu", "Max", "Min"])
        shape = self.sizes(self.rng.randint(1, 4), 1, 4)
        other = [self.rng.choice([1, d]) for d in shape][self.rng.randint(0, len(shape) - 1):]
        a, b = self.array(*shape), self.array(*other)
        if op == "Pow":
            a = abs(a)
        if op == "Div" and self.rng.random() < 0.5:
            a, b = (a * 50).astype(np.int64), (abs(b) * 5 + 1).astype(np.int64)
        return op, [a, b], {}, 1

    def softmax(self):
        rank = self.rng.randint(1, 4)
        op = self.rng.choice(["Softmax", "LogSoftmax"])
        axis = self.rng.randint(-rank, rank - 1)
        return op, [self.array(*self.sizes(rank, 1, 6))], {"axis": axis}, 1

    def transpose(self):
        rank = self.rng.randint(1, 5)
        perm = self.rng.sample(range(rank), rank)
        return "Transpose", [self.array(*self.sizes(rank, 1, 4))], {"perm": perm}, 1

    def normalization(self):
        c = self.rng.randint(1, 5)
        x = self.array(2, c, *self.sizes(2, 1, 5))
        if self.rng.random() < 0.5:
            params = [self.array(c), self.array(c), self.array(c), abs(self.array(c)) + 0.1]
            return "BatchNormalization", [x, *params], self.maybe(epsilon=1e-3), 1
        axis = self.rng.randint(1, 3)
        inner = x.shape[axis:]
        return "LayerNormalization", [x, self.array(*inner), self.array(*inner)], {"axis": axis}, 1

    def resize(self):
        x = self.array(1, 2, *self.sizes(2, 2, 6))
        mode = self.rng.choice(["nearest", "linear", "cubic"])
        attributes = {"mode": mode, "coordinate_transformation_mode": self.rng.choice(
            ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])}
        if mode == "nearest":
            attributes["nearest_mode"] = self.rng.choice(
                ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
        sizes = np.array([1, 2, *self.sizes(2, 2, 9)], np.int64)
        return "Resize", [x, None, None, sizes], attributes, 1

    def lstm(self):
        steps, batch, width, hidden = self.sizes(4, 1, 4)
        direction = self.rng.choice(["forward", "reverse", "bidirectional"])
        d = 2 if direction == "bidirectional" else 1
        some = lambda *shape: self.array(*shape) if self.rng.random() < 0.6 else None  # noqa: E731
        lengths = np.array([self.rng.randint(1, steps) for _ in range(batch)], np.int32)
        inputs = [self.array(steps, batch, width), self.array(d, 4 * hidden, width),
                  self.array(d, 4 * hidden, hidden), some(d, 8 * hidden),
                  lengths if self.rng.random() < 0.4 else None, some(d, batch, hidden),
                  some(d, batch, hidden), some(d, 3 * hidden)]
        attributes = {"direction": direction, "hidden_size": hidden, **self.maybe(clip=0.5)}
        if self.rng.random() < 0.3:
            attributes["activations"] = ["HardSigmoid", "Softsign", "Relu"] * d
        return "LSTM", inputs, attributes, 3

    def gru(self):
        op, gates = self.rng.choice([("GRU", 3), ("RNN", 1)])
        steps, batch, width, hidden = self.sizes(4, 1, 4)
        direction = self.rng.choice(["forward", "reverse", "bidirectional"])
        d = 2 if direction == "bidirectional" else 1
        some = lambda *shape: self.array(*shape) if self.rng.random() < 0.6 else None  # noqa: E731
        lengths = np.array([self.rng.randint(1, steps) for _ in range(batch)], np.int32)
        inputs = [self.array(steps, batch, width), self.array(d, gates * hidden, width),
                  self.array(d, gates * hidden, hidden), some(d, 2 * gates * hidden),
                  lengths if self.rng.random() < 0.4 else None, some(d, batch, hidden)]
        attributes = {"direction": direction, "hidden_size": hidden, **self.maybe(clip=0.5)}
        if op == "GRU":
            attributes.update(self.maybe(linear_before_reset=1))
        if self.rng.random() < 0.3:
            attributes["activations"] = (["HardSigmoid", "Softsign"] if op == "GRU"
                                         else [self.rng.choice(["Relu", "Sigmoid"])]) * d
        return op, inputs, attributes, 2

    KINDS = [conv, conv_transpose, pool, gemm, matmul, reduce, slice, pad, binary, softmax,
             transpose, normalization, resize, lstm, gru, *index_cases.KINDS,
             *float_cases.KINDS, *plain_cases.KINDS, *quantized_cases.KINDS,
             *text_cases.KINDS, *contrib_cases.KINDS]

    def case(self, kind):
        op, arrays, attributes, outputs, *other = kind(self)  # other: a domain or an opset
        arrays = [None if a is None else np.asarray(a) for a in arrays]
        domains = [v for v in other if isinstance(v, str)]
        opset = next((v for v in other if isinstance(v, int)), OPSET)
        names = ["" if a is None else f"x{i}" for i, a in enumerate(arrays)]
        node = helper.make_node(op, names, [f"y{i}" for i in range(outputs)],
                                domain=domains[0] if domains else "", **attributes)
        given = [(n, a) for n, a in zip(names, arrays) if a is not None]
        infos = [helper.make_tensor_value_info(
            n, helper.np_dtype_to_tensor_dtype(a.dtype),
            [f"{n}_{i}" if self.rng.random() < 0.5 else d for i, d in enumerate(a.shape)])
            for n, a in given]
        results = [helper.make_empty_tensor_value_info(f"y{i}") for i in range(outputs)]
        graph = helper.make_graph([node], "case", infos, results)
        model = helper.make_model(graph, ir_version=10, opset_imports=[
            helper.make_opsetid("", opset), *(helper.make_opsetid(d, VERSIONS.get(d, 1)) for d in domains)])
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        try:
            session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                                   providers=["CPUExecutionProvider"])
            values = session.run(None, dict(given))
        except Exception:  # ONNX Runtime says no in several types
            return None
        for info, value in zip(model.graph.output, values):
            info.type.tensor_type.elem_type = helper.np_dtype_to_tensor_dtype(value.dtype)
        return model, [a for _, a in given], values


def settle(model, inputs, rng):
    """As models have it: sizes are known, and of the inputs behind the first many are constants,
    integers and vectors always."""
    given = []
    first = next((i for i, array in enumerate(inputs) if array.ndim), 0)
    for i, (info, array) in enumerate(zip(list(model.graph.input), inputs)):
        info.type.tensor_type.shape.CopyFrom(
            helper.make_tensor_value_info("", 1, array.shape).type.tensor_type.shape)
        small = array.dtype.kind == "i" or array.ndim < 2
        if i == first or (not small and rng.random() < 0.5):
            given.append(array)
            continue
        model.graph.initializer.append(numpy_helper.from_array(array, info.name))
        model.graph.input.remove(info)
    return given


def random_cases(folder, per_kind, seed=1, settled=False):
    """Writes cases judged by ONNX Runtime; gives {name: (folder, rtol, atol)}. Settled ones state
    every size and have their parameters as constants."""
    maker, cases = Maker(seed), {}
    for kind in Maker.KINDS:
        for i in range(per_kind):
            made = maker.case(kind)
            if made is None:
                continue
            if settled:
                made = made[0], settle(made[0], made[1], maker.rng), made[2]
            name = f"{kind.__name__}_{i}"
            write_case(folder / name, *made)
            quantum = 1 if kind in quantized_cases.KINDS else 1e-4
            cases[name] = (folder / name, 1e-4, quantum)
    return cases
