// An ONNX file as it is written: names, bytes, no meaning. Limits on what a file may claim are
// here; whether operators make sense is import/'s business.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "host/model/tensor.h"

namespace hone::model {

struct GraphProto;

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
};

struct NodeProto {
  std::string domain, op_type, overload, name;
  std::vector<std::string> inputs, outputs;  // "" = absent
  std::vector<Attribute> attributes;
  std::string doc;
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
  std::map<std::string, std::string> metadata;
  uint64_t file_hash = 0;  // XXH3-64 of the .onnx file's bytes and of the external bytes it uses
  int64_t file_bytes = 0;
};

// Reads a model from a file (mapped; weights are views into it) or from bytes kept alive by
// `owner`. External data are mapped from `folder`; paths that leave it (absolute, "..", symlinks
// out) are refused. Errors: not_found, io_error, corrupt (one line that says where), unsupported.
Result<Model> read_model(const std::string& path);
Result<Model> read_model(Bytes bytes, std::shared_ptr<const void> owner, const std::string& folder);

struct WriteOptions {
  // Tensors above this many bytes go to one external file `<name>.data` beside the model when the
  // whole would exceed `external_over` bytes (protobuf's limit is 2 GB).
  int64_t external_over = 1900ll << 20;
};
// Serialised ONNX. Deterministic.
std::vector<std::byte> serialize(const Model& model);
// Writes path (and its external data) completely or not at all: temporary file, fsync, rename.
Status write_model(const Model& model, const std::string& path, const WriteOptions& options = {});

}  // namespace hone::model
