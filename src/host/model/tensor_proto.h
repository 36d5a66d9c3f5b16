// TensorProto as bytes -> Tensor. Throws ParseError, as pb_message.h says.
#pragma once

#include <memory>
#include <string>

#include "host/model/external_data.h"
#include "host/model/tensor.h"

namespace hone::model {

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

// raw_data and external data become views, kept alive by `owner` or by the file; typed fields are
// converted. The data have exactly the bytes or elements that type and dims ask for.
// `external` null: external data are refused. out->name is set before the data are looked at.
void parse_tensor(Bytes bytes, const std::shared_ptr<const void>& owner, ExternalFiles* external,
                  NamedTensor* out);

// The element type of that number, or an error that names it.
DType checked_dtype(int64_t number);

}  // namespace hone::model
