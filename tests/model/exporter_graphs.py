"""Small graphs as exporters write them: TensorFlow's (tf2onnx), Paddle's, PyTorch's two, old and
hand-written ones. A maker gives (model, inputs); `folder` is where files beside the model go."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

F32, I64 = TensorProto.FLOAT, TensorProto.INT64
MAKERS = {}


def maker(function):
    MAKERS[function.__name__] = function
    return function


def rng():
    return np.random.default_rng(5)


def value(name, shape, dtype=F32):
    return helper.make_tensor_value_info(name, dtype, shape)


def node(op, inputs, outputs, name="", domain="", **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), name=name, domain=domain,
                            **attributes)


def weights(**arrays):
    return [numpy_helper.from_array(np.asarray(v), k) for k, v in arrays.items()]


def model(nodes, inputs, outputs, initializers=(), opset=17, ir=8, domains=(), **more):
    graph = helper.make_graph(nodes, more.pop("name", "g"), inputs, outputs, initializers)
    made = helper.make_model(graph, ir_version=ir, opset_imports=[
        helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)], **more)
    return made


def array(*shape):
    return rng().normal(size=shape).astype(np.float32)


def renamed(made, names):
    """The same model with other names of its values: keyword arguments hold no slashes."""
    new = lambda n: names.get(n, n)  # noqa: E731
    for n in made.graph.node:
        n.input[:], n.output[:] = map(new, n.input), map(new, n.output)
    for v in [*made.graph.input, *made.graph.output, *made.graph.initializer]:
        v.name = new(v.name)
    return made


@maker
def tf_channels_last(folder):
    """Transposes around convolutions, names with slashes, colons and folded constants, a Reshape
    whose batch comes out of Shape, Cast and Slice."""
    nodes = [
        node("Transpose", "x", "t", "StatefulPartitionedCall/net/conv/Conv2D__6", perm=[0, 3, 1, 2]),
        node("Conv", "t w b", "c", "StatefulPartitionedCall/net/conv/Conv2D", auto_pad="SAME_UPPER",
             dilations=[1, 1], group=1, kernel_shape=[3, 3], strides=[2, 2]),
        node("Relu", "c", "r", "StatefulPartitionedCall/net/re_lu/Relu"),
        node("Transpose", "r", "back", "net/pool__18", perm=[0, 2, 3, 1]),
        node("Mul", "back scale", "m", "net/batchnorm/mul_1"),
        node("Add", "m shift", "a", "net/batchnorm/add_1"),
        node("Shape", "a", "s", "net/flatten/Shape"),
        node("Cast", "s", "s32", "net/flatten/Shape__22", to=TensorProto.INT32),
        node("Slice", "s32 zero one zero", "batch", "net/flatten/strided_slice"),
        node("Concat", "batch rest", "shape32", "net/flatten/Reshape/shape_Concat__29", axis=0),
        node("Cast", "shape32", "shape", "net/flatten/Reshape__30", to=I64),
        node("Reshape", "a shape", "flat", "net/flatten/Reshape"),
        node("MatMul", "flat k", "d", "net/dense/MatMul"),
        node("Softmax", "d", "y", "net/dense/Softmax", axis=-1)]
    made = model(nodes, [value("x", ["unk__35", 8, 8, 3])], [value("y", ["unk__36", 5])], weights(
        w=array(4, 3, 3, 3), b=array(4), scale=array(1, 1, 1, 4), shift=array(1, 1, 1, 4),
        zero=np.array([0]), one=np.array([1]), rest=np.array([64], np.int32),
        k=array(64, 5)), opset=15, producer_name="tf2onnx", producer_version="1.16.1 15c810")
    names = {"x": "serving_default_input_1:0", "y": "Identity:0", "w": "net/conv/Conv2D/ReadVariableOp:0",
             "c": "StatefulPartitionedCall/net/conv/Conv2D:0", "rest": "const_fold_opt__41",
             "zero": "const_starts__25", "one": "const_ends__26", "s": "net/flatten/Shape:0"}
    return renamed(made, names), [array(2, 8, 8, 3)]


@maker
def tf_branches_and_loops(folder):
    """cond and while_loop: outer values read inside, names used again in both branches."""
    branch = lambda op: helper.make_graph(  # noqa: E731
        [node(op, "x half", "branch/mul:0", "cond/" + op)], "cond", [], [value("branch/mul:0", None)])
    body = helper.make_graph(
        [node("Add", "acc step", "acc:1", "while/add"),
         node("Less", "i limit", "cond:1", "while/Less"),
         node("Identity", "acc:1", "scan:0", "while/scan")], "while_body",
        [value("i", [], I64), value("cond:0", [], TensorProto.BOOL), value("acc", None)],
        [value("cond:1", [], TensorProto.BOOL), value("acc:1", None), value("scan:0", None)])
    nodes = [
        node("ReduceSum", "x", "sum", "Sum", keepdims=0),
        node("Greater", "sum zero", "positive", "Greater"),
        node("If", "positive", "chosen", "cond", then_branch=branch("Mul"), else_branch=branch("Sub")),
        node("Loop", "trips yes chosen", "last all", "while", body=body)]
    return model(nodes, [value("x", [2, 3])], [value("last", [2, 3]), value("all", [None, 2, 3])],
                 weights(half=np.float32(0.5), zero=np.float32(0), step=array(3),
                         trips=np.int64(4), limit=np.int64(9), yes=np.array(True)),
                 opset=13), [array(2, 3)]


@maker
def tf_recurrent_layer(folder):
    """Keras's SimpleRNN: a loop without a count whose condition compares a counter that is cast,
    with the limit and the weights as states that never change."""
    body = helper.make_graph(
        [node("MatMul", "h u_", "hu", "while/MatMul_1"), node("Add", "time one", "next", "while/add"),
         node("Gather", "steps time", "row", "while/TensorListGetItem"),
         node("MatMul", "row w_", "rw", "while/MatMul"), node("Add", "rw hu", "sum", "while/add_1"),
         node("Tanh", "sum", "item", "while/Tanh"), node("Identity", "item", "h_out", "while/Identity"),
         node("Cast", "next", "next_f", "cond/Cast", to=F32),
         node("Cast", "limit_", "limit_f", "cond/Cast_1", to=F32),
         node("Less", "next_f limit_f", "more", "cond/Less")], "while_body",
        [value("counter", [], I64), value("cond", [], TensorProto.BOOL),
         value("time", [], TensorProto.INT32), value("h", None), value("limit_", [], TensorProto.INT32),
         value("w_", None), value("u_", None)],
        [value("more", [], TensorProto.BOOL), value("next", [], TensorProto.INT32),
         value("h_out", None), value("limit_", [], TensorProto.INT32), value("w_", None),
         value("u_", None), value("item", None)],
        weights(one=np.int32(1)))
    nodes = [
        node("Transpose", "x", "steps", "rnn/transpose", perm=[1, 0, 2]),
        node("Less", "zero_f limit_f0", "begins", "rnn/Less"),
        node("Loop", "begins zero state limit w u", "t last l2 w2 u2 all", "rnn/while_loop", body=body)]
    nodes[-1].input.insert(0, "")
    return model(nodes, [value("x", ["unk__1", 5, 3])], [value("last", None), value("all", None)],
                 weights(zero=np.int32(0), limit=np.int32(5), zero_f=np.float32(0),
                         limit_f0=np.float32(5), state=np.zeros((2, 4), np.float32), w=array(3, 4),
                         u=array(4, 4)), opset=13), [array(2, 5, 3)]


@maker
def tf_attention(folder):
    """Two inputs whose batches have two names: which of them a product has, a run tells."""
    nodes = [node("Transpose", "v", "vt", "attention/transpose", perm=[0, 2, 1]),
             node("MatMul", "q vt", "scores", "attention/MatMul"),
             node("Softmax", "scores", "weights", "attention/Softmax", axis=-1),
             node("MatMul", "weights v", "y", "attention/MatMul_1")]
    return model(nodes, [value("q", ["unk__1", 6, 8]), value("v", ["unk__2", 5, 8])],
                 [value("y", ["unk__3", 6, 8])], opset=13), [array(1, 6, 8), array(3, 5, 8)]


@maker
def tf_crop_and_resize(folder):
    """A loop whose number is declared as a vector of one, which ONNX Runtime takes at its word."""
    body = helper.make_graph(
        [node("Add", "i one", "next", "crop/Add"), node("Slice", "boxes i next zero", "box", "crop/Slice_c"),
         node("Identity", "cond", "cond_out", "crop/Identity")], "body",
        [value("i", [1], I64), value("cond", [], TensorProto.BOOL)],
        [value("cond_out", [], TensorProto.BOOL), value("box", None)],
        weights(one=np.array([1]), zero=np.array([0])))
    return model([node("Loop", "trips yes", "all", "CropAndResize", body=body)],
                 [value("boxes", [3, 4])], [value("all", None)],
                 weights(trips=np.int64(3), yes=np.array(True)), opset=13), [array(3, 4)]


@maker
def paddle_old_forms(folder):
    """Paddle's names, opset 9: sizes, axes and pads as attributes, -1 for a size that is open,
    a Dropout that tests, an Upsample, a constant that is made and cast."""
    nodes = [
        node("Pad", "x", "p2o.Pad.0", "Pad.0", mode="constant", pads=[0, 0, 1, 1, 0, 0, 1, 1], value=0.0),
        node("Conv", "p2o.Pad.0 w", "p2o.Conv.0", "Conv.0", dilations=[1, 1], kernel_shape=[3, 3],
             strides=[1, 1], group=1),
        node("BatchNormalization", "p2o.Conv.0 s b mean var", "p2o.BatchNormalization.0", "Bn.0",
             epsilon=1e-5, momentum=0.9),
        node("Clip", "p2o.BatchNormalization.0", "p2o.Clip.0", "Clip.0", min=0.0, max=6.0),
        node("Dropout", "p2o.Clip.0", "p2o.Dropout.0", "Dropout.0", ratio=0.3),
        node("Upsample", "p2o.Dropout.0 scales", "p2o.Upsample.0", "Upsample.0", mode="nearest"),
        node("GlobalAveragePool", "p2o.Upsample.0", "p2o.Pool.0", "Pool.0"),
        node("Squeeze", "p2o.Pool.0", "p2o.Squeeze.0", "Squeeze.0", axes=[2, 3]),
        node("Unsqueeze", "p2o.Squeeze.0", "p2o.Unsqueeze.0", "Unsqueeze.0", axes=[1]),
        node("Slice", "p2o.Unsqueeze.0", "p2o.Slice.0", "Slice.0", axes=[2], starts=[1], ends=[4]),
        node("Shape", "p2o.Slice.0", "p2o.Shape.0", "Shape.0"),
        node("ConstantOfShape", "p2o.Shape.0", "p2o.ConstantOfShape.0", "Fill.0",
             value=helper.make_tensor("v", I64, [1], [2])),
        node("Cast", "p2o.ConstantOfShape.0", "p2o.Cast.0", "Cast.0", to=F32),
        node("Mul", "p2o.Slice.0 p2o.Cast.0", "p2o.Mul.0", "Mul.0"),
        node("Softmax", "p2o.Mul.0", "softmax_0.tmp_0", "Softmax.0", axis=2)]
    made = model(nodes, [value("x", [-1, 3, 6, 6])], [value("softmax_0.tmp_0", [-1, 1, 3])], weights(
        w=array(4, 3, 3, 3), s=array(4), b=array(4), mean=array(4), var=abs(array(4)) + 0.5,
        scales=np.array([1, 1, 2, 2], np.float32)), opset=9, ir=7, producer_name="PaddlePaddle")
    made.graph.input[0].type.tensor_type.shape.dim[0].dim_value = -1
    made.graph.output[0].type.tensor_type.shape.dim[0].dim_value = -1
    return made, [array(2, 3, 6, 6)]


@maker
def initializers_as_inputs(folder):
    """IR 3, opset 7: every initializer is an input too; nodes have no names."""
    nodes = [node("Gemm", "x w b", "h", transB=1, alpha=1.0, beta=1.0),
             node("BatchNormalization", "h s b mean var", "n"), node("Sigmoid", "n", "y")]
    parts = dict(w=array(4, 3), b=array(4), s=array(4), mean=array(4), var=abs(array(4)) + 0.1)
    made = model(nodes, [value("x", ["N", 3]), *(value(k, v.shape) for k, v in parts.items())],
                 [value("y", ["N", 4])], weights(**parts), opset=7, ir=3)
    return made, [array(2, 3)]


@maker
def loose_ends(folder):
    """Unused initializers, inputs and nodes, a value named twice, notes, annotations of
    quantisation, metadata at every level, an output that is an input, one that is a weight."""
    nodes = [node("Clip", "x low", "c", "clip"), node("Add", "c w", "y", "add"),
             node("Exp", "x", "nobody", "dead"), node("Dropout", "y", "z mask", "drop")]
    nodes[0].input.append("")  # max: absent
    made = model(nodes, [value("x", ["batch", 3]), value("unread", [4])],
                 [value("z", ["batch", 3]), value("x", ["batch", 3]), value("w", [3])],
                 weights(low=np.float32(-0.5), w=array(3), never=array(7)), opset=12)
    made.graph.value_info.extend([value("c", ["batch", 3]), value("c", ["batch", 3]),
                                  value("ghost", [1])])
    for what in (made, made.graph, made.graph.node[0], made.graph.input[0], made.graph.initializer[0]):
        what.doc_string = "for whom it may concern: ünïcode\n\"quoted\""
    for what in (made, made.graph, made.graph.node[0]):
        what.metadata_props.add(key="namespace", value="net/0: {}")
    note = made.graph.quantization_annotation.add(tensor_name="c")
    note.quant_parameter_tensor_names.add(key="SCALE_TENSOR", value="low")
    return made, [array(2, 3), array(4)]


@maker
def spelt_out_domain(folder):
    """'ai.onnx' for the domain that others leave empty."""
    nodes = [node("Relu", "x", "h", domain="ai.onnx"), node("Neg", "h", "y")]
    made = model(nodes, [value("x", [2, 3])], [value("y", [2, 3])])
    made.opset_import[0].domain = "ai.onnx"
    return made, [array(2, 3)]


@maker
def local_functions(folder):
    """PyTorch's dynamo exporter: functions in functions, attributes with defaults, references,
    optional inputs, a name that ONNX has too."""
    def function(name, inputs, outputs, nodes, **defaults):
        made = helper.make_function("pkg.onnxscript.torch_lib", name, inputs, outputs, nodes, [
            helper.make_opsetid("", 18), helper.make_opsetid("pkg.onnxscript.torch_lib", 1)],
            attributes=[], attribute_protos=[helper.make_attribute(k, v) for k, v in defaults.items()])
        return made

    def reference(made, name, of, kind):
        made.attribute.append(onnx.AttributeProto(name=name, ref_attr_name=of, type=kind))
        return made
    scaled = function("Scale", ["x"], ["y"], [
        reference(node("Constant", "", "alpha", "c"), "value_float", "alpha", onnx.AttributeProto.FLOAT),
        node("Mul", "x alpha", "y")], alpha=0.25)
    scaled.node[0].input[:] = []
    leaky = function("Relu", ["x", "bias"], ["y"], [
        node("Scale", "x", "scaled", domain="pkg.onnxscript.torch_lib"),
        node("Max", "x scaled", "most"), node("Add", "most bias", "y")])
    tuned = node("Scale", "h", "y", "n1", "pkg.onnxscript.torch_lib", alpha=-3.0)
    made = model([node("Relu", "x b", "h", "n0", "pkg.onnxscript.torch_lib"), tuned],
                 [value("x", ["s77", 3])], [value("y", ["s77", 3])], weights(b=array(3)),
                 opset=18, domains=["pkg.onnxscript.torch_lib"], functions=[scaled, leaky])
    return made, [array(2, 3)]


@maker
def data_fields(folder):
    """Numbers in every field that a TensorProto has for them."""
    def typed(name, dtype, values):
        return helper.make_tensor(name, dtype, [len(values)], values)
    half = TensorProto(name="f16", dims=[3], data_type=TensorProto.FLOAT16)
    half.int32_data.extend(np.array([0.5, -2.0, 3.0], np.float16).view(np.uint16).tolist())
    kinds = [half, typed("f64", TensorProto.DOUBLE, [1.5, 2.5, -1]), typed("i64", I64, [1, -2, 3]),
             typed("i8", TensorProto.INT8, [-1, 2, 3]), typed("u8", TensorProto.UINT8, [255, 2, 3]),
             typed("u32", TensorProto.UINT32, [7, 8, 9]), typed("u64", TensorProto.UINT64, [7, 8, 9]),
             typed("flag", TensorProto.BOOL, [True, False, True]), typed("i16", TensorProto.INT16, [-5, 6, 7])]
    nodes, last = [], "x"
    for k in kinds:
        nodes += [node("Cast", k.name, k.name + "_f", to=F32),
                  node("Add", f"{last} {k.name}_f", f"sum_{k.name}")]
        last = f"sum_{k.name}"
    nodes += [node("Constant", "", "c0", value_floats=[1.0, 2.0, 3.0]),
              node("Constant", "", "c1", value_int=2), node("Cast", "c1", "c1_f", to=F32),
              node("Mul", f"{last} c0", "m"), node("Pow", "m c1_f", "y")]
    for n in nodes:
        n.input[:] = [i for i in n.input if i]
    return model(nodes, [value("x", [2, 3])], [value("y", [2, 3])], kinds, opset=14), [array(2, 3)]


@maker
def sparse_weights(folder):
    """A sparse initializer, and a sparse Constant; indices of elements and of places."""
    sparse = onnx.SparseTensorProto(dims=[3, 4])
    sparse.values.CopyFrom(numpy_helper.from_array(np.array([1.5, -2.0, 3.0], np.float32), "w"))
    sparse.indices.CopyFrom(numpy_helper.from_array(np.array([1, 6, 11]), "w_indices"))
    made = model([node("MatMul", "x w", "y")], [value("x", [2, 3])], [value("y", [2, 4])])
    made.graph.sparse_initializer.append(sparse)
    return made, [array(2, 3)]


@maker
def external_weights(folder):
    """Several tensors in one file beside the model, at offsets, with gaps between."""
    parts = dict(w=array(3, 4), b=array(4))
    made = model([node("Gemm", "x w b", "y")], [value("x", [2, 3])], [value("y", [2, 4])],
                 weights(**parts))
    data = bytearray(64)
    for t in made.graph.initializer:
        for key, v in (("location", "weights.bin"), ("offset", str(len(data))),
                       ("length", str(len(t.raw_data)))):
            t.external_data.add(key=key, value=v)
        data += t.raw_data + b"\0" * 16
        t.ClearField("raw_data")
        t.data_location = TensorProto.EXTERNAL
    (folder / "weights.bin").write_bytes(data)
    return made, [array(2, 3)]


@maker
def shadowed_names(folder):
    """A branch whose values are named as others inside the other branch and in the Loop's body."""
    def branch(op):
        return helper.make_graph([node(op, "x", "t"), node("Relu", "t", "out")], "b", [],
                                 [value("out", None)])
    nodes = [node("ReduceMax", "x", "peak", keepdims=0), node("Greater", "peak zero", "c"),
             node("If", "c", "a", then_branch=branch("Neg"), else_branch=branch("Exp")),
             node("If", "c", "b", then_branch=branch("Abs"), else_branch=branch("Neg")),
             node("Add", "a b", "y")]
    return model(nodes, [value("x", [2, 3])], [value("y", [2, 3])],
                 weights(zero=np.float32(0)), opset=13), [array(2, 3)]


@maker
def shape_arithmetic(folder):
    """Reshapes with 0 and -1, Squeeze and Unsqueeze in a row, axes from the back, a Gather of a
    Shape: as the scripting exporter writes view()."""
    nodes = [node("Shape", "x", "s", "Shape_0"), node("Gather", "s i0", "n", "Gather_2", axis=0),
             node("Unsqueeze", "n ax", "n1", "Unsqueeze_3"),
             node("Concat", "n1 minus", "target", "Concat_4", axis=0),
             node("Reshape", "x target", "flat", "Reshape_5"),
             node("Reshape", "flat keep", "k", "Reshape_6"), node("Squeeze", "k last", "q", "Squeeze_7"),
             node("Unsqueeze", "q back", "u", "Unsqueeze_8"), node("Squeeze", "u back", "y", "Squeeze_9")]
    return model(nodes, [value("x", ["batch", 2, 3])], [value("y", ["batch", 6])],
                 weights(i0=np.int64(0), ax=np.array([0]), minus=np.array([-1]),
                         keep=np.array([0, 6, -1]), last=np.array([2]), back=np.array([-1])),
                 opset=13), [array(2, 2, 3)]


@maker
def words(folder):
    """Strings in, out and between."""
    made = model([node("StringNormalizer", "x", "n", case_change_action="UPPER", locale="C"),
                  node("Concat", "n more", "y", axis=0)],
                 [value("x", [3], TensorProto.STRING)], [value("y", [5], TensorProto.STRING)],
                 [helper.make_tensor("more", TensorProto.STRING, [2], [b"\xc3\xa9t\xc3\xa9", b""])])
    return made, [np.array(["cat", "dog", ""], object)]


@maker
def out_of_order(folder):
    """Nodes that stand before what they read."""
    return model([node("Neg", "h", "y"), node("Relu", "x", "h")], [value("x", [2, 3])],
                 [value("y", [2, 3])]), [array(2, 3)]


@maker
def empty_and_scalar(folder):
    """Sizes of 0, numbers without an axis, a mean over no axes named."""
    nodes = [node("Slice", "x zero zero", "none"), node("Concat", "none x", "c", axis=0),
             node("ReduceMean", "c", "m", keepdims=0), node("Mul", "c m", "y")]
    return model(nodes, [value("x", [2, 3])], [value("y", [2, 3]), value("none", [0, 3])],
                 weights(zero=np.array([0])), opset=13), [array(2, 3)]


@maker
def sequences_of_tensors(folder):
    """What torch.split and stack become."""
    nodes = [node("SplitToSequence", "x", "parts", axis=1, keepdims=1),
             node("SequenceAt", "parts one", "second"),
             node("ConcatFromSequence", "parts", "again", axis=1),
             node("Sub", "again second", "y")]
    return model(nodes, [value("x", [2, 3])], [value("y", [2, 3])],
                 weights(one=np.int64(1)), opset=13), [array(2, 3)]
