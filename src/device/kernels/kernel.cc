#include "device/kernels/kernel.h"

#include <cstring>

#include "device/kernels/argpool/argpool.h"
#include "device/kernels/attention/attention.h"
#include "device/kernels/binary/binary.h"
#include "device/kernels/cast/cast.h"
#include "device/kernels/chain/chain.h"
#include "device/kernels/col2im/col2im.h"
#include "device/kernels/conv/conv.h"
#include "device/kernels/copy/copy.h"
#include "device/kernels/cumulate/cumulate.h"
#include "device/kernels/cut/cut.h"
#include "device/kernels/dequantize/dequantize.h"
#include "device/kernels/dft/dft.h"
#include "device/kernels/fill/fill.h"
#include "device/kernels/gather/gather.h"
#include "device/kernels/gather_elements/gather_elements.h"
#include "device/kernels/gather_nd/gather_nd.h"
#include "device/kernels/gemm/gemm.h"
#include "device/kernels/hconv/hconv.h"
#include "device/kernels/linear_attention/linear_attention.h"
#include "device/kernels/lstm/lstm.h"
#include "device/kernels/nms/nms.h"
#include "device/kernels/nonzero/nonzero.h"
#include "device/kernels/norm/norm.h"
#include "device/kernels/pad/pad.h"
#include "device/kernels/pool/pool.h"
#include "device/kernels/qbinary/qbinary.h"
#include "device/kernels/qconv/qconv.h"
#include "device/kernels/qpool/qpool.h"
#include "device/kernels/quantize/quantize.h"
#include "device/kernels/random/random.h"
#include "device/kernels/range/range.h"
#include "device/kernels/reduce/reduce.h"
#include "device/kernels/resize/resize.h"
#include "device/kernels/rnn/rnn.h"
#include "device/kernels/roi/roi.h"
#include "device/kernels/sample/sample.h"
#include "device/kernels/scatter/scatter.h"
#include "device/kernels/select/select.h"
#include "device/kernels/sizes/sizes.h"
#include "device/kernels/slice/slice.h"
#include "device/kernels/softmax/softmax.h"
#include "device/kernels/table/table.h"
#include "device/kernels/topk/topk.h"
#include "device/kernels/unary/unary.h"
#include "device/kernels/unique/unique.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/kernels.inc"
#undef HONE_KERNEL

namespace {

constexpr const Kernel* kernels[] = {
#define HONE_KERNEL(name) &name,
#include "device/kernels/kernels.inc"
#undef HONE_KERNEL
};

constexpr Family families[] = {
#define HONE_FAMILY(name, summary) {#name, name##_attr_names, summary},
#include "device/kernels/families.inc"
#undef HONE_FAMILY
};

}  // namespace

std::span<const Kernel* const> all_kernels() { return kernels; }
std::span<const Family> all_families() { return families; }

const Kernel* find_kernel(const char* name) {
  for (const Kernel* k : kernels) {
    if (std::strcmp(k->name, name) == 0) return k;
  }
  return nullptr;
}

void dense_strides(const Shape& shape, int64_t* strides) {
  int64_t s = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[i] = s;
    s *= shape[i];
  }
}

Operand dense(DType dtype, const Shape& shape, bool constant) {
  Operand o{dtype, constant, shape, {}};
  dense_strides(shape, o.strides);
  return o;
}

bool is_dense(const Operand& o) {
  int64_t s = 1;
  for (int i = o.shape.rank() - 1; i >= 0; --i) {
    if (o.shape[i] != 1 && o.strides[i] != s) return false;
    s *= o.shape[i];
  }
  return true;
}

bool is_row_strided(const Operand& o, int64_t* row_stride) {
  int rank = o.shape.rank();
  if (rank == 0) return *row_stride = 1, true;
  if (o.shape.back() != 1 && o.strides[rank - 1] != 1) return false;
  int64_t s = -1;  // stride that the next outer dimension must have; -1: not settled yet
  *row_stride = o.shape.back();
  for (int i = rank - 2; i >= 0; --i) {
    if (o.shape[i] == 1) continue;
    if (s < 0) {
      *row_stride = o.strides[i];
    } else if (o.strides[i] != s) {
      return false;
    }
    s = o.strides[i] * o.shape[i];
  }
  return *row_stride >= o.shape.back();
}

bool extent(const Operand& o, int64_t* elements) {
  int64_t last = 0;
  for (int i = 0; i < o.shape.rank(); ++i) {
    if (o.shape[i] < 0 || o.strides[i] < 0) return false;
    if (o.shape[i] == 0) return *elements = 0, true;
    int64_t step = 0;
    if (mul_overflows(o.shape[i] - 1, o.strides[i], &step)) return false;
    if (add_overflows(last, step, &last)) return false;
  }
  return !add_overflows(last, 1, elements);
}

}  // namespace hone::kernels
