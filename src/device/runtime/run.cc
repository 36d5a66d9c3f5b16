// The loop: no allocation, no lock, no check but of what the caller changed since the last run.
#include <cstring>

#include "device/platform/clock.h"
#include "device/platform/float_mode.h"
#include "device/runtime/context.h"
#include "device/runtime/text.h"
#include "engine_generated.h"

using hone::Code;
using hone::FixedText;
using hone::device::error;
using hone::device::Status;
using hone::runtime::BoundStep;
using hone::runtime::IoSlot;
using hone::runtime::Patch;
using hone::wire::StepKind;
namespace runtime = hone::runtime;
namespace platform = hone::platform;

namespace {

struct Job {
  hone::kernels::RunArgs args;
  void (*run)(const hone::kernels::RunArgs&);
  char* scratch;
  int64_t scratch_stride;
  runtime::Trace* trace;
  uint32_t step;
};

Job job_of(const hone_context& c, uint32_t index) {
  const BoundStep& step = c.steps[index];
  Job job = {};
  job.args.params = step.params;
  job.args.in = step.in;
  job.args.out = step.out;
  job.args.workspace = c.workspace;
  job.run = step.kernel->run;
  job.scratch = static_cast<char*>(c.scratch);
  job.scratch_stride = c.layout.scratch;
  job.trace = c.trace;
  job.step = index;
  return job;
}

void run_units(void* ctx, int thread, int64_t begin, int64_t end) {
  const auto* job = static_cast<const Job*>(ctx);
  hone::kernels::RunArgs args = job->args;
  args.scratch = job->scratch + thread * job->scratch_stride;
  args.begin = begin;
  args.end = end;
  job->run(args);
}

void run_recorded(void* ctx, int thread, int64_t begin, int64_t end) {
  const auto* job = static_cast<const Job*>(ctx);
  const uint64_t from = platform::monotonic_ns();
  run_units(ctx, thread, begin, end);
  job->trace->add(thread, {from, platform::monotonic_ns(), job->step, job->args.phase});
}

Status trap(const hone_context& c, uint32_t index) {
  const hone::wire::Step& s = *c.meta().steps()->Get(index);
  if (s.kind() == StepKind::trap) {
    return error(Code::invalid_argument, s.text()->c_str());
  }
  // A step that plan() could not bind for these shapes.
  return error(Code::invalid_argument,
               runtime::step_name(index, s.layer() ? s.layer()->c_str() : nullptr)
                   << " does not take the shapes of these inputs");
}

}  // namespace

// Pointers of operands that lie in inputs and outputs.
Status hone_context::apply_buffers() {
  any_strided = false;
  for (uint32_t i = 0; i < input_count + output_count; ++i) {
    const bool is_input = i < input_count;
    const uint32_t index = is_input ? i : i - input_count;
    const IoSlot& io = (is_input ? inputs : outputs)[index];
    if (io.strided != nullptr) any_strided = true;
    if (io.dense != nullptr || io.capacity == 0) continue;
    return error(Code::wrong_state, runtime::io_name(is_input, io_info(is_input, index))
                                        << " has no buffer: set it before the run");
  }
  for (uint32_t i = 0; i < patch_count; ++i) {
    const Patch& p = patches[i];
    *p.pointer = static_cast<char*>(p.io->dense) + p.offset;
  }
  buffers_changed = false;
  return {};
}

void hone_context::run_kernel(uint32_t index) {
  const BoundStep& step = steps[index];
  Job job = job_of(*this, index);
  const auto units_fn = trace == nullptr ? run_units : run_recorded;
  for (int32_t phase = 0; phase < step.phases; ++phase) {
    const int64_t units = step.units[phase];
    if (units <= 0) continue;
    job.args.phase = phase;
    if (pool == nullptr) {
      units_fn(&job, 0, 0, units);
    } else {
      pool->parallel_for(units, units_fn, &job);
    }
  }
}

// A little of every step, so that the first run finds code, tables and parameters in memory and in
// cache. Kernels touch nothing but what their operands describe, whatever it holds; those of
// plugins promise less and are left alone. Of a large model less than all: it does not notice.
void hone_context::run_first_units() {
  constexpr uint64_t most_ns = 200'000;
  if (warm || external_io) return;
  warm = true;
  const platform::DefaultFloatMode mode;
  const uint64_t begin = platform::monotonic_ns();
  for (uint32_t i = 0; i < engine->step_count; ++i) {
    if (steps[i].kernel == nullptr || meta().steps()->Get(i)->kind() != StepKind::kernel) continue;
    if (platform::monotonic_ns() - begin > most_ns) return;
    // Of the first phase only: those behind it rely on all of it.
    Job job = job_of(*this, i);
    if (steps[i].units[0] > 0) run_units(&job, 0, 0, 1);
  }
}

// Whether a loop runs its steps (once more).
bool hone_context::turn_loop(uint32_t index, bool again) {
  BoundStep& step = steps[index];
  step.turn = again ? step.turn + 1 : 0;
  std::memcpy(step.out[0], &step.turn, sizeof(step.turn));
  const void* condition = step.operands.empty() ? nullptr : step.in[0];
  return step.turn < step.trips &&
         (condition == nullptr || *static_cast<const uint8_t*>(condition) != 0);
}

Status hone_context::run_steps() {
  const uint32_t end = engine->step_count;
  uint32_t last = 0;  // the step before this one
  for (uint32_t i = 0; i < end;) {
    const BoundStep& step = steps[i];
    const bool back = last > i;
    last = i;
    switch (step.kind) {
      case StepKind::kernel: {
        const uint64_t begin = timing ? platform::monotonic_ns() : 0;
        run_kernel(i);
        if (timing) {
          const uint64_t end_ns = platform::monotonic_ns();
          times[i] += end_ns - begin;
          if (trace != nullptr) trace->add(trace->threads, {begin, end_ns, i, -1});
        }
        i = step.flow.next;
        break;
      }
      case StepKind::branch: {
        const bool yes = *static_cast<const uint8_t*>(step.in[0]) != 0;
        i = yes ? step.flow.then_step : step.flow.else_step;
        break;
      }
      case StepKind::loop:  // control comes back to it from its own steps only
        i = turn_loop(i, back) ? step.flow.then_step : step.flow.else_step;
        break;
      case StepKind::measure:
        HONE_RETURN_IF_ERROR(measure(i));
        i = step.flow.next;
        break;
      default: return trap(*this, i);
    }
  }
  return {};
}

Status hone_context::run() {
  if (!bound) return error(Code::wrong_state, "bind the context before it runs");
  if (buffers_changed) HONE_RETURN_IF_ERROR(apply_buffers());
  if (timing) std::memset(times, 0, sizeof(*times) * engine->step_count);
  const platform::DefaultFloatMode mode;
  if (any_strided) copy_in();
  HONE_RETURN_IF_ERROR(run_steps());
  if (any_strided) copy_out();
  const auto* states = meta().states();
  for (uint32_t i = 0; states != nullptr && i < states->size(); ++i) {
    const IoSlot& to = inputs[states->Get(i)->input()];
    const IoSlot& from = outputs[states->Get(i)->output()];
    if (to.bytes > 0) std::memmove(to.dense, from.dense, static_cast<size_t>(to.bytes));
  }
  return {};
}
