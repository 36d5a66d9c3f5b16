// Loop and Scan -> a loop step with the body's steps behind it. States live in memory of their own:
// an iteration reads them and, when all of it is done, writes what they shall be in the next. What
// is scanned is read place by place, what is collected written so.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "device/kernels/fill/fill.h"
#include "device/kernels/slice/slice.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"
#include "host/plan/lower/volume.h"

namespace hone::plan {

namespace {

using graph::BlockId;

// More iterations than that are no loop for a device that answers in time.
constexpr int64_t max_trips = int64_t{1} << 24;

// A tensor along one of whose axes the loop goes.
struct Scanned {
  PlanValue whole;  // dense
  int32_t axis, from_end;
};

class LoopSteps {
 public:
  LoopSteps(Lowering& l, const Node& n) : l_(l), n_(n), body_(n.blocks[0]) {
    counter_ = l_.temporary(n.name + ".iteration", DType::i64, {});
  }

  PlanValue counter() const { return counter_; }
  const graph::Block& body() const { return l_.graph().block(body_); }

  // Memory that begins as `initial` and becomes body output `output` after every iteration.
  Status add_state(ValueId initial, ValueId input, size_t output) {
    const graph::Fact &a = l_.graph().fact(initial), &b = l_.graph().fact(input),
                      &c = l_.graph().fact(body().outputs[output]);
    if (a.dtype != b.dtype || a.shape != b.shape || b.shape != c.shape || b.dtype != c.dtype) {
      return unsupported(fmt::format("state '{}' changes its size", l_.graph().value(input).name));
    }
    HONE_ASSIGN(const PlanValue from, l_.use_as(initial, Layout::row_major));
    const PlanValue state = l_.temporary(l_.graph().value(input).name, a.dtype, *a.shape);
    l_.copy(n_, from, state);
    inside_[input] = state;
    states_.emplace_back(state, output);
    return {};
  }
  // The condition: a state, looked at before every iteration. none: true at first.
  Status add_condition(ValueId initial) {
    if (initial != graph::none) {
      HONE_ASSIGN(const PlanValue from, l_.use_as(initial, Layout::row_major));
      condition_ = l_.temporary(n_.name + ".condition", DType::boolean, {});
      l_.copy(n_, l_.reshape_view(dense(l_, n_, from), {}), condition_);
    } else {
      condition_ = l_.temporary(n_.name + ".condition", DType::boolean, {});
      l_.step(n_, "fill", {}, {condition_}, kernels::FillAttrs{kernels::Fill::value, 1, 0});
    }
    inside_[body().inputs[1]] = condition_;
    states_.emplace_back(condition_, 0);
    return {};
  }
  void set_inside(ValueId input, PlanValue v) { inside_[input] = v; }
  Status scan(ValueId from, ValueId input, int64_t axis, bool from_end) {
    HONE_ASSIGN(const PlanValue v, l_.use_as(from, Layout::row_major));
    HONE_ASSIGN(const int at, normal_axis(axis, l_.graph().fact(from).rank()));
    scanned_.emplace_back(input, Scanned{dense(l_, n_, v), at, from_end ? 1 : 0});
    return {};
  }
  // Body output `output` of every iteration, along an axis of `whole`.
  void collect(PlanValue whole, size_t output, int32_t axis, bool from_end) {
    collected_.emplace_back(output, Scanned{whole, axis, from_end ? 1 : 0});
  }

  Status add(const Dim& trips) {
    l_.add_step(n_, "", {condition_}, {counter_}, {}, {trips});
    const size_t at = l_.plan().steps.size() - 1;
    l_.plan().steps[at].kind = Step::Kind::loop;
    auto outside = l_.save();
    HONE_RETURN_IF_ERROR(iteration());
    l_.restore(std::move(outside));
    const std::vector<Step>& steps = l_.plan().steps;
    for (size_t i = at + 1; i < steps.size(); ++i) {
      if (steps[i].kind != Step::Kind::measure) continue;
      return unsupported("a size inside of it that only the data tell");
    }
    if (steps.size() == at + 1) return unsupported("an iteration computes nothing");
    l_.plan().steps[at].then_steps = static_cast<int32_t>(steps.size() - at - 1);
    return {};
  }

  // What state `i` is after the last iteration.
  PlanValue state(size_t i) const { return states_[i].first; }

 private:
  Status iteration() {
    for (const auto& [input, v] : inside_) l_.set_made(input, v);
    for (const auto& [input, s] : scanned_) {
      l_.step(n_, "slice", {s.whole, counter_}, {l_.define_as(input, Layout::row_major)},
              kernels::SliceAttrs{s.axis, 0, s.from_end});
    }
    HONE_RETURN_IF_ERROR(l_.inner_block(body_));
    l_.set_current(n_);
    for (const auto& [output, s] : collected_) {
      HONE_ASSIGN(const PlanValue v, l_.use_as(body().outputs[output], Layout::row_major));
      l_.step(n_, "slice", {dense(l_, n_, v), counter_}, {s.whole},
              kernels::SliceAttrs{s.axis, 1, s.from_end});
    }
    return next_states();
  }

  // All states at once: what one of them shall be may be what another was.
  Status next_states() {
    std::set<int32_t> own;
    for (const auto& [state, output] : states_) own.insert(l_.at(state).storage);
    std::vector<std::pair<PlanValue, PlanValue>> copies;
    for (const auto& [state, output] : states_) {
      HONE_ASSIGN(PlanValue v, l_.use_as(body().outputs[output], Layout::row_major));
      const Value value = l_.at(v);
      if (value.storage == l_.at(state).storage && l_.is_dense(v)) continue;  // stays as it is
      if (own.contains(value.storage)) {
        const PlanValue kept = l_.temporary(value.name, value.dtype, value.shape);
        l_.copy(n_, v, kept);
        v = kept;
      }
      if (l_.at(v).shape != l_.at(state).shape)
        v = l_.reshape_view(dense(l_, n_, v), l_.at(state).shape);
      copies.emplace_back(v, state);
    }
    for (const auto& [from, to] : copies) l_.copy(n_, from, to);
    return {};
  }

  Lowering& l_;
  const Node& n_;
  BlockId body_;
  PlanValue counter_ = absent, condition_ = absent;
  std::map<ValueId, PlanValue> inside_;                // body inputs
  std::vector<std::pair<PlanValue, size_t>> states_;   // and the body outputs they become
  std::vector<std::pair<ValueId, Scanned>> scanned_;   // body inputs
  std::vector<std::pair<size_t, Scanned>> collected_;  // body outputs
};

// The shape of an output that collects body output `v` along `axis`, `trips` times.
Result<SymShape> collected_shape(const Lowering& l, ValueId v, int axis, const Dim& trips,
                                 const SymShape& declared) {
  SymShape shape = *l.graph().fact(v).shape;
  shape.insert(shape.begin() + axis, trips);
  for (size_t i = 0; i < shape.size(); ++i) {
    if (static_cast<int>(i) == axis || shape[i] == declared[i]) continue;
    return unsupported("what it collects has another size each time");
  }
  return shape;
}

// True where the condition, whatever it is, never becomes false.
bool runs_to_the_end(const Lowering& l, const Node& n, const graph::Block& body) {
  const auto is_true = [&](ValueId v) {
    const Tensor* t = l.graph().constant(v);
    return t != nullptr && t->count() == 1 && t->int_at(0) != 0;
  };
  const auto passed_on = [&](ValueId v) {
    const Node* from = l.graph().producer_of(v);
    return v == body.inputs[1] ||
           (from != nullptr && from->is("Identity") && from->input(0) == body.inputs[1]);
  };
  const bool begins = n.input(1) == graph::none || is_true(n.input(1));
  return begins && (is_true(body.outputs[0]) || passed_on(body.outputs[0]));
}

Status give_states(Lowering& l, const Node& n, const LoopSteps& loop, size_t states) {
  for (size_t i = 0; i < states; ++i) {
    if (n.output(i) != graph::none) {
      l.define_alias(n.output(i), loop.state(i), Layout::row_major);
    }
  }
  return {};
}

}  // namespace

Status lower_scan(Lowering& l, const Node& n) {
  if (n.version < 9) return unsupported("Scan of opset 8");
  const auto count = static_cast<size_t>(n.attributes.i("num_scan_inputs", 0));
  const size_t states = n.inputs.size() - count;
  const auto list = [&](const char* name, size_t size) {
    return n.attributes.ints(name, std::vector<int64_t>(size, 0));
  };
  const size_t outputs = n.outputs.size() - states;
  const auto in_axes = list("scan_input_axes", count), ways = list("scan_input_directions", count);
  const auto out_axes = list("scan_output_axes", outputs),
             out_ways = list("scan_output_directions", outputs);
  LoopSteps loop(l, n);
  const std::vector<ValueId> inputs = loop.body().inputs, results = loop.body().outputs;
  for (size_t i = 0; i < states; ++i) {
    HONE_RETURN_IF_ERROR(loop.add_state(n.input(i), inputs[i], i));
  }
  std::optional<Dim> trips;
  for (size_t i = 0; i < count; ++i) {
    const ValueId v = n.input(states + i);
    HONE_RETURN_IF_ERROR(loop.scan(v, inputs[states + i], in_axes[i], ways[i] != 0));
    HONE_ASSIGN(const int axis, normal_axis(in_axes[i], l.graph().fact(v).rank()));
    const Dim& size = (*l.graph().fact(v).shape)[static_cast<size_t>(axis)];
    if (!trips) trips = size;
    l.check(Dim::apply(Dim::Op::equal, {*trips, size}),
            n.op + " '" + n.name + "' would scan inputs of different lengths");
  }
  for (size_t i = 0; i < outputs; ++i) {
    const ValueId v = n.output(states + i);
    if (v == graph::none) continue;
    const SymShape& shape = *l.graph().fact(v).shape;
    HONE_ASSIGN(const int axis, normal_axis(out_axes[i], static_cast<int>(shape.size())));
    HONE_RETURN_IF_ERROR(collected_shape(l, results[states + i], axis, *trips, shape).status());
    loop.collect(l.define_as(v, Layout::row_major), states + i, axis, out_ways[i] != 0);
  }
  HONE_RETURN_IF_ERROR(loop.add(*trips));
  return give_states(l, n, loop, states);
}

Status lower_loop(Lowering& l, const Node& n) {
  if (n.input(0) == graph::none) return unsupported("a loop without a bound");
  HONE_ASSIGN(const std::vector<Dim> most, l.content(n, 0));
  if (most.size() != 1) return unsupported("a trip count that is not one number");
  const Dim trips = max(most[0], Dim(0));
  if (trips.is_const() && trips.value() > max_trips) {
    return unsupported(fmt::format("a loop of up to {} iterations", trips.value()));
  }
  LoopSteps loop(l, n);
  const std::vector<ValueId> inputs = loop.body().inputs, results = loop.body().outputs;
  const size_t states = n.inputs.size() < 2 ? 0 : n.inputs.size() - 2;
  for (size_t i = 0; i < states; ++i) {
    HONE_RETURN_IF_ERROR(loop.add_state(n.input(i + 2), inputs[i + 2], i + 1));
  }
  const SymShape& one = *l.graph().fact(inputs[0]).shape;
  loop.set_inside(inputs[0], l.reshape_view(loop.counter(), one));
  const bool all = runs_to_the_end(l, n, loop.body());
  if (all) {
    Tensor yes(DType::boolean, Dims(l.graph().fact(inputs[1]).shape->size(), 1));
    yes.set(0, 1);
    loop.set_inside(inputs[1], l.constant("true", std::move(yes)));
  } else {
    HONE_RETURN_IF_ERROR(loop.add_condition(n.input(1)));
  }
  std::vector<std::pair<ValueId, PlanValue>> collected;
  for (size_t i = states; i < n.outputs.size(); ++i) {
    const ValueId v = n.outputs[i];
    if (v == graph::none) continue;
    HONE_ASSIGN(SymShape shape,
                collected_shape(l, results[i + 1], 0, trips, *l.graph().fact(v).shape));
    const PlanValue whole =
        all ? l.define_as(v, Layout::row_major)
            : l.temporary(l.graph().value(v).name, l.graph().fact(v).dtype, std::move(shape));
    loop.collect(whole, i + 1, 0, false);
    if (!all) collected.emplace_back(v, whole);
  }
  HONE_RETURN_IF_ERROR(loop.add(trips));
  // How often it ran is the size of what it collected.
  for (const auto& [v, whole] : collected) {
    const Dim& size = (*l.graph().fact(v).shape)[0];
    if (!size.is_symbol()) return unsupported("a fixed size for what the condition decides");
    if (l.plan().find_data(size.symbol_name()) == nullptr) {
      l.measure(n, size.symbol_name(), loop.counter(), 0, trips);
    }
  }
  for (const auto& [v, whole] : collected) l.define_view_as(v, whole, Layout::row_major);
  return give_states(l, n, loop, states);
}

}  // namespace hone::plan
