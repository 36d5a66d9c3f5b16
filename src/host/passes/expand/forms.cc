// Operators of com.microsoft that are ONNX's own in another form.
#include <numeric>

#include "host/passes/expand/expand.h"

namespace hone::passes {

// QuantizeLinear, DequantizeLinear, Trilu, GatherND: the operators of that name.
Status expand_same_op(Expansion& e) {
  Node made = e.node();
  made.domain.clear();
  made.version = made.op == "Trilu" ? 14 : made.op == "GatherND" ? 12 : 21;
  e.give(0, e.add(std::move(made)));
  return {};
}

Status expand_expand_dims(Expansion& e) {
  const auto axis = e.known_ints(1);
  if (!axis || axis->size() != 1) return unsupported("an axis that only the data tell");
  e.give(0, e.add("Unsqueeze", {e.in(0), e.ints(*axis)}));
  return {};
}

// Channels to the second axis and back: layouts make nothing of it.
Status expand_nhwc_pool(Expansion& e) {
  if (!e.ranked(0) || e.rank(0) < 3) return unsupported("the rank of input 0 is not known");
  const auto rank = static_cast<size_t>(e.rank(0));
  std::vector<int64_t> in(rank), out(rank);
  std::iota(in.begin(), in.end(), -1);
  std::iota(out.begin(), out.end(), 1);
  in[0] = out[0] = 0;
  in[1] = static_cast<int64_t>(rank) - 1;
  out.back() = 1;
  Node pool = e.node();
  pool.domain.clear();
  pool.op = "MaxPool";
  pool.version = 12;
  pool.inputs = {e.transpose(e.in(0), in)};
  e.give(0, e.transpose(e.add(std::move(pool)), out));
  return {};
}

// X, positions, cosines, sines.
Status expand_ms_rotary(Expansion& e) {
  if (!e.ranked(0) || !e.ranked(1) || e.rank(1) != 2) {
    return unsupported("positions other than of each step");
  }
  if (e.attributes().i("is_packed_batching", 0) != 0 || e.attributes().f("scale", 1) != 1) {
    return unsupported("packed batches or a scale");
  }
  int64_t heads = e.attributes().i("num_heads", 0);
  if (heads == 0 && e.rank(0) == 3) {
    if (!e.ranked(2) || e.rank(2) != 2 || !e.shape(2)[1].is_const() ||
        !e.shape(0).back().is_const() || e.shape(2)[1].value() < 1) {
      return unsupported("heads of unknown size");
    }
    heads = e.shape(0).back().value() / (2 * e.shape(2)[1].value());
  }
  Node made = e.node();
  made.domain.clear();
  made.version = 23;
  made.inputs = {e.in(0), e.in(2), e.in(3), e.in(1)};
  for (const char* a : {"is_packed_batching", "scale"}) made.attributes.erase(a);
  if (e.rank(0) == 3) made.attributes.set("num_heads", heads);
  e.give(0, e.add(std::move(made)));
  return {};
}

namespace {

// [directions, size, 4 hidden] of 8 bits as [directions, 4 hidden, size] of f32. Scales and zero
// points: one for a direction, or for each of its columns.
Result<ValueId> dequantised(Expansion& e, size_t w, size_t scale, size_t zero) {
  const auto beside = [&](size_t i) -> ValueId {
    const ValueId v =
        e.fact(i).dtype == DType::f32 ? e.in(i) : e.add("Cast", {e.in(i)}, {{"to", int64_t{1}}});
    return e.add("Unsqueeze", {v, e.rank(i) == 1 ? e.ints({1, 2}) : e.ints({1})});
  };
  for (size_t i : {w, scale, zero}) {
    if (!e.ranked(i) || e.rank(i) < 1) return unsupported("weights of unknown rank");
  }
  const ValueId wide = e.add("Cast", {e.in(w)}, {{"to", int64_t{1}}});
  const ValueId real = e.add("Mul", {e.add("Sub", {wide, beside(zero)}), beside(scale)});
  return e.transpose(real, {0, 2, 1});
}

}  // namespace

// LSTM on weights of f32: what X and the state would be rounded to, they are not (contrib_lstm.cc).
Status expand_quantised_lstm(Expansion& e) {
  if (e.node().inputs.size() != 12) return unsupported("weights without scales");
  Node made = e.node();
  made.domain.clear();
  made.op = "LSTM";
  made.version = 14;
  made.inputs.resize(8);
  HONE_ASSIGN(made.inputs[1], dequantised(e, 1, 8, 9));
  HONE_ASSIGN(made.inputs[2], dequantised(e, 2, 10, 11));
  while (made.inputs.back() == graph::none) made.inputs.pop_back();
  const size_t outputs = e.wants(2) ? 3 : e.wants(1) ? 2 : 1;
  const std::vector<ValueId> y = e.add_multi(std::move(made), outputs);
  for (size_t i = 0; i < outputs; ++i) {
    if (e.wants(i)) e.give(i, y[i]);
  }
  return {};
}

}  // namespace hone::passes
