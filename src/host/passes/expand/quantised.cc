// Quantised operators of com.microsoft: those of ONNX between dequantising and quantising, and
// products of integers.
#include <algorithm>

#include "host/ops/matmul_nbits.h"
#include "host/passes/expand/expand.h"

namespace hone::passes {

namespace {

// The sums of products as f32 times the scales of both sides, and the bias.
void finish(Expansion& e, ValueId sums, ValueId a_scale, ValueId b_scale, size_t bias) {
  ValueId y = e.add("Cast", {sums}, {{"to", int64_t{1}}});
  y = e.add("Mul", {y, e.add("Mul", {a_scale, b_scale})});
  if (e.has(bias)) y = e.add("Add", {y, e.in(bias)});
  e.give(0, y);
}

// An operand of one element as a scalar.
ValueId scalar_in(Expansion& e, size_t i) {
  if (const Tensor* t = e.graph().constant(e.in(i))) return e.constant(t->reshaped({}), "scalar");
  return e.reshape(e.in(i), {});
}

// (x - zero) scale as f32.
ValueId widened(Expansion& e, size_t x, size_t scale, size_t zero) {
  std::vector<ValueId> in = {e.in(x), scalar_in(e, scale)};
  if (e.has(zero)) in.push_back(scalar_in(e, zero));
  return e.add("DequantizeLinear", in);
}

// y / scale, rounded, + zero.
ValueId narrowed(Expansion& e, ValueId y, size_t scale, size_t zero, DType t) {
  const ValueId z = e.has(zero) ? scalar_in(e, zero) : e.number(0, t);
  return e.add("QuantizeLinear", {y, scalar_in(e, scale), z});
}

// y / scale + zero, rounded.
ValueId narrowed_at_once(Expansion& e, ValueId y, size_t scale, size_t zero, DType t) {
  y = e.add("Div", {y, scalar_in(e, scale)});
  if (e.has(zero)) {
    const ValueId z = e.add("Cast", {scalar_in(e, zero)}, {{"to", int64_t{1}}});
    y = e.add("Add", {y, z});
  }
  return e.add("QuantizeLinear", {y, e.number(1, DType::f32), e.number(0, t)});
}

// The node's operator of ONNX on f32, without the attributes that are not its own.
ValueId inner(Expansion& e, const char* op, int64_t version, ValueId x) {
  Node made;
  made.op = op;
  made.version = version;
  made.inputs = {x};
  made.attributes = e.attributes();
  for (const char* a : {"opset", "channels_last"}) made.attributes.erase(a);
  return e.add(std::move(made));
}

}  // namespace

Status expand_qlinear_softmax(Expansion& e) {
  const int64_t version = e.attributes().i("opset", 13) < 13 ? 11 : 13;
  const ValueId y = inner(e, "Softmax", version, widened(e, 0, 1, 2));
  e.give(0, narrowed(e, y, 3, 4, e.type()));
  return {};
}

Status expand_qlinear_mean(Expansion& e) {
  const ValueId y = inner(e, "ReduceMean", 13, widened(e, 0, 1, 2));
  e.give(0, narrowed(e, y, 3, 4, e.type()));
  return {};
}

// The mean over a whole plane is an integer sum, scaled; a window's is a float.
Status expand_qlinear_pool(Expansion& e) {
  if (!e.ranked(0) || e.rank(0) < 3) return unsupported("the rank of X is not known");
  const bool last = e.attributes().i("channels_last", 0) != 0;
  const bool global = e.node().op == "QLinearGlobalAveragePool";
  std::vector<int64_t> first_perm = {0, e.rank(0) - 1}, last_perm = {0};
  for (int64_t d = 1; d + 1 < e.rank(0); ++d) first_perm.push_back(d);
  for (int64_t d = 2; d < e.rank(0); ++d) last_perm.push_back(d);
  last_perm.push_back(1);
  ValueId x = widened(e, 0, 1, 2);
  if (last) x = e.transpose(x, first_perm);
  ValueId y = global ? e.add("GlobalAveragePool", {x}) : inner(e, "AveragePool", 10, x);
  if (last) y = e.transpose(y, last_perm);
  e.give(0, global ? narrowed(e, y, 3, 4, e.type()) : narrowed_at_once(e, y, 3, 4, e.type()));
  return {};
}

// condition, X, scale, zero point, Y, scale, zero point, Z's scale, zero point: bytes are chosen
// when both are in Z's terms.
Status expand_qlinear_where(Expansion& e) {
  const DType t = e.fact(1).dtype;
  const ValueId x = narrowed(e, widened(e, 1, 2, 3), 7, 8, t);
  const ValueId y = narrowed(e, widened(e, 4, 5, 6), 7, 8, t);
  e.give(0, e.add("Where", {e.in(0), x, y}));
  return {};
}

// A, scale, zero point, B, scale, zero point, C, then Y's scale and zero point or neither: f32.
Status expand_qgemm(Expansion& e) {
  const graph::Attributes& a = e.attributes();
  const ValueId left = a.i("transA", 0) != 0 ? e.transpose(e.in(0), {1, 0}) : e.in(0);
  const ValueId right = a.i("transB", 0) != 0 ? e.transpose(e.in(3), {1, 0}) : e.in(3);
  ValueId y = e.add("MatMulInteger", {left, right, e.in(2), e.in(5)});
  if (e.has(6)) y = e.add("Add", {y, e.in(6)});
  y = e.add("Cast", {y}, {{"to", int64_t{1}}});
  ValueId scale = e.add("Mul", {scalar_in(e, 1), e.in(4)});
  scale = e.add("Mul", {scale, e.number(static_cast<double>(a.f("alpha", 1)), DType::f32)});
  if (!e.has(7)) {
    e.give(0, e.add("Mul", {y, scale}));
    return {};
  }
  y = e.add("Mul", {y, e.add("Div", {scale, scalar_in(e, 7)})});
  const ValueId zero = e.has(8) ? scalar_in(e, 8) : e.number(0, e.type());
  e.give(0, e.add("QuantizeLinear", {y, e.number(1, DType::f32), zero}));
  return {};
}

// DynamicQuantizeMatMul: A, B, B's scale, zero point, bias. MatMulIntegerToFloat: A, B, A's scale,
// B's scale, A's zero point, B's zero point, bias.
Status expand_quantised_product(Expansion& e) {
  const bool dynamic = e.node().op == "DynamicQuantizeMatMul";
  std::vector<ValueId> factors = {e.in(0), e.in(1), e.in(4), e.in(5)};
  ValueId a_scale = e.in(2), b_scale = e.in(dynamic ? 2 : 3);
  if (dynamic) {
    const auto a = e.add_multi("DynamicQuantizeLinear", {e.in(0)}, 3);
    factors = {a[0], e.in(1), a[2], e.in(3)};
    a_scale = a[1];
  }
  while (factors.back() == graph::none) factors.pop_back();
  finish(e, e.add("MatMulInteger", factors), a_scale, b_scale, dynamic ? 4 : 6);
  return {};
}

// A, packed weights, scales, zero points, g_idx, bias: engines multiply in floats.
Status expand_nbits_product(Expansion& e) {
  const Graph& g = e.graph();
  const Tensor *packed = g.constant(e.in(1)), *scales = g.constant(e.in(2));
  const Tensor* zeros = e.has(3) ? g.constant(e.in(3)) : nullptr;
  if (packed == nullptr || scales == nullptr || (e.has(3) && zeros == nullptr)) {
    return unsupported("its weights are computed");
  }
  if (e.has(4)) return unsupported("MatMulNBits with g_idx");
  HONE_ASSIGN(const ops::NBits form, ops::nbits_of(e.node()));
  HONE_ASSIGN(Tensor w,
              ops::unpack_nbits(form, *packed, *scales, zeros != nullptr ? *zeros : Tensor()));
  ValueId weights = e.constant(std::move(w), "weights");
  if (e.type() != DType::f32) {
    weights = e.add("Cast", {weights}, {{"to", static_cast<int64_t>(e.type())}});
  }
  ValueId y = e.add("MatMul", {e.in(0), weights});
  if (e.has(5)) y = e.add("Add", {y, e.in(5)});
  e.give(0, y);
  return {};
}

}  // namespace hone::passes
