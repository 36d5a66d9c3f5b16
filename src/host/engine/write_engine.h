// Plan -> engine file: the only writer of the format in common/wire. Deterministic: equal plans
// give equal bytes.
#pragma once

#include <cstddef>
#include <vector>

#include "host/plan/plan.h"

namespace hone::engine {

struct WriteOptions {
  using Words = std::vector<std::pair<std::string, std::string>>;
  Words properties = {};     // the caller's own; written in this order
  Words build_options = {};  // what decided the plan, by option
};

Result<std::vector<std::byte>> write_engine(const plan::Plan& plan,
                                            const WriteOptions& options = {});

}  // namespace hone::engine
