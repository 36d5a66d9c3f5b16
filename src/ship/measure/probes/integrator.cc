#include "ship/measure/probes/integrator.h"

#include <fmt/format.h>

#include <chrono>

namespace hone::ship {

PowerIntegrator::PowerIntegrator(ReadWatts read, std::function<double()> now, bool thread)
    : read_(std::move(read)), now_(std::move(now)) {
  last_s_ = now_();
  step();
  if (thread) thread_ = std::thread([this] { loop(); });
}

PowerIntegrator::~PowerIntegrator() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stop_signal_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PowerIntegrator::loop() {
  std::unique_lock lock(mutex_);
  auto stopped = [this] { return stop_; };
  while (!stop_signal_.wait_for(lock, std::chrono::duration<double>(period_s), stopped)) step();
}

void PowerIntegrator::step() {
  if (!failed_.ok()) return;
  auto watts = read_();
  double now = now_();
  double gap = now - last_s_;
  if (!watts.ok()) last_error_ = watts.status();
  if (gap > max_gap_s) {
    std::string why = last_error_.ok() ? "nothing asked for one" : last_error_.text();
    failed_ = error(Code::io_error, fmt::format("no power reading for {:.1f} s: {}", gap, why));
    return;
  }
  if (!watts.ok()) return;
  last_error_ = {};
  if (joules_.empty()) joules_.assign(watts->size(), 0);
  if (watts->size() != joules_.size()) {
    failed_ = internal("the number of power readings changed");
    return;
  }
  for (size_t i = 0; i < watts_.size(); ++i) joules_[i] += (watts_[i] + (*watts)[i]) / 2 * gap;
  watts_ = std::move(*watts);
  last_s_ = now;
}

Result<std::vector<double>> PowerIntegrator::joules() {
  std::lock_guard lock(mutex_);
  step();
  if (!failed_.ok()) return failed_;
  if (!last_error_.ok()) return last_error_;
  return joules_;
}

}  // namespace hone::ship
