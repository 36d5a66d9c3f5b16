#include "device/platform/threads.h"

#include <new>

#include "device/platform/clock.h"
#include "device/platform/float_mode.h"
#include "device/platform/park.h"
#include "device/platform/scheduling.h"

namespace hone::platform {

ThreadPool::ThreadPool(int threads, int spin_us)
    : threads_(threads), spin_ns_(static_cast<uint64_t>(spin_us) * 1000) {}

ThreadPool::Worker* ThreadPool::workers() { return reinterpret_cast<Worker*>(this + 1); }

size_t ThreadPool::bytes(int threads) {
  return sizeof(ThreadPool) + sizeof(Worker) * static_cast<size_t>(threads - 1);
}

device::Result<ThreadPool*> ThreadPool::create(void* memory, int threads, const PoolSettings& s) {
  assert(threads >= 1 && threads <= max_threads);
  auto* pool = ::new (memory) ThreadPool(threads, s.spin_us);
  for (int i = 0; i < threads - 1; ++i) {
    Worker* w = ::new (static_cast<void*>(pool->workers() + i)) Worker{pool, i + 1, {}};
    if (pthread_create(&w->thread, nullptr, worker_main, w) != 0) {
      pool->join(i);
      return device::error(Code::out_of_memory, FixedText("cannot start thread ")
                                                    << i + 2 << " of " << threads);
    }
    const auto t = static_cast<size_t>(w->index);
    const int cpu = s.cpus.empty() ? -1 : s.cpus[t % s.cpus.size()];
    const device::Status set = set_scheduling(w->thread, {cpu, s.priority});
    if (set.ok()) continue;
    pool->join(i + 1);
    return set;
  }
  return pool;
}

void ThreadPool::join(int started) {
  stop_ = true;
  round_.fetch_add(1, std::memory_order_seq_cst);
  wake(&round_);
  for (int i = 0; i < started; ++i) pthread_join(workers()[i].thread, nullptr);
}

void ThreadPool::destroy() { join(threads_ - 1); }

void* ThreadPool::worker_main(void* worker) {
  auto* w = static_cast<Worker*>(worker);
  set_float_mode(default_float_mode);
  w->pool->work(w->index);
  return nullptr;
}

uint32_t ThreadPool::wait_for_change(std::atomic<uint32_t>* word, uint32_t old,
                                     std::atomic<uint32_t>* sleepers) const {
  uint32_t now = word->load(std::memory_order_acquire);
  if (now != old) return now;
  const uint64_t begin = monotonic_ns();
  while (monotonic_ns() - begin < spin_ns_) {
    for (int i = 0; i < 32; ++i) {
      now = word->load(std::memory_order_acquire);
      if (now != old) return now;
      spin_pause();
    }
  }
  // Whoever changes the word looks for sleepers after it; both orders are total, so either it sees
  // this one, or park() sees the change.
  sleepers->fetch_add(1, std::memory_order_seq_cst);
  while ((now = word->load(std::memory_order_seq_cst)) == old) park(word, old);
  sleepers->fetch_sub(1, std::memory_order_seq_cst);
  return now;
}

void ThreadPool::run_part(int index) const {
  const int64_t begin = partition(units_, index, threads_);
  const int64_t end = partition(units_, index + 1, threads_);
  if (begin < end) fn_(ctx_, index, begin, end);
}

void ThreadPool::work(int index) {
  for (uint32_t seen = 0;;) {
    seen = wait_for_change(&round_, seen, &sleepers_);
    if (stop_) return;
    run_part(index);
    if (pending_.fetch_sub(1, std::memory_order_seq_cst) == 1 &&
        caller_sleeps_.load(std::memory_order_seq_cst) != 0) {
      wake(&pending_);
    }
  }
}

void ThreadPool::parallel_for(int64_t units, Fn fn, void* ctx) {
  if (units <= 0) return;
  if (units == 1 || threads_ == 1 || busy_.exchange(true, std::memory_order_acquire)) {
    fn(ctx, 0, 0, units);
    return;
  }
  fn_ = fn;
  ctx_ = ctx;
  units_ = units;
  pending_.store(static_cast<uint32_t>(threads_ - 1), std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) != 0) wake(&round_);
  run_part(0);
  for (uint32_t left; (left = pending_.load(std::memory_order_acquire)) != 0;) {
    wait_for_change(&pending_, left, &caller_sleeps_);
  }
  busy_.store(false, std::memory_order_release);
}

}  // namespace hone::platform
