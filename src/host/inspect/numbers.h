// A model in numbers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/graph/graph.h"

namespace hone::inspect {

struct Numbers {
  // Elements of constants that are learned: floats, and integers of at most 8 bits.
  double parameters = 0;
  double weight_bytes = 0;  // of all constants
  std::map<std::string, int> constants_by_type, values_by_type;
  std::vector<std::string> dynamic;  // symbols of the inputs' dimensions, each once
  // With dynamic sizes at 1 on a tensor's first axis, 64 on others.
  double flops = 0;                  // a multiply-add is two
  double macs = 0;                   // multiply-adds of convolutions, products and recurrences
  double activation_peak_bytes = 0;  // most that is alive at once, in the order of the file
  bool peak_is_least = false;        // a value's size is not known without data
};

Numbers numbers_of(const graph::Graph& graph);

// What Numbers::parameters counts the elements of.
bool is_learned(const Tensor& t);

// FLOPs of each node, by its id and with the same sizes; 0 for removed ones.
std::vector<double> flops_by_node(const graph::Graph& graph);

}  // namespace hone::inspect
