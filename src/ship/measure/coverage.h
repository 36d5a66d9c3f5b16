// Where an engine's time goes by kernel, and how much of it through code for any CPU.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/target/isa.h"
#include "ship/measure/session.h"

namespace hone::ship {

struct StepTime {
  std::string kernel, op;  // kernel "": control flow
  double us = 0;           // mean of the runs
};

// Mean time of each step over `runs` runs after two that do not count. Inputs are seeded noise.
Result<std::vector<StepTime>> time_steps(Session& session, const std::vector<Dims>& shapes,
                                         int64_t runs);

struct KernelShare {
  std::string kernel, isa;  // isa "custom": no kernel of this build
  bool portable = false;    // plain C++, where the machine has more
  int64_t steps = 0;
  double us = 0, share = 0;      // share of all steps' time, 0 to 1
  std::vector<std::string> ops;  // operators it computes, each once, in order of the steps
};
struct Coverage {
  std::vector<KernelShare> kernels;   // longest first
  double us = 0, portable_share = 0;  // 0 where the machine has nothing better
  bool machine_has_better = false;
};

// Steps summed by kernel. A step counts as portable where its kernel is compiled for any CPU and
// `machine` has a level above that, however short it is.
Coverage cover(const std::vector<StepTime>& steps, IsaMask machine);

nlohmann::json to_json(const Coverage& c);

}  // namespace hone::ship
