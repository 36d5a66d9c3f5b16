// Guests: operators of foreign domains that no plugin brings, kept in a graph as the file has them,
// so that a model can be simplified or cut around them. They have no reference and no kernel, and
// of what they give no more is known than the file declares.
#pragma once

#include <string>

#include "host/ops/op_def.h"

namespace hone::ops {

// The guest of that name, made when it is first asked for; find_op() has it from then on, at that
// version. Any number of inputs and outputs; attributes are not described. Not while other threads
// look operators up.
const OpDef* add_guest(const std::string& domain, const std::string& op, int64_t version);
const OpDef* find_guest(std::string_view domain, std::string_view op, int64_t version);
bool is_guest(const OpDef& def);

}  // namespace hone::ops
