#include "device/kernels/conv/strassen.h"

#include "device/kernels/conv/params.h"
#include "device/kernels/rows.h"

namespace hone::kernels {
namespace {

struct Params {
  ConvParams conv;
  StrassenBlocking blocking;
};
static_assert(sizeof(Params) <= max_params_bytes);

const char* check_form(const ConvParams& c) {
  if (!c.pointwise || c.groups != 1) return "not a product of pixels";
  if (c.exact_sums) return "sums must be exact";
  return check_strassen(c.o, c.c);
}

}  // namespace

const char* bind_conv_strassen(const Strassen& s, const Step& step, void* params, Work* work) {
  Params* p = static_cast<Params*>(params);
  *p = {};
  ConvParams& c = p->conv;
  if (const char* reason = check_conv(step, &c)) return reason;
  if (const char* reason = check_form(c)) return reason;
  if (operand_or_absent(step.in, 2).present()) return "the bias is not constant";
  if (!is_blob(step.in[1], strassen_floats(s, c.o, c.c) * 4)) return "weights not packed";
  const int64_t pixels = c.batch * c.oh * c.ow;
  p->blocking = block_strassen(s, pixels, c.o, c.c);
  *work = {};
  work->units[0] = p->blocking.row_units * p->blocking.panel_units;
  work->scratch_bytes = strassen_scratch_bytes(s, pixels, c.c);
  return nullptr;
}

int64_t conv_strassen_bytes(const Strassen& s, const Step& step, int index) {
  ConvParams c;
  if (index == 2 && step.in[2].constant && step.in[2].present()) return -1;
  if (index != 1 || check_conv_raw_weights(step, &c) || check_form(c)) return 0;
  return strassen_floats(s, c.o, c.c) * 4;
}

void pack_conv_strassen(const Strassen& s, const Step& step, const void* const* raw, void* dst) {
  ConvParams c;
  if (check_conv_raw_weights(step, &c) || check_form(c)) return;
  const float* bias = c.bias ? static_cast<const float*>(raw[2]) : nullptr;
  const PanelSource source{static_cast<const float*>(raw[1]), c.o, c.c, c.c, 1, 1.0f, bias};
  pack_strassen(s, source, static_cast<float*>(dst));
}

void run_conv_strassen(const Strassen& s, const RunArgs& args) {
  const Params& p = *static_cast<const Params*>(args.params);
  const ConvParams& c = p.conv;
  const Epilogue epilogue = make_epilogue(c.act, c.act_a, c.act_b, c.residual_after_act);
  const StrassenProduct product{static_cast<const float*>(args.in[0]),
                                static_cast<const float*>(args.in[1]),
                                static_cast<float*>(args.out[0]),
                                c.r_row ? static_cast<const float*>(args.in[3]) : nullptr,
                                c.x_row,
                                c.y_row,
                                c.r_row,
                                c.batch * c.oh * c.ow,
                                c.o,
                                c.c,
                                &epilogue};
  run_strassen(s, p.blocking, product, args.begin, args.end, args.scratch);
}

}  // namespace hone::kernels
