// RotaryEmbedding: pairs of features turned by angles that the position tells.
#include "host/passes/expand/expand.h"

namespace hone::passes {

namespace {

// The caches' rows for every step, shaped to go with x [batch, heads, steps, half].
Result<ValueId> cache(Expansion& e, size_t i, int64_t half, bool by_head) {
  ValueId rows = e.in(i);
  if (e.has(3)) rows = e.add("Gather", {rows, e.in(3)});
  if (!e.has(3) && (!e.ranked(i) || e.rank(i) != 3)) return unsupported("caches of another rank");
  return e.add("Unsqueeze", {e.slice(rows, 2, 0, half), e.ints({by_head ? 1 : 2})});
}

}  // namespace

Status expand_rotary(Expansion& e) {
  if (!e.ranked(0) || (e.rank(0) != 3 && e.rank(0) != 4)) return unsupported("X of another rank");
  const bool by_head = e.rank(0) == 4;
  const Dim& last = e.shape(0).back();
  const int64_t heads = e.attributes().i("num_heads", 0);
  if (!last.is_const() || (!by_head && heads < 1)) return unsupported("heads of unknown size");
  const int64_t size = by_head ? last.value() : last.value() / heads;
  int64_t turned = e.attributes().i("rotary_embedding_dim", 0);
  if (turned == 0) turned = size;
  const int64_t half = turned / 2;
  const ValueId x = by_head ? e.in(0) : e.reshape(e.in(0), {0, 0, heads, size});
  HONE_ASSIGN(const ValueId cos, cache(e, 1, half, by_head));
  HONE_ASSIGN(const ValueId sin, cache(e, 2, half, by_head));
  const bool interleaved = e.attributes().i("interleaved", 0) != 0;
  auto part = [&](int64_t which) {
    if (!interleaved) return e.slice(x, 3, which * half, (which + 1) * half);
    return e.add("Slice", {x, e.ints({which}), e.ints({turned}), e.ints({3}), e.ints({2})});
  };
  const ValueId a = part(0), b = part(1);
  ValueId re = e.add("Sub", {e.add("Mul", {a, cos}), e.add("Mul", {b, sin})});
  ValueId im = e.add("Add", {e.add("Mul", {a, sin}), e.add("Mul", {b, cos})});
  const Expansion::Attributes along = {{"axis", int64_t{3}}};
  ValueId y = graph::none;
  if (interleaved) {
    const ValueId column = e.ints({4});
    re = e.add("Unsqueeze", {re, column});
    im = e.add("Unsqueeze", {im, column});
    y = e.add("Concat", {re, im}, {{"axis", int64_t{4}}});
    y = e.reshape(y, {0, 0, 0, turned});
  } else {
    y = e.add("Concat", {re, im}, along);
  }
  if (turned < size) y = e.add("Concat", {y, e.slice(x, 3, turned, size)}, along);
  e.give(0, by_head ? y : e.reshape(y, {0, 0, last.value()}));
  return {};
}

}  // namespace hone::passes
