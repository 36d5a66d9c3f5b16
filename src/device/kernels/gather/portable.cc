#include <cstring>

#include "device/kernels/check.h"
#include "device/kernels/gather/gather_impl.h"
#include "device/kernels/words.h"

namespace hone::kernels::portable {
namespace {

template <class T>
void run(const RunArgs& args, const GatherParams& p) {
  const T* x = static_cast<const T*>(args.in[0]);
  auto [at, end] = elements_of_units(args, p.total);
  if (at >= end) return;
  T* y = static_cast<T*>(args.out[0]);
  int64_t row = at / p.inner, col = at % p.inner, outer = row / p.indices, i = row % p.indices;
  while (at < end) {
    int64_t index = p.wide ? static_cast<const int64_t*>(args.in[1])[i]
                           : static_cast<const int32_t*>(args.in[1])[i];
    if (index < 0) index += p.axis_size;
    index = index < 0 ? 0 : index >= p.axis_size ? p.axis_size - 1 : index;
    int64_t n = min_of(p.inner - col, end - at);
    const T* from = x + (outer * p.axis_size + index) * p.inner + col;
    if (n == 1) {
      y[at] = *from;
    } else {
      std::memcpy(y + at, from, static_cast<size_t>(n) * sizeof(T));
    }
    at += n;
    col = 0;
    if (++i == p.indices) i = 0, ++outer;
  }
}

}  // namespace

void gather_any(const RunArgs& args) {
  auto& p = *static_cast<const GatherParams*>(args.params);
  with_word(p.bytes, [&](auto word) { run<decltype(word)>(args, p); });
}

}  // namespace hone::kernels::portable
