// Attention -> family attention. Heads are views of rows that hold all of them; a cache of earlier
// keys and values is copied before the new ones.

#include "device/kernels/attention/attention.h"

#include <cmath>

#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"
#include "host/plan/lower/strided.h"

namespace hone::plan {

namespace {

// A dense [batch, steps, heads * size] as [batch, heads, steps, size].
PlanValue by_heads(Lowering& l, PlanValue flat, const Dim& heads) {
  const SymShape s = l.at(flat).shape;
  const std::vector<Dim> own = l.strides_of(flat);
  const Dim size = floor_div(s[2], heads);
  return l.view(flat, {s[0], heads, s[1], size}, {own[0], size * own[2], own[1], own[2]}, 0);
}

// Q, K or V as [batch, heads, steps, size] with the last dimension contiguous.
Result<PlanValue> heads(Lowering& l, const Node& n, size_t input, const char* attribute) {
  HONE_ASSIGN(PlanValue v, l.use_as(n.input(input), Layout::row_major));
  if (l.at(v).shape.size() == 3) v = by_heads(l, v, n.attributes.i(attribute, 0));
  if (l.at(v).shape.back() == Dim(1) || l.strides_of(v).back() == Dim(1)) return v;
  PlanValue dense = l.temporary(l.at(v).name + " in rows", DType::f32, l.at(v).shape);
  l.copy(n, v, dense);
  return dense;
}

// The cache at `input` and behind it what is new, in the output's memory where it is asked for.
Result<PlanValue> after_past(Lowering& l, const Node& n, size_t input, size_t output,
                             PlanValue fresh) {
  const ValueId present = n.output(output);
  HONE_ASSIGN(PlanValue past, l.use_as(n.input(input), Layout::row_major));
  if (past == absent && present == graph::none) return fresh;
  SymShape shape = l.at(fresh).shape;
  const Dim before = past == absent ? Dim(0) : l.at(past).shape[2];
  shape[2] = shape[2] + before;
  PlanValue all = present == graph::none ? l.temporary("cache", DType::f32, shape)
                                         : l.define_as(present, Layout::row_major);
  const std::vector<Dim> strides = l.strides_of(all);
  if (past != absent) l.copy(n, past, l.view(all, l.at(past).shape, strides, 0));
  l.copy(n, fresh, l.view(all, l.at(fresh).shape, strides, before * strides[2]));
  return all;
}

// The mask as [batch, heads, steps, keys it speaks of], dimensions that it lacks read again.
Result<PlanValue> mask(Lowering& l, const Node& n, const SymShape& scores) {
  HONE_ASSIGN(PlanValue v, l.use_as(n.input(3), Layout::row_major));
  if (v == absent) return absent;
  const SymShape own = l.at(v).shape;
  const std::vector<Dim> own_strides = l.strides_of(v);
  SymShape shape = scores;
  std::vector<Dim> strides(4, Dim(0));
  if (own.size() > 4) return unsupported("a mask of more than 4 dimensions");
  for (size_t i = 0, to = 4 - own.size(); i < own.size(); ++i, ++to) {
    const Dim one = Dim::apply(Dim::Op::equal, {own[i], Dim(1)});
    strides[to] = Dim::apply(Dim::Op::select, {one, Dim(0), own_strides[i]});
    if (to == 3) {
      shape[to] = Dim::apply(Dim::Op::select, {one, scores[to], own[i]});
    } else {
      const Dim same = Dim::apply(Dim::Op::equal, {own[i], scores[to]});
      l.check(Dim::apply(Dim::Op::select, {one, Dim(1), same}),
              n.op + " '" + n.name + "' would have a mask that does not fit its scores");
    }
  }
  return l.view(v, std::move(shape), std::move(strides), 0);
}

// The result's memory by heads. Where a Transpose follows that puts the heads side by side, it lies
// that way at once and the Transpose is a view of it.
PlanValue result(Lowering& l, const Node& n, const Dim& heads) {
  const ValueId v = n.output(0);
  const graph::Value& value = l.graph().value(v);
  const SymShape& s = *value.fact.shape;
  if (s.size() == 3) {
    PlanValue rows = by_heads(l, l.define_as(v, Layout::row_major), heads);
    l.rename(rows, value.name + " by heads");
    return rows;
  }
  const auto users = l.graph().users(v);
  const Node* next = users.size() == 1 ? &l.graph().node(users[0]) : nullptr;
  const bool turns = next != nullptr && !l.graph().is_block_output(v) && next->is("Transpose") &&
                     next->attributes.ints("perm") == std::vector<int64_t>{0, 2, 1, 3};
  if (!turns) return l.define_as(v, Layout::row_major);
  PlanValue rows = l.temporary(value.name, DType::f32, {s[0], s[2], s[1], s[3]});
  const std::vector<Dim> own = l.strides_of(rows);
  PlanValue y = l.view(rows, s, {own[0], own[2], own[1], own[3]}, 0);
  l.define_alias(v, y, Layout::row_major);
  return y;
}

Status check_node(const Lowering& l, const Node& n) {
  const DType t = l.graph().fact(n.input(0)).dtype;
  if (t == DType::bf16) return unsupported("sums rounded to bf16; --precision f32 has none");
  if (t != DType::f32) return unsupported(std::string("no attention kernel for ") + name(t));
  if (n.output(3) != graph::none) return unsupported("Attention's scores as an output");
  if (n.attributes.i("left_window_size", -1) >= 0 || n.attributes.i("right_window_size", -1) >= 0) {
    return unsupported("Attention within a window");
  }
  if (n.attributes.has("scale") && !(n.attributes.f("scale", 1) >= 0)) {
    return unsupported("Attention with a negative scale");
  }
  return {};
}

}  // namespace

Status lower_attention(Lowering& l, const Node& n) {
  HONE_RETURN_IF_ERROR(check_node(l, n));
  HONE_ASSIGN(PlanValue q, heads(l, n, 0, "q_num_heads"));
  HONE_ASSIGN(PlanValue k, heads(l, n, 1, "kv_num_heads"));
  HONE_ASSIGN(PlanValue v, heads(l, n, 2, "kv_num_heads"));
  const Dim fresh = l.at(k).shape[2];
  HONE_ASSIGN(k, after_past(l, n, 4, 1, k));
  HONE_ASSIGN(v, after_past(l, n, 5, 2, v));
  const SymShape shape = l.at(q).shape;
  const Dim keys = l.at(k).shape[2];
  HONE_ASSIGN(PlanValue added, mask(l, n, {shape[0], shape[1], shape[2], keys}));
  HONE_ASSIGN(PlanValue valid, l.use_as(n.input(6), Layout::row_major));
  if (!n.attributes.has("scale") && !shape[3].is_const()) {
    return unsupported("Attention whose default scale depends on the input's shape");
  }
  const float size = shape[3].is_const() ? static_cast<float>(shape[3].value()) : 1;
  kernels::AttentionAttrs at{};
  at.scale = n.attributes.f("scale", size > 0 ? 1 / std::sqrt(size) : 1);
  at.cap = n.attributes.f("softcap", 0);
  at.causal = n.attributes.i("is_causal", 0) != 0 ? 1 : 0;
  PlanValue y = result(l, n, shape[1]);
  l.step(n, "attention", {q, k, v, added, valid}, {y}, at, {keys - fresh});
  return {};
}

}  // namespace hone::plan
