// Attention and MultiHeadAttention of com.microsoft: projections, a mask of the padding, and ONNX's
// Attention.
#include "host/passes/expand/expand.h"

namespace hone::passes {

namespace {

Status check_supported(const Expansion& e, std::initializer_list<size_t> cache) {
  if (e.type() != DType::f32) return unsupported("attention of another type than f32");
  for (size_t i : cache) {
    if (e.has(i)) return unsupported("a cache of keys and values");
  }
  if (e.wants(1) || e.wants(2) || e.wants(3)) return unsupported("outputs beside the first");
  if (e.attributes().i("do_rotary", 0) != 0) return unsupported("rotary embeddings inside");
  return {};
}

// 0 for keys that count, else the filter's value, as [batch, 1, 1 or steps, keys].
Result<ValueId> padding_mask(Expansion& e, size_t i, ValueId keys) {
  if (!e.ranked(i) || e.rank(i) > 3) return unsupported("a mask of that rank");
  ValueId counts = graph::none;
  if (e.rank(i) == 1) {  // how many; twice as many numbers say where they begin, too
    const auto numbers = e.shape(i)[0], batch = e.shape(0)[0];
    if (numbers != batch) return unsupported("a mask that is not one number for each batch");
    Tensor from = Tensor::scalar<int64_t>(0), step = Tensor::scalar<int64_t>(1);
    const ValueId end = e.add("Squeeze", {keys, e.ints({0})});
    const ValueId all = e.add("Range", {e.constant(from), end, e.constant(step)});
    const ValueId valid = e.add("Cast", {e.in(i)}, {{"to", int64_t{7}}});
    counts = e.add("Less", {all, e.add("Unsqueeze", {valid, e.ints({1})})});
  } else {
    counts = e.add("Greater", {e.in(i), e.number(0, e.fact(i).dtype)});
  }
  const float fill = e.attributes().f("mask_filter_value", -10000.0f);
  const ValueId mask = e.add("Where", {counts, e.number(0), e.number(fill)});
  return e.add("Unsqueeze", {mask, e.rank(i) == 3 ? e.ints({1}) : e.ints({1, 2})});
}

// by_head: the operands are [batch, heads, steps, size], the result shall not be.
Status give_attention(Expansion& e, std::vector<ValueId> inputs, ValueId keys, size_t padding,
                      size_t bias, bool by_head) {
  ValueId mask = e.has(bias) ? e.in(bias) : graph::none;
  if (e.has(padding)) {
    HONE_ASSIGN(const ValueId m, padding_mask(e, padding, keys));
    mask = mask == graph::none ? m : e.add("Add", {m, mask});
  }
  if (mask != graph::none) inputs.push_back(mask);
  const int64_t heads = e.attributes().i("num_heads", 1);
  Expansion::Attributes a = {{"is_causal", e.attributes().i("unidirectional", 0)}};
  if (!by_head) {
    a.emplace_back("q_num_heads", heads);
    a.emplace_back("kv_num_heads", heads);
  }
  const float scale = e.attributes().f("scale", 0);
  if (scale != 0) a.emplace_back("scale", scale);
  ValueId y = e.add("Attention", std::move(inputs), a);
  if (by_head) y = e.reshape(e.transpose(y, {0, 2, 1, 3}), {0, 0, -1});
  e.give(0, y);
  return {};
}

}  // namespace

Status expand_attention(Expansion& e) {
  HONE_RETURN_IF_ERROR(check_supported(e, {4, 6}));
  if (!e.ranked(0) || !e.ranked(1) || !e.shape(1)[1].is_const()) {
    return unsupported("weights of unknown size");
  }
  std::vector<int64_t> sizes = e.attributes().ints("qkv_hidden_sizes");
  if (sizes.empty()) sizes.assign(3, e.shape(1)[1].value() / 3);
  ValueId all = e.add("MatMul", {e.in(0), e.in(1)});
  if (e.has(2)) all = e.add("Add", {all, e.in(2)});
  std::vector<ValueId> parts =
      e.add_multi("Split", {all, e.ints(sizes)}, 3, {{"axis", int64_t{2}}});
  return give_attention(e, std::move(parts), e.size(0, 1), 3, 5, false);
}

Status expand_multi_head(Expansion& e) {
  HONE_RETURN_IF_ERROR(check_supported(e, {6, 7, 8, 9}));
  std::vector<ValueId> parts;
  int64_t at = 0;
  const int64_t heads = e.attributes().i("num_heads", 1);
  const bool by_head = e.ranked(1) && e.rank(1) == 4;
  for (size_t i = 0; i < 3; ++i) {
    if (!e.ranked(i) || (i == 0 && e.rank(i) != 3)) return unsupported("packed operands");
    ValueId v = e.in(i);
    const bool rows = e.rank(i) == 3;
    if (i == 2 && rows == by_head) return unsupported("keys and values of different forms");
    if (e.has(3)) {
      const Dim width = rows ? e.shape(i)[2] : e.shape(i)[1] * e.shape(i)[3];
      if (!width.is_const()) return unsupported("heads of unknown size");
      const int64_t end = at + width.value();
      if (rows) v = e.add("Add", {v, e.slice(e.in(3), 0, at, end)});
      at = end;
    }
    if (by_head && rows) v = e.transpose(e.reshape(v, {0, 0, heads, -1}), {0, 2, 1, 3});
    parts.push_back(v);
  }
  return give_attention(e, std::move(parts), e.size(1, by_head ? 2 : 1), 4, 5, by_head);
}

}  // namespace hone::passes
