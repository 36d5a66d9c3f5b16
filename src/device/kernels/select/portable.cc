#include "device/kernels/check.h"
#include "device/kernels/select/select_impl.h"
#include "device/kernels/words.h"

namespace hone::kernels::portable {
namespace {

template <class T>
void run(const RunArgs& args, const Loops<3>& l) {
  const uint8_t* c = static_cast<const uint8_t*>(args.in[0]);
  const T *a = static_cast<const T*>(args.in[1]), *b = static_cast<const T*>(args.in[2]);
  int64_t begin = args.begin * chunk, end = min_of(args.end * chunk, l.total);
  T* y = static_cast<T*>(args.out[0]) + begin;
  int64_t sc = l.stride[0][l.rank - 1], sa = l.stride[1][l.rank - 1], sb = l.stride[2][l.rank - 1];
  walk<3>(l, begin, end, [&](const int64_t* at, int64_t n) {
    const uint8_t* rc = c + at[0];
    const T *ra = a + at[1], *rb = b + at[2];
    if (sc == 0) {
      const T* from = *rc ? ra : rb;
      int64_t step = *rc ? sa : sb;
      for (int64_t i = 0; i < n; ++i) y[i] = from[i * step];
    } else if (sa == 1 && sb == 1) {
      for (int64_t i = 0; i < n; ++i) y[i] = rc[i] ? ra[i] : rb[i];
    } else if (sa == 1 && sb == 0) {
      T v = *rb;
      for (int64_t i = 0; i < n; ++i) y[i] = rc[i] ? ra[i] : v;
    } else {
      for (int64_t i = 0; i < n; ++i) y[i] = rc[i] ? ra[i * sa] : rb[i * sb];
    }
    y += n;
  });
}

}  // namespace

void select_any(const RunArgs& args) {
  auto* p = static_cast<const SelectParams*>(args.params);
  with_word(p->bytes, [&](auto word) { run<decltype(word)>(args, p->loops); });
}

}  // namespace hone::kernels::portable
