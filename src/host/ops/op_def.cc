// The table of operators, expanded from ops.inc.
#include "host/ops/op_def.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "host/ops/guest.h"
#include "host/ops/plugin.h"

namespace hone::ops {

#define HONE_OP(file) std::span<const OpDef> file##_defs();
#include "host/ops/ops.inc"
#undef HONE_OP

namespace {

bool before(const OpDef* a, const OpDef* b) {
  return std::tuple(std::string_view(a->domain), std::string_view(a->name), a->since) <
         std::tuple(std::string_view(b->domain), std::string_view(b->name), b->since);
}

std::vector<const OpDef*> collect() {
  std::vector<const OpDef*> all;
  const auto add = [&all](std::span<const OpDef> defs) {
    for (const OpDef& def : defs) all.push_back(&def);
  };
#define HONE_OP(file) add(file##_defs());
#include "host/ops/ops.inc"
#undef HONE_OP
  std::sort(all.begin(), all.end(), before);
  return all;
}

const std::vector<const OpDef*>& table() {
  static const std::vector<const OpDef*> all = collect();
  return all;
}

}  // namespace

const OpDef* find_op(std::string_view domain, std::string_view op, int64_t version) {
  if (domain == "ai.onnx") domain = "";
  const std::vector<const OpDef*>& all = table();
  // The first entry past (domain, op, version); the one wanted, if any, stands before it.
  const auto past = std::partition_point(all.begin(), all.end(), [&](const OpDef* def) {
    const auto order = std::tuple(std::string_view(def->domain), std::string_view(def->name));
    return order < std::tuple(domain, op) ||
           (order == std::tuple(domain, op) && def->since <= version);
  });
  const OpDef* found = past == all.begin() ? nullptr : *std::prev(past);
  if (found != nullptr && found->domain == domain && found->name == op) return found;
  const PluginOp* plugin = find_plugin_op(domain, op, version);
  return plugin == nullptr ? find_guest(domain, op, version) : &plugin->def;
}

const OpDef* find_op(const Node& node) { return find_op(node.domain, node.op, node.version); }

std::vector<const OpDef*> all_ops() { return table(); }

}  // namespace hone::ops
