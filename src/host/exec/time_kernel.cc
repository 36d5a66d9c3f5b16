#include "host/exec/time_kernel.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>

#include "device/platform/threads.h"
#include "host/exec/bound_step.h"
#include "host/plan/tactics.h"

namespace hone::exec {

namespace {

using Clock = std::chrono::steady_clock;

double ns_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

// Reads through a buffer so that what the caches held before is gone.
class Evictor {
 public:
  explicit Evictor(int64_t bytes) : buffer_(bytes) {}
  void operator()() {
    const auto* p = reinterpret_cast<const volatile uint64_t*>(buffer_.data());
    uint64_t sum = 0;
    for (int64_t i = 0; i < buffer_.bytes() / 8; i += 8) sum += p[i];
    sink_ = sum;
  }

 private:
  Buffer buffer_;
  volatile uint64_t sink_ = 0;
};

// Small values of both signs: no denormals, no overflow, branches of activations all taken.
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

double winsorised_mean(std::vector<double> ns) {
  std::sort(ns.begin(), ns.end());
  size_t cut = ns.size() * 3 / 4;
  for (size_t i = cut; i < ns.size(); ++i) ns[i] = ns[cut == 0 ? 0 : cut - 1];
  return std::accumulate(ns.begin(), ns.end(), 0.0) / static_cast<double>(ns.size());
}

Result<Buffer> buffer_for(const kernels::Operand& o, bool fill) {
  int64_t elements = 0;
  if (!kernels::extent(o, &elements)) return invalid("an operand's extent does not fit");
  Buffer b(byte_size(o.dtype, elements));
  if (fill) fill_example(b.data(), o.dtype, elements);
  return b;
}

// Times of one step where `threads` share the work: each thread's part of each phase is run on this
// thread and timed by itself, the slowest part of a phase counts. Real threads would be timed with
// whatever else the machine is doing.
class PartTimes {
 public:
  PartTimes(const BoundStep& bound, int threads) : bound_(bound) {
    for (int phase = 0; phase < bound.work().phases; ++phase) {
      const int64_t units = bound.work().units[phase];
      for (int t = 0; t < threads; ++t) {
        const int64_t begin = platform::partition(units, t, threads);
        const int64_t end = platform::partition(units, t + 1, threads);
        if (begin < end) parts_.push_back({phase, begin, end, {}});
      }
    }
  }

  void run(const void* const* in, void* const* out) {
    for (Part& p : parts_) {
      Clock::time_point start = Clock::now();
      bound_.run_units(in, out, p.phase, p.begin, p.end);
      p.ns.push_back(ns_since(start));
    }
  }

  double estimate() const {
    double slowest[kernels::max_phases] = {};
    for (const Part& p : parts_) {
      slowest[p.phase] = std::max(slowest[p.phase], winsorised_mean(p.ns));
    }
    return std::accumulate(std::begin(slowest), std::end(slowest), 0.0);
  }

 private:
  struct Part {
    int phase;
    int64_t begin, end;
    std::vector<double> ns;
  };
  const BoundStep& bound_;
  std::vector<Part> parts_;
};

Result<double> time_one(const plan::Candidate& c, int threads, const TimingOptions& options,
                        Evictor& evict) {
  const kernels::Kernel& k = *c.kernel;
  plan::ConcreteStep raw;
  raw.in.assign(c.step.in.begin(), c.step.in.end());
  raw.out.assign(c.step.out.begin(), c.step.out.end());
  raw.attrs.assign(c.step.attrs.begin(), c.step.attrs.end());
  raw.dims.assign(c.step.dims.begin(), c.step.dims.end());
  plan::ConcreteStep packed = plan::as_packed(k, raw);
  HONE_ASSIGN(BoundStep bound, BoundStep::bind(k, packed.view()));

  std::vector<Buffer> keep;
  std::vector<const void*> in;
  std::vector<void*> out;
  for (size_t i = 0; i < packed.in.size(); ++i) {
    const void* p = nullptr;
    if (packed.in[i].present()) {
      bool was_packed = raw.in[i].constant && packed.in[i].dtype == DType::u8 &&
                        k.packed_bytes != nullptr &&
                        k.packed_bytes(raw.view(), static_cast<int>(i)) > 0;
      HONE_ASSIGN(Buffer b, buffer_for(packed.in[i], !raw.in[i].constant));
      if (was_packed) {
        k.pack(raw.view(), c.raw.data(), static_cast<int>(i), b.data());
      } else if (raw.in[i].constant && c.raw[i] != nullptr) {
        std::memcpy(b.data(), c.raw[i], static_cast<size_t>(b.bytes()));
      }
      keep.push_back(std::move(b));
      p = keep.back().data();
    }
    in.push_back(p);
  }
  for (const kernels::Operand& o : packed.out) {
    if (o.present()) {
      HONE_ASSIGN(Buffer b, buffer_for(o, false));
      keep.push_back(std::move(b));
    }
    out.push_back(o.present() ? keep.back().data() : nullptr);
  }

  Clock::time_point start = Clock::now();
  bound.run(in.data(), out.data());  // page faults, instruction cache
  const double first = ns_since(start) / threads;
  const double hopeless = std::max(options.hopeless * c.fastest_ns, options.hopeless_ms * 1e6);
  PartTimes times(bound, threads);
  start = Clock::now();
  for (int runs = 0; runs < options.max_runs; ++runs) {
    if (runs >= options.min_runs && ns_since(start) >= options.budget_ms * 1e6) break;
    evict();
    times.run(in.data(), out.data());
    // Page faults slow the first run, an interrupt may the second; nothing of that length both.
    if (runs == 0 && c.fastest_ns > 0 && std::min(first, times.estimate()) > hopeless) break;
  }
  return times.estimate();
}

}  // namespace

plan::TimeKernel make_timer(const Target& machine, const TimingOptions& options) {
  int64_t bytes = options.cold_bytes != 0 ? options.cold_bytes : machine.l2_bytes * 5 / 4;
  auto evict = std::make_shared<Evictor>(std::clamp<int64_t>(bytes, 64 << 10, 8 << 20));
  return [evict, options](const plan::Candidate& c, int threads) {
    return time_one(c, std::max(threads, 1), options, *evict);
  };
}

}  // namespace hone::exec
