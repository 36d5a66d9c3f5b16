// MatMulNBits of com.microsoft: a product with weights of 4 or 8 bits in blocks.
#include "host/ops/matmul_nbits.h"

#include <algorithm>

#include "host/ops/infer_util.h"
#include "host/ops/quantized.h"

namespace hone::ops {

namespace {

enum Input : size_t { a, packed_b, scales_of_b, zeros_of_b, g_idx, bias };

constexpr int64_t most = int64_t{1} << 31;

// Element i of values of `bits` packed from the lowest bit of each byte on.
int64_t bits_at(std::span<const uint8_t> bytes, int64_t i, int64_t bits) {
  const int64_t byte = i * bits / 8, shift = i * bits % 8;
  return bytes[static_cast<size_t>(byte)] >> shift & ((1 << bits) - 1);
}

bool holds(const Tensor& t, DType type, int64_t count) {
  return t.dtype() == type && t.count() == count;
}

Status infer_nbits(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, a));
  HONE_ASSIGN(const NBits form, nbits_of(ctx.node()));
  const DType t = ctx.in(a).dtype;
  HONE_RETURN_IF_ERROR(check_rank(ctx, a, 1));
  if (!ctx.has_rank(a)) {
    ctx.set_unranked(0, t);
    return {};
  }
  SymShape shape = ctx.shape(a);
  HONE_RETURN_IF_ERROR(check_equal(shape.back(), Dim(form.k), "the last size of A and K"));
  shape.back() = Dim(form.n);
  ctx.set(0, t, std::move(shape));
  return {};
}

Status nbits(RefContext& ctx) {
  HONE_ASSIGN(const NBits form, nbits_of(ctx.node()));
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), ctx.in(a)));
  if (ctx.has_input(g_idx)) return unsupported("MatMulNBits with g_idx");
  HONE_ASSIGN(const Tensor w, unpack_nbits(form, ctx.in(packed_b), ctx.in(scales_of_b),
                                           optional_input(ctx, zeros_of_b)));
  const Dims& in = ctx.in(a).dims();
  if (in.empty() || in.back() != form.k) {
    return error(Code::shape_mismatch,
                 fmt::format("A {} and K {} do not go together", to_string(in), form.k));
  }
  Dims dims = in;
  dims.back() = form.n;
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  std::vector<double> y(static_cast<size_t>(element_count(dims)), 0.0);
  const std::vector<double> x = load<double>(ctx.in(a));
  const auto weights = w.as<float>();
  const auto n = static_cast<size_t>(form.n), k = static_cast<size_t>(form.k);
  for (size_t row = 0; n > 0 && row < y.size() / n; ++row) {
    for (size_t i = 0; i < k; ++i) {
      for (size_t c = 0; c < n; ++c) {
        y[row * n + c] += x[row * k + i] * static_cast<double>(weights[i * n + c]);
      }
    }
  }
  if (ctx.has_input(bias)) {
    if (ctx.in(bias).count() != form.n) return error(Code::shape_mismatch, "size of the bias");
    for (size_t i = 0; i < y.size(); ++i) y[i] += ctx.in(bias).at(static_cast<int64_t>(i % n));
  }
  ctx.set(0, store(ctx.in(a).dtype(), dims, y));
  return {};
}

double nbits_flops(const Graph& graph, const Node& node) {
  return 2 * static_cast<double>(node.attributes.i("K", 0)) * output_elements(graph, node);
}

constexpr AttrSpec attrs[] = {{"K", AttrType::i, true},
                              {"N", AttrType::i, true},
                              {"bits", AttrType::i},
                              {"block_size", AttrType::i, true},
                              {"accuracy_level", AttrType::i}};
// ONNX Runtime adds blocks up one after the other in f32.
const OpDef defs[] = {
    {microsoft, "MatMulNBits", 1, 3, 6, 1, 1, attrs, infer_nbits, nbits, nbits_flops, 2e-5},
};

}  // namespace

Result<NBits> nbits_of(const graph::Node& node) {
  const graph::Attributes& at = node.attributes;
  const NBits form{at.i("K", 0), at.i("N", 0), at.i("bits", 4), at.i("block_size", 0)};
  if (form.bits != 4 && form.bits != 8) {
    return unsupported(fmt::format("MatMulNBits of {} bits; 4 and 8 are known", form.bits));
  }
  const bool sizes = form.k >= 1 && form.k <= most && form.n >= 1 && form.n <= most;
  if (!sizes || form.block < 2 || form.block > most || form.block % 2 != 0) {
    return invalid(
        fmt::format("MatMulNBits: K {}, N {}, block_size {}", form.k, form.n, form.block));
  }
  return form;
}

Result<Tensor> unpack_nbits(const NBits& form, const Tensor& packed, const Tensor& scales,
                            const Tensor& zeros) {
  const int64_t blocks = form.blocks();
  HONE_RETURN_IF_ERROR(check_size(DType::f32, {form.k, form.n}));
  int64_t bytes = 0, scale_count = 0;
  if (__builtin_mul_overflow(form.n, blocks * form.block_bytes(), &bytes) ||
      __builtin_mul_overflow(form.n, blocks, &scale_count)) {
    return error(Code::shape_mismatch, "MatMulNBits: too large");
  }
  if (!holds(packed, DType::u8, bytes)) {
    return error(Code::shape_mismatch,
                 fmt::format("B {} of {} holds no {} x {} of {} bits", to_string(packed.dims()),
                             name(packed.dtype()), form.k, form.n, form.bits));
  }
  if (!is_float(scales.dtype()) || scales.count() != scale_count) {
    return error(Code::shape_mismatch,
                 fmt::format("scales {}: {} are needed", to_string(scales.dims()), scale_count));
  }
  const bool packed_zeros = zeros && holds(zeros, DType::u8, form.n * form.zero_bytes());
  if (zeros && !packed_zeros && !(is_float(zeros.dtype()) && zeros.count() == scale_count)) {
    return error(Code::shape_mismatch,
                 fmt::format("zero points {} do not fit", to_string(zeros.dims())));
  }
  Tensor w(DType::f32, {form.k, form.n});
  const auto out = w.as_mutable<float>();
  for (int64_t n = 0; n < form.n; ++n) {
    const auto column =
        packed.as<uint8_t>().subspan(static_cast<size_t>(n * blocks * form.block_bytes()));
    for (int64_t k = 0; k < form.k; ++k) {
      const int64_t block = k / form.block, at = n * blocks + block;
      double zero = 1 << (form.bits - 1);
      if (packed_zeros) {
        zero = static_cast<double>(
            bits_at(zeros.as<uint8_t>().subspan(static_cast<size_t>(n * form.zero_bytes())), block,
                    form.bits));
      } else if (zeros) {
        zero = zeros.at(at);
      }
      const auto bytes_of = column.subspan(static_cast<size_t>(block * form.block_bytes()));
      const auto q = static_cast<double>(bits_at(bytes_of, k % form.block, form.bits));
      out[static_cast<size_t>(k * form.n + n)] = static_cast<float>((q - zero) * scales.at(at));
    }
  }
  return w;
}

Tensor pack_nbits(const NBits& form, const Tensor& integers) {
  Tensor packed(DType::u8, {form.n, form.blocks(), form.block_bytes()});
  // What fills the last block up is 0 as well.
  std::vector<uint8_t> bytes(static_cast<size_t>(packed.count()), 0x88);
  for (int64_t n = 0; n < form.n; ++n) {
    for (int64_t k = 0; k < form.k; ++k) {
      const int64_t block = n * form.blocks() + k / form.block, in_block = k % form.block;
      uint8_t& byte = bytes[static_cast<size_t>(block * form.block_bytes() + in_block / 2)];
      const auto q = static_cast<uint8_t>(integers.at(k * form.n + n) + 8);
      byte = static_cast<uint8_t>(in_block % 2 == 0 ? (byte & 0xf0) | q : (byte & 0x0f) | q << 4);
    }
  }
  std::copy(bytes.begin(), bytes.end(), packed.as_mutable<uint8_t>().begin());
  return packed;
}

std::span<const OpDef> matmul_nbits_defs() { return defs; }

}  // namespace hone::ops
