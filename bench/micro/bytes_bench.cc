// Steps on quantised values that are no convolutions.
#include "device/kernels/qbinary/qbinary.h"
#include "device/kernels/qpool/qpool.h"
#include "device/kernels/table/table.h"
#include "device/kernels/testing/typed_tensor.h"
#include "kernel_bench.h"

namespace hone::kernels::testing {
namespace {

double count_of(const Shape& shape) { return static_cast<double>(shape.count()); }

}  // namespace

void register_table() {
  const Shape x = {1, 56 * 56, 64};
  register_step("table", "56x56x64", {0, 2 * count_of(x)}, [=] {
    Rng rng(1);
    TestStep s;
    s.in = {random_bytes(rng, DType::u8, x), random_bytes(rng, DType::u8, {256})};
    s.out = {tensor(DType::u8, x)};
    return s;
  });
}

void register_qbinary() {
  const Shape x = {1, 56, 56, 64}, row = {1, 1, 1, 64};
  auto add = [&](const char* name, QBinary op, const Shape& b) {
    register_step("qbinary", name, {0, 3 * count_of(x)}, [=] {
      Rng rng(1);
      TestStep s;
      s.attrs = words(QBinaryAttrs{op, 0, 128, 120, 131, 0, 255, 0.02f, 0.03f, 0.04f});
      s.in = {random_bytes(rng, DType::u8, x), random_bytes(rng, DType::u8, b)};
      s.out = {tensor(DType::u8, x)};
      return s;
    });
  };
  add("add", QBinary::add, x);
  add("mul_by_channel", QBinary::mul, row);
}

void register_qpool() {
  auto add = [&](const char* name, Pool kind, bool global, const Shape& x, const Shape& y) {
    register_step("qpool", name, {0, count_of(x) + count_of(y)}, [=] {
      Rng rng(1);
      TestStep s;
      s.attrs = words(QPoolAttrs{{kind, global, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 0}, 128, 128, 0.9f});
      s.in = {random_bytes(rng, DType::u8, x)};
      s.out = {tensor(DType::u8, y)};
      return s;
    });
  };
  add("max_112", Pool::max, false, {1, 112, 112, 64}, {1, 56, 56, 64});
  add("global_7x7", Pool::average, true, {1, 7, 7, 1280}, {1, 1, 1, 1280});
}

}  // namespace hone::kernels::testing
