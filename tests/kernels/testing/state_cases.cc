// Loops, layers with a state, random numbers.
#include "case_maker.h"

namespace hone::kernel_tests {

using graph::BlockId;
using graph::Fact;
using graph::Graph;
using graph::NodeId;
using graph::ValueId;

namespace {

ValueId add(Graph& g, BlockId block, const char* op, int32_t version, std::vector<ValueId> inputs) {
  graph::Node n;
  n.op = op;
  n.version = version;
  n.block = block;
  n.inputs = std::move(inputs);
  return g.node(g.add_node(std::move(n), {g.fresh_name(op)})).outputs[0];
}

}  // namespace

// next = state + x, collected: next * x. Sometimes the states change places.
Result<Case> scan_case(CaseMaker& m) {
  Random& r = m.r;
  const Dims each = r.dims(r.between(0, 3), 300);
  const auto rank = static_cast<int64_t>(each.size());
  const int64_t steps = r.between(1, 5), in_axis = r.between(0, rank),
                out_axis = r.between(0, rank);
  const bool swapped = r.one_in(2);
  m.input(m.tensor(DType::f32, each));
  if (swapped) m.input(m.tensor(DType::f32, each));
  Dims x = each;
  x.insert(x.begin() + in_axis, steps);
  m.laid_out(m.tensor(DType::f32, x));
  m.attr("num_scan_inputs", int64_t{1});
  if (in_axis != 0) m.ints("scan_input_axes", {r.one_in(2) ? in_axis : in_axis - rank - 1});
  if (out_axis != 0) m.ints("scan_output_axes", {out_axis});
  if (r.one_in(2)) m.ints("scan_input_directions", {1});
  if (r.one_in(2)) m.ints("scan_output_directions", {1});
  m.blocks = [=](Graph& g, NodeId id) {
    const BlockId body = g.add_block(id, "body");
    const ValueId s = g.add_input("s", {}, body);
    const ValueId other = swapped ? g.add_input("other", {}, body) : s;
    const ValueId now = g.add_input("now", {}, body);
    const ValueId next = add(g, body, "Add", 14, {s, now});
    const ValueId made = add(g, body, "Mul", 14, {next, now});
    g.set_block_outputs(
        body, swapped ? std::vector<ValueId>{other, next, made} : std::vector<ValueId>{next, made});
  };
  if (swapped) return m.finish({"last", "other_last", "y"});
  return r.one_in(4) ? m.finish({"", "y"}) : m.finish({"last", "y"});
}

// value = value * factor, collected; some end when the iteration reaches a limit.
Result<Case> loop_case(CaseMaker& m) {
  Random& r = m.r;
  const Dims each = r.dims(r.between(0, 3), 300);
  const bool ends = r.one_in(2), collects = r.one_in(2);
  Tensor most(DType::i64, {}), yes(DType::boolean, {}), limit(DType::i64, {});
  // Of no iteration the reference does not know what it would have collected.
  most.set(0, static_cast<double>(r.between(collects ? 1 : 0, 5)));
  limit.set(0, static_cast<double>(r.between(0, 6)));
  yes.set(0, 1);
  m.constant(std::move(most));
  if (!ends && r.one_in(2)) {
    m.absent();
  } else {
    m.either(std::move(yes));
  }
  m.input(m.tensor(DType::f32, each));
  const Tensor factor = m.tensor(DType::f32, {});
  m.blocks = [=](Graph& g, NodeId id) {
    const BlockId body = g.add_block(id, "body");
    const ValueId i = g.add_input("i", {}, body), goes_on = g.add_input("goes_on", {}, body);
    const ValueId value = g.add_input("value", {}, body);
    const ValueId next =
        add(g, body, "Mul", 14, {value, g.add_constant(g.fresh_name("factor"), factor)});
    const ValueId on =
        ends ? add(g, body, "Less", 13, {i, g.add_constant(g.fresh_name("limit"), limit)})
             : goes_on;
    std::vector<ValueId> outputs = {on, next};
    if (collects) outputs.push_back(next);
    g.set_block_outputs(body, std::move(outputs));
  };
  return collects ? m.finish({"last", "all"}) : m.finish({"last"});
}

Result<Case> random_numbers_case(CaseMaker& m) {
  Random& r = m.r;
  const Dims dims = r.dims(r.between(1, 3));
  if (r.one_in(2)) m.attr("seed", static_cast<float>(r.between(0, 99)));
  if (m.is("Bernoulli")) {
    m.input(m.tensor(r.one_in(2) ? DType::f32 : DType::f64, dims, 0, 1));
    if (r.one_in(2)) m.attr("dtype", r.pick<int64_t>({1, 6, 7, 9, 11}));
    m.exact = true;
    return m.finish();
  }
  if (r.one_in(2)) m.attr("dtype", r.pick<int64_t>({1, 11}));
  m.node.op.ends_with("Like") ? m.input(m.tensor(DType::f32, dims)) : m.ints("shape", dims);
  const bool normal = m.node.op.starts_with("RandomNormal");
  if (r.one_in(2)) m.attr(normal ? "mean" : "low", -1.5f);
  if (r.one_in(2)) m.attr(normal ? "scale" : "high", 2.5f);
  m.exact = true;
  return m.finish();
}

Result<Case> linear_attention_case(CaseMaker& m) {
  Random& r = m.r;
  const int64_t batch = r.between(1, 2), steps = r.between(1, 5), heads = r.between(1, 3);
  const int64_t q_heads = heads * r.between(1, 2), k_size = r.pick({1, 4, 7, 16});
  const int64_t v_size = r.pick({1, 4, 31, 33, 48});
  const auto rule = r.pick<const char*>({"linear", "gated", "delta", "gated_delta"});
  const std::string_view name = rule;
  m.attr("update_rule", std::string(rule));
  m.attr("q_num_heads", q_heads);
  m.attr("kv_num_heads", heads);
  if (r.one_in(2)) m.attr("scale", 0.5f);
  m.input(m.tensor(DType::f32, {batch, steps, q_heads * k_size}));
  m.input(m.tensor(DType::f32, {batch, steps, heads * k_size}, -0.5, 0.5));
  m.input(m.tensor(DType::f32, {batch, steps, heads * v_size}));
  const bool past = r.one_in(2), gated = name.starts_with("gated"), delta = name.ends_with("delta");
  if (past || gated || delta) {
    past ? m.input(m.tensor(DType::f32, {batch, heads, k_size, v_size})) : m.absent();
  }
  if (gated) {
    m.input(m.tensor(DType::f32, {batch, steps, heads * (r.one_in(2) ? 1 : k_size)}, -1, 0));
  } else if (delta) {
    m.absent();
  }
  if (delta) m.input(m.tensor(DType::f32, {batch, steps, r.one_in(2) ? 1 : heads}, 0, 1));
  return m.finish({"y", "state"});
}

}  // namespace hone::kernel_tests
