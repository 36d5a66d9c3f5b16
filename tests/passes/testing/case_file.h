// The cases of one pass: tests/passes/<pass>.txt. A case is
//
//   == what it shows                    (== what it shows, opset 13)
//   in %x f32[n,4]                      the graph before in the text form, without its first line;
//   ...                                 facts may be left out
//                                       symbols may say their size when it is evaluated: m1, k12
//   -- becomes                          or -- stays: the pass must not touch it
//   ...                                 the graph after, with facts
//
// Lines that begin with '#' are comments. HONE_UPDATE_CASES=1 writes the graphs after anew, for
// eyes to judge.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"
#include "host/graph/graph.h"

namespace hone::passes {

struct Case {
  std::string title;  // as it stands in the file, opset and all
  int opset = 17;
  std::string comment, before, after;
  bool changes = false;
};

Result<std::vector<Case>> read_cases(const std::string& path);
Status write_cases(const std::string& path, const std::vector<Case>& cases);

// The graph of a case's text, inferred; and back, without the first line.
Result<graph::Graph> graph_of(const Case& c, const std::string& body);
std::string body_of(const graph::Graph& graph);

}  // namespace hone::passes
