#include "device/kernels/cumulate/cumulate.h"

#include <type_traits>

#include "device/kernels/check.h"
#include "device/kernels/numbers.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/cumulate/kernels.inc"
#undef HONE_KERNEL

namespace {

constexpr int lanes = 64;  // neighbours that run along the axis together

struct CumulateParams {
  int64_t size, inner;
  int64_t blocks;  // of lanes, in `inner`
  DType type;
  bool product, exclusive, reverse;
};

bool is_flag(int32_t v) { return v == 0 || v == 1; }

const char* bind(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<CumulateAttrs>(step);
  if (!at || step.in.size() != 1 || step.out.size() != 1) return "cumulate: operands";
  const Operand &x = step.in[0], &y = step.out[0];
  int64_t n = 0, ny = 0;
  if (!dense_count(x, &n) || !dense_count(y, &ny)) return "cumulate: operands must be dense";
  if (!is_number(x.dtype) || y.dtype != x.dtype) return "cumulate: types";
  if (!(x.shape == y.shape)) return "cumulate: shapes";
  int64_t given = at->axis;
  if (step.dims.size() == 1) {
    if (given != 0) return "cumulate: axis";
    given = step.dims[0];
  } else if (!step.dims.empty()) {
    return "cumulate: dims";
  }
  if (given < 0 || given >= x.shape.rank()) return "cumulate: axis";
  const auto axis = static_cast<int>(given);
  if (!is_flag(at->product) || !is_flag(at->exclusive) || !is_flag(at->reverse)) {
    return "cumulate: attributes";
  }
  const int64_t size = x.shape[axis], inner = x.shape.count(axis + 1, x.shape.rank());
  *params_as<CumulateParams>(params) = {size,
                                        inner,
                                        ceil_div(inner, lanes),
                                        x.dtype,
                                        at->product != 0,
                                        at->exclusive != 0,
                                        at->reverse != 0};
  work->units[0] = n == 0 ? 0 : n / (size * inner) * ceil_div(inner, lanes);
  return nullptr;
}

// `n` neighbours at once: x and y at the first of them and the first element along the axis.
template <class T, bool Product>
void cumulate(const T* x, T* y, int64_t n, const CumulateParams& p) {
  using W = std::conditional_t<std::is_integral_v<T>, uint64_t, double>;
  W sums[lanes];
  for (W& s : sums) s = Product ? 1 : 0;
  for (int64_t k = 0; k < p.size; ++k) {
    const int64_t at = (p.reverse ? p.size - 1 - k : k) * p.inner;
    for (int64_t i = 0; i < n; ++i) {
      const W before = sums[i], v = static_cast<W>(x[at + i]);
      sums[i] = Product ? before * v : before + v;
      y[at + i] = static_cast<T>(p.exclusive ? before : sums[i]);
    }
  }
}

void run(const RunArgs& args) {
  auto& p = *static_cast<const CumulateParams*>(args.params);
  with_number(p.type, [&](auto number) {
    using T = decltype(number);
    for (int64_t u = args.begin; u < args.end; ++u) {
      const int64_t first = u % p.blocks * lanes;
      const int64_t at = u / p.blocks * p.size * p.inner + first;
      const T* x = static_cast<const T*>(args.in[0]) + at;
      T* y = static_cast<T*>(args.out[0]) + at;
      const int64_t n = min_of(lanes, p.inner - first);
      p.product ? cumulate<T, true>(x, y, n, p) : cumulate<T, false>(x, y, n, p);
    }
  });
}

}  // namespace

const Kernel cumulate_any_portable = {
    "cumulate_any_portable", "cumulate", Isa::portable, 1, bind, run, nullptr, nullptr};

}  // namespace hone::kernels
