// Fourier transforms of fixed length: products by the matrix of turns.
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
Turn turn(int64_t k, int64_t n, int64_t length, bool inverse) {
  const double angle =
      2 * std::numbers::pi * static_cast<double>(k * n % length) / static_cast<double>(length);
  return {std::cos(angle), inverse ? std::sin(angle) : -std::sin(angle)};
}

// Row [sample, part] of the matrix is what that number gives to column [bin, part].
Tensor matrix_of(DType t, int64_t samples, int64_t length, int64_t bins, int64_t parts,
                 bool inverse) {
  Tensor m(t, {samples * parts, bins * 2});
  const double scale = inverse ? 1 / static_cast<double>(length) : 1;
  for (int64_t n = 0; n < samples; ++n) {
    for (int64_t k = 0; k < bins; ++k) {
      const Turn v = n < length ? turn(k, n, length, inverse) : Turn{0, 0};
      for (int64_t p = 0; p < parts; ++p) {  // i times v is -im, re
        const int64_t at = ((n * parts + p) * bins + k) * 2;
        m.set(at, scale * (p == 0 ? v.re : -v.im));
        m.set(at + 1, scale * (p == 0 ? v.im : v.re));
      }
    }
  }
  return m;
}

// The inverse of a one-sided spectrum is real: every bin but the first and the middle one stands
// for its mirror image too.
Tensor real_matrix_of(DType t, int64_t samples, int64_t length, int64_t parts) {
  Tensor m(t, {samples * parts, length});
  for (int64_t k = 0; k < samples; ++k) {
    const bool used = k <= length / 2, alone = k == 0 || 2 * k == length;
    const double scale = !used ? 0 : (alone ? 1 : 2) / static_cast<double>(length);
    for (int64_t n = 0; n < length; ++n) {
      const Turn v = turn(k, n, length, true);
      m.set(k * parts * length + n, scale * v.re);
      if (parts == 2) m.set((k * 2 + 1) * length + n, -scale * v.im);
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

Status expand_dft(Expansion& e) {
  if (!e.ranked(0)) return unsupported("the rank of the signal is not known");
  const int rank = e.rank(0);
  const SymShape& shape = e.shape(0);
  std::optional<int64_t> axis = e.attributes().i("axis", e.node().version >= 20 ? -2 : 1);
  if (e.has(2)) axis = only(e, 2);
  if (!axis) return unsupported("the axis is known only when it runs");
  if (*axis < 0) *axis += rank;
  const auto at = static_cast<size_t>(*axis);
  if (!shape[at].is_const() || !shape.back().is_const()) {
    return unsupported("a transform whose length is not fixed; give --profile");
  }
  const int64_t samples = shape[at].value(), parts = shape.back().value();
  const bool inverse = e.attributes().i("inverse", 0) != 0;
  const bool half = e.attributes().i("onesided", 0) != 0;
  std::optional<int64_t> length = inverse && half ? 2 * (samples - 1) : samples;
  if (e.has(1)) length = only(e, 1);
  if (!length) return unsupported("dft_length is known only when it runs");
  if (*length < 1 || *length > longest || samples > longest || *axis + 1 == rank) {
    return unsupported("a transform of more than 4096 samples");
  }
  const bool real = inverse && half;
  const int64_t bins = half && !inverse ? *length / 2 + 1 : *length;
  const int64_t width = real ? 1 : 2;
  Tensor matrix = real ? real_matrix_of(e.type(), samples, *length, parts)
                       : matrix_of(e.type(), samples, *length, bins, parts, inverse);
  // The transformed axis to the end, with the parts; one row for each of the others' elements.
  std::vector<int64_t> there;
  for (int64_t d = 0; d + 1 < rank; ++d) {
    if (d != *axis) there.push_back(d);
  }
  there.push_back(*axis);
  there.push_back(rank - 1);
  const bool moved = *axis != rank - 2;
  ValueId x = moved ? e.transpose(e.in(0), there) : e.in(0);
  x = e.add("MatMul", {e.reshape(x, {-1, samples * parts}), e.constant(std::move(matrix))});
  std::vector<int64_t> out;
  int dynamic = 0;
  for (int64_t d : there) {
    const Dim& size = shape[static_cast<size_t>(d)];
    dynamic += size.is_const() ? 0 : 1;
    out.push_back(size.is_const() ? size.value() : -1);
  }
  if (dynamic > 1) return unsupported("more than one size is not fixed; give --profile");
  out[out.size() - 2] = bins;
  out.back() = width;
  x = e.reshape(x, out);
  std::vector<int64_t> back(there.size());
  for (size_t i = 0; i < there.size(); ++i) {
    back[static_cast<size_t>(there[i])] = static_cast<int64_t>(i);
  }
  e.give(0, moved ? e.transpose(x, back) : x);
  return {};
}

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
  const Tensor matrix = matrix_of(DType::f64, *length, *length, bins, parts, false);
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
