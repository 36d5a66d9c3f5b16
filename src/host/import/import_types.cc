// TypeProto -> Fact.
#include <fmt/format.h>

#include <algorithm>

#include "host/import/import_internal.h"

namespace hone::import_detail {
namespace {

using graph::Dim;
using graph::Fact;
using Kind = model::TypeProto::Kind;

// What exporters write for "any size": as a name it would claim that all such sizes are equal.
bool is_placeholder(const std::string& symbol) {
  return symbol.empty() || symbol == "?" || symbol == "*" || symbol == "None" || symbol == "-1";
}

Dim unnamed(const std::string& name, size_t axis, const std::set<std::string>& symbols) {
  std::string symbol = fmt::format("{}.{}", name, axis);
  while (symbols.contains(symbol)) symbol += "'";
  return Dim::symbol(symbol);
}

// The innermost tensor, and what it is wrapped in: `kind` and `key` as a Fact has them.
const model::TypeProto* tensor_of(const model::TypeProto& type, Fact::Kind* kind,
                                  DType* key = nullptr) {
  const model::TypeProto* t = &type;
  while (t != nullptr && (t->kind == Kind::sequence || t->kind == Kind::optional)) {
    if (*kind != Fact::Kind::sequence) {
      *kind = t->kind == Kind::sequence ? Fact::Kind::sequence : Fact::Kind::optional;
    }
    t = t->element.get();
  }
  if (t == nullptr || t->kind != Kind::map) return t;
  if (*kind == Fact::Kind::tensor) *kind = Fact::Kind::map;
  if (key != nullptr) *key = t->dtype;
  return t->element.get();
}

}  // namespace

std::set<std::string> declared_symbols(const model::GraphProto& graph) {
  std::set<std::string> out;
  for (const auto& input : graph.inputs) {
    Fact::Kind ignored = Fact::Kind::tensor;
    const auto* tensor = tensor_of(input.type, &ignored);
    if (tensor == nullptr) continue;
    for (const auto& d : tensor->shape) {
      if (!is_placeholder(d.symbol)) out.insert(d.symbol);
    }
  }
  return out;
}

Result<Fact> fact_of_input(const model::ValueInfo& input, const std::set<std::string>& symbols,
                           Zeros zeros) {
  Fact f;
  const auto* type = tensor_of(input.type, &f.kind, &f.key);
  if (f.kind == Fact::Kind::map && f.key != DType::i64 && f.key != DType::string) {
    return unsupported(fmt::format("input '{}' is a map with keys of {}", input.name, name(f.key)));
  }
  if (type != nullptr && type->kind == Kind::sparse_tensor) {
    return unsupported(fmt::format("input '{}' is a sparse tensor", input.name));
  }
  if (type == nullptr || type->kind == Kind::none || type->dtype == DType::none) {
    return corrupt(fmt::format("input '{}' has no element type", input.name));
  }
  f.dtype = type->dtype;
  if (!type->has_shape) return f;
  f.shape.emplace();
  for (size_t axis = 0; axis < type->shape.size(); ++axis) {
    const auto& d = type->shape[axis];
    if (d.size > 0 || (d.size == 0 && zeros == Zeros::sizes)) {
      f.shape->push_back(d.size);
    } else if (d.size == 0 && zeros == Zeros::either) {
      // A symbol that may be any number: nothing takes it for at least 1.
      f.shape->push_back(unnamed("?" + input.name, axis, symbols));
    } else {
      f.shape->push_back(is_placeholder(d.symbol) ? unnamed(input.name, axis, symbols)
                                                  : Dim::symbol(d.symbol));
    }
  }
  return f;
}

bool declares_zeros(const model::GraphProto& graph) {
  std::set<std::string> constants;
  for (const auto& i : graph.initializers) constants.insert(i.name);
  return std::any_of(graph.inputs.begin(), graph.inputs.end(), [&](const auto& input) {
    Fact::Kind ignored = Fact::Kind::tensor;
    const auto* tensor = constants.contains(input.name) ? nullptr : tensor_of(input.type, &ignored);
    return tensor != nullptr && std::any_of(tensor->shape.begin(), tensor->shape.end(),
                                            [](const auto& d) { return d.size == 0; });
  });
}

Zeros meaning_of_zeros(const model::GraphProto& proto, const graph::Graph& as_sizes) {
  Zeros found = Zeros::either;
  const auto& outputs = as_sizes.block().outputs;
  for (size_t i = 0; i < outputs.size() && i < proto.outputs.size(); ++i) {
    const Fact& fact = as_sizes.fact(outputs[i]);
    const model::TypeProto& type = proto.outputs[i].type;
    const bool told = type.kind == Kind::tensor && type.has_shape && fact.has_rank();
    if (!told || fact.shape->size() != type.shape.size()) continue;
    bool some = true;  // elements, as declared
    for (size_t axis = 0; axis < type.shape.size(); ++axis) {
      const auto& d = type.shape[axis];
      const auto inferred = (*fact.shape)[axis].const_value();
      const bool differs = d.size > 0 ? inferred && *inferred != d.size : inferred == 0;
      if (differs && d.size != 0) return Zeros::unknown;
      some = some && d.size > 0;
    }
    if (some) found = Zeros::sizes;
  }
  return found;
}

Fact with_hint(const Fact& fact, const model::TypeProto& hint, const std::string& name,
               const std::set<std::string>& symbols) {
  if (fact.kind != Fact::Kind::tensor || hint.kind != Kind::tensor) return fact;
  if (fact.dtype != DType::none && hint.dtype != fact.dtype) return fact;
  Fact f = fact;
  f.dtype = hint.dtype;
  if (f.shape || !hint.has_shape) return f;
  f.shape.emplace();
  for (size_t axis = 0; axis < hint.shape.size(); ++axis) {
    const auto& d = hint.shape[axis];
    if (d.size > 0) {
      f.shape->push_back(d.size);
    } else {
      f.shape->push_back(symbols.contains(d.symbol) ? Dim::symbol(d.symbol)
                                                    : unnamed(name, axis, symbols));
    }
  }
  return f;
}

}  // namespace hone::import_detail
