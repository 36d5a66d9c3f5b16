#include "host/plan/timing_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "host/graph/quote.h"
#include "host/model/files.h"
#include "host/model/json_text.h"

namespace hone::plan {

namespace {
constexpr int schema = 1;
constexpr double max_ns = 1e15;  // eleven days
}  // namespace

Result<TimingCache> TimingCache::parse(std::string_view text) {
  const nlohmann::json j = nlohmann::json::parse(text, nullptr, false);
  if (!j.is_object() || !j.contains("schema") || j["schema"] != schema || !j.contains("ns") ||
      !j["ns"].is_object()) {
    return corrupt("not a timing cache of schema 1; delete it to time anew");
  }
  TimingCache cache;
  for (const auto& [key, value] : j["ns"].items()) {
    const double ns = value.is_number() ? value.get<double>() : 0;
    // As add() leaves them: what is read is what was decided with, to the bit.
    if (!(ns >= 1 && ns <= max_ns) || ns != std::round(ns)) {
      return corrupt(
          fmt::format("timing cache: {} is not a whole number of nanoseconds", graph::quoted(key)));
    }
    cache.ns_[key] = ns;
  }
  return cache;
}

Result<TimingCache> TimingCache::load(const std::string& path) {
  auto text = read_text(path, 256 << 20);
  if (text.code() == Code::not_found) return TimingCache();
  if (!text.ok()) return text.status();
  auto cache = parse(*text);
  if (!cache.ok()) return in(path, cache.status());
  return cache;
}

double TimingCache::whole_ns(double ns) {
  // min and max so that NaN, too, becomes a time.
  return std::round(std::min(max_ns, std::max(1.0, ns)));
}

std::string TimingCache::to_json() const {
  nlohmann::json j = {{"schema", schema}, {"ns", nlohmann::json::object()}};
  for (const auto& [key, value] : ns_) j["ns"][key] = static_cast<int64_t>(value);
  // A CPU's name need not be UTF-8; its entries are then timed anew next time.
  return json_text(j, 1) + "\n";
}

std::optional<double> TimingCache::find(const std::string& key) const {
  auto it = ns_.find(key);
  if (it == ns_.end()) return std::nullopt;
  return it->second;
}

void TimingCache::add_all(const TimingCache& other) {
  for (const auto& [key, ns] : other.ns_) add(key, ns);
}

void TimingCache::add(const std::string& key, double ns) {
  // Whole nanoseconds: what is written is what was decided with, to the bit.
  ns_[key] = whole_ns(ns);
  changed_ = true;
}

}  // namespace hone::plan
