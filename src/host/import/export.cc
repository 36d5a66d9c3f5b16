// Graph -> standard ONNX.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "host/import/import.h"

namespace hone {

using graph::Graph;
using graph::Node;
using graph::ValueId;
using model::GraphProto;
using model::NodeProto;

namespace {

// IR versions that first allowed an opset of "" (onnx/docs/Versioning.md); never below the file's.
int64_t ir_version_for(int64_t opset) {
  constexpr std::pair<int64_t, int64_t> table[] = {{25, 12}, {23, 11}, {21, 10}, {19, 9}, {15, 8},
                                                   {12, 7},  {11, 6},  {10, 5},  {9, 4}};
  for (auto [from, ir] : table) {
    if (opset >= from) return ir;
  }
  return 4;  // 3 would want initializers among the inputs
}

class Exporter {
 public:
  explicit Exporter(const Graph& g) : g_(g) {}

  Result<model::Model> run() {
    model::Model m;
    m.producer = "hone";
    m.ir_version = ir_version_for(g_.opset());
    m.metadata = g_.metadata;
    std::set<std::string> domains;
    for (graph::NodeId n : g_.all_nodes()) {
      if (g_.node(n).domain == graph::hone_domain) {
        return internal(fmt::format("node '{}' ({}) is Hone's own and cannot be exported",
                                    g_.node(n).name, g_.node(n).op));
      }
      domains.insert(g_.node(n).domain);
    }
    for (const auto& [domain, version] : g_.opsets) {
      if (domain.empty() || domains.contains(domain)) m.opsets[domain] = version;
    }
    m.graph.name = g_.name.empty() ? "graph" : g_.name;
    name_outputs();
    HONE_RETURN_IF_ERROR(block(0, &m.graph));
    for (ValueId v : used_constants_) {
      m.graph.initializers.push_back({name(v), g_.value(v).constant});
    }
    return m;
  }

 private:
  // The graph's outputs keep their names: a value that is one is called so; one that is several, or
  // an input or a constant too, gets Identity nodes.
  void name_outputs() {
    std::set<std::string> reserved(g_.output_names.begin(), g_.output_names.end());
    const auto& outputs = g_.block().outputs;
    for (size_t i = 0; i < outputs.size(); ++i) {
      const graph::Value& v = g_.value(outputs[i]);
      bool own = v.producer != graph::none && v.block == 0 && !names_.contains(outputs[i]);
      if (own) names_[outputs[i]] = g_.output_names[i];
    }
    for (ValueId v = 0; v < g_.value_count(); ++v) {
      const std::string& n = g_.value(v).name;
      if (names_.contains(v) || !reserved.contains(n) || g_.is_graph_input(v)) continue;
      names_[v] = g_.fresh_name(n + "_value");
    }
  }

  std::string name(ValueId v) const {
    if (v == graph::none) return "";
    auto it = names_.find(v);
    return it == names_.end() ? g_.value(v).name : it->second;
  }

  void use(ValueId v) {
    if (v == graph::none || !g_.value(v).is_constant() || !seen_.insert(v).second) return;
    used_constants_.push_back(v);
  }

  model::ValueInfo info(ValueId v, const std::string& called) const {
    const graph::Fact& f = g_.fact(v);
    model::ValueInfo out;
    out.name = called;
    model::TypeProto t;
    t.kind = model::TypeProto::Kind::tensor;
    t.dtype = f.dtype;
    t.has_shape = f.has_rank();
    if (f.has_rank()) {
      for (const graph::Dim& d : *f.shape) {
        // A computed size is no name: leave it to the reader's own inference.
        std::string symbol = d.is_symbol() ? d.symbol_name() : "";
        t.shape.push_back({d.const_value().value_or(-1), symbol});
      }
    }
    if (f.kind == graph::Fact::Kind::tensor) {
      out.type = std::move(t);
    } else {
      out.type.kind = f.kind == graph::Fact::Kind::sequence ? model::TypeProto::Kind::sequence
                                                            : model::TypeProto::Kind::optional;
      out.type.element = std::make_shared<const model::TypeProto>(std::move(t));
    }
    return out;
  }

  Status block(graph::BlockId id, GraphProto* out) {
    const graph::Block& b = g_.block(id);
    for (ValueId v : b.inputs) out->inputs.push_back(info(v, name(v)));
    for (graph::NodeId n : b.nodes) {
      if (!g_.node(n).alive) continue;
      HONE_ASSIGN(NodeProto proto, node(g_.node(n)));
      out->nodes.push_back(std::move(proto));
    }
    std::set<std::string> given;
    for (size_t i = 0; i < b.outputs.size(); ++i) {
      ValueId v = b.outputs[i];
      std::string called = id == 0 ? g_.output_names[i] : name(v);
      // An output needs a producer in its own graph.
      bool direct = name(v) == called && g_.value(v).block == id && !g_.value(v).is_constant() &&
                    given.insert(called).second;
      if (!direct) {
        if (id != 0) called = g_.fresh_name(fmt::format("{}_out{}_{}", name(v), id, i));
        use(v);
        NodeProto identity;
        identity.op_type = "Identity";
        identity.name = called + "_identity";
        identity.inputs = {name(v)};
        identity.outputs = {called};
        out->nodes.push_back(std::move(identity));
      }
      out->outputs.push_back(info(v, called));
    }
    return {};
  }

  Result<NodeProto> node(const Node& n) {
    NodeProto proto;
    proto.domain = n.domain;
    proto.op_type = n.op;
    proto.name = n.name;
    for (ValueId v : n.inputs) {
      use(v);
      proto.inputs.push_back(name(v));
    }
    for (ValueId v : n.outputs) proto.outputs.push_back(name(v));
    for (const auto& [key, value] : n.attributes) {
      model::Attribute a;
      a.name = key;
      std::visit([&](const auto& v) { a.value = v; }, value);
      proto.attributes.push_back(std::move(a));
    }
    for (graph::BlockId b : n.blocks) {
      auto sub = std::make_shared<GraphProto>();
      sub->name = g_.block(b).name;
      HONE_RETURN_IF_ERROR(block(b, sub.get()));
      proto.attributes.push_back({g_.block(b).name, sub, ""});
    }
    return proto;
  }

  const Graph& g_;
  std::map<ValueId, std::string> names_;
  std::set<ValueId> seen_;
  std::vector<ValueId> used_constants_;
};

}  // namespace

Result<model::Model> export_model(const Graph& graph) { return Exporter(graph).run(); }

}  // namespace hone
