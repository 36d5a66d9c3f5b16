// A plugin's operator: one step whose tactics are the plugin's kernels.
#include "host/ops/plugin.h"
#include "host/plan/lower/lowerings.h"

namespace hone::plan {

// Plugins take row-major tensors without gaps.
Status lower_plugin(Lowering& l, const Node& n) {
  const ops::PluginOp* op = ops::find_plugin_op(n);
  HONE_ASSIGN(std::vector<int32_t> words, ops::encode_attributes(n));
  std::vector<PlanValue> in, out;
  for (ValueId v : n.inputs) {
    HONE_ASSIGN(PlanValue x, l.use_as(v, Layout::row_major));
    if (x != absent && !l.is_dense(x)) {
      PlanValue whole = l.temporary(l.at(x).name, l.at(x).dtype, l.at(x).shape);
      l.copy(n, x, whole);
      x = whole;
    }
    in.push_back(x);
  }
  for (ValueId v : n.outputs) {
    out.push_back(v == graph::none ? absent : l.define_as(v, Layout::row_major));
  }
  l.add_step(n, "plugin", std::move(in), std::move(out), std::move(words), {});
  l.plan().steps.back().plugin = op;
  return {};
}

}  // namespace hone::plan
