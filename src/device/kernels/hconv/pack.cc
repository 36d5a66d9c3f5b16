// Packs what hconv's kernels multiply by; see tile.h and conv/depthwise.inl.h for the layouts.
#include "common/tensor/half.h"
#include "device/kernels/hconv/tiled.h"

namespace hone::kernels {
namespace {

// The panel of filters [first, first + columns); those from `count` on are 0.
void pack_panel(const HTiling& t, const HConvParams& p, const void* const* raw, int64_t first,
                int64_t count, int64_t columns, uint8_t* dst) {
  const ConvParams& c = p.conv;
  const uint16_t* w = static_cast<const uint16_t*>(raw[1]);
  const float* bias = c.bias ? static_cast<const float*>(raw[2]) : nullptr;
  float* head = reinterpret_cast<float*>(dst);
  uint16_t* to = reinterpret_cast<uint16_t*>(head + columns);
  const int64_t depth = c.taps * c.cg;
  for (int64_t j = 0; j < columns; ++j) {
    const bool real = j < count;
    head[j] = real && bias ? bias[first + j] : 0;
    for (int64_t k = 0; k < depth_of(t, c); ++k) {
      const int64_t at =
          p.type == DType::bf16 ? (k / 2 * columns + j) * 2 + k % 2 : k * columns + j;
      to[at] = real && k < depth ? w[(first + j) * depth + k] : uint16_t{0};
    }
  }
}

}  // namespace

void pack_hconv_tiled(const HTiling& t, const Step& step, const void* const* raw, void* dst) {
  HConvParams p;
  if (check_hconv_raw_weights(step, &p)) return;
  const ConvParams& c = p.conv;
  for (int64_t g = 0; g < c.groups; ++g) {
    uint8_t* group = static_cast<uint8_t*>(dst) + g * hgroup_bytes(t, c);
    for (int64_t o = 0; o < c.og; o += t.panel.columns) {
      pack_panel(t, p, raw, g * c.og + o, c.og - o, panel_width(t.panel, c.og, o),
                 group + o * hcolumn_bytes(t, c));
    }
  }
}

void pack_hconv_dw(int width, const Step& step, const void* const* raw, void* dst) {
  HConvParams p;
  if (check_hconv_raw_weights(step, &p)) return;
  const ConvParams& c = p.conv;
  const uint16_t* w = static_cast<const uint16_t*>(raw[1]);
  const float* bias = c.bias ? static_cast<const float*>(raw[2]) : nullptr;
  float* to = static_cast<float*>(dst);
  for (int64_t first = 0; first < c.c; first += width, to += (1 + c.taps) * width) {
    for (int64_t j = 0; j < width; ++j) {
      const int64_t o = first + j;
      to[j] = o < c.c && bias ? bias[o] : 0;
      for (int64_t tap = 0; tap < c.taps; ++tap) {
        const uint16_t half = o < c.c ? w[o * c.taps + tap] : uint16_t{0};
        to[(1 + tap) * width + j] = p.type == DType::bf16 ? bf16_to_f32(half) : f16_to_f32(half);
      }
    }
  }
}

}  // namespace hone::kernels
