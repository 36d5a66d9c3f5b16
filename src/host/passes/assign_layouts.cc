// assign_layouts: values of rank 3 to 5 that convolutions and pools make are channels last, and so
// is what is computed from them element by element. plan/ inserts the copies where layouts meet.

#include <algorithm>
#include <set>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

using graph::Layout;

bool makes_channels_last(const Node& n) {
  static const std::set<std::string> ops = {"Conv",         "FusedConv",     "MaxPool",
                                            "AveragePool",  "GlobalMaxPool", "GlobalAveragePool",
                                            "LpPool",       "ConvTranspose", "QLinearConv",
                                            "QuantizedPool"};
  return ops.contains(n.op);
}

// The result's layout may follow the operands': every dimension is treated alike, or by an axis
// that plan/ maps.
bool follows_operands(const Node& n) {
  static const std::set<std::string> ops = {"Cast",
                                            "Dropout",
                                            "Concat",
                                            "Pad",
                                            "DepthToSpace",
                                            "SpaceToDepth",
                                            "Slice",
                                            "ChannelShuffle",
                                            "Split",
                                            "ReduceMean",
                                            "ReduceSum",
                                            "ReduceMax",
                                            "ReduceMin",
                                            "Resize",
                                            "Upsample",
                                            "Where",
                                            "QuantizeLinear",
                                            "BatchNormalization",
                                            "QLinearAdd",
                                            "QLinearMul",
                                            "InstanceNormalization",
                                            "ByteTable",
                                            "QuantizedBinary",
                                            "GroupNormalization",
                                            "DequantizeLinear"};
  if (n.op.starts_with("Reduce") && n.attributes.i("keepdims", 1) == 0) return false;
  if (n.op == "Softmax" || n.op == "LogSoftmax") return n.version >= 13;
  return is_elementwise(n) || ops.contains(n.op);
}

// A Transpose that moves the last dimension to the channels' place, for a reader that wants it
// channels last: its result lies so as its operand lies in memory, and no copy is made.
bool brings_channels(const Graph& g, const Node& n) {
  if (!n.is("Transpose") || g.value(n.input(0)).layout != Layout::row_major) return false;
  const std::vector<int64_t> perm = n.attributes.ints("perm");
  const bool brings = perm == std::vector<int64_t>{0, 3, 1, 2} ||
                      perm == std::vector<int64_t>{0, 2, 1} ||
                      perm == std::vector<int64_t>{0, 4, 1, 2, 3};
  const auto users = g.users(n.output(0));
  return brings && std::any_of(users.begin(), users.end(), [&](NodeId user) {
           return makes_channels_last(g.node(user)) || follows_operands(g.node(user));
         });
}

std::optional<Patch> propose_all(const Graph& g) {
  std::map<ValueId, Layout> wanted;
  auto layout = [&](ValueId v) {
    auto it = wanted.find(v);
    return it != wanted.end() ? it->second : g.value(v).layout;
  };
  auto follows = [&](const Node& n, int rank) {
    bool any = false;
    for (ValueId v : n.inputs) {
      if (v == graph::none || g.value(v).is_constant() || !g.fact(v).has_rank()) continue;
      if (g.fact(v).rank() != rank) continue;
      any = any || layout(v) == Layout::channels_last;
    }
    return any;
  };
  for (NodeId id : g.all_nodes()) {
    const Node& n = g.node(id);
    for (ValueId v : n.outputs) {
      if (v == graph::none || !g.fact(v).has_rank()) continue;
      int rank = g.fact(v).rank();
      if (rank < 3 || rank > 5) continue;
      if (makes_channels_last(n) || brings_channels(g, n) ||
          (follows_operands(n) && follows(n, rank))) {
        wanted[v] = Layout::channels_last;
      }
    }
  }
  std::optional<Patch> p;
  for (const auto& [v, to] : wanted) {
    if (g.value(v).layout == to) continue;
    if (!p) p.emplace(g, g.value(v).producer);
    p->set_layout(v, to);
  }
  if (p) p->set_why("channels last where convolutions are");
  return p;
}

}  // namespace

extern const Pass assign_layouts;
const Pass assign_layouts{"assign_layouts", "store convolutions' values channels last",
                          Stage::engine,    true,
                          nullptr,          propose_all};

}  // namespace hone::passes
