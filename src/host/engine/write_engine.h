// Plan -> engine file: the only writer of the format in common/wire. Deterministic: equal plans
// give equal bytes.
#pragma once

#include <cstddef>
#include <vector>

#include "host/plan/plan.h"

namespace hone::engine {

struct WriteOptions {
  // Written in this order: the caller's own words, and what decided the plan, by option.
  std::vector<std::pair<std::string, std::string>> properties, build_options;
};

Result<std::vector<std::byte>> write_engine(const plan::Plan& plan,
                                            const WriteOptions& options = {});

}  // namespace hone::engine
