// ai.onnx.ml TreeEnsemble: decision trees whose leaves add up.
#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <limits>
#include <set>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

enum class Mode { at_most, below, at_least, above, equal, unequal, member };
enum class Aggregate { average, sum, least, most };
enum class Transform { none, softmax, logistic, softmax_zero, probit };

struct Tree {
  struct Inner {
    Mode mode = Mode::at_most;
    size_t feature = 0;
    double split = 0;
    std::set<double> members;
    bool missing_is_true = false;
    size_t next[2] = {0, 0};  // if false, if true
    bool leaf[2] = {false, false};
  };
  std::vector<Inner> inner;
  std::vector<double> weights;
  std::vector<int64_t> targets, roots;
  int64_t outputs = 0;
  Aggregate aggregate = Aggregate::sum;
  Transform transform = Transform::none;
};

// Members of each node of that mode in turn, NaN behind each.
Status read_members(const Node& node, Tree* t) {
  std::vector<double> members;
  if (const Tensor given = node.attributes.tensor("membership_values")) {
    members = load<double>(given);
  }
  size_t at = 0;
  for (Tree::Inner& n : t->inner) {
    if (n.mode != Mode::member) continue;
    while (at < members.size() && !std::isnan(members[at])) n.members.insert(members[at++]);
    if (at++ >= members.size()) return invalid("membership_values has too few sets");
  }
  return {};
}

Status read_branch(const Node& node, const char* ids, const char* leafs, int side, Tree* t) {
  const std::vector<int64_t> next = node.attributes.ints(ids);
  const std::vector<int64_t> leaf = node.attributes.ints(leafs);
  if (next.size() != t->inner.size() || leaf.size() != next.size()) {
    return invalid(fmt::format("{} or {} has another size than nodes_splits", ids, leafs));
  }
  for (size_t i = 0; i < next.size(); ++i) {
    const size_t most = leaf[i] != 0 ? t->weights.size() : t->inner.size();
    if (next[i] < 0 || static_cast<size_t>(next[i]) >= most) return invalid(ids);
    t->inner[i].next[side] = static_cast<size_t>(next[i]);
    t->inner[i].leaf[side] = leaf[i] != 0;
  }
  return {};
}

Status read_leaves(const Node& node, Tree* t) {
  t->weights = load<double>(node.attributes.tensor("leaf_weights"));
  t->targets = node.attributes.ints("leaf_targetids");
  t->roots = node.attributes.ints("tree_roots");
  t->outputs = node.attributes.i("n_targets", 0);
  const int64_t aggregate = node.attributes.i("aggregate_function", 1);
  const int64_t transform = node.attributes.i("post_transform", 0);
  if (aggregate < 0 || aggregate > 3) return invalid("aggregate_function");
  if (transform < 0 || transform > 4) return invalid("post_transform");
  t->aggregate = static_cast<Aggregate>(aggregate);
  t->transform = static_cast<Transform>(transform);
  if (t->outputs < 1 || t->outputs > int64_t{1} << 24) return invalid("n_targets");
  if (t->targets.size() != t->weights.size()) return invalid("leaf_targetids: as many as weights");
  for (int64_t target : t->targets) {
    if (target < 0 || target >= t->outputs) return invalid("leaf_targetids");
  }
  return {};
}

Result<Tree> read_tree(const Node& node) {
  Tree t;
  for (const char* name : {"nodes_splits", "nodes_modes", "leaf_weights"}) {
    if (!node.attributes.tensor(name)) return invalid(std::string(name) + " is missing");
  }
  HONE_RETURN_IF_ERROR(read_leaves(node, &t));
  const std::vector<double> splits = load<double>(node.attributes.tensor("nodes_splits"));
  const std::vector<int64_t> modes = ints_of(node.attributes.tensor("nodes_modes"));
  const std::vector<int64_t> features = node.attributes.ints("nodes_featureids");
  const std::vector<int64_t> missing = node.attributes.ints("nodes_missing_value_tracks_true",
                                                            std::vector<int64_t>(splits.size(), 0));
  if (modes.size() != splits.size() || features.size() != splits.size() ||
      missing.size() != splits.size()) {
    return invalid("nodes_* differ in size");
  }
  t.inner.resize(splits.size());
  for (size_t i = 0; i < splits.size(); ++i) {
    if (modes[i] < 0 || modes[i] > 6) return invalid(fmt::format("nodes_modes: {}", modes[i]));
    if (features[i] < 0) return invalid("nodes_featureids");
    Tree::Inner& n = t.inner[i];
    n.mode = static_cast<Mode>(modes[i]);
    n.feature = static_cast<size_t>(features[i]);
    n.split = splits[i];
    n.missing_is_true = missing[i] != 0;
  }
  HONE_RETURN_IF_ERROR(read_branch(node, "nodes_truenodeids", "nodes_trueleafs", 1, &t));
  HONE_RETURN_IF_ERROR(read_branch(node, "nodes_falsenodeids", "nodes_falseleafs", 0, &t));
  for (int64_t root : t.roots) {
    if (root < 0 || static_cast<size_t>(root) >= t.inner.size()) return invalid("tree_roots");
  }
  HONE_RETURN_IF_ERROR(read_members(node, &t));
  return t;
}

Status infer(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2, 2));
  const int64_t outputs = ctx.node().attributes.i("n_targets", 0);
  if (outputs < 1) return invalid("n_targets");
  const Dim rows = ctx.has_rank(0) ? ctx.shape(0)[0] : ctx.unknown(0, 0);
  ctx.set(0, ctx.in(0).dtype, {rows, Dim(outputs)});
  return {};
}

bool goes_true(const Tree::Inner& n, double x) {
  if (std::isnan(x) && n.missing_is_true) return true;
  switch (n.mode) {
    case Mode::at_most: return x <= n.split;
    case Mode::below: return x < n.split;
    case Mode::at_least: return x >= n.split;
    case Mode::above: return x > n.split;
    case Mode::equal: return x == n.split;
    case Mode::unequal: return x != n.split;
    case Mode::member: return n.members.contains(x);
  }
  return false;
}

// The leaf that a row ends at. Errors: a circle.
Result<size_t> leaf_of(const Tree& t, int64_t root, const double* row) {
  auto at = static_cast<size_t>(root);
  for (size_t steps = 0; steps <= t.inner.size(); ++steps) {
    const Tree::Inner& n = t.inner[at];
    const int side = goes_true(n, row[n.feature]) ? 1 : 0;
    at = n.next[side];
    if (n.leaf[side]) return at;
  }
  return invalid("the nodes of a tree go in a circle");
}

void transform(Transform kind, double* y, int64_t n) {
  if (kind == Transform::logistic) {
    for (int64_t i = 0; i < n; ++i) y[i] = 1 / (1 + std::exp(-y[i]));
  } else if (kind == Transform::probit) {
    // Outside (0, 1) there is no such number.
    for (int64_t i = 0; i < n; ++i) {
      const double p = 2 * y[i] - 1;
      y[i] = std::fabs(p) < 1 ? std::sqrt(2.0) * boost::math::erf_inv(p) : std::nan("");
    }
  } else if (kind != Transform::none) {
    // softmax_zero leaves zeros as they are.
    const double most = *std::max_element(y, y + n);
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      if (kind == Transform::softmax || y[i] != 0) sum += y[i] = std::exp(y[i] - most);
    }
    for (int64_t i = 0; i < n; ++i) y[i] = sum > 0 ? y[i] / sum : y[i];
  }
}

Status run(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (x.rank() != 2) return error(Code::shape_mismatch, "the samples are not rows");
  HONE_ASSIGN(const Tree t, read_tree(ctx.node()));
  const int64_t rows = x.dims()[0], features = x.dims()[1];
  for (const Tree::Inner& n : t.inner) {
    if (static_cast<int64_t>(n.feature) < features) continue;
    return error(Code::shape_mismatch, fmt::format("feature {} of {}", n.feature, features));
  }
  HONE_RETURN_IF_ERROR(check_size(DType::f64, {rows, t.outputs}));
  const std::vector<double> values = load<double>(x);
  constexpr double none = std::numeric_limits<double>::infinity();
  const bool least = t.aggregate == Aggregate::least, most = t.aggregate == Aggregate::most;
  std::vector<double> y(static_cast<size_t>(rows * t.outputs), least ? none : most ? -none : 0);
  for (int64_t r = 0; r < rows; ++r) {
    double* out = y.data() + r * t.outputs;
    for (int64_t root : t.roots) {
      HONE_ASSIGN(const size_t leaf, leaf_of(t, root, values.data() + r * features));
      double& to = out[t.targets[leaf]];
      const double w = t.weights[leaf];
      if (least || most) {
        to = least ? std::min(to, w) : std::max(to, w);
      } else {
        to += t.aggregate == Aggregate::average ? w / static_cast<double>(t.roots.size()) : w;
      }
    }
    // A target that no tree reached.
    for (int64_t i = 0; i < t.outputs; ++i) out[i] = std::isinf(out[i]) ? 0 : out[i];
    transform(t.transform, out, t.outputs);
  }
  ctx.set(0, store(x.dtype(), {rows, t.outputs}, y));
  return {};
}

constexpr AttrSpec attrs[] = {{"aggregate_function", AttrType::i},
                              {"leaf_targetids", AttrType::ints, true},
                              {"leaf_weights", AttrType::tensor, true},
                              {"membership_values", AttrType::tensor},
                              {"n_targets", AttrType::i},
                              {"nodes_falseleafs", AttrType::ints, true},
                              {"nodes_falsenodeids", AttrType::ints, true},
                              {"nodes_featureids", AttrType::ints, true},
                              {"nodes_hitrates", AttrType::tensor},
                              {"nodes_missing_value_tracks_true", AttrType::ints},
                              {"nodes_modes", AttrType::tensor, true},
                              {"nodes_splits", AttrType::tensor, true},
                              {"nodes_trueleafs", AttrType::ints, true},
                              {"nodes_truenodeids", AttrType::ints, true},
                              {"post_transform", AttrType::i},
                              {"tree_roots", AttrType::ints, true}};
const OpDef defs[] = {{"ai.onnx.ml", "TreeEnsemble", 5, 1, 1, 1, 1, attrs, infer, run, no_flops}};

}  // namespace

std::span<const OpDef> tree_defs() { return defs; }

}  // namespace hone::ops
