// Fourier transforms of frames of fixed length: a convolution by the turns.
#include <cmath>
#include <numbers>
#include <numeric>

#include "host/passes/expand/expand.h"

namespace hone::passes {

namespace {

constexpr int64_t longest = 4096;  // a matrix of 128 MB

struct Turn {
  double re, im;
};
Turn turn(int64_t k, int64_t n, int64_t length) {
  const double angle =
      2 * std::numbers::pi * static_cast<double>(k * n % length) / static_cast<double>(length);
  return {std::cos(angle), -std::sin(angle)};
}

// Row [sample, part] of the matrix is what that number gives to column [bin, part].
Tensor matrix_of(int64_t length, int64_t bins, int64_t parts) {
  Tensor m(DType::f64, {length * parts, bins * 2});
  for (int64_t n = 0; n < length; ++n) {
    for (int64_t k = 0; k < bins; ++k) {
      const Turn v = turn(k, n, length);
      for (int64_t p = 0; p < parts; ++p) {  // i times v is -im, re
        const int64_t at = ((n * parts + p) * bins + k) * 2;
        m.set(at, p == 0 ? v.re : -v.im);
        m.set(at + 1, p == 0 ? v.im : v.re);
      }
    }
  }
  return m;
}

// The only element of an optional input.
std::optional<int64_t> only(const Expansion& e, size_t i) {
  const auto v = e.known_ints(i);
  return v && v->size() == 1 ? std::optional(v->front()) : std::nullopt;
}

}  // namespace

// Frames that slide over the signal: a convolution by the windowed turns.
Status expand_stft(Expansion& e) {
  if (!e.ranked(0) || !e.shape(0)[2].is_const()) return unsupported("a signal of unknown parts");
  const auto step = only(e, 1);
  std::optional<int64_t> length = only(e, 3);
  const Tensor* window = e.has(2) ? e.graph().constant(e.in(2)) : nullptr;
  if (e.has(2) && window == nullptr) return unsupported("the window is known only when it runs");
  if (!length && window != nullptr) length = window->count();
  if (!length && !e.has(3)) length = e.shape(0)[1].const_value();
  if (!step || !length) return unsupported("the frames' size and step are known only when it runs");
  if (*step < 1 || *length < 1 || *length > longest) {
    return unsupported("frames of more than 4096 samples");
  }
  const int64_t parts = e.shape(0)[2].value();
  const int64_t bins = e.attributes().i("onesided", 1) != 0 ? *length / 2 + 1 : *length;
  const Tensor matrix = matrix_of(*length, bins, parts);
  Tensor filters(e.type(), {bins * 2, parts, *length});
  for (int64_t c = 0; c < bins * 2; ++c) {
    for (int64_t p = 0; p < parts; ++p) {
      for (int64_t n = 0; n < *length; ++n) {
        const double w = window != nullptr ? window->at(n) : 1;
        filters.set((c * parts + p) * *length + n, w * matrix.at((n * parts + p) * bins * 2 + c));
      }
    }
  }
  const ValueId y = e.add("Conv", {e.transpose(e.in(0), {0, 2, 1}), e.constant(std::move(filters))},
                          {{"strides", std::vector<int64_t>{*step}}});
  e.give(0, e.reshape(e.transpose(y, {0, 2, 1}), {0, 0, bins, 2}));
  return {};
}

}  // namespace hone::passes
