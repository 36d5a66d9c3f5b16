// The text form: prints a whole graph and parses back to the same graph. For tests, diffs and eyes.
//
//   graph "name" opset {"" 17, "ai.hone" 1}
//   in %image f32[batch,1,28,28]
//   const %w f32[16,1,3,3] = 0x...        (hex of the little-endian bytes; small ones as lists)
//   %y f32[batch,16,28,28] @channels_last = Conv(%image, %w) {kernel_shape=[3,3], group=1} "conv1"
//   out %y as "logits"
//
// Blocks are written indented in braces behind their node. Values print as %name; names that are not
// identifiers are quoted.
#pragma once

#include <string>
#include <string_view>

#include "host/graph/graph.h"

namespace hone::graph {

struct TextOptions {
  bool weights = true;  // false: constants over 16 elements print as "..." (cannot be parsed back)
  bool facts = true;
};
std::string to_text(const Graph& graph, const TextOptions& options = {});

// Errors name line and column. Facts written in the text are kept; absent ones are left unknown.
Result<Graph> parse_text(std::string_view text);

// A line diff of two texts, for tests and `--verify` logs; empty where they are equal.
std::string diff_text(const std::string& before, const std::string& after);

}  // namespace hone::graph
