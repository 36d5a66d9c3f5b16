// Which kernels may compute a step, and why the others may not.
#pragma once

#include "host/plan/tactics.h"

namespace hone::plan {

class Candidates {
 public:
  // Both outlive this.
  Candidates(const Plan& plan, const PlanOptions& options) : plan_(plan), options_(options) {}

  // Kernels of the step's family in the order of the table, best first; the others go to `refused`.
  // `raw` is the step at the profile's sizes. Empty where there is none. Errors: a step whose
  // largest sizes cannot be computed.
  Result<std::vector<const kernels::Kernel*>> find(const Step& step, const Profile& profile,
                                                   const ConcreteStep& raw,
                                                   std::vector<TacticNote>* refused);

  // What options.max_workspace would have to be for no step to lack a kernel because of it.
  int64_t least_workspace() const { return least_workspace_; }

 private:
  std::string refusal(const kernels::Kernel& kernel, const ConcreteStep& raw) const;
  // Bytes at the largest sizes of the profile.
  Result<int64_t> workspace(const kernels::Kernel& kernel, const Step& step,
                            const Profile& profile) const;
  Status bound_workspace(const Step& step, const Profile& profile,
                         std::vector<const kernels::Kernel*>* able,
                         std::vector<TacticNote>* refused);
  void prefer(std::vector<const kernels::Kernel*>* able) const;
  void leave_out_last(std::vector<const kernels::Kernel*>* able,
                      std::vector<TacticNote>* refused) const;

  const Plan& plan_;
  const PlanOptions& options_;
  int64_t least_workspace_ = 0;
};

}  // namespace hone::plan
