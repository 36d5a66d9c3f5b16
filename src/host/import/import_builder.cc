#include "host/import/import_builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/graph/domains.h"
#include "host/graph/stated_sizes.h"
#include "host/import/lift_node.h"
#include "host/ops/guest.h"

namespace hone::import_detail {

using graph::none;
using graph::ValueId;

namespace {

// Functions that call functions multiply: limits on what a small file may unfold to.
constexpr int max_function_depth = 32;
constexpr int64_t max_inlined_nodes = 200000;

}  // namespace

Builder::Builder(const model::Model& model, const Functions& functions, Zeros zeros,
                 const ImportOptions& options)
    : model_(model),
      functions_(functions),
      zeros_(zeros),
      options_(options),
      symbols_(declared_symbols(model.graph)) {
  for (const auto& v : model.graph.inputs) reserved_.insert(v.name);
  for (const auto& i : model.graph.initializers) reserved_.insert(i.name);
  for (const auto& node : model.graph.nodes) {
    reserved_.insert(node.outputs.begin(), node.outputs.end());
  }
}

const ValueId* Builder::Scope::find(const std::string& name) const {
  for (const Scope* s = this; s != nullptr; s = s->outer) {
    if (auto it = s->names.find(name); it != s->names.end()) return &it->second;
  }
  return nullptr;
}

Status Builder::define(const std::string& name, ValueId v, Scope* scope) {
  if (scope->names.emplace(name, v).second) return {};
  return corrupt(fmt::format("value '{}' is defined twice", name));
}

std::string Builder::stem_for(const std::string& name, const Scope& scope) const {
  if (auto it = scope.final_names.find(name); it != scope.final_names.end()) return it->second;
  if (scope.is_top()) return name;
  const bool clashes = scope.attributes != nullptr || reserved_.contains(name);
  return clashes ? scope.prefix + "/" + name : name;
}
std::string Builder::name_for(const std::string& name, const Scope& scope) const {
  return g_.fresh_name(stem_for(name, scope));
}

Status Builder::build() {
  g_.name = model_.graph.name;
  for (const auto& [domain, version] : model_.opsets) {
    const std::string name = canonical_domain(domain);
    g_.opsets.emplace(name, name.empty() ? std::max<int64_t>(version, ops::min_opset) : version);
  }
  g_.metadata = model_.metadata;
  g_.producer = model_.producer;
  g_.model_hash = model_.file_hash;
  Scope scope;
  Opsets opsets;
  for (const auto& [domain, version] : model_.opsets) {
    opsets.emplace(canonical_domain(domain), version);
  }
  scope.opsets = &opsets;
  HONE_RETURN_IF_ERROR(build_graph(model_.graph, &scope));
  for (const auto& output : model_.graph.outputs) g_.output_names.push_back(output.name);
  return {};
}

Status Builder::build_graph(const model::GraphProto& proto, Scope* scope) {
  HONE_RETURN_IF_ERROR(build_inputs(proto, scope));
  HONE_RETURN_IF_ERROR(build_nodes(proto.nodes, scope));
  std::vector<ValueId> outputs;
  for (const auto& output : proto.outputs) {
    const ValueId* v = scope->find(output.name);
    if (v == nullptr || *v == none) {
      return corrupt(fmt::format("output '{}' is not defined anywhere", output.name));
    }
    outputs.push_back(*v);
  }
  g_.set_block_outputs(scope->block, std::move(outputs));
  add_hints(proto, *scope);
  return {};
}

Status Builder::build_inputs(const model::GraphProto& proto, Scope* scope) {
  std::set<std::string> inputs;
  for (const auto& input : proto.inputs) {
    if (!inputs.insert(input.name).second) {
      return corrupt(fmt::format("input '{}' is declared twice", input.name));
    }
  }
  for (const auto& i : proto.initializers) {
    // A subgraph's inputs are given by its node: no default can replace them.
    if (scope->block != 0 && inputs.contains(i.name)) continue;
    if (!i.tensor) return corrupt(fmt::format("initializer '{}' has no data", i.name));
    const ValueId v = g_.add_constant(name_for(i.name, *scope), i.tensor);
    if (!define(i.name, v, scope).ok()) {
      return corrupt(fmt::format("initializer '{}' is defined twice", i.name));
    }
  }
  for (const auto& input : proto.inputs) {
    if (scope->names.contains(input.name)) continue;  // an initializer: a constant
    if (input.name.empty()) return corrupt("an input has no name");
    graph::Fact fact;
    const bool typed = input.type.kind != model::TypeProto::Kind::none;
    if (typed || scope->block == 0) {
      HONE_ASSIGN(fact, fact_of_input(input, symbols_, zeros_));
    }
    const ValueId v = g_.add_input(name_for(input.name, *scope), std::move(fact), scope->block);
    HONE_RETURN_IF_ERROR(define(input.name, v, scope));
  }
  return {};
}

Status Builder::build_nodes(const std::vector<model::NodeProto>& nodes, Scope* scope) {
  for (const auto& node : nodes) {
    for (const auto& name : node.outputs) {
      if (scope->names.contains(name)) {
        return corrupt(
            fmt::format("value '{}' is an input or initializer, and defined by a node too", name));
      }
    }
  }
  HONE_ASSIGN(const std::vector<size_t> order, sort_nodes(nodes, scope->prefix));
  for (size_t i : order) {
    const std::string label = label_of(nodes[i], i, scope->prefix);
    const Status s = build_node(nodes[i], label, scope);
    if (!s.ok()) {
      // Nodes in subgraphs and functions have been named by the inner call.
      const bool named = s.text().starts_with("node '");
      return named ? s : in(title_of(nodes[i], label), s);
    }
  }
  return {};
}

Status Builder::build_node(const model::NodeProto& node, const std::string& label, Scope* scope) {
  HONE_ASSIGN(const AttributeMap attributes, resolve_attributes(node, scope->attributes));
  if (const auto* function = functions_.find(node)) {
    return inline_function(*function, node, label, attributes, scope);
  }
  if (node.op_type == "Constant" && canonical_domain(node.domain).empty()) {
    return build_constant(node, attributes, scope);
  }
  return build_operator(node, label, attributes, scope);
}

Result<std::vector<ValueId>> Builder::read_inputs(const model::NodeProto& node,
                                                  const Scope& scope) const {
  std::vector<ValueId> inputs;
  for (const auto& name : node.inputs) {
    if (name.empty()) {
      inputs.push_back(none);
      continue;
    }
    const ValueId* v = scope.find(name);
    if (v == nullptr) return corrupt(fmt::format("input '{}' is not defined anywhere", name));
    inputs.push_back(*v);
  }
  return inputs;
}

static Status check_count(const char* what, size_t given, size_t present, int least, int most) {
  const bool few = given < static_cast<size_t>(least);
  if (!few && (most < 0 || present <= static_cast<size_t>(most))) return {};
  const std::string range = most < 0        ? fmt::format("{} or more", least)
                            : least == most ? std::to_string(least)
                                            : fmt::format("{} to {}", least, most);
  return corrupt(fmt::format("{} {}, where {} are allowed", few ? given : present, what, range));
}

// Two calls of a function have nodes of the same names: the call's goes before them.
std::string Builder::full_name(const model::NodeProto& node, const std::string& label,
                               const Scope& scope) {
  return scope.attributes != nullptr && !node.name.empty() ? scope.prefix + "/" + label : label;
}

Status Builder::build_operator(const model::NodeProto& node, const std::string& label,
                               const AttributeMap& attributes, Scope* scope) {
  graph::Node made;
  made.domain = canonical_domain(node.domain);
  made.op = node.op_type;
  made.version = opset_of(*scope->opsets, made.domain);
  made.name = full_name(node, label, *scope);
  made.block = scope->block;
  HONE_ASSIGN(made.inputs, read_inputs(node, *scope));
  const bool old = made.domain.empty() && made.version < ops::min_opset;
  AttributeMap lifted = attributes;
  if (old) HONE_RETURN_IF_ERROR(lift_node({g_, made, lifted}));
  const ops::OpDef* def = ops::find_op(made.domain, made.op, made.version);
  if (def == nullptr && options_.keep_guests && graph::is_foreign_domain(made.domain)) {
    def = ops::add_guest(made.domain, made.op, made.version);
  }
  if (def == nullptr) return unsupported("no such operator");
  const bool guest = ops::is_guest(*def);
  HONE_ASSIGN(made.attributes, guest ? guest_attributes(lifted) : check_attributes(lifted, *def));
  const size_t given = made.inputs.size();
  const auto spare_inputs = [&] {
    return !guest && made.inputs.size() > static_cast<size_t>(def->min_inputs);
  };
  while (spare_inputs() && made.inputs.back() == none) {
    made.inputs.pop_back();
  }
  HONE_RETURN_IF_ERROR(
      check_count("inputs", given, made.inputs.size(), def->min_inputs, def->max_inputs));

  std::vector<std::string> names = node.outputs;
  while (!guest && names.size() > static_cast<size_t>(def->min_outputs) && names.back().empty()) {
    names.pop_back();
  }
  HONE_RETURN_IF_ERROR(check_count("outputs", node.outputs.size(), names.size(), def->min_outputs,
                                   def->max_outputs));
  std::vector<std::string> fresh;
  for (const auto& name : names) {
    fresh.push_back(name.empty() ? "" : name_for(name, *scope));
  }
  const graph::NodeId n = g_.add_node(std::move(made), fresh);
  // Before the outputs are defined: a subgraph does not see them.
  HONE_RETURN_IF_ERROR(build_blocks(n, *def, label, attributes, *scope));
  for (size_t i = 0; i < names.size(); ++i) {
    if (!names[i].empty()) HONE_RETURN_IF_ERROR(define(names[i], g_.node(n).outputs[i], scope));
  }
  // The rules of old operators ask for ranks.
  return old ? ops::infer_node(g_, n) : Status();
}

static bool is_graph(const model::AttributeValue& value) {
  return std::holds_alternative<std::shared_ptr<model::GraphProto>>(value);
}

Status Builder::build_blocks(graph::NodeId owner, const ops::OpDef& def, const std::string& label,
                             const AttributeMap& attributes, const Scope& scope) {
  // In the order of the operator's entry, which says which block is which.
  std::vector<std::string> graphs;
  for (const ops::AttrSpec& spec : def.attrs) {
    const bool given = spec.type == ops::AttrType::graph && attributes.contains(spec.name);
    if (given) graphs.emplace_back(spec.name);
  }
  for (const auto& [key, value] : attributes) {
    if (ops::is_guest(def) && is_graph(value)) graphs.push_back(key);
  }
  for (const std::string& key : graphs) {
    const auto& proto = *std::get<std::shared_ptr<model::GraphProto>>(attributes.at(key));
    Scope inner;
    inner.block = g_.add_block(owner, key);
    inner.outer = &scope;
    inner.opsets = scope.opsets;
    inner.prefix = label + "/" + key;
    inner.attributes = scope.attributes;
    inner.function_depth = scope.function_depth;
    HONE_RETURN_IF_ERROR(build_graph(proto, &inner));
  }
  return {};
}

Status Builder::build_constant(const model::NodeProto& node, const AttributeMap& attributes,
                               Scope* scope) {
  if (node.outputs.size() != 1 || node.outputs[0].empty()) {
    return corrupt("a Constant has exactly one output");
  }
  HONE_ASSIGN(Tensor t, constant_of(attributes));
  const ValueId v = g_.add_constant(name_for(node.outputs[0], *scope), std::move(t));
  return define(node.outputs[0], v, scope);
}

Status Builder::inline_function(const model::FunctionProto& function, const model::NodeProto& node,
                                const std::string& label, const AttributeMap& attributes,
                                Scope* scope) {
  inlined_nodes_ += static_cast<int64_t>(function.nodes.size());
  if (scope->function_depth >= max_function_depth || inlined_nodes_ > max_inlined_nodes) {
    return unsupported(fmt::format("function '{}' calls functions without end", function.name));
  }
  HONE_RETURN_IF_ERROR(check_opsets(function.opsets));
  if (node.inputs.size() > function.inputs.size() ||
      node.outputs.size() > function.outputs.size()) {
    return corrupt(fmt::format("function '{}' has {} inputs and {} outputs", function.name,
                               function.inputs.size(), function.outputs.size()));
  }
  AttributeMap given = attributes;
  for (const auto& a : function.attribute_defaults) given.emplace(a.name, a.value);
  Opsets opsets = *scope->opsets;
  for (const auto& [domain, version] : function.opsets) {
    opsets[domain] = version;
    g_.opsets.emplace(domain,
                      domain.empty() ? std::max<int64_t>(version, ops::min_opset) : version);
  }
  Scope body;
  body.block = scope->block;
  body.opsets = &opsets;
  body.prefix = full_name(node, label, *scope);
  body.attributes = &given;
  body.function_depth = scope->function_depth + 1;
  HONE_ASSIGN(const std::vector<ValueId> inputs, read_inputs(node, *scope));
  for (size_t i = 0; i < function.inputs.size(); ++i) {
    HONE_RETURN_IF_ERROR(define(function.inputs[i], i < inputs.size() ? inputs[i] : none, &body));
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    body.final_names[function.outputs[i]] = stem_for(node.outputs[i], *scope);
  }
  HONE_RETURN_IF_ERROR(build_nodes(function.nodes, &body));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    const ValueId* v = body.find(function.outputs[i]);
    if (v == nullptr || *v == none) {
      return corrupt(fmt::format("function '{}' does not define its output '{}'", function.name,
                                 function.outputs[i]));
    }
    HONE_RETURN_IF_ERROR(define(node.outputs[i], *v, scope));
  }
  return {};
}

// --- facts ---------------------------------------------------------------------------------------

void Builder::add_hints(const model::GraphProto& proto, const Scope& scope) {
  for (const auto* list : {&proto.value_infos, &proto.outputs}) {
    for (const auto& info : *list) {
      auto it = scope.names.find(info.name);
      if (it != scope.names.end() && it->second != none) hints_.emplace(it->second, &info.type);
    }
  }
}

void Builder::use_hint(ValueId v) {
  const graph::Value& value = g_.value(v);
  auto it = hints_.find(v);
  if (it == hints_.end() || value.producer == none) return;
  g_.set_fact(v, with_hint(value.fact, *it->second, value.name, symbols_));
}

// What the file states of sizes that inference does not tell from those of the inputs.
static void keep_sizes(graph::Graph* g, ValueId v, const model::TypeProto& type,
                       const std::set<std::string>& inputs) {
  const graph::Value& value = g->value(v);
  if (value.producer == none || value.block != 0 || !value.fact.has_rank()) return;
  if (type.shape.size() != value.fact.shape->size()) return;
  std::vector<int64_t> sizes;
  bool any = false;
  for (size_t d = 0; d < type.shape.size(); ++d) {
    const graph::Dim& known = (*value.fact.shape)[d];
    const bool open = graph::is_told_by_data(known) ||
                      (known.is_symbol() && !inputs.contains(known.symbol_name()));
    const int64_t size = type.shape[d].size;
    sizes.push_back(open && size > 0 ? size : -1);
    any = any || sizes.back() > 0;
  }
  if (any) graph::state_sizes(g, value.name, sizes);
}

Status Builder::infer() {
  const std::vector<graph::NodeId> nodes = g_.block().nodes;
  for (graph::NodeId n : nodes) {
    HONE_RETURN_IF_ERROR(ops::infer_node(g_, n));
    for (ValueId v : g_.node(n).outputs) {
      if (v != none) use_hint(v);
    }
  }
  for (const auto& [v, type] : hints_) {
    use_hint(v);
    keep_sizes(&g_, v, *type, symbols_);
  }
  return {};
}

}  // namespace hone::import_detail
