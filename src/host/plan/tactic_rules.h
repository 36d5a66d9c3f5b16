// Which kernels may be chosen at all, as users say it: --tactics deny=*winograd*.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"
#include "device/kernels/kernel.h"

namespace hone::plan {

// Shell patterns ('*', '?', '[abc]') on kernels' names. A kernel is refused where a `deny` pattern
// matches it, or where an `allow` pattern matches some kernel of its family but none matches it:
// families that no `allow` pattern speaks of are as free as ever.
struct TacticRules {
  std::vector<std::string> allow, deny;

  bool empty() const { return allow.empty() && deny.empty(); }
  // Why the rules refuse the kernel, with the pattern; "" where they do not.
  std::string refusal(const kernels::Kernel& kernel) const;
};

// Of texts "allow=PATTERN" and "deny=PATTERN". Errors (invalid_argument): another form, a pattern
// that matches no kernel, naming near ones.
Result<TacticRules> parse_tactic_rules(const std::vector<std::string>& texts);

}  // namespace hone::plan
