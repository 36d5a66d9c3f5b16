// What the files of import/ share. Nobody else includes this.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/graph/graph.h"
#include "host/import/import.h"
#include "host/model/onnx.h"
#include "host/ops/op_def.h"

namespace hone::import_detail {

using Opsets = std::map<std::string, int64_t>;

// Local functions by (domain, name, overload).
class Functions {
 public:
  explicit Functions(const model::Model& model);
  const model::FunctionProto* find(const model::NodeProto& node) const;

 private:
  std::map<std::tuple<std::string, std::string, std::string>, const model::FunctionProto*> map_;
};

std::string canonical_domain(const std::string& domain);  // "ai.onnx" is ""
// The version a domain is imported at. Where the model says nothing: the oldest that Hone reads.
int64_t opset_of(const Opsets& opsets, const std::string& domain);
// A node's name; "#17" by its place where it has none, behind what it stands in.
std::string label_of(const model::NodeProto& node, size_t index, const std::string& prefix);
// "node 'conv1' (Conv)", for messages.
std::string title_of(const model::NodeProto& node, const std::string& label);

// Versions Hone reads, and every operator it lacks, in one message each.
Status check_opsets(const Opsets& opsets);
Status check_operators(const model::Model& model, const Functions& functions,
                       const ImportOptions& options);

// An order in which every node follows those it reads from: the given one where that holds, else
// the nearest. Errors (corrupt): a name defined twice, cycles.
Result<std::vector<size_t>> sort_nodes(const std::vector<model::NodeProto>& nodes,
                                       const std::string& prefix);

// --- types ----------------------------------------------------------------------------------
// What a declared size of 0 means: the size of an empty tensor, or, as some exporters write, one
// that is not known; where the file does not tell, any size from 0 on.
enum class Zeros : uint8_t { sizes, unknown, either };
// Symbols that the graph's inputs declare.
std::set<std::string> declared_symbols(const model::GraphProto& graph);
// What an input's type says; dimensions without a name get "<name>.<axis>". Errors: unsupported
// (maps, sparse tensors), corrupt (no element type).
Result<graph::Fact> fact_of_input(const model::ValueInfo& input,
                                  const std::set<std::string>& symbols, Zeros zeros);
// Whether an input of the model declares a size of 0.
bool declares_zeros(const model::GraphProto& graph);
// What the outputs' declarations tell of it, beside those inferred with Zeros::sizes: an output
// that would be empty and has a size or a name: `unknown`; one that is declared not empty, and
// fits: `sizes`.
Zeros meaning_of_zeros(const model::GraphProto& proto, const graph::Graph& as_sizes);
// The fact with what `hint` adds where nothing was known; a hint that contradicts is not used.
graph::Fact with_hint(const graph::Fact& fact, const model::TypeProto& hint,
                      const std::string& name, const std::set<std::string>& symbols);

// --- attributes ---------------------------------------------------------------------------------
using AttributeMap = std::map<std::string, model::AttributeValue>;

// A node's attributes with references to the enclosing function's resolved; those that refer to
// nothing are left out.
Result<AttributeMap> resolve_attributes(const model::NodeProto& node, const AttributeMap* outer);
// Checks them against the operator's and keeps all but subgraphs.
Result<graph::Attributes> check_attributes(const AttributeMap& attributes, const ops::OpDef& def);
// A guest's: as they are, but for graphs, which become blocks. Errors (unsupported): lists of them.
Result<graph::Attributes> guest_attributes(const AttributeMap& attributes);
// The tensor of a Constant node.
Result<Tensor> constant_of(const AttributeMap& attributes);

}  // namespace hone::import_detail
