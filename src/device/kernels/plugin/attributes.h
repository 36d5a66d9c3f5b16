// Attributes of a plugin's node as they stand in engine files and in plan steps: see FORMAT.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "hone/plugin.h"

namespace hone::kernels {

// A decoded copy, for as long as one callback runs.
class PluginAttributes {
 public:
  // False where the words are not what an encoder wrote. Never looks past them.
  [[nodiscard]] bool decode(std::span<const int32_t> words);
  hone_plugin_attributes view() const { return {list_, count_}; }

 private:
  alignas(8) std::byte bytes_[HONE_PLUGIN_ATTRIBUTE_BYTES];
  hone_plugin_attribute list_[HONE_PLUGIN_MAX_ATTRIBUTES];
  int32_t count_ = 0;
};

// One attribute before it is written: a view, with `name` and `data` as decode() gives them.
// Writes its bytes to `out` where that has room; returns how many it takes, a multiple of 8.
size_t encode_attribute(const hone_plugin_attribute& a, std::span<std::byte> out);
// What stands before the attributes.
struct PluginAttributesHead {
  uint32_t count;
  uint32_t reserved = 0;
};

}  // namespace hone::kernels
