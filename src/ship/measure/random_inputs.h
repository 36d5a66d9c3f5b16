// Inputs that stand in where nobody gave real ones.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/graph/graph.h"
#include "ship/measure/session.h"

namespace hone::ship {

// Of integer inputs that a Gather looks up in a constant table (tokens): how many rows it has, by
// input name.
std::map<std::string, int64_t> table_sizes(const graph::Graph& graph);

// A value of that seed with structure that survives pooling, so that two seeds make a difference to
// what a network says: pictures ([N,C,H,W] or [N,H,W,C] of 1, 3 or 4 channels) and sounds are a few
// smooth waves with a little noise around a level of their own; other floats are normal numbers
// around a level of their own. Integers are in [0, `rows`), where `rows` is 0 in [0, 2); inputs
// with "mask" in their name are ones, then zeros along the last axis.
Tensor structured_input(const IoInfo& io, const Dims& dims, uint64_t seed, int64_t rows = 0);

// All inputs of a model, by seed: whoever compares answers without data takes them from here, and
// says that they are random. (Who times only takes random_input(): speed does not look at values.)
class RandomInputs {
 public:
  // `graph`: of the model, for the sizes of its tables; null where there is only an engine.
  RandomInputs(std::vector<IoInfo> io, const graph::Graph* graph, uint64_t seed);

  const std::vector<IoInfo>& io() const { return io_; }

  // Sample k, each input at its size.
  std::vector<Tensor> make(uint64_t k, const std::vector<Dims>& sizes) const;
  // Sample k in the sizes of `like`; inputs whose elements decide sizes stay as they are there.
  std::vector<Tensor> other(const std::vector<Tensor>& like, uint64_t k) const;

 private:
  Tensor one(size_t i, uint64_t k, const Dims& dims) const;

  std::vector<IoInfo> io_;
  uint64_t seed_;
  std::map<std::string, int64_t> rows_;
};

}  // namespace hone::ship
