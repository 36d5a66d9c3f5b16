// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss: the scores that the target picks.
#include "host/passes/expand/expand.h"

namespace hone::passes {

Status expand_loss(Expansion& e) {
  const bool softmax = e.node().op == "SoftmaxCrossEntropyLoss";
  const graph::Attributes& a = e.attributes();
  const std::string reduction = a.s("reduction", "mean");
  ValueId scores = e.in(0), target = e.in(1);
  if (softmax) scores = e.add("LogSoftmax", {scores}, {{"axis", int64_t{1}}});
  if (e.wants(1)) e.give(1, scores);
  ValueId kept = graph::none;  // 1 where the target counts
  if (a.has("ignore_index")) {
    const DType t = e.fact(1).dtype;
    const ValueId ignored = e.number(static_cast<double>(a.i("ignore_index", 0)), t);
    const ValueId skips = e.add("Equal", {target, ignored});
    target = e.add("Where", {skips, e.number(0, t), target});
    kept = e.add("Where", {skips, e.number(0), e.number(1)});
  }
  const ValueId column = e.ints({1});
  const Expansion::Attributes along = {{"axis", int64_t{1}}};
  ValueId loss = e.add("GatherElements", {scores, e.add("Unsqueeze", {target, column})}, along);
  loss = e.add("Neg", {e.add("Squeeze", {loss, column})});
  ValueId weight = kept;
  if (e.has(2)) {
    weight = e.add("Gather", {e.in(2), target});
    if (kept != graph::none) weight = e.add("Mul", {weight, kept});
  }
  if (weight != graph::none) loss = e.add("Mul", {loss, weight});
  const Expansion::Attributes all = {{"keepdims", int64_t{0}}};
  if (reduction == "sum" || (reduction == "mean" && weight != graph::none)) {
    loss = e.add("ReduceSum", {loss}, all);
  } else if (reduction == "mean") {
    loss = e.add("ReduceMean", {loss}, all);
  }
  if (reduction == "mean" && weight != graph::none) {
    loss = e.add("Div", {loss, e.add("ReduceSum", {weight}, all)});
  }
  e.give(0, loss);
  return {};
}

}  // namespace hone::passes
