// FusedChain read: the functions it computes in order.
#pragma once

#include <string>
#include <vector>

#include "host/graph/graph.h"

namespace hone::ops {

// One function: a unary one where b is -1. a and b number the node's inputs, then the results of
// the functions before this one. p, q: what an activation takes.
struct ChainOp {
  std::string op;
  int a = 0, b = -1;
  float p = 0, q = 0;
};

constexpr size_t max_chain_ops = 16, max_chain_inputs = 4;

// Whether `op` names a function of one value, of two.
bool is_chain_unary(const std::string& op);
bool is_chain_binary(const std::string& op);

// Errors (invalid_argument): lists of wrong lengths, an unknown function, an argument that is not
// there, an input or a result that nobody uses.
Result<std::vector<ChainOp>> chain_of(const graph::Node& node);
void set_chain(graph::Node& node, const std::vector<ChainOp>& chain);

}  // namespace hone::ops
