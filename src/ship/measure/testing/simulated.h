// A clock that only moves when told to, and a workload that takes the time it is told.
#pragma once

#include <functional>
#include <vector>

#include "ship/measure/time_source.h"
#include "ship/measure/workload.h"

namespace hone::ship::testing {

constexpr int64_t us = 1000, ms = 1'000'000, second = 1'000'000'000;

class SimulatedTime : public TimeSource {
 public:
  int64_t now_ns() override { return now; }
  void sleep_until_ns(int64_t moment) override {
    if (moment > now) now = moment + late;
  }
  int64_t now = 5 * second;  // somewhere, as CLOCK_MONOTONIC is
  int64_t late = 0;          // how late a sleep ends
};

// Frame i takes service(i), a quarter of it before and an eighth after inference where staged.
class SimulatedWork : public Workload {
 public:
  SimulatedWork(SimulatedTime& time, std::function<int64_t(int64_t)> service, bool staged = false)
      : time_(time), service_(std::move(service)), staged_(staged) {}

  bool staged() const override { return staged_; }
  Status prepare(int64_t frame) override {
    frame_ = frame;
    time_.now += prepare_ns;
    return {};
  }
  Result<FrameTimes> run(TimeSource& time) override {
    if (runs == fail_at) return Status(Code::io_error, "planted");
    ran.push_back(frame_);
    const int64_t all = service_(runs++), before = staged_ ? all / 4 : 0;
    const int64_t after = staged_ ? all / 8 : 0;
    FrameTimes t;
    t.begin = time.now_ns();
    time_.now += before;
    t.preprocessed = time.now_ns();
    time_.now += all - before - after;
    t.inferred = time.now_ns();
    time_.now += after;
    t.end = time.now_ns();
    return t;
  }

  int64_t prepare_ns = 0, runs = 0, fail_at = -1;
  std::vector<int64_t> ran;  // numbers of the frames that were run

 private:
  SimulatedTime& time_;
  std::function<int64_t(int64_t)> service_;
  bool staged_;
  int64_t frame_ = -1;
};

}  // namespace hone::ship::testing
