// What is quantised and how: the choices of a user, or of a search, as a value.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/tensor/dtype.h"
#include "host/graph/graph.h"
#include "host/quant/calibrators.h"

namespace hone::quant {

enum class Granularity : uint8_t { tensor, channel, group };

struct Scheme {
  DType activations = DType::u8;  // u8, i8, u16 or i16
  bool symmetric = false;         // activations: zero point in the middle of the type
  Granularity weights = Granularity::channel;
  int group = 0;       // elements along the contracted axis; Granularity::group
  bool nbits = false;  // 4-bit products as com.microsoft's MatMulNBits, not DequantizeLinear
  // Nodes by operator ("Softmax"), by name, or by a pattern of the name with * and ?. `include`
  // empty: all. `exclude` wins.
  std::vector<std::string> include, exclude;
  // What a search decided of single nodes, by name: stay float, or 16-bit activations.
  std::set<std::string> leave_float, wide;
};

// Whether `text` (an operator, a name or a pattern) means this node.
bool selects(std::string_view text, const graph::Node& node);
bool is_selected(const Scheme& scheme, const graph::Node& node);
// Errors: invalid_argument for an entry of include or exclude that means no node of the graph.
Status check_selection(const Scheme& scheme, const graph::Graph& graph);

// "channel", "tensor", "group:32"
Result<Granularity> parse_granularity(std::string_view text, int* group);
Result<DType> parse_activations(std::string_view text);  // "u8", "s8", "u16", "s16"

// The grid of an activation of this type under the scheme.
GridSpec grid(const Scheme& scheme, DType type);

}  // namespace hone::quant
