#include "host/model/onnx_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/model/onnx_fields.h"
#include "host/model/tensor_proto.h"

namespace hone::model {
namespace {

std::string canonical_domain(std::string domain) { return domain == "ai.onnx" ? "" : domain; }

// "node 'conv1'", or its number where it has no name.
std::string describe(const char* kind, const std::string& name, size_t index) {
  return name.empty() ? fmt::format("{} {}", kind, index) : fmt::format("{} {}", kind, quote(name));
}

}  // namespace

OnnxReader::OnnxReader(std::shared_ptr<const void> owner, const std::string& folder,
                       int64_t file_bytes)
    : owner_(std::move(owner)),
      external_(folder),
      // The densest honest models take about 25 bytes of memory for each byte of file.
      budget_(std::min(limits::structure_bytes, (int64_t{16} << 20) + 32 * file_bytes)) {}

void OnnxReader::charge(size_t bytes) {
  budget_ -= static_cast<int64_t>(bytes);
  if (budget_ < 0)
    fail(Code::unsupported, "far more names and lists than a file of its size needs");
}

std::string OnnxReader::name(PbMessage& m, const char* field) {
  std::string text = m.name(field);
  charge(sizeof(std::string) + text.size());
  return text;
}

Model OnnxReader::model(PbMessage m) {
  namespace f = field::model;
  Model out;
  bool has_graph = false;
  while (m.next()) {
    switch (m.tag()) {
      case f::ir_version: out.ir_version = m.integer("ir_version"); break;
      case f::producer: out.producer = m.prose("producer_name"); break;
      case f::producer_version: out.producer_version = m.prose("producer_version"); break;
      case f::domain: out.domain = m.prose("domain"); break;
      case f::version: out.model_version = m.integer("model_version"); break;
      case f::doc: out.doc = m.prose("doc_string"); break;
      case f::graph: {
        if (has_graph) fail(Code::corrupt, "two graphs");
        const PbMessage sub = m.message("graph");
        has_graph = saw_model_ = true;
        // What overruns inside is damage; only the graph itself can tell a file cut short.
        within([] { return ""; }, [&] { out.graph = graph(sub); });
        break;
      }
      case f::opset_import: add_opset(m.message("opset_import"), &out.opsets); break;
      case f::metadata: add_metadata(m.message("metadata_props"), &out.metadata); break;
      case f::functions: {
        const PbMessage sub = m.message("functions");
        charge(sizeof(FunctionProto));
        out.functions.push_back(function(sub));
        break;
      }
      default: m.skip();
    }
    saw_model_ = saw_model_ || out.ir_version > 0;
  }
  if (!has_graph) fail(Code::corrupt, "holds no graph");
  if (out.ir_version < 1) fail(Code::corrupt, "declares no IR version");
  // Operator sets came with IR version 3; before that there was one.
  if (out.opsets.empty() && out.ir_version < 3) out.opsets[""] = 1;
  if (out.opsets.empty()) {
    fail(Code::corrupt, "imports no operator set (opset_import); perhaps its end is missing");
  }
  return out;
}

void OnnxReader::add_opset(PbMessage m, std::map<std::string, int64_t>* opsets) {
  namespace f = field::opset;
  std::string domain;
  int64_t version = 0;
  while (m.next()) {
    switch (m.tag()) {
      case f::domain: domain = canonical_domain(name(m, "domain of an operator set")); break;
      case f::version: version = m.integer("version of an operator set"); break;
      default: m.skip();
    }
  }
  const std::string shown = quote(domain.empty() ? "ai.onnx" : domain);
  if (version < 1) {
    fail(Code::corrupt,
         fmt::format("operator set {} imported as version {}; the first is 1", shown, version));
  }
  charge(96);  // a node of the map
  const auto [at, is_new] = opsets->emplace(domain, version);
  if (!is_new && at->second != version) {
    fail(Code::corrupt, fmt::format("operator set {} imported as version {} and as {}", shown,
                                    at->second, version));
  }
}

void OnnxReader::add_metadata(PbMessage m, Metadata* metadata) {
  namespace f = field::entry;
  std::string key, value;
  while (m.next()) {
    switch (m.tag()) {
      case f::key: key = m.prose("key"); break;
      case f::value: value = m.prose("value"); break;
      default: m.skip();
    }
  }
  charge(128 + key.size() + value.size());
  (*metadata)[std::move(key)] = std::move(value);
}

Initializer OnnxReader::initializer(Bytes bytes, size_t index) {
  NamedTensor t;
  within([&] { return describe("initializer", t.name, index); },
         [&] {
           parse_tensor(bytes, owner_, &external_, &t);
           if (t.name.empty()) fail(Code::corrupt, "no name");
         });
  charge(sizeof(Initializer) + t.name.size() + t.tensor.dims().size() * sizeof(int64_t));
  return {std::move(t.name), std::move(t.tensor)};
}

Initializer OnnxReader::sparse_initializer(Bytes bytes, size_t index) {
  NamedTensor t;
  within([&] { return describe("sparse initializer", t.name, index); },
         [&] {
           parse_sparse_tensor(bytes, owner_, &external_, &sparse_room_, &t);
           if (t.name.empty()) fail(Code::corrupt, "no name");
         });
  charge(sizeof(Initializer) + t.name.size() + t.tensor.dims().size() * sizeof(int64_t));
  return {std::move(t.name), std::move(t.tensor)};
}

Tensor OnnxReader::sparse_tensor(Bytes bytes) {
  charge(sizeof(Tensor));
  NamedTensor t;
  parse_sparse_tensor(bytes, owner_, &external_, &sparse_room_, &t);
  return std::move(t.tensor);
}

Tensor OnnxReader::tensor(Bytes bytes) {
  charge(sizeof(Tensor));
  NamedTensor t;
  parse_tensor(bytes, owner_, &external_, &t);
  return std::move(t.tensor);
}

void OnnxReader::add_node(PbMessage& m, std::vector<NodeProto>* nodes) {
  const PbMessage sub = m.message("node");
  if (++nodes_ > limits::nodes) {
    fail(Code::unsupported, fmt::format("more than {} nodes", limits::nodes));
  }
  charge(sizeof(NodeProto));
  nodes->emplace_back();
  NodeProto& n = nodes->back();
  within(
      [&] {
        const std::string what = describe("node", n.name, nodes->size() - 1);
        return n.op_type.empty() ? what : fmt::format("{} ({})", what, printable(n.op_type));
      },
      [&] {
        for (PbMessage fields = sub; fields.next();) node_field(fields, &n);
        if (n.op_type.empty()) fail(Code::corrupt, "no op_type");
      });
}

void OnnxReader::node_field(PbMessage& m, NodeProto* n) {
  namespace f = field::node;
  switch (m.tag()) {
    case f::input: n->inputs.push_back(name(m, "input")); break;
    case f::output: n->outputs.push_back(name(m, "output")); break;
    case f::name: n->name = name(m, "name"); break;
    case f::op_type: n->op_type = name(m, "op_type"); break;
    case f::attribute: {
      const PbMessage sub = m.message("attribute");
      charge(sizeof(Attribute));
      n->attributes.push_back(attribute(sub));
      break;
    }
    case f::doc: n->doc = m.prose("doc_string"); break;
    case f::domain: n->domain = canonical_domain(name(m, "domain")); break;
    case f::overload: n->overload = name(m, "overload"); break;
    case f::metadata: add_metadata(m.message("metadata_props"), &n->metadata); break;
    default: m.skip();
  }
}

GraphProto OnnxReader::graph(PbMessage m) {
  namespace f = field::graph;
  const Level level(&depth_);
  GraphProto g;
  const auto add_value = [&](std::vector<ValueInfo>* values, const char* kind) {
    const PbMessage sub = m.message(kind);
    charge(sizeof(ValueInfo));
    values->push_back(within([&] { return fmt::format("{} {}", kind, values->size()); },
                             [&] { return value_info(sub); }));
  };
  while (m.next()) {
    switch (m.tag()) {
      case f::node: add_node(m, &g.nodes); break;
      case f::name: g.name = m.prose("name"); break;
      case f::initializer: {
        const Bytes bytes = m.bytes("initializer");
        g.initializers.push_back(initializer(bytes, g.initializers.size()));
        break;
      }
      case f::doc: g.doc = m.prose("doc_string"); break;
      case f::input: add_value(&g.inputs, "graph input"); break;
      case f::output: add_value(&g.outputs, "graph output"); break;
      case f::value_info: add_value(&g.value_infos, "value_info"); break;
      case f::sparse_initializer: {
        const Bytes bytes = m.bytes("sparse_initializer");
        g.initializers.push_back(sparse_initializer(bytes, g.initializers.size()));
        break;
      }
      case f::metadata: add_metadata(m.message("metadata_props"), &g.metadata); break;
      default: m.skip();
    }
  }
  return g;
}

FunctionProto OnnxReader::function(PbMessage m) {
  namespace f = field::function;
  const Level level(&depth_);
  FunctionProto out;
  const auto where = [&] { return "function " + quote(out.name); };
  within(where, [&] {
    while (m.next()) {
      switch (m.tag()) {
        case f::name: out.name = name(m, "name"); break;
        case f::input: out.inputs.push_back(name(m, "input")); break;
        case f::output: out.outputs.push_back(name(m, "output")); break;
        case f::attribute: out.attribute_names.push_back(name(m, "attribute")); break;
        case f::attribute_proto: {
          const PbMessage sub = m.message("attribute_proto");
          charge(sizeof(Attribute));
          out.attribute_defaults.push_back(attribute(sub));
          break;
        }
        case f::node: add_node(m, &out.nodes); break;
        case f::opset_import: add_opset(m.message("opset_import"), &out.opsets); break;
        case f::domain: out.domain = canonical_domain(name(m, "domain")); break;
        case f::overload: out.overload = name(m, "overload"); break;
        default: m.skip();
      }
    }
    if (out.name.empty()) fail(Code::corrupt, "no name");
  });
  return out;
}

}  // namespace hone::model
