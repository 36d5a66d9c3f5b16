// Quantisation: one scale, scales along an axis, scales by block.
#include "case_maker.h"

namespace hone::kernel_tests {

namespace {

// Shape of the scales of a tensor with these sizes; sets axis and block_size.
Dims scales(CaseMaker& m, Dims dims) {
  Random& r = m.r;
  const auto rank = static_cast<int64_t>(dims.size());
  const int64_t kind =
      rank == 0 || !m.has_attr("axis") ? 0 : r.below(m.has_attr("block_size") ? 3 : 2);
  if (kind == 0) return r.one_in(2) ? Dims{} : Dims{1};
  const int64_t axis = r.below(rank);
  m.attr("axis", r.one_in(2) ? axis : axis - rank);
  int64_t& size = dims[static_cast<size_t>(axis)];
  if (kind == 1) return {size};
  const int64_t block = r.between(1, size);
  m.attr("block_size", block);
  size = (size + block - 1) / block;
  return dims;
}

// Powers of two: quotients are exact, so that a tie is one for everybody.
Tensor scale_values(CaseMaker& m, const Dims& dims) {
  Tensor t(DType::f32, dims);
  for (int64_t i = 0; i < t.count(); ++i) t.set(i, m.r.pick({0.015625, 0.03125, 0.0625, 0.25}));
  return t;
}

DType integer(Random& r) {
  return r.pick({DType::u8, DType::i8, DType::u8, DType::i8, DType::i16});
}

}  // namespace

Result<Case> quantize_case(CaseMaker& m) {
  Random& r = m.r;
  const Dims dims = r.dims(r.below(5));
  const DType t = m.node.version >= 21 ? integer(r) : r.pick({DType::u8, DType::i8});
  m.laid_out(m.tensor(DType::f32, dims, -5, 5));
  const Dims of_scale = scales(m, dims);
  m.either(scale_values(m, of_scale));
  if (t != DType::u8 || r.one_in(2)) m.either(m.tensor(t, of_scale, t == DType::u8 ? 0 : -9, 20));
  return m.finish();
}

Result<Case> dequantize_case(CaseMaker& m) {
  Random& r = m.r;
  const Dims dims = r.dims(r.below(5));
  DType t = m.node.version >= 21 ? integer(r) : r.pick({DType::u8, DType::i8});
  if (r.one_in(6)) t = DType::i32;
  m.laid_out(m.tensor(t, dims, t == DType::u8 ? 0 : -128, 127));
  const Dims of_scale = scales(m, dims);
  m.either(m.tensor(DType::f32, of_scale, 0.01, 0.2));
  if (t != DType::i32 && r.one_in(2)) m.either(m.tensor(t, of_scale, t == DType::u8 ? 0 : -9, 20));
  return m.finish();
}

}  // namespace hone::kernel_tests
