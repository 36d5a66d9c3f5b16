// Unary functions, binary operators, Where, Cast, Clip: element by element, in any layout.

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "common/tensor/small_float.h"
#include "device/kernels/binary/binary.h"
#include "device/kernels/cast/cast.h"
#include "device/kernels/chain/chain.h"
#include "device/kernels/select/select.h"
#include "device/kernels/unary/unary.h"
#include "host/ops/activation.h"
#include "host/ops/chain.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

using kernels::Act;
using kernels::Binary;
using kernels::Unary;

namespace {

struct UnaryRow {
  const char* op;
  int32_t code;
  const char* a;  // attribute that is parameter a, and its ONNX default
  float a_default;
  const char* b;
  float b_default;
};

constexpr int32_t code(Act a) { return static_cast<int32_t>(a); }
constexpr int32_t code(Unary u) { return static_cast<int32_t>(u); }

// Defaults as in the ONNX operator texts.
constexpr UnaryRow unary_rows[] = {
    {"Relu", code(Act::relu), nullptr, 0, nullptr, 0},
    {"LeakyRelu", code(Act::leaky_relu), "alpha", 0.01f, nullptr, 0},
    {"Elu", code(Act::elu), "alpha", 1, nullptr, 0},
    {"Selu", code(Unary::selu), "alpha", 1.67326319217681884765625f, "gamma",
     1.05070102214813232421875f},
    {"Celu", code(Unary::celu), "alpha", 1, nullptr, 0},
    {"Sigmoid", code(Act::sigmoid), nullptr, 0, nullptr, 0},
    {"HardSigmoid", code(Act::hard_sigmoid), "alpha", 0.2f, "beta", 0.5f},
    {"HardSwish", code(Act::hard_swish), nullptr, 0, nullptr, 0},
    {"Swish", code(Act::silu), "alpha", 1, nullptr, 0},
    {"Mish", code(Act::mish), nullptr, 0, nullptr, 0},
    {"Softplus", code(Act::softplus), nullptr, 0, nullptr, 0},
    {"Softsign", code(Unary::softsign), nullptr, 0, nullptr, 0},
    {"ThresholdedRelu", code(Unary::thresholded_relu), "alpha", 1, nullptr, 0},
    {"Shrink", code(Unary::shrink), "lambd", 0.5f, "bias", 0},
    {"Tanh", code(Act::tanh), nullptr, 0, nullptr, 0},
    {"Neg", code(Unary::neg), nullptr, 0, nullptr, 0},
    {"Abs", code(Unary::abs), nullptr, 0, nullptr, 0},
    {"Sqrt", code(Unary::sqrt), nullptr, 0, nullptr, 0},
    {"Reciprocal", code(Unary::reciprocal), nullptr, 0, nullptr, 0},
    {"Exp", code(Unary::exp), nullptr, 0, nullptr, 0},
    {"Log", code(Unary::log), nullptr, 0, nullptr, 0},
    {"Erf", code(Unary::erf), nullptr, 0, nullptr, 0},
    {"Floor", code(Unary::floor), nullptr, 0, nullptr, 0},
    {"Ceil", code(Unary::ceil), nullptr, 0, nullptr, 0},
    {"Round", code(Unary::round_even), nullptr, 0, nullptr, 0},
    {"Sign", code(Unary::sign), nullptr, 0, nullptr, 0},
    {"Not", code(Unary::logical_not), nullptr, 0, nullptr, 0},
    {"BitwiseNot", code(Unary::bitwise_not), nullptr, 0, nullptr, 0},
    {"Sin", code(Unary::sin), nullptr, 0, nullptr, 0},
    {"Cos", code(Unary::cos), nullptr, 0, nullptr, 0},
    {"Tan", code(Unary::tan), nullptr, 0, nullptr, 0},
    {"Asin", code(Unary::asin), nullptr, 0, nullptr, 0},
    {"Acos", code(Unary::acos), nullptr, 0, nullptr, 0},
    {"Atan", code(Unary::atan), nullptr, 0, nullptr, 0},
    {"Sinh", code(Unary::sinh), nullptr, 0, nullptr, 0},
    {"Cosh", code(Unary::cosh), nullptr, 0, nullptr, 0},
    {"Asinh", code(Unary::asinh), nullptr, 0, nullptr, 0},
    {"Acosh", code(Unary::acosh), nullptr, 0, nullptr, 0},
    {"Atanh", code(Unary::atanh), nullptr, 0, nullptr, 0},
    {"IsNaN", code(Unary::is_nan), nullptr, 0, nullptr, 0},
};

Result<kernels::UnaryAttrs> unary_attrs(const Node& n) {
  if (n.is("Activation", graph::hone_domain)) {
    HONE_ASSIGN(Epilogue e, epilogue(n));
    return kernels::UnaryAttrs{code(e.act), e.a, e.b};
  }
  if (n.is("Gelu")) {
    bool tanh = n.attributes.s("approximate", "none") == "tanh";
    return kernels::UnaryAttrs{code(tanh ? Act::gelu_tanh : Act::gelu_erf), 0, 0};
  }
  if (n.is("IsInf")) {
    auto on = [&](const char* a) { return static_cast<float>(n.attributes.i(a, 1)); };
    return kernels::UnaryAttrs{code(Unary::is_inf), on("detect_positive"), on("detect_negative")};
  }
  for (const UnaryRow& r : unary_rows) {
    if (n.op != r.op) continue;
    float a = r.a != nullptr ? n.attributes.f(r.a, r.a_default) : 0;
    float b = r.b != nullptr ? n.attributes.f(r.b, r.b_default) : 0;
    return kernels::UnaryAttrs{r.code, a, b};
  }
  return internal("no row for " + n.op);
}

struct BinaryRow {
  const char* op;
  Binary code;
};
constexpr BinaryRow binary_rows[] = {
    {"Add", Binary::add},
    {"Sub", Binary::sub},
    {"Mul", Binary::mul},
    {"Div", Binary::div},
    {"Pow", Binary::pow},
    {"PRelu", Binary::prelu},
    {"Min", Binary::min},
    {"Max", Binary::max},
    {"Sum", Binary::add},
    {"Mean", Binary::add},
    {"Equal", Binary::equal},
    {"Less", Binary::less},
    {"LessOrEqual", Binary::less_equal},
    {"Greater", Binary::greater},
    {"GreaterOrEqual", Binary::greater_equal},
    {"And", Binary::logical_and},
    {"Or", Binary::logical_or},
    {"Xor", Binary::logical_xor},
    {"BitwiseAnd", Binary::bitwise_and},
    {"BitwiseOr", Binary::bitwise_or},
    {"BitwiseXor", Binary::bitwise_xor},
};

Result<Binary> binary_code(const Node& n) {
  if (n.is("Mod")) return n.attributes.i("fmod", 0) != 0 ? Binary::fmod : Binary::mod;
  if (n.is("BitShift")) {
    bool left = n.attributes.s("direction", "") == "LEFT";
    return left ? Binary::shift_left : Binary::shift_right;
  }
  std::string op = n.domain == graph::hone_domain ? n.attributes.s("op", "") : n.op;
  for (const BinaryRow& r : binary_rows) {
    if (op == r.op) return r.code;
  }
  return internal("no row for " + op);
}

// A bound of Clip: absent, a constant scalar, or known only at run time (an error here).
Result<float> clip_bound(Lowering& l, const Node& n, size_t input, const char* attr, float none) {
  if (n.version < 11) return n.attributes.f(attr, none);
  if (n.input(input) == graph::none) return none;
  const Tensor* t = l.graph().constant(n.input(input));
  if (t == nullptr || t->count() != 1) return unsupported("Clip with a computed bound");
  return static_cast<float>(t->at(0));
}

// Clip of other types, and with computed bounds: min(max(x, lo), hi).
Status clip_by_steps(Lowering& l, const Node& n) {
  HONE_ASSIGN(PlanValue v, l.use(n.input(0)));
  const auto& fact = l.graph().fact(n.input(0));
  Layout layout = l.graph().value(n.input(0)).layout;
  PlanValue out = l.define_as(n.output(0), layout);
  for (size_t i : {size_t{1}, size_t{2}}) {
    if (n.input(i) == graph::none) continue;
    HONE_ASSIGN(PlanValue bound, l.use(n.input(i)));
    PlanValue next = l.temporary(n.name, fact.dtype, l.at(out).shape);
    l.step(n, "binary", {v, bound}, {next},
           kernels::BinaryAttrs{i == 1 ? Binary::max : Binary::min, Act::none, 0, 0});
    v = next;
  }
  l.copy(n, v, out);
  return {};
}

}  // namespace

Status lower_unary(Lowering& l, const Node& n) {
  HONE_ASSIGN(kernels::UnaryAttrs attrs, unary_attrs(n));
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), l.graph().value(n.output(0)).layout));
  l.step(n, "unary", {x}, {l.define(n.output(0))}, attrs);
  return {};
}

Status lower_clip(Lowering& l, const Node& n) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  bool f32 = l.graph().fact(n.input(0)).dtype == DType::f32;
  auto lo = clip_bound(l, n, 1, "min", -inf), hi = clip_bound(l, n, 2, "max", inf);
  if (!f32 || !lo.ok() || !hi.ok()) return clip_by_steps(l, n);
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), l.graph().value(n.output(0)).layout));
  l.step(n, "unary", {x}, {l.define(n.output(0))}, kernels::UnaryAttrs{code(Act::clip), *lo, *hi});
  return {};
}

namespace {

// Pow lets the exponent have a type of its own: the type to compute in. An integer to a float
// power truncates the float result; integers of two types wrap as 64 bits do.
DType power_type(DType base, DType exponent) {
  if (base == exponent || is_float(base)) return base;
  return is_float(exponent) ? DType::f64 : DType::i64;
}

// Where sizes do not show that the operands broadcast ([min(s, 77)] beside [s]), those that kernels
// are timed at should.
void wish_broadcast(Lowering& l, const Node& n) {
  const SymShape& y = *l.graph().fact(n.output(0)).shape;
  for (ValueId v : n.inputs) {
    if (v == graph::none) continue;
    const SymShape& x = *l.graph().fact(v).shape;
    for (size_t i = 0; i < x.size(); ++i) {
      const Dim &own = x[i], &whole = y[i + y.size() - x.size()];
      if (own == whole || own == Dim(1)) continue;
      const Dim one = Dim::apply(Dim::Op::equal, {own, Dim(1)});
      const Dim same = Dim::apply(Dim::Op::equal, {own, whole});
      l.wishes.push_back(Dim::apply(Dim::Op::select, {one, Dim(1), same}));
    }
  }
}

PlanValue cast_to(Lowering& l, const Node& n, PlanValue v, DType type) {
  if (l.at(v).dtype == type) return v;
  PlanValue cast = l.temporary(n.name, type, l.at(v).shape);
  l.add_step(n, "cast", {v}, {cast}, {}, {});
  return cast;
}

}  // namespace

Status lower_binary(Lowering& l, const Node& n) {
  HONE_ASSIGN(Binary op, binary_code(n));
  wish_broadcast(l, n);
  HONE_ASSIGN(Epilogue act, epilogue(n));
  Layout layout = l.graph().value(n.output(0)).layout;
  int rank = l.graph().fact(n.output(0)).rank();
  HONE_ASSIGN(PlanValue a, l.use_broadcast(n.input(0), rank, layout));
  HONE_ASSIGN(PlanValue b, l.use_broadcast(n.input(1), rank, layout));
  const DType result = l.at(a).dtype, work = power_type(result, l.at(b).dtype);
  a = cast_to(l, n, a, work);
  b = cast_to(l, n, b, work);
  if (work != result) {
    PlanValue out = l.define(n.output(0));
    PlanValue wide = l.temporary(n.name, work, l.at(out).shape);
    l.step(n, "binary", {a, b}, {wide}, kernels::BinaryAttrs{op, act.act, act.a, act.b});
    l.add_step(n, "cast", {wide}, {out}, {}, {});
    return {};
  }
  l.step(n, "binary", {a, b}, {l.define(n.output(0))},
         kernels::BinaryAttrs{op, act.act, act.a, act.b});
  return {};
}

namespace {

// The number in ChainInstruction of a function of ops/chain.h.
Result<int> chain_op(const std::string& op) {
  if (auto act = ops::find_activation(op)) return code(*act);
  for (const UnaryRow& r : unary_rows) {
    if (op == r.op) return r.code;
  }
  for (const BinaryRow& r : binary_rows) {
    if (op == r.op) return kernels::chain_binary + static_cast<int>(r.code);
  }
  return internal("no row for " + op);
}

// Instructions with as few registers as can be: one is free again behind its last reader.
Result<kernels::ChainAttrs> chain_attrs(const std::vector<ops::ChainOp>& chain, int inputs) {
  using namespace kernels;
  ChainAttrs at = {};
  at.count = static_cast<int32_t>(chain.size());
  std::vector<int> last_read(chain.size(), 0), reg(chain.size(), 0);
  for (size_t i = 0; i < chain.size(); ++i) {
    for (int arg : {chain[i].a, chain[i].b}) {
      if (arg >= inputs) last_read[static_cast<size_t>(arg - inputs)] = static_cast<int>(i);
    }
  }
  std::vector<bool> taken(chain_registers, false);
  auto number = [&](int arg) {
    return arg < 0 ? 0 : arg < inputs ? arg : reg[static_cast<size_t>(arg - inputs)];
  };
  for (size_t i = 0; i < chain.size(); ++i) {
    HONE_ASSIGN(int op, chain_op(chain[i].op));
    int a = number(chain[i].a), b = number(chain[i].b);
    for (int arg : {chain[i].a, chain[i].b}) {
      bool dies = arg >= inputs && last_read[static_cast<size_t>(arg - inputs)] == int(i);
      if (dies) taken[static_cast<size_t>(number(arg))] = false;
    }
    int dst = 0;
    if (i + 1 < chain.size()) {
      dst = chain_inputs;
      while (taken[static_cast<size_t>(dst)]) ++dst;
      taken[static_cast<size_t>(dst)] = true;
      reg[i] = dst;
    }
    at.instruction[i] = {chain_code(op, dst, a, b), chain[i].p, chain[i].q};
  }
  return at;
}

}  // namespace

Status lower_chain(Lowering& l, const Node& n) {
  HONE_ASSIGN(std::vector<ops::ChainOp> chain, ops::chain_of(n));
  HONE_ASSIGN(kernels::ChainAttrs attrs, chain_attrs(chain, static_cast<int>(n.inputs.size())));
  Layout layout = l.graph().value(n.output(0)).layout;
  int rank = l.graph().fact(n.output(0)).rank();
  std::vector<PlanValue> in;
  for (ValueId v : n.inputs) {
    HONE_ASSIGN(PlanValue x, l.use_broadcast(v, rank, layout));
    in.push_back(x);
  }
  l.step(n, "chain", std::move(in), {l.define(n.output(0))}, attrs);
  return {};
}

Status lower_variadic(Lowering& l, const Node& n) {
  HONE_ASSIGN(Binary op, binary_code(n));
  wish_broadcast(l, n);
  Layout layout = l.graph().value(n.output(0)).layout;
  const auto& fact = l.graph().fact(n.output(0));
  int rank = fact.rank();
  HONE_ASSIGN(PlanValue acc, l.use_broadcast(n.input(0), rank, layout));
  PlanValue out = l.define(n.output(0));
  auto attrs = kernels::BinaryAttrs{op, Act::none, 0, 0};
  bool mean = n.is("Mean");
  for (size_t i = 1; i < n.inputs.size(); ++i) {
    HONE_ASSIGN(PlanValue x, l.use_broadcast(n.input(i), rank, layout));
    bool last = i + 1 == n.inputs.size() && !mean;
    // Intermediate results have the final shape: x broadcasts into it, acc already may.
    PlanValue next = last ? out : l.temporary(n.name, fact.dtype, l.at(out).shape);
    l.step(n, "binary", {acc, x}, {next}, attrs);
    acc = next;
  }
  if (mean) {
    if (fact.dtype != DType::f32) return unsupported("Mean of other types than f32");
    auto count = static_cast<float>(n.inputs.size());
    PlanValue divisor = l.constant("count", Tensor::scalar(count));
    l.step(n, "binary", {acc, divisor}, {out}, kernels::BinaryAttrs{Binary::div, Act::none, 0, 0});
  } else if (n.inputs.size() == 1) {
    l.copy(n, acc, out);
  }
  return {};
}

Status lower_where(Lowering& l, const Node& n) {
  wish_broadcast(l, n);
  Layout layout = l.graph().value(n.output(0)).layout;
  int rank = l.graph().fact(n.output(0)).rank();
  std::vector<PlanValue> in;
  for (size_t i = 0; i < 3; ++i) {
    HONE_ASSIGN(PlanValue v, l.use_broadcast(n.input(i), rank, layout));
    in.push_back(v);
  }
  l.add_step(n, "select", std::move(in), {l.define(n.output(0))}, {}, {});
  return {};
}

Status lower_cast(Lowering& l, const Node& n) {
  const DType from = l.graph().fact(n.input(0)).dtype, to = l.graph().fact(n.output(0)).dtype;
  // Packed elements are permuted by no kernel.
  const bool packed = bits(from) < 8 || bits(to) < 8;
  const Layout layout = packed ? Layout::row_major : l.graph().value(n.output(0)).layout;
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), layout));
  if (from == to) {
    l.define_view_as(n.output(0), x, layout);
    return {};
  }
  const PlanValue y = l.define_as(n.output(0), layout);
  const std::string mode = n.attributes.s("round_mode", "up");
  const int64_t saturate = n.attributes.i("saturate", 1);
  // Where they are the defaults, or change nothing, the step has no attributes.
  if (!is_float(to) || bits(to) != 8 || (saturate != 0 && mode == "up")) {
    l.add_step(n, "cast", {x}, {y}, {}, {});
    return {};
  }
  const ScaleRounding rounding = mode == "down"      ? ScaleRounding::down
                                 : mode == "nearest" ? ScaleRounding::nearest
                                                     : ScaleRounding::up;
  l.step(n, "cast", {x}, {y}, kernels::CastAttrs{saturate != 0, static_cast<int32_t>(rounding)});
  return {};
}

// y = x scale' + shift', both constants per channel (axis 1).
Status lower_batch_norm(Lowering& l, const Node& n) {
  const Tensor* t[4];
  for (size_t i = 0; i < 4; ++i) {
    t[i] = l.graph().constant(n.input(i + 1));
    if (t[i] == nullptr) return unsupported("BatchNormalization with computed parameters");
  }
  const auto& fact = l.graph().fact(n.input(0));
  if (fact.dtype != DType::f32 || fact.rank() < 2) return unsupported("only f32 of rank >= 2");
  if (n.attributes.i("training_mode", 0) != 0) return unsupported("training mode");
  double eps = static_cast<double>(n.attributes.f("epsilon", 1e-5f));
  int rank = fact.rank();
  Layout layout = l.graph().value(n.output(0)).layout;
  Dims dims(static_cast<size_t>(rank), 1);
  dims[static_cast<size_t>(graph::physical_axis(rank, 1, layout))] = t[0]->count();
  Tensor scale(DType::f32, dims), shift(DType::f32, dims);
  for (int64_t i = 0; i < t[0]->count(); ++i) {
    double s = t[0]->at(i) / std::sqrt(t[3]->at(i) + eps);
    scale.set(i, s);
    shift.set(i, t[1]->at(i) - t[2]->at(i) * s);
  }
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), layout));
  PlanValue product = l.temporary(n.name, DType::f32, l.at(x).shape);
  l.step(n, "binary", {x, l.constant("scale", scale)}, {product},
         kernels::BinaryAttrs{Binary::mul, Act::none, 0, 0});
  l.step(n, "binary", {product, l.constant("shift", shift)}, {l.define(n.output(0))},
         kernels::BinaryAttrs{Binary::add, Act::none, 0, 0});
  return {};
}

}  // namespace hone::plan
