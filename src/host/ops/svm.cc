// ai.onnx.ml SVMClassifier, SVMRegressor: support vectors, as libsvm has them.
#include <algorithm>
#include <cmath>

#include "host/ops/infer_util.h"
#include "host/ops/ml_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

Status bad_size(const char* name) {
  return error(Code::shape_mismatch, fmt::format("{} does not fit", name));
}

// --- kernels ------------------------------------------------------------------------------------

struct Kernel {
  enum class Type : uint8_t { linear, poly, rbf, sigmoid };
  Type type = Type::linear;
  double gamma = 0, coef0 = 0, degree = 0;

  // Of vectors of n numbers.
  double operator()(const double* a, const double* b, size_t n) const {
    double sum = 0;
    for (size_t i = 0; i < n; ++i) {
      sum += type == Type::rbf ? (a[i] - b[i]) * (a[i] - b[i]) : a[i] * b[i];
    }
    switch (type) {
      case Type::linear: return sum;
      case Type::poly: return std::pow(gamma * sum + coef0, degree);
      case Type::rbf: return std::exp(-gamma * sum);
      case Type::sigmoid: return std::tanh(gamma * sum + coef0);
    }
    return sum;
  }
};

Result<Kernel> kernel_of(const Node& node) {
  Kernel k;
  const std::string type = node.attributes.s("kernel_type", "LINEAR");
  if (type == "POLY") {
    k.type = Kernel::Type::poly;
  } else if (type == "RBF") {
    k.type = Kernel::Type::rbf;
  } else if (type == "SIGMOID") {
    k.type = Kernel::Type::sigmoid;
  } else if (type != "LINEAR") {
    return invalid("kernel_type '" + type + "'");
  }
  const std::vector<double> params = doubles_of(node, "kernel_params");
  if (params.empty()) return k;
  if (params.size() != 3) return invalid("kernel_params: gamma, coef0 and degree");
  k.gamma = params[0];
  k.coef0 = params[1];
  k.degree = params[2];
  return k;
}

// The kernel of one row with each of `count` vectors that lie one behind the other.
std::vector<double> kernels_of(const Kernel& k, const double* row, const std::vector<double>& to,
                               size_t count) {
  const size_t size = to.size() / count;
  std::vector<double> out(count);
  for (size_t i = 0; i < count; ++i) out[i] = k(row, to.data() + i * size, size);
  return out;
}

// --- SVMRegressor -------------------------------------------------------------------------------

Status infer_regressor(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1, 2));
  ctx.set(0, DType::f32, {row_count(ctx), Dim(1)});
  return {};
}

// Without support vectors the coefficients are those of the features.
Status regress(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_rows(ctx));
  const Node& node = ctx.node();
  const Rows r = rows_of(ctx.in(0));
  const auto features = static_cast<size_t>(r.size);
  const std::vector<double> rho = doubles_of(node, "rho");
  std::vector<double> weights = doubles_of(node, "coefficients"),
                      vectors = doubles_of(node, "support_vectors");
  HONE_ASSIGN(Kernel kernel, kernel_of(node));
  HONE_ASSIGN(const PostTransform kind, post_transform_of(node));
  if (rho.empty()) return bad_size("rho");
  const int64_t supports = node.attributes.i("n_supports", 0);
  if (supports <= 0) {
    if (weights.size() != features) return bad_size("coefficients");
    vectors = std::move(weights);
    weights = {1.0};
    kernel = Kernel();
  }
  if (weights.empty() || (supports > 0 && weights.size() != static_cast<size_t>(supports))) {
    return bad_size("coefficients");
  }
  if (vectors.size() / weights.size() != features || vectors.size() % weights.size() != 0) {
    return bad_size("support_vectors");
  }
  const bool one_class = node.attributes.i("one_class", 0) != 0;
  const std::vector<double> x = numbers_of(ctx.in(0));
  std::vector<double> y;
  for (int64_t i = 0; i < r.count; ++i) {
    const auto k = kernels_of(kernel, x.data() + i * r.size, vectors, weights.size());
    double sum = rho.front();
    for (size_t v = 0; v < k.size(); ++v) sum += weights[v] * k[v];
    if (one_class) sum = sum > 0 ? 1 : -1;
    transform(kind, &sum, 1);
    y.push_back(sum);
  }
  ctx.set(0, store(DType::f32, {r.count, 1}, y));
  return {};
}

// --- SVMClassifier ------------------------------------------------------------------------------

// With support vectors every pair of classes i < j has a machine of its own. Its weights for the
// vectors of class i are in row j - 1 of the coefficients, for those of class j in row i.
struct Machines {
  Kernel kernel;
  size_t classes = 0, vectors = 0, features = 0;
  std::vector<size_t> first;  // of each class's vectors; and their number
  std::vector<double> support, weights, rho, prob_a, prob_b;

  size_t pairs() const { return classes * (classes - 1) / 2; }
  bool linear() const { return vectors == 0; }
  bool probabilities() const { return !linear() && !prob_a.empty(); }
  size_t scores() const {
    if (linear() || probabilities()) return classes;
    return classes > 2 ? pairs() : 2;
  }
};

Status read_vectors(const Node& node, Machines* m) {
  m->first = {0};
  for (int64_t n : node.attributes.ints("vectors_per_class")) {
    if (n < 0 || n > INT32_MAX) return bad_size("vectors_per_class");
    m->first.push_back(m->first.back() + static_cast<size_t>(n));
  }
  m->vectors = m->first.back();
  if (m->linear()) return {};
  if (m->classes < 2) return invalid("one class only");
  if (m->first.size() != m->classes + 1) return bad_size("vectors_per_class");
  m->support = doubles_of(node, "support_vectors");
  m->features = m->support.size() / m->vectors;
  if (m->support.empty() || m->features * m->vectors != m->support.size()) {
    return bad_size("support_vectors");
  }
  return {};
}

Result<Machines> machines_of(const Node& node) {
  Machines m;
  HONE_ASSIGN(const ClassLabels labels, ClassLabels::of(node, "classlabels_ints"));
  m.classes = static_cast<size_t>(labels.count());
  if (m.classes > 65535) return unsupported("more than 65535 classes");
  HONE_RETURN_IF_ERROR(read_vectors(node, &m));
  m.weights = doubles_of(node, "coefficients");
  m.rho = doubles_of(node, "rho");
  m.prob_a = doubles_of(node, "prob_a");
  m.prob_b = doubles_of(node, "prob_b");
  if (m.prob_a.size() != m.prob_b.size()) return bad_size("prob_b");
  if (m.linear()) {
    m.features = m.weights.size() / m.classes;
    if (m.weights.empty() || m.features * m.classes != m.weights.size()) {
      return bad_size("coefficients");
    }
    if (m.rho.size() != 1 && m.rho.size() != m.classes) return bad_size("rho");
    return m;
  }
  HONE_ASSIGN(m.kernel, kernel_of(node));
  if (m.weights.size() != (m.classes - 1) * m.vectors) return bad_size("coefficients");
  if (m.rho.size() != m.pairs()) return bad_size("rho");
  if (m.probabilities() && m.prob_a.size() != m.pairs()) return bad_size("prob_a");
  return m;
}

Status infer_classifier(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1, 2));
  HONE_ASSIGN(const ClassLabels labels, ClassLabels::of(ctx.node(), "classlabels_ints"));
  HONE_ASSIGN(const Machines m, machines_of(ctx.node()));
  return set_classes(ctx, labels.dtype(), Dim(static_cast<int64_t>(m.scores())));
}

// One score for each pair; positive: the first of the two.
std::vector<double> decisions(const Machines& m, const double* row) {
  const std::vector<double> k = kernels_of(m.kernel, row, m.support, m.vectors);
  std::vector<double> out;
  for (size_t i = 0; i < m.classes; ++i) {
    for (size_t j = i + 1; j < m.classes; ++j) {
      double sum = m.rho[out.size()];
      for (size_t v = m.first[i]; v < m.first[i + 1]; ++v) {
        sum += m.weights[(j - 1) * m.vectors + v] * k[v];
      }
      for (size_t v = m.first[j]; v < m.first[j + 1]; ++v) {
        sum += m.weights[i * m.vectors + v] * k[v];
      }
      out.push_back(sum);
    }
  }
  return out;
}

size_t most_votes(const Machines& m, const std::vector<double>& decision) {
  std::vector<int64_t> votes(m.classes, 0);
  size_t pair = 0;
  for (size_t i = 0; i < m.classes; ++i) {
    for (size_t j = i + 1; j < m.classes; ++j) ++votes[decision[pair++] > 0 ? i : j];
  }
  return static_cast<size_t>(std::max_element(votes.begin(), votes.end()) - votes.begin());
}

// Class probabilities from those of the pairs, r[i][j] = P(i | i or j): the second method of Wu,
// Lin and Weng, "Probability Estimates for Multi-class Classification by Pairwise Coupling" (2004),
// with libsvm's limits: 100 rounds or an error below 0.005 / classes.
std::vector<double> couple(const std::vector<std::vector<double>>& r) {
  const size_t n = r.size();
  std::vector<double> p(n, 1.0 / static_cast<double>(n)), qp(n);
  std::vector<std::vector<double>> q(n, std::vector<double>(n, 0.0));
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      if (j == i) continue;
      q[i][i] += r[j][i] * r[j][i];
      q[i][j] = -r[j][i] * r[i][j];
    }
  }
  for (int round = 0; round < 100; ++round) {
    double pqp = 0, worst = 0;
    for (size_t i = 0; i < n; ++i) {
      qp[i] = 0;
      for (size_t j = 0; j < n; ++j) qp[i] += q[i][j] * p[j];
      pqp += p[i] * qp[i];
    }
    for (size_t i = 0; i < n; ++i) worst = std::max(worst, std::fabs(qp[i] - pqp));
    if (worst < 0.005 / static_cast<double>(n)) break;
    for (size_t i = 0; i < n; ++i) {
      const double step = (pqp - qp[i]) / q[i][i];
      p[i] += step;
      pqp = (pqp + step * (step * q[i][i] + 2 * qp[i])) / (1 + step) / (1 + step);
      for (size_t j = 0; j < n; ++j) {
        qp[j] = (qp[j] + step * q[i][j]) / (1 + step);
        p[j] /= 1 + step;
      }
    }
  }
  return p;
}

std::vector<double> probabilities(const Machines& m, const std::vector<double>& decision) {
  constexpr double least = 1e-7;  // libsvm's
  std::vector<std::vector<double>> r(m.classes, std::vector<double>(m.classes, 0.0));
  size_t pair = 0;
  for (size_t i = 0; i < m.classes; ++i) {
    for (size_t j = i + 1; j < m.classes; ++j, ++pair) {
      const double share = 1 / (1 + std::exp(decision[pair] * m.prob_a[pair] + m.prob_b[pair]));
      r[i][j] = std::clamp(share, least, 1 - least);
      r[j][i] = 1 - r[i][j];
    }
  }
  return couple(r);
}

// The scores of a row before post_transform; `place`: of its class.
std::vector<double> scores_of(const Machines& m, const double* row, size_t* place) {
  if (m.linear()) {
    std::vector<double> y = kernels_of(m.kernel, row, m.weights, m.classes);
    for (size_t i = 0; i < y.size(); ++i) y[i] += m.rho.size() == 1 ? m.rho[0] : m.rho[i];
    *place = static_cast<size_t>(std::max_element(y.begin(), y.end()) - y.begin());
    return y;
  }
  const std::vector<double> decision = decisions(m, row);
  *place = most_votes(m, decision);
  if (m.probabilities()) return probabilities(m, decision);
  return m.classes == 2 ? std::vector<double>{-decision[0], decision[0]} : decision;
}

Status classify(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_rows(ctx));
  const Node& node = ctx.node();
  HONE_ASSIGN(const ClassLabels labels, ClassLabels::of(node, "classlabels_ints"));
  HONE_ASSIGN(const Machines m, machines_of(node));
  HONE_ASSIGN(const PostTransform kind, post_transform_of(node));
  const Rows r = rows_of(ctx.in(0));
  if (static_cast<size_t>(r.size) != m.features) return bad_size("the number of features");
  const auto width = static_cast<int64_t>(m.scores());
  HONE_RETURN_IF_ERROR(check_size(DType::f64, {r.count, width}));
  const std::vector<double> x = numbers_of(ctx.in(0));
  std::vector<double> y;
  std::vector<size_t> places(static_cast<size_t>(r.count));
  for (int64_t i = 0; i < r.count; ++i) {
    std::vector<double> row = scores_of(m, x.data() + i * r.size, &places[static_cast<size_t>(i)]);
    transform(kind, row.data(), width);
    y.insert(y.end(), row.begin(), row.end());
  }
  ctx.set(0, labels.at(places));
  if (ctx.has_output(1)) ctx.set(1, store(DType::f32, {r.count, width}, y));
  return {};
}

// --- table --------------------------------------------------------------------------------------

constexpr const char* domain = "ai.onnx.ml";
constexpr AttrSpec classifier[] = {{"classlabels_ints", AttrType::ints},
                                   {"classlabels_strings", AttrType::strings},
                                   {"coefficients", AttrType::floats},
                                   {"kernel_params", AttrType::floats},
                                   {"kernel_type", AttrType::s},
                                   {"post_transform", AttrType::s},
                                   {"prob_a", AttrType::floats},
                                   {"prob_b", AttrType::floats},
                                   {"rho", AttrType::floats},
                                   {"support_vectors", AttrType::floats},
                                   {"vectors_per_class", AttrType::ints}};
constexpr AttrSpec regressor[] = {
    {"coefficients", AttrType::floats}, {"kernel_params", AttrType::floats},
    {"kernel_type", AttrType::s},       {"n_supports", AttrType::i},
    {"one_class", AttrType::i},         {"post_transform", AttrType::s},
    {"rho", AttrType::floats},          {"support_vectors", AttrType::floats}};
const OpDef defs[] = {
    {domain, "SVMClassifier", 1, 1, 1, 2, 2, classifier, infer_classifier, classify, no_flops},
    {domain, "SVMRegressor", 1, 1, 1, 1, 1, regressor, infer_regressor, regress, no_flops},
};

}  // namespace

std::span<const OpDef> svm_defs() { return defs; }

}  // namespace hone::ops
