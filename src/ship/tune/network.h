// The layers that a search over precisions decides on, from what two engines of a model took.
#pragma once

#include <string>
#include <vector>

#include "host/graph/graph.h"
#include "ship/tune/assign.h"

namespace hone::ship {

struct LayerStep {
  std::vector<std::string> nodes;  // of the model, that it computes
  std::string op;                  // "Conv + Relu"
  double us = 0;
};

struct EngineTimes {
  std::vector<LayerStep> steps;
  double whole_us = 0;  // of a run without timers
};

struct Network {
  std::vector<TunedLayer> layers;               // options: f32, then int8
  std::vector<Border> borders;                  // values that one layer hands to another
  std::vector<std::vector<std::string>> nodes;  // by layer, what can compute on integers
  double other_us = 0;                          // of a run, what belongs to no layer
  double convert_ns = 0;                        // per element at a border
};

// `nodes` of the float graph can compute on integers. Those that one step of either engine computes
// are decided together: a layer. Its times are those of its steps; in int8 what converts values
// that come from, or go to, no layer counts too. Conversions cost what those in the int8 engine
// took per element; where it has none, one nanosecond. Errors of layers are 0.
Network make_network(const graph::Graph& g, const std::vector<graph::NodeId>& nodes,
                     const EngineTimes& f32, const EngineTimes& int8);

// Elements; symbols count as 1.
double elements(const graph::Graph& g, graph::ValueId v);

}  // namespace hone::ship
