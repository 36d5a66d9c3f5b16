// Does memory grow while runs go on? A leak shows as a slope long before it shows as a crash.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

namespace hone::ship {

// Resident bytes of this process now, as the kernel accounts them; nullopt without /proc.
std::optional<int64_t> rss_bytes();

class RssSlope {
 public:
  // At most so many readings are kept; when there are more, every second is dropped and they come
  // at twice the distance.
  static constexpr size_t most = 256;

  explicit RssSlope(std::function<std::optional<int64_t>()> read = rss_bytes);
  // Between samples: reads where `period_ns` (50 ms, doubled with each thinning) has passed.
  void tick(int64_t runs, int64_t now_ns);
  // KB per 1,000 runs by Theil-Sen; "unavailable: why" below ten readings or without /proc.
  nlohmann::json slope() const;
  nlohmann::json timeline() const;  // [{t_s, rss_bytes}], at most 120

 private:
  std::function<std::optional<int64_t>()> read_;
  int64_t period_ns_ = 50'000'000, due_ns_ = 0, start_ns_ = 0;
  bool started_ = false, failed_ = false;
  std::vector<double> runs_, kb_, t_s_;
};

}  // namespace hone::ship
