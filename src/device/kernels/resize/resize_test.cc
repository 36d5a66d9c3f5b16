// Every kernel of the family against the whole matrix of weights of each axis, in double.
#include "device/kernels/resize/resize.h"

#include <gtest/gtest.h>

#include <cmath>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

struct ResizeCase {
  Shape x;  // [outer, H, W, inner]
  int64_t oh = 1, ow = 1;
  ResizeAttrs attrs = make(ResizeMode::nearest, ResizeTransform::half_pixel);
  DType type = DType::f32;

  static ResizeAttrs make(ResizeMode mode, ResizeTransform transform) {
    ResizeAttrs a{};
    a.mode = mode, a.transform = transform;
    a.cubic_a = -0.75f, a.roi_end_h = a.roi_end_w = 1;
    return a;
  }
};

// ONNX's position of output o in the input.
double position(const ResizeAttrs& a, double o, double scale, int64_t in, int64_t out, double begin,
                double end) {
  const double length = static_cast<double>(in), exact = scale * length;
  switch (a.transform) {
    case ResizeTransform::asymmetric: return o / scale;
    case ResizeTransform::align_corners: return exact == 1 ? 0 : o * (length - 1) / (exact - 1);
    case ResizeTransform::pytorch_half_pixel: return exact == 1 ? -0.5 : (o + 0.5) / scale - 0.5;
    case ResizeTransform::half_pixel_symmetric:
      return length / 2 * (1 - static_cast<double>(out) / exact) + (o + 0.5) / scale - 0.5;
    case ResizeTransform::tf_crop_and_resize:
      if (exact == 1) return (begin + end) / 2 * (length - 1);
      return begin * (length - 1) + o * (end - begin) * (length - 1) / (exact - 1);
    default: return (o + 0.5) / scale - 0.5;
  }
}

double kernel_at(const ResizeAttrs& a, double t) {
  t = std::fabs(t);
  if (a.mode == ResizeMode::linear) return t < 1 ? 1 - t : 0;
  const double c = static_cast<double>(a.cubic_a);
  if (t <= 1) return (c + 2) * t * t * t - (c + 3) * t * t + 1;
  return t < 2 ? c * t * t * t - 5 * c * t * t + 8 * c * t - 4 * c : 0;
}

double nearest(ResizeNearest mode, double x) {
  switch (mode) {
    case ResizeNearest::floor: return std::floor(x);
    case ResizeNearest::ceil: return std::ceil(x);
    case ResizeNearest::round_prefer_ceil: return std::floor(x + 0.5);
    default: return std::ceil(x - 0.5);
  }
}

struct Matrix {
  std::vector<std::vector<double>> rows;  // [out][in]
  std::vector<bool> beyond;
};
Matrix axis_matrix(const ResizeAttrs& a, double scale, int64_t in, int64_t out, double begin,
                   double end) {
  Matrix m{std::vector(static_cast<size_t>(out), std::vector<double>(static_cast<size_t>(in))), {}};
  const bool same = scale == 1 && in == out && begin == 0 && end == 1;
  for (int64_t o = 0; o < out; ++o) {
    auto& row = m.rows[static_cast<size_t>(o)];
    const double x = position(a, static_cast<double>(o), scale, in, out, begin, end);
    auto add = [&](int64_t i, double w) {
      row[static_cast<size_t>(std::clamp<int64_t>(i, 0, in - 1))] += w;
    };
    m.beyond.push_back(!same && a.transform == ResizeTransform::tf_crop_and_resize &&
                       (x < 0 || x > static_cast<double>(in - 1)));
    if (same) {
      add(o, 1);
      continue;
    }
    if (a.mode == ResizeMode::nearest) {
      add(static_cast<int64_t>(nearest(a.nearest, x)), 1);
      continue;
    }
    const double narrow = a.antialias ? std::fmin(scale, 1) : 1, reach = 3 / narrow;
    double sum = 0;
    for (auto i = static_cast<int64_t>(x - reach) - 1; static_cast<double>(i) <= x + reach; ++i) {
      const double w = kernel_at(a, (static_cast<double>(i) - x) * narrow);
      if (a.exclude_outside && (i < 0 || i >= in)) continue;
      add(i, w), sum += w;
    }
    if (!a.antialias && !a.exclude_outside) continue;
    for (double& w : row) w /= sum;
  }
  return m;
}

TestStep step_of(Rng& rng, const ResizeCase& k, bool by_scales = false) {
  TestStep s;
  ResizeAttrs a = k.attrs;
  s.dims = {k.oh, k.x[1], k.ow, k.x[2]};
  if (by_scales) s.dims = {0, 0, 0, 0};
  s.attrs = words(a);
  s.in = {k.type == DType::f32 ? random_tensor(rng, k.x) : random_bytes(rng, k.type, k.x)};
  s.out = {tensor(k.type, {k.x[0], k.oh, k.ow, k.x[3]})};
  return s;
}

void check(const ResizeCase& k, const TestStep& s) {
  const ResizeAttrs& a = k.attrs;
  auto scale = [](int64_t n, int64_t d, float given) {
    return d == 0 ? static_cast<double>(given) : static_cast<double>(n) / static_cast<double>(d);
  };
  const Matrix h =
      axis_matrix(a, scale(s.dims[0], s.dims[1], a.scale_h), k.x[1], k.oh,
                  static_cast<double>(a.roi_begin_h), static_cast<double>(a.roi_end_h));
  const Matrix w =
      axis_matrix(a, scale(s.dims[2], s.dims[3], a.scale_w), k.x[2], k.ow,
                  static_cast<double>(a.roi_begin_w), static_cast<double>(a.roi_end_w));
  std::vector<double> want;
  for (int64_t i = 0; i < s.out[0].count(); ++i) {
    auto at = index_of(s.out[0].op.shape, i);
    const auto oy = static_cast<size_t>(at[1]), ox = static_cast<size_t>(at[2]);
    double sum = 0;
    for (int64_t iy = 0; iy < k.x[1]; ++iy) {
      for (int64_t ix = 0; ix < k.x[2]; ++ix) {
        const double weight =
            h.rows[oy][static_cast<size_t>(iy)] * w.rows[ox][static_cast<size_t>(ix)];
        if (weight != 0) {
          sum += weight * get(s.in[0], ((at[0] * k.x[1] + iy) * k.x[2] + ix) * k.x[3] + at[3]);
        }
      }
    }
    want.push_back(h.beyond[oy] || w.beyond[ox] ? static_cast<double>(a.extrapolation) : sum);
  }
  for (const Kernel* kernel : kernels_of("resize")) {
    Outcome o = run_kernel(*kernel, s);
    if (o.refused != nullptr && k.type != DType::f32) continue;
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    std::string info = std::string(kernel->name) + text(k.x) + " " + std::to_string(k.oh) + "x" +
                       std::to_string(k.ow) + " mode " + std::to_string(static_cast<int>(a.mode)) +
                       " transform " + std::to_string(static_cast<int>(a.transform));
    if (k.type == DType::f32) {
      // Weights are rounded to f32; cubic ones sum to at most 2 in magnitude.
      EXPECT_EQ(differs(s.out[0], want, a.mode == ResizeMode::nearest ? 0 : 2e-6), "") << info;
    } else {
      for (int64_t i = 0; i < s.out[0].count(); ++i) {
        ASSERT_EQ(get(s.out[0], i), want[static_cast<size_t>(i)]) << info << " " << i;
      }
    }
  }
}

constexpr ResizeTransform transforms[] = {
    ResizeTransform::half_pixel, ResizeTransform::asymmetric, ResizeTransform::align_corners,
    ResizeTransform::pytorch_half_pixel, ResizeTransform::half_pixel_symmetric};

TEST(Resize, EveryModeUpAndDown) {
  Rng rng(1);
  struct Sizes {
    Shape x;
    int64_t oh, ow;
  };
  const Sizes all[] = {{{1, 5, 7, 3}, 10, 14},  {{2, 8, 6, 1}, 16, 12}, {{1, 9, 37, 1}, 5, 80},
                       {{1, 4, 4, 33}, 7, 3},   {{1, 13, 11, 8}, 4, 5}, {{2, 3, 1, 40}, 7, 1},
                       {{1, 1, 29, 1}, 1, 100}, {{1, 6, 5, 17}, 1, 1},  {{1, 7, 5, 2}, 7, 9}};
  for (const Sizes& sizes : all) {
    for (ResizeTransform t : transforms) {
      for (ResizeMode mode : {ResizeMode::nearest, ResizeMode::linear, ResizeMode::cubic}) {
        ResizeCase k{.x = sizes.x, .oh = sizes.oh, .ow = sizes.ow};
        k.attrs = ResizeCase::make(mode, t);
        for (int variant = 0; variant < 4; ++variant) {
          k.attrs.nearest = static_cast<ResizeNearest>(variant);
          if (mode != ResizeMode::nearest) {
            k.attrs.antialias = variant & 1, k.attrs.exclude_outside = variant >> 1;
          }
          check(k, step_of(rng, k));
        }
      }
    }
  }
}

TEST(Resize, ScalesAndRegions) {
  Rng rng(2);
  for (ResizeMode mode : {ResizeMode::nearest, ResizeMode::linear, ResizeMode::cubic}) {
    for (ResizeTransform t : transforms) {
      ResizeCase k{.x = {1, 10, 9, 5}, .oh = 7, .ow = 23};
      k.attrs = ResizeCase::make(mode, t);
      k.attrs.scale_h = 0.77f, k.attrs.scale_w = 2.6f;
      check(k, step_of(rng, k, true));
    }
    for (int64_t inner : {1, 9}) {
      ResizeCase k{.x = {2, 10, 19, inner}, .oh = 8, .ow = 25};
      k.attrs = ResizeCase::make(mode, ResizeTransform::tf_crop_and_resize);
      k.attrs.extrapolation = 3.5f;
      k.attrs.roi_begin_h = -0.2f, k.attrs.roi_end_h = 0.75f;
      k.attrs.roi_begin_w = 0.4f, k.attrs.roi_end_w = 1.3f;
      check(k, step_of(rng, k));
    }
  }
}

TEST(Resize, OtherTypesAndRealSizes) {
  Rng rng(3);
  for (DType t : {DType::u8, DType::i16, DType::i64, DType::f64, DType::i32}) {
    for (int64_t inner : {1, 5}) {
      ResizeCase k{.x = {2, 6, 7, inner}, .oh = 11, .ow = 21, .type = t};
      TestStep s = step_of(rng, k);
      for (int64_t i = 0; i < s.in[0].count(); ++i) set(s.in[0], i, random_int(rng, 0, 100));
      check(k, s);
    }
  }
  ResizeCase k{.x = {1, 20, 20, 64}, .oh = 40, .ow = 40};
  k.attrs = ResizeCase::make(ResizeMode::nearest, ResizeTransform::asymmetric);
  k.attrs.nearest = ResizeNearest::floor;
  check(k, step_of(rng, k));
  k.attrs.mode = ResizeMode::linear;
  check(k, step_of(rng, k));
}

// A tap without weight must not let an infinity into its neighbours.
TEST(Resize, InfinitiesStayWhereTheyAre) {
  for (ResizeMode mode : {ResizeMode::linear, ResizeMode::cubic}) {
    Rng rng(4);
    ResizeCase k{.x = {1, 1, 8, 1}, .oh = 1, .ow = 15};
    k.attrs = ResizeCase::make(mode, ResizeTransform::align_corners);
    TestStep s = step_of(rng, k);
    s.in[0].at<float>(7) = INFINITY;
    for (const Kernel* kernel : kernels_of("resize")) {
      EXPECT_EQ(run_kernel(*kernel, s).problem, "");
      EXPECT_TRUE(std::isfinite(get(s.out[0], 10))) << kernel->name;
      EXPECT_FALSE(std::isfinite(get(s.out[0], 14))) << kernel->name;
    }
  }
}

TEST(Resize, HostileSteps) {
  Rng rng(5);
  ResizeCase cubic{.x = {1, 5, 6, 7}, .oh = 9, .ow = 4}, crop = cubic;
  cubic.attrs = ResizeCase::make(ResizeMode::cubic, ResizeTransform::half_pixel);
  cubic.attrs.antialias = 1, cubic.attrs.scale_h = cubic.attrs.scale_w = 0.5f;
  crop.attrs = ResizeCase::make(ResizeMode::linear, ResizeTransform::tf_crop_and_resize);
  crop.attrs.scale_h = crop.attrs.scale_w = 2;
  ResizeCase bytes{.x = {2, 4, 5, 1}, .oh = 8, .ow = 10, .type = DType::u8};
  EXPECT_EQ(
      try_hostile_steps(
          "resize", {step_of(rng, cubic), step_of(rng, crop, true), step_of(rng, bytes)}, 20000),
      "");
}

}  // namespace
}  // namespace hone::kernels
