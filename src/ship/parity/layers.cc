#include "ship/parity/layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "host/exec/run_plan.h"
#include "host/graph/layout.h"
#include "host/ops/evaluate.h"

namespace hone::ship {

namespace {

// A channels-last tensor in ONNX's order.
Tensor from_channels_last(const Tensor& physical) {
  const auto rank = static_cast<size_t>(physical.rank());
  const auto order = graph::physical_order(physical.rank(), graph::Layout::channels_last);
  Dims dims(rank);
  for (size_t i = 0; i < rank; ++i) dims[static_cast<size_t>(order[i])] = physical.dims()[i];
  std::vector<int64_t> strides(rank, 1), index(rank, 0);
  for (size_t i = rank - 1; i > 0; --i) strides[i - 1] = strides[i] * dims[i];
  Tensor out(physical.dtype(), dims);
  for (int64_t k = 0, n = physical.count(); k < n; ++k) {
    int64_t at = 0;
    for (size_t i = 0; i < rank; ++i) at += index[i] * strides[static_cast<size_t>(order[i])];
    out.set(at, physical.at(k));
    for (size_t i = rank; i-- > 0;) {
      if (++index[i] < physical.dims()[i]) break;
      index[i] = 0;
    }
  }
  return out;
}

// One number for each channel, as behind a global pool, judged as the vector that its Flatten is: a
// mean that happens to be near 0 has no magnitude to measure its rounding by. Its terms were as
// large as those of the other means, and its error is as large as theirs, a part in 10^7 of them;
// who multiplies the layer by 1.01 is seen in its largest channels.
bool is_vector(const Dims& dims) {
  return dims.size() >= 3 &&
         std::all_of(dims.begin() + 2, dims.end(), [](auto d) { return d == 1; });
}

Tensor as_judged(const Tensor& t) {
  return is_vector(t.dims()) ? t.reshaped({t.dims()[0], t.dims()[1]}) : t;
}

// Values on the way to one of the same name: what a step makes of several that one node became.
std::set<plan::PlanValue> intermediates(const plan::Plan& plan) {
  auto name = [&](plan::PlanValue v) { return plan.values[static_cast<size_t>(v)].name; };
  std::set<plan::PlanValue> found;
  for (const plan::Step& s : plan.steps) {
    for (plan::PlanValue in : s.in) {
      for (plan::PlanValue out : s.out) {
        if (in != plan::absent && out != plan::absent && name(in) == name(out)) found.insert(in);
      }
    }
  }
  return found;
}

// A reference that goes on from the other side's integers.
class Follower {
 public:
  Follower(const graph::Graph& graph, const LayerValues& seen, double tolerance)
      : graph_(graph), seen_(seen), tolerance_(tolerance) {}

  void inputs(const std::vector<Tensor>& given) {
    for (size_t i = 0; i < given.size(); ++i) known_[graph_.block().inputs[i]] = given[i];
  }

  void operator()(graph::ValueId v, Tensor& want) {
    if (graph_.value(v).block != 0) {  // the last turn of a loop is what the plan's value is
      inner_[v] = want;
      return;
    }
    judge(v, &want, rounds(v));
    for (graph::NodeId n : graph_.users(v)) {
      if (graph_.node(n).is("QuantizeLinear")) known_[v] = want;
    }
  }

  LayerReport finish(std::vector<Tensor> outputs) {
    for (auto& [v, want] : inner_) judge(v, &want, false);
    report_.outputs = std::move(outputs);
    return std::move(report_);
  }

 private:
  // Whether the node that makes v rounds floats to integers. The scale of a DynamicQuantizeLinear
  // belongs to its integers.
  bool rounds(graph::ValueId v) const {
    const graph::Node* n = graph_.producer_of(v);
    if (n == nullptr) return false;
    if (n->is("DynamicQuantizeLinear")) return true;
    return is_integer(graph_.fact(v).dtype) &&
           (n->is("QuantizeLinear") || n->op.starts_with("QLinear"));
  }

  Comparison compare_one(graph::ValueId v, const Tensor& got, const Tensor& want) const {
    const graph::Node* n = graph_.producer_of(v);
    if (n != nullptr && n->is("QuantizeLinear") && got.dims() == want.dims()) {
      const Tensor* scale = graph_.constant(n->input(1));
      const auto zero = rounded_from_floats(graph_, v);
      auto floats = known_.find(n->input(0));
      if (scale != nullptr && scale->count() == 1 && zero && floats != known_.end()) {
        return compare_rounding(got, want, floats->second, scale->at(0), *zero, tolerance_);
      }
    }
    return compare_value(graph_, v, as_judged(got), as_judged(want), tolerance_);
  }

  // A plan tells the order of its values only by their dimensions. Where these fit both orders
  // (height, width and channels alike, or one row of all elements), the one that agrees is the one
  // it is.
  Comparison compare_physical(graph::ValueId v, const Tensor& got, const Tensor& want,
                              Tensor* logical) const {
    const Dims& dims = want.dims();
    std::vector<Tensor> readings = {got.reshaped(dims)};
    if (want.rank() >= 3) {
      Dims last;
      for (int32_t d : graph::physical_order(want.rank(), graph::Layout::channels_last)) {
        last.push_back(dims[static_cast<size_t>(d)]);
      }
      Tensor turned = from_channels_last(got.reshaped(last));
      if (got.dims() == dims || got.dims() != last) {
        readings.push_back(std::move(turned));
      } else {
        readings = {std::move(turned)};
      }
    }
    Comparison c;
    for (Tensor& reading : readings) {
      c = compare_one(v, reading, want);
      *logical = std::move(reading);
      if (c.agree) break;
    }
    return c;
  }

  void judge(graph::ValueId v, Tensor* want, bool rounded) {
    auto seen = seen_.find(v);
    if (seen == seen_.end()) return;
    Tensor follow;
    for (const LayerValue& s : seen->second) {
      if (s.tensor.count() != want->count() || s.tensor.dtype() != want->dtype()) continue;
      ++report_.compared;
      Tensor logical;
      Comparison c = s.physical ? compare_physical(v, s.tensor, *want, &logical)
                                : compare_one(v, s.tensor, *want);
      if (!s.physical) logical = s.tensor;
      if (rounded && !follow) follow = logical, ++report_.rounded;
      if (rounded) report_.worst = std::max(report_.worst, c.worst);
      if (c.agree || (report_.first && report_.first->step <= s.step)) continue;
      report_.first = Divergence{graph_.value(v).name, s.step, s.layer, s.kernel, std::move(c)};
    }
    if (follow) *want = std::move(follow);
  }

  const graph::Graph& graph_;
  const LayerValues& seen_;
  const double tolerance_;
  std::map<graph::ValueId, Tensor> known_;  // floats that a QuantizeLinear reads
  std::map<graph::ValueId, Tensor> inner_;
  LayerReport report_;
};

}  // namespace

std::string Divergence::text() const {
  if (kernel.empty()) return fmt::format("'{}', node '{}': {}", value, layer, found.text);
  return fmt::format("'{}', step {} {} ({}): {}", value, step, layer, kernel, found.text);
}

Result<LayerValues> values_of_plan(const graph::Graph& graph, const plan::Plan& plan,
                                   const std::vector<Tensor>& inputs) {
  const std::set<plan::PlanValue> on_the_way = intermediates(plan);
  LayerValues seen;
  auto ran = exec::run_plan(plan, inputs, [&](size_t step, plan::PlanValue v, const Tensor& got) {
    const graph::ValueId id = graph.find_value(plan.values[static_cast<size_t>(v)].name);
    if (id == graph::none || on_the_way.contains(v)) return;
    const plan::Step& at = plan.steps[step];
    std::vector<LayerValue>& all = seen[id];
    std::erase_if(all, [&](const LayerValue& s) { return s.id == v; });
    all.push_back(
        {step, at.layer, at.kernel != nullptr ? at.kernel->name : "a view", got, true, v});
  });
  if (!ran.ok()) return ran.status();
  return seen;
}

Result<LayerValues> values_of_reference(const graph::Graph& graph, const graph::Graph& other,
                                        const std::vector<Tensor>& inputs) {
  std::vector<Tensor> given;
  for (size_t i = 0; i < other.block().inputs.size(); ++i) {
    const graph::ValueId v = other.block().inputs[i];
    size_t at = i;
    for (size_t k = 0; k < inputs.size(); ++k) {
      if (graph.value(graph.block().inputs[k]).name == other.value(v).name) at = k;
    }
    if (at >= inputs.size()) {
      return error(Code::shape_mismatch,
                   fmt::format("no input '{}' on the other side", other.value(v).name));
    }
    given.push_back(in_type(inputs[at], other.fact(v).dtype));
  }
  LayerValues seen;
  size_t step = 0;
  const auto take = [&](graph::ValueId v, Tensor& got) {
    const graph::ValueId id = graph.find_value(other.value(v).name);
    const graph::Node* by = other.producer_of(v);
    ++step;
    if (id == graph::none || by == nullptr || other.value(v).block != 0) return;
    LayerValue& value = seen[id].emplace_back();
    value = {step, by->name, "", in_type(got, graph.fact(id).dtype), false, v};
  };
  HONE_ASSIGN(const auto outputs, ops::evaluate(other, given, take));
  static_cast<void>(outputs);
  return seen;
}

Result<LayerReport> compare_layers(const graph::Graph& graph, const LayerValues& values,
                                   const std::vector<Tensor>& inputs, double tolerance) {
  Follower follower(graph, values, tolerance);
  follower.inputs(inputs);
  HONE_ASSIGN(std::vector<Tensor> outputs, ops::evaluate(graph, inputs, std::ref(follower)));
  return follower.finish(std::move(outputs));
}

Result<LayerReport> compare_layers(const graph::Graph& graph, const plan::Plan& plan,
                                   const std::vector<Tensor>& inputs, double tolerance) {
  HONE_ASSIGN(const LayerValues values, values_of_plan(graph, plan, inputs));
  return compare_layers(graph, values, inputs, tolerance);
}

}  // namespace hone::ship
