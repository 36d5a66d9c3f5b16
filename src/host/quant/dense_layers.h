// The nodes that multiply by constant weights, in one form: what bias correction, equalisation and
// the report by layer walk over.
#pragma once

#include <map>
#include <vector>

#include "host/graph/graph.h"

namespace hone::quant {

struct DenseLayer {
  graph::NodeId node = graph::none;
  graph::ValueId input = graph::none, weights = graph::none, output = graph::none;
  int64_t channels = 0;     // of the output
  bool takes_bias = false;  // has an operand for one: Conv and Gemm, not MatMul
};

// f32 layers of the root block in order: Conv; Gemm without alpha, beta or transA; MatMul by a
// matrix. Weights are constants.
std::vector<DenseLayer> dense_layers(const graph::Graph& g);

// sum_j w[c, j] x[j] for each output channel c, where x[j] is one number for each input channel.
std::vector<double> times_channels(const graph::Graph& g, const DenseLayer& layer, const Tensor& w,
                                   const std::vector<double>& x);

// The graph with these numbers added to the layers' biases; a layer without one gets one. Ids of
// values and nodes stay. Layers that take no bias must not be named.
Result<graph::Graph> with_biases(const graph::Graph& g,
                                 const std::map<graph::NodeId, std::vector<double>>& added);

}  // namespace hone::quant
