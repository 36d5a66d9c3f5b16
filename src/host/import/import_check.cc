// What can be refused before anything is built: opsets, and operators without an OpDef.
#include <fmt/format.h>

#include <algorithm>

#include "host/graph/domains.h"
#include "host/graph/title.h"
#include "host/import/import_internal.h"
#include "host/ops/guest.h"

namespace hone::import_detail {

Functions::Functions(const model::Model& model) {
  for (const auto& f : model.functions) {
    map_[{canonical_domain(f.domain), f.name, f.overload}] = &f;
  }
}
const model::FunctionProto* Functions::find(const model::NodeProto& node) const {
  auto it = map_.find({canonical_domain(node.domain), node.op_type, node.overload});
  return it == map_.end() ? nullptr : it->second;
}

std::string canonical_domain(const std::string& domain) {
  return domain == "ai.onnx" ? "" : domain;
}

int64_t opset_of(const Opsets& opsets, const std::string& domain) {
  auto it = opsets.find(domain);
  if (it != opsets.end()) return it->second;
  return domain.empty() ? ops::min_opset : 1;
}

std::string label_of(const model::NodeProto& node, size_t index, const std::string& prefix) {
  if (!node.name.empty()) return node.name;
  return (prefix.empty() ? "#" : prefix + "/#") + std::to_string(index);
}

std::string title_of(const model::NodeProto& node, const std::string& label) {
  return graph::node_title(label, node.op_type);
}

// Opsets below the OpDefs' oldest are lifted to it (lift_node.h).
constexpr int oldest_opset = 1;

Status check_opsets(const Opsets& opsets) {
  auto it = opsets.find("");
  if (it == opsets.end()) return {};
  if (it->second >= oldest_opset && it->second <= ops::max_opset) return {};
  return unsupported(fmt::format("the model uses opset {} of ai.onnx; Hone reads opsets {} to {}",
                                 it->second, oldest_opset, ops::max_opset));
}

namespace {

// Walks all nodes that would be imported, function bodies once.
class Collector {
 public:
  Collector(const Functions& functions, bool keep_guests)
      : functions_(functions), keep_guests_(keep_guests) {}

  void walk(const std::vector<model::NodeProto>& nodes, const Opsets& opsets,
            const std::string& prefix) {
    for (size_t i = 0; i < nodes.size(); ++i) {
      const auto& node = nodes[i];
      const std::string label = label_of(node, i, prefix);
      if (const auto* f = functions_.find(node)) {
        const bool first = visited_.insert(f).second;
        if (first) walk(f->nodes, f->opsets, f->name);
      } else if (!is_known(node, opsets)) {
        add(node, label);
      }
      for (const auto& a : node.attributes) {
        if (const auto* g = std::get_if<std::shared_ptr<model::GraphProto>>(&a.value)) {
          walk((*g)->nodes, opsets, label + "/" + a.name);
        }
      }
    }
  }

  Status status() const {
    if (order_.empty()) return {};
    std::string text;
    for (const std::string& op : order_) {
      const auto& nodes = by_op_.at(op);
      text += fmt::format("{}{} ({} {})", text.empty() ? "" : ", ", op,
                          nodes.size() == 1 ? "node" : "nodes", fmt::join(nodes, ", "));
    }
    // Domains that are nobody's but the user's: their operators come in plugins.
    if (own_domain_) text += "; operators of your own come in a plugin (--plugin FILE.so)";
    if (blocked_) {
      text += "; ONNX Runtime optimised the file for one processor: save it at ORT_ENABLE_EXTENDED";
    }
    return unsupported("unsupported operators: " + text);
  }

 private:
  bool is_known(const model::NodeProto& node, const Opsets& opsets) const {
    const std::string domain = canonical_domain(node.domain);
    if (domain.empty() && node.op_type == "Constant") return true;
    // Operators of older opsets are read as those of the oldest that OpDefs describe.
    const int64_t oldest = domain.empty() ? ops::min_opset : 1;
    const ops::OpDef* def =
        ops::find_op(domain, node.op_type, std::max(opset_of(opsets, domain), oldest));
    if (def != nullptr && !ops::is_guest(*def)) return true;
    return keep_guests_ && graph::is_foreign_domain(domain);
  }

  void add(const model::NodeProto& node, const std::string& label) {
    const std::string domain = canonical_domain(node.domain);
    const std::string op = domain.empty() ? node.op_type : domain + "." + node.op_type;
    own_domain_ = own_domain_ || graph::is_foreign_domain(domain);
    blocked_ = blocked_ || domain == "com.microsoft.nchwc";
    auto [it, is_new] = by_op_.try_emplace(op);
    if (is_new) order_.push_back(op);
    it->second.push_back("'" + label + "'");
  }

  const Functions& functions_;
  const bool keep_guests_;
  bool own_domain_ = false;
  bool blocked_ = false;  // channels in blocks, as ONNX Runtime lays them out itself
  std::set<const model::FunctionProto*> visited_;
  std::vector<std::string> order_;
  std::map<std::string, std::vector<std::string>> by_op_;
};

}  // namespace

Status check_operators(const model::Model& model, const Functions& functions,
                       const ImportOptions& options) {
  Collector collector(functions, options.keep_guests);
  collector.walk(model.graph.nodes, model.opsets, "");
  return collector.status();
}

}  // namespace hone::import_detail
