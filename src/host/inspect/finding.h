// What exporters leave in models that costs time, memory or the right answer, recognised by name.
//
// A finding is one file findings/<name>.cc that defines find_<name>() and one line in findings.inc.
#pragma once

#include <string>
#include <vector>

#include "host/graph/graph.h"
#include "host/model/onnx.h"

namespace hone::inspect {

struct Finding {
  std::string name;                // "training_mode", as in findings.inc
  std::string text;                // what, where, how much; one line
  std::string fix;                 // what to do
  std::vector<std::string> nodes;  // or initializers, that it is about, in order; at most a few
};

// `graph` is `model` imported.
struct Subject {
  const model::Model& model;
  const graph::Graph& graph;
};

using Find = std::vector<Finding> (*)(const Subject&);

#define HONE_FINDING(name) std::vector<Finding> find_##name(const Subject&);
#include "host/inspect/findings.inc"
#undef HONE_FINDING

// All of them, in the order of the table.
std::vector<Finding> find_all(const Subject& subject);

// For findings: "'a', 'b', 'c' and 4 more"; those of `names` that are shown are put in *shown.
std::string list_of(const std::vector<std::string>& names, std::vector<std::string>* shown);

}  // namespace hone::inspect
