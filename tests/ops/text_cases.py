"""Random cases of operators on strings and of ai.onnx.ml."""
import numpy as np

ML = "ai.onnx.ml"
WORDS = ["monday", "Tuesday", "SUNDAY", "ünder", "ÉTÉ", "", "a b", "x,y", "ß", "café"]


def words(m, *shape):
    count = int(np.prod(shape))
    return np.array([m.rng.choice(WORDS) for _ in range(count)], object).reshape(shape)


def normalizer(m):
    n = m.rng.randint(1, 6)
    x = words(m, n) if m.rng.random() < 0.5 else words(m, 1, n)
    # ONNX Runtime has the C library's locales, of which every machine has this one: it knows ASCII.
    x[:] = np.where([[str(w).isascii() for w in row] for row in np.atleast_2d(x)], x, "Monday")
    attributes = {"case_change_action": m.rng.choice(["NONE", "LOWER", "UPPER"]), "locale": "C",
                  "is_case_sensitive": m.rng.randint(0, 1),
                  "stopwords": m.rng.sample(["monday", "sunday", "SUNDAY", "Tuesday"], 2)}
    return "StringNormalizer", [x], attributes, 1


def concat(m):
    shape = m.sizes(m.rng.randint(0, 3), 1, 3)
    other = [m.rng.choice([1, d]) for d in shape]
    return "StringConcat", [words(m, *shape), words(m, *other)], {}, 1, 20


def split(m):
    attributes = {"delimiter": m.rng.choice([",", "a", "ay", " "]), **m.maybe(maxsplit=1)}
    x = words(m, *m.sizes(m.rng.randint(1, 2), 1, 4))
    x[x == ""] = "day"  # one part, says ONNX; ONNX Runtime has none
    return "StringSplit", [x], attributes, 2, 20


def match(m):
    pattern = m.rng.choice(["[a-z]+", ".*day", "(?i)sunday|monday", "", "[^ ]*", r"\w+,\w"])
    return "RegexFullMatch", [words(m, *m.sizes(2, 1, 4))], {"pattern": pattern}, 1, 20


def tfidf(m):
    text = m.rng.random() < 0.5
    letters = ["a", "b", "c"] if text else [1, 2, 3]
    grams = [[x] for x in letters] + [[x, y] for x in letters for y in letters][:m.rng.randint(1, 9)]
    pool = [w for gram in grams for w in gram]
    longest = m.rng.randint(1, 2)
    attributes = {"min_gram_length": m.rng.randint(1, longest), "max_gram_length": longest,
                  "max_skip_count": m.rng.randint(0, 3), "mode": m.rng.choice(["TF", "IDF", "TFIDF"]),
                  "ngram_counts": [0, 3], "ngram_indexes": list(range(len(grams))),
                  "pool_strings" if text else "pool_int64s": pool}
    if m.rng.random() < 0.5:
        attributes["weights"] = [float(v) for v in m.numbers.random(len(grams)).round(2)]
    shape = m.sizes(m.rng.randint(1, 2), 1, 8)
    x = np.array([m.rng.choice(letters) for _ in range(int(np.prod(shape)))],
                 object if text else np.int64).reshape(shape)
    return "TfIdfVectorizer", [x], attributes, 1


def label_encoder(m):
    kinds = {"strings": (object, ["a", "b", "é"], "default_string", "none"),
             "int64s": (np.int64, [4, -1, 1 << 40], "default_int64", -7),
             "floats": (np.float32, [0.5, float("nan"), -2.0], "default_float", 9.5)}
    keys, values = m.rng.choice(sorted(kinds)), m.rng.choice(sorted(kinds))
    dtype, known, _, _ = kinds[keys]
    _, given, default, fallback = kinds[values]
    x = np.array([m.rng.choice([*known, known[0]]) for _ in range(6)], dtype)
    if m.rng.random() < 0.5:
        x[2] = "zz" if dtype is object else 77
    return "LabelEncoder", [x.reshape(2, 3)], {
        f"keys_{keys}": known, f"values_{values}": given, **m.maybe(**{default: fallback})}, 1, ML


def features(m):
    if m.rng.random() < 0.5:
        x = m.array(*m.sizes(2, 1, 6)) * 2
        return "Binarizer", [x], m.maybe(threshold=0.25), 1, ML
    n = m.rng.randint(1, 6)
    dtype = m.rng.choice([np.float32, np.float64, np.int64, np.int32, object])
    x = words(m, 3, n) if dtype is object else (m.array(3, n) * 9).astype(dtype)
    which = np.array([m.rng.randrange(n) for _ in range(m.rng.randint(1, 4))], np.int64)
    return "ArrayFeatureExtractor", [x, which], {}, 1, ML


def tree(m):
    from onnx import helper
    inner, targets, width = m.rng.randint(1, 6), m.rng.randint(1, 3), m.rng.randint(1, 4)
    dtype, code = m.rng.choice([(np.float32, 1), (np.float64, 11)])
    # A chain: each node leads to a leaf or to the next one.
    true_first = [m.rng.random() < 0.5 for _ in range(inner)]
    last = inner - 1
    nexts = [[], []]
    leafs = [[], []]
    for i in range(inner):
        for side in (0, 1):
            leaf = i == last or side == true_first[i]
            nexts[side].append((2 * i + side) if leaf else i + 1)
            leafs[side].append(int(leaf))
    tensor = lambda name, t, v: helper.make_tensor(name, t, (len(v),), v)  # noqa: E731
    attributes = {
        "n_targets": targets, "tree_roots": [0] * m.rng.randint(1, 3),
        "aggregate_function": m.rng.randint(0, 3), "post_transform": 0,  # else ONNX Runtime's numbers mean others
       
        "nodes_modes": tensor("m", 2, [m.rng.randint(0, 5) for _ in range(inner)]),
        "nodes_featureids": [m.rng.randrange(width) for _ in range(inner)],
        "nodes_splits": tensor("s", code, m.numbers.normal(size=inner).round(2).astype(dtype)),
        "nodes_truenodeids": nexts[1], "nodes_trueleafs": leafs[1],
        "nodes_falsenodeids": nexts[0], "nodes_falseleafs": leafs[0],
        "leaf_targetids": [m.rng.randrange(targets) for _ in range(2 * inner)],
        "leaf_weights": tensor("w", code, m.numbers.normal(size=2 * inner).round(2).astype(dtype))}
    return "TreeEnsemble", [m.array(5, width, dtype=dtype)], attributes, 1, ML


def linear(m):
    n, width, classes = m.rng.randint(1, 5), m.rng.randint(1, 5), m.rng.randint(3, 4)
    x = m.array(n, width)
    row = lambda k: [float(v) for v in m.numbers.normal(size=k).round(2)]  # noqa: E731
    transform = m.rng.choice(["NONE", "SOFTMAX", "LOGISTIC"])
    op = m.rng.choice(["Scaler", "Normalizer", "Imputer", "OneHotEncoder", "FeatureVectorizer",
                       "LinearRegressor", "LinearClassifier"])
    if op == "Scaler":
        return op, [x], {"offset": row(m.rng.choice([1, width])), "scale": row(width)}, 1, ML
    if op == "Normalizer":
        return op, [abs(x) if m.rng.random() < 0.5 else x], {"norm": m.rng.choice(["MAX", "L1", "L2"])}, 1, ML
    if op == "Imputer":
        x[m.numbers.random(x.shape) < 0.3] = np.nan
        return op, [x], {"imputed_value_floats": row(m.rng.choice([1, width])),
                         "replaced_value_float": float("nan")}, 1, ML
    if op == "OneHotEncoder":
        if m.rng.random() < 0.5:
            return op, [words(m, n)], {"cats_strings": WORDS[:4]}, 1, ML
        return op, [m.numbers.integers(0, 5, (n, 2))], {"cats_int64s": [3, 0, 1]}, 1, ML
    if op == "FeatureVectorizer":
        return op, [x, m.array(n, 2)], {"inputdimensions": [width, 2]}, 1, ML
    if op == "LinearRegressor":
        targets = m.rng.randint(1, 3)
        return op, [x], {"coefficients": row(width * targets), "intercepts": row(targets),
                         "targets": targets, "post_transform": "NONE"}, 1, ML
    labels = {"classlabels_ints": [7, 1, 3, 2][:classes]} if m.rng.random() < 0.5 else {
        "classlabels_strings": ["b", "a", "ü", "d"][:classes]}
    return op, [x], {"coefficients": row(width * classes), "intercepts": row(classes),
                     "post_transform": transform, **labels}, 2, ML


KINDS = [linear, normalizer, concat, split, match, tfidf, label_encoder, features, tree]
