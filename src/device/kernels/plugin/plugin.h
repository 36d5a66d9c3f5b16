// Kernels of plugins (hone/plugin.h) as kernels: what a table must hold to be used, and the
// functions that stand for a plugin's. A step of the family `plugin` has the plugin's operands, all
// dense, and its attributes encoded as words (attributes.h).
#pragma once

#include <span>

#include "common/base/device_status.h"
#include "device/kernels/kernel.h"
#include "hone/plugin.h"

namespace hone::kernels {

// "com.example::Gate" and "com.example::Gate/avx2": how people and engine files name them.
FixedText plugin_op_name(const char* domain, const char* op);
FixedText plugin_kernel_name(const hone_plugin_op& op, const hone_plugin_kernel& kernel);

// Everything in a table that Hone relies on. Errors: version_mismatch, invalid_argument. Where
// `for_host`, infer and reference must be there too.
device::Status check_plugin(const hone_plugin* plugin, bool for_host);

// Kernel `k` of a checked table under this name, which lives as long as the kernel is used.
// Errors (isa_missing): it needs instructions that this Hone does not know.
device::Result<Kernel> plugin_kernel(const hone_plugin_kernel& k, const char* name);

}  // namespace hone::kernels
