// Tactics: for each step, which kernel of its family. Every choice is explained in the plan.
#pragma once

#include "host/plan/make_plan.h"

namespace hone::plan {

// A step with every size known, owning what kernels::Step points to.
struct ConcreteStep {
  std::vector<kernels::Operand> in, out;
  std::vector<int32_t> attrs;
  std::vector<int64_t> dims;
  kernels::Step view() const { return {in, out, attrs, dims}; }
};

using Sizes = std::map<std::string, int64_t>;  // symbol -> size

// What can compute the step: the kernels of its family, or of its plugin's operator, best first
// where nothing is timed.
std::vector<const kernels::Kernel*> kernels_for(const Step& step);

// Errors: where a size cannot be computed or is negative.
Result<ConcreteStep> concrete(const Plan& plan, const Step& step, const Sizes& sizes);

// The step as `kernel` takes it: constants it packs become blobs, those it absorbs are gone.
ConcreteStep as_packed(const kernels::Kernel& kernel, const ConcreteStep& raw);

// Everything that matters to how long a kernel takes on a step, as one line.
std::string timing_key(const kernels::Kernel& kernel, const ConcreteStep& raw, const Target& target,
                       int threads);

// Sets kernel, tactics and ns of every step, and the choices of every profile but the first; the
// plan has at least one. Without options.time and without timings of all candidates in the cache:
// the first of the family's table that binds. Within 3 % of the fastest is a tie and goes to the
// first profile's, else to the first in the table, so that small noise does not change an engine.
// Steps without a kernel go to `problems`; where there were some before, steps without sizes are
// skipped.
Status choose_tactics(Plan& plan, const PlanOptions& options, std::vector<Problem>* problems);

// Packs the constants of every step for its kernel; drops constants nobody reads.
Status pack_constants(Plan& plan);

}  // namespace hone::plan
