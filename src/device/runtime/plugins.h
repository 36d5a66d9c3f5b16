// Steps of plugins' operators: which of the tables given at load has them.
#pragma once

#include <span>

#include "common/base/device_status.h"
#include "common/target/isa.h"
#include "device/kernels/kernel.h"
#include "hone/plugin.h"

namespace hone::wire {
struct Step;
}

namespace hone::runtime {

using PluginTables = std::span<const hone_plugin* const>;

// A custom step's attributes, encoded.
std::span<const int32_t> plugin_words(const wire::Step& s);

device::Status check_plugins(PluginTables plugins);

// The plugin's kernel called `name` for custom step `s`, number `i`. Errors say which operator is
// missing and how it is given.
device::Result<kernels::Kernel> find_plugin_kernel(const wire::Step& s, uint32_t i,
                                                   const char* name, uint32_t version,
                                                   IsaMask machine, PluginTables plugins);

}  // namespace hone::runtime
