"""scikit-learn's estimators through its exporter, skl2onnx: Hone's reference against ONNX Runtime
on the same file, and its classes against scikit-learn's own."""
import os
import subprocess
import warnings

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

skl2onnx = pytest.importorskip("skl2onnx", reason="skl2onnx (tests/requirements.txt) is absent")
import onnxruntime  # noqa: E402
import sklearn  # noqa: E402
from sklearn import compose, ensemble, pipeline, preprocessing  # noqa: E402
from sklearn.feature_extraction import DictVectorizer  # noqa: E402
from skl2onnx.common.data_types import (DictionaryType, FloatTensorType,  # noqa: E402
                                        StringTensorType)

import sklearn_models  # noqa: E402

HONE = os.path.abspath(os.environ.get("HONE", "build/release/hone"))
CASES = sklearn_models.all_cases()
# f32 all the way in ONNX Runtime, f32 between nodes in Hone: relative to the largest of an output.
TOLERANCE = 2e-5
# Why an estimator's graph differs by more: sums of squares of differences, square roots near 0,
# ratios of small numbers.
WIDER = {"KNeighbors": 1e-3, "RadiusNeighbors": 1e-3, "LocalOutlier": 1e-3, "KernelPCA": 1e-4,
         "GaussianProcess": 1e-3, "Quadratic": 1e-3, "GaussianNB": 1e-4, "GaussianMixture": 1e-4,
         "PowerTransformer": 1e-4, "KMeans": 1e-3, "KNNImputer": 1e-4, "Poisson": 1e-4,
         "Tweedie": 1e-4}


@pytest.fixture(autouse=True)
def exporter(monkeypatch):
    """skl2onnx 1.20 gives lists of bool for lists of int, which onnx 1.23 no longer takes."""
    from skl2onnx.common import _container

    def make(*args, **attributes):
        for k, v in attributes.items():
            if isinstance(v, list) and any(isinstance(e, (bool, np.bool_)) for e in v):
                attributes[k] = [int(e) for e in v]
        return helper.make_node(*args, **attributes)
    monkeypatch.setattr(_container, "make_node", make)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def input_types(x):
    if x.dtype != object:
        return [("x", FloatTensorType([None, x.shape[1]]))]
    return [("x", StringTensorType([None, *x.shape[1:]] if x.ndim > 1 else [None]))]


def convert(estimator, x, options, types=None):
    return skl2onnx.to_onnx(estimator, initial_types=types or input_types(x),
                            options=options or None, target_opset={"": 21, "ai.onnx.ml": 3})


def read(path, value):
    data = path.read_bytes()
    if value.type.WhichOneof("value") == "sequence_type":
        return [{k.decode() if isinstance(k, bytes) else k: v.item() for k, v in d.items()}
                for d in numpy_helper.to_list(onnx.SequenceProto.FromString(data))]
    return numpy_helper.to_array(onnx.TensorProto.FromString(data))


def run_hone(model, folder, protos):
    onnx.save(model, folder / "model.onnx")
    (folder / "in").mkdir()
    for k, proto in enumerate(protos):
        (folder / "in" / f"input_{k}.pb").write_bytes(proto.SerializeToString())
    done = subprocess.run([HONE, "run", "model.onnx", "--inputs", "in", "--save", "out",
                           "--format", "pb", "--reference"], cwd=folder, capture_output=True,
                          text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return [read(folder / "out" / f"output_{k}.pb", v) for k, v in enumerate(model.graph.output)]


def map_proto(values):
    """numpy_helper.from_dict takes no strings."""
    proto = onnx.MapProto(key_type=TensorProto.INT64)
    proto.values.elem_type = onnx.SequenceProto.TENSOR
    for key, v in values.items():
        if isinstance(key, str):
            proto.key_type = TensorProto.STRING
            proto.string_keys.append(key.encode())
        else:
            proto.keys.append(key)
        array = np.array(v, object if isinstance(v, str) else np.float32)
        proto.values.tensor_values.append(numpy_helper.from_array(array))
    return proto


def as_rows(value):
    """The numbers of a sequence of maps, in the order of its keys."""
    if isinstance(value, list):
        return np.array([[row[k] for k in sorted(row)] for row in value])
    return np.asarray(value)


def wrong_classes(got, want, scores):
    """Rows of another class that are no ties: whose two best scores differ."""
    other = np.flatnonzero(np.asarray(got).astype(str).ravel() != np.asarray(want).astype(str).ravel())
    if scores is None or scores.ndim < 2:
        return other
    # One column: its sign decides.
    best = np.sort(scores if scores.shape[1] > 1 else np.abs(scores) * [[0, 1]], axis=1)
    near = best[:, -1] - best[:, -2] < TOLERANCE * max(1, np.abs(scores).max())
    return other[~near[other]]


def compare(name, got, want):
    limit = next((v for k, v in WIDER.items() if k in name), TOLERANCE)
    scores = next((as_rows(w) for w in want[1:]), None)
    for g, w in zip(got, want):
        assert isinstance(g, list) == isinstance(w, list)
        if isinstance(w, list):
            assert [sorted(row) for row in g] == [sorted(row) for row in w]
        g, w = as_rows(g), as_rows(w)
        assert g.shape == w.shape, f"{g.shape}, not {w.shape}"
        if w.dtype.kind not in "fc":
            assert not len(wrong_classes(g, w, scores)), (g, w)
            continue
        finite = w[np.isfinite(w)]
        atol = limit * max(1e-3, np.abs(finite).max() if finite.size else 0)
        assert np.allclose(g, w, rtol=limit, atol=atol, equal_nan=True), np.abs(g - w).max()


@pytest.mark.parametrize("name,estimator,data,options", CASES, ids=[c[0] for c in CASES])
def test_against_onnxruntime_and_sklearn(tmp_path, name, estimator, data, options):
    x, y = data()
    fitted = sklearn.base.clone(estimator).fit(x, y)
    model = convert(fitted, x, options)
    want = onnxruntime.InferenceSession(model.SerializeToString()).run(
        None, {model.graph.input[0].name: x})
    got = run_hone(model, tmp_path, [numpy_helper.from_array(x)])
    compare(name, got, want)
    # f32 moves a sample across a border at times; what the exporter changes is not Hone's to mend.
    if hasattr(fitted, "classes_") and hasattr(fitted, "predict"):
        own = fitted.predict(x).astype(str)
        others = (np.asarray(want[0]).ravel().astype(str) != own).mean()
        assert (got[0].ravel().astype(str) != own).mean() <= others + 0.01


def test_dictionaries(tmp_path):
    rows = [{"a": 1.5, "c": -2.0}, {"b": 3.0}, {"a": 0.25, "b": 1.0, "c": 4.0}]
    fitted = DictVectorizer(sparse=False).fit(rows)
    model = convert(fitted, None, {}, types=[("x", DictionaryType(StringTensorType([1]),
                                                                 FloatTensorType([1])))])
    session = onnxruntime.InferenceSession(model.SerializeToString())
    for k, row in enumerate(rows):
        want = session.run(None, {"x": row})
        proto = map_proto(row)
        folder = tmp_path / str(k)
        folder.mkdir()
        got = run_hone(model, folder, [proto])
        assert np.array_equal(got[0], want[0])
        assert np.array_equal(got[0], fitted.transform([row]))


def test_a_pipeline_of_columns(tmp_path):
    """What a table's model is: strings and numbers in columns of their own."""
    rng = np.random.default_rng(3)
    words, y = sklearn_models.words()
    numbers = rng.normal(size=(60, 2)).astype(np.float32)
    columns = {"words": words, "numbers": numbers}
    fitted = pipeline.make_pipeline(
        compose.ColumnTransformer([("words", preprocessing.OneHotEncoder(), [0, 1]),
                                   ("numbers", preprocessing.StandardScaler(), [2, 3])]),
        ensemble.RandomForestClassifier(5, random_state=0)).fit(np.hstack([words, numbers]), y)
    types = [("words", StringTensorType([None, 2])), ("numbers", FloatTensorType([None, 2]))]
    model = convert(fitted, None, {}, types=types)
    want = onnxruntime.InferenceSession(model.SerializeToString()).run(None, columns)
    got = run_hone(model, tmp_path, [numpy_helper.from_array(columns[v.name])
                                     for v in model.graph.input])
    compare("pipeline", got, want)


def ml_model(op, inputs, outputs, version, **attributes):
    node = helper.make_node(op, [v.name for v in inputs], [v.name for v in outputs],
                            domain="ai.onnx.ml", **attributes)
    graph = helper.make_graph([node], "g", inputs, outputs)
    return helper.make_model(graph, ir_version=10, opset_imports=[
        helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", version)])


def value(name, dtype, shape=None):
    return helper.make_tensor_value_info(name, dtype, shape)


def random_trees(rng, trees, features, voted, modes):
    """nodes_* and the leaves' votes: (tree, node, class, weight)."""
    n = {k: [] for k in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids",
                         "falsenodeids", "missing_value_tracks_true")}
    votes = []

    def grow(tree, depth, free):
        here = next(free)
        leaf = depth == 0 or rng.random() < 0.2
        row = len(n["nodeids"])
        for k, v in (("treeids", tree), ("nodeids", here), ("truenodeids", 0), ("falsenodeids", 0),
                     ("featureids", int(rng.integers(features)) if not leaf else 0),
                     ("values", float(rng.integers(-2, 3)) / 2 if not leaf else 0.0),
                     ("modes", "LEAF" if leaf else str(rng.choice(modes))),
                     ("missing_value_tracks_true", int(rng.integers(2)))):
            n[k].append(v)
        if leaf:
            votes.extend((tree, here, k, float(rng.normal())) for k in voted)
        else:
            n["truenodeids"][row] = grow(tree, depth - 1, free)
            n["falsenodeids"][row] = grow(tree, depth - 1, free)
        return here
    for tree in range(trees):
        grow(tree, 4, iter(range(1000)))
    return {f"nodes_{k}": v for k, v in n.items()}, votes


MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]


def samples(rng, rows, features, holes=True):
    x = (rng.integers(-4, 5, (rows, features)) / 2).astype(np.float32)
    if holes:
        x[rng.random(x.shape) < 0.15] = np.nan
    return x


def check(model, folder, x, tolerance=TOLERANCE):
    want = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    got = run_hone(model, folder, [numpy_helper.from_array(x)])
    for g, w in zip(got, want):
        assert g.shape == w.shape
        if w.dtype.kind == "f":
            assert np.allclose(g, w, rtol=tolerance, atol=tolerance, equal_nan=True), (g, w)
        else:
            assert np.array_equal(g.astype(str), np.asarray(w).astype(str)), (g, w)


def tensors(attributes, names):
    """The same lists as f64 tensors."""
    return {(k + "_as_tensor" if k in names else k):
            (numpy_helper.from_array(np.array(v, np.float64), k) if k in names else v)
            for k, v in attributes.items()}


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("aggregate", ["SUM", "AVERAGE", "MIN", "MAX"])
def test_random_tree_regressors(tmp_path, seed, aggregate):
    rng = np.random.default_rng(seed)
    targets = 1 + seed % 3
    nodes, votes = random_trees(rng, 4, 3, range(targets), [MODES[seed % 6]])
    t, i, k, w = zip(*votes)
    attributes = dict(nodes, target_treeids=t, target_nodeids=i, target_ids=k, target_weights=w,
                      n_targets=targets, aggregate_function=aggregate)
    if seed % 2:
        attributes["base_values"] = [float(v) for v in rng.normal(size=targets)]
    x = samples(rng, 30, 3)
    if seed % 4 == 3:
        attributes = tensors(attributes, {"nodes_values", "target_weights", "base_values"})
        x = x.astype(np.float64)
    kind = TensorProto.DOUBLE if x.dtype == np.float64 else TensorProto.FLOAT
    check(ml_model("TreeEnsembleRegressor", [value("x", kind, [None, 3])],
                   [value("y", TensorProto.FLOAT)], 3, **attributes), tmp_path, x)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("transform", ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"])
def test_random_tree_classifiers(tmp_path, seed, transform):
    rng = np.random.default_rng(seed)
    classes = 2 + seed % 3
    # Votes for one of two classes: what each post_transform but LOGISTIC then means, only NONE has
    # in common.
    voted = [0] if classes == 2 and transform in ("NONE", "LOGISTIC") else range(classes)
    if classes == 2 and len(voted) == 2:
        classes, voted = 5, range(5)
    nodes, votes = random_trees(rng, 4, 3, voted, MODES[:4] if seed % 2 else [MODES[seed % 6]])
    t, i, k, w = zip(*votes)
    if transform == "NONE" and seed % 4 < 2:
        w = [abs(v) / 8 for v in w]  # probabilities
    labels = ({"classlabels_strings": list("abcde")[:classes]} if seed % 2 else
              {"classlabels_int64s": [int(v) for v in rng.permutation(9)[:classes]]})
    attributes = dict(nodes, class_treeids=t, class_nodeids=i, class_ids=k, class_weights=w,
                      post_transform=transform, **labels)
    if seed % 3 and classes > 2:
        attributes["base_values"] = [float(v) for v in rng.normal(size=classes)]
    x = samples(rng, 30, 3)
    if seed % 4 == 3:
        attributes = tensors(attributes, {"nodes_values", "class_weights", "base_values"})
        x = x.astype(np.float64)
    kind = TensorProto.DOUBLE if x.dtype == np.float64 else TensorProto.FLOAT
    names = TensorProto.STRING if seed % 2 else TensorProto.INT64
    check(ml_model("TreeEnsembleClassifier", [value("x", kind, [None, 3])],
                   [value("label", names), value("y", TensorProto.FLOAT)], 3, **attributes),
          tmp_path, x)


@pytest.mark.parametrize("kind", ["LINEAR", "POLY", "RBF", "SIGMOID"])
@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("how", ["scores", "probabilities", "SOFTMAX"])
def test_random_support_vectors(tmp_path, kind, classes, how):
    rng = np.random.default_rng(classes)
    if how == "SOFTMAX" and classes == 2:
        pytest.skip("ONNX Runtime leaves the transform out")
    count, pairs = 3 * classes, classes * (classes - 1) // 2
    def numbers(n):
        return [float(v) for v in rng.normal(size=n)]
    attributes = dict(kernel_type=kind, kernel_params=[0.3, 0.5, 2.0], rho=numbers(pairs),
                      coefficients=numbers((classes - 1) * count), support_vectors=numbers(count * 4),
                      vectors_per_class=[3] * classes, classlabels_ints=list(range(4, 4 + classes)))
    if how == "probabilities":
        attributes.update(prob_a=[-abs(v) for v in numbers(pairs)], prob_b=numbers(pairs))
    if how == "SOFTMAX":
        attributes["post_transform"] = how
    x = rng.normal(size=(20, 4)).astype(np.float32)
    model = ml_model("SVMClassifier", [value("x", TensorProto.FLOAT, [None, 4])],
                     [value("label", TensorProto.INT64), value("y", TensorProto.FLOAT)], 1,
                     **attributes)
    check(model, tmp_path, x, 1e-4)


def test_linear_classifier_with_one_row(tmp_path):
    """Classes against ONNX Runtime, scores against ONNX's own evaluator: ONNX Runtime has 1 - score
    for the first class, whatever the transform."""
    from onnx.reference import ReferenceEvaluator
    for k, transform in enumerate(["NONE", "LOGISTIC", "SOFTMAX"]):
        model = ml_model("LinearClassifier", [value("x", TensorProto.FLOAT, [None, 3])],
                         [value("label", TensorProto.INT64), value("y", TensorProto.FLOAT)], 1,
                         coefficients=[0.5, -1.0, 0.25], intercepts=[0.125], multi_class=0,
                         classlabels_ints=[7, 3], post_transform=transform)
        x = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
        folder = tmp_path / str(k)
        folder.mkdir()
        label, scores = run_hone(model, folder, [numpy_helper.from_array(x)])
        want = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
        assert np.array_equal(label, want[0])
        assert np.allclose(scores, ReferenceEvaluator(model).run(None, {"x": x})[1], atol=1e-6)


def test_category_mapper(tmp_path):
    table = {"cats_int64s": [5, -1, 9], "cats_strings": ["five", "none", ""]}
    for name, x, to in (("words", np.array([["five", "x"], ["", "none"]], object), TensorProto.INT64),
                        ("numbers", np.array([5, 4, 9, -1]), TensorProto.STRING)):
        folder = tmp_path / name
        folder.mkdir()
        kind = TensorProto.STRING if x.dtype == object else TensorProto.INT64
        model = ml_model("CategoryMapper", [value("x", kind, x.shape)], [value("y", to)], 1, **table)
        check(model, folder, x)


MAPS = [("DENSE", "TO_FLOAT", 1), ("DENSE", "TO_INT64", 1), ("DENSE", "TO_STRING", 1),
        ("SPARSE", "TO_FLOAT", 6), ("SPARSE", "TO_STRING", 5), ("SPARSE", "TO_INT64", 3)]


@pytest.mark.parametrize("form,to,size", MAPS)
@pytest.mark.parametrize("values", [{3: 1.5, 1: -2.25, 4: 7.0}, {4: "2.5", 0: "-3"}],
                         ids=["numbers", "words"])
def test_cast_map(tmp_path, form, to, size, values):
    words = isinstance(next(iter(values.values())), str)
    x = onnx.ValueInfoProto(name="x")
    x.type.map_type.key_type = TensorProto.INT64
    x.type.map_type.value_type.tensor_type.elem_type = TensorProto.STRING if words else TensorProto.FLOAT
    kind = {"TO_FLOAT": TensorProto.FLOAT, "TO_INT64": TensorProto.INT64,
            "TO_STRING": TensorProto.STRING}[to]
    model = ml_model("CastMap", [x], [value("y", kind)], 1, map_form=form, cast_to=to, max_map=size)
    got = run_hone(model, tmp_path, [map_proto(values)])[0]
    if words:  # which ONNX Runtime's Python side cannot be given
        cast = {"TO_FLOAT": float, "TO_INT64": lambda v: int(float(v)), "TO_STRING": str}[to]
        blank = "0.f" if to == "TO_STRING" else 0
        places = sorted(values) if form == "DENSE" else range(size)
        want = np.array([[cast(values[k]) if k in values else blank for k in places]])
    else:
        session = onnxruntime.InferenceSession(model.SerializeToString())
        want = session.run(None, {"x": values})[0]
    assert got.shape == want.shape
    assert np.array_equal(got.astype(str), want.astype(str))
