// Functions of one element: y = f(x).
#include "host/ops/unary.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "common/tensor/arithmetic.h"
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- functors: made once per node from its attributes, then called per element
// ---------------------

template <double (*F)(double)>
struct Fn {
  explicit Fn(const Node&) {}
  double operator()(double x) const { return F(x); }
};

struct OneFloat {
  double a;
  OneFloat(const Node& node, const char* name, float fallback)
      : a(node.attributes.f(name, fallback)) {}
};
struct LeakyRelu : OneFloat {
  explicit LeakyRelu(const Node& n) : OneFloat(n, "alpha", 0.01f) {}
  double operator()(double x) const { return x >= 0 ? x : a * x; }
};
struct Elu : OneFloat {
  explicit Elu(const Node& n) : OneFloat(n, "alpha", 1.0f) {}
  double operator()(double x) const { return x < 0 ? a * std::expm1(x) : x; }
};
struct Celu : OneFloat {
  explicit Celu(const Node& n) : OneFloat(n, "alpha", 1.0f) {}
  double operator()(double x) const {
    return std::max(0.0, x) + std::min(0.0, a * std::expm1(x / a));
  }
};
struct Swish : OneFloat {
  explicit Swish(const Node& n) : OneFloat(n, "alpha", 1.0f) {}
  double operator()(double x) const { return x / (1 + std::exp(-a * x)); }
};
struct ThresholdedRelu : OneFloat {
  explicit ThresholdedRelu(const Node& n) : OneFloat(n, "alpha", 1.0f) {}
  double operator()(double x) const { return x > a ? x : 0; }
};
struct Selu : OneFloat {
  double gamma;
  explicit Selu(const Node& n)
      : OneFloat(n, "alpha", 1.67326319217681884765625f),
        gamma(n.attributes.f("gamma", 1.05070102214813232421875f)) {}
  double operator()(double x) const { return gamma * (x > 0 ? x : a * std::expm1(x)); }
};
struct HardSigmoid : OneFloat {
  double beta;
  explicit HardSigmoid(const Node& n)
      : OneFloat(n, "alpha", 0.2f), beta(n.attributes.f("beta", 0.5f)) {}
  double operator()(double x) const { return std::max(0.0, std::min(1.0, a * x + beta)); }
};
struct Shrink : OneFloat {
  double bias;
  explicit Shrink(const Node& n) : OneFloat(n, "lambd", 0.5f), bias(n.attributes.f("bias", 0.0f)) {}
  double operator()(double x) const { return x < -a ? x + bias : x > a ? x - bias : 0; }
};
struct Gelu {
  bool tanh;
  explicit Gelu(const Node& n) : tanh(n.attributes.s("approximate", "none") == "tanh") {}
  double operator()(double x) const {
    constexpr double root_half = 0.70710678118654752440, root_2_over_pi = 0.79788456080286535588;
    if (!tanh) return 0.5 * x * (1 + std::erf(x * root_half));
    return 0.5 * x * (1 + std::tanh(root_2_over_pi * (x + 0.044715 * x * x * x)));
  }
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double hard_swish(double x) { return x * std::max(0.0, std::min(1.0, x / 6 + 0.5)); }
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }
double softsign(double x) { return x / (1 + std::fabs(x)); }
double mish(double x) { return x * std::tanh(softplus(x)); }
double reciprocal(double x) { return 1 / x; }

// Those that integers have too.
struct Abs {
  template <class W>
  W operator()(W x) const {
    if constexpr (std::is_same_v<W, double>) return std::fabs(x);
    return wrap_abs(x);
  }
};
struct Neg {
  template <class W>
  W operator()(W x) const {
    if constexpr (std::is_same_v<W, double>) return -x;
    return wrap_sub(W(0), x);
  }
};
struct Sign {
  template <class W>
  W operator()(W x) const {
    if (x != x) return x;
    return static_cast<W>(x > 0) - static_cast<W>(x < 0);
  }
};
struct Relu {
  template <class W>
  W operator()(W x) const {
    return x < 0 ? W(0) : x;
  }
};

// --- references
// -------------------------------------------------------------------------------------

template <class F>
Status map_float(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  const F f(ctx.node());
  std::vector<double> values = load<double>(x);
  for (double& v : values) v = f(v);
  ctx.set(0, store(x.dtype(), x.dims(), values));
  return {};
}

template <double (*F)(double)>
constexpr auto plain = map_float<Fn<F>>;

template <class F>
Status map_any(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  return in_domain(ctx.node(), x.dtype(), [&]<class W>() -> Status {
    std::vector<W> values = load<W>(x);
    for (W& v : values) v = F()(v);
    ctx.set(0, store(x.dtype(), x.dims(), values));
    return {};
  });
}

template <class F>
Status test_float(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), x));
  const F f(ctx.node());
  Tensor y(DType::boolean, x.dims());
  const std::span<bool> out = y.as_mutable<bool>();
  for (size_t i = 0; i < out.size(); ++i) out[i] = f(x.at(static_cast<int64_t>(i)));
  ctx.set(0, std::move(y));
  return {};
}
struct IsNaN {
  explicit IsNaN(const Node&) {}
  bool operator()(double x) const { return std::isnan(x); }
};
struct IsInf {
  bool negative, positive;
  explicit IsInf(const Node& n)
      : negative(n.attributes.i("detect_negative", 1) != 0),
        positive(n.attributes.i("detect_positive", 1) != 0) {}
  bool operator()(double x) const { return std::isinf(x) && (x < 0 ? negative : positive); }
};

Status logical_not(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (x.dtype() != DType::boolean) return bad_dtype(ctx.node(), x.dtype());
  std::vector<uint64_t> values = load<uint64_t>(x);
  for (uint64_t& v : values) v = v == 0;
  ctx.set(0, store(x.dtype(), x.dims(), values));
  return {};
}

Status bitwise_not(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (!is_integer(x.dtype())) return bad_dtype(ctx.node(), x.dtype());
  std::vector<uint64_t> values = load<uint64_t>(x);
  for (uint64_t& v : values) v = ~v;
  ctx.set(0, store(x.dtype(), x.dims(), values));
  return {};
}

// --- inference
// ----------------------------------------------------------------------------------------

Status infer_test(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  ctx.set(0, shaped_like(ctx.in(0), DType::boolean));
  return {};
}

Status infer_not(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  if (t != DType::none && t != DType::boolean) {
    return invalid(fmt::format("input 0 has type {}, not bool", name(t)));
  }
  HONE_RETURN_IF_ERROR(infer_same(ctx));
  if (auto content = ctx.content(0)) {
    for (Dim& d : *content) d = Dim(1) - d;
    ctx.set_content(0, std::move(*content));
  }
  return {};
}

Status infer_neg(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(infer_same(ctx));
  if (auto content = ctx.content(0)) {
    for (Dim& d : *content) d = Dim(0) - d;
    ctx.set_content(0, std::move(*content));
  }
  return {};
}

Status infer_bits(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  if (t != DType::none && !is_integer(t)) {
    return invalid(fmt::format("input 0 has type {}, not an integer type", name(t)));
  }
  return infer_same(ctx);
}

// --- table
// --------------------------------------------------------------------------------------------

constexpr AttrSpec alpha[] = {{"alpha", AttrType::f}};
constexpr AttrSpec alpha_beta[] = {{"alpha", AttrType::f}, {"beta", AttrType::f}};
constexpr AttrSpec alpha_gamma[] = {{"alpha", AttrType::f}, {"gamma", AttrType::f}};
constexpr AttrSpec approximate[] = {{"approximate", AttrType::s}};
constexpr AttrSpec shrink[] = {{"bias", AttrType::f}, {"lambd", AttrType::f}};
constexpr AttrSpec detect[] = {{"detect_negative", AttrType::i}, {"detect_positive", AttrType::i}};

using Reference = Status (*)(RefContext&);
constexpr OpDef float_op(const char* name, int since, Reference reference,
                         std::span<const AttrSpec> attrs = {}) {
  return {"", name, since, 1, 1, 1, 1, attrs, infer_same_float, reference, nullptr};
}
constexpr OpDef any_op(const char* name, int since, Reference reference,
                       Status (*infer)(InferContext&) = infer_same,
                       std::span<const AttrSpec> attrs = {}) {
  return {"", name, since, 1, 1, 1, 1, attrs, infer, reference, nullptr};
}

const OpDef defs[] = {
    float_op("Exp", 6, plain<std::exp>),
    float_op("Log", 6, plain<std::log>),
    float_op("Sqrt", 6, plain<std::sqrt>),
    float_op("Reciprocal", 6, plain<reciprocal>),
    float_op("Floor", 6, plain<std::floor>),
    float_op("Ceil", 6, plain<std::ceil>),
    float_op("Round", 11, plain<std::nearbyint>),
    float_op("Erf", 9, plain<std::erf>),
    float_op("Sin", 7, plain<std::sin>),
    float_op("Cos", 7, plain<std::cos>),
    float_op("Tan", 7, plain<std::tan>),
    float_op("Asin", 7, plain<std::asin>),
    float_op("Acos", 7, plain<std::acos>),
    float_op("Atan", 7, plain<std::atan>),
    float_op("Sinh", 9, plain<std::sinh>),
    float_op("Cosh", 9, plain<std::cosh>),
    float_op("Tanh", 6, plain<std::tanh>),
    float_op("Asinh", 9, plain<std::asinh>),
    float_op("Acosh", 9, plain<std::acosh>),
    float_op("Atanh", 9, plain<std::atanh>),
    float_op("Sigmoid", 6, plain<sigmoid>),
    float_op("Softplus", 1, plain<softplus>),
    float_op("Softsign", 1, plain<softsign>),
    float_op("HardSwish", 14, plain<hard_swish>),
    float_op("Mish", 18, plain<mish>),
    float_op("LeakyRelu", 6, map_float<LeakyRelu>, alpha),
    float_op("Elu", 6, map_float<Elu>, alpha),
    float_op("Celu", 12, map_float<Celu>, alpha),
    float_op("Selu", 6, map_float<Selu>, alpha_gamma),
    float_op("Swish", 24, map_float<Swish>, alpha),
    float_op("HardSigmoid", 6, map_float<HardSigmoid>, alpha_beta),
    float_op("ThresholdedRelu", 10, map_float<ThresholdedRelu>, alpha),
    float_op("Gelu", 20, map_float<Gelu>, approximate),
    any_op("Shrink", 9, map_float<Shrink>, infer_same, shrink),
    any_op("Relu", 6, map_any<Relu>),
    any_op("Abs", 6, map_any<Abs>),
    any_op("Neg", 6, map_any<Neg>, infer_neg),
    any_op("Sign", 9, map_any<Sign>),
    any_op("Not", 1, logical_not, infer_not),
    any_op("BitwiseNot", 18, bitwise_not, infer_bits),
    any_op("IsNaN", 9, test_float<IsNaN>, infer_test),
    any_op("IsInf", 10, test_float<IsInf>, infer_test, detect),
};

}  // namespace

std::span<const OpDef> unary_defs() { return defs; }

double (*unary_function(std::string_view op))(double) {
  if (op == "Neg") return [](double x) { return Neg()(x); };
  if (op == "Abs") return [](double x) { return Abs()(x); };
  if (op == "Sign") return [](double x) { return Sign()(x); };
  if (op == "Sqrt") return std::sqrt;
  if (op == "Reciprocal") return reciprocal;
  if (op == "Exp") return std::exp;
  if (op == "Log") return std::log;
  if (op == "Erf") return std::erf;
  if (op == "Floor") return std::floor;
  if (op == "Ceil") return std::ceil;
  if (op == "Round") return std::nearbyint;
  return nullptr;
}

}  // namespace hone::ops
