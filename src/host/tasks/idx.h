// The idx format of MNIST and its relatives, plain or gzipped.
#pragma once

#include <string>

#include "common/base/cursor.h"
#include "host/model/tensor.h"

namespace hone::tasks {

// u8 tensors of any rank. Errors: not_found, io_error, corrupt (magic, sizes, truncated),
// unsupported (other element types).
Result<Tensor> read_idx(const std::string& path);
// `what` names the source in errors.
Result<Tensor> parse_idx(Bytes bytes, const std::string& what);

}  // namespace hone::tasks
