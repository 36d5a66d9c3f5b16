// Graph -> standard ONNX.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "common/base/hash.h"
#include "host/graph/dim_formula.h"
#include "host/graph/title.h"
#include "host/import/import.h"
#include "host/ops/op_def.h"

namespace hone {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;
using model::GraphProto;
using model::NodeProto;

// The IR version that an opset and the types in use came with (onnx/docs/Versioning.md). At least
// 4: before, initializers had to be inputs too.
int64_t ir_version_of(int64_t opset) {
  constexpr std::pair<int64_t, int64_t> since[] = {{25, 13}, {24, 12}, {23, 11}, {21, 10}, {19, 9},
                                                   {15, 8},  {12, 7},  {11, 6},  {10, 5}};
  for (const auto& [first, ir] : since) {
    if (opset >= first) return ir;
  }
  return 4;
}
int64_t ir_version_of(DType t) {
  switch (t) {
    case DType::f8e4m3fn:
    case DType::f8e4m3fnuz:
    case DType::f8e5m2:
    case DType::f8e5m2fnuz: return 9;
    case DType::u4:
    case DType::i4: return 10;
    case DType::f4e2m1: return 11;
    case DType::f8e8m0: return 12;
    case DType::u2:
    case DType::i2: return 13;
    default: return 4;
  }
}

class Exporter {
 public:
  Exporter(const Graph& g, const ExportOptions& options) : g_(g), options_(options) {}

  Result<model::Model> run() {
    model::Model m;
    HONE_RETURN_IF_ERROR(check_nodes(&m.opsets));
    m.producer = g_.producer;
    m.metadata = g_.metadata;
    m.graph.name = g_.name.empty() ? "graph" : g_.name;
    for (graph::BlockId b = 0; b < g_.block_count(); ++b) {
      for (ValueId v : g_.block(b).outputs) ++output_uses_[v];
    }
    name_values();
    if (options_.share_equal_constants) share_equal_constants();
    HONE_RETURN_IF_ERROR(block(0, &m.graph));
    for (ValueId v : g_.used_constants()) {
      if (!written_.contains(v)) m.graph.initializers.push_back({name(v), g_.value(v).constant});
    }
    m.ir_version = ir_version_of(g_.opset());
    for (ValueId v = 0; v < g_.value_count(); ++v) {
      m.ir_version = std::max(m.ir_version, ir_version_of(g_.fact(v).dtype));
    }
    return m;
  }

 private:
  // A file has one version of each domain: nodes made for another must mean the same under it.
  Status check_nodes(std::map<std::string, int64_t>* opsets) const {
    *opsets = g_.opsets;
    opsets->erase(graph::hone_domain);
    for (graph::NodeId id : g_.all_nodes()) {
      const Node& n = g_.node(id);
      if (n.domain == graph::hone_domain) {
        return internal(title(g_, n) + " is Hone's own and cannot be exported");
      }
      const int64_t version = opsets->try_emplace(n.domain, n.version).first->second;
      if (version != n.version &&
          ops::find_op(n.domain, n.op, version) != ops::find_op(n.domain, n.op, n.version)) {
        return unsupported(
            fmt::format("{} is of opset {}, the model of {}, where it means something else",
                        title(g_, n), n.version, version));
      }
    }
    return {};
  }

  // --- names ----------------------------------------------------------------------------------
  std::string unique(const std::string& stem) {
    std::string s = stem;
    for (int i = 1; !taken_.insert(s).second; ++i) s = fmt::format("{}_{}", stem, i);
    return s;
  }
  // The first of a name keeps it. Runtimes refuse two of one, which a pass that makes two nodes of
  // one leaves behind.
  std::string unique_node_name(const std::string& stem) {
    std::string s = stem;
    for (int i = 1; !s.empty() && !node_names_.insert(s).second; ++i) {
      s = fmt::format("{}_{}", stem, i);
    }
    return s;
  }
  const std::string& name(ValueId v) const {
    static const std::string absent;
    return v == graph::none ? absent : names_.at(v);
  }

  // Outputs are called as they always were, inputs too; other values give way to them.
  void name_values() {
    const auto& outputs = g_.block().outputs;
    taken_.insert(g_.output_names.begin(), g_.output_names.end());
    for (ValueId v : g_.block().inputs) {
      names_[v] = g_.value(v).name;
      taken_.insert(names_[v]);
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      const graph::Value& v = g_.value(outputs[i]);
      const bool computed = v.producer != graph::none && v.block == 0;
      if (computed || v.name == g_.output_names[i]) names_.emplace(outputs[i], g_.output_names[i]);
    }
    for (ValueId v = 0; v < g_.value_count(); ++v) {
      if (g_.is_live(v) && !names_.contains(v)) names_[v] = unique(g_.value(v).name);
    }
  }

  // Readers of the others are given the name of the first. Outputs keep their own.
  void share_equal_constants() {
    std::unordered_multimap<uint64_t, ValueId> seen;
    for (ValueId v : g_.used_constants()) {
      const Tensor& t = g_.value(v).constant;
      if (output_uses_.contains(v) || t.dtype() == DType::string) continue;
      const uint64_t hash = hash64(t.raw_bytes());
      auto [begin, end] = seen.equal_range(hash);
      auto first = std::find_if(begin, end, [&](const auto& other) {
        return identical(g_.value(other.second).constant, t);
      });
      if (first == end) {
        seen.emplace(hash, v);
      } else {
        names_[v] = names_.at(first->second);
        written_.insert(v);
      }
    }
  }

  // --- pieces -----------------------------------------------------------------------------------
  model::ValueInfo info(ValueId v, const std::string& called) const {
    return {called, type_of(g_.fact(v)), ""};
  }

  static NodeProto small_node(const char* op, const std::string& output) {
    NodeProto n;
    n.op_type = op;
    n.name = output + "/" + op;
    n.outputs = {output};
    return n;
  }

  // Outputs must be made inside their own graph. A block's own constant can be. A value that a
  // block gives `again` is copied: ONNX Runtime's Loop and Scan lose one of two outputs of one
  // name.
  void output(ValueId v, const std::string& called, graph::BlockId id, bool again,
              GraphProto* out) {
    const graph::Value& value = g_.value(v);
    const bool own = id == 0 || (value.block == id && !value.is_constant() && !again);
    // The same output declared twice under one name stays so.
    const bool direct = own && name(v) == called;
    if (direct) {
      out->outputs.push_back(info(v, called));
      return;
    }
    const bool only_here =
        value.is_constant() && id != 0 && g_.users(v).empty() && output_uses_.at(v) == 1;
    if (only_here) written_.insert(v);
    const std::string made = only_here ? called : id == 0 ? called : unique(called + "_output");
    NodeProto n = small_node(only_here ? "Constant" : "Identity", made);
    if (only_here) {
      model::Attribute a;
      a.name = "value";
      a.value = value.constant;
      n.attributes.push_back(std::move(a));
    } else {
      n.inputs = {name(v)};
    }
    out->nodes.push_back(std::move(n));
    out->outputs.push_back(info(v, made));
  }

  Status block(graph::BlockId id, GraphProto* out) {
    const graph::Block& b = g_.block(id);
    for (ValueId v : b.inputs) out->inputs.push_back(info(v, name(v)));
    for (graph::NodeId n : b.nodes) {
      HONE_ASSIGN(NodeProto proto, node(g_.node(n)));
      out->nodes.push_back(std::move(proto));
      // What these two make is told by their scale and zero point; of hundreds it adds up.
      if (g_.node(n).is("QuantizeLinear") || g_.node(n).is("DequantizeLinear")) continue;
      if (!options_.value_infos && g_.node(n).domain.empty()) continue;
      for (ValueId v : g_.node(n).outputs) {
        const bool is_output = std::find(b.outputs.begin(), b.outputs.end(), v) != b.outputs.end();
        if (v == graph::none || is_output || !g_.fact(v).has_rank()) continue;
        out->value_infos.push_back(info(v, name(v)));
      }
    }
    for (size_t i = 0; i < b.outputs.size(); ++i) {
      const ValueId v = b.outputs[i];
      const auto at = b.outputs.begin() + static_cast<std::ptrdiff_t>(i);
      const bool again = std::find(b.outputs.begin(), at, v) != at;
      output(v, id == 0 ? g_.output_names[i] : name(v), id, again, out);
    }
    return {};
  }

  Result<NodeProto> node(const Node& n) {
    NodeProto proto;
    proto.domain = n.domain;
    proto.op_type = n.op;
    proto.name = unique_node_name(n.name);
    for (ValueId v : n.inputs) proto.inputs.push_back(name(v));
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
      model::Attribute a;
      a.name = g_.block(b).name;
      a.value = std::move(sub);
      proto.attributes.push_back(std::move(a));
    }
    return proto;
  }

  const Graph& g_;
  const ExportOptions& options_;
  std::unordered_map<ValueId, std::string> names_;
  std::set<std::string> taken_, node_names_;
  std::unordered_map<ValueId, int> output_uses_;
  // Constants that stand in the block they are an output of, or that another stands for.
  std::set<ValueId> written_;
};

}  // namespace

Result<model::Model> export_model(const Graph& graph, const ExportOptions& options) {
  return Exporter(graph, options).run();
}

model::TypeProto type_of(const graph::Fact& f) {
  using Kind = model::TypeProto::Kind;
  model::TypeProto t;
  t.kind = Kind::tensor;
  t.dtype = f.dtype;
  t.has_shape = f.has_rank();
  for (size_t i = 0; f.has_rank() && i < f.shape->size(); ++i) {
    const graph::Dim& d = (*f.shape)[i];
    // A formula names a size as well: equal texts are equal sizes.
    t.shape.push_back({d.const_value().value_or(-1), d.is_const()    ? ""
                                                     : d.is_symbol() ? d.symbol_name()
                                                                     : graph::formula(d)});
    if (t.shape.back().size < 0) t.shape.back().size = -1;
  }
  if (f.kind == graph::Fact::Kind::tensor) return f.dtype == DType::none ? model::TypeProto() : t;
  if (f.key != DType::none) {
    model::TypeProto map;
    map.kind = Kind::map;
    map.dtype = f.key;
    map.element = std::make_shared<const model::TypeProto>(std::move(t));
    t = std::move(map);
  }
  if (f.kind == graph::Fact::Kind::map) return t;
  model::TypeProto outer;
  outer.kind = f.kind == graph::Fact::Kind::sequence ? Kind::sequence : Kind::optional;
  outer.element = std::make_shared<const model::TypeProto>(std::move(t));
  return outer;
}

}  // namespace hone
