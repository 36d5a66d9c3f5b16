#include <fmt/format.h>

#include "host/import/import_internal.h"

namespace hone::import_detail {
namespace {

using graph::Attr;
using graph::Attributes;
using ops::AttrSpec;
using ops::AttrType;

const char* name(AttrType type) {
  switch (type) {
    case AttrType::i: return "an integer";
    case AttrType::f: return "a float";
    case AttrType::s: return "a string";
    case AttrType::tensor: return "a tensor";
    case AttrType::ints: return "a list of integers";
    case AttrType::floats: return "a list of floats";
    case AttrType::strings: return "a list of strings";
    case AttrType::tensors: return "a list of tensors";
    case AttrType::graph: return "a graph";
    case AttrType::type: return "a type";
  }
  return "something else";
}

template <class T>
bool keep(const model::AttributeValue& value, const std::string& key, Attributes* out) {
  const T* v = std::get_if<T>(&value);
  if (v != nullptr) out->set(key, Attr(*v));
  return v != nullptr;
}

// An empty list does not say of what: readers take it for integers.
template <class T>
bool keep_list(const model::AttributeValue& value, const std::string& key, Attributes* out) {
  const auto* ints = std::get_if<std::vector<int64_t>>(&value);
  if (ints == nullptr || !ints->empty()) return keep<std::vector<T>>(value, key, out);
  out->set(key, Attr(std::vector<T>()));
  return true;
}

bool keep(const model::AttributeValue& value, const AttrSpec& spec, Attributes* out) {
  switch (spec.type) {
    case AttrType::i: return keep<int64_t>(value, spec.name, out);
    case AttrType::f: return keep<float>(value, spec.name, out);
    case AttrType::s: return keep<std::string>(value, spec.name, out);
    case AttrType::tensor: return keep<Tensor>(value, spec.name, out);
    case AttrType::ints: return keep_list<int64_t>(value, spec.name, out);
    case AttrType::floats: return keep_list<float>(value, spec.name, out);
    case AttrType::strings: return keep_list<std::string>(value, spec.name, out);
    case AttrType::tensors: return keep_list<Tensor>(value, spec.name, out);
    case AttrType::type: return keep<model::TypeProto>(value, spec.name, out);
    case AttrType::graph: return std::holds_alternative<std::shared_ptr<model::GraphProto>>(value);
  }
  return false;
}

// Written by exporters, without meaning for the result.
bool is_harmless(const std::string& key) {
  return key.starts_with("_") || key == "doc_string" || key == "consumed_inputs" ||
         key == "is_test" || key == "onnx_opset";
}

}  // namespace

Result<AttributeMap> resolve_attributes(const model::NodeProto& node, const AttributeMap* outer) {
  AttributeMap out;
  for (const auto& a : node.attributes) {
    const model::AttributeValue* value = &a.value;
    if (!a.ref.empty()) {
      if (outer == nullptr) {
        return corrupt(
            fmt::format("attribute '{}' refers to '{}' outside of a function", a.name, a.ref));
      }
      auto it = outer->find(a.ref);
      if (it == outer->end()) continue;
      value = &it->second;
    }
    if (std::holds_alternative<std::monostate>(*value)) {
      return corrupt(fmt::format("attribute '{}' has no value", a.name));
    }
    if (!out.emplace(a.name, *value).second) {
      return corrupt(fmt::format("attribute '{}' stands twice", a.name));
    }
  }
  return out;
}

Result<Attributes> check_attributes(const AttributeMap& attributes, const ops::OpDef& def) {
  Attributes out;
  for (const auto& [key, value] : attributes) {
    const AttrSpec* spec = nullptr;
    for (const AttrSpec& s : def.attrs) {
      if (key == s.name) spec = &s;
    }
    if (spec == nullptr) {
      if (is_harmless(key)) continue;
      return unsupported(
          fmt::format("attribute '{}' is not one of {}'s (version {})", key, def.name, def.since));
    }
    if (!keep(value, *spec, &out)) {
      return corrupt(fmt::format("attribute '{}' must be {}", key, name(spec->type)));
    }
  }
  for (const AttrSpec& s : def.attrs) {
    if (s.required && !attributes.contains(s.name)) {
      return corrupt(fmt::format("attribute '{}' is missing", s.name));
    }
  }
  return out;
}

Result<Attributes> guest_attributes(const AttributeMap& attributes) {
  using Graphs = std::vector<std::shared_ptr<model::GraphProto>>;
  Attributes out;
  for (const auto& [key, value] : attributes) {
    if (std::holds_alternative<Graphs>(value)) {
      return unsupported(fmt::format("attribute '{}' is a list of graphs", key));
    }
    std::visit(
        [&, &name = key](const auto& v) {
          if constexpr (std::is_constructible_v<Attr, decltype(v)>) out.set(name, Attr(v));
        },
        value);
  }
  return out;
}

Result<Tensor> constant_of(const AttributeMap& attributes) {
  for (const auto& [key, value] : attributes) {
    const auto* t = std::get_if<Tensor>(&value);
    if ((key == "value" || key == "sparse_value") && t != nullptr && *t) return *t;
    if (const auto* v = std::get_if<int64_t>(&value); key == "value_int" && v != nullptr) {
      return Tensor::scalar<int64_t>(*v);
    }
    if (const auto* v = std::get_if<float>(&value); key == "value_float" && v != nullptr) {
      return Tensor::scalar<float>(*v);
    }
    if (const auto* v = std::get_if<std::string>(&value); key == "value_string" && v != nullptr) {
      return Tensor::strings({}, {*v});
    }
    const auto* ints = std::get_if<std::vector<int64_t>>(&value);
    const auto* floats = std::get_if<std::vector<float>>(&value);
    const auto* strings = std::get_if<std::vector<std::string>>(&value);
    const bool empty = ints != nullptr && ints->empty();
    if (key == "value_ints" && ints != nullptr) {
      return Tensor::of<int64_t>({std::ssize(*ints)}, *ints);
    }
    if (key == "value_floats" && floats != nullptr) {
      return Tensor::of<float>({std::ssize(*floats)}, *floats);
    }
    if (key == "value_floats" && empty) return Tensor(DType::f32, {0});
    if (key == "value_strings" && strings != nullptr) {
      return Tensor::strings({std::ssize(*strings)}, *strings);
    }
    if (key == "value_strings" && empty) return Tensor::strings({0}, {});
  }
  return corrupt("a Constant without a value that Hone knows");
}

}  // namespace hone::import_detail
