// Inputs of a benchmark: many different ones in turn, so that no cache holds the one that is run.
#pragma once

#include <nlohmann/json.hpp>

#include "ship/measure/session.h"
#include "ship/measure/workload.h"

namespace hone::ship {

// Distinct inputs that go round, where they fit into input_bytes together; at least two.
constexpr int64_t distinct_inputs = 64;
constexpr int64_t input_bytes = int64_t{256} << 20;

struct Inputs {
  std::vector<std::vector<Tensor>> samples;  // by sample, the model's inputs in order
  std::string kind = "noise";                // "noise", "golden inputs"
  bool same = false;                         // one input again and again, as asked for

  // {"kind", "distinct", "same_input"}
  nlohmann::json to_json() const;
};

// Noise of a fixed seed for an input: floats in [-1, 1), integers small and >= 0.
Tensor random_input(const IoInfo& io, const Dims& dims, uint64_t seed);

// Noise for every input at these shapes. Inputs whose elements decide sizes are the same in all
// samples, so that one binding serves.
Inputs noise_inputs(const Session& session, const std::vector<Dims>& shapes, bool same);

// Inference alone: the input is copied into the engine's memory outside the timing.
class InferWork : public Workload {
 public:
  // The session is bound for the shapes of the inputs, which are not empty.
  InferWork(Session& session, const Inputs& inputs) : session_(session), inputs_(inputs) {}

  Status prepare(int64_t frame) override;
  Result<FrameTimes> run(TimeSource& time) override;

 private:
  Session& session_;
  const Inputs& inputs_;
};

}  // namespace hone::ship
