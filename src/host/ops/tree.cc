// ai.onnx.ml TreeEnsemble: decision trees whose leaves add up.
#include <cmath>

#include "host/ops/forest.h"
#include "host/ops/infer_util.h"
#include "host/ops/ml_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// Members of each node of that mode in turn, NaN behind each.
Status read_members(const Node& node, Forest* f) {
  std::vector<double> members;
  if (const Tensor given = node.attributes.tensor("membership_values")) {
    members = load<double>(given);
  }
  size_t at = 0;
  for (Forest::Split& n : f->splits) {
    if (n.mode != Forest::Mode::member) continue;
    while (at < members.size() && !std::isnan(members[at])) n.members.insert(members[at++]);
    if (at++ >= members.size()) return invalid("membership_values has too few sets");
  }
  return {};
}

Status read_branch(const Node& node, const char* ids, const char* leafs, int side, Forest* f) {
  const std::vector<int64_t> next = node.attributes.ints(ids);
  const std::vector<int64_t> leaf = node.attributes.ints(leafs);
  if (next.size() != f->splits.size() || leaf.size() != next.size()) {
    return invalid(fmt::format("{} or {} has another size than nodes_splits", ids, leafs));
  }
  for (size_t i = 0; i < next.size(); ++i) {
    const size_t most = leaf[i] != 0 ? f->leaves.size() : f->splits.size();
    if (next[i] < 0 || static_cast<size_t>(next[i]) >= most) return invalid(ids);
    f->splits[i].next[side] = {static_cast<size_t>(next[i]), leaf[i] != 0};
  }
  return {};
}

Status read_leaves(const Node& node, Forest* f) {
  const std::vector<double> weights = load<double>(node.attributes.tensor("leaf_weights"));
  const std::vector<int64_t> targets = node.attributes.ints("leaf_targetids");
  f->targets = node.attributes.i("n_targets", 0);
  const int64_t aggregate = node.attributes.i("aggregate_function", 1);
  if (aggregate < 0 || aggregate > 3) return invalid("aggregate_function");
  f->aggregate = static_cast<Forest::Aggregate>(aggregate);
  if (f->targets < 1 || f->targets > int64_t{1} << 24) return invalid("n_targets");
  if (targets.size() != weights.size()) return invalid("leaf_targetids: as many as weights");
  for (size_t i = 0; i < weights.size(); ++i) {
    if (targets[i] < 0 || targets[i] >= f->targets) return invalid("leaf_targetids");
    f->leaves.push_back({{targets[i], weights[i]}});
  }
  return {};
}

Result<Forest> read_forest(const Node& node) {
  Forest f;
  for (const char* name : {"nodes_splits", "nodes_modes", "leaf_weights"}) {
    if (!node.attributes.tensor(name)) return invalid(std::string(name) + " is missing");
  }
  HONE_RETURN_IF_ERROR(read_leaves(node, &f));
  const std::vector<double> splits = load<double>(node.attributes.tensor("nodes_splits"));
  const std::vector<int64_t> modes = ints_of(node.attributes.tensor("nodes_modes"));
  const std::vector<int64_t> features = node.attributes.ints("nodes_featureids");
  const std::vector<int64_t> missing = node.attributes.ints("nodes_missing_value_tracks_true",
                                                            std::vector<int64_t>(splits.size(), 0));
  if (modes.size() != splits.size() || features.size() != splits.size() ||
      missing.size() != splits.size()) {
    return invalid("nodes_* differ in size");
  }
  f.splits.resize(splits.size());
  for (size_t i = 0; i < splits.size(); ++i) {
    if (modes[i] < 0 || modes[i] > 6) return invalid(fmt::format("nodes_modes: {}", modes[i]));
    if (features[i] < 0) return invalid("nodes_featureids");
    Forest::Split& n = f.splits[i];
    n.mode = static_cast<Forest::Mode>(modes[i]);
    n.feature = static_cast<size_t>(features[i]);
    n.threshold = splits[i];
    n.missing_is_true = missing[i] != 0;
  }
  HONE_RETURN_IF_ERROR(read_branch(node, "nodes_truenodeids", "nodes_trueleafs", 1, &f));
  HONE_RETURN_IF_ERROR(read_branch(node, "nodes_falsenodeids", "nodes_falseleafs", 0, &f));
  for (int64_t root : node.attributes.ints("tree_roots")) {
    if (root < 0 || static_cast<size_t>(root) >= f.splits.size()) return invalid("tree_roots");
    f.roots.push_back({static_cast<size_t>(root), false});
  }
  HONE_RETURN_IF_ERROR(read_members(node, &f));
  return f;
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

Status run(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (x.rank() != 2) return error(Code::shape_mismatch, "the samples are not rows");
  HONE_ASSIGN(const Forest f, read_forest(ctx.node()));
  const int64_t kind = ctx.node().attributes.i("post_transform", 0);
  if (kind < 0 || kind > 4) return invalid("post_transform");
  const int64_t rows = x.dims()[0];
  HONE_ASSIGN(std::vector<double> y, votes_of(f, load<double>(x), rows, x.dims()[1]));
  for (int64_t r = 0; r < rows; ++r) {
    transform(static_cast<PostTransform>(kind), y.data() + r * f.targets, f.targets);
  }
  ctx.set(0, store(x.dtype(), {rows, f.targets}, y));
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
