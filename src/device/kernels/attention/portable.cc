// Portable attention: one query after the other, its scores for a block of keys at a time.
#include <cmath>

#include "device/kernels/attention/attention_impl.h"

namespace hone::kernels::portable {
namespace {

constexpr float lowest = -__builtin_inff();
constexpr int lanes = 8;  // partial sums that the compiler may keep in a vector

float dot(const float* a, const float* b, int64_t n) {
  float part[lanes] = {}, sum = 0;
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (int l = 0; l < lanes; ++l) part[l] += a[i + l] * b[i + l];
  }
  for (; i < n; ++i) part[0] += a[i] * b[i];
  for (int l = 0; l < lanes; ++l) sum += part[l];
  return sum;
}

struct Row {
  const AttentionParams& p;
  const AttentionUnit& u;
  int64_t i;  // row of the unit

  float masked(float score, int64_t t) const {
    if (p.causal && t > u.diagonal + i) return lowest;
    if (!p.has_mask) return score;
    const int64_t at = i * p.mask[2] + t * p.mask[3];
    if (p.mask_is_bool) return static_cast<const uint8_t*>(u.mask)[at] ? score : lowest;
    return score + static_cast<const float*>(u.mask)[at];
  }

  // Keys [begin, end) into `scores`; returns their maximum, or the first NaN.
  float score(int64_t begin, int64_t end, float* scores) const {
    float max = lowest;
    for (int64_t t = begin; t < end; ++t) {
      float s = p.scale * dot(u.q + i * p.q[2], u.k + t * u.k_row, p.size);
      if (p.cap > 0) s = p.cap * std::tanh(s / p.cap);
      s = masked(s, t);
      scores[t - begin] = s;
      max = s > max || s != s ? s : max;
    }
    return max;
  }

  void run(float* scores, float* sums) const {
    float max = lowest;
    double total = 0;
    for (int64_t e = 0; e < p.v_size; ++e) sums[e] = 0;
    for (int64_t begin = 0; begin < u.keys; begin += attention_keys) {
      const int64_t end = begin + attention_keys < u.keys ? begin + attention_keys : u.keys;
      const float here = score(begin, end, scores), next = here > max || here != here ? here : max;
      if (next == lowest) continue;  // all masked so far
      const float factor = std::exp(max - next);
      total *= static_cast<double>(factor);
      for (int64_t e = 0; e < p.v_size; ++e) sums[e] *= factor;
      for (int64_t t = begin; t < end; ++t) {
        const float w = std::exp(scores[t - begin] - next);
        const float* v = u.v + t * u.v_row;
        total += static_cast<double>(w);
        for (int64_t e = 0; e < p.v_size; ++e) sums[e] += w * v[e];
      }
      max = next;
    }
    const float factor = total == 0 ? 0 : static_cast<float>(1 / total);
    for (int64_t e = 0; e < p.v_size; ++e) u.y[i * p.y[2] + e] = sums[e] * factor;
  }
};

}  // namespace

void attention_f32(const RunArgs& args) {
  auto& p = *static_cast<const AttentionParams*>(args.params);
  if (args.phase == 0) return;
  float* scratch = static_cast<float*>(args.scratch);
  const AttentionScratch at = attention_scratch(attention_rows, p.size, p.v_size);
  for (int64_t unit = args.begin; unit < args.end; ++unit) {
    const AttentionUnit u = attention_unit(p, args, attention_rows, unit);
    for (int64_t i = 0; i < u.rows; ++i) Row{p, u, i}.run(scratch + at.scores, scratch + at.sums);
  }
}

}  // namespace hone::kernels::portable
