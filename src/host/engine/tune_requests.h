// Tactics to be timed elsewhere: each candidate as an engine of one step, for hone-tune.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/model/files.h"
#include "host/plan/make_plan.h"

namespace hone::engine {

// The candidate alone: its operands in the arena, its constants packed as its kernel wants them.
Result<std::vector<std::byte>> one_step_engine(const plan::Candidate& c, const Target& target);

class TuneRequests {
 public:
  // `path` appears with finish().
  static Result<TuneRequests> create(const std::string& path, const Target& target, int threads,
                                     int opt_level);

  // For PlanOptions::time: writes the candidate down and says 1 ns. The plan is made to be thrown
  // away; with its cache it asks for each timing once.
  plan::TimeKernel recorder();
  Status finish();
  size_t size() const { return state_->count; }

 private:
  struct State {
    AtomicFile file;
    Target target;
    size_t count = 0;
    uint32_t step = 0;
  };
  explicit TuneRequests(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace hone::engine
