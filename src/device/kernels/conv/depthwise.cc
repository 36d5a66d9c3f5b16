#include "device/kernels/conv/depthwise.h"

#include "common/base/checked.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

// Units there should be at least, so that a few threads finish together.
constexpr int64_t wanted_units = 32;

int64_t blob_bytes(int width, const ConvParams& p) {
  return panel_floats({width, width}, p.c, p.taps) * 4;
}

}  // namespace

void set_depthwise_work(int width, ConvParams* p, Work* work) {
  Blocking& b = p->blocking;
  b.rows = depthwise_lines(*p);
  b.row_units = p->batch * ceil_div(p->oh, b.rows);
  int64_t blocks = ceil_div(p->o, width);
  b.panels = b.row_units >= wanted_units ? blocks : ceil_div(blocks * b.row_units, wanted_units);
  if (b.panels < 1) b.panels = 1;
  b.panel_units = ceil_div(blocks, b.panels);
  *work = {};
  work->units[0] = b.row_units * b.panel_units;
  work->scratch_bytes = p->c * 4;
}

const char* bind_conv_depthwise(int width, const Step& step, void* params, Work* work) {
  ConvParams* p = static_cast<ConvParams*>(params);
  if (const char* reason = check_conv(step, p)) return reason;
  if (!is_depthwise(*p)) return "not depthwise";
  if (operand_or_absent(step.in, 2).present()) return "the bias is not constant";
  if (!is_blob(step.in[1], blob_bytes(width, *p))) return "weights not packed";
  set_depthwise_work(width, p, work);
  return nullptr;
}

const char* bind_conv_depthwise_dynamic(int width, const Step& step, void* params, Work* work) {
  ConvParams* p = static_cast<ConvParams*>(params);
  if (const char* reason = check_conv_raw_weights(step, p)) return reason;
  if (!is_depthwise(*p)) return "not depthwise";
  set_depthwise_work(width, p, work);
  work->phases = 2;
  work->units[1] = work->units[0];
  work->units[0] = 1;
  work->workspace_bytes = blob_bytes(width, *p);
  return nullptr;
}

void run_conv_depthwise_dynamic(int width, void (*run)(const RunArgs&), const RunArgs& args) {
  auto& p = *static_cast<const ConvParams*>(args.params);
  if (args.begin >= args.end) return;
  if (args.phase == 0) {
    const float* bias = p.bias ? static_cast<const float*>(args.in[2]) : nullptr;
    PanelSource source{static_cast<const float*>(args.in[1]), p.c, p.taps, p.taps, 1, 1.0f, bias};
    pack_panels({width, width}, source, static_cast<float*>(args.workspace));
    return;
  }
  const void* in[] = {args.in[0], args.workspace, nullptr, p.r_row ? args.in[3] : nullptr};
  RunArgs packed = args;
  packed.in = in;
  run(packed);
}

int64_t conv_depthwise_bytes(int width, const Step& step, int index) {
  ConvParams p;
  if (index == 2 && step.in[2].constant && step.in[2].present()) return -1;
  if (index != 1 || check_conv_raw_weights(step, &p) || !is_depthwise(p)) return 0;
  return blob_bytes(width, p);
}

void pack_conv_depthwise(int width, const Step& step, const void* const* raw, void* dst) {
  ConvParams p;
  if (check_conv_raw_weights(step, &p)) return;
  const float* bias = p.bias ? static_cast<const float*>(raw[2]) : nullptr;
  PanelSource source{static_cast<const float*>(raw[1]), p.c, p.taps, p.taps, 1, 1.0f, bias};
  pack_panels({width, width}, source, static_cast<float*>(dst));
}

}  // namespace hone::kernels
