// A plugin for tests: com.test::Double, y = 2 x of one f32 tensor; a kernel of two phases with
// scratch, workspace and attribute `more` (an integer added to y), and one that packs nothing.
#pragma once

#include <cstring>
#include <vector>

#include "device/kernels/plugin/attributes.h"
#include "hone/plugin.h"

namespace hone::runtime::testing {

struct DoubleParams {
  int64_t count;
  float more;
};

inline const char* bind_double(const hone_plugin_step* s, void* params, hone_plugin_work* work) {
  if (s->input_count != 1 || s->output_count != 1) return "one input, one output";
  const hone_plugin_tensor &x = s->inputs[0], &y = s->outputs[0];
  if (x.dtype != HONE_F32 || y.dtype != HONE_F32 || x.rank != y.rank) return "takes f32";
  auto* p = static_cast<DoubleParams*>(params);
  p->count = 1;
  for (int32_t i = 0; i < x.rank; ++i) {
    if (x.dims[i] != y.dims[i]) return "y is of another shape";
    p->count *= x.dims[i];
  }
  p->more = static_cast<float>(hone_plugin_int(s->attributes, "more", 0));
  work->phases = 2;
  work->units[0] = work->units[1] = p->count;
  work->scratch_bytes = 64;
  work->workspace_bytes = p->count * 4;
  return nullptr;
}

inline void run_double(const hone_plugin_run* r) {
  const auto* p = static_cast<const DoubleParams*>(r->params);
  auto* between = static_cast<float*>(r->workspace);
  static_cast<float*>(r->scratch)[0] = p->more;
  for (int64_t i = r->begin; i < r->end; ++i) {
    if (r->phase == 0) between[i] = 2 * static_cast<const float*>(r->in[0])[i];
    if (r->phase == 1) {
      static_cast<float*>(r->out[0])[i] = between[i] + static_cast<float*>(r->scratch)[0];
    }
  }
}

// Its attribute as engine files hold it.
inline std::vector<uint8_t> more_blob(int64_t more) {
  std::vector<uint8_t> bytes(256);
  const kernels::PluginAttributesHead head = {1};
  std::memcpy(bytes.data(), &head, sizeof(head));
  hone_plugin_attribute a = {};
  a.name = "more";
  a.type = HONE_ATTRIBUTE_INT;
  a.dtype = HONE_I64;
  a.i = more;
  const auto rest = std::as_writable_bytes(std::span(bytes)).subspan(sizeof(head));
  bytes.resize(sizeof(head) + kernels::encode_attribute(a, rest));
  return bytes;
}

// Fields may be changed before a test uses it.
struct DoublePlugin {
  hone_plugin_kernel kernel = {};
  const hone_plugin_kernel* kernels[1] = {&kernel};
  hone_plugin_op op = {};
  const hone_plugin_op* ops[1] = {&op};
  hone_plugin table = {};

  DoublePlugin() {
    kernel.struct_size = sizeof(kernel);
    kernel.name = "two_phases";
    kernel.isa = "portable";
    kernel.version = 1;
    kernel.bind = bind_double;
    kernel.run = run_double;
    op.struct_size = sizeof(op);
    op.domain = "com.test";
    op.name = "Double";
    op.since_version = 1;
    op.min_inputs = op.max_inputs = op.min_outputs = op.max_outputs = 1;
    op.kernels = kernels;
    op.kernel_count = 1;
    table.struct_size = sizeof(table);
    table.abi = HONE_PLUGIN_ABI;
    table.ops = ops;
    table.op_count = 1;
  }
  DoublePlugin(const DoublePlugin&) = delete;
  DoublePlugin& operator=(const DoublePlugin&) = delete;
};

}  // namespace hone::runtime::testing
