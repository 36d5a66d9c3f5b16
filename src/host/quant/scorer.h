// What labels say of a graph. Samples carry none: who has them gives Options::labels.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "host/model/tensor.h"

namespace hone::quant {

struct Drop {
  double points = 0;    // of the metric; less than 0: gained
  double at_least = 0;  // what chance does not explain: the lower end of the 95 % interval
};

class Scorer {
 public:
  virtual ~Scorer() = default;
  // What a graph made of sample `place` of the Samples that quantize() was given: its outputs in
  // order. Each graph is given the same places in the same order, one at a time.
  virtual Status add(int64_t place, std::span<const Tensor> outputs) = 0;
  // What was lost against `base`, which is of the same maker and was given the same samples.
  virtual Drop drop_from(const Scorer& base) const = 0;
};

// An empty one.
using MakeScorer = std::function<Result<std::unique_ptr<Scorer>>()>;

}  // namespace hone::quant
