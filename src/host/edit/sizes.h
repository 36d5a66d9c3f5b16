// Sizes and values of a model's inputs.
#pragma once

#include <string>
#include <vector>

#include "host/model/onnx.h"

namespace hone::edit {

// Gives an input this shape. What the file says of other values' shapes goes; settle() finds it
// anew. Errors: not_found; shape_mismatch for another rank.
Status set_shape(model::Model* model, const std::string& input,
                 const std::vector<model::DimProto>& shape);

// The first dimension of every input of rank 1 and more: a size, or a name for any. Errors:
// unsupported for an input whose rank is not known.
Status set_batch(model::Model* model, const model::DimProto& batch);

// An input becomes an initializer of this value. Errors: not_found; shape_mismatch where the
// input's type or shape is another.
Status set_value(model::Model* model, const std::string& input, const Tensor& value);

// Shapes are inferred anew and outputs declared so. Errors: what inference finds wrong, as for a
// batch that a Reshape has as a constant.
Status settle(model::Model* model);

}  // namespace hone::edit
