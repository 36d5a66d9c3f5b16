// Data movement: layout changes, concatenation, padding, lookups.
#include "device/kernels/argpool/argpool.h"
#include "device/kernels/copy/copy.h"
#include "device/kernels/cumulate/cumulate.h"
#include "device/kernels/dft/dft.h"
#include "device/kernels/fill/fill.h"
#include "device/kernels/gather/gather.h"
#include "device/kernels/linear_attention/linear_attention.h"
#include "device/kernels/nms/nms.h"
#include "device/kernels/pad/pad.h"
#include "device/kernels/random/random.h"
#include "device/kernels/scatter/scatter.h"
#include "device/kernels/slice/slice.h"
#include "device/kernels/testing/typed_tensor.h"
#include "device/kernels/topk/topk.h"
#include "kernel_bench.h"

namespace hone::kernels::testing {
namespace {

// y = x, where x lies in `x_strides`.
void add_copy(const char* name, DType t, const Shape& shape, std::vector<int64_t> x_strides,
              std::vector<int64_t> y_strides) {
  const auto bytes = static_cast<double>(2 * byte_size(t, shape.count()));
  register_step("copy", name, {0, bytes}, [=] {
    TestStep s;
    s.attrs = words(CopyAttrs{0});
    s.in = {strided_tensor(t, shape, x_strides)};
    std::memset(s.in[0].memory->data(), 1, static_cast<size_t>(s.in[0].memory->bytes()));
    s.out = {strided_tensor(t, shape, y_strides)};
    return s;
  });
}

}  // namespace

void register_copy() {
  const Shape image = {1, 224, 224, 3}, picture = {1, 56, 56, 64};
  add_copy("image_to_channels_last", DType::f32, image, {3 * 224 * 224, 224, 1, 224 * 224},
           {3 * 224 * 224, 224 * 3, 3, 1});
  add_copy("image_u8_to_channels_last", DType::u8, image, {3 * 224 * 224, 224, 1, 224 * 224},
           {3 * 224 * 224, 224 * 3, 3, 1});
  add_copy("picture_u8_to_channels_last", DType::u8, picture, {64 * 56 * 56, 56, 1, 56 * 56},
           {64 * 56 * 56, 56 * 64, 64, 1});
  add_copy("matrix_i64_transposed", DType::i64, {256, 256}, {1, 256}, {256, 1});
  add_copy("concat_channels_u8", DType::u8, picture, {64 * 56 * 56, 56 * 64, 64, 1},
           {128 * 56 * 56, 56 * 128, 128, 1});
  add_copy("picture_to_channels_last", DType::f32, picture, {64 * 56 * 56, 56, 1, 56 * 56},
           {64 * 56 * 56, 56 * 64, 64, 1});
  add_copy("concat_channels", DType::f32, picture, {64 * 56 * 56, 56 * 64, 64, 1},
           {128 * 56 * 56, 56 * 128, 128, 1});
  add_copy("attention_heads", DType::f32, {12, 197, 64}, {64, 768, 1}, {197 * 64, 64, 1});
}

void register_pad() {
  const Shape x = {1, 56, 56, 64}, y = {1, 58, 58, 64};
  register_step("pad", "border_1", {0, static_cast<double>(4 * (x.count() + y.count()))}, [=] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(PadAttrs{PadMode::constant});
    s.in = {random_tensor(rng, x), Tensor{}};
    s.out = {tensor(DType::f32, y)};
    s.dims = {0, 1, 1, 0, 0, 1, 1, 0};
    return s;
  });
}

void register_gather() {
  register_step("gather", "word_embedding", {0, 2.0 * 128 * 384 * 4}, [] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(GatherAttrs{0});
    Tensor which = tensor(DType::i64, {128});
    fill<int64_t>(which, [&](int64_t) { return random_int(rng, 0, 7999); });
    s.in = {random_tensor(rng, {8000, 384}), which};
    s.out = {tensor(DType::f32, {128, 384})};
    return s;
  });
}

void register_nonzero() {
  register_step("nonzero", "mask", {0, 2.0 * 320 * 320}, [] {
    Rng rng(1);
    TestStep s;
    Tensor mask = tensor(DType::boolean, {320, 320});
    for (int64_t i = 0; i < mask.count(); ++i) set(mask, i, random_int(rng, 0, 9) == 0 ? 1 : 0);
    s.in = {mask};
    s.out = {tensor(DType::i64, {2, 320 * 320}), tensor(DType::i64, {})};
    return s;
  });
}

void register_nms() {
  register_step("nms", "ssd", {0, 4.0 * 1917 * (4 + 90)}, [] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(NmsAttrs{0});
    Tensor threshold = tensor(DType::f32, {1});
    fill<float>(threshold, [](int64_t) { return 0.6f; });
    s.in = {random_tensor(rng, {1, 1917, 4}), random_tensor(rng, {1, 90, 1917}), threshold,
            threshold};
    s.out = {tensor(DType::i64, {90 * 100, 3}), tensor(DType::i64, {})};
    s.dims = {100};
    return s;
  });
}

void register_scatter() {
  register_step("scatter", "cache_rows", {0, 2.0 * 512 * 768 * 4}, [] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(ScatterAttrs{-1, Scatter::write});
    Tensor which = tensor(DType::i64, {64, 1});
    fill<int64_t>(which, [&](int64_t) { return random_int(rng, 0, 511); });
    s.in = {random_tensor(rng, {512, 768}), which, random_tensor(rng, {64, 768})};
    s.out = {tensor(DType::f32, {512, 768})};
    return s;
  });
}

void register_topk() {
  register_step("topk", "anchors", {0, 4.0 * 8400}, [] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(TopkAttrs{1, 1});
    s.in = {random_tensor(rng, {1, 8400})};
    s.out = {tensor(DType::f32, {1, 300}), tensor(DType::i64, {1, 300})};
    return s;
  });
}

void register_cumulate() {
  register_step("cumulate", "mask_positions", {0, 2.0 * 128 * 512 * 8}, [] {
    TestStep s;
    s.attrs = words(CumulateAttrs{1, 0, 0, 0});
    Tensor mask = tensor(DType::i64, {128, 512});
    fill<int64_t>(mask, [](int64_t) { return int64_t{1}; });
    s.in = {mask};
    s.out = {tensor(DType::i64, {128, 512})};
    return s;
  });
}

void register_random() {
  register_step("random", "dropout", {0, 128.0 * 768 * 5}, [] {
    TestStep s;
    s.attrs = words(RandomAttrs{Random::bernoulli, 1, 0, 0, 1});
    s.in = {tensor(DType::f32, {128, 768})};
    fill<float>(s.in[0], [](int64_t) { return 0.9f; });
    s.out = {tensor(DType::boolean, {128, 768})};
    return s;
  });
}

void register_argpool() {
  register_step("argpool", "segnet_pool", {0, 4.0 * 64 * 112 * 112}, [] {
    TestStep s;
    s.attrs = words(ArgpoolAttrs{{1, 2, 2}, {1, 2, 2}, {1, 1, 1}, {0, 0, 0}, 0});
    s.in = {tensor(DType::f32, {1, 64, 1, 112, 112})};
    fill<float>(s.in[0], [](int64_t i) { return static_cast<float>(i % 97); });
    s.out = {tensor(DType::f32, {1, 64, 1, 56, 56}), tensor(DType::i64, {1, 64, 1, 56, 56})};
    return s;
  });
}

void register_linear_attention() {
  const double flops = 8.0 * 64 * 4 * 64 * 64;
  register_step("linear_attention", "gated_delta_64", {flops, 0}, [] {
    TestStep s;
    s.attrs = words(LinearAttentionAttrs{4, 4, 0.125f});
    for (int64_t columns : {256, 256, 256}) s.in.push_back(tensor(DType::f32, {1, 64, columns}));
    s.in.push_back(tensor(DType::f32, {1, 4, 64, 64}));
    s.in.push_back(tensor(DType::f32, {1, 64, 4}));
    s.in.push_back(tensor(DType::f32, {1, 64, 4}));
    for (Tensor& t : s.in)
      fill<float>(t, [](int64_t i) { return 0.01f * static_cast<float>(i % 7); });
    s.out = {tensor(DType::f32, {1, 64, 256}), tensor(DType::f32, {1, 4, 64, 64})};
    return s;
  });
}

void register_slice() {
  register_step("slice", "state_of_a_step", {0, 2.0 * 256 * 512 * 4}, [] {
    TestStep s;
    s.attrs = words(SliceAttrs{1, 0, 0});
    s.in = {tensor(DType::f32, {256, 16, 512}), tensor(DType::i64, {})};
    fill<int64_t>(s.in[1], [](int64_t) { return int64_t{7}; });
    s.out = {tensor(DType::f32, {256, 512})};
    return s;
  });
}

void register_dft() {
  register_step("dft", "frames", {0, 2.0 * 100 * 400 * 4}, [] {
    Rng rng(1);
    TestStep s;
    s.attrs = words(DftAttrs{0, 1});
    s.dims = {1, 400};
    s.in = {random_tensor(rng, {100, 400, 1})};
    s.out = {tensor(DType::f32, {100, 201, 2})};
    return s;
  });
}

void register_fill() {
  register_step("fill", "zeros", {0, 4.0 * 56 * 56 * 64}, [] {
    TestStep s;
    s.attrs = words(FillAttrs{Fill::value, 0, 0});
    s.out = {tensor(DType::f32, {1, 56, 56, 64})};
    return s;
  });
}

}  // namespace hone::kernels::testing
