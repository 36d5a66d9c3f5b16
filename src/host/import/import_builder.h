// Builds a Graph from a checked model, scope by scope.
#pragma once

#include <memory>

#include "host/import/import_internal.h"

namespace hone::import_detail {

class Builder {
 public:
  Builder(const model::Model& model, const Functions& functions, Zeros zeros,
          const ImportOptions& options);

  // Everything but facts of computed values.
  Status build();
  // Infers in order; where inference knows nothing, what the model says of the value helps it on.
  Status infer();

  graph::Graph take() { return std::move(g_); }

 private:
  // Names visible at one place: those of a (sub)graph or of a function body.
  struct Scope {
    graph::BlockId block = 0;
    const Scope* outer = nullptr;  // subgraphs see the names around them
    const Opsets* opsets = nullptr;
    std::string prefix;                              // of labels and of names that would clash
    const AttributeMap* attributes = nullptr;        // of the function being inlined
    std::map<std::string, std::string> final_names;  // function outputs: the caller's names
    int function_depth = 0;
    std::unordered_map<std::string, graph::ValueId> names;

    bool is_top() const { return outer == nullptr && attributes == nullptr; }
    const graph::ValueId* find(const std::string& name) const;
  };

  Status build_graph(const model::GraphProto& proto, Scope* scope);
  Status build_inputs(const model::GraphProto& proto, Scope* scope);
  Status build_nodes(const std::vector<model::NodeProto>& nodes, Scope* scope);
  Status build_node(const model::NodeProto& node, const std::string& label, Scope* scope);
  Status build_operator(const model::NodeProto& node, const std::string& label,
                        const AttributeMap& attributes, Scope* scope);
  Status build_blocks(graph::NodeId owner, const ops::OpDef& def, const std::string& label,
                      const AttributeMap& attributes, const Scope& scope);
  Status build_constant(const model::NodeProto& node, const AttributeMap& attributes, Scope* scope);
  Status inline_function(const model::FunctionProto& function, const model::NodeProto& node,
                         const std::string& label, const AttributeMap& attributes, Scope* scope);

  Result<std::vector<graph::ValueId>> read_inputs(const model::NodeProto& node,
                                                  const Scope& scope) const;
  Status define(const std::string& name, graph::ValueId v, Scope* scope);
  static std::string full_name(const model::NodeProto& node, const std::string& label,
                               const Scope& scope);
  // The name a value gets in the graph: its own where the model's graph defines it.
  std::string stem_for(const std::string& name, const Scope& scope) const;
  std::string name_for(const std::string& name, const Scope& scope) const;
  void add_hints(const model::GraphProto& proto, const Scope& scope);
  void use_hint(graph::ValueId v);

  const model::Model& model_;
  const Functions& functions_;
  const Zeros zeros_;
  const ImportOptions options_;
  graph::Graph g_;
  std::set<std::string> symbols_;   // that inputs declare
  std::set<std::string> reserved_;  // names of the model's own graph
  std::unordered_map<graph::ValueId, const model::TypeProto*> hints_;
  int64_t inlined_nodes_ = 0;
};

}  // namespace hone::import_detail
