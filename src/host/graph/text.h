// The text form: prints a whole graph and parses back to the same graph. For tests, diffs and eyes.
//
//   graph "name" opset {"" 17, "ai.hone" 1}
//   in %image f32[batch,1,28,28]
//   const %w f32[16,1,3,3] = 0x...        (hex of the little-endian bytes; small ones as lists)
//   %y f32[batch,16,28,28] @channels_last = Conv(%image, %w) {group=1, kernel_shape=[3, 3]} "conv1"
//   %a f32[...], _ = ai.hone::Op:2(%y, _) "n" from ["conv1", "relu1"]
//   out %y as "logits"
//
// "_" is an absent input or output; ":2" a version other than the graph's opset; "from" the origin,
// where it is more than the node's own name. Blocks are written indented in braces behind their
// node: `then_branch: {` ... `}`, with in and out lines of their own. Values print as %name, quoted
// where they are more than letters, digits, '_', '.', '/'. Constants that nothing reads, values of
// removed nodes and model_hash (which names a file, not a graph) are not printed.
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
