"""Fitted estimators of scikit-learn for test_sklearn.py: (name, estimator, data, options of the
exporter). Every kind that skl2onnx converts and ONNX Runtime then runs."""
import numpy as np
from sklearn import (calibration, cluster, compose, cross_decomposition, decomposition,
                     discriminant_analysis, ensemble, feature_selection, gaussian_process, impute,
                     linear_model, mixture, multiclass, multioutput, naive_bayes, neighbors,
                     neural_network, pipeline, preprocessing, random_projection, svm, tree)
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.feature_extraction import text

R = {"random_state": 0}


def three_classes(labels=False):
    x, y = load_iris(return_X_y=True)
    return x.astype(np.float32), np.array(["setosa", "versi", "virg"])[y] if labels else y


def two_classes():
    x, y = load_breast_cancer(return_X_y=True)
    return preprocessing.scale(x).astype(np.float32)[:200, :8], y[:200]


def two_named():
    x, y = two_classes()
    return x, np.array(["no", "yes"])[y]


def with_holes():
    x, y = three_classes()
    rng = np.random.default_rng(0)
    x = x + rng.normal(0, 0.02, x.shape).astype(np.float32)  # without it neighbours are as near
    x[rng.random(x.shape) < 0.1] = np.nan
    return x, y


def counts():
    x, y = three_classes()
    return np.round(x).astype(np.float32), y


def numbers():
    x, y = load_diabetes(return_X_y=True)
    return (x * 20).astype(np.float32)[:200], y[:200]


def two_targets():
    x, y = numbers()
    return x, np.stack([y, y * 2 - 5], 1)


SIZES = ["small", "middle", "large", "huge"]
TOWNS = ["Köln", "Paris", "Oslo", ""]


def words():
    rng = np.random.default_rng(1)
    x = np.stack([rng.choice(SIZES, 60), rng.choice(TOWNS, 60)], 1).astype(object)
    return x, rng.integers(0, 2, 60)


def texts():
    rng = np.random.default_rng(2)
    vocabulary = ["red", "green", "blue", "cat", "dog", "runs", "sleeps", "on", "the", "mat"]
    x = np.array([" ".join(rng.choice(vocabulary, rng.integers(2, 7))) for _ in range(40)], object)
    return x, rng.integers(0, 2, 40)


CLASSIFIERS = [
    linear_model.LogisticRegression(max_iter=500), linear_model.RidgeClassifier(),
    linear_model.SGDClassifier(**R), linear_model.SGDClassifier(loss="log_loss", **R),
    linear_model.Perceptron(),
    svm.SVC(kernel="linear"), svm.SVC(kernel="poly"), svm.SVC(), svm.SVC(kernel="sigmoid"),
    svm.SVC(probability=True, **R), svm.NuSVC(), svm.NuSVC(probability=True, **R), svm.LinearSVC(),
    tree.DecisionTreeClassifier(**R), tree.ExtraTreeClassifier(**R),
    ensemble.RandomForestClassifier(10, **R), ensemble.ExtraTreesClassifier(10, **R),
    ensemble.GradientBoostingClassifier(n_estimators=10, **R),
    ensemble.HistGradientBoostingClassifier(max_iter=10, **R),
    ensemble.AdaBoostClassifier(n_estimators=5, **R),
    ensemble.BaggingClassifier(n_estimators=3, **R),
    ensemble.VotingClassifier([("a", linear_model.LogisticRegression(max_iter=500)),
                               ("b", tree.DecisionTreeClassifier(max_depth=3))], voting="soft",
                              flatten_transform=False),
    ensemble.StackingClassifier([("a", linear_model.LogisticRegression(max_iter=500)),
                                 ("b", tree.DecisionTreeClassifier(max_depth=3, **R))]),
    neighbors.KNeighborsClassifier(3), neighbors.KNeighborsClassifier(3, weights="distance", p=1),
    naive_bayes.GaussianNB(), naive_bayes.BernoulliNB(),
    discriminant_analysis.LinearDiscriminantAnalysis(),
    discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=0.1),
    neural_network.MLPClassifier((8,), max_iter=50, **R),
    multiclass.OneVsRestClassifier(linear_model.LogisticRegression(max_iter=500)),
    calibration.CalibratedClassifierCV(linear_model.LogisticRegression(max_iter=500)),
]
COUNTED = [naive_bayes.MultinomialNB(), naive_bayes.ComplementNB(), naive_bayes.CategoricalNB()]
REGRESSORS = [
    linear_model.LinearRegression(), linear_model.Ridge(), linear_model.Lasso(),
    linear_model.ElasticNet(), linear_model.BayesianRidge(), linear_model.HuberRegressor(),
    linear_model.PoissonRegressor(), linear_model.TweedieRegressor(),
    linear_model.RANSACRegressor(**R), linear_model.TheilSenRegressor(**R),
    svm.SVR(), svm.SVR(kernel="poly"), svm.NuSVR(kernel="sigmoid"), svm.SVR(kernel="linear"),
    svm.LinearSVR(), tree.DecisionTreeRegressor(**R), tree.ExtraTreeRegressor(**R),
    ensemble.RandomForestRegressor(10, **R), ensemble.ExtraTreesRegressor(10, **R),
    ensemble.GradientBoostingRegressor(n_estimators=10, **R),
    ensemble.HistGradientBoostingRegressor(max_iter=10, **R),
    ensemble.AdaBoostRegressor(n_estimators=5, **R), ensemble.BaggingRegressor(n_estimators=3, **R),
    ensemble.VotingRegressor([("a", linear_model.Ridge()),
                              ("b", tree.DecisionTreeRegressor(max_depth=3))]),
    ensemble.StackingRegressor([("a", linear_model.Ridge()),
                                ("b", tree.DecisionTreeRegressor(max_depth=3, **R))]),
    neighbors.KNeighborsRegressor(3),
    neural_network.MLPRegressor(hidden_layer_sizes=(8,), max_iter=50, **R),
    gaussian_process.GaussianProcessRegressor(gaussian_process.kernels.RBF(4.0), alpha=1.0),
    cross_decomposition.PLSRegression(2),
]
OF_TWO_TARGETS = [linear_model.LinearRegression(), ensemble.RandomForestRegressor(5, **R),
                  neighbors.KNeighborsRegressor(3), tree.DecisionTreeRegressor(**R),
                  multioutput.MultiOutputRegressor(linear_model.Ridge())]
TRANSFORMERS = [
    preprocessing.StandardScaler(), preprocessing.MinMaxScaler(), preprocessing.MaxAbsScaler(),
    preprocessing.RobustScaler(), *[preprocessing.Normalizer(n) for n in ("l1", "l2", "max")],
    preprocessing.Binarizer(threshold=0.5), preprocessing.PolynomialFeatures(2),
    preprocessing.KBinsDiscretizer(3, encode="onehot-dense"),
    preprocessing.KBinsDiscretizer(3, encode="ordinal"), preprocessing.PowerTransformer(),
    preprocessing.QuantileTransformer(n_quantiles=20), decomposition.PCA(2),
    decomposition.IncrementalPCA(2), decomposition.TruncatedSVD(2),
    decomposition.KernelPCA(2, kernel="rbf"), random_projection.GaussianRandomProjection(2, **R),
    feature_selection.SelectKBest(k=2), feature_selection.VarianceThreshold(),
    cluster.KMeans(3, n_init=1, **R), cluster.MiniBatchKMeans(3, n_init=1, **R),
    mixture.GaussianMixture(2, **R), mixture.BayesianGaussianMixture(n_components=2, **R),
    svm.OneClassSVM(), ensemble.IsolationForest(n_estimators=10, **R),
    neighbors.LocalOutlierFactor(novelty=True), neighbors.NeighborhoodComponentsAnalysis(2, **R),
]
FILLERS = [impute.SimpleImputer(), impute.SimpleImputer(strategy="median"), impute.KNNImputer(),
           pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.StandardScaler(),
                                  linear_model.LogisticRegression()),
           ensemble.HistGradientBoostingClassifier(max_iter=10, **R)]
OF_WORDS = [preprocessing.OneHotEncoder(), preprocessing.OneHotEncoder(handle_unknown="ignore"),
            preprocessing.OrdinalEncoder(),
            pipeline.make_pipeline(preprocessing.OneHotEncoder(), linear_model.LogisticRegression()),
            compose.ColumnTransformer([("a", preprocessing.OneHotEncoder(), [0]),
                                       ("b", preprocessing.OrdinalEncoder(), [1])])]
OF_TEXTS = [text.CountVectorizer(), text.TfidfVectorizer(), text.TfidfVectorizer(ngram_range=(1, 2))]


def all_cases():
    def named(estimators, tag, data, **options):
        seen = {}
        for e in estimators:
            name = f"{tag}_{type(e).__name__}"
            seen[name] = seen.get(name, 0) + 1
            yield f"{name}_{seen[name]}", e, data, options
    plain = [e for e in CLASSIFIERS if not isinstance(e, (svm.LinearSVC, linear_model.Perceptron))]
    return [*named(CLASSIFIERS, "three", three_classes),
            *named(CLASSIFIERS, "two", two_classes),
            *named(CLASSIFIERS[1::3], "named", lambda: three_classes(True)),
            *named(plain[2::5], "two_named", two_named),
            *named(plain[::4], "plain", three_classes, zipmap=False),
            *named(plain[1::8], "columns", three_classes, zipmap="columns"),
            *named([svm.SVC(), linear_model.LogisticRegression(max_iter=500),
                    ensemble.GradientBoostingClassifier(n_estimators=5, **R)], "raw", two_classes,
                   raw_scores=True),
            *named(COUNTED, "counted", counts), *named(REGRESSORS, "numbers", numbers),
            *named(OF_TWO_TARGETS, "targets", two_targets),
            *named(TRANSFORMERS, "rows", three_classes), *named(FILLERS, "holes", with_holes),
            *named(OF_WORDS, "words", words),
            # ONNX Runtime has the C library's locales, of which every machine has this one.
            *named(OF_TEXTS, "texts", texts, locale="C"),
            *named([pipeline.make_pipeline(text.TfidfVectorizer(), linear_model.SGDClassifier(**R))],
                   "texts", texts, tfidfvectorizer__locale="C")]
