// An ONNX file as it is written: names, bytes, no meaning. Limits on what a file may claim are
// here; whether operators make sense is import/'s business.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/base/cursor.h"
#include "host/model/tensor.h"

namespace hone::model {

struct GraphProto;

// What a file may claim at most. A file beyond one of these is refused, and the text says which.
namespace limits {
constexpr int depth = 64;                       // graphs in graphs, types in types
constexpr int64_t nodes = 1'000'000;            // in all graphs and functions together
constexpr int64_t rank = 64;                    // dimensions of a tensor or a type
constexpr size_t name_bytes = 65535;            // of one name
constexpr int64_t structure_bytes = 4ll << 30;  // names, nodes, lists: all but tensors
constexpr int64_t items = 1'000'000;            // of a sequence
constexpr int64_t external_files = 16384;       // files of external data
}  // namespace limits

using Metadata = std::map<std::string, std::string>;

// A dimension: a size (>= 0), a name, or nothing known (size -1, empty name).
struct DimProto {
  int64_t size = -1;
  std::string symbol;
};

struct TypeProto {
  enum class Kind : uint8_t { none, tensor, sparse_tensor, sequence, optional, map };
  Kind kind = Kind::none;
  DType dtype = DType::none;  // tensor: element; map: key
  bool has_shape = false;
  std::vector<DimProto> shape;
  std::shared_ptr<const TypeProto> element;  // sequence, optional; map: value
};

struct ValueInfo {
  std::string name;
  TypeProto type;
  std::string doc;
};

using AttributeValue =
    std::variant<std::monostate, int64_t, float, std::string, Tensor, std::shared_ptr<GraphProto>,
                 std::vector<int64_t>, std::vector<float>, std::vector<std::string>,
                 std::vector<Tensor>, std::vector<std::shared_ptr<GraphProto>>, TypeProto>;

struct Attribute {
  std::string name;
  AttributeValue value;  // monostate: a reference, see ref
  std::string ref;       // ref_attr_name, in function bodies
  int32_t ref_type = 0;  // of a reference: AttributeProto.AttributeType
};

struct NodeProto {
  std::string domain, op_type, overload, name;  // domain "ai.onnx" is read as ""
  std::vector<std::string> inputs, outputs;     // "" = absent
  std::vector<Attribute> attributes;
  std::string doc;
  Metadata metadata;
};

struct Initializer {
  std::string name;
  Tensor tensor;
};

struct GraphProto {
  std::string name;
  std::vector<NodeProto> nodes;
  std::vector<Initializer> initializers;
  std::vector<ValueInfo> inputs, outputs, value_infos;
  std::string doc;
  Metadata metadata;
};

struct FunctionProto {
  std::string domain, name, overload;
  std::vector<std::string> inputs, outputs, attribute_names;
  std::vector<Attribute> attribute_defaults;
  std::vector<NodeProto> nodes;
  std::map<std::string, int64_t> opsets;
};

struct Model {
  int64_t ir_version = 0;
  std::map<std::string, int64_t> opsets;  // domain ("" = ai.onnx) -> version
  std::string producer, producer_version, domain, doc;
  int64_t model_version = 0;
  GraphProto graph;
  std::vector<FunctionProto> functions;
  Metadata metadata;
  uint64_t file_hash = 0;  // XXH3-64 of the .onnx file's bytes and of the external bytes it uses
  int64_t file_bytes = 0;  // what file_hash covers
};

// What is dropped: documentation of tensors, quantisation annotations, training information, device
// configurations, value types inside functions. None changes what inference computes.
//
// Reads a model from a file (mapped; weights are views into it) or from bytes kept alive by
// `owner`. External data are mapped from `folder`; paths that leave it (absolute, "..", symlinks
// out) are refused. Errors: not_found, io_error, corrupt (one line that says where), unsupported.
Result<Model> read_model(const std::string& path);
Result<Model> read_model(Bytes bytes, std::shared_ptr<const void> owner, const std::string& folder);

struct WriteOptions {
  // Where the whole would exceed this many bytes (protobuf's limit is 2 GB), initializers of at
  // least external_min bytes go to one file `<name>.data` beside the model.
  int64_t external_over = 1900ll << 20;
  int64_t external_min = 1024;
};
// Serialised ONNX, all tensors inside as raw_data. Deterministic.
std::vector<std::byte> serialize(const Model& model);
// Writes path (and its external data) completely or not at all: temporary file, fsync, rename.
Status write_model(const Model& model, const std::string& path, const WriteOptions& options = {});

}  // namespace hone::model
