// hone_engine: a verified file, the kernels its steps and profiles name, and where control goes
// after each step.
#pragma once

#include <atomic>

#include "common/target/isa.h"
#include "common/wire/engine.h"
#include "device/kernels/kernel.h"
#include "device/platform/mapped_file.h"
#include "device/runtime/memory.h"

namespace hone::runtime {

// Where to go on after a step, and into which step of a branch; of a loop into its first step and
// behind its last, after which the loop itself comes next. The number of steps: the end.
struct Flow {
  uint32_t next = 0;
  uint32_t then_step = 0, else_step = 0;
};

struct EngineStep {
  const kernels::Kernel* kernel = nullptr;  // of kernel steps
  uint32_t operands = 0;                    // with any profile's choice, absent ones counted
  Flow flow;
  bool nested = false;  // inside a branch or loop: a run need not reach it
};

// Flow of every step, by nesting. `out` has room for all of them.
void plan_flow(const wire::EngineMeta& meta, EngineStep* out);

}  // namespace hone::runtime

struct hone_engine {
  hone::wire::Engine file;
  hone::runtime::EngineStep* steps = nullptr;
  uint32_t step_count = 0;
  const hone::kernels::Kernel** choices = nullptr;  // of all profiles' choices in order
  uint32_t operand_count = 0;                       // of all steps
  bool has_data = false;                            // some dims are data

  hone::runtime::Allocator allocator;
  hone_log_fn log = nullptr;
  void* log_user = nullptr;
  std::atomic<int32_t> users{1};
  hone::runtime::Block self;          // this and steps
  hone::runtime::Block copy;          // HONE_LOAD_COPY
  hone::platform::MappedFile mapped;  // hone_load_file

  const hone::wire::EngineMeta& meta() const { return file.meta(); }
};

namespace hone::runtime {

device::Result<hone_engine*> load_file(const char* path, const hone_load_options& options);
device::Result<hone_engine*> load_memory(Bytes bytes, const hone_load_options& options);
void retain(hone_engine* engine);
void release(hone_engine* engine);

}  // namespace hone::runtime
