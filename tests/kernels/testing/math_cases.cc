// Element-by-element operators: one operand, several with broadcasting, conversions.
#include <cmath>
#include <limits>

#include "case_maker.h"
#include "device/kernels/activation.h"

namespace hone::kernel_tests {

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

struct Range {
  const char* op;
  double lo, hi;
};
// Where the functions are defined, and f32 has a result of the reference's size.
constexpr Range ranges[] = {{"Log", 0.05, 5},   {"Sqrt", 0, 5},       {"Acosh", 1, 5},
                            {"Atanh", -.9, .9}, {"Asin", -1, 1},      {"Acos", -1, 1},
                            {"Tan", -1.3, 1.3}, {"Reciprocal", .2, 3}};

// Small tensors of any rank; one in ten large enough for several units of work.
Dims shape(Random& r) {
  if (r.one_in(10)) return {r.pick({1, 3}), r.pick({1, 17}), r.pick({5, 31}), r.pick({67, 128})};
  return r.dims(r.below(6));
}

// Which operand of a broadcast misses what: leading dimensions gone, some of size 1.
Dims broadcast_operand(Random& r, const Dims& out) {
  if (r.one_in(3)) return out;
  Dims in(out.begin() + r.below(static_cast<int64_t>(out.size()) + 1), out.end());
  for (int64_t& d : in) {
    if (r.one_in(3)) d = 1;
  }
  return in;
}

DType integer(Random& r) {
  return r.pick({DType::i8, DType::u8, DType::i16, DType::u16, DType::i32, DType::u32, DType::i64,
                 DType::u64});
}
bool is_signed(DType t) {
  return t == DType::i8 || t == DType::i16 || t == DType::i32 || t == DType::i64 || is_float(t);
}

// f32 as often as everything else together.
DType number(Random& r) { return r.one_in(2) ? DType::f32 : r.one_in(3) ? DType::f64 : integer(r); }

}  // namespace

Result<Case> unary_case(CaseMaker& m) {
  Random& r = m.r;
  DType t = r.one_in(4) ? DType::f64 : DType::f32;
  double lo = -4, hi = 4;
  for (const Range& range : ranges) {
    if (m.is(range.op)) lo = range.lo, hi = range.hi;
  }
  if (m.is("Relu") || m.is("Abs") || m.is("Sign") || m.is("Neg")) t = number(r);
  while (m.is("Neg") && !is_signed(t)) t = number(r);
  if (m.is("BitwiseNot")) t = integer(r);
  if (m.is("Not")) t = DType::boolean;
  if (m.is("Activation")) {
    t = DType::f32;
    m.activation();
  }
  if (!is_float(t)) lo = is_signed(t) ? -20 : 0, hi = 20;
  for (const ops::AttrSpec& a : m.def->attrs) {
    if (std::string_view(a.name).starts_with("act") || r.one_in(2)) continue;
    if (a.type == ops::AttrType::f) m.attr(a.name, static_cast<float>(r.real(0.1, 1.9)));
    if (a.type == ops::AttrType::i) m.attr(a.name, r.below(2));
    if (m.is("Gelu")) m.attr(a.name, std::string("tanh"));
  }
  Tensor x = m.tensor(t, shape(r), lo, hi);
  for (int64_t i = 0; (m.is("IsNaN") || m.is("IsInf")) && i < x.count(); ++i) {
    if (r.one_in(2)) x.set(i, r.pick({inf, -inf, std::nan("")}));
  }
  m.laid_out(std::move(x));
  return m.finish();
}

Result<Case> clip_case(CaseMaker& m) {
  Random& r = m.r;
  const DType t = m.node.version < 11 ? DType::f32 : number(r);
  const double least = is_signed(t) ? -1 : 2;
  m.laid_out(m.tensor(t, shape(r), is_signed(t) ? -4 : 0, 9));
  if (m.node.version < 11) {
    if (r.one_in(2)) m.attr("min", static_cast<float>(least));
    if (r.one_in(2)) m.attr("max", 2.5f);
    return m.finish();
  }
  const bool computed = r.one_in(3);
  const bool has_min = r.one_in(2), has_max = r.one_in(2);
  if (has_min) {
    Tensor lo = m.tensor(t, {}, least, least);
    computed ? m.input(lo) : m.constant(lo);
  } else if (has_max) {
    m.absent();
  }
  if (has_max) m.either(m.tensor(t, {}, 3, 3));
  return m.finish();
}

Result<Case> binary_case(CaseMaker& m) {
  Random& r = m.r;
  const std::string op =
      m.is("FusedBinary") ? r.pick<std::string>({"Add", "Sub", "Mul", "Div", "Pow", "Max", "Min"})
                          : m.node.op;
  DType t = number(r);
  // Of 16-bit floats results of f32 are exact, or no tie: one rounding gives the reference's bits.
  m.exact = !m.is("FusedBinary") && (op == "Add" || op == "Sub" || op == "Mul") && r.one_in(3);
  if (m.exact) t = m.half_type();
  if (m.is("FusedBinary") || op == "PRelu") t = DType::f32;
  if (op == "And" || op == "Or" || op == "Xor") t = DType::boolean;
  if (op == "Equal" && r.one_in(4)) t = DType::boolean;
  if (op.starts_with("Bitwise")) t = integer(r);
  if (op == "BitShift") t = r.pick({DType::u8, DType::u16, DType::u32, DType::u64});
  if (op == "Pow" && !is_float(t)) t = r.pick({DType::i32, DType::i64});
  double lo = is_signed(t) ? -9 : 0, hi = 9, b_lo = lo, b_hi = hi;
  if (is_float(t)) lo = b_lo = -2, hi = b_hi = 2;
  if (op == "Sub" && !is_signed(t)) lo = 10, hi = 20;
  if (op == "Div" || op == "Mod") b_lo = is_float(t) ? 0.25 : 1, b_hi = is_float(t) ? 2 : 7;
  if (op == "BitShift") b_hi = 7;
  DType b_type = t;
  if (op == "Pow") {
    lo = is_float(t) ? 0.3 : 0, b_lo = is_float(t) ? -2 : 0, b_hi = 3;
    if (r.one_in(3) && m.is("Pow")) {
      b_type = r.pick({DType::i8, DType::i32, DType::i64, DType::f32, DType::f64});
      b_lo = 0;
    }
  }
  if (m.is("FusedBinary")) {
    m.attr("op", op);
    m.activation();
  }
  if (op == "Mod" && (is_float(t) || r.one_in(2))) m.attr("fmod", int64_t{1});
  if (op == "BitShift") m.attr("direction", r.pick<std::string>({"LEFT", "RIGHT"}));
  const Dims out = shape(r);
  Tensor a = m.tensor(t, op == "PRelu" ? out : broadcast_operand(r, out), lo, hi);
  Tensor b = m.tensor(b_type, broadcast_operand(r, out), b_lo, b_hi);
  if (b.count() > 1 && op == "Div" && is_float(t)) b.set(0, -b.at(0));
  r.one_in(4) && op != "PRelu" ? m.constant(std::move(a)) : m.laid_out(std::move(a));
  // Something must be left to run.
  const bool only = m.node.inputs.size() == 1 && op != "PRelu";
  r.one_in(3) && !only ? m.constant(std::move(b)) : m.laid_out(std::move(b));
  return m.finish();
}

// Functions that neither blow up the error of what they are given nor leave what f32 holds: each
// result is at most twice as large as the one before, or larger by an operand.
Result<Case> chain_case(CaseMaker& m) {
  Random& r = m.r;
  const Dims out = shape(r);
  const int64_t inputs = r.between(1, 4), count = r.between(std::max<int64_t>(2, inputs), 7);
  std::vector<std::string> names;
  std::vector<int64_t> args;
  std::vector<float> params;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t before = i == 0 ? 0 : inputs + i - 1;
    params.insert(params.end(), {static_cast<float>(r.real(-1, 0)), 1.5f});
    // Every operand is read: the first by the first, each other by one of those behind it.
    const bool binary = (i > 0 && i < inputs) || r.one_in(3);
    args.insert(args.end(), {before, binary ? (i < inputs ? i : r.below(inputs)) : -1});
    if (binary) {
      names.push_back(r.pick<std::string>({"Add", "Sub", "Mul", "Min", "Max", "PRelu"}));
      if (r.one_in(4)) std::swap(args[args.size() - 1], args[args.size() - 2]);
    } else {
      names.push_back(r.pick<std::string>({"relu", "clip", "hard_sigmoid", "hard_swish", "sigmoid",
                                           "tanh", "gelu_erf", "softplus", "Neg", "Abs", "Erf"}));
    }
  }
  m.attr("ops", names);
  m.ints("args", args);
  m.attr("params", params);
  for (int64_t k = 0; k < inputs; ++k) {
    Tensor x = m.tensor(DType::f32, k == 0 ? out : broadcast_operand(r, out));
    k > 0 && r.one_in(3) ? m.constant(std::move(x)) : m.laid_out(std::move(x));
  }
  return m.finish();
}

Result<Case> variadic_case(CaseMaker& m) {
  Random& r = m.r;
  const DType t = m.is("Mean") ? DType::f32 : number(r);
  const Dims out = shape(r);
  for (int64_t i = r.between(1, 4); i > 0; --i) {
    Tensor x = m.tensor(t, broadcast_operand(r, out), is_signed(t) ? -5 : 0, 5);
    r.one_in(5) && i > 1 ? m.constant(std::move(x)) : m.laid_out(std::move(x));
  }
  return m.finish();
}

Result<Case> where_case(CaseMaker& m) {
  Random& r = m.r;
  const DType t = r.one_in(5) ? r.pick({DType::boolean, DType::f16, DType::bf16}) : number(r);
  const Dims out = shape(r);
  m.laid_out(m.tensor(DType::boolean, broadcast_operand(r, out)));
  for (int i = 0; i < 2; ++i) {
    Tensor x = m.tensor(t, broadcast_operand(r, out), is_signed(t) ? -5 : 0, 5);
    r.one_in(4) ? m.constant(std::move(x)) : m.laid_out(std::move(x));
  }
  m.exact = true;
  return m.finish();
}

Result<Case> cast_case(CaseMaker& m) {
  Random& r = m.r;
  auto any = [&] {
    return r.pick({DType::f32, DType::f64, DType::f16, DType::bf16, DType::boolean, integer(r)});
  };
  const DType from = any(), to = any();
  const bool negative = is_signed(from) && is_signed(to);
  // To bool: zeros and others. To unsigned integers: only what they have.
  m.laid_out(m.tensor(from, shape(r), negative ? -100 : 0, to == DType::boolean ? 2 : 100));
  if (m.is("Cast")) {
    m.attr("to", static_cast<int64_t>(to));
  } else {
    m.constant(m.tensor(to, {1}, 0, 1));
  }
  m.exact = true;
  return m.finish();
}

Result<Case> bit_cast_case(CaseMaker& m) {
  Random& r = m.r;
  using Types = std::pair<DType, DType>;
  const auto [one, other] = r.pick({Types{DType::f32, DType::i32}, Types{DType::f64, DType::i64},
                                    Types{DType::u8, DType::i8}, Types{DType::u16, DType::i16}});
  const bool there = r.one_in(2);
  m.laid_out(m.tensor(there ? one : other, shape(r), 0, 100));
  m.attr("to", static_cast<int64_t>(there ? other : one));
  m.exact = true;
  return m.finish();
}

Result<Case> batch_norm_case(CaseMaker& m) {
  Random& r = m.r;
  const Dims x = r.dims(r.between(2, 4));
  m.laid_out(m.tensor(DType::f32, x));
  for (int i = 0; i < 4; ++i) m.constant(m.tensor(DType::f32, {x[1]}, i == 3 ? 0.25 : -1, 2));
  if (r.one_in(2)) m.attr("epsilon", 1e-3f);
  return m.finish();
}

}  // namespace hone::kernel_tests
