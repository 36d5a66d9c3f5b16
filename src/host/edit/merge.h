// Two models in a row.
#pragma once

#include <map>
#include <string>

#include "host/model/onnx.h"

namespace hone::edit {

// `second` behind `first`. `connect`: inputs of the second by the outputs of the first that they
// read; where it is empty, those of one name, or the only output and the only input. Inputs that
// are not connected are inputs of the whole, outputs of the first that are, no longer outputs.
// Names that both use get "second/" in front in the second; of two opsets the older model is raised
// to the newer. Errors: not_found and invalid_argument for connections that cannot be made;
// unsupported for one that cannot be raised.
Result<model::Model> merge(const model::Model& first, const model::Model& second,
                           const std::map<std::string, std::string>& connect);

}  // namespace hone::edit
