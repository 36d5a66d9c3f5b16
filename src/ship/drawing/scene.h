// What is drawn: one sheet for each block of the graph, its nodes as boxes with their constants as
// lines inside.
#pragma once

#include <string>
#include <vector>

#include "host/graph/graph.h"
#include "host/inspect/layout.h"

namespace hone::ship::drawing {

struct Box {
  // outer: a value of a block around this one.
  enum class Kind { node, input, output, outer };
  Kind kind = Kind::node;
  graph::NodeId node = graph::none;
  graph::ValueId value = graph::none;
  std::string id;  // in the page
  std::string title;
  std::vector<std::string> lines;
  std::vector<graph::BlockId> opens;  // the last lines stand for these
  std::string label;                  // beside the line that leaves it
  int net = -1;                       // the first that leaves it
  bool entered = false;               // a line ends here
  inspect::Size size;
};

struct Sheet {
  graph::BlockId block = 0;
  std::string title;
  std::vector<Box> boxes;
  std::vector<graph::ValueId> nets;  // the value of each
  inspect::Layout layout;
};

constexpr double title_size = 13, line_size = 11;
constexpr double title_height = 24, line_height = 15;

// The root's first. Blocks are in the order of their ids.
std::vector<Sheet> sheets_of(const graph::Graph& graph);

}  // namespace hone::ship::drawing
