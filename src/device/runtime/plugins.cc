#include "device/runtime/plugins.h"

#include <cstring>

#include "device/kernels/plugin/attributes.h"
#include "device/kernels/plugin/plugin.h"
#include "device/runtime/text.h"
#include "engine_generated.h"

namespace hone::runtime {

using device::error;
using device::Status;

namespace {

FixedText name_of(const wire::Step& s, uint32_t i) {
  return step_name(i, s.layer() == nullptr ? nullptr : s.layer()->c_str());
}

bool is(const hone_plugin_op& op, const wire::Plugin& wanted) {
  return std::strcmp(op.domain, wanted.domain()->c_str()) == 0 &&
         std::strcmp(op.name, wanted.op()->c_str()) == 0;
}

// The operator, once: of two plugins with it nobody could say which is meant.
device::Result<const hone_plugin_op*> find_op(const wire::Step& s, uint32_t i,
                                              PluginTables plugins) {
  const wire::Plugin& wanted = *s.plugin();
  const FixedText op_name = kernels::plugin_op_name(wanted.domain()->c_str(), wanted.op()->c_str());
  const hone_plugin_op* found = nullptr;
  int32_t other_version = 0;
  for (const hone_plugin* p : plugins) {
    for (int32_t k = 0; k < p->op_count; ++k) {
      const hone_plugin_op* op = p->ops[k];
      if (!is(*op, wanted)) continue;
      if (op->since_version != wanted.version()) other_version = op->since_version;
      if (op->since_version != wanted.version() || op == found) continue;
      if (found != nullptr) {
        return error(Code::invalid_argument, FixedText("two of the plugins given have ")
                                                 << op_name.c_str());
      }
      found = op;
    }
  }
  if (found != nullptr) return found;
  FixedText text = name_of(s, i);
  text << " needs the plugin operator " << op_name.c_str() << " version " << wanted.version();
  if (other_version != 0)
    return error(Code::version_mismatch,
                 text << "; the plugin given has version " << other_version);
  return error(Code::not_found,
               text << ": give its plugin (--plugin FILE.so, hone_load_options.plugins)");
}

Status check_step(const wire::Step& s, uint32_t i) {
  if (s.plugin()->abi() > HONE_PLUGIN_ABI) {
    return error(Code::version_mismatch, name_of(s, i) << " was built for plugin ABI "
                                                       << static_cast<uint32_t>(s.plugin()->abi())
                                                       << ", this Hone has " << HONE_PLUGIN_ABI
                                                       << ": update Hone");
  }
  kernels::PluginAttributes attributes;
  if (attributes.decode(plugin_words(s))) return {};
  return error(Code::corrupt, name_of(s, i) << " has damaged attributes");
}

}  // namespace

std::span<const int32_t> plugin_words(const wire::Step& s) {
  if (s.blob() == nullptr) return {};
  return {reinterpret_cast<const int32_t*>(s.blob()->data()), s.blob()->size() / sizeof(int32_t)};
}

Status check_plugins(PluginTables plugins) {
  for (const hone_plugin* p : plugins) HONE_RETURN_IF_ERROR(kernels::check_plugin(p, false));
  return {};
}

device::Result<kernels::Kernel> find_plugin_kernel(const wire::Step& s, uint32_t i,
                                                   const char* name, uint32_t version,
                                                   IsaMask machine, PluginTables plugins) {
  HONE_RETURN_IF_ERROR(check_step(s, i));
  HONE_ASSIGN(const hone_plugin_op* op, find_op(s, i, plugins));
  for (int32_t k = 0; k < op->kernel_count; ++k) {
    const hone_plugin_kernel& kernel = *op->kernels[k];
    if (std::strcmp(kernels::plugin_kernel_name(*op, kernel).c_str(), name) != 0) continue;
    if (static_cast<uint32_t>(kernel.version) != version) {
      return error(Code::version_mismatch,
                   name_of(s, i) << " was built for version " << version << " of kernel " << name
                                 << ", the plugin given has version " << kernel.version
                                 << ": rebuild the engine");
    }
    HONE_ASSIGN(const kernels::Kernel made, kernels::plugin_kernel(kernel, name));
    if (has(machine, made.isa)) return made;
    return error(Code::isa_missing, name_of(s, i)
                                        << ": kernel " << name << " needs " << hone::name(made.isa)
                                        << ", which this machine lacks");
  }
  return error(Code::not_found, name_of(s, i)
                                    << " needs kernel " << name
                                    << ", which the plugin given lacks: rebuild the engine");
}

}  // namespace hone::runtime
