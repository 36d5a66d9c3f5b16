#include "ship/measure/rss_slope.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "ship/measure/drift.h"

namespace hone::ship {

std::optional<int64_t> rss_bytes() {
  const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  char text[128];
  const ssize_t n = read(fd, text, sizeof(text) - 1);
  close(fd);
  if (n <= 0) return std::nullopt;
  text[n] = 0;
  long size = 0, resident = 0;
  if (std::sscanf(text, "%ld %ld", &size, &resident) != 2) return std::nullopt;
  return static_cast<int64_t>(resident) * sysconf(_SC_PAGESIZE);
}

RssSlope::RssSlope(std::function<std::optional<int64_t>()> read) : read_(std::move(read)) {}

void RssSlope::tick(int64_t runs, int64_t now) {
  if (failed_ || (started_ && now < due_ns_)) return;
  if (!started_) start_ns_ = now;
  started_ = true;
  due_ns_ = now + period_ns_;
  const std::optional<int64_t> bytes = read_();
  if (!bytes) {
    failed_ = true;
    return;
  }
  runs_.push_back(static_cast<double>(runs));
  kb_.push_back(static_cast<double>(*bytes) * 1e-3);
  t_s_.push_back(static_cast<double>(now - start_ns_) * 1e-9);
  if (runs_.size() < most) return;
  for (auto* v : {&runs_, &kb_, &t_s_}) {
    for (size_t i = 0; i < most / 2; ++i) (*v)[i] = (*v)[2 * i];
    v->resize(most / 2);
  }
  period_ns_ *= 2;
}

nlohmann::json RssSlope::slope() const {
  if (failed_) return "unavailable: /proc/self/statm cannot be read";
  if (runs_.size() < 10) return "unavailable: the run is too short; give --duration 1 or more";
  return 1000 * theil_sen(runs_, kb_);
}

nlohmann::json RssSlope::timeline() const {
  nlohmann::json j = nlohmann::json::array();
  const size_t step = t_s_.size() / 120 + 1;
  for (size_t i = 0; i < t_s_.size(); i += step) {
    j.push_back({{"t_s", t_s_[i]}, {"rss_bytes", static_cast<int64_t>(kb_[i] * 1e3)}});
  }
  return j;
}

}  // namespace hone::ship
