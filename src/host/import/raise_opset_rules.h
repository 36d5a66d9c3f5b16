// What changed between the versions of an operator, one rule per operator.
#pragma once

#include <string_view>

#include "host/graph/patch.h"

namespace hone::raise_detail {

struct Raise {
  const graph::Graph& g;
  const graph::Node& old;
  int64_t opset;        // to be raised to; 13 or more
  graph::Patch& patch;  // for constants, and for nodes beside the one made
  graph::Node& made;    // a copy of `old` of the new version, to be changed
  bool done = false;    // the rule put its own nodes in place of the old one
};

struct Rule {
  const char* op;
  // Errors: why it cannot be said in the newer form.
  Status (*rewrite)(Raise&);
  int64_t gone = 0;  // the opset that took the operator away; 0: none
};

const Rule* find_rule(std::string_view op);  // nullptr: none

}  // namespace hone::raise_detail
