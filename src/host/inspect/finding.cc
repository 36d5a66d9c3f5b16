#include "host/inspect/finding.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace hone::inspect {

std::vector<Finding> find_all(const Subject& subject) {
  static constexpr std::pair<const char*, Find> table[] = {
#define HONE_FINDING(name) {#name, find_##name},
#include "host/inspect/findings.inc"
#undef HONE_FINDING
  };
  std::vector<Finding> all;
  for (const auto& [name, find] : table) {
    for (Finding& f : find(subject)) {
      f.name = name;
      all.push_back(std::move(f));
    }
  }
  return all;
}

std::string list_of(const std::vector<std::string>& names, std::vector<std::string>* shown) {
  constexpr size_t most = 3;
  const size_t n = std::min(names.size(), most);
  shown->assign(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(n));
  std::string text = fmt::format("'{}'", fmt::join(*shown, "', '"));
  if (names.size() > n) text += fmt::format(" and {} more", names.size() - n);
  return text;
}

}  // namespace hone::inspect
