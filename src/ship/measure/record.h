// Every frame of a measurement, in memory of a stated size.
#pragma once

#include <vector>

#include "ship/measure/workload.h"

namespace hone::ship {

// What the operating system did to the process during one frame; a set of bits.
enum Disturbance : uint8_t {
  page_fault = 1,
  major_fault = 2,  // read from a disk
  preempted = 4,    // another task was given the CPU
  harness = 8,      // the measuring program read the machine just before
  woken_late = 16,  // work could have begun when the frame was due, and began later
};

// Which durations are kept beside the latency.
enum class Parts : uint8_t { none, infer, all };

// Keeps every sample up to `capacity` (even). When that is reached, of each two successive ones a
// random one is dropped and from then on one of every two is kept (of four, eight ...): what is
// kept stays in order of time and is a random sample of every stretch, so that no regular pattern
// of frames is favoured. Count, least, greatest and sum are exact.
class Record {
 public:
  // 2 Mi samples: 36 MB, 84 MB with all parts. At 1 ms a frame that is 35 minutes of every frame.
  static constexpr int64_t default_capacity = int64_t{1} << 21;

  explicit Record(Parts parts = Parts::none, int64_t capacity = default_capacity);

  // Touches the memory of so many samples, so that keeping them neither faults nor looks like a
  // leak later.
  void expect(int64_t samples);
  void add(const Sample& s, uint8_t disturbance = 0);

  Parts parts() const { return parts_; }
  int64_t seen() const { return seen_; }
  int64_t kept() const { return static_cast<int64_t>(latency_.size()); }
  int64_t one_of() const { return int64_t{1} << halvings_; }  // 1: every sample is kept
  int64_t least() const { return least_; }
  int64_t greatest() const { return greatest_; }
  double mean() const { return seen_ > 0 ? sum_ / static_cast<double>(seen_) : 0; }

  // By kept sample, in order of time, ns.
  const std::vector<int64_t>& at() const { return at_; }
  const std::vector<int64_t>& latency() const { return latency_; }
  // Empty where these parts are not kept.
  const std::vector<int64_t>& preprocess() const { return preprocess_; }
  const std::vector<int64_t>& infer() const { return infer_; }
  const std::vector<int64_t>& postprocess() const { return postprocess_; }
  const std::vector<uint8_t>& disturbance() const { return disturbance_; }

 private:
  void halve();
  uint64_t random();

  // `fn` on every array that is in use.
  template <class Fn>
  void each(Fn fn);

  Parts parts_;
  int64_t capacity_;
  int halvings_ = 0;
  int64_t seen_ = 0, least_ = 0, greatest_ = 0;
  double sum_ = 0;
  int64_t chosen_ = 0;  // of the current block of one_of() samples, which is kept
  uint64_t state_ = 0x9e3779b97f4a7c15ull;
  std::vector<int64_t> at_, latency_, preprocess_, infer_, postprocess_;
  std::vector<uint8_t> disturbance_;
};

// In milliseconds.
std::vector<double> to_ms(const std::vector<int64_t>& ns);

}  // namespace hone::ship
