#include "host/plan/timing_cache.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "host/model/files.h"

namespace hone::plan {

namespace {
constexpr int schema = 1;
}

Result<TimingCache> TimingCache::parse(std::string_view text) {
  nlohmann::json j = nlohmann::json::parse(text, nullptr, false);
  if (!j.is_object() || j.value("schema", 0) != schema || !j.contains("ns") ||
      !j["ns"].is_object()) {
    return corrupt("not a timing cache of schema 1");
  }
  TimingCache cache;
  for (const auto& [key, value] : j["ns"].items()) {
    if (!value.is_number() || !(value.get<double>() > 0)) {
      return corrupt("timing cache: '" + key + "' is not a positive number of nanoseconds");
    }
    cache.ns_[key] = value.get<double>();
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

std::string TimingCache::to_json() const {
  nlohmann::json j = {{"schema", schema}, {"ns", nlohmann::json::object()}};
  for (const auto& [key, value] : ns_) j["ns"][key] = value;
  return j.dump(1) + "\n";
}

std::optional<double> TimingCache::find(const std::string& key) const {
  auto it = ns_.find(key);
  if (it == ns_.end()) return std::nullopt;
  return it->second;
}

void TimingCache::add(const std::string& key, double ns) {
  // Whole nanoseconds: what is written is what was decided with, to the bit.
  ns_[key] = std::max(1.0, std::round(ns));
  changed_ = true;
}

}  // namespace hone::plan
