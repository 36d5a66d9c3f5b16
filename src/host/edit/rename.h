// Names of a model's values.
#pragma once

#include <map>
#include <string>

#include "host/model/onnx.h"

namespace hone::edit {

// Values of the model's graph get other names, wherever they are read, within subgraphs too.
// Errors: not_found for a name that nothing has; invalid_argument for one that another value has.
Status rename(model::Model* model, const std::map<std::string, std::string>& names);

}  // namespace hone::edit
