// What quantisation makes of each operator: one table, quant/rules.cc.
#pragma once

#include "host/graph/graph.h"

namespace hone::quant {

enum class Role : uint8_t {
  none,    // stays float
  dense,   // operand 0 times constant weights, input 1: what int8 is for
  move,    // its elements are some of its operand's: one scale in and out
  pool,    // averages: integers in, integers of another scale out
  unary,   // a function of each element: a table of 256 entries
  join,    // Add, Sub, Mul: two operands of their own scales
  concat,  // operands of their own scales, or of one where they are much alike
};

// Of this node as it stands: what an operator's attributes or constants change about its role is
// decided here too (Resize that interpolates, Add of a constant).
Role role_of(const graph::Graph& g, const graph::Node& n);

// The node's inputs that are rounded with it: indices.
std::vector<size_t> operands(const graph::Graph& g, const graph::Node& n, Role role);

// Relu, or Clip between constants: rounding to a range that ends where it cuts does the same, so
// it stands between its producer and the rounding.
bool saturates(const graph::Graph& g, const graph::Node& n);

// A Gather of rows of a constant f32 matrix that is worth a node of its own.
bool reads_table(const graph::Graph& g, const graph::Node& n);

}  // namespace hone::quant
