// Operators of plugins (hone/plugin.h), found by find_op() like Hone's own once they were added.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "device/kernels/kernel.h"
#include "hone/plugin.h"
#include "host/ops/op_def.h"

namespace hone::ops {

struct PluginOp {
  const hone_plugin_op* table = nullptr;
  std::string from;  // the file it came in
  OpDef def = {};
  std::vector<AttrSpec> attrs;
  std::vector<std::string> kernel_names;
  std::vector<kernels::Kernel> kernels;  // in the order of the table
};

// Adds the operators of a shared object, or of a table (`from`: where it is from, for messages).
// Not while other threads look operators up; there is no way back. The same table again is nothing
// new. Errors name the file: not_found, version_mismatch, invalid_argument (no plugin, a table that
// lacks something, an operator that another plugin or Hone itself has).
Status add_plugin_file(const std::string& path);
Status add_plugin(const hone_plugin* plugin, const std::string& from);

// Hone's kernels and the plugins', by name.
std::vector<const kernels::Kernel*> known_kernels();
const kernels::Kernel* find_known_kernel(std::string_view name);
// Where they came from, each once.
std::vector<std::string> plugin_files();
// The tables added, in order: what an engine is loaded with.
std::span<const hone_plugin* const> plugins();
// The entry at `version`, as find_op() has it; nullptr where no plugin has it.
const PluginOp* find_plugin_op(std::string_view domain, std::string_view op, int64_t version);
const PluginOp* find_plugin_op(const Node& node);

// A plugin node's attributes as the words of its step. Errors (unsupported): too many, too large.
Result<std::vector<int32_t>> encode_attributes(const Node& node);

// The OpDef's functions.
Status infer_plugin(InferContext& ctx);
Status reference_plugin(RefContext& ctx);

}  // namespace hone::ops
