// A pool of threads for one run at a time: fixed size, fixed partition of work, no allocation and
// no lock after it was made.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/base/device_status.h"

namespace hone::platform {

constexpr int max_threads = 256;

struct PoolSettings {
  int spin_us = 50;           // how long a thread without work spins before it sleeps
  std::span<const int> cpus;  // thread t, from 1, runs on cpus[t % size]; empty: anywhere
  int priority = 0;           // of the workers; see Scheduling
};

// First unit of thread `t` of `threads`: floor(units t / threads), without the product.
constexpr int64_t partition(int64_t units, int t, int threads) {
  return units / threads * t + units % threads * t / threads;
}

class ThreadPool {
 public:
  // Does units [begin, end) as thread `thread`.
  using Fn = void (*)(void* ctx, int thread, int64_t begin, int64_t end);

  // Memory that create() needs for that many threads, 64-byte aligned.
  static size_t bytes(int threads);

  // Starts threads - 1 workers; the caller of parallel_for is thread 0, and stays as it is. Errors:
  // out_of_memory where the system starts no thread, set_scheduling()'s; those already started have
  // ended then.
  static device::Result<ThreadPool*> create(void* memory, int threads,
                                            const PoolSettings& settings);

  // Ends the workers. The memory is the caller's again.
  void destroy();

  int threads() const { return threads_; }

  // Thread t does units [partition(t), partition(t + 1)); returns when all are done. Not reentrant;
  // where another thread is inside it, all units are done by the calling thread alone.
  void parallel_for(int64_t units, Fn fn, void* ctx);

 private:
  struct Worker {
    ThreadPool* pool;
    int index;
    pthread_t thread;
  };

  ThreadPool(int threads, int spin_us);
  static void* worker_main(void* worker);
  void work(int index);
  void run_part(int index) const;
  void join(int started);
  // The value of *word once it is no longer `old`: spins, then sleeps with *sleepers raised.
  uint32_t wait_for_change(std::atomic<uint32_t>* word, uint32_t old,
                           std::atomic<uint32_t>* sleepers) const;
  Worker* workers();

  alignas(64) std::atomic<uint32_t> round_{0};  // raised for every job
  std::atomic<uint32_t> sleepers_{0};
  alignas(64) std::atomic<uint32_t> pending_{0};  // workers not yet done with the job
  std::atomic<uint32_t> caller_sleeps_{0};
  alignas(64) Fn fn_ = nullptr;
  void* ctx_ = nullptr;
  int64_t units_ = 0;
  int threads_ = 1;
  uint64_t spin_ns_ = 0;
  std::atomic<bool> busy_{false};
  bool stop_ = false;
};

}  // namespace hone::platform
