#include "host/plan/plan.h"

namespace hone::plan {

const DataSize* Plan::find_data(const std::string& symbol) const {
  for (const auto& [name, size] : data) {
    if (name == symbol) return &size;
  }
  return nullptr;
}

const std::map<std::string, int64_t>& Plan::example() const {
  static const std::map<std::string, int64_t> none;
  return profiles.empty() ? none : profiles.front().example;
}

std::map<std::string, int64_t> with_bounds(const Plan& plan, std::map<std::string, int64_t> sizes) {
  for (const auto& [symbol, size] : plan.data) {
    if (sizes.contains(symbol)) continue;
    auto known = plan.example().find(symbol);
    int64_t value = known != plan.example().end() ? known->second : 1;
    if (size.bound) value = size.bound->evaluate(sizes).value_or(value);
    sizes[symbol] = value;
  }
  return sizes;
}

}  // namespace hone::plan
