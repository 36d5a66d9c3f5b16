// Values of a model's inputs and outputs in .pb files of their own: TensorProto, SequenceProto,
// MapProto or OptionalProto, as the TypeProto says that the model declares.
#pragma once

#include <string>
#include <vector>

#include "host/model/onnx.h"

namespace hone::model {

// Tensors, maps, sequences of either, and optionals of tensors and of sequences of tensors
// (Tensor::empty_optional where there is no value). A map has keys of i64 or string, each once, and
// scalars for values. Errors: those of a tensor; an element of another type than declared, a key
// that comes twice (corrupt); sparse tensors, sequences of sequences, maps to other things
// (unsupported).
Result<Tensor> read_value_pb(const std::string& path, const TypeProto& type);
Result<Tensor> parse_value_proto(Bytes bytes, std::shared_ptr<const void> owner,
                                 const TypeProto& type);
// A type of another kind than the value's counts as the value's own.
std::vector<std::byte> format_value_pb(const Tensor& value, const std::string& name,
                                       const TypeProto& type);

// "tensor", "sequence", "optional", "optional sequence", "map", "sparse tensor".
std::string kind_name(const TypeProto& type);

}  // namespace hone::model
