// hone_plugin_open, alone in its file: a program that never names it needs no dlopen.
#include "device/kernels/plugin/plugin.h"
#include "device/platform/shared_object.h"
#include "device/runtime/structs.h"
#include "hone/plugin.h"

namespace {

hone::device::Result<const hone_plugin*> open(const char* path) {
  HONE_ASSIGN(void* symbol, hone::platform::load_symbol(path, HONE_PLUGIN_SYMBOL));
  const hone_plugin* plugin = reinterpret_cast<const hone_plugin* (*)()>(symbol)();
  const auto checked = hone::kernels::check_plugin(plugin, false);
  if (checked.ok()) return plugin;
  return hone::device::error(checked.code(), hone::FixedText(path)
                                                 << ": " << checked.text().c_str());
}

}  // namespace

hone_status hone_plugin_open(const char* path, const hone_plugin** out, char* text,
                             size_t text_bytes) {
  if (path == nullptr || out == nullptr) return HONE_INVALID_ARGUMENT;
  *out = nullptr;
  const auto opened = open(path);
  if (!opened.ok()) return hone::runtime::report(opened.status(), text, text_bytes);
  *out = *opened;
  return HONE_OK;
}
