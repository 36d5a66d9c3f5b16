// ONNX's Attention with what family attention does not hold: a window of keys becomes part of the
// mask, and the scores as an output are computed beside it, in f32.
#include <cmath>
#include <limits>

#include "host/passes/expand/expand.h"

namespace hone::passes {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

enum Shown : int64_t { raw = 0, capped = 1, biased = 2, probabilities = 3 };

// Makes the subgraph: heads, how far a key is ahead of a query, what is masked.
class Scores {
 public:
  explicit Scores(Expansion& e)
      : e_(e),
        left_(e.attributes().i("left_window_size", -1)),
        right_(e.attributes().i("right_window_size", -1)) {}

  // Sizes that the subgraph needs to be known. Errors: unsupported.
  Status measure() {
    if (!e_.ranked(0) || !e_.ranked(1)) return unsupported("the rank of Q or K is not known");
    HONE_ASSIGN(q_, heads(0));
    HONE_ASSIGN(k_, heads(1));
    if (e_.has(4) && !e_.ranked(4)) return unsupported("the rank of the cache is not known");
    past_ = e_.has(4) ? e_.shape(4)[2] : Dim(0);
    if (e_.has(3) && !e_.ranked(3)) return unsupported("the rank of the mask is not known");
    return {};
  }
  bool windowed() const { return left_ >= 0 || right_ >= 0; }

  // The node's mask with the window's, bool or of floats, over all keys.
  ValueId windowed_mask() {
    const ValueId own = whole_mask(), near = in_window();
    if (own == graph::none) return near;
    if (e_.fact(3).dtype == DType::boolean) return e_.add("And", {own, near});
    return e_.add("Where", {near, own, e_.number(-infinity, e_.fact(3).dtype)});
  }

  // K by heads, without a cache.
  ValueId keys() {
    if (e_.rank(1) == 4) return e_.in(1);
    return e_.transpose(e_.reshape(e_.in(1), {0, 0, k_.count, k_.size}), {0, 2, 1, 3});
  }

  // Output 3 as the stage asked for, in f32. `keys`: with the cache in front.
  ValueId shown(ValueId keys, Shown stage) {
    ValueId s = products(keys);
    const auto cap = static_cast<double>(e_.attributes().f("softcap", 0));
    if (stage > raw && cap > 0) {
      s = e_.add("Tanh", {e_.add("Div", {s, f32(cap)})});
      s = e_.add("Mul", {s, f32(cap)});
    }
    if (stage > capped) s = with_bias(s);
    if (stage < probabilities) return s;
    // A row all of whose keys are masked becomes zeros.
    const ValueId top = e_.add("ReduceMax", {s, e_.ints({-1})}, {{"keepdims", int64_t{1}}});
    const ValueId dead = e_.add("Equal", {top, f32(-infinity)});
    const ValueId weights = e_.add("Softmax", {s}, {{"axis", int64_t{-1}}});
    return e_.add("Where", {dead, f32(0), weights});
  }

 private:
  struct Heads {
    int64_t count = 0, size = 0;
    Dim steps;
  };

  Result<Heads> heads(size_t i) const {
    const SymShape& s = e_.shape(i);
    const bool flat = s.size() == 3;
    const Dim count =
        flat ? Dim(e_.attributes().i(i == 0 ? "q_num_heads" : "kv_num_heads", 0)) : s[1];
    if (!count.is_const() || count.value() < 1 || !s.back().is_const()) {
      return unsupported("heads whose number or size is not known");
    }
    const int64_t size = flat ? s[2].value() / count.value() : s[3].value();
    return Heads{count.value(), size, flat ? s[1] : s[2]};
  }

  ValueId f32(double v) { return e_.number(v, DType::f32); }
  ValueId cast(ValueId v, DType from, DType to) {
    return from == to ? v : e_.add("Cast", {v}, {{"to", static_cast<int64_t>(to)}});
  }
  ValueId index(int64_t v) { return e_.constant(Tensor::scalar<int64_t>(v)); }

  // scale Q K', [batch, heads, steps, keys]; heads that share one of K are a dimension of their
  // own.
  ValueId products(ValueId keys) {
    const int64_t shared = q_.count / k_.count;
    ValueId q = e_.in(0);
    if (e_.rank(0) == 3) q = e_.transpose(e_.reshape(q, {0, 0, q_.count, q_.size}), {0, 2, 1, 3});
    const double usual = 1 / std::sqrt(static_cast<double>(std::max<int64_t>(1, q_.size)));
    const float scale = e_.attributes().f("scale", static_cast<float>(usual));
    q = e_.add("Mul", {cast(q, e_.type(), DType::f32), f32(static_cast<double>(scale))});
    ValueId k = e_.transpose(cast(keys, e_.fact(1).dtype, DType::f32), {0, 1, 3, 2});
    if (shared == 1) return e_.add("MatMul", {q, k});
    // The queries of all heads that share one are rows of one product.
    const Dim rows = q_.steps * Dim(shared);
    q = e_.reshape(q, {0, k_.count, rows.is_const() ? rows.value() : -1, q_.size});
    ValueId s = e_.add("MatMul", {q, k});
    const ValueId dims = e_.add(
        "Concat",
        {e_.size(0, 0), e_.ints({q_.count}), e_.size(0, e_.rank(0) == 3 ? 1 : 2), e_.ints({-1})},
        {{"axis", int64_t{0}}});
    return e_.add("Reshape", {s, dims});
  }

  // The number of keys as i64 [1].
  ValueId key_count() {
    const ValueId fresh = e_.size(1, e_.rank(1) == 3 ? 1 : 2);
    return e_.has(4) ? e_.add("Add", {fresh, e_.size(4, 2)}) : fresh;
  }
  ValueId counted(ValueId size) {
    return e_.add("Range", {index(0), e_.add("Squeeze", {size, e_.ints({0})}), index(1)});
  }
  // How many keys a batch's first query has before it: [] or [batch, 1, 1, 1].
  ValueId offset() {
    if (!e_.has(6)) return e_.has(4) ? e_.size(4, 2) : e_.ints({0});
    const ValueId before = e_.add("Sub", {e_.in(6), steps()});
    return e_.add("Unsqueeze", {before, e_.ints({1, 2, 3})});
  }
  ValueId steps() { return e_.size(0, e_.rank(0) == 3 ? 1 : 2); }

  // How far key j is ahead of query i, i64 [steps, keys] or [batch, 1, steps, keys].
  ValueId ahead() {
    const ValueId rows = e_.add("Unsqueeze", {counted(steps()), e_.ints({1})});
    const ValueId between = e_.add("Sub", {counted(key_count()), rows});
    return e_.add("Sub", {between, offset()});
  }
  ValueId in_window() {
    const ValueId far = ahead();
    ValueId near = graph::none;
    if (left_ >= 0) near = e_.add("GreaterOrEqual", {far, index(-left_)});
    if (right_ >= 0) {
      const ValueId before = e_.add("LessOrEqual", {far, index(right_)});
      near = near == graph::none ? before : e_.add("And", {near, before});
    }
    return near;
  }

  // The mask over all keys: those that it does not speak of are masked.
  ValueId whole_mask() {
    if (!e_.has(3)) return graph::none;
    const Dim spoken = e_.rank(3) == 0 ? Dim(1) : e_.shape(3).back();
    if (spoken == Dim(1) || spoken == k_.steps + past_) return e_.in(3);
    const DType t = e_.fact(3).dtype;
    const ValueId missing = e_.add("Sub", {key_count(), e_.size(3, e_.rank(3) - 1)});
    std::vector<int64_t> none(static_cast<size_t>(2 * e_.rank(3) - 1), 0);
    const ValueId pads =
        e_.add("Concat", {e_.ints(std::move(none)), missing}, {{"axis", int64_t{0}}});
    return e_.add("Pad", {e_.in(3), pads, e_.number(t == DType::boolean ? 0 : -infinity, t)});
  }

  ValueId with_bias(ValueId s) {
    ValueId keep = windowed() ? in_window() : graph::none;
    const auto also = [&](ValueId v) { keep = keep == graph::none ? v : e_.add("And", {keep, v}); };
    if (e_.attributes().i("is_causal", 0) != 0) also(e_.add("LessOrEqual", {ahead(), index(0)}));
    if (e_.has(6)) {
      const ValueId valid = e_.add("Unsqueeze", {e_.in(6), e_.ints({1, 2, 3})});
      also(e_.add("Less", {counted(key_count()), valid}));
    }
    if (const ValueId mask = whole_mask(); mask != graph::none) {
      const DType t = e_.fact(3).dtype;
      t == DType::boolean ? also(mask) : void(s = e_.add("Add", {s, cast(mask, t, DType::f32)}));
    }
    return keep == graph::none ? s : e_.add("Where", {keep, s, f32(-infinity)});
  }

  Expansion& e_;
  Heads q_, k_;
  Dim past_ = 0;
  int64_t left_, right_;
};

}  // namespace

Status expand_attention_scores(Expansion& e) {
  Scores scores(e);
  if (!scores.windowed() && !e.wants(3)) return unsupported("it has a kernel");
  HONE_RETURN_IF_ERROR(scores.measure());
  const int64_t stage = e.attributes().i("qk_matmul_output_mode", 0);
  if (stage < raw || stage > probabilities)
    return unsupported("qk_matmul_output_mode is not 0 to 3");
  Node made = e.node();
  made.origin.clear();
  for (const char* gone : {"left_window_size", "right_window_size", "qk_matmul_output_mode"}) {
    made.attributes.erase(gone);
  }
  if (scores.windowed()) {
    made.inputs.resize(std::max<size_t>(made.inputs.size(), 4), graph::none);
    made.inputs[3] = scores.windowed_mask();
  }
  // What is not asked for is not made: the cache is an output only where the node gives it, or
  // where scores of it are shown.
  const bool cached = e.has(4) && e.wants(3);
  const size_t count = e.wants(2) ? 3 : e.wants(1) || cached ? 2 : 1;
  const std::vector<ValueId> out = e.add_multi(std::move(made), count);
  for (size_t i = 0; i < count; ++i) {
    if (e.wants(i)) e.give(i, out[i]);
  }
  if (!e.wants(3)) return {};
  ValueId s = scores.shown(cached ? out[1] : scores.keys(), static_cast<Shown>(stage));
  if (e.type() != DType::f32) {
    s = e.add("Cast", {s}, {{"to", static_cast<int64_t>(e.type())}});
  }
  e.give(3, s);
  return {};
}

}  // namespace hone::passes
