// The messages of onnx.proto -> the structs of onnx.h. Throws ParseError, as pb_message.h says.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/model/external_data.h"
#include "host/model/onnx.h"
#include "host/model/pb_message.h"
#include "host/model/sparse_tensor.h"

namespace hone::model {

struct AttributeParts;

// Counts how deep graphs and types lie in each other, so that a file can't exhaust the stack.
class Level {
 public:
  explicit Level(int* depth) : depth_(depth) {
    if (*depth >= limits::depth) {
      fail(Code::unsupported, "nested more than " + std::to_string(limits::depth) + " deep");
    }
    ++*depth;
  }
  ~Level() { --*depth_; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

 private:
  int* depth_;
};

class OnnxReader {
 public:
  OnnxReader(std::shared_ptr<const void> owner, const std::string& folder, int64_t file_bytes);

  // Everything of the Model but hash and sizes.
  Model model(PbMessage m);

  // Whether anything was seen that only a ModelProto has: else the file is something else.
  bool saw_model() const { return saw_model_; }
  const ExternalFiles& external() const { return external_; }

 private:
  GraphProto graph(PbMessage m);
  void node_field(PbMessage& m, NodeProto* out);
  Attribute attribute(PbMessage m);
  AttributeValue attribute_value(const AttributeParts& parts);
  FunctionProto function(PbMessage m);
  ValueInfo value_info(PbMessage m);
  TypeProto type(PbMessage m);
  TypeProto tensor_type(PbMessage m, TypeProto::Kind kind);
  TypeProto container_type(PbMessage m, TypeProto::Kind kind);
  Initializer initializer(Bytes bytes, size_t index);
  Initializer sparse_initializer(Bytes bytes, size_t index);
  Tensor tensor(Bytes bytes);
  Tensor sparse_tensor(Bytes bytes);
  std::string name(PbMessage& m, const char* field);
  void add_node(PbMessage& m, std::vector<NodeProto>* nodes);
  void add_opset(PbMessage m, std::map<std::string, int64_t>* opsets);
  void add_metadata(PbMessage m, Metadata* metadata);

  // Charged before anything is allocated for what a few bytes of file can claim.
  void charge(size_t bytes);

  std::shared_ptr<const void> owner_;
  ExternalFiles external_;
  int64_t budget_, sparse_room_ = most_sparse_bytes;
  int64_t nodes_ = 0;
  int depth_ = 0;
  bool saw_model_ = false;
};

}  // namespace hone::model
