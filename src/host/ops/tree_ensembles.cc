// ai.onnx.ml TreeEnsembleClassifier, TreeEnsembleRegressor: the trees that exporters of
// scikit-learn, XGBoost, LightGBM and CatBoost write.
#include <algorithm>
#include <cmath>
#include <map>

#include "host/ops/forest.h"
#include "host/ops/infer_util.h"
#include "host/ops/ml_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

using NodeKey = std::pair<int64_t, int64_t>;  // tree, node

// <name> or, from version 3 on, <name>_as_tensor, which may be f64.
std::vector<double> values_of(const Node& node, const std::string& name) {
  if (const Tensor given = node.attributes.tensor(name + "_as_tensor")) return load<double>(given);
  return doubles_of(node, name.c_str());
}

Status bad_size(const std::string& name) {
  return invalid(fmt::format("{} has another size than its neighbours", name));
}

// nodes_*: lists of equal length.
struct NodeLists {
  std::vector<int64_t> trees, ids, features, missing, next[2];
  std::vector<double> thresholds;
  std::vector<std::string> modes;
};
Result<NodeLists> read_lists(const Node& node) {
  const graph::Attributes& a = node.attributes;
  NodeLists n;
  n.ids = a.ints("nodes_nodeids");
  const size_t count = n.ids.size();
  if (const auto* modes = strings_of(node, "nodes_modes")) n.modes = *modes;
  n.thresholds = values_of(node, "nodes_values");
  n.missing = a.ints("nodes_missing_value_tracks_true", std::vector<int64_t>(count, 0));
  if (n.missing.empty()) n.missing.assign(count, 0);
  n.trees = a.ints("nodes_treeids");
  n.features = a.ints("nodes_featureids");
  n.next[0] = a.ints("nodes_falsenodeids");
  n.next[1] = a.ints("nodes_truenodeids");
  if (count == 0) return invalid("nodes_nodeids: no nodes");
  if (n.modes.size() != count) return bad_size("nodes_modes");
  if (n.thresholds.size() != count) return bad_size("nodes_values");
  if (n.missing.size() != count) return bad_size("nodes_missing_value_tracks_true");
  if (n.trees.size() != count) return bad_size("nodes_treeids");
  if (n.features.size() != count) return bad_size("nodes_featureids");
  if (n.next[0].size() != count) return bad_size("nodes_falsenodeids");
  if (n.next[1].size() != count) return bad_size("nodes_truenodeids");
  return n;
}

Result<Forest::Mode> mode_of(const std::string& name) {
  using Mode = Forest::Mode;
  static const std::map<std::string, Mode> modes = {
      {"BRANCH_LEQ", Mode::at_most}, {"BRANCH_LT", Mode::below}, {"BRANCH_GTE", Mode::at_least},
      {"BRANCH_GT", Mode::above},    {"BRANCH_EQ", Mode::equal}, {"BRANCH_NEQ", Mode::unequal}};
  const auto found = modes.find(name);
  if (found == modes.end()) return invalid("nodes_modes: '" + name + "'");
  return found->second;
}

// Where each node went: its place among the splits or the leaves.
using Places = std::map<NodeKey, Forest::Place>;

Result<Places> place_nodes(const NodeLists& n, Forest* f) {
  Places places;
  for (size_t i = 0; i < n.ids.size(); ++i) {
    Forest::Place at{f->splits.size(), false};
    if (n.modes[i] == "LEAF") {
      at = {f->leaves.size(), true};
      f->leaves.emplace_back();
    } else {
      Forest::Split split;
      HONE_ASSIGN(split.mode, mode_of(n.modes[i]));
      if (n.features[i] < 0) return invalid("nodes_featureids");
      split.feature = static_cast<size_t>(n.features[i]);
      split.threshold = n.thresholds[i];
      split.missing_is_true = n.missing[i] != 0;
      f->splits.push_back(std::move(split));
    }
    if (places.try_emplace({n.trees[i], n.ids[i]}, at).second) continue;
    return invalid(fmt::format("nodes_nodeids: {} is twice in tree {}", n.ids[i], n.trees[i]));
  }
  return places;
}

// Children, and the roots: those that are nobody's child, one in each tree.
Status join_nodes(const NodeLists& n, const Places& places, Forest* f) {
  std::map<NodeKey, bool> is_child;
  size_t split = 0;
  for (size_t i = 0; i < n.ids.size(); ++i) {
    if (n.modes[i] == "LEAF") continue;
    for (int side : {0, 1}) {
      const NodeKey child{n.trees[i], n.next[side][i]};
      const auto found = places.find(child);
      if (found == places.end()) {
        return invalid(
            fmt::format("node {} of tree {}, a child, is missing", child.second, child.first));
      }
      f->splits[split].next[side] = found->second;
      is_child[child] = true;
    }
    ++split;
  }
  std::map<int64_t, bool> rooted;
  for (size_t i = 0; i < n.ids.size(); ++i) {
    const NodeKey key{n.trees[i], n.ids[i]};
    rooted.try_emplace(key.first, false);
    if (is_child.contains(key)) continue;
    if (rooted[key.first]) return invalid(fmt::format("tree {} has two roots", key.first));
    rooted[key.first] = true;
    f->roots.push_back(places.at(key));
  }
  if (f->roots.size() == rooted.size()) return {};
  return invalid("the nodes of a tree go in a circle");
}

// `stem`: class or target, as in class_treeids.
Status read_votes(const Node& node, const std::string& stem, const Places& places, Forest* f) {
  const graph::Attributes& a = node.attributes;
  const std::vector<int64_t> trees = a.ints(stem + "_treeids"), nodes = a.ints(stem + "_nodeids"),
                             ids = a.ints(stem + "_ids");
  const std::vector<double> weights = values_of(node, stem + "_weights");
  for (const auto& [list, name] : {std::pair(&trees, "_treeids"), std::pair(&nodes, "_nodeids")}) {
    if (list->size() != ids.size()) return bad_size(stem + name);
  }
  if (weights.size() != ids.size()) return bad_size(stem + "_weights");
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto found = places.find({trees[i], nodes[i]});
    if (found == places.end() || !found->second.leaf) {
      return invalid(
          fmt::format("{}_nodeids: node {} of tree {} is no leaf", stem, nodes[i], trees[i]));
    }
    if (ids[i] < 0 || ids[i] >= f->targets) return invalid(stem + "_ids");
    f->leaves[found->second.at].push_back({ids[i], weights[i]});
  }
  return {};
}

// What is added to every row's scores: one for each target, or nothing.
Result<std::vector<double>> base_of(const Node& node, int64_t targets) {
  std::vector<double> base = values_of(node, "base_values");
  if (base.empty()) base.assign(static_cast<size_t>(targets), 0.0);
  if (static_cast<int64_t>(base.size()) == targets) return base;
  return invalid(fmt::format("base_values: {} for {}", base.size(), targets));
}

Result<Forest> read_forest(const Node& node, const std::string& stem, int64_t targets) {
  Forest f;
  f.targets = targets;
  HONE_ASSIGN(const NodeLists lists, read_lists(node));
  HONE_ASSIGN(const Places places, place_nodes(lists, &f));
  HONE_RETURN_IF_ERROR(join_nodes(lists, places, &f));
  HONE_RETURN_IF_ERROR(read_votes(node, stem, places, &f));
  return f;
}

// --- TreeEnsembleRegressor ----------------------------------------------------------------------

Result<Forest::Aggregate> aggregate_of(const Node& node) {
  const std::string name = node.attributes.s("aggregate_function", "SUM");
  if (name == "SUM") return Forest::Aggregate::sum;
  if (name == "AVERAGE") return Forest::Aggregate::average;
  if (name == "MIN") return Forest::Aggregate::least;
  if (name == "MAX") return Forest::Aggregate::most;
  return invalid("aggregate_function '" + name + "'");
}

Result<int64_t> targets_of(const Node& node) {
  const int64_t n = node.attributes.i("n_targets", 1);
  if (n < 1 || n > int64_t{1} << 24) return invalid("n_targets");
  return n;
}

Status infer_regressor(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1, 2));
  HONE_ASSIGN(const int64_t targets, targets_of(ctx.node()));
  ctx.set(0, DType::f32, {row_count(ctx), Dim(targets)});
  return {};
}

Status regress(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_rows(ctx));
  const Node& node = ctx.node();
  HONE_ASSIGN(const int64_t targets, targets_of(node));
  HONE_ASSIGN(Forest f, read_forest(node, "target", targets));
  HONE_ASSIGN(f.aggregate, aggregate_of(node));
  HONE_ASSIGN(const std::vector<double> base, base_of(node, targets));
  HONE_ASSIGN(const PostTransform kind, post_transform_of(node));
  const Rows r = rows_of(ctx.in(0));
  HONE_ASSIGN(std::vector<double> y, votes_of(f, numbers_of(ctx.in(0)), r.count, r.size));
  for (int64_t i = 0; i < r.count; ++i) {
    double* row = y.data() + i * targets;
    for (int64_t k = 0; k < targets; ++k) row[k] += base[static_cast<size_t>(k)];
    transform(kind, row, targets);
  }
  ctx.set(0, store(DType::f32, {r.count, targets}, y));
  return {};
}

// --- TreeEnsembleClassifier ---------------------------------------------------------------------

Status infer_classifier(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1, 2));
  HONE_ASSIGN(const ClassLabels labels, ClassLabels::of(ctx.node(), "classlabels_int64s"));
  return set_classes(ctx, labels.dtype(), Dim(labels.count()));
}

// Two classes, and votes for one of them only: its score is the second class's. The ONNX text says
// nothing of the first's; this is what exporters count on. Weights that are all positive are
// probabilities, whose complement is the first's; others are log-odds, whose negative is.
struct OneVoted {
  bool is = false;
  size_t which = 0;
  bool probabilities = true;
};
OneVoted one_voted(const Forest& f, const std::vector<double>& base) {
  OneVoted one;
  std::set<int64_t> voted;
  for (const auto& leaf : f.leaves) {
    for (const Forest::Vote& vote : leaf) {
      voted.insert(vote.target);
      one.probabilities = one.probabilities && vote.weight >= 0;
    }
  }
  for (double b : base) one.probabilities = one.probabilities && b >= 0;
  one.is = f.targets == 2 && voted.size() == 1;
  if (one.is) one.which = static_cast<size_t>(*voted.begin());
  return one;
}

// Transforms the scores of a row; gives the place of its class.
size_t finish_row(PostTransform kind, const OneVoted& one, int64_t classes, double* row) {
  if (!one.is) {
    const auto best = static_cast<size_t>(std::max_element(row, row + classes) - row);
    transform(kind, row, classes);
    return best;
  }
  const double score = row[one.which];
  const bool share =
      one.probabilities && (kind == PostTransform::none || kind == PostTransform::probit);
  row[0] = share ? 1 - score : -score;
  row[1] = score;
  transform(kind, row, classes);
  return score > (share ? 0.5 : 0.0) ? 1 : 0;
}

Status classify(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_rows(ctx));
  const Node& node = ctx.node();
  HONE_ASSIGN(const ClassLabels labels, ClassLabels::of(node, "classlabels_int64s"));
  const int64_t classes = labels.count();
  HONE_ASSIGN(Forest f, read_forest(node, "class", classes));
  // One base value for two classes is that of the class which is voted for.
  std::vector<double> base = values_of(node, "base_values");
  const OneVoted one = one_voted(f, base);
  if (one.is && base.size() == 1) {
    base.assign(2, base.front());
  } else {
    HONE_ASSIGN(base, base_of(node, classes));
  }
  HONE_ASSIGN(const PostTransform kind, post_transform_of(node));
  const Rows r = rows_of(ctx.in(0));
  HONE_ASSIGN(std::vector<double> y, votes_of(f, numbers_of(ctx.in(0)), r.count, r.size));
  std::vector<size_t> places;
  for (int64_t i = 0; i < r.count; ++i) {
    double* row = y.data() + i * classes;
    for (int64_t k = 0; k < classes; ++k) row[k] += base[static_cast<size_t>(k)];
    places.push_back(finish_row(kind, one, classes, row));
  }
  ctx.set(0, labels.at(places));
  if (ctx.has_output(1)) ctx.set(1, store(DType::f32, {r.count, classes}, y));
  return {};
}

// --- table --------------------------------------------------------------------------------------

constexpr const char* domain = "ai.onnx.ml";
#define HONE_TREE_NODES                                                                        \
  {"base_values", AttrType::floats}, {"nodes_falsenodeids", AttrType::ints},                   \
      {"nodes_featureids", AttrType::ints}, {"nodes_hitrates", AttrType::floats},              \
      {"nodes_missing_value_tracks_true", AttrType::ints}, {"nodes_modes", AttrType::strings}, \
      {"nodes_nodeids", AttrType::ints}, {"nodes_treeids", AttrType::ints},                    \
      {"nodes_truenodeids", AttrType::ints}, {"nodes_values", AttrType::floats}, {             \
    "post_transform", AttrType::s                                                              \
  }
#define HONE_CLASS_VOTES                                                      \
  {"class_ids", AttrType::ints}, {"class_nodeids", AttrType::ints},           \
      {"class_treeids", AttrType::ints}, {"class_weights", AttrType::floats}, \
      {"classlabels_int64s", AttrType::ints}, {                               \
    "classlabels_strings", AttrType::strings                                  \
  }
#define HONE_TARGET_VOTES                                                                          \
  {"aggregate_function", AttrType::s}, {"n_targets", AttrType::i}, {"target_ids", AttrType::ints}, \
      {"target_nodeids", AttrType::ints}, {"target_treeids", AttrType::ints}, {                    \
    "target_weights", AttrType::floats                                                             \
  }
#define HONE_TREE_TENSORS                                                                        \
  {"base_values_as_tensor", AttrType::tensor}, {"nodes_hitrates_as_tensor", AttrType::tensor}, { \
    "nodes_values_as_tensor", AttrType::tensor                                                   \
  }
constexpr AttrSpec classifier_1[] = {HONE_TREE_NODES, HONE_CLASS_VOTES};
constexpr AttrSpec classifier_3[] = {HONE_TREE_NODES,
                                     HONE_CLASS_VOTES,
                                     HONE_TREE_TENSORS,
                                     {"class_weights_as_tensor", AttrType::tensor}};
constexpr AttrSpec regressor_1[] = {HONE_TREE_NODES, HONE_TARGET_VOTES};
constexpr AttrSpec regressor_3[] = {HONE_TREE_NODES,
                                    HONE_TARGET_VOTES,
                                    HONE_TREE_TENSORS,
                                    {"target_weights_as_tensor", AttrType::tensor}};
#undef HONE_TREE_NODES
#undef HONE_CLASS_VOTES
#undef HONE_TARGET_VOTES
#undef HONE_TREE_TENSORS
const OpDef defs[] = {
    {domain, "TreeEnsembleClassifier", 1, 1, 1, 2, 2, classifier_1, infer_classifier, classify,
     no_flops},
    {domain, "TreeEnsembleClassifier", 3, 1, 1, 2, 2, classifier_3, infer_classifier, classify,
     no_flops},
    {domain, "TreeEnsembleRegressor", 1, 1, 1, 1, 1, regressor_1, infer_regressor, regress,
     no_flops},
    {domain, "TreeEnsembleRegressor", 3, 1, 1, 1, 1, regressor_3, infer_regressor, regress,
     no_flops},
};

}  // namespace

std::span<const OpDef> tree_ensembles_defs() { return defs; }

}  // namespace hone::ops
