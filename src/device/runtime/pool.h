// hone_pool: our threads or the caller's.
#pragma once

#include <atomic>

#include "device/platform/threads.h"
#include "device/runtime/memory.h"

struct hone_pool {
  using Fn = hone::platform::ThreadPool::Fn;

  hone::runtime::Allocator allocator;
  hone::runtime::Block self;
  std::atomic<int32_t> users{1};
  int32_t threads = 1;
  hone::platform::ThreadPool* own = nullptr;  // or:
  void (*run_tasks)(void*, int32_t, void (*)(void*, int32_t), void*) = nullptr;
  void* run_tasks_user = nullptr;

  // As ThreadPool::parallel_for.
  void parallel_for(int64_t units, Fn fn, void* ctx);
};

namespace hone::runtime {

device::Result<hone_pool*> create_pool(const hone_pool_options& options);
void retain(hone_pool* pool);
void release(hone_pool* pool);

}  // namespace hone::runtime
