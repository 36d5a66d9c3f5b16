// Convolutions of ResNet-50, MobileNetV2 and MLPerf Tiny's models at batch 1, every kernel, one
// thread, warm caches.
#include "common/tensor/half.h"
#include "device/kernels/conv/conv.h"
#include "device/kernels/hconv/hconv.h"
#include "device/kernels/qconv/qconv.h"
#include "kernel_bench.h"

namespace hone::kernels::testing {
namespace {

struct Shape2d {
  const char* name;
  int size, c, o, kernel, stride;
  int group;  // channels of x in one; 0: all
};
constexpr Shape2d shapes[] = {
    {"resnet50_stem_7x7_s2", 224, 3, 64, 7, 2, 0},
    {"resnet50_56_64_256_1x1", 56, 64, 256, 1, 1, 0},
    {"resnet50_56_256_64_1x1", 56, 256, 64, 1, 1, 0},
    {"resnet50_56_64_64_3x3", 56, 64, 64, 3, 1, 0},
    {"resnet50_28_128_128_3x3", 28, 128, 128, 3, 1, 0},
    {"resnet50_56_256_512_1x1_s2", 56, 256, 512, 1, 2, 0},
    {"resnet50_14_256_256_3x3", 14, 256, 256, 3, 1, 0},
    {"resnet50_14_256_1024_1x1", 14, 256, 1024, 1, 1, 0},
    {"resnet50_7_512_512_3x3", 7, 512, 512, 3, 1, 0},
    {"resnet50_7_2048_512_1x1", 7, 2048, 512, 1, 1, 0},
    {"mobilenetv2_stem_3x3_s2", 224, 3, 32, 3, 2, 0},
    {"mobilenetv2_112_16_96_1x1", 112, 16, 96, 1, 1, 0},
    {"mobilenetv2_56_144_24_1x1", 56, 144, 24, 1, 1, 0},
    {"mobilenetv2_14_384_96_1x1", 14, 384, 96, 1, 1, 0},
    {"mobilenetv2_7_320_1280_1x1", 7, 320, 1280, 1, 1, 0},
    {"mobilenetv2_112_32_dw3x3", 112, 32, 32, 3, 1, 1},
    {"mobilenetv2_112_96_dw3x3_s2", 112, 96, 96, 3, 2, 1},
    {"mobilenetv2_56_144_dw3x3", 56, 144, 144, 3, 1, 1},
    {"mobilenetv2_14_384_dw3x3", 14, 384, 384, 3, 1, 1},
    {"mobilenetv2_7_960_dw3x3", 7, 960, 960, 3, 1, 1},
    {"mobilenetv3_28_120_dw5x5", 28, 120, 120, 5, 1, 1},
    {"resnet20_32_16_16_3x3", 32, 16, 16, 3, 1, 0},
    {"vww_stem_3x3_s2", 96, 3, 8, 3, 2, 0},
    {"vww_48_8_16_1x1", 48, 8, 16, 1, 1, 0},
    {"vww_48_8_dw3x3", 48, 8, 8, 3, 1, 1},
    {"vww_48_16_dw3x3_s2", 48, 16, 16, 3, 2, 1},
    {"resnext50_56_128_32_groups", 56, 128, 128, 3, 1, 4},
    {"resnext50_28_256_32_groups", 28, 256, 256, 3, 1, 8},
};

int groups(const Shape2d& s) { return s.group ? s.c / s.group : 1; }
int out_size(const Shape2d& s) { return (s.size + s.kernel / 2 * 2 - s.kernel) / s.stride + 1; }

TestStep make(const Shape2d& s) {
  Rng rng(1);
  ConvAttrs a{};
  a.out_channels = s.o, a.groups = groups(s);
  a.kernel_h = a.kernel_w = s.kernel, a.stride_h = a.stride_w = s.stride;
  a.dilation_h = a.dilation_w = 1;
  a.pad_t = a.pad_l = a.pad_b = a.pad_r = s.kernel / 2;
  a.act = Act::relu;
  TestStep step;
  step.attrs = words(a);
  step.in = {random_tensor(rng, {1, s.size, s.size, s.c}),
             constant(random_tensor(rng, {s.o, s.kernel, s.kernel, s.c / a.groups})),
             constant(random_tensor(rng, {s.o})), Tensor{}};
  step.out = {tensor(DType::f32, {1, out_size(s), out_size(s), s.o})};
  return step;
}

Tensor rounded(const Tensor& from) {
  Tensor to = tensor(DType::bf16, from.op.shape);
  fill<uint16_t>(to, [&](int64_t i) { return f32_to_bf16(from.at<float>(i)); });
  return to;
}

// The same convolution in bf16.
TestStep make_half(const Shape2d& s) {
  TestStep step = make(s);
  HConvAttrs a{};
  static_cast<ConvAttrs&>(a) = *reinterpret_cast<const ConvAttrs*>(step.attrs.data());
  a.type = static_cast<int32_t>(DType::bf16);
  step.attrs = words(a);
  step.in[0] = rounded(step.in[0]), step.in[1] = constant(rounded(step.in[1]));
  step.out = {tensor(DType::bf16, {1, out_size(s), out_size(s), s.o})};
  return step;
}

Tensor random_bytes(Rng& rng, DType t, const Shape& shape) {
  Tensor x = tensor(t, shape);
  fill<uint8_t>(x, [&](int64_t) { return static_cast<uint8_t>(random_int(rng, 0, 255)); });
  return x;
}

// The same convolution of u8 by i8, with a scale for each filter.
TestStep make_quantised(const Shape2d& s) {
  Rng rng(1);
  QConvAttrs a{};
  a.out_channels = s.o, a.groups = groups(s);
  a.kernel_h = a.kernel_w = s.kernel, a.stride_h = a.stride_w = s.stride;
  a.dilation_h = a.dilation_w = 1;
  a.pad_t = a.pad_l = a.pad_b = a.pad_r = s.kernel / 2;
  a.x_zero = 128, a.y_zero = 128;
  TestStep step;
  step.attrs = words(a);
  Tensor bias = tensor(DType::i32, {s.o});
  fill<int32_t>(bias, [&](int64_t) { return random_int(rng, -1000, 1000); });
  const Shape filters = {s.o, s.kernel, s.kernel, s.c / a.groups};
  step.in = {random_bytes(rng, DType::u8, {1, s.size, s.size, s.c}),
             constant(random_bytes(rng, DType::i8, filters)), constant(bias),
             constant(random_tensor(rng, {s.o}, 0, 0.001f, 0.002f)), Tensor{}};
  step.out = {tensor(DType::u8, {1, out_size(s), out_size(s), s.o})};
  return step;
}

void register_shapes(const char* family, TestStep (*make_step)(const Shape2d&)) {
  for (const Shape2d& s : shapes) {
    const double pixels = out_size(s) * out_size(s), taps = s.kernel * s.kernel;
    register_step(family, s.name, {2 * pixels * s.o * taps * (s.c / groups(s))},
                  [&s, make_step] { return make_step(s); });
  }
}

}  // namespace

void register_conv() { register_shapes("conv", make); }
void register_hconv() { register_shapes("hconv", make_half); }
void register_qconv() { register_shapes("qconv", make_quantised); }

}  // namespace hone::kernels::testing
