// One step ready to run on the host: packed, bound, with its scratch.
#pragma once

#include <memory>
#include <vector>

#include "common/base/status.h"
#include "device/kernels/kernel.h"
#include "device/kernels/timed.h"

namespace hone::exec {

// Memory aligned to 64 bytes, zeroed.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(int64_t bytes);
  std::byte* data() const { return memory_.get(); }
  int64_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  int64_t bytes_ = 0;
};

class BoundStep {
 public:
  // `step` is as the kernel takes it (packed). Errors: unsupported with the kernel's reason.
  static Result<BoundStep> bind(const kernels::Kernel& kernel, const kernels::Step& step);

  // Runs all units of all phases on this thread.
  void run(const void* const* in, void* const* out) const;
  // Runs units [begin, end) of one phase.
  void run_units(const void* const* in, void* const* out, int phase, int64_t begin,
                 int64_t end) const;

  // With these operands, to be timed; good as long as this is.
  kernels::TimedStep timed(const void* const* in, void* const* out) const;

  const kernels::Kernel& kernel() const { return *kernel_; }
  const kernels::Work& work() const { return work_; }

 private:
  const kernels::Kernel* kernel_ = nullptr;
  kernels::Work work_;
  Buffer params_, scratch_, workspace_;
};

}  // namespace hone::exec
