// Operators with a state: a convolution that goes on where it left off, recurrent layers whose
// batch comes first.
#include <limits>

#include "host/passes/expand/expand.h"

namespace hone::passes {

// y[t] sees x[t - K + 1] to x[t]; before x comes what was kept of the last call.
Status expand_causal_conv(Expansion& e) {
  if (!e.ranked(0) || !e.ranked(1) || !e.shape(1)[2].is_const() || !e.shape(1)[0].is_const()) {
    return unsupported("filters of unknown size");
  }
  if (e.type() == DType::f64) return unsupported("no convolution kernel for f64");
  const int64_t kept = e.shape(1)[2].value() - 1, channels = e.shape(1)[0].value();
  const auto as = [&](ValueId v, DType t) {
    return e.type() == DType::f32 ? v : e.add("Cast", {v}, {{"to", static_cast<int64_t>(t)}});
  };
  const auto f32 = [&](size_t i) { return e.has(i) ? as(e.in(i), DType::f32) : graph::none; };
  const ValueId zero = e.number(0, DType::f32);
  const ValueId x = e.has(3) ? e.add("Concat", {f32(3), f32(0)}, {{"axis", int64_t{2}}})
                             : e.add("Pad", {f32(0), e.ints({0, 0, kept, 0, 0, 0}), zero});
  ValueId y = e.add("Conv", {x, f32(1), f32(2)}, {{"group", channels}});
  if (e.attributes().s("activation", "none") != "none") {
    y = e.add("Mul", {y, e.add("Sigmoid", {y})});
  }
  constexpr int64_t end = std::numeric_limits<int64_t>::max();
  if (e.wants(0)) e.give(0, as(y, e.type()));
  if (e.wants(1)) e.give(1, as(e.slice(x, 2, kept == 0 ? end : -kept, end), e.type()));
  return {};
}

// layout 1: [batch, steps, ...] and [batch, directions, ...] where kernels take them the other way
// round.
Status expand_batch_first(Expansion& e) {
  if (e.attributes().i("layout", 0) == 0) return unsupported("it has a kernel");
  Node made = e.node();
  made.origin.clear();
  made.attributes.erase("layout");
  for (size_t i : {size_t{0}, size_t{5}, size_t{6}}) {  // X, initial_h, initial_c
    if (e.has(i)) made.inputs[i] = e.transpose(e.in(i), {1, 0, 2});
  }
  const std::vector<ValueId> out = e.add_multi(std::move(made), e.node().outputs.size());
  for (size_t i = 0; i < out.size(); ++i) {
    if (!e.wants(i)) continue;
    // Y is [steps, directions, batch, hidden].
    e.give(i, i == 0 ? e.transpose(out[i], {2, 0, 1, 3}) : e.transpose(out[i], {1, 0, 2}));
  }
  return {};
}

}  // namespace hone::passes
