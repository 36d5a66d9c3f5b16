// Where the output positions of a resized axis lie in the input, and with which weights: the ONNX
// text, in double.
#include <cmath>

#include "device/kernels/check.h"
#include "device/kernels/resize/resize_impl.h"

namespace hone::kernels {
namespace {

double origin(const ResizeParams& p, const ResizeAxis& a, double y) {
  const double in = static_cast<double>(a.in), out = static_cast<double>(a.out);
  const double exact = a.scale * in;  // the output's size before it was made whole
  const double half_pixel = (y + 0.5) / a.scale - 0.5;
  switch (p.transform) {
    case ResizeTransform::half_pixel: return half_pixel;
    case ResizeTransform::asymmetric: return y / a.scale;
    case ResizeTransform::align_corners: return exact == 1 ? 0 : y * (in - 1) / (exact - 1);
    case ResizeTransform::pytorch_half_pixel: return exact == 1 ? -0.5 : half_pixel;
    case ResizeTransform::half_pixel_symmetric: return in / 2 * (1 - out / exact) + half_pixel;
    case ResizeTransform::tf_crop_and_resize: {
      const double span = (a.roi_end - a.roi_begin) * (in - 1), first = a.roi_begin * (in - 1);
      return first + (exact == 1 ? span / 2 : y * span / (exact - 1));
    }
  }
  return 0;
}

double cubic_weight(double x, double a) {
  x = std::fabs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

// `ratio` in (0, 1]: the distance from the element on the left.
bool takes_upper(ResizeNearest mode, double ratio) {
  if (ratio == 1) return true;
  switch (mode) {
    case ResizeNearest::floor: return false;
    case ResizeNearest::ceil: return true;
    case ResizeNearest::round_prefer_ceil: return ratio >= 0.5;
    case ResizeNearest::round_prefer_floor: return ratio > 0.5;
  }
  return false;
}

class AxisTaps {
 public:
  AxisTaps(const ResizeParams& p, const ResizeAxis& a, ResizeTaps taps)
      : p_(p), a_(a), taps_(taps) {}

  void make() {
    for (int64_t o = 0; o < a_.out; ++o) {
      if (a_.same) {
        set(o, 0, o, 1);
        continue;
      }
      double x = origin(p_, a_, static_cast<double>(o));
      if (!(std::fabs(x) < 1e9)) x = x < 0 ? -1e9 : 1e9;  // clamped to an edge in any case
      const bool beyond = p_.transform == ResizeTransform::tf_crop_and_resize &&
                          (x < 0 || x > static_cast<double>(a_.in - 1));
      if (beyond) {
        for (int64_t k = 0; k < a_.taps; ++k) {
          set(o, k, 0, 0);
          taps_.index[k * a_.out + o] = -1;
        }
      } else if (p_.mode == ResizeMode::nearest) {
        const double left = std::ceil(x) - 1;
        set(o, 0, static_cast<int64_t>(left) + takes_upper(p_.nearest, x - left), 1);
      } else {
        interpolate(o, x);
      }
    }
  }

 private:
  void set(int64_t o, int64_t k, int64_t index, double weight) {
    taps_.index[k * a_.out + o] = static_cast<int32_t>(min_of(max_of(index, 0), a_.in - 1));
    taps_.weight[k * a_.out + o] = static_cast<float>(weight);
  }

  double weight(int64_t i, double ratio) const {
    const double narrow = p_.antialias && a_.scale < 1 ? a_.scale : 1.0;
    const double at = narrow * (static_cast<double>(i) - ratio);
    if (p_.mode == ResizeMode::cubic) return cubic_weight(at, static_cast<double>(p_.cubic_a));
    return std::fmax(0.0, 1 - std::fabs(at));
  }

  void interpolate(int64_t o, double x) {
    const double left = std::ceil(x) - 1, ratio = x - left;
    const int64_t first = 1 - a_.taps / 2, start = static_cast<int64_t>(left) + first;
    auto counts = [&](int64_t k) {
      return !p_.exclude_outside || (start + k >= 0 && start + k < a_.in);
    };
    double sum = 0;
    for (int64_t k = 0; k < a_.taps; ++k) sum += counts(k) ? weight(first + k, ratio) : 0;
    const double factor = p_.antialias || p_.exclude_outside ? 1 / sum : 1;
    // Taps without weight repeat one that has some: what they read must not matter.
    int64_t weighty = 0;
    while (weighty + 1 < a_.taps && !(counts(weighty) && weight(first + weighty, ratio) != 0)) {
      ++weighty;
    }
    for (int64_t k = 0; k < a_.taps; ++k) {
      const double w = counts(k) ? weight(first + k, ratio) * factor : 0;
      set(o, k, start + (w != 0 ? k : weighty), w);
    }
  }

  const ResizeParams& p_;
  const ResizeAxis& a_;
  ResizeTaps taps_;
};

}  // namespace

void resize_make_taps(const RunArgs& args, const ResizeParams& p) {
  for (int64_t u = args.begin; u < args.end; ++u) {
    AxisTaps(p, u == 0 ? p.h : p.w, resize_taps(p, args.workspace, u == 1)).make();
  }
}

}  // namespace hone::kernels
