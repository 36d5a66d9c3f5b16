// Names that a node reads.
#pragma once

#include <set>
#include <string>

#include "host/model/onnx.h"

namespace hone::model {

// Of its inputs, and those that its subgraphs read from around them.
void names_read(const NodeProto& node, std::set<std::string>* out);

}  // namespace hone::model
