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
  double us_pm = 0;  // half of the 95 % interval of us
};

struct EngineTimes {
  std::vector<LayerStep> steps;
  double whole_us = 0;  // of a run without timers
  double whole_pm = 0;
};

// The same model with all that can be in one precision in it.
struct PrecisionTimes {
  std::string precision;  // "int8"
  EngineTimes times;
};

struct Network {
  std::vector<TunedLayer> layers;               // options: f32, then the others
  std::vector<Border> borders;                  // values that one layer hands to another
  std::vector<std::vector<std::string>> nodes;  // by layer, what is decided
  double other_us = 0;                          // of a run, what belongs to no layer
  double f32_pm = 0;                            // of a run in f32
  double convert_ns = 0;                        // per element at a border
};

// `nodes` of the float graph can compute in the other precisions. Those that one step of any engine
// computes are decided together: a layer. Its times are those of its steps; in another precision
// what converts values that come from, or go to, no layer counts too. Conversions cost what those
// in the other engines took per element; where there are none, one nanosecond. Errors of layers
// are 0.
Network make_network(const graph::Graph& g, const std::vector<graph::NodeId>& nodes,
                     const EngineTimes& f32, const std::vector<PrecisionTimes>& others);

// Elements; symbols count as 1.
double elements(const graph::Graph& g, graph::ValueId v);

}  // namespace hone::ship
