#include "device/platform/scheduling.h"

#if defined(__linux__)
#include <sched.h>
#endif

namespace hone::platform {

#if defined(__linux__)

namespace {

device::Status set_cpu(pthread_t thread, int cpu) {
  const auto wrong = [cpu] {
    return device::error(Code::invalid_argument,
                         FixedText("a thread cannot run on CPU ")
                             << cpu << ": there is none, or this process may not use it");
  };
  if (cpu >= CPU_SETSIZE) return wrong();
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return pthread_setaffinity_np(thread, sizeof(set), &set) == 0 ? device::Status() : wrong();
}

device::Status set_priority(pthread_t thread, int priority) {
  sched_param p = {};
  p.sched_priority = priority;
  if (pthread_setschedparam(thread, SCHED_FIFO, &p) == 0) return {};
  return device::error(Code::unsupported, FixedText("the system refuses real-time priority ")
                                              << priority
                                              << ": it is for CAP_SYS_NICE, or within ulimit -r");
}

}  // namespace

device::Status set_scheduling(pthread_t thread, const Scheduling& wanted) {
  if (wanted.cpu >= 0) HONE_RETURN_IF_ERROR(set_cpu(thread, wanted.cpu));
  if (wanted.priority > 0) HONE_RETURN_IF_ERROR(set_priority(thread, wanted.priority));
  return {};
}

#else

device::Status set_scheduling(pthread_t, const Scheduling& wanted) {
  if (wanted.cpu < 0 && wanted.priority == 0) return {};
  return device::error(Code::unsupported, "this system has no CPUs or priorities for threads");
}

#endif

}  // namespace hone::platform
