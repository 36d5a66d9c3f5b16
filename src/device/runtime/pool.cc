#include "device/runtime/pool.h"

#include <new>

#include "device/platform/float_mode.h"
#include "device/runtime/structs.h"

namespace {

struct Tasks {
  hone_pool::Fn fn;
  void* ctx;
  int64_t units;
  int32_t threads;
};

void run_task(void* arg, int32_t t) {
  const auto* tasks = static_cast<const Tasks*>(arg);
  if (t < 0 || t >= tasks->threads) return;
  const int64_t begin = hone::platform::partition(tasks->units, t, tasks->threads);
  const int64_t end = hone::platform::partition(tasks->units, t + 1, tasks->threads);
  const hone::platform::DefaultFloatMode mode;  // the threads are the caller's
  if (begin < end) tasks->fn(tasks->ctx, t, begin, end);
}

}  // namespace

void hone_pool::parallel_for(int64_t units, Fn fn, void* ctx) {
  if (own != nullptr) return own->parallel_for(units, fn, ctx);
  if (units <= 0) return;
  if (units == 1) return fn(ctx, 0, 0, 1);
  Tasks tasks{fn, ctx, units, threads};
  run_tasks(run_tasks_user, threads, run_task, &tasks);
}

namespace hone::runtime {
namespace {

device::Status check_scheduling(const hone_pool_options& o) {
  const auto wrong = [](const char* why) { return bad_struct("hone_pool_options", why); };
  if (o.cpu_count < 0 || (o.cpu_count > 0 && o.cpus == nullptr)) {
    return wrong(".cpus is no list of cpu_count");
  }
  for (int32_t i = 0; i < o.cpu_count; ++i) {
    if (o.cpus[i] < 0) return wrong(".cpus has a negative one");
  }
  if (o.priority < 0 || o.priority > 99) return wrong(".priority is not 0 to 99");
  if (o.run_tasks != nullptr && (o.cpu_count > 0 || o.priority > 0)) {
    return wrong(".cpus and .priority are for threads of the library, not for the caller's pool");
  }
  return {};
}

}  // namespace

device::Result<hone_pool*> create_pool(const hone_pool_options& o) {
  Allocator allocator;
  HONE_RETURN_IF_ERROR(read_allocator(o.allocator, &allocator));
  if (o.threads < 1 || o.threads > platform::max_threads) {
    return device::error(Code::invalid_argument, FixedText("a pool of ")
                                                     << o.threads << " threads; 1 to "
                                                     << platform::max_threads << " are possible");
  }
  HONE_RETURN_IF_ERROR(check_scheduling(o));
  Carver size(nullptr);
  size.take<hone_pool>(1);
  const bool own = o.run_tasks == nullptr;
  const size_t own_bytes = own ? platform::ThreadPool::bytes(o.threads) : 0;
  size.take<char>(own_bytes);
  HONE_ASSIGN(const Block block, allocator.alloc(size.bytes(), "a thread pool"));

  Carver carver(block.data);
  auto* pool = ::new (static_cast<void*>(carver.take<hone_pool>(1))) hone_pool;
  pool->allocator = allocator;
  pool->self = block;
  pool->threads = o.threads;
  pool->run_tasks = o.run_tasks;
  pool->run_tasks_user = o.run_tasks_user;
  if (own) {
    constexpr int default_spin_us = 50;
    platform::PoolSettings settings;
    settings.spin_us = o.spin_us == 0 ? default_spin_us : o.spin_us < 0 ? 0 : o.spin_us;
    settings.cpus = {o.cpus, static_cast<size_t>(o.cpu_count)};
    settings.priority = o.priority;
    auto started = platform::ThreadPool::create(carver.take<char>(own_bytes), o.threads, settings);
    if (!started.ok()) {
      allocator.free(block);
      return started.status();
    }
    pool->own = *started;
  }
  return pool;
}

void retain(hone_pool* pool) { pool->users.fetch_add(1, std::memory_order_relaxed); }

void release(hone_pool* pool) {
  if (pool->users.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (pool->own != nullptr) pool->own->destroy();
  const Allocator allocator = pool->allocator;
  allocator.free(pool->self);
}

}  // namespace hone::runtime
