"""Models that nobody means well with: the models of ONNX's backend suite, each changed at one to
three places by a seed. `python mutate.py FOLDER COUNT SEED` writes m0000.onnx ..., and a line for
each in list.txt that says what was done."""
import copy
import pathlib
import random
import sys
import warnings

import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper

import numpy as np

INTEGERS = (0, -1, 1, 2, 3, 7, 64, 255, 65536, 2**31 - 1, 2**31, 2**32, 2**60, 2**63 - 1, -2,
            -2**31, -2**60, -2**63)
FLOATS = (0.0, -0.0, -1.0, 1e-45, 3.4e38, -3.4e38, float("inf"), float("-inf"), float("nan"))
STRINGS = (b"", b"x", b"SAME_UPPER", b"\xff\xfe", b"a\nb", b"\x1b[31m", b"%s%n", b"../x",
           b"y" * 70000)

MUTATORS = []


def mutator(function):
    MUTATORS.append(function)
    return function


class Nothing(Exception):
    """The model has no place for this change."""


def pick(rng, items):
    items = list(items)
    if not items:
        raise Nothing
    return rng.choice(items)


def graphs(model):
    """All graphs, those of attributes included."""
    found, waiting = [], [model.graph]
    while waiting:
        graph = waiting.pop()
        found.append(graph)
        for node in graph.node:
            waiting += [a.g for a in node.attribute if a.type == AttributeProto.GRAPH]
    return found


def nodes(model):
    return [n for g in graphs(model) for n in g.node]


def initializers(model):
    return [t for g in graphs(model) for t in g.initializer]


def dims(model):
    return [d for g in graphs(model) for v in (*g.input, *g.output, *g.value_info)
            for d in v.type.tensor_type.shape.dim]


def names(model):
    return [n for node in nodes(model) for n in (*node.input, *node.output)] or [""]


# --- shapes and types


@mutator
def size_of_an_input(model, rng):
    pick(rng, dims(model)).dim_value = rng.choice(INTEGERS)


@mutator
def size_without_a_number(model, rng):
    pick(rng, dims(model)).dim_param = rng.choice(("n", "batch", "", "n+1", "?", "x.0", " "))


@mutator
def rank_of_an_input(model, rng):
    value = pick(rng, [*model.graph.input, *model.graph.output])
    shape = value.type.tensor_type.shape
    if rng.random() < 0.3:
        value.type.tensor_type.ClearField("shape")
    elif shape.dim and rng.random() < 0.5:
        del shape.dim[rng.randrange(len(shape.dim))]
    else:
        for _ in range(rng.choice((1, 2, 9, 2000))):
            shape.dim.add().dim_value = rng.choice((1, 2, 2**31))


@mutator
def type_of_an_input(model, rng):
    value = pick(rng, [*model.graph.input, *model.graph.output, *model.graph.value_info])
    value.type.tensor_type.elem_type = rng.choice((*range(28), 99, -1))


@mutator
def an_input_becomes_a_constant(model, rng):
    """Data that decide sizes and indices, out of all bounds."""
    value = pick(rng, model.graph.input)
    type_ = value.type.tensor_type
    shape = [d.dim_value if 0 <= d.dim_value <= 64 else 1 for d in type_.shape.dim]
    if int(np.prod(shape, dtype=float)) > 4096:
        raise Nothing
    dtype = helper.tensor_dtype_to_np_dtype(type_.elem_type)
    if dtype.kind in "iu":
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        data = np.array([rng.choice([i for i in INTEGERS if low <= i <= high])
                         for _ in range(int(np.prod(shape)))], dtype)
    elif dtype.kind == "f":
        with np.errstate(over="ignore"):
            data = np.array([rng.choice(FLOATS) for _ in range(int(np.prod(shape)))], dtype)
    else:
        raise Nothing
    model.graph.initializer.append(numpy_helper.from_array(data.reshape(shape), value.name))
    model.graph.input.remove(value)


# --- weights


@mutator
def dims_of_a_weight(model, rng):
    tensor = pick(rng, initializers(model))
    if tensor.dims and rng.random() < 0.7:
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(INTEGERS)
    else:
        tensor.dims.extend([rng.choice(INTEGERS)] * rng.choice((1, 3, 70)))


@mutator
def type_of_a_weight(model, rng):
    pick(rng, initializers(model)).data_type = rng.choice((*range(28), 99, -1))


@mutator
def data_of_a_weight(model, rng):
    tensor = pick(rng, initializers(model))
    what = rng.randrange(4)
    if what == 0:
        tensor.raw_data = tensor.raw_data[:len(tensor.raw_data) // 2]
    elif what == 1:
        tensor.raw_data = tensor.raw_data + b"\x7f\xf8" * rng.choice((1, 1000))
    elif what == 2:
        tensor.float_data.extend([1.0] * 3)
    else:
        tensor.raw_data = bytes(rng.randrange(256) for _ in tensor.raw_data)


@mutator
def a_weight_outside(model, rng):
    tensor = pick(rng, initializers(model))
    tensor.data_location = TensorProto.EXTERNAL
    places = ("/etc/passwd", "../../../../../../etc/passwd", "", ".", "..", "missing.bin",
              "m0000.onnx", "a/../../x", "\\\\host\\x", "/dev/zero", "/proc/self/mem")
    for key, value in (("location", rng.choice(places)),
                       ("offset", str(rng.choice(INTEGERS))),
                       ("length", str(rng.choice(INTEGERS)))):
        if rng.random() < 0.8:
            tensor.external_data.add(key=key, value=value)


# --- attributes


@mutator
def number_of_an_attribute(model, rng):
    attribute = pick(rng, (a for n in nodes(model) for a in n.attribute
                           if a.type in (AttributeProto.INT, AttributeProto.INTS,
                                         AttributeProto.FLOAT, AttributeProto.FLOATS)))
    if attribute.type == AttributeProto.INT:
        attribute.i = rng.choice(INTEGERS)
    elif attribute.type == AttributeProto.FLOAT:
        attribute.f = rng.choice(FLOATS)
    elif attribute.type == AttributeProto.FLOATS:
        attribute.floats.append(rng.choice(FLOATS))
    elif attribute.ints and rng.random() < 0.7:
        attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(INTEGERS)
    else:
        attribute.ints.extend([rng.choice(INTEGERS)] * rng.choice((1, 2, 5000)))


@mutator
def an_attribute_of_the_operator(model, rng):
    """One that the schema knows and the node leaves at its default."""
    node = pick(rng, nodes(model))
    try:
        schema = onnx.defs.get_schema(node.op_type, node.domain)
    except onnx.defs.SchemaError:
        raise Nothing from None
    spec = pick(rng, (a for a in schema.attributes.values()
                      if a.type in (onnx.defs.OpSchema.AttrType.INT,
                                    onnx.defs.OpSchema.AttrType.INTS,
                                    onnx.defs.OpSchema.AttrType.FLOAT)))
    value = {onnx.defs.OpSchema.AttrType.INT: rng.choice(INTEGERS),
             onnx.defs.OpSchema.AttrType.INTS: [rng.choice(INTEGERS) for _ in range(rng.choice((1, 2, 4)))],
             onnx.defs.OpSchema.AttrType.FLOAT: rng.choice(FLOATS)}[spec.type]
    node.attribute.append(helper.make_attribute(spec.name, value))


@mutator
def kind_of_an_attribute(model, rng):
    attribute = pick(rng, (a for n in nodes(model) for a in n.attribute))
    attribute.type = rng.choice((*range(15), 99, -1))


@mutator
def text_of_an_attribute(model, rng):
    attribute = pick(rng, (a for n in nodes(model) for a in n.attribute
                           if a.type in (AttributeProto.STRING, AttributeProto.STRINGS)))
    if attribute.type == AttributeProto.STRING:
        attribute.s = rng.choice(STRINGS)
    else:
        attribute.strings.append(rng.choice(STRINGS))


@mutator
def an_attribute_goes_or_comes_twice(model, rng):
    node = pick(rng, (n for n in nodes(model) if n.attribute))
    k = rng.randrange(len(node.attribute))
    if rng.random() < 0.5:
        node.attribute.append(copy.deepcopy(node.attribute[k]))
    else:
        del node.attribute[k]


# --- the graph


@mutator
def operator_of_a_node(model, rng):
    pick(rng, nodes(model)).op_type = rng.choice(sorted({s.name for s in onnx.defs.get_all_schemas()}))


@mutator
def domain_of_a_node(model, rng):
    pick(rng, nodes(model)).domain = rng.choice(("x.y", "ai.onnx.ml", "com.microsoft", "ai.onnx",
                                                 "ai.onnx.training", "ai.hone", " "))


@mutator
def wires_of_a_node(model, rng):
    node = pick(rng, nodes(model))
    ends = rng.choice((node.input, node.output))
    name = rng.choice((*names(model), "", "nothing"))
    if ends and rng.random() < 0.7:
        ends[rng.randrange(len(ends))] = name
    else:
        ends.extend([name] * rng.choice((1, 1, 20)))


@mutator
def a_wire_is_cut(model, rng):
    node = pick(rng, nodes(model))
    ends = rng.choice((node.input, node.output))
    if not ends:
        raise Nothing
    del ends[rng.randrange(len(ends))]


@mutator
def a_cycle(model, rng):
    first, last = model.graph.node[0], model.graph.node[-1]
    if not first.input or not last.output:
        raise Nothing
    first.input[rng.randrange(len(first.input))] = last.output[0]


@mutator
def nodes_in_another_order(model, rng):
    graph = pick(rng, graphs(model))
    order = list(graph.node)
    rng.shuffle(order)
    if rng.random() < 0.4 and order:
        order.append(copy.deepcopy(order[0]))
    del graph.node[:]
    graph.node.extend(order)


@mutator
def a_name_twice(model, rng):
    graph = pick(rng, graphs(model))
    what = pick(rng, [l for l in (graph.input, graph.output, graph.initializer) if l])
    what.append(copy.deepcopy(what[0]))


@mutator
def outputs_of_the_graph(model, rng):
    graph = pick(rng, graphs(model))
    if graph.output and rng.random() < 0.3:
        del graph.output[:]
        return
    graph.output.add().name = rng.choice((*names(model), "nothing", "\x1b[2J", "n" * 70000))


@mutator
def opset(model, rng):
    if rng.random() < 0.15:
        del model.opset_import[:]
        return
    pick(rng, model.opset_import).version = rng.choice((0, -1, 1, 5, 6, 7, 9, 11, 13, 17, 21, 28, 29,
                                                        2**31, 2**62))


@mutator
def a_loop_without_end(model, rng):
    body = helper.make_graph(
        [helper.make_node("Identity", ["keep"], ["go"]),
         helper.make_node("Concat", ["v", "v"], ["w"], axis=0) if rng.random() < 0.5 else
         helper.make_node("Identity", ["v"], ["w"])],
        "body", [helper.make_tensor_value_info("i", TensorProto.INT64, []),
                 helper.make_tensor_value_info("keep", TensorProto.BOOL, []),
                 onnx.ValueInfoProto(name="v")],
        [onnx.ValueInfoProto(name="go"), onnx.ValueInfoProto(name="w")])
    model.graph.initializer.extend([
        numpy_helper.from_array(np.array(rng.choice((2**63 - 1, 2**31, -1))), "trips"),
        numpy_helper.from_array(np.array(True), "forever"),
        numpy_helper.from_array(np.ones(2, np.float32), "start")])
    model.graph.node.append(helper.make_node("Loop", ["trips", "forever", "start"], ["looped"],
                                             body=body))
    model.graph.output.add().name = "looped"


@mutator
def much_from_little(model, rng):
    """A constant far larger than the file, if it were computed."""
    size = rng.choice(([2**31], [2**20, 2**20], [2**60], [70000, 70000], [2**28]))
    model.graph.initializer.append(numpy_helper.from_array(np.array(size, np.int64), "size"))
    name = "much"
    model.graph.node.append(helper.make_node("ConstantOfShape", ["size"], [name]))
    for k in range(rng.choice((0, 0, 40))):
        model.graph.node.append(helper.make_node("Concat", [name, name], [f"much{k}"], axis=0))
        name = f"much{k}"
    model.graph.output.add().name = name


@mutator
def a_function_that_calls_itself(model, rng):
    ring = rng.choice((1, 2, 5))
    for k in range(ring):
        model.functions.append(helper.make_function(
            "own", f"f{k}", ["x"], ["y"],
            [helper.make_node(f"f{(k + 1) % ring}", ["x"], ["y"], domain="own")],
            [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]))
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.graph.node.append(helper.make_node("f0", [names(model)[0]], ["called"], domain="own"))


@mutator
def functions_that_explode(model, rng):
    """Each calls the next twice: 2^40 nodes in all."""
    for k in range(40):
        call = f"f{k + 1}" if k < 39 else "Relu"
        domain = "own" if k < 39 else ""
        model.functions.append(helper.make_function(
            "own", f"f{k}", ["x"], ["y"],
            [helper.make_node(call, ["x"], ["t"], domain=domain),
             helper.make_node(call, ["t"], ["y"], domain=domain)],
            [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]))
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.graph.node.append(helper.make_node("f0", [names(model)[0]], ["called"], domain="own"))


# --- bytes


def field(number, data):
    """A length-delimited field of a protobuf message."""
    out, rest = bytearray([number << 3 | 2]), len(data)
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    return bytes(out) + bytes([rest]) + data


def deep_model(levels):
    """If in If in If ...: deeper than Python's protobuf writes."""
    value = field(1, b"c") + field(2, field(1, b"\x08\x09\x12\x00"))  # bool, of rank 0
    branch = field(12, field(1, b"c"))
    for k in range(levels):
        inner = b"\xa0\x01\x05"  # attribute type: graph
        arms = [field(5, field(1, name) + field(6, graph) + inner)
                for name, graph in ((b"then_branch", branch),
                                    (b"else_branch", field(12, field(1, b"c"))))]
        out = b"v%d" % k
        node = field(1, b"c") + field(2, out) + field(4, b"If") + b"".join(arms)
        branch = field(1, node) + field(12, field(1, out))
    return b"\x08\x08" + field(7, branch + field(11, value)) + field(8, b"\x10\x11")


def change_bytes(data, rng):
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 3, 10))):
        if len(data) < 2:
            break
        at = rng.randrange(len(data))
        what = rng.randrange(5)
        if what == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif what == 1:
            data[at] = rng.choice((0, 0x7f, 0x80, 0xff))
        elif what == 2:
            data[at:at] = data[at:at + rng.randrange(64)]
        elif what == 3:
            del data[at:at + rng.randrange(1, 9)]
        else:
            del data[max(at, 1):]
    return bytes(data) or b"\0"


def mutant(model, rng):
    """The bytes, and what was done."""
    if rng.random() < 0.01:
        levels = rng.choice((3, 60, 300, 3000))
        return deep_model(levels), [f"{levels} deep"]
    if rng.random() < 0.2:
        return change_bytes(model.SerializeToString(), rng), ["bytes"]
    model, done = copy.deepcopy(model), []
    for _ in range(rng.choice((1, 1, 2, 3))):
        for _ in range(20):
            change = rng.choice(MUTATORS)
            try:
                change(model, rng)
            except (Nothing, ValueError, TypeError, OverflowError, KeyError):
                continue  # protobuf refuses some values by itself
            done.append(change.__name__)
            break
    return model.SerializeToString(), done


def with_constants(model, data, rng):
    """Some of its inputs as weights: what decides sizes is then known, and passes fold it."""
    model = copy.deepcopy(model)
    for info, value in zip(list(model.graph.input), data):
        if isinstance(value, np.ndarray) and value.size <= 65536 and rng.random() < 0.6:
            model.graph.initializer.append(numpy_helper.from_array(value, info.name))
            model.graph.input.remove(info)
    return model


def bases():
    """Models, and the data of their inputs where the suite generates them."""
    import onnx.backend.test.case.node as node
    from onnx.backend.test.loader import load_model_tests
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = [(c.model, c.data_sets[0][0]) for c in node.collect_testcases(None)]
    for kind in ("simple", "pytorch-converted", "pytorch-operator"):
        models += [(onnx.load(f"{c.model_dir}/model.onnx"), []) for c in load_model_tests(kind=kind)]
    return models


def main(folder, count, seed):
    rng, models = random.Random(seed), bases()
    folder = pathlib.Path(folder)
    with open(folder / "list.txt", "w", encoding="utf-8") as listing:
        for k in range(count):
            model, data = models[rng.randrange(len(models))]
            if rng.random() < 0.6:
                model = with_constants(model, data, rng)
            content, done = mutant(model, rng)
            (folder / f"m{k:04}.onnx").write_bytes(content)
            listing.write(f"m{k:04}.onnx {model.graph.name}: {', '.join(done)}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
