// Local functions of a model, replaced by their bodies before import.

#include <fmt/format.h>

#include <set>

#include "host/import/functions.h"

namespace hone {

using model::Attribute;
using model::FunctionProto;
using model::GraphProto;
using model::NodeProto;

namespace {

constexpr int max_depth = 64;
constexpr size_t max_nodes = 1000000;

class Inliner {
 public:
  explicit Inliner(const std::vector<FunctionProto>& functions) : functions_(functions) {}

  Status graph(GraphProto* g, int depth) {
    std::vector<NodeProto> out;
    for (NodeProto& n : g->nodes) HONE_RETURN_IF_ERROR(node(std::move(n), depth, &out));
    g->nodes = std::move(out);
    return {};
  }

 private:
  const FunctionProto* find(const NodeProto& n) const {
    for (const FunctionProto& f : functions_) {
      if (plain_domain(f.domain) == plain_domain(n.domain) && f.name == n.op_type &&
          f.overload == n.overload) {
        return &f;
      }
    }
    return nullptr;
  }

  Status node(NodeProto n, int depth, std::vector<NodeProto>* out) {
    if (depth > max_depth) return corrupt(fmt::format("function '{}' calls itself", n.op_type));
    const FunctionProto* f = find(n);
    if (f != nullptr) return call(n, *f, depth, out);
    for (Attribute& a : n.attributes) {
      if (auto* sub = std::get_if<std::shared_ptr<GraphProto>>(&a.value)) {
        *sub = std::make_shared<GraphProto>(**sub);
        HONE_RETURN_IF_ERROR(graph(sub->get(), depth + 1));
      }
    }
    out->push_back(std::move(n));
    if (++nodes_ > max_nodes) return corrupt("functions expand to over 1,000,000 nodes");
    return {};
  }

  using Names = std::map<std::string, std::string>;

  Status call(const NodeProto& n, const FunctionProto& f, int depth, std::vector<NodeProto>* out) {
    if (n.inputs.size() > f.inputs.size() || n.outputs.size() > f.outputs.size()) {
      return corrupt(fmt::format("node '{}' gives function '{}' more than it takes", n.name, f.name));
    }
    Names names;
    for (size_t i = 0; i < f.inputs.size(); ++i) {
      names[f.inputs[i]] = i < n.inputs.size() ? n.inputs[i] : "";
    }
    for (size_t i = 0; i < n.outputs.size(); ++i) names[f.outputs[i]] = n.outputs[i];
    std::string prefix = fmt::format("{}/{}", n.name.empty() ? f.name : n.name, ++calls_);
    for (const NodeProto& inner : f.nodes) {
      HONE_RETURN_IF_ERROR(node(renamed(inner, prefix, n, f, &names), depth + 1, out));
    }
    return {};
  }

  // A copy of a body's node: values get the caller's names or fresh ones, attribute references the
  // caller's values or the function's defaults.
  NodeProto renamed(const NodeProto& inner, const std::string& prefix, const NodeProto& caller,
                    const FunctionProto& f, Names* names) {
    NodeProto copy = inner;
    copy.name = prefix + "/" + (inner.name.empty() ? inner.op_type : inner.name);
    auto rename = [&](std::string& v) {
      if (v.empty()) return;
      auto [it, fresh] = names->try_emplace(v, prefix + "/" + v);
      v = it->second;
    };
    for (std::string& v : copy.inputs) rename(v);
    for (std::string& v : copy.outputs) rename(v);
    std::vector<Attribute> attributes;
    for (Attribute& a : copy.attributes) {
      if (auto* sub = std::get_if<std::shared_ptr<GraphProto>>(&a.value)) {
        auto body = std::make_shared<GraphProto>(**sub);
        rename_graph(body.get(), prefix, caller, f, names);
        a.value = body;
      }
      if (a.ref.empty()) {
        attributes.push_back(std::move(a));
      } else if (const Attribute* given = given_for(a.ref, caller, f)) {
        attributes.push_back({a.name, given->value, ""});
      }
    }
    copy.attributes = std::move(attributes);
    return copy;
  }

  void rename_graph(GraphProto* g, const std::string& prefix, const NodeProto& caller,
                    const FunctionProto& f, Names* names) {
    auto rename = [&](std::string& v) {
      if (v.empty()) return;
      v = names->try_emplace(v, prefix + "/" + v).first->second;
    };
    for (auto& i : g->initializers) rename(i.name);
    for (auto& i : g->inputs) rename(i.name);
    for (NodeProto& n : g->nodes) n = renamed(n, prefix, caller, f, names);
    for (auto& o : g->outputs) rename(o.name);
  }

  static const Attribute* given_for(const std::string& name, const NodeProto& caller,
                                    const FunctionProto& f) {
    for (const Attribute& a : caller.attributes) {
      if (a.name == name) return &a;
    }
    for (const Attribute& a : f.attribute_defaults) {
      if (a.name == name) return &a;
    }
    return nullptr;
  }

  const std::vector<FunctionProto>& functions_;
  size_t nodes_ = 0, calls_ = 0;
};

}  // namespace

Status inline_functions(model::Model* model) {
  if (model->functions.empty()) return {};
  // A body may use operators of a domain the model itself does not import.
  for (const FunctionProto& f : model->functions) {
    for (const auto& [domain, version] : f.opsets) model->opsets.try_emplace(domain, version);
  }
  return Inliner(model->functions).graph(&model->graph, 0);
}

}  // namespace hone
