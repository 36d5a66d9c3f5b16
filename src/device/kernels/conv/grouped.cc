#include "device/kernels/conv/grouped.h"

#include "common/base/checked.h"
#include "device/kernels/conv/depthwise.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

bool is_power(int64_t v) { return v > 0 && (v & (v - 1)) == 0; }

// A vector of results holds whole groups, and one of x what they read.
const char* refusal(int width, const ConvParams& p) {
  const bool fits = p.groups > 1 && p.og > 1 && p.og <= width && p.cg <= p.og;
  if (fits && is_power(p.og) && is_power(p.cg)) return nullptr;
  return "not groups of 2, 4 ... channels in a vector";
}

int64_t blob_bytes(int width, const ConvParams& p) {
  return panel_floats({width, width}, p.o, p.taps * p.cg) * 4;
}

}  // namespace

const char* bind_conv_grouped(int width, const Step& step, void* params, Work* work) {
  ConvParams* p = static_cast<ConvParams*>(params);
  if (const char* reason = check_conv(step, p)) return reason;
  if (const char* reason = refusal(width, *p)) return reason;
  if (operand_or_absent(step.in, 2).present()) return "the bias is not constant";
  if (!is_blob(step.in[1], blob_bytes(width, *p))) return "weights not packed";
  set_depthwise_work(width, p, work);
  return nullptr;
}

int64_t conv_grouped_bytes(int width, const Step& step, int index) {
  ConvParams p;
  if (index == 2 && step.in[2].constant && step.in[2].present()) return -1;
  if (index != 1 || check_conv_raw_weights(step, &p) || refusal(width, p)) return 0;
  return blob_bytes(width, p);
}

void pack_conv_grouped(int width, const Step& step, const void* const* raw, void* dst) {
  ConvParams p;
  if (check_conv_raw_weights(step, &p)) return;
  const float* bias = p.bias ? static_cast<const float*>(raw[2]) : nullptr;
  const int64_t depth = p.taps * p.cg;
  PanelSource source{static_cast<const float*>(raw[1]), p.o, depth, depth, 1, 1.0f, bias};
  pack_panels({width, width}, source, static_cast<float*>(dst));
}

}  // namespace hone::kernels
