#include "host/exec/bound_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "common/base/checked.h"

namespace hone::exec {

Buffer::Buffer(int64_t bytes) : bytes_(bytes) {
  auto size = static_cast<size_t>(round_up(std::max<int64_t>(bytes, 1), 64));
  memory_.reset(static_cast<std::byte*>(std::aligned_alloc(64, size)));
  if (memory_ == nullptr) throw std::bad_alloc();
  std::memset(memory_.get(), 0, size);
}

Result<BoundStep> BoundStep::bind(const kernels::Kernel& kernel, const kernels::Step& step) {
  BoundStep b;
  b.kernel_ = &kernel;
  b.params_ = Buffer(kernels::max_params_bytes);
  const char* reason = kernel.bind(kernels::given_to(kernel, step), b.params_.data(), &b.work_);
  if (reason != nullptr) return unsupported(fmt::format("{}: {}", kernel.name, reason));
  b.scratch_ = Buffer(b.work_.scratch_bytes);
  b.workspace_ = Buffer(b.work_.workspace_bytes);
  return b;
}

kernels::TimedStep BoundStep::timed(const void* const* in, void* const* out) const {
  kernels::TimedStep t = {};
  t.run = kernel_->run;
  t.args = {params_.data(), in, out, scratch_.data(), workspace_.data(), 0, 0, 0};
  t.phases = work_.phases;
  std::copy(std::begin(work_.units), std::end(work_.units), t.units);
  return t;
}

void BoundStep::run(const void* const* in, void* const* out) const {
  for (int32_t phase = 0; phase < work_.phases; ++phase) {
    run_units(in, out, phase, 0, work_.units[phase]);
  }
}

void BoundStep::run_units(const void* const* in, void* const* out, int phase, int64_t begin,
                          int64_t end) const {
  if (begin >= end) return;
  kernel_->run({params_.data(), in, out, scratch_.data(), workspace_.data(), phase, begin, end});
}

}  // namespace hone::exec
