// Packing of an LSTM's weights into panels: lstm_impl.h says how.
#include <cstring>

#include "device/kernels/check.h"
#include "device/kernels/lstm/lstm_impl.h"

namespace hone::kernels {
namespace {

// Gates' rows [width / 64 panels][k][64] from [4 hidden][k]; rows beyond are 0.
void pack_panels(const float* w, int64_t gates, int64_t k_count, int64_t width, float* to) {
  for (int64_t g0 = 0; g0 < width; g0 += lstm_panel) {
    for (int64_t k = 0; k < k_count; ++k) {
      for (int64_t g = g0; g < g0 + lstm_panel; ++g) {
        *to++ = g < gates ? w[g * k_count + k] : 0.0f;
      }
    }
  }
}

// The two biases added, or zeros.
void pack_bias(const float* bias, int64_t gates, int64_t width, float* to) {
  for (int64_t g = 0; g < width; ++g) to[g] = bias && g < gates ? bias[g] + bias[gates + g] : 0.0f;
}

}  // namespace

int64_t lstm_packed_w_bytes(int64_t directions, int64_t hidden, int64_t input) {
  return directions * round_up(4 * hidden, lstm_panel) * (input + 1) * 4;
}
int64_t lstm_packed_r_bytes(int64_t directions, int64_t hidden) {
  return directions * round_up(4 * hidden, lstm_panel) * hidden * 4;
}

// w and r are packed together or not at all; a constant bias goes into w's blob.
int64_t lstm_packed_bytes(const Step& step, int index) {
  auto* at = attrs_as<LstmAttrs>(step);
  if (!at || !lstm_is_sound(*at) || step.in.size() < 3) return 0;
  const Operand &x = step.in[lstm_x], &w = step.in[lstm_w], &r = step.in[lstm_r];
  int64_t d = at->direction == 2 ? 2 : 1, h = at->hidden;
  if (x.shape.rank() != 3 || x.shape[2] < 1 || x.shape[2] > lstm_max_input) return 0;
  int64_t input = x.shape[2];
  if (!w.constant || !r.constant || w.dtype != DType::f32 || r.dtype != DType::f32) return 0;
  if (!(w.shape == Shape{d, 4 * h, input}) || !(r.shape == Shape{d, 4 * h, h})) return 0;
  if (index == lstm_w) return lstm_packed_w_bytes(d, h, input);
  if (index == lstm_r) return lstm_packed_r_bytes(d, h);
  if (index != lstm_bias || step.in.size() <= lstm_bias) return 0;
  const Operand& bias = step.in[lstm_bias];
  bool absorbed = bias.constant && bias.dtype == DType::f32 && bias.shape == Shape{d, 8 * h};
  return absorbed ? -1 : 0;
}

void lstm_pack(const Step& step, const void* const* raw, int index, void* dst) {
  auto* at = attrs_as<LstmAttrs>(step);
  int64_t directions = at->direction == 2 ? 2 : 1, gates = 4 * static_cast<int64_t>(at->hidden);
  int64_t width = round_up(gates, lstm_panel);
  int64_t k_count = index == lstm_w ? step.in[lstm_x].shape[2] : at->hidden;
  const float* from = static_cast<const float*>(raw[index]);
  bool absorb = index == lstm_w && lstm_packed_bytes(step, lstm_bias) == -1;
  const float* bias = absorb ? static_cast<const float*>(raw[lstm_bias]) : nullptr;
  float* to = static_cast<float*>(dst);
  for (int64_t d = 0; d < directions; ++d) {
    if (index == lstm_w) {
      pack_bias(bias ? bias + d * 2 * gates : nullptr, gates, width, to);
      to += width;
    }
    pack_panels(from + d * gates * k_count, gates, k_count, width, to);
    to += width * k_count;
  }
}

}  // namespace hone::kernels
