#include "ship/profile/work.h"

#include <algorithm>
#include <cmath>

#include "device/kernels/attention/attention.h"
#include "device/kernels/chain/chain.h"
#include "device/kernels/conv/conv.h"
#include "device/kernels/gemm/gemm.h"
#include "device/kernels/hconv/hconv.h"
#include "device/kernels/lstm/lstm.h"
#include "device/kernels/pool/pool.h"
#include "device/kernels/qconv/qconv.h"
#include "device/kernels/qpool/qpool.h"
#include "device/kernels/resize/resize.h"
#include "device/kernels/rnn/rnn.h"

namespace hone::ship {

namespace {

using kernels::attrs_as;
using kernels::Operand;
using kernels::Step;
using Flops = std::optional<double>;

double count(const Operand& o) { return o.present() ? static_cast<double>(o.shape.count()) : 0; }

// Elements in memory: a dimension of stride 0 repeats the same ones.
double distinct(const Operand& o) {
  if (!o.present()) return 0;
  double n = 1;
  for (int i = 0; i < o.shape.rank(); ++i) {
    if (o.strides[i] != 0 || o.shape[i] == 0) n *= static_cast<double>(o.shape[i]);
  }
  return n;
}

double bytes_of(const Operand& o) { return distinct(o) * bits(o.dtype) / 8; }

double in_count(const Step& s, size_t i) { return i < s.in.size() ? count(s.in[i]) : 0; }
double out_count(const Step& s, size_t i = 0) { return i < s.out.size() ? count(s.out[i]) : 0; }

// The first result, of those that may be left out the largest.
double results(const Step& s) {
  double most = 0;
  for (size_t i = 0; i < s.out.size(); ++i) most = std::max(most, out_count(s, i));
  return most;
}

// --- operations

Flops none(const Step&) { return 0; }
Flops unknown(const Step&) { return std::nullopt; }
Flops each_result(const Step& s) { return results(s); }
Flops each_input(const Step& s) { return in_count(s, 0); }

// Taps along one axis that meet the picture at some output position; the others only meet padding.
int live_taps(int64_t size, int64_t outputs, int taps, int64_t stride, int64_t dilation,
              int64_t pad) {
  int live = 0;
  for (int k = 0; k < taps; ++k) {
    const int64_t first = k * dilation - pad;  // where it lies at output 0
    const int64_t to_inside = first >= 0 ? 0 : (-first + stride - 1) / stride;
    live += to_inside < outputs && first + to_inside * stride < size ? 1 : 0;
  }
  return live;
}

// Share of the filter's taps that meet the picture.
template <class Attrs>
double live_part(const Step& s, const Attrs& a) {
  const auto &x = s.in[0].shape, &y = s.out[0].shape;
  const double taps = static_cast<double>(a.kernel_h) * a.kernel_w;
  return live_taps(x[1], y[1], a.kernel_h, a.stride_h, a.dilation_h, a.pad_t) *
         live_taps(x[2], y[2], a.kernel_w, a.stride_w, a.dilation_w, a.pad_l) / taps;
}

template <class Attrs>
const Attrs* picture_attrs(const Step& s) {
  const auto* a = attrs_as<Attrs>(s);
  const bool pictures = s.in[0].shape.rank() == 4 && !s.out.empty() && s.out[0].shape.rank() == 4;
  const bool sane = a != nullptr && pictures && a->kernel_h > 0 && a->kernel_w > 0;
  return sane && a->stride_h > 0 && a->stride_w > 0 ? a : nullptr;
}

template <class Attrs>
Flops convolution(const Step& s) {
  const auto* a = picture_attrs<Attrs>(s);
  if (a == nullptr || a->groups < 1) return std::nullopt;
  const double taps = static_cast<double>(s.in[0].shape[3]) / a->groups * a->kernel_h * a->kernel_w;
  return 2 * taps * live_part(s, *a) * out_count(s);
}

Flops product(const Step& s) {
  const auto* a = attrs_as<kernels::GemmAttrs>(s);
  const int rank = s.in[0].shape.rank();
  if (a == nullptr || rank < 2) return std::nullopt;
  return 2 * static_cast<double>(s.in[0].shape[a->trans_a != 0 ? rank - 2 : rank - 1]) *
         out_count(s);
}

// Both products, for all keys whatever the mask.
Flops attention(const Step& s) {
  for (size_t i = 0; i < 3; ++i) {
    if (i >= s.in.size() || s.in[i].shape.rank() != 4) return std::nullopt;
  }
  const auto &q = s.in[0].shape, &k = s.in[1].shape, &v = s.in[2].shape;
  const double scores = static_cast<double>(q[0] * q[1] * q[2]) * static_cast<double>(k[2]);
  return 2 * scores * static_cast<double>(q[3] + v[3]);
}

Flops pool(const Step& s) {
  const auto* a = attrs_as<kernels::PoolAttrs>(s);
  if (a == nullptr) return std::nullopt;
  if (a->global != 0) return in_count(s, 0);
  return out_count(s) * a->kernel_h * a->kernel_w;
}

Flops qpool(const Step& s) {
  const auto* a = attrs_as<kernels::QPoolAttrs>(s);
  if (a == nullptr) return std::nullopt;
  if (a->pool.global != 0) return in_count(s, 0);
  return out_count(s) * a->pool.kernel_h * a->pool.kernel_w;
}

Flops chain(const Step& s) {
  const auto* a = attrs_as<kernels::ChainAttrs>(s);
  return a == nullptr ? Flops() : Flops(a->count * out_count(s));
}

Flops lstm(const Step& s) {
  const auto* a = attrs_as<kernels::LstmAttrs>(s);
  if (a == nullptr || s.in[0].shape.rank() != 3) return std::nullopt;
  const double directions = a->direction == 2 ? 2 : 1, hidden = a->hidden;
  const auto& x = s.in[0].shape;
  return 2 * static_cast<double>(x[0] * x[1]) * directions * 4 * hidden *
         (static_cast<double>(x[2]) + hidden);
}

// The recurrence alone: the inputs' product is a step of its own.
Flops recurrence(const Step& s) {
  const auto* a = attrs_as<kernels::RnnAttrs>(s);
  if (a == nullptr) return std::nullopt;
  return 2 * in_count(s, 0) * a->hidden;
}

// Taps of one picture point.
Flops resize(const Step& s) {
  const auto* a = attrs_as<kernels::ResizeAttrs>(s);
  if (a == nullptr || (a->antialias != 0 && a->mode != kernels::ResizeMode::nearest)) {
    return std::nullopt;  // taps depend on the scales
  }
  const double taps = a->mode == kernels::ResizeMode::nearest  ? 0
                      : a->mode == kernels::ResizeMode::linear ? 4
                                                               : 16;
  return 2 * taps * out_count(s);
}

// --- bytes of the operands that are not touched whole; nullopt: the data decide

using Touched = std::optional<double>;

// Rows and columns that no window reaches are not read.
template <class Attrs>
Touched windows(const Step& s) {
  const auto* a = picture_attrs<Attrs>(s);
  const Operand &x = s.in[0], &y = s.out[0];
  if (a == nullptr) return bytes_of(x);
  const auto part = [&](int axis, int32_t window) {
    const auto size = static_cast<double>(x.shape[axis]);
    const double reached = static_cast<double>(y.shape[axis]) * window;
    return size > 0 ? std::min(1.0, reached / size) : 0.0;
  };
  return bytes_of(x) * part(1, a->kernel_h) * part(2, a->kernel_w);
}
Touched pool_windows(const Step& s) {
  const auto* a = attrs_as<kernels::PoolAttrs>(s);
  return a != nullptr && a->global != 0 ? bytes_of(s.in[0]) : windows<kernels::PoolAttrs>(s);
}
Touched qpool_windows(const Step& s) { return bytes_of(s.in[0]); }
// Filters' taps that only meet padding are not read.
template <class Attrs>
Touched filters(const Step& s) {
  const auto* a = picture_attrs<Attrs>(s);
  return bytes_of(s.in[1]) * (a == nullptr ? 1 : live_part(s, *a));
}
// Of a table as much as comes out.
Touched as_results(const Step& s) { return std::min(bytes_of(s.in[0]), bytes_of(s.out[0])); }
Touched data_decide(const Step&) { return std::nullopt; }
Touched resized(const Step& s) {
  const auto* a = attrs_as<kernels::ResizeAttrs>(s);
  const bool nearest = a != nullptr && a->mode == kernels::ResizeMode::nearest;
  return nearest ? as_results(s) : bytes_of(s.in[0]);
}

struct Counter {
  const char* family;
  Flops (*flops)(const Step&);
  Touched (*first)(const Step&);  // bytes of in[0]; nullptr: all of it
  bool integers = false;
  Touched (*second)(const Step&) = nullptr;  // likewise of in[1]
};
constexpr Counter counters[] = {
    {"conv", convolution<kernels::ConvAttrs>, windows<kernels::ConvAttrs>, false,
     filters<kernels::ConvAttrs>},
    {"gemm", product, nullptr},
    {"attention", attention, nullptr},
    {"hconv", convolution<kernels::HConvAttrs>, windows<kernels::HConvAttrs>, false,
     filters<kernels::HConvAttrs>},
    {"qconv", convolution<kernels::QConvAttrs>, windows<kernels::QConvAttrs>, true,
     filters<kernels::QConvAttrs>},
    {"pool", pool, pool_windows},
    {"qpool", qpool, qpool_windows},
    {"qbinary", each_result, nullptr},
    {"table", none, nullptr},
    {"unary", each_result, nullptr},
    {"binary", each_result, nullptr},
    {"chain", chain, nullptr},
    {"select", none, nullptr},
    {"cast", none, nullptr},
    {"reduce", each_input, nullptr},
    {"softmax", each_result, nullptr},
    {"copy", none, nullptr},
    {"pad", none, as_results},
    {"gather", none, as_results},
    {"nonzero", none, nullptr},
    {"nms", unknown, nullptr},
    {"fill", none, nullptr},
    {"lstm", lstm, nullptr},
    {"norm", each_result, nullptr},
    {"resize", resize, resized},
    {"sample", unknown, data_decide},
    {"roi", unknown, data_decide},
    {"range", none, nullptr},
    {"gather_elements", none, as_results},
    {"gather_nd", none, as_results},
    {"scatter", none, nullptr},
    {"topk", unknown, nullptr},
    {"cumulate", each_result, nullptr},
    {"col2im", each_input, nullptr},
    {"quantize", each_result, nullptr},
    {"dequantize", each_result, nullptr},
    {"rnn", recurrence, nullptr},
    {"linear_attention", unknown, nullptr},
    {"argpool", unknown, nullptr},
    {"unique", unknown, nullptr},
    {"random", each_result, nullptr},
    {"sizes", none, nullptr},
    {"cut", none, as_results},
    {"slice", none, as_results},
    {"dft", unknown, nullptr},
};

const Counter* find(std::string_view family) {
  const auto* it = std::find_if(std::begin(counters), std::end(counters),
                                [&](const Counter& c) { return family == c.family; });
  return it == std::end(counters) ? nullptr : it;
}

}  // namespace

bool counts_family(std::string_view family) { return find(family) != nullptr; }

bool multiplies(std::string_view family) {
  for (const char* f : {"conv", "hconv", "gemm", "attention", "qconv", "lstm", "rnn"}) {
    if (family == f) return true;
  }
  return false;
}

Work count_work(std::string_view family, const Step& s, std::span<const bool> is_weight) {
  const Counter* c = find(family);
  if (c == nullptr) return {};
  Work w;
  w.integers = c->integers;
  const bool has_first = !s.in.empty() && s.in[0].present();
  if (has_first || s.in.empty()) w.flops = c->flops(s);
  w.weight_bytes = w.value_bytes = 0;
  for (size_t i = 0; i < s.in.size(); ++i) {
    Touched bytes = bytes_of(s.in[i]);
    if (i == 0 && has_first && c->first != nullptr && !s.out.empty()) bytes = c->first(s);
    if (i == 1 && has_first && c->second != nullptr) bytes = c->second(s);
    if (!bytes) {
      w.weight_bytes = w.value_bytes = std::nullopt;
      return w;
    }
    *(i < is_weight.size() && is_weight[i] ? w.weight_bytes : w.value_bytes) += *bytes;
  }
  for (const Operand& o : s.out) *w.value_bytes += bytes_of(o);
  return w;
}

}  // namespace hone::ship
