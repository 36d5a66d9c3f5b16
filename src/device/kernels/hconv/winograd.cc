#include "device/kernels/hconv/winograd.h"

namespace hone::kernels {
namespace {

const char* check_types(const Step& step, const HConvParams& p) {
  if (p.type != p.y_type) return "y is f32";
  return attrs_as<HConvAttrs>(step)->exact_sums != 0 ? "sums must be exact" : nullptr;
}

}  // namespace

const char* bind_hconv_winograd(const Winograd& g, const Step& step, void* params, Work* work) {
  HConvParams p;
  if (const char* reason = check_hconv(step, &p)) return reason;
  if (const char* reason = check_types(step, p)) return reason;
  return bind_winograd(g, p.conv, p.type, step, params, work);
}

int64_t hconv_winograd_bytes(const Winograd& g, const Step& step, int index) {
  HConvParams p;
  if (index == 1 && (check_hconv_raw_weights(step, &p) || check_types(step, p))) return 0;
  return winograd_bytes(g, p.conv, step, index);
}

void pack_hconv_winograd(const Winograd& g, const Step& step, const void* const* raw, void* dst) {
  HConvParams p;
  if (check_hconv_raw_weights(step, &p)) return;
  pack_winograd(g, p.conv, p.type, raw, dst);
}

}  // namespace hone::kernels
