// Cast, CastLike, BitCast.
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "common/tensor/small_float.h"
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- inference
// ------------------------------------------------------------------------------------

// What a bool holds of an integer.
Dim as_bool(const Dim& d) {
  if (d.is_const()) return Dim(d.value() != 0);
  if (provably_different(d, Dim(0))) return Dim(1);
  return Dim(1) - Dim::apply(Dim::Op::equal, {d, Dim(0)});
}

void infer_to(InferContext& ctx, DType to) {
  ctx.set(0, shaped_like(ctx.in(0), to));
  auto content = ctx.content(0);
  if (!content) return;
  if (to == DType::boolean) {
    for (Dim& d : *content) d = as_bool(d);
  }
  ctx.set_content(0, std::move(*content));
}

Status infer_cast(InferContext& ctx) {
  const int64_t to = ctx.node().attributes.i("to", 0);
  if (to <= 0 || to >= dtype_count) return unsupported(fmt::format("a cast to type {}", to));
  infer_to(ctx, static_cast<DType>(to));
  return {};
}

Status infer_cast_like(InferContext& ctx) {
  infer_to(ctx, ctx.in(1).dtype);
  return {};
}

// --- reference
// --------------------------------------------------------------------------------------

Result<double> parse_number(const std::string& text) {
  const char* first = text.data();
  const char* last = first + text.size();
  if (first != last && *first == '+') ++first;
  double value = 0;
  const auto [end, problem] = std::from_chars(first, last, value);
  if (problem == std::errc::result_out_of_range) return std::strtod(text.c_str(), nullptr);
  if (problem != std::errc() || end != last) {
    return invalid(fmt::format("'{}' is not a number", text));
  }
  return value;
}

// The shortest text that reads back, always with a point or an exponent, as NumPy prints.
std::string print_number(DType t, double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::string text =
      t == DType::f64 ? fmt::format("{}", value) : fmt::format("{}", static_cast<float>(value));
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

Tensor to_strings(const Tensor& x) {
  std::vector<std::string> out;
  for (int64_t i = 0; i < x.count(); ++i) {
    if (x.dtype() == DType::boolean) {
      out.emplace_back(x.int_at(i) != 0 ? "True" : "False");
    } else if (x.dtype() == DType::u64) {
      out.push_back(fmt::format("{}", static_cast<uint64_t>(x.int_at(i))));
    } else if (is_integer(x.dtype())) {
      out.push_back(fmt::format("{}", x.int_at(i)));
    } else {
      out.push_back(print_number(x.dtype(), x.at(i)));
    }
  }
  return Tensor::strings(x.dims(), std::move(out));
}

SmallFloatRules rules_of(const Node& node) {
  const std::string mode = node.attributes.s("round_mode", "up");
  return {node.attributes.i("saturate", 1) != 0, mode == "down"      ? ScaleRounding::down
                                                 : mode == "nearest" ? ScaleRounding::nearest
                                                                     : ScaleRounding::up};
}

// Floats to `to`, rounded or truncated as the type wants.
Tensor from_doubles(const Node& node, DType to, const Dims& dims,
                    const std::vector<double>& values) {
  if (is_integer(to)) {
    // Out of range is undefined; the low bits of the 64-bit integer is what most machines give.
    std::vector<int64_t> whole;
    for (double v : values) {
      whole.push_back(
          v >= 9.3e18 || v <= -9.2e18 || std::isnan(v)
              ? (v > 0 && v < 1.8e19 ? static_cast<int64_t>(static_cast<uint64_t>(v)) : INT64_MIN)
              : static_cast<int64_t>(v));
    }
    return store(to, dims, whole);
  }
  Tensor y = store(to, dims, values);
  if (bits(to) != 8 || to == DType::boolean) return y;
  const SmallFloatRules rules = rules_of(node);
  auto* bytes = static_cast<uint8_t*>(y.mutable_data());
  for (size_t i = 0; i < values.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(small_float_code(to, values[i], rules));
  }
  return y;
}

Result<Tensor> converted(const Node& node, const Tensor& x, DType to) {
  if (x.dtype() == to) return x;
  HONE_RETURN_IF_ERROR(check_size(DType::f64, x.dims()));
  if (is_complex(to) || is_complex(x.dtype())) return bad_dtype(node, x.dtype());
  if (to == DType::string) return to_strings(x);
  if (x.dtype() == DType::string) {
    std::vector<double> values;
    for (const std::string& text : x.as_strings()) {
      HONE_ASSIGN(const double v, parse_number(text));
      values.push_back(v);
    }
    return from_doubles(node, to, x.dims(), std::move(values));
  }
  if (is_float(x.dtype())) return from_doubles(node, to, x.dims(), load<double>(x));
  if (is_float(to)) {
    return from_doubles(node, to, x.dims(), load<double>(x));
  }
  return store(to, x.dims(), load<uint64_t>(x));
}

Status cast_to(RefContext& ctx, DType to) {
  HONE_ASSIGN(Tensor y, converted(ctx.node(), ctx.in(0), to));
  ctx.set(0, std::move(y));
  return {};
}

Status cast(RefContext& ctx) {
  const int64_t to = ctx.node().attributes.i("to", 0);
  if (to <= 0 || to >= dtype_count) return unsupported(fmt::format("a cast to type {}", to));
  return cast_to(ctx, static_cast<DType>(to));
}
Status cast_like(RefContext& ctx) { return cast_to(ctx, ctx.in(1).dtype()); }

// --- BitCast ------------------------------------------------------------------------------------

Result<DType> bit_cast_type(const Node& node, DType from) {
  const int64_t to = node.attributes.i("to", 0);
  if (to <= 0 || to >= dtype_count) return unsupported(fmt::format("a cast to type {}", to));
  const auto t = static_cast<DType>(to);
  if (from == DType::none || (bits(t) != 0 && bits(t) == bits(from))) return t;
  return invalid(fmt::format("{} and {} differ in width", name(from), name(t)));
}

Status infer_bit_cast(InferContext& ctx) {
  HONE_ASSIGN(const DType t, bit_cast_type(ctx.node(), ctx.in(0).dtype));
  ctx.set(0, shaped_like(ctx.in(0), t));
  return {};
}

Status bit_cast(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const DType t, bit_cast_type(ctx.node(), x.dtype()));
  HONE_ASSIGN(Tensor y, make_tensor(t, x.dims()));
  const std::span<const std::byte> bytes = x.raw_bytes();
  if (!bytes.empty()) std::memcpy(y.mutable_data(), bytes.data(), bytes.size());
  ctx.set(0, std::move(y));
  return {};
}

constexpr AttrSpec to_6[] = {{"to", AttrType::i, true}};
constexpr AttrSpec to_19[] = {{"saturate", AttrType::i}, {"to", AttrType::i, true}};
constexpr AttrSpec to_24[] = {
    {"round_mode", AttrType::s}, {"saturate", AttrType::i}, {"to", AttrType::i, true}};
constexpr AttrSpec like_19[] = {{"saturate", AttrType::i}};
constexpr AttrSpec like_24[] = {{"round_mode", AttrType::s}, {"saturate", AttrType::i}};
const OpDef defs[] = {
    {"", "Cast", 6, 1, 1, 1, 1, to_6, infer_cast, cast, nullptr, 0},
    {"", "Cast", 19, 1, 1, 1, 1, to_19, infer_cast, cast, nullptr, 0},
    {"", "Cast", 24, 1, 1, 1, 1, to_24, infer_cast, cast, nullptr, 0},
    {"", "CastLike", 15, 2, 2, 1, 1, {}, infer_cast_like, cast_like, nullptr, 0},
    {"", "CastLike", 19, 2, 2, 1, 1, like_19, infer_cast_like, cast_like, nullptr, 0},
    {"", "CastLike", 24, 2, 2, 1, 1, like_24, infer_cast_like, cast_like, nullptr, 0},
    {"", "BitCast", 26, 1, 1, 1, 1, to_6, infer_bit_cast, bit_cast, no_flops, 0},
};

}  // namespace

std::span<const OpDef> cast_defs() { return defs; }

}  // namespace hone::ops
