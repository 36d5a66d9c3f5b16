#include "device/kernels/timed.h"

#include <algorithm>
#include <cstring>

#include "device/platform/clock.h"
#include "device/platform/threads.h"

namespace hone::kernels {

namespace {

double winsorised_mean(std::span<double> ns) {
  std::sort(ns.begin(), ns.end());
  const size_t cut = ns.size() * 3 / 4;
  double sum = 0;
  for (size_t i = 0; i < ns.size(); ++i) sum += i < cut ? ns[i] : ns[cut == 0 ? 0 : cut - 1];
  return sum / static_cast<double>(ns.size());
}

// Calls part(number, phase, begin, end) for each thread's part of each phase; returns how many.
template <class Part>
size_t for_each_part(const TimedStep& s, int threads, Part part) {
  size_t number = 0;
  for (int phase = 0; phase < s.phases; ++phase) {
    for (int t = 0; t < threads; ++t) {
      const int64_t begin = platform::partition(s.units[phase], t, threads);
      const int64_t end = platform::partition(s.units[phase], t + 1, threads);
      if (begin < end) part(number++, phase, begin, end);
    }
  }
  return number;
}

size_t count_parts(const TimedStep& s, int threads) {
  return for_each_part(s, threads, [](size_t, int, int64_t, int64_t) {});
}

double ns_since(uint64_t start) { return static_cast<double>(platform::monotonic_ns() - start); }

double run_part(const TimedStep& s, int phase, int64_t begin, int64_t end) {
  RunArgs args = s.args;
  args.phase = phase;
  args.begin = begin;
  args.end = end;
  const uint64_t from = platform::monotonic_ns();
  s.run(args);
  return ns_since(from);
}

// Reads a line of cache at a time.
void evict(std::span<const std::byte> bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i + 8 <= bytes.size(); i += 64) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, sizeof(word));
    sum += word;
  }
  volatile uint64_t sink = sum;
  static_cast<void>(sink);
}

// Of all parts after `runs` runs; their times are sorted.
double estimate(const TimedStep& s, int threads, size_t most, size_t runs,
                std::span<double> samples) {
  double slowest[max_phases] = {}, sum = 0;
  for_each_part(s, threads, [&](size_t number, int phase, int64_t, int64_t) {
    const double mean = winsorised_mean(samples.subspan(number * most, runs));
    if (mean > slowest[phase]) slowest[phase] = mean;
  });
  for (double phase : slowest) sum += phase;
  return sum;
}

}  // namespace

size_t timing_samples(const TimedStep& s, int threads, const TimingOptions& o) {
  return count_parts(s, threads) * static_cast<size_t>(o.max_runs);
}

double time_step(const TimedStep& s, int threads, const TimingOptions& o, double fastest_ns,
                 std::span<const std::byte> evicted, std::span<double> samples) {
  const auto most = static_cast<size_t>(o.max_runs);
  const auto run = [&](size_t runs) {
    for_each_part(s, threads, [&](size_t number, int phase, int64_t begin, int64_t end) {
      samples[number * most + runs] = run_part(s, phase, begin, end);
    });
  };
  uint64_t start = platform::monotonic_ns();
  run(0);  // page faults, instruction cache
  const double first = ns_since(start) / threads;
  const double hopeless = std::max(o.hopeless * fastest_ns, o.hopeless_ms * 1e6);
  start = platform::monotonic_ns();
  size_t runs = 0;
  while (runs < most) {
    if (runs >= static_cast<size_t>(o.min_runs) && ns_since(start) >= o.budget_ms * 1e6) break;
    evict(evicted);
    run(runs++);
    // Page faults slow the first run, an interrupt may the second; nothing of that length both.
    if (runs > 1 || fastest_ns <= 0) continue;
    if (std::min(first, estimate(s, threads, most, runs, samples)) > hopeless) break;
  }
  return estimate(s, threads, most, runs, samples);
}

int64_t cold_bytes(int64_t l2_bytes) {
  return std::clamp<int64_t>(l2_bytes * 5 / 4, 64 << 10, 8 << 20);
}

void fill_example(void* data, DType dtype, int64_t count) {
  if (dtype != DType::f32) {
    std::memset(data, 0, static_cast<size_t>(byte_size(dtype, count)));
    return;
  }
  auto* f = static_cast<float*>(data);
  uint32_t state = 12345;
  for (int64_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    f[i] = static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f;
  }
}

}  // namespace hone::kernels
