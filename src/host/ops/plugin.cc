#include "host/ops/plugin.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "device/kernels/plugin/attributes.h"
#include "device/kernels/plugin/plugin.h"
#include "device/platform/shared_object.h"

namespace hone::ops {

namespace {

struct Registry {
  std::vector<const hone_plugin*> tables;
  std::vector<std::unique_ptr<const PluginOp>> ops;
};

Registry& registry() {
  static Registry r;
  return r;
}

Status words(const device::Status& s) { return Status(s.code(), s.text().c_str()); }

AttrType type_of(int32_t type) {
  switch (type) {
    case HONE_ATTRIBUTE_INT: return AttrType::i;
    case HONE_ATTRIBUTE_FLOAT: return AttrType::f;
    case HONE_ATTRIBUTE_STRING: return AttrType::s;
    case HONE_ATTRIBUTE_INTS: return AttrType::ints;
    case HONE_ATTRIBUTE_FLOATS: return AttrType::floats;
    default: return AttrType::tensor;
  }
}

Result<std::unique_ptr<const PluginOp>> make_op(const hone_plugin_op& t, const std::string& from) {
  auto op = std::make_unique<PluginOp>();
  op->table = &t;
  op->from = from;
  for (int32_t i = 0; i < t.attribute_count; ++i) {
    const hone_plugin_attribute_spec& a = t.attributes[i];
    op->attrs.push_back({a.name, type_of(a.type), a.required != 0});
  }
  for (int32_t i = 0; i < t.kernel_count; ++i) {
    op->kernel_names.emplace_back(kernels::plugin_kernel_name(t, *t.kernels[i]).c_str());
  }
  for (int32_t i = 0; i < t.kernel_count; ++i) {
    const char* name = op->kernel_names[static_cast<size_t>(i)].c_str();
    auto kernel = kernels::plugin_kernel(*t.kernels[i], name);
    if (!kernel.ok()) return words(kernel.status());
    op->kernels.push_back(*kernel);
  }
  constexpr int most = static_cast<int>(HONE_PLUGIN_MAX_OPERANDS);
  OpDef& d = op->def;
  d.domain = t.domain;
  d.name = t.name;
  d.since = t.since_version;
  d.min_inputs = t.min_inputs, d.max_inputs = t.max_inputs < 0 ? most : t.max_inputs;
  d.min_outputs = t.min_outputs, d.max_outputs = t.max_outputs < 0 ? most : t.max_outputs;
  d.attrs = op->attrs;
  d.infer = infer_plugin;
  d.reference = reference_plugin;
  if (t.tolerance > 0) d.tolerance = t.tolerance;
  return std::unique_ptr<const PluginOp>(std::move(op));
}

// Nobody could say which of two is meant.
Status check_new(const hone_plugin_op& t) {
  for (const auto& known : registry().ops) {
    const hone_plugin_op& k = *known->table;
    if (std::strcmp(k.domain, t.domain) != 0 || std::strcmp(k.name, t.name) != 0) continue;
    if (k.since_version != t.since_version) continue;
    return invalid(fmt::format("{}::{} version {} is there already, from {}", t.domain, t.name,
                               t.since_version, known->from));
  }
  for (const OpDef* own : all_ops()) {
    if (std::strcmp(own->domain, t.domain) != 0 || std::strcmp(own->name, t.name) != 0) continue;
    return invalid(fmt::format("{}::{} is an operator of Hone's own", t.domain, t.name));
  }
  return {};
}

hone_plugin_attribute blank(const std::string& name, int32_t type, DType dtype) {
  hone_plugin_attribute a = {};
  a.name = name.c_str();
  a.type = type;
  a.dtype = static_cast<int32_t>(dtype);
  return a;
}

// False for what no plugin takes.
bool describe(const std::string& name, const graph::Attr& value, hone_plugin_attribute* out) {
  auto list = [&](int32_t type, DType dtype, const auto& values) {
    *out = blank(name, type, dtype);
    out->count = static_cast<int64_t>(values.size());
    out->data = values.data();
    return true;
  };
  if (const auto* i = std::get_if<int64_t>(&value)) {
    *out = blank(name, HONE_ATTRIBUTE_INT, DType::i64);
    out->i = *i;
    return true;
  }
  if (const auto* f = std::get_if<float>(&value)) {
    *out = blank(name, HONE_ATTRIBUTE_FLOAT, DType::f32);
    out->f = *f;
    return true;
  }
  if (const auto* s = std::get_if<std::string>(&value)) {
    return s->find('\0') == std::string::npos && list(HONE_ATTRIBUTE_STRING, DType::u8, *s);
  }
  if (const auto* v = std::get_if<std::vector<int64_t>>(&value)) {
    return list(HONE_ATTRIBUTE_INTS, DType::i64, *v);
  }
  if (const auto* v = std::get_if<std::vector<float>>(&value)) {
    return list(HONE_ATTRIBUTE_FLOATS, DType::f32, *v);
  }
  const auto* t = std::get_if<Tensor>(&value);
  if (t == nullptr || bits(t->dtype()) == 0 || t->rank() > HONE_MAX_RANK) return false;
  *out = blank(name, HONE_ATTRIBUTE_TENSOR, t->dtype());
  out->rank = t->rank();
  out->dims = t->dims().data();
  out->count = t->count();
  out->data = t->data();
  return true;
}

}  // namespace

Status add_plugin(const hone_plugin* plugin, const std::string& from) {
  Registry& r = registry();
  if (std::find(r.tables.begin(), r.tables.end(), plugin) != r.tables.end()) return {};
  HONE_RETURN_IF_ERROR(in(from, words(kernels::check_plugin(plugin, true))));
  std::vector<std::unique_ptr<const PluginOp>> made;
  for (int32_t i = 0; i < plugin->op_count; ++i) {
    HONE_RETURN_IF_ERROR(in(from, check_new(*plugin->ops[i])));
    auto op = make_op(*plugin->ops[i], from);
    if (!op.ok()) return in(from, op.status());
    made.push_back(std::move(*op));
  }
  r.tables.push_back(plugin);
  for (auto& op : made) r.ops.push_back(std::move(op));
  return {};
}

Status add_plugin_file(const std::string& path) {
  auto symbol = platform::load_symbol(path.c_str(), HONE_PLUGIN_SYMBOL);
  if (!symbol.ok()) return words(symbol.status());
  return add_plugin(reinterpret_cast<const hone_plugin* (*)()>(*symbol)(), path);
}

std::vector<const kernels::Kernel*> known_kernels() {
  const auto own = kernels::all_kernels();
  std::vector<const kernels::Kernel*> all(own.begin(), own.end());
  for (const auto& op : registry().ops) {
    for (const kernels::Kernel& k : op->kernels) all.push_back(&k);
  }
  return all;
}

const kernels::Kernel* find_known_kernel(std::string_view name) {
  for (const auto& op : registry().ops) {
    for (const kernels::Kernel& k : op->kernels) {
      if (name == k.name) return &k;
    }
  }
  return kernels::find_kernel(std::string(name).c_str());
}

std::vector<std::string> plugin_files() {
  std::vector<std::string> files;
  for (const auto& op : registry().ops) {
    if (files.empty() || files.back() != op->from) files.push_back(op->from);
  }
  return files;
}

std::span<const hone_plugin* const> plugins() { return registry().tables; }

const PluginOp* find_plugin_op(std::string_view domain, std::string_view op, int64_t version) {
  const PluginOp* best = nullptr;
  for (const auto& p : registry().ops) {
    if (domain != p->def.domain || op != p->def.name || p->def.since > version) continue;
    if (best == nullptr || p->def.since > best->def.since) best = p.get();
  }
  return best;
}

const PluginOp* find_plugin_op(const Node& node) {
  return find_plugin_op(node.domain, node.op, node.version);
}

Result<std::vector<int32_t>> encode_attributes(const Node& node) {
  alignas(8) std::byte bytes[HONE_PLUGIN_ATTRIBUTE_BYTES];
  kernels::PluginAttributesHead head = {static_cast<uint32_t>(node.attributes.size())};
  if (head.count == 0) return std::vector<int32_t>();
  if (head.count > HONE_PLUGIN_MAX_ATTRIBUTES) {
    return unsupported(fmt::format("{} attributes, at most {} reach a plugin", head.count,
                                   HONE_PLUGIN_MAX_ATTRIBUTES));
  }
  std::memcpy(bytes, &head, sizeof(head));
  size_t at = sizeof(head);
  for (const auto& [name, value] : node.attributes) {
    hone_plugin_attribute a;
    const bool known = describe(name, value, &a);
    const size_t room = sizeof(bytes) - at;
    const size_t size = known ? kernels::encode_attribute(a, {bytes + at, room}) : 0;
    if (size == 0) return unsupported(fmt::format("attribute '{}' is nothing for plugins", name));
    if (size > room) {
      return unsupported(fmt::format("the attributes take over {} bytes; make '{}' an input",
                                     sizeof(bytes), name));
    }
    at += size;
  }
  std::vector<int32_t> out(at / sizeof(int32_t));
  std::memcpy(out.data(), bytes, at);
  return out;
}

}  // namespace hone::ops
