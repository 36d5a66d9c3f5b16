#include "host/tasks/evaluator.h"

#include <fmt/format.h>

namespace hone::tasks {

#define HONE_TASK(name) extern const Task name##_task;
#include "host/tasks/tasks.inc"
#undef HONE_TASK

namespace {

constexpr const Task* tasks[] = {
#define HONE_TASK(name) &name##_task,
#include "host/tasks/tasks.inc"
#undef HONE_TASK
};

}  // namespace

std::span<const Task* const> all_tasks() { return tasks; }

Result<std::unique_ptr<Evaluator>> make_evaluator(const TaskSpec& spec) {
  for (const Task* t : tasks) {
    if (t->name == spec.task) return t->make(spec);
  }
  return invalid(fmt::format("no task '{}'", spec.task));
}

}  // namespace hone::tasks
