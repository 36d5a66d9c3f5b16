#include "device/kernels/argpool/argpool.h"

#include <type_traits>

#include "device/kernels/check.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/argpool/kernels.inc"
#undef HONE_KERNEL

namespace {

struct ArgpoolParams {
  ArgpoolAttrs at;
  int64_t in[3], out[3];
  DType type;
  bool values;
};

const char* check(const ArgpoolAttrs& at) {
  for (int i = 0; i < 3; ++i) {
    if (at.kernel[i] < 1 || at.stride[i] < 1 || at.dilation[i] < 1 || at.pad[i] < 0) {
      return "argpool: window";
    }
  }
  return nullptr;
}

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<ArgpoolAttrs>(step);
  if (!at || step.in.size() != 1 || step.out.size() != 2 || !step.dims.empty()) {
    return "argpool: attributes or operands";
  }
  if (const char* reason = check(*at)) return reason;
  const Operand &x = step.in[0], &y = step.out[0], &where = step.out[1];
  int64_t n = 0, pixels = 0;
  if (!dense_count(x, &pixels) || !dense_count(where, &n) || where.dtype != DType::i64) {
    return "argpool: operands";
  }
  if (x.dtype != DType::f32 && !is_byte(x.dtype)) return "argpool: types";
  if (y.present() && (!dense_count(y, &n) || y.dtype != x.dtype || !(y.shape == where.shape))) {
    return "argpool: y";
  }
  if (x.shape.rank() != 5 || where.shape.rank() != 5 || x.shape[0] != where.shape[0] ||
      x.shape[1] != where.shape[1]) {
    return "argpool: shapes";
  }
  ArgpoolParams p = {*at, {}, {}, x.dtype, y.present()};
  for (int i = 0; i < 3; ++i) {
    p.in[i] = pixels == 0 ? 0 : x.shape[i + 2];
    p.out[i] = where.shape[i + 2];
    // A window begins in the picture or in front of it, so that no place overflows.
    const int64_t room = p.in[i] + at->pad[i];
    if (p.out[i] > 0 && p.out[i] - 1 > room / at->stride[i]) return "argpool: size of y";
  }
  *params_as<ArgpoolParams>(params) = p;
  work->units[0] = n == 0 ? 0 : x.shape[0] * x.shape[1] * p.out[0];
  return nullptr;
}

// Index of a pixel in its plane.
int64_t index_of(const ArgpoolParams& p, const int64_t at[3]) {
  if (p.at.column_major != 0) return at[0] + p.in[0] * (at[1] + p.in[1] * at[2]);
  return at[2] + p.in[2] * (at[1] + p.in[1] * at[0]);
}

// Taps of axis `i` that a window at `o` has inside.
Span64 inside(const ArgpoolParams& p, int i, int64_t o) {
  const int64_t start = o * p.at.stride[i] - p.at.pad[i], d = p.at.dilation[i];
  const int64_t begin = start >= 0 ? 0 : ceil_div(-start, d);
  const int64_t end = start >= p.in[i] ? 0 : ceil_div(p.in[i] - start, d);
  return {begin, min_of(end, p.at.kernel[i])};
}

// The window of result (o[0], o[1], o[2]) in the planes at x.
template <class T>
void window(const ArgpoolParams& p, const T* x, const int64_t o[3], T* top, int64_t* found) {
  Span64 taps[3];
  for (int i = 0; i < 3; ++i) taps[i] = inside(p, i, o[i]);
  const auto place = [&](int i, int64_t k) {
    return o[i] * p.at.stride[i] - p.at.pad[i] + k * p.at.dilation[i];
  };
  for (int64_t kd = taps[0].begin; kd < taps[0].end; ++kd) {
    for (int64_t kh = taps[1].begin; kh < taps[1].end; ++kh) {
      for (int64_t kw = taps[2].begin; kw < taps[2].end; ++kw) {
        const int64_t at[3] = {place(0, kd), place(1, kh), place(2, kw)};
        const T v = x[(at[0] * p.in[1] + at[1]) * p.in[2] + at[2]];
        if (*found >= 0 && (*top != *top || (!(v > *top) && v == v))) continue;  // NaN stays
        *top = v;
        *found = index_of(p, at);
      }
    }
  }
}

template <class T>
void pool(const RunArgs& args, const ArgpoolParams& p, T lowest) {
  const int64_t size = p.in[0] * p.in[1] * p.in[2];
  for (int64_t u = args.begin; u < args.end; ++u) {
    const int64_t plane = u / p.out[0];
    const T* x = static_cast<const T*>(args.in[0]) + plane * size;
    int64_t to = u * p.out[1] * p.out[2];
    int64_t o[3] = {u % p.out[0], 0, 0};
    for (o[1] = 0; o[1] < p.out[1]; ++o[1]) {
      for (o[2] = 0; o[2] < p.out[2]; ++o[2], ++to) {
        T top = lowest;
        int64_t found = -1;
        window(p, x, o, &top, &found);
        if (p.values) static_cast<T*>(args.out[0])[to] = top;
        static_cast<int64_t*>(args.out[1])[to] = found < 0 ? -1 : plane * size + found;
      }
    }
  }
}

void run(const RunArgs& args) {
  auto& p = *static_cast<const ArgpoolParams*>(args.params);
  if (p.type == DType::f32) return pool<float>(args, p, -__builtin_inff());
  if (p.type == DType::u8) return pool<uint8_t>(args, p, 0);
  pool<int8_t>(args, p, -128);
}

}  // namespace

const Kernel argpool_any_portable = {
    "argpool_any_portable", "argpool", Isa::portable, 1, bind, run, nullptr, nullptr};

}  // namespace hone::kernels
