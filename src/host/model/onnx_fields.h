// Field numbers of onnx.proto (the parts this folder knows), shared by reader and writer.
#pragma once

#include <cstdint>

namespace hone::model::field {

namespace model {
enum : uint32_t {
  ir_version = 1,
  producer = 2,
  producer_version = 3,
  domain = 4,
  version = 5,
  doc = 6,
  graph = 7,
  opset_import = 8,
  metadata = 14,
  functions = 25
};
}
namespace opset {
enum : uint32_t { domain = 1, version = 2 };
}
namespace entry {
enum : uint32_t { key = 1, value = 2 };
}
namespace graph {
enum : uint32_t {
  node = 1,
  name = 2,
  initializer = 5,
  doc = 10,
  input = 11,
  output = 12,
  value_info = 13,
  sparse_initializer = 15,
  metadata = 16
};
}
namespace function {
enum : uint32_t {
  name = 1,
  input = 4,
  output = 5,
  attribute = 6,
  node = 7,
  opset_import = 9,
  domain = 10,
  attribute_proto = 11,
  overload = 13
};
}
namespace node {
enum : uint32_t {
  input = 1,
  output = 2,
  name = 3,
  op_type = 4,
  attribute = 5,
  doc = 6,
  domain = 7,
  overload = 8,
  metadata = 9
};
}
namespace attribute {
enum : uint32_t {
  name = 1,
  f = 2,
  i = 3,
  s = 4,
  t = 5,
  g = 6,
  floats = 7,
  ints = 8,
  strings = 9,
  tensors = 10,
  graphs = 11,
  tp = 14,
  type_protos = 15,
  type = 20,
  ref = 21,
  sparse_tensor = 22,
  sparse_tensors = 23
};
}
// AttributeProto.AttributeType.
namespace attribute_type {
enum : int32_t {
  undefined = 0,
  f = 1,
  i = 2,
  s = 3,
  t = 4,
  g = 5,
  floats = 6,
  ints = 7,
  strings = 8,
  tensors = 9,
  graphs = 10,
  sparse_tensor = 11,
  sparse_tensors = 12,
  tp = 13,
  type_protos = 14
};
}
namespace tensor {
enum : uint32_t {
  dims = 1,
  data_type = 2,
  segment = 3,
  float_data = 4,
  int32_data = 5,
  string_data = 6,
  int64_data = 7,
  name = 8,
  raw_data = 9,
  double_data = 10,
  uint64_data = 11,
  external_data = 13,
  data_location = 14
};
}
namespace sparse_tensor {
enum : uint32_t { values = 1, indices = 2, dims = 3 };
}
namespace value_info {
enum : uint32_t { name = 1, type = 2, doc = 3 };
}
namespace type {
enum : uint32_t { tensor = 1, sequence = 4, map = 5, opaque = 7, sparse_tensor = 8, optional = 9 };
}
// TypeProto.Tensor, .SparseTensor; 1 is also what Sequence and Optional call their element.
namespace tensor_type {
enum : uint32_t { element = 1, shape = 2 };
}
namespace map_type {
enum : uint32_t { key = 1, value = 2 };
}
namespace sequence {
enum : uint32_t {
  name = 1,
  elem_type = 2,
  tensors = 3,
  sparse = 4,
  sequences = 5,
  maps = 6,
  optionals = 7
};
}
namespace map_value {
enum : uint32_t { name = 1, key_type = 2, keys = 3, string_keys = 4, values = 5 };
}
namespace optional {
enum : uint32_t {
  name = 1,
  elem_type = 2,
  tensor = 3,
  sparse = 4,
  sequence = 5,
  map = 6,
  optional = 7
};
}
// What elem_type of both may be: SequenceProto.DataType, OptionalProto.DataType.
namespace value_kind {
enum : int32_t { undefined = 0, tensor = 1, sequence = 3, map = 4 };
}
namespace shape {
enum : uint32_t { dim = 1 };
}
namespace dimension {
enum : uint32_t { value = 1, param = 2 };
}

}  // namespace hone::model::field
