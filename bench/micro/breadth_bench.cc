// Normalisation, resizing, transposed convolution, quantisation, GRU, lookups by index.
#include "device/kernels/col2im/col2im.h"
#include "device/kernels/cut/cut.h"
#include "device/kernels/dequantize/dequantize.h"
#include "device/kernels/gather_elements/gather_elements.h"
#include "device/kernels/gather_nd/gather_nd.h"
#include "device/kernels/norm/norm.h"
#include "device/kernels/quantize/quantize.h"
#include "device/kernels/range/range.h"
#include "device/kernels/resize/resize.h"
#include "device/kernels/rnn/rnn.h"
#include "device/kernels/roi/roi.h"
#include "device/kernels/sample/sample.h"
#include "device/kernels/sizes/sizes.h"
#include "device/kernels/testing/typed_tensor.h"
#include "device/kernels/unique/unique.h"
#include "kernel_bench.h"

namespace hone::kernels::testing {
namespace {

double count_of(const Shape& shape) { return static_cast<double>(shape.count()); }

void add_norm(const char* name, int32_t centre, const Shape& x) {
  register_step("norm", name, {0, 8 * count_of(x)}, [=] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(NormAttrs{centre, 1e-5f});
    const Shape affine = {x[2] * x[3]};
    s.in = {random_tensor(rng, x), random_tensor(rng, affine), random_tensor(rng, affine)};
    s.out = {tensor(DType::f32, x), Tensor{}, Tensor{}};
    return s;
  });
}

void add_resize(const char* name, ResizeMode mode, const Shape& x, const Shape& y) {
  register_step("resize", name, {0, 4 * (count_of(x) + count_of(y))}, [=] {
    Rng rng(1);
    ResizeAttrs a{};
    a.mode = mode;
    a.transform =
        mode == ResizeMode::nearest ? ResizeTransform::asymmetric : ResizeTransform::half_pixel;
    a.nearest = ResizeNearest::floor;
    a.cubic_a = -0.75f;
    a.roi_end_h = a.roi_end_w = 1;
    TestStep s;
    s.attrs = words(a);
    s.in = {random_tensor(rng, x)};
    s.out = {tensor(DType::f32, y)};
    s.dims = {y[1], x[1], y[2], x[2]};
    return s;
  });
}

Tensor scale_of(float value) {
  Tensor t = tensor(DType::f32, {1});
  fill<float>(t, [value](int64_t) { return value; });
  return t;
}

}  // namespace

void register_norm() {
  add_norm("layer_deit", 1, {197, 1, 1, 192});
  add_norm("layer_convnext", 1, {3136, 1, 1, 96});
  add_norm("rms_llm", 0, {64, 1, 1, 2048});
  add_norm("group_32", 1, {1, 1024, 32, 10});
}

void register_resize() {
  add_resize("nearest_x2", ResizeMode::nearest, {1, 20, 20, 256}, {1, 40, 40, 256});
  add_resize("linear_x8", ResizeMode::linear, {1, 28, 28, 21}, {1, 224, 224, 21});
  add_resize("cubic_x2", ResizeMode::cubic, {1, 56, 56, 32}, {1, 112, 112, 32});
}

void register_sample() {
  const Shape x = {1, 1, 56, 56, 64};
  register_step("sample", "linear_56", {0, 8 * count_of(x)}, [=] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(SampleAttrs{SampleMode::linear, SamplePadding::zeros, 0});
    s.in = {random_tensor(rng, x), random_tensor(rng, {1, 56 * 56, 2})};
    s.out = {tensor(DType::f32, {1, 56 * 56, 64})};
    return s;
  });
}

void register_roi() {
  const Shape x = {1, 50, 50, 256}, y = {100, 7, 7, 256};
  register_step("roi", "align_7x7", {0, 4 * (count_of(x) + count_of(y))}, [=] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(RoiAttrs{RoiMode::average, 1, 2, 0.0625f});
    s.in = {random_tensor(rng, x), tensor(DType::f32, {100, 4}), tensor(DType::i64, {100})};
    fill<float>(s.in[1], [&](int64_t i) {
      return static_cast<float>(random_int(rng, 0, 400) + (i % 4 < 2 ? 0 : 400));
    });
    fill<int64_t>(s.in[2], [](int64_t) { return 0; });
    s.out = {tensor(DType::f32, y)};
    return s;
  });
}

void register_range() {
  register_step("range", "positions", {0, 8.0 * 4096}, [] {
    TestStep s;
    Tensor start = tensor(DType::i64, {}), delta = tensor(DType::i64, {});
    set(start, 0, 0);
    set(delta, 0, 1);
    s.in = {start, delta};
    s.out = {tensor(DType::i64, {4096})};
    return s;
  });
}

void register_sizes() {
  register_step("sizes", "slice", {0, 100}, [] {
    TestStep s;
    for (int64_t v : {1, 30, 0, 2}) {
      Tensor t = tensor(DType::i64, {1});
      t.at<int64_t>(0) = v;
      s.in.push_back(t);
    }
    s.out = {tensor(DType::i64, {17})};
    s.attrs = words(SizesAttrs{Sizes::slice, 0});
    s.dims = {64, 56, 56, 3};
    return s;
  });
}

void register_cut() {
  register_step("cut", "every_second", {0, 2 * 4.0 * 28 * 56 * 64}, [] {
    Rng rng(1);
    TestStep s;
    s.in = {random_tensor(rng, {56, 56, 64})};
    s.out = {tensor(DType::f32, {28, 56, 64})};
    s.dims = {0, 0, 0, 2, 1, 1};
    return s;
  });
}

void register_unique() {
  register_step("unique", "numbers", {0, 4 * 8.0 * 1000}, [] {
    TestStep s;
    s.in = {tensor(DType::i64, {1000, 1})};
    for (int64_t i = 0; i < 1000; ++i) s.in[0].at<int64_t>(i) = i * 7919 % 400;
    s.out = {tensor(DType::i64, {1000, 1})};
    for (int64_t n : {1000, 1000, 1000, 1}) s.out.push_back(tensor(DType::i64, {n}));
    s.attrs = words(UniqueAttrs{1});
    return s;
  });
}

void register_gather_elements() {
  register_step("gather_elements", "best_boxes", {0, 8.0 * 100 * 4}, [] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(GatherElementsAttrs{1});
    Tensor which = tensor(DType::i64, {1, 100, 4});
    fill<int64_t>(which, [&](int64_t) { return random_int(rng, 0, 8399); });
    s.in = {random_tensor(rng, {1, 8400, 4}), which};
    s.out = {tensor(DType::f32, {1, 100, 4})};
    return s;
  });
}

void register_gather_nd() {
  register_step("gather_nd", "points", {0, 8.0 * 1000 * 64}, [] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(GatherNdAttrs{0});
    Tensor which = tensor(DType::i64, {1000, 2});
    fill<int64_t>(which, [&](int64_t) { return random_int(rng, 0, 79); });
    s.in = {random_tensor(rng, {80, 80, 64}), which};
    s.out = {tensor(DType::f32, {1000, 64})};
    return s;
  });
}

void register_col2im() {
  const Shape x = {1, 28, 28, 2, 2, 64}, y = {1, 56, 56, 64};
  register_step("col2im", "unet_2x2_s2", {0, 4 * (count_of(x) + count_of(y))}, [=] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(Col2imAttrs{2, 2, 1, 1, 0, 0});
    s.in = {random_tensor(rng, x), random_tensor(rng, {64})};
    s.out = {tensor(DType::f32, y)};
    return s;
  });
}

void register_quantize() {
  const Shape x = {1, 56 * 56, 64};
  register_step("quantize", "u8", {0, 5 * count_of(x)}, [=] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(QuantizeAttrs{0});
    s.in = {random_tensor(rng, x), scale_of(0.02f), random_of(rng, DType::u8, {1})};
    s.out = {tensor(DType::u8, x)};
    return s;
  });
}

void register_dequantize() {
  const Shape x = {1, 56 * 56, 64};
  register_step("dequantize", "u8", {0, 5 * count_of(x)}, [=] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(DequantizeAttrs{0});
    s.in = {random_of(rng, DType::u8, x), scale_of(0.02f), random_of(rng, DType::u8, {1})};
    s.out = {tensor(DType::f32, x)};
    return s;
  });
}

void register_rnn() {
  constexpr int64_t steps = 49, hidden = 128;
  register_step("rnn", "gru_128", {2.0 * steps * 3 * hidden * hidden, 0}, [=] {
    Rng rng(1);
    RnnAttrs a{};
    a.hidden = hidden;
    a.gates = 3;
    a.f = a.f2 = Act::sigmoid;
    a.g = a.g2 = Act::tanh;
    TestStep s;
    s.attrs = words(a);
    s.in = {random_tensor(rng, {steps, 1, 3 * hidden}), random_tensor(rng, {1, hidden, 3 * hidden}),
            random_tensor(rng, {1, 3 * hidden}), Tensor{}, Tensor{}};
    s.out = {tensor(DType::f32, {steps, 1, 1, hidden}), tensor(DType::f32, {1, 1, hidden})};
    return s;
  });
}

}  // namespace hone::kernels::testing
