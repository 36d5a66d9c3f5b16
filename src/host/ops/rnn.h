// What the recurrent operators share: activations, directions, operands.
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

// 1, or 2 for bidirectional.
Result<int64_t> rnn_directions(const Node& node);
// What input i's axis tells of a size; errors where it contradicts what is known.
Status rnn_meet(const InferContext& ctx, size_t i, size_t axis, const Dim& size, const char* what);
// The values of input i, which must have these dims; *out stays where it is absent.
Status rnn_fill(const RefContext& ctx, size_t i, const Dims& dims, std::vector<double>* out);
// sequence_lens (input 4), checked; empty where absent.
Result<std::vector<int64_t>> rnn_lengths(const RefContext& ctx, int64_t steps, int64_t batch);

}  // namespace hone::ops
