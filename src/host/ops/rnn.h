// What the recurrent operators share: their activations.
#pragma once

#include <string>
#include <vector>

#include "host/ops/ref_util.h"

namespace hone::ops {

// One of ONNX's activation functions of recurrent operators with its parameters.
class RnnActivation {
 public:
  using Function = double (*)(double x, double alpha, double beta);
  RnnActivation(Function f, double alpha, double beta) : f_(f), alpha_(alpha), beta_(beta) {}
  double operator()(double x) const { return f_(x, alpha_, beta_); }

 private:
  Function f_;
  double alpha_, beta_;
};

// The activations of all directions, one after another: the node's, or `fallback` for each.
Result<std::vector<RnnActivation>> rnn_activations(const Node& node,
                                                   const std::vector<std::string>& fallback,
                                                   int64_t directions);

}  // namespace hone::ops
