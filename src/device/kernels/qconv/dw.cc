#include "common/base/checked.h"
#include "device/kernels/qconv/tiled.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

bool is_depthwise(const ConvParams& c) { return c.groups == c.c && c.groups == c.o; }

int64_t blob_bytes(int width, const ConvParams& c) {
  return round_up(c.c, width) * (8 + 2 * c.taps);
}

}  // namespace

const char* bind_qconv_dw(int width, const Step& step, void* params, Work* work) {
  QConvParams* p = static_cast<QConvParams*>(params);
  if (const char* reason = check_qconv(step, p)) return reason;
  const ConvParams& c = p->conv;
  if (!is_depthwise(c)) return "not depthwise";
  if (p->wide != 0 && p->wide != 1) return "sums may need more than 32 bits";
  for (size_t i = 2; i < 5; ++i) {
    if (operand_or_absent(step.in, i).present()) return "bias, scale or zero are not constant";
  }
  if (!is_blob(step.in[1], blob_bytes(width, c))) return "weights not packed";
  *work = {};
  work->units[0] = c.batch * c.oh;
  return nullptr;
}

int64_t qconv_dw_bytes(int width, const Step& step, int index) {
  QConvParams p;
  if (index < 1 || !has_constant_weights(step)) return 0;
  if (check_qconv_raw_weights(step, &p) || !is_depthwise(p.conv)) return 0;
  return index > 1 ? -1 : blob_bytes(width, p.conv);
}

void pack_qconv_dw(int width, const Step& step, const void* const* raw, void* dst) {
  QConvParams p;
  if (check_qconv_raw_weights(step, &p)) return;
  const ConvParams& c = p.conv;
  const RawWeights weights = raw_weights(p, raw);
  uint8_t* block = static_cast<uint8_t*>(dst);
  for (int64_t first = 0; first < c.c; first += width, block += width * (8 + 2 * c.taps)) {
    int32_t* bias = reinterpret_cast<int32_t*>(block);
    float* scale = reinterpret_cast<float*>(bias + width);
    int16_t* w = reinterpret_cast<int16_t*>(bias + 2 * width);
    for (int64_t j = 0; j < width; ++j) {
      const int64_t o = first + j;
      const bool real = o < c.c;
      bias[j] = real ? weights.bias_of(o) : 0;
      scale[j] = real ? weights.scale_of(o) : 0;
      for (int64_t tap = 0; tap < c.taps; ++tap) {
        const int32_t v = real ? weights.weight(o * c.taps + tap) - weights.zero_of(o) : 0;
        w[tap * width + j] = static_cast<int16_t>(v);
      }
    }
  }
}

}  // namespace hone::kernels
