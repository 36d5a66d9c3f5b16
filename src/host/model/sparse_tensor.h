// SparseTensorProto as bytes -> a dense Tensor. Throws ParseError, as pb_message.h says.
#pragma once

#include "host/model/tensor_proto.h"

namespace hone::model {

// What a file's sparse tensors may come to in all when they are dense.
constexpr int64_t most_sparse_bytes = 128ll << 20;

// The values stand at their indices, zeros everywhere else; the name is the values'. `room`: what
// is left of most_sparse_bytes; what this one takes is taken off. Indices are i64: [n] places in
// row-major order, or [n, rank].
void parse_sparse_tensor(Bytes bytes, const std::shared_ptr<const void>& owner,
                         ExternalFiles* external, int64_t* room, NamedTensor* out);

}  // namespace hone::model
