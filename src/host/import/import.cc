#include "host/import/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "host/import/functions.h"
#include "host/ops/op_def.h"

namespace hone {

using graph::BlockId;
using graph::Dim;
using graph::Fact;
using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::ValueId;
using model::GraphProto;
using model::NodeProto;

namespace {

// Names of values, those of the graphs around it visible.
struct Scope {
  const Scope* outer = nullptr;
  std::map<std::string, ValueId> values;
  ValueId find(const std::string& name) const {
    for (const Scope* s = this; s != nullptr; s = s->outer) {
      if (auto it = s->values.find(name); it != s->values.end()) return it->second;
    }
    return graph::none;
  }
};

const char* attribute_kind(ops::AttrType t) {
  constexpr const char* names[] = {"an integer", "a float",  "a string", "a tensor",
                                   "integers",   "floats",   "strings",  "tensors",
                                   "a graph",    "a type"};
  return names[static_cast<int>(t)];
}

// Attributes exporters write that have no meaning for the operator they write them on.
bool harmless(const std::string& name) {
  static const std::set<std::string> names = {"consumed_inputs", "is_test", "spatial", "stash_type",
                                              "seed", "mode", "training_mode", "onnx_opset"};
  return names.contains(name) || name.starts_with("__");
}

class Importer {
 public:
  explicit Importer(const model::Model& m) : model_(m) {}

  Result<Graph> run() {
    HONE_RETURN_IF_ERROR(check_opsets());
    find_unsupported(model_.graph);
    if (!unsupported_.empty()) return unsupported(unsupported_text());
    g_.name = model_.graph.name;
    g_.producer = model_.producer;
    g_.metadata = model_.metadata;
    g_.model_hash = model_.file_hash;
    Scope root;
    HONE_RETURN_IF_ERROR(block(model_.graph, 0, &root, 0));
    for (const auto& o : model_.graph.outputs) g_.output_names.push_back(o.name);
    HONE_RETURN_IF_ERROR(ops::infer_graph(g_));
    HONE_RETURN_IF_ERROR(graph::verify(g_));
    return std::move(g_);
  }

 private:
  Status check_opsets() {
    for (const auto& [domain, version] : model_.opsets) g_.opsets[plain_domain(domain)] = version;
    g_.opsets.try_emplace("", model_.ir_version < 3 ? 1 : ops::min_opset);
    g_.opsets[graph::hone_domain] = 1;
    int64_t v = g_.opsets[""];
    if (v < ops::min_opset || v > ops::max_opset) {
      return unsupported(fmt::format("opset {} is not one of {} to {}; convert the model's opset", v,
                                     ops::min_opset, ops::max_opset));
    }
    return {};
  }

  int64_t version_of(const std::string& domain) const {
    auto it = g_.opsets.find(domain);
    return it == g_.opsets.end() ? 1 : it->second;
  }

  void find_unsupported(const GraphProto& g) {
    for (size_t i = 0; i < g.nodes.size(); ++i) {
      const NodeProto& n = g.nodes[i];
      std::string domain = plain_domain(n.domain);
      if (ops::find_op(domain, n.op_type, version_of(domain)) == nullptr) {
        std::string op = domain.empty() ? n.op_type : domain + "." + n.op_type;
        unsupported_[op].push_back(n.name.empty() ? fmt::format("#{}", i) : "'" + n.name + "'");
      }
      for (const auto& a : n.attributes) {
        if (auto* sub = std::get_if<std::shared_ptr<GraphProto>>(&a.value)) find_unsupported(**sub);
      }
    }
  }

  std::string unsupported_text() const {
    std::vector<std::string> parts;
    for (const auto& [op, nodes] : unsupported_) {
      parts.push_back(fmt::format("{} (node{} {})", op, nodes.size() > 1 ? "s" : "",
                                  fmt::join(nodes, ", ")));
    }
    return fmt::format("unsupported operators: {}", fmt::join(parts, ", "));
  }

  Status define(const std::string& name, ValueId v, Scope* scope) {
    if (scope->find(name) == graph::none && scope->values.try_emplace(name, v).second) return {};
    return corrupt(fmt::format("two values are named '{}'", name));
  }

  // A name that is unique in the whole graph: inner scopes may repeat those of sibling scopes.
  std::string unique(const std::string& name) const {
    return g_.find_value(name) == graph::none ? name : g_.fresh_name(name);
  }

  Fact fact_of(const model::ValueInfo& info) const {
    const model::TypeProto* t = &info.type;
    Fact f;
    if (t->kind == model::TypeProto::Kind::sequence) f.kind = Fact::Kind::sequence;
    if (t->kind == model::TypeProto::Kind::optional) f.kind = Fact::Kind::optional;
    while (t->element != nullptr) t = t->element.get();
    f.dtype = t->dtype;
    if (!t->has_shape) return f;
    graph::SymShape shape;
    for (size_t i = 0; i < t->shape.size(); ++i) {
      const model::DimProto& d = t->shape[i];
      // 0 is how some exporters write "not known".
      if (d.size > 0) shape.emplace_back(d.size);
      else if (!d.symbol.empty()) shape.push_back(Dim::symbol(d.symbol));
      else shape.push_back(Dim::symbol(fmt::format("{}.{}", info.name, i)));
    }
    f.shape = std::move(shape);
    return f;
  }

  Status block(const GraphProto& proto, BlockId id, Scope* scope, int depth) {
    if (depth > 64) return corrupt("subgraphs are nested too deeply");
    std::set<std::string> constants;
    for (const auto& init : proto.initializers) {
      HONE_RETURN_IF_ERROR(define(init.name, g_.add_constant(unique(init.name), init.tensor), scope));
      constants.insert(init.name);
    }
    for (const auto& info : proto.inputs) {
      if (constants.contains(info.name)) continue;
      HONE_RETURN_IF_ERROR(define(info.name, g_.add_input(unique(info.name), fact_of(info), id), scope));
    }
    HONE_ASSIGN(std::vector<size_t> order, sorted(proto, *scope));
    for (size_t i : order) {
      const NodeProto& n = proto.nodes[i];
      std::string label = n.name.empty() ? fmt::format("#{}", i) : n.name;
      HONE_RETURN_IF_ERROR(in(fmt::format("node '{}' ({})", label, n.op_type),
                              node(n, i, id, scope, depth)));
    }
    std::vector<ValueId> outputs;
    for (const auto& o : proto.outputs) {
      ValueId v = scope->find(o.name);
      if (v == graph::none) return corrupt(fmt::format("output '{}' is computed by no node", o.name));
      outputs.push_back(v);
    }
    g_.set_block_outputs(id, std::move(outputs));
    return {};
  }

  // Inputs of a node, those its subgraphs take from outside included.
  static void collect_reads(const NodeProto& n, std::vector<std::string>* out) {
    for (const std::string& v : n.inputs) out->push_back(v);
    for (const auto& a : n.attributes) {
      auto* sub = std::get_if<std::shared_ptr<GraphProto>>(&a.value);
      if (sub == nullptr) continue;
      for (const NodeProto& inner : (*sub)->nodes) collect_reads(inner, out);
      for (const auto& o : (*sub)->outputs) out->push_back(o.name);
    }
  }

  // Order of execution; the file's own where it is one already.
  Result<std::vector<size_t>> sorted(const GraphProto& proto, const Scope& scope) const {
    std::map<std::string, size_t> producer;
    for (size_t i = 0; i < proto.nodes.size(); ++i) {
      for (const std::string& v : proto.nodes[i].outputs) {
        if (!v.empty()) producer.try_emplace(v, i);
      }
    }
    std::vector<std::vector<size_t>> readers(proto.nodes.size());
    std::vector<size_t> waiting(proto.nodes.size(), 0);
    for (size_t i = 0; i < proto.nodes.size(); ++i) {
      std::vector<std::string> reads;
      collect_reads(proto.nodes[i], &reads);
      std::set<size_t> needs;
      for (const std::string& v : reads) {
        auto it = producer.find(v);
        if (it != producer.end() && it->second != i && scope.find(v) == graph::none) {
          needs.insert(it->second);
        }
      }
      waiting[i] = needs.size();
      for (size_t p : needs) readers[p].push_back(i);
    }
    std::set<size_t> ready;
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i] == 0) ready.insert(i);
    }
    std::vector<size_t> order;
    while (!ready.empty()) {
      size_t i = *ready.begin();
      ready.erase(ready.begin());
      order.push_back(i);
      for (size_t r : readers[i]) {
        if (--waiting[r] == 0) ready.insert(r);
      }
    }
    if (order.size() == proto.nodes.size()) return order;
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i] > 0) {
        return corrupt(fmt::format("the graph has a cycle through node '{}'", proto.nodes[i].name));
      }
    }
    return internal("no order of execution");
  }

  Status node(const NodeProto& proto, size_t number, BlockId block_id, Scope* scope, int depth) {
    Node n;
    n.domain = plain_domain(proto.domain);
    n.op = proto.op_type;
    n.name = proto.name.empty() ? fmt::format("{}_{}", proto.op_type, number) : proto.name;
    n.version = version_of(n.domain);
    n.block = block_id;
    n.origin = {n.name};
    const ops::OpDef& def = *ops::find_op(n.domain, n.op, n.version);
    HONE_RETURN_IF_ERROR(take_attributes(proto, def, &n));
    if (n.is("Constant")) {
      if (proto.outputs.size() != 1) return corrupt("a Constant has one output");
      HONE_ASSIGN(Tensor t, constant_of(n));
      return define(proto.outputs[0], g_.add_constant(unique(proto.outputs[0]), std::move(t)), scope);
    }
    for (const std::string& name : proto.inputs) {
      ValueId v = name.empty() ? graph::none : scope->find(name);
      if (v == graph::none && !name.empty()) {
        return corrupt(fmt::format("input '{}' is computed by no node", name));
      }
      n.inputs.push_back(v);
    }
    while (!n.inputs.empty() && n.inputs.back() == graph::none) n.inputs.pop_back();
    HONE_RETURN_IF_ERROR(check_arity(def, n.inputs.size(), proto.outputs.size()));
    std::vector<std::string> names;
    for (const std::string& o : proto.outputs) names.push_back(o.empty() ? "" : unique(o));
    while (!names.empty() && names.back().empty()) names.pop_back();
    NodeId id = g_.add_node(std::move(n), names);
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i].empty()) continue;
      HONE_RETURN_IF_ERROR(define(proto.outputs[i], g_.node(id).outputs[i], scope));
    }
    for (const auto& a : proto.attributes) {
      auto* sub = std::get_if<std::shared_ptr<GraphProto>>(&a.value);
      if (sub == nullptr) continue;
      Scope inner;
      inner.outer = scope;
      HONE_RETURN_IF_ERROR(block(**sub, g_.add_block(id, a.name), &inner, depth + 1));
    }
    return {};
  }

  static Status check_arity(const ops::OpDef& def, size_t inputs, size_t outputs) {
    auto in = static_cast<int>(inputs), out = static_cast<int>(outputs);
    if (in < def.min_inputs || (def.max_inputs >= 0 && in > def.max_inputs)) {
      return corrupt(fmt::format("{} inputs given, {} to {} expected", in, def.min_inputs,
                                 def.max_inputs < 0 ? "any" : std::to_string(def.max_inputs)));
    }
    if (out < def.min_outputs || (def.max_outputs >= 0 && out > def.max_outputs)) {
      return corrupt(fmt::format("{} outputs, {} to {} expected", out, def.min_outputs,
                                 def.max_outputs < 0 ? "any" : std::to_string(def.max_outputs)));
    }
    return {};
  }

  static Status take_attributes(const NodeProto& proto, const ops::OpDef& def, Node* n) {
    for (const auto& a : proto.attributes) {
      const ops::AttrSpec* spec = nullptr;
      for (const ops::AttrSpec& s : def.attrs) {
        if (a.name == s.name) spec = &s;
      }
      if (spec == nullptr && harmless(a.name)) continue;
      if (spec == nullptr) return corrupt(fmt::format("attribute '{}' is not known", a.name));
      HONE_RETURN_IF_ERROR(take_attribute(a, *spec, n));
    }
    for (const ops::AttrSpec& s : def.attrs) {
      if (!s.required || n->attributes.has(s.name)) continue;
      bool graph_given = s.type == ops::AttrType::graph &&
                         std::any_of(proto.attributes.begin(), proto.attributes.end(),
                                     [&](const auto& a) { return a.name == s.name; });
      if (!graph_given) return corrupt(fmt::format("attribute '{}' is missing", s.name));
    }
    return {};
  }

  static Status take_attribute(const model::Attribute& a, const ops::AttrSpec& spec, Node* n) {
    using ops::AttrType;
    auto take = [&](auto kind) {
      using T = decltype(kind);
      if (const T* v = std::get_if<T>(&a.value)) {
        n->attributes.set(a.name, *v);
        return true;
      }
      return false;
    };
    bool ok = false;
    switch (spec.type) {
      case AttrType::i: ok = take(int64_t{}); break;
      case AttrType::f: ok = take(float{}); break;
      case AttrType::s: ok = take(std::string{}); break;
      case AttrType::tensor: ok = take(Tensor{}); break;
      case AttrType::ints: ok = take(std::vector<int64_t>{}); break;
      case AttrType::floats: ok = take(std::vector<float>{}); break;
      case AttrType::strings: ok = take(std::vector<std::string>{}); break;
      case AttrType::tensors: ok = take(std::vector<Tensor>{}); break;
      case AttrType::type: ok = take(model::TypeProto{}); break;
      case AttrType::graph:
        ok = std::holds_alternative<std::shared_ptr<GraphProto>>(a.value);
        break;
    }
    // An empty list has no type of its own in the file.
    if (!ok && std::holds_alternative<std::vector<int64_t>>(a.value) &&
        std::get<std::vector<int64_t>>(a.value).empty()) {
      return {};
    }
    if (ok) return {};
    return corrupt(fmt::format("attribute '{}' is not {}", a.name, attribute_kind(spec.type)));
  }

  static Result<Tensor> constant_of(const Node& n) {
    const auto& a = n.attributes;
    if (Tensor t = a.tensor("value")) return t;
    if (a.has("value_float")) return Tensor::scalar(a.f("value_float", 0));
    if (a.has("value_int")) return Tensor::scalar(a.i("value_int", 0));
    if (a.has("value_string")) return Tensor::strings({}, {a.s("value_string", "")});
    if (a.has("value_floats")) {
      auto v = a.floats("value_floats");
      return Tensor::of<float>({static_cast<int64_t>(v.size())}, std::span<const float>(v));
    }
    if (a.has("value_ints")) {
      auto v = a.ints("value_ints");
      return Tensor::of<int64_t>({static_cast<int64_t>(v.size())}, std::span<const int64_t>(v));
    }
    if (const auto* strings = a.find("value_strings")) {
      auto v = std::get<std::vector<std::string>>(*strings);
      return Tensor::strings({static_cast<int64_t>(v.size())}, v);
    }
    return unsupported("a Constant without a dense value");
  }

  const model::Model& model_;
  Graph g_;
  std::map<std::string, std::vector<std::string>> unsupported_;
};

}  // namespace

Result<Graph> import(const model::Model& model) {
  if (model.functions.empty()) return Importer(model).run();
  model::Model flat = model;
  HONE_RETURN_IF_ERROR(inline_functions(&flat));
  return Importer(flat).run();
}

std::vector<std::string> bad_weights(const Graph& graph) {
  std::vector<std::string> out;
  for (ValueId v = 0; v < graph.value_count(); ++v) {
    const Tensor& t = graph.value(v).constant;
    if (!t || !is_float(t.dtype()) || bits(t.dtype()) < 16) continue;
    int64_t nan = 0, inf = 0;
    for (int64_t i = 0, n = t.count(); i < n; ++i) {
      double x = t.at(i);
      nan += std::isnan(x);
      inf += std::isinf(x);
    }
    // A bound of Clip or a mask may well be infinite; an infinite weight among others may not.
    bool suspicious = nan > 0 || (inf > 0 && t.count() > 1 && inf < t.count());
    if (!suspicious) continue;
    out.push_back(fmt::format("initializer '{}': {} of {} values are {}", graph.value(v).name,
                              nan > 0 ? nan : inf, t.count(), nan > 0 ? "NaN" : "infinite"));
  }
  return out;
}

}  // namespace hone
