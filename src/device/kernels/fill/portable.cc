#include <type_traits>

#include "device/kernels/check.h"
#include "device/kernels/fill/fill_impl.h"
#include "device/kernels/words.h"

namespace hone::kernels::portable {

void fill_any(const RunArgs& args) {
  auto* p = static_cast<const FillParams*>(args.params);
  const Span64 own = elements_of_units(args, p->count);
  if (p->mode == Fill::dims) {
    for (int64_t i = own.begin; i < own.end; ++i) {
      if (p->dtype == DType::i64) {
        static_cast<int64_t*>(args.out[0])[i] = p->dims[i];
      } else {
        static_cast<int32_t*>(args.out[0])[i] = static_cast<int32_t>(p->dims[i]);
      }
    }
    return;
  }
  with_word(p->bytes, [&](auto word) {
    using T = decltype(word);
    T v;
    if constexpr (std::is_same_v<T, Word16>) {
      v = {p->lo, p->hi};
    } else {
      v = static_cast<T>(p->lo);
    }
    T* y = static_cast<T*>(args.out[0]);
    for (int64_t i = own.begin; i < own.end; ++i) y[i] = v;
  });
}

}  // namespace hone::kernels::portable
