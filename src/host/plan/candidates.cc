#include "host/plan/candidates.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <cstring>

#include "common/base/checked.h"
#include "host/plan/target_file.h"

namespace hone::plan {

using kernels::Kernel;

namespace {

// The reason why `kernel` cannot take the step; nullptr where it can and has said its work.
const char* bind(const Kernel& kernel, const ConcreteStep& raw, kernels::Work* work) {
  alignas(16) std::byte params[kernels::max_params_bytes];
  const ConcreteStep packed = as_packed(kernel, raw);
  return kernel.bind(kernels::given_to(kernel, packed.view()), params, work);
}

// Every symbol at the largest size that the profile lets it have.
Sizes largest_sizes(const Plan& plan, const Profile& profile) {
  if (profile.ranges.empty()) return profile.example;
  Sizes sizes;
  size_t at = 0;
  for (const Io& io : plan.inputs) {
    for (const Dim& d : io.shape) {
      const DimRange& range = profile.ranges[at++];
      if (d.is_symbol()) sizes[d.symbol_name()] = range.max;
    }
  }
  return with_bounds(plan, std::move(sizes));
}

}  // namespace

std::string Candidates::refusal(const Kernel& kernel, const ConcreteStep& raw) const {
  if (!has(options_.target.isa, kernel.isa)) return fmt::format("needs {}", name(kernel.isa));
  if (std::string why = options_.tactics.refusal(kernel); !why.empty()) return why;
  kernels::Work work;
  const char* reason = bind(kernel, raw, &work);
  return reason == nullptr ? "" : reason;
}

Result<std::vector<const Kernel*>> Candidates::find(const Step& step, const Profile& profile,
                                                    const ConcreteStep& raw,
                                                    std::vector<TacticNote>* refused) {
  std::vector<const Kernel*> able;
  for (const Kernel* k : kernels_for(step)) {
    if (!belongs(k->isa, options_.target.arch)) continue;
    std::string why = refusal(*k, raw);
    if (why.empty()) {
      able.push_back(k);
    } else {
      refused->push_back({k->name, 0, std::move(why)});
    }
  }
  HONE_RETURN_IF_ERROR(bound_workspace(step, profile, &able, refused));
  prefer(&able);
  leave_out_last(&able, refused);
  return able;
}

Result<int64_t> Candidates::workspace(const Kernel& kernel, const Step& step,
                                      const Profile& profile) const {
  HONE_ASSIGN(const ConcreteStep raw, concrete(plan_, step, largest_sizes(plan_, profile)));
  kernels::Work work;
  int64_t bytes = 0;
  if (bind(kernel, raw, &work) != nullptr) return 0;  // a branch that these sizes do not take
  if (mul_overflows(work.scratch_bytes, static_cast<int64_t>(options_.threads), &bytes) ||
      add_overflows(bytes, work.workspace_bytes, &bytes)) {
    return INT64_MAX;
  }
  return bytes;
}

Status Candidates::bound_workspace(const Step& step, const Profile& profile,
                                   std::vector<const Kernel*>* able,
                                   std::vector<TacticNote>* refused) {
  if (options_.max_workspace == INT64_MAX || able->empty()) return {};
  std::vector<const Kernel*> within;
  int64_t least = INT64_MAX;
  for (const Kernel* k : *able) {
    HONE_ASSIGN(const int64_t bytes, workspace(*k, step, profile));
    least = std::min(least, bytes);
    if (bytes <= options_.max_workspace) {
      within.push_back(k);
      continue;
    }
    refused->push_back({k->name, 0,
                        fmt::format("needs {} bytes of workspace, --workspace allows {}", bytes,
                                    options_.max_workspace)});
  }
  least_workspace_ = std::max(least_workspace_, least);
  *able = std::move(within);
  return {};
}

void Candidates::prefer(std::vector<const Kernel*>* able) const {
  if (options_.prefer_kernel.empty()) return;
  std::vector<const Kernel*> wanted;
  for (const Kernel* k : *able) {
    if (k->name == options_.prefer_kernel) {  // a name may be part of another
      wanted = {k};
      break;
    }
    if (std::strstr(k->name, options_.prefer_kernel.c_str()) != nullptr) wanted.push_back(k);
  }
  if (!wanted.empty()) *able = std::move(wanted);
}

void Candidates::leave_out_last(std::vector<const Kernel*>* able,
                                std::vector<TacticNote>* refused) const {
  while (able->size() > static_cast<size_t>(options_.max_tactics)) {
    refused->push_back({able->back()->name, 0,
                        fmt::format("not tried: {} others rank before it", able->size() - 1)});
    able->pop_back();
  }
}

}  // namespace hone::plan
