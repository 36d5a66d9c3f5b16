// ai.onnx.ml as scikit-learn's exporter writes it: Scaler, Normalizer, Imputer, OneHotEncoder,
// FeatureVectorizer, LinearRegressor, LinearClassifier.
#include <algorithm>
#include <cmath>
#include <map>

#include "host/ops/infer_util.h"
#include "host/ops/ml_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

Status bad_size(const char* name) {
  return error(Code::shape_mismatch, fmt::format("{} does not fit the features", name));
}

Status infer_f32(InferContext& ctx) {
  ctx.set(0, shaped_like(ctx.in(0), DType::f32));
  return {};
}

Status scale(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  const std::vector<double> offset = doubles_of(ctx.node(), "offset"),
                            factor = doubles_of(ctx.node(), "scale");
  const auto size = static_cast<size_t>(rows_of(x).size);
  for (const std::vector<double>* v : {&offset, &factor}) {
    if (v->size() != 1 && v->size() != size) return bad_size(v == &offset ? "offset" : "scale");
  }
  std::vector<double> y = numbers_of(x);
  for (size_t i = 0; i < y.size(); ++i) {
    y[i] = (y[i] - offset[i % offset.size()]) * factor[i % factor.size()];
  }
  ctx.set(0, store(DType::f32, x.dims(), y));
  return {};
}

// A row whose norm is 0 stays.
Status normalize(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  const std::string norm = ctx.node().attributes.s("norm", "MAX");
  if (norm != "MAX" && norm != "L1" && norm != "L2") return invalid("norm '" + norm + "'");
  const Rows r = rows_of(x);
  std::vector<double> y = numbers_of(x);
  for (int64_t i = 0; i < r.count; ++i) {
    double *row = y.data() + i * r.size, by = norm == "MAX" && r.size > 0 ? row[0] : 0;
    for (int64_t k = 0; k < r.size; ++k) {
      const double v = row[k];
      by = norm == "MAX" ? std::max(by, v) : by + (norm == "L1" ? std::fabs(v) : v * v);
    }
    if (norm == "L2") by = std::sqrt(by);
    for (int64_t k = 0; k < r.size && by != 0; ++k) row[k] /= by;
  }
  ctx.set(0, store(DType::f32, x.dims(), y));
  return {};
}

template <class T>
Status imputed(RefContext& ctx, const std::vector<T>& by, T replaced) {
  const Tensor& x = ctx.in(0);
  const auto size = static_cast<size_t>(rows_of(x).size);
  if (by.empty() || (by.size() != 1 && by.size() != size)) return bad_size("imputed_value");
  std::vector<T> y = load<T>(x);
  for (size_t i = 0; i < y.size(); ++i) {
    if (y[i] == replaced || (y[i] != y[i] && replaced != replaced)) y[i] = by[i % by.size()];
  }
  ctx.set(0, store(x.dtype(), x.dims(), y));
  return {};
}
Status impute(RefContext& ctx) {
  const graph::Attributes& a = ctx.node().attributes;
  if (is_integer(ctx.in(0).dtype())) {
    return imputed<int64_t>(ctx, a.ints("imputed_value_int64s"), a.i("replaced_value_int64", 0));
  }
  return imputed<double>(ctx, doubles_of(ctx.node(), "imputed_value_floats"),
                         static_cast<double>(a.f("replaced_value_float", 0)));
}

// --- OneHotEncoder, FeatureVectorizer -----------------------------------------------------------

Result<std::vector<std::string>> categories(const Node& node) {
  if (const auto* words = strings_of(node, "cats_strings")) return *words;
  std::vector<std::string> numbers;
  for (int64_t v : node.attributes.ints("cats_int64s")) numbers.push_back(std::to_string(v));
  if (numbers.empty()) return invalid("no categories");
  return numbers;
}
Status infer_one_hot(InferContext& ctx) {
  HONE_ASSIGN(const auto known, categories(ctx.node()));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, DType::f32);
    return {};
  }
  SymShape out = ctx.shape(0);
  out.push_back(Dim(static_cast<int64_t>(known.size())));
  ctx.set(0, DType::f32, std::move(out));
  return {};
}
Status one_hot(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const auto known, categories(ctx.node()));
  const bool words = x.dtype() == DType::string;
  if (words != (strings_of(ctx.node(), "cats_strings") != nullptr)) {
    return bad_dtype(ctx.node(), x.dtype());
  }
  std::map<std::string, size_t> places;
  for (size_t i = 0; i < known.size(); ++i) places.try_emplace(known[i], i);
  Dims dims = x.dims();
  dims.push_back(static_cast<int64_t>(known.size()));
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  std::vector<double> y(static_cast<size_t>(element_count(dims)), 0.0);
  for (int64_t i = 0; i < x.count(); ++i) {
    const auto at =
        places.find(words ? x.as_strings()[static_cast<size_t>(i)] : std::to_string(x.int_at(i)));
    if (at != places.end()) {
      y[static_cast<size_t>(i) * known.size() + at->second] = 1;
    } else if (ctx.node().attributes.i("zeros", 1) == 0) {
      return invalid("a value that is no category, and zeros is 0");
    }
  }
  ctx.set(0, store(DType::f32, dims, y));
  return {};
}

Status infer_features(InferContext& ctx) {
  int64_t width = 0;
  for (int64_t d : ctx.node().attributes.ints("inputdimensions")) {
    if (d < 0 || d > INT32_MAX) return bad_size("inputdimensions");
    width += d;
  }
  for (size_t i = 0; i < ctx.inputs(); ++i) HONE_RETURN_IF_ERROR(check_rank(ctx, i, 1, 2));
  const bool rows = ctx.has_rank(0) && ctx.in(0).rank() == 2;
  ctx.set(0, DType::f32, {rows ? ctx.shape(0)[0] : ctx.unknown(0, 0), Dim(width)});
  return {};
}
// Inputs side by side; what an input lacks of its width is 0.
Status vectorize(RefContext& ctx) {
  const std::vector<int64_t> widths = ctx.node().attributes.ints("inputdimensions");
  if (widths.size() != ctx.inputs()) return invalid("inputdimensions: one for each input");
  int64_t rows = -1, width = 0;
  for (size_t i = 0; i < widths.size(); ++i) {
    const Tensor& x = ctx.in(i);
    if (x.rank() < 1 || x.rank() > 2 || widths[i] < 0 || widths[i] > INT32_MAX)
      return bad_size("inputdimensions");
    const int64_t n = x.rank() == 2 ? x.dims()[0] : 1;
    if (rows >= 0 && n != rows) return error(Code::shape_mismatch, "the inputs' rows differ");
    rows = n;
    width += widths[i];
  }
  HONE_RETURN_IF_ERROR(check_size(DType::f64, {rows, width}));
  std::vector<double> y(static_cast<size_t>(rows * width), 0.0);
  int64_t begin = 0;
  for (size_t i = 0; i < widths.size(); begin += widths[i++]) {
    const std::vector<double> x = numbers_of(ctx.in(i));
    const int64_t own = ctx.in(i).dims().back();
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t k = 0; k < std::min(own, widths[i]); ++k) {
        y[static_cast<size_t>(r * width + begin + k)] = x[static_cast<size_t>(r * own + k)];
      }
    }
  }
  ctx.set(0, store(DType::f32, {rows, width}, y));
  return {};
}

// --- linear models ------------------------------------------------------------------------------

// Scores [rows, models] before post_transform.
Result<std::vector<double>> scores_of(const RefContext& ctx, int64_t models) {
  const Tensor& x = ctx.in(0);
  const Rows r = rows_of(x);
  const std::vector<double> weights = doubles_of(ctx.node(), "coefficients");
  std::vector<double> constants = doubles_of(ctx.node(), "intercepts");
  if (constants.empty()) constants.assign(static_cast<size_t>(models), 0.0);
  if (x.rank() < 1 || x.rank() > 2 || models < 1 || models > static_cast<int64_t>(weights.size()) ||
      static_cast<int64_t>(weights.size()) != models * r.size ||
      static_cast<int64_t>(constants.size()) != models) {
    return bad_size("coefficients");
  }
  const std::vector<double> values = numbers_of(x);
  std::vector<double> y;
  for (int64_t i = 0; i < r.count; ++i) {
    for (int64_t m = 0; m < models; ++m) {
      double sum = constants[static_cast<size_t>(m)];
      for (int64_t k = 0; k < r.size; ++k) {
        sum += values[static_cast<size_t>(i * r.size + k)] *
               weights[static_cast<size_t>(m * r.size + k)];
      }
      y.push_back(sum);
    }
  }
  return y;
}

Status infer_regressor(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1, 2));
  const int64_t targets = ctx.node().attributes.i("targets", 1);
  if (targets < 1) return invalid("targets");
  ctx.set(0, DType::f32, {row_count(ctx), Dim(targets)});
  return {};
}
Status regress(RefContext& ctx) {
  const int64_t targets = ctx.node().attributes.i("targets", 1);
  HONE_ASSIGN(std::vector<double> y, scores_of(ctx, targets));
  const auto rows = static_cast<int64_t>(y.size()) / targets;
  HONE_ASSIGN(const PostTransform kind, post_transform_of(ctx.node()));
  for (int64_t i = 0; i < rows; ++i) transform(kind, y.data() + i * targets, targets);
  ctx.set(0, store(DType::f32, {rows, targets}, y));
  return {};
}

Status infer_classifier(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1, 2));
  HONE_ASSIGN(const ClassLabels labels, ClassLabels::of(ctx.node(), "classlabels_ints"));
  return set_classes(ctx, labels.dtype(), Dim(labels.count()));
}

// One row of coefficients for two classes: the second's score; the first's is its negative, as
// ONNX's own evaluator has it (ONNX Runtime makes it 1 - score, whatever post_transform).
std::vector<double> two_scores(const std::vector<double>& one) {
  std::vector<double> y;
  for (double score : one) y.insert(y.end(), {-score, score});
  return y;
}

Status classify(RefContext& ctx) {
  HONE_ASSIGN(const ClassLabels labels, ClassLabels::of(ctx.node(), "classlabels_ints"));
  HONE_ASSIGN(const PostTransform kind, post_transform_of(ctx.node()));
  const int64_t classes = labels.count();
  const auto weights = static_cast<int64_t>(ctx.node().attributes.floats("coefficients").size());
  const bool one = classes == 2 && weights == rows_of(ctx.in(0)).size;
  HONE_ASSIGN(std::vector<double> y, scores_of(ctx, one ? 1 : classes));
  if (one) y = two_scores(y);
  const auto rows = static_cast<int64_t>(y.size()) / classes;
  std::vector<size_t> places;
  for (int64_t i = 0; i < rows; ++i) {
    double* row = y.data() + i * classes;
    places.push_back(static_cast<size_t>(std::max_element(row, row + classes) - row));
    transform(kind, row, classes);
  }
  ctx.set(0, labels.at(places));
  if (ctx.has_output(1)) ctx.set(1, store(DType::f32, {rows, classes}, y));
  return {};
}

// --- table --------------------------------------------------------------------------------------

constexpr const char* domain = "ai.onnx.ml";
constexpr AttrSpec scaler[] = {{"offset", AttrType::floats}, {"scale", AttrType::floats}};
constexpr AttrSpec norm[] = {{"norm", AttrType::s}};
constexpr AttrSpec imputer[] = {{"imputed_value_floats", AttrType::floats},
                                {"imputed_value_int64s", AttrType::ints},
                                {"replaced_value_float", AttrType::f},
                                {"replaced_value_int64", AttrType::i}};
constexpr AttrSpec encoder[] = {
    {"cats_int64s", AttrType::ints}, {"cats_strings", AttrType::strings}, {"zeros", AttrType::i}};
constexpr AttrSpec vectorizer[] = {{"inputdimensions", AttrType::ints}};
constexpr AttrSpec regressor[] = {{"coefficients", AttrType::floats},
                                  {"intercepts", AttrType::floats},
                                  {"post_transform", AttrType::s},
                                  {"targets", AttrType::i}};
constexpr AttrSpec classifier[] = {{"classlabels_ints", AttrType::ints},
                                   {"classlabels_strings", AttrType::strings},
                                   {"coefficients", AttrType::floats, true},
                                   {"intercepts", AttrType::floats},
                                   {"multi_class", AttrType::i},
                                   {"post_transform", AttrType::s}};
const OpDef defs[] = {
    {domain, "Scaler", 1, 1, 1, 1, 1, scaler, infer_f32, scale, nullptr},
    {domain, "Normalizer", 1, 1, 1, 1, 1, norm, infer_f32, normalize, nullptr},
    {domain, "Imputer", 1, 1, 1, 1, 1, imputer, infer_same, impute, no_flops},
    {domain, "OneHotEncoder", 1, 1, 1, 1, 1, encoder, infer_one_hot, one_hot, no_flops},
    {domain, "FeatureVectorizer", 1, 1, -1, 1, 1, vectorizer, infer_features, vectorize, no_flops},
    {domain, "LinearRegressor", 1, 1, 1, 1, 1, regressor, infer_regressor, regress, nullptr},
    {domain, "LinearClassifier", 1, 1, 1, 1, 2, classifier, infer_classifier, classify, nullptr},
};

}  // namespace

std::span<const OpDef> ml_linear_defs() { return defs; }

}  // namespace hone::ops
