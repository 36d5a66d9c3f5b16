// --profile: the range of every dynamic dimension, from "min:opt:max" of some inputs.
#pragma once

#include "host/plan/make_plan.h"

namespace hone::plan {

// Ranges as the inputs of a plan need them.
struct ProfileRanges {
  std::map<std::string, DimRange> symbols;
  std::vector<DimRange> dims;  // every dimension of every input in order; empty: any size
};

// Errors (invalid_argument): an unknown input, another rank, a range that is none or does not fit
// the model's own size, two ranges for one symbol, a dynamic dimension left open.
Result<ProfileRanges> resolve_profile(const std::vector<Io>& inputs, const ProfileSpec& profile);

// Of each profile; one that takes any size where there is none.
Result<std::vector<ProfileRanges>> resolve_profiles(const std::vector<Io>& inputs,
                                                    const std::vector<ProfileSpec>& profiles);

}  // namespace hone::plan
