// Functions of two elements with broadcasting: arithmetic, comparison, logic, bits.
#include "host/ops/binary.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <type_traits>

#include "common/tensor/arithmetic.h"
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- arithmetic ---------------------------------------------------------------------------------
// Integers wrap.

struct Add {
  template <class W>
  W operator()(W a, W b) const {
    return wrap_add(a, b);
  }
};
struct Sub {
  template <class W>
  W operator()(W a, W b) const {
    return wrap_sub(a, b);
  }
};
struct Mul {
  template <class W>
  W operator()(W a, W b) const {
    return wrap_mul(a, b);
  }
};
// Truncates; x / 0 is checked before.
struct Div {
  template <class W>
  W operator()(W a, W b) const {
    return wrap_div(a, b);
  }
};

struct PyMod {
  template <class W>
  W operator()(W a, W b) const {
    if constexpr (std::is_same_v<W, double>) {
      if (b == 0) return std::nan("");
      const double r = std::fmod(a, b);
      if (r == 0) return std::copysign(0.0, b);
      return (r < 0) != (b < 0) ? (std::isinf(b) ? b : r + b) : r;
    } else if constexpr (std::is_same_v<W, int64_t>) {
      if (b == -1) return 0;
      const int64_t r = a % b;
      return r != 0 && (r < 0) != (b < 0) ? r + b : r;
    } else {
      return a % b;
    }
  }
};
struct CMod {
  template <class W>
  W operator()(W a, W b) const {
    if constexpr (std::is_same_v<W, double>) return std::fmod(a, b);
    if constexpr (std::is_same_v<W, int64_t>) return b == -1 ? 0 : a % b;
    if constexpr (std::is_same_v<W, uint64_t>) return a % b;
  }
};

// --- comparison and logic: the result is bool
// ------------------------------------------------------

struct Equal {
  template <class W>
  bool operator()(W a, W b) const {
    return a == b;
  }
};
struct Less {
  template <class W>
  bool operator()(W a, W b) const {
    return a < b;
  }
};
struct LessOrEqual {
  template <class W>
  bool operator()(W a, W b) const {
    return a <= b;
  }
};
struct Greater {
  template <class W>
  bool operator()(W a, W b) const {
    return a > b;
  }
};
struct GreaterOrEqual {
  template <class W>
  bool operator()(W a, W b) const {
    return a >= b;
  }
};
struct And {
  bool operator()(uint64_t a, uint64_t b) const { return a != 0 && b != 0; }
};
struct Or {
  bool operator()(uint64_t a, uint64_t b) const { return a != 0 || b != 0; }
};
struct Xor {
  bool operator()(uint64_t a, uint64_t b) const { return (a != 0) != (b != 0); }
};

struct BitAnd {
  uint64_t operator()(uint64_t a, uint64_t b) const { return a & b; }
};
struct BitOr {
  uint64_t operator()(uint64_t a, uint64_t b) const { return a | b; }
};
struct BitXor {
  uint64_t operator()(uint64_t a, uint64_t b) const { return a ^ b; }
};

// --- references
// -------------------------------------------------------------------------------------

template <class W, class F>
Result<Tensor> combine(DType out, const Tensor& a, const Tensor& b, F&& f) {
  HONE_ASSIGN(const Dims dims, broadcast_dims(a.dims(), b.dims()));
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  const std::vector<W> av = load<W>(a), bv = load<W>(b);
  using R = decltype(f(W(), W()));
  using Kept = std::conditional_t<std::is_same_v<R, bool>, uint64_t, R>;
  std::vector<Kept> result(static_cast<size_t>(element_count(dims)));
  Walk<2> walk(dims, {broadcast_strides(a.dims(), dims), broadcast_strides(b.dims(), dims)});
  for (Kept& r : result) {
    r = f(av[static_cast<size_t>(walk.offset(0))], bv[static_cast<size_t>(walk.offset(1))]);
    walk.next();
  }
  return store(out, dims, result);
}

Status need_same_dtype(const Tensor& a, const Tensor& b) {
  if (a.dtype() == b.dtype()) return {};
  return invalid(fmt::format("inputs of types {} and {}", name(a.dtype()), name(b.dtype())));
}

Status set_result(RefContext& ctx, Result<Tensor> result) {
  if (!result.ok()) return result.status();
  ctx.set(0, std::move(result).value());
  return {};
}

template <class F>
Status arithmetic(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_same_dtype(ctx.in(0), ctx.in(1)));
  if (ctx.in(0).dtype() == DType::boolean) return bad_dtype(ctx.node(), DType::boolean);
  return in_domain(ctx.node(), ctx.in(0).dtype(), [&]<class W>() -> Status {
    return set_result(ctx, combine<W>(ctx.in(0).dtype(), ctx.in(0), ctx.in(1),
                                      [](W a, W b) { return F().template operator()<W>(a, b); }));
  });
}

// Division and remainder: an integer divisor of 0 is an error, not a trap.
template <class F>
Status division(RefContext& ctx) {
  const Tensor& b = ctx.in(1);
  if (is_integer(b.dtype())) {
    for (int64_t i = 0; i < b.count(); ++i) {
      if (b.int_at(i) == 0) return invalid("integer division by zero");
    }
  }
  return arithmetic<F>(ctx);
}
Status remainder(RefContext& ctx) {
  return ctx.node().attributes.i("fmod", 0) != 0 ? division<CMod>(ctx) : division<PyMod>(ctx);
}

template <class F>
Status comparison(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_same_dtype(ctx.in(0), ctx.in(1)));
  return in_domain(ctx.node(), ctx.in(0).dtype(), [&]<class W>() -> Status {
    return set_result(ctx, combine<W>(DType::boolean, ctx.in(0), ctx.in(1), [](W a, W b) -> bool {
                        return F().template operator()<W>(a, b);
                      }));
  });
}

Status equality(RefContext& ctx) {
  const Tensor &a = ctx.in(0), &b = ctx.in(1);
  if (a.dtype() != DType::string || b.dtype() != DType::string) return comparison<Equal>(ctx);
  HONE_ASSIGN(const Dims dims, broadcast_dims(a.dims(), b.dims()));
  HONE_ASSIGN(Tensor y, make_tensor(DType::boolean, dims));
  Walk<2> walk(dims, {broadcast_strides(a.dims(), dims), broadcast_strides(b.dims(), dims)});
  for (bool& r : y.as_mutable<bool>()) {
    r = a.as_strings()[static_cast<size_t>(walk.offset(0))] ==
        b.as_strings()[static_cast<size_t>(walk.offset(1))];
    walk.next();
  }
  ctx.set(0, std::move(y));
  return {};
}

template <class F>
Status logic(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_same_dtype(ctx.in(0), ctx.in(1)));
  if (ctx.in(0).dtype() != DType::boolean) return bad_dtype(ctx.node(), ctx.in(0).dtype());
  return set_result(ctx, combine<uint64_t>(DType::boolean, ctx.in(0), ctx.in(1), F()));
}

template <class F>
Status bitwise(RefContext& ctx) {
  const DType t = ctx.in(0).dtype();
  HONE_RETURN_IF_ERROR(need_same_dtype(ctx.in(0), ctx.in(1)));
  if (!is_integer(t)) return bad_dtype(ctx.node(), t);
  return set_result(ctx, combine<uint64_t>(t, ctx.in(0), ctx.in(1), F()));
}

// A shift by less than 0 or at least the width leaves what sign extension alone gives.
Status shift(RefContext& ctx) {
  const DType t = ctx.in(0).dtype();
  HONE_RETURN_IF_ERROR(need_same_dtype(ctx.in(0), ctx.in(1)));
  if (!is_integer(t)) return bad_dtype(ctx.node(), t);
  const bool left = ctx.node().attributes.s("direction", "") == "LEFT";
  return in_domain(ctx.node(), t, [&]<class W>() -> Status {
    if constexpr (std::is_same_v<W, double>) return bad_dtype(ctx.node(), t);
    return set_result(ctx, combine<W>(t, ctx.in(0), ctx.in(1), [&](W a, W b) -> W {
                        const bool out = b < 0 || b >= static_cast<W>(bits(t));
                        if (left)
                          return out ? 0 : static_cast<W>(static_cast<uint64_t>(a) << uint64_t(b));
                        if constexpr (std::is_integral_v<W>)
                          return out ? (a < 0 ? W(-1) : W(0)) : a >> b;
                        return 0;
                      }));
  });
}

// The exponent may have another type; an integer to a negative power truncates towards 0, as the
// float result cast back does.
template <class W>
W integer_power(W base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 1) return 1;
    if (base + 1 == 0 && std::is_signed_v<W>) return exponent % 2 == 0 ? W(1) : W(-1);
    return 0;
  }
  uint64_t result = 1, factor = static_cast<uint64_t>(base);
  for (auto e = static_cast<uint64_t>(exponent); e != 0; e >>= 1) {
    if ((e & 1) != 0) result *= factor;
    factor *= factor;
  }
  return static_cast<W>(result);
}

Status power(RefContext& ctx) {
  const Tensor &a = ctx.in(0), &b = ctx.in(1);
  const DType t = a.dtype();
  if (is_complex(t) || t == DType::string || b.dtype() == DType::string || is_complex(b.dtype())) {
    return bad_dtype(ctx.node(), t);
  }
  const auto pow = [](double x, double y) { return std::pow(x, y); };
  if (is_float(t) || is_float(b.dtype())) {
    HONE_ASSIGN(Tensor y, combine<double>(DType::f64, a, b, pow));
    std::vector<double> values = load<double>(y);
    if (!is_float(t)) {
      for (double& v : values) v = std::trunc(v);
    }
    ctx.set(0, store(t, y.dims(), values));
    return {};
  }
  if (is_unsigned(t)) {
    return set_result(ctx, combine<uint64_t>(t, a, b, [](uint64_t x, uint64_t y) -> uint64_t {
                        return integer_power(x, static_cast<int64_t>(y));
                      }));
  }
  return set_result(ctx, combine<int64_t>(t, a, b, [](int64_t x, int64_t y) -> int64_t {
                      return integer_power(x, y);
                    }));
}

// PRelu: the slope is broadcast to X, not the other way round.
struct Slope {
  template <class W>
  W operator()(W x, W slope) const {
    return x < 0 ? Mul()(slope, x) : x;
  }
};

// --- inference
// ------------------------------------------------------------------------------------

using Symbolic = std::optional<Dim> (*)(const Dim&, const Dim&);

std::optional<Dim> sym_add(const Dim& a, const Dim& b) { return a + b; }
std::optional<Dim> sym_sub(const Dim& a, const Dim& b) { return a - b; }
std::optional<Dim> sym_mul(const Dim& a, const Dim& b) { return a * b; }
bool divides_down(const Dim& a, const Dim& b) {
  return a.lower_bound(0).value_or(-1) >= 0 && b.lower_bound(0).value_or(0) >= 1;
}
// ONNX truncates; floor_div says the same only where both are provably not negative.
std::optional<Dim> sym_div(const Dim& a, const Dim& b) {
  if (a.is_const() && b.is_const()) {
    if (b.value() == 0 || (b.value() == -1 && a.value() == INT64_MIN)) return std::nullopt;
    return Dim(a.value() / b.value());
  }
  if (b == Dim(1)) return a;
  if (!divides_down(a, b)) {
    // What data tell may be below 0: rounded towards it.
    const std::set<std::string> symbols = a.symbols();
    const bool data = std::any_of(symbols.begin(), symbols.end(),
                                  [](const std::string& s) { return s.starts_with('?'); });
    if (!data || !b.is_const() || b.value() < 1) return std::nullopt;
    return Dim::apply(Dim::Op::select, {Dim::apply(Dim::Op::less, {a, Dim(0)}),
                                        Dim(0) - floor_div(Dim(0) - a, b), floor_div(a, b)});
  }
  if (auto exact = exact_div(a, b)) return exact;
  return floor_div(a, b);
}
std::optional<Dim> sym_mod(const Dim& a, const Dim& b) {
  if (!divides_down(a, b)) return std::nullopt;
  return mod(a, b);
}
std::optional<Dim> sym_equal(const Dim& a, const Dim& b) {
  if (a == b) return Dim(1);
  if (provably_different(a, b)) return Dim(0);
  return Dim::apply(Dim::Op::equal, {a, b});
}
std::optional<Dim> sym_less(const Dim& a, const Dim& b) {
  const Dim gap = b - a;
  if (gap.lower_bound(0).value_or(0) > 0) return Dim(1);
  if (gap.upper_bound(0).value_or(1) <= 0) return Dim(0);
  return Dim::apply(Dim::Op::less, {a, b});
}
std::optional<Dim> sym_greater(const Dim& a, const Dim& b) { return sym_less(b, a); }
std::optional<Dim> sym_less_equal(const Dim& a, const Dim& b) { return Dim(1) - *sym_less(b, a); }
std::optional<Dim> sym_greater_equal(const Dim& a, const Dim& b) {
  return Dim(1) - *sym_less(a, b);
}
std::optional<Dim> sym_and(const Dim& a, const Dim& b) { return a * b; }
std::optional<Dim> sym_or(const Dim& a, const Dim& b) { return a + b - a * b; }
std::optional<Dim> sym_xor(const Dim& a, const Dim& b) { return a + b - Dim(2) * a * b; }

void infer_content(InferContext& ctx, Symbolic f) {
  const auto a = ctx.content(0), b = ctx.content(1);
  if (!a || !b) return;
  const size_t n = std::max(a->size(), b->size());
  const bool fits = (a->size() == n || a->size() == 1) && (b->size() == n || b->size() == 1);
  if (!fits || a->empty() || b->empty()) return;
  std::vector<Dim> result;
  for (size_t i = 0; i < n; ++i) {
    std::optional<Dim> d = f((*a)[a->size() == 1 ? 0 : i], (*b)[b->size() == 1 ? 0 : i]);
    if (!d) return;
    result.push_back(std::move(*d));
  }
  ctx.set_content(0, std::move(result));
}

Status infer_broadcast(InferContext& ctx, DType out) {
  HONE_ASSIGN(auto shape, broadcast_inputs(ctx));
  if (shape) {
    ctx.set(0, out, std::move(*shape));
  } else {
    ctx.set_unranked(0, out);
  }
  return {};
}

DType first_known(const InferContext& ctx) {
  return ctx.in(0).dtype != DType::none ? ctx.in(0).dtype : ctx.in(1).dtype;
}

Status check_type(DType t, bool good, const char* wanted) {
  if (t == DType::none || good) return {};
  return invalid(fmt::format("the inputs have type {}, not {}", name(t), wanted));
}

template <Symbolic F>
Status infer_arithmetic(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx));
  const DType t = first_known(ctx);
  HONE_RETURN_IF_ERROR(check_type(t, is_float(t) || is_integer(t) || is_complex(t), "a number"));
  HONE_RETURN_IF_ERROR(infer_broadcast(ctx, t));
  infer_content(ctx, F);
  return {};
}

template <Symbolic F>
Status infer_comparison(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx));
  HONE_RETURN_IF_ERROR(infer_broadcast(ctx, DType::boolean));
  infer_content(ctx, F);
  return {};
}

template <Symbolic F>
Status infer_logic(InferContext& ctx) {
  for (size_t i = 0; i < 2; ++i) {
    const DType t = ctx.in(i).dtype;
    HONE_RETURN_IF_ERROR(check_type(t, t == DType::boolean, "bool"));
  }
  return infer_comparison<F>(ctx);
}

Status infer_bitwise(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx));
  const DType t = first_known(ctx);
  HONE_RETURN_IF_ERROR(check_type(t, is_integer(t), "an integer type"));
  return infer_broadcast(ctx, t);
}

Status infer_pow(InferContext& ctx) { return infer_broadcast(ctx, ctx.in(0).dtype); }

Status infer_prelu(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx));
  HONE_ASSIGN(const auto shape, broadcast_inputs(ctx));
  if (shape && shape->size() > ctx.shape(0).size()) {
    return error(Code::shape_mismatch, "the slope has a higher rank than X");
  }
  return infer_same(ctx);
}

Status prelu(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(arithmetic<Slope>(ctx));
  if (ctx.out(0).dims() == ctx.in(0).dims()) return {};
  return error(Code::shape_mismatch, "the slope cannot be broadcast to X");
}

// --- table
// ------------------------------------------------------------------------------------------

constexpr AttrSpec fmod_attr[] = {{"fmod", AttrType::i}};
constexpr AttrSpec direction[] = {{"direction", AttrType::s, true}};

constexpr OpDef op(const char* name, int since, Status (*infer)(InferContext&),
                   Status (*reference)(RefContext&), std::span<const AttrSpec> attrs = {}) {
  return {"", name, since, 2, 2, 1, 1, attrs, infer, reference, nullptr};
}

const OpDef defs[] = {
    op("Add", 7, infer_arithmetic<sym_add>, arithmetic<Add>),
    op("Sub", 7, infer_arithmetic<sym_sub>, arithmetic<Sub>),
    op("Mul", 7, infer_arithmetic<sym_mul>, arithmetic<Mul>),
    op("Div", 7, infer_arithmetic<sym_div>, division<Div>),
    op("Mod", 10, infer_arithmetic<sym_mod>, remainder, fmod_attr),
    op("Pow", 7, infer_pow, power),
    op("PRelu", 7, infer_prelu, prelu),
    op("Equal", 7, infer_comparison<sym_equal>, equality),
    op("Less", 7, infer_comparison<sym_less>, comparison<Less>),
    op("LessOrEqual", 12, infer_comparison<sym_less_equal>, comparison<LessOrEqual>),
    op("Greater", 7, infer_comparison<sym_greater>, comparison<Greater>),
    op("GreaterOrEqual", 12, infer_comparison<sym_greater_equal>, comparison<GreaterOrEqual>),
    op("And", 7, infer_logic<sym_and>, logic<And>),
    op("Or", 7, infer_logic<sym_or>, logic<Or>),
    op("Xor", 7, infer_logic<sym_xor>, logic<Xor>),
    op("BitwiseAnd", 18, infer_bitwise, bitwise<BitAnd>),
    op("BitwiseOr", 18, infer_bitwise, bitwise<BitOr>),
    op("BitwiseXor", 18, infer_bitwise, bitwise<BitXor>),
    op("BitShift", 11, infer_bitwise, shift, direction),
};

}  // namespace

std::span<const OpDef> binary_defs() { return defs; }

Result<Tensor> apply_binary(std::string_view op, const Tensor& a, const Tensor& b) {
  const auto apply = [&](auto f) {
    return combine<double>(DType::f64, a, b, [f](double x, double y) -> double { return f(x, y); });
  };
  if (op == "Add") return apply(Add());
  if (op == "Sub") return apply(Sub());
  if (op == "Mul") return apply(Mul());
  if (op == "Div") return apply(Div());
  if (op == "Pow") return apply([](double x, double y) { return std::pow(x, y); });
  if (op == "Max") return apply([](double x, double y) { return x > y || x != x ? x : y; });
  if (op == "Min") return apply([](double x, double y) { return x < y || x != x ? x : y; });
  if (op == "PRelu") return apply(Slope());
  return unsupported("FusedBinary of " + std::string(op));
}

}  // namespace hone::ops
