#include "ship/profile/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "device/kernels/peak/peak.h"
#include "device/platform/clock.h"
#include "device/runtime/pool.h"
#include "hone/hone.hpp"
#include "host/exec/bound_step.h"

namespace hone::ship {

namespace {

constexpr int64_t read_step = 128 * sizeof(float);  // what PeakLoops::read takes multiples of

// What `threads` threads get done together, in units a second.
class Gauge {
 public:
  Gauge(hone_pool* pool, int threads, double seconds)
      : pool_(pool), threads_(threads), seconds_(seconds) {}

  // work(thread, rounds) returns the units it did. Rounds are doubled until a turn takes long
  // enough to be timed; of the turns that follow the best counts.
  template <class Work>
  double best_rate(Work work) {
    constexpr double least_ns = 1e6;
    int64_t rounds = 1;
    double best = 0, spent = 0;
    while (best == 0 || spent < seconds_ * 1e9) {
      const auto [units, ns] = turn(work, rounds);
      spent += ns;
      if (ns < least_ns) {
        rounds *= 2;
      } else {
        best = std::max(best, units / ns * 1e9);
      }
    }
    return best;
  }

 private:
  template <class Work>
  std::pair<double, double> turn(const Work& work, int64_t rounds) {
    struct Job {
      const Work* work;
      int64_t rounds;
      std::vector<double> done;
    } job{&work, rounds, std::vector<double>(static_cast<size_t>(threads_))};
    const auto part = [](void* ctx, int, int64_t begin, int64_t end) {
      auto* j = static_cast<Job*>(ctx);
      for (int64_t t = begin; t < end; ++t) {
        j->done[static_cast<size_t>(t)] = (*j->work)(static_cast<int>(t), j->rounds);
      }
    };
    const uint64_t begin = platform::monotonic_ns();
    if (pool_ == nullptr) {
      part(&job, 0, 0, 1);
    } else {
      pool_->parallel_for(threads_, part, &job);
    }
    const auto ns = static_cast<double>(platform::monotonic_ns() - begin);
    double units = 0;
    for (double d : job.done) units += d;
    return {units, std::max(ns, 1.0)};
  }

  hone_pool* pool_;
  int threads_;
  double seconds_;
};

int64_t rounded(int64_t bytes) { return bytes / read_step * read_step; }

// Half of each level, so that what else lives there does not matter; a level that the threads'
// share of does not exceed what lies nearer twice is left out, for it could not be told from that.
std::vector<MemoryLevel> levels_of(const Target& t, int threads) {
  std::vector<MemoryLevel> levels;
  int64_t nearer = 0;
  const auto add = [&](const char* name, int64_t bytes) {
    const int64_t read = rounded(bytes / 2 / threads) * threads;
    if (read <= 2 * nearer) return;
    levels.push_back({name, bytes, read, 0});
    nearer = bytes;
  };
  add("L1", t.l1d_bytes * threads);
  add("L2", t.l2_bytes * threads);
  add("L3", t.l3_bytes);
  // Beyond the last cache, but not a large part of a small machine's memory.
  int64_t far = std::clamp<int64_t>(2 * std::max(nearer, t.l3_bytes), 64 << 20, 256 << 20);
  if (t.memory_bytes > 0) far = std::min(far, t.memory_bytes / 8);
  levels.push_back({"memory", 0, std::max(rounded(far / threads), read_step) * threads, 0});
  return levels;
}

}  // namespace

namespace {

Result<MachinePeaks> measure(const Target& target, int threads, double seconds) {
  Pool pool;
  if (threads > 1) {
    Text why;
    if (auto code = pool.create(threads, &why); code != HONE_OK) {
      return Status(static_cast<Code>(code), why.c_str());
    }
  }
  MachinePeaks m;
  m.threads = threads;
  m.levels = levels_of(target, threads);
  const kernels::PeakLoops loops = kernels::peak_loops(target.isa);
  m.isa = name(loops.isa);
  Gauge gauge(threads > 1 ? pool.get() : nullptr, threads,
              seconds / static_cast<double>(2 + m.levels.size()));
  m.fma_gflops = gauge.best_rate([&](int, int64_t n) { return loops.fma(n * 1024); }) * 1e-9;
  m.int8_gops = gauge.best_rate([&](int, int64_t n) { return loops.dot(n * 1024); }) * 1e-9;

  const exec::Buffer buffer(m.levels.back().read);
  auto* floats = reinterpret_cast<float*>(buffer.data());
  // Written, or all its pages would be the one page of zeros.
  std::fill(floats, floats + buffer.bytes() / 4, 1.0f);
  for (MemoryLevel& level : m.levels) {
    const int64_t each = level.read / threads;
    const auto read = [&](int thread, int64_t rounds) {
      const float* p = floats + thread * (each / 4);
      float sum = 0;
      for (int64_t r = 0; r < rounds; ++r) sum += loops.read(p, each / 4);
      return sum > 0 ? static_cast<double>(each * rounds) : 0.0;  // the sum is wanted
    };
    level.gbps = gauge.best_rate(read) * 1e-9;
  }
  return m;
}

}  // namespace

Result<MachinePeaks> measure_machine(const Target& target, int threads, double seconds) {
  try {
    return measure(target, threads, seconds);
  } catch (const std::bad_alloc&) {
    return error(Code::out_of_memory, "no memory to measure this machine's bandwidth with");
  }
}

const MemoryLevel& level_of(const MachinePeaks& machine, double bytes) {
  for (const MemoryLevel& level : machine.levels) {
    if (level.bytes > 0 && bytes <= static_cast<double>(level.bytes)) return level;
  }
  return machine.levels.back();
}

nlohmann::json to_json(const MachinePeaks& m) {
  nlohmann::json levels = nlohmann::json::object();
  for (const MemoryLevel& l : m.levels) {
    levels[l.name] = {{"gbps", l.gbps}, {"read_bytes", l.read}};
    levels[l.name]["bytes"] = l.bytes > 0 ? nlohmann::json(l.bytes) : nlohmann::json();
  }
  return {{"fma_gflops", m.fma_gflops},
          {"int8_gops", m.int8_gops},
          {"bandwidth_gbps", m.levels.empty() ? 0 : m.levels.back().gbps},
          {"levels", std::move(levels)},
          {"isa", m.isa},
          {"threads", m.threads},
          {"how", fmt::format("{} multiply-adds in registers and reading in order, on {} thread{}, "
                              "best turn, in this run",
                              m.isa, m.threads, m.threads == 1 ? "" : "s")}};
}

}  // namespace hone::ship
