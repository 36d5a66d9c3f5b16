#include <cmath>

#include "device/kernels/check.h"
#include "device/kernels/softmax/softmax_impl.h"

namespace hone::kernels::portable {
namespace {

// `columns` normalisations side by side, elements `stride` apart. y may be x.
template <class T>
void normalise(const T* x, T* y, int64_t size, int64_t stride, int columns, bool log) {
  T max[softmax_block];
  double sum[softmax_block];
  for (int c = 0; c < columns; ++c) max[c] = x[c], sum[c] = 0;
  for (int64_t i = 1; i < size; ++i) {
    for (int c = 0; c < columns; ++c) {
      T v = x[i * stride + c];
      max[c] = v > max[c] || v != v ? v : max[c];
    }
  }
  for (int64_t i = 0; i < size; ++i) {
    for (int c = 0; c < columns; ++c) {
      T e = std::exp(x[i * stride + c] - max[c]);
      sum[c] += static_cast<double>(e);
      if (!log) y[i * stride + c] = e;
    }
  }
  T scale[softmax_block];
  for (int c = 0; c < columns; ++c) {
    scale[c] = static_cast<T>(log ? std::log(sum[c]) : 1 / sum[c]);
  }
  for (int64_t i = 0; i < size; ++i) {
    for (int c = 0; c < columns; ++c) {
      int64_t at = i * stride + c;
      y[at] = log ? x[at] - max[c] - scale[c] : y[at] * scale[c];
    }
  }
}

template <class T>
void softmax(const RunArgs& args) {
  auto& p = *static_cast<const SoftmaxParams*>(args.params);
  const T* x = static_cast<const T*>(args.in[0]);
  T* y = static_cast<T*>(args.out[0]);
  int64_t across = ceil_div(p.inner, softmax_block);
  int64_t end = min_of(args.end * p.per_unit, p.blocks);
  for (int64_t b = args.begin * p.per_unit; b < end; ++b) {
    int64_t column = b % across * softmax_block;
    int64_t at = b / across * p.size * p.inner + column;
    int columns = static_cast<int>(min_of(softmax_block, p.inner - column));
    normalise(x + at, y + at, p.size, p.inner, columns, p.log);
  }
}

}  // namespace

void softmax_f32(const RunArgs& args) { softmax<float>(args); }
void softmax_f64(const RunArgs& args) { softmax<double>(args); }

}  // namespace hone::kernels::portable
