#include "ship/drawing/details.h"

#include "host/model/json_text.h"
#include "ship/drawing/texts.h"

namespace hone::ship::drawing {

using graph::Graph;
using nlohmann::json;

namespace {

// Of a name; whoever needs more reads the file.
constexpr size_t most_of_name = 400;
constexpr size_t most_values = 8;

json node_json(const Graph& g, graph::NodeId id, double flops) {
  const graph::Node& n = g.node(id);
  if (!n.alive) return nullptr;
  json attributes = json::array();
  for (const auto& [key, value] : n.attributes) {
    attributes.push_back({shortened(key, 80), attribute_text(value)});
  }
  return {{"name", shortened(n.name, most_of_name)},
          {"op", shortened(n.op, 80)},
          {"domain", shortened(n.domain, 80)},
          {"version", n.version},
          {"block", n.block},
          {"attributes", attributes},
          {"in", n.inputs},
          {"out", n.outputs},
          {"flops", flops},
          {"blocks", n.blocks}};
}

json value_json(const Graph& g, graph::ValueId id) {
  const graph::Value& v = g.value(id);
  json j = {shortened(v.name, most_of_name), shortened(to_string(v.fact), 120), v.producer,
            v.block};
  if (v.is_constant()) {
    j.push_back(first_values(v.constant, most_values));
    j.push_back(v.constant.is_plain() && v.constant.dtype() != DType::string ? v.constant.bytes()
                                                                             : 0);
  }
  return j;
}

}  // namespace

json details_of(const Graph& g, const std::vector<double>& flops) {
  json nodes = json::array(), values = json::array(), blocks = json::array();
  for (graph::NodeId n = 0; n < g.node_count(); ++n) {
    nodes.push_back(node_json(g, n, flops[static_cast<size_t>(n)]));
  }
  for (graph::ValueId v = 0; v < g.value_count(); ++v) values.push_back(value_json(g, v));
  for (graph::BlockId b = 0; b < g.block_count(); ++b) {
    blocks.push_back({{"name", shortened(g.block(b).name, 80)}, {"owner", g.block(b).owner}});
  }
  return {{"nodes", nodes}, {"values", values}, {"blocks", blocks}};
}

std::string script_text(const json& j) {
  std::string out;
  for (const char c : json_text(j)) {
    if (c == '<') {
      out += "\\u003c";
    } else if (c == '>') {
      out += "\\u003e";
    } else if (c == '&') {
      out += "\\u0026";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace hone::ship::drawing
