#include "ship/gate/machine.h"

#include <fmt/format.h>

#include <set>
#include <vector>

namespace hone::ship {

namespace {

std::set<std::string> words(const std::string& text) {
  std::set<std::string> all;
  std::string word;
  for (char c : text + " ") {
    if (c != ' ' && c != ',') {
      word += c;
    } else if (!word.empty()) {
      all.insert(std::move(word));
      word.clear();
    }
  }
  return all;
}

}  // namespace

std::string machine_difference(const Machine& wanted, const Machine& measured) {
  std::vector<std::string> parts;
  const auto text = [&](const char* what, const std::string& want, const std::string& got,
                        bool same) {
    if (same && !want.empty()) return;
    parts.push_back(got.empty() ? fmt::format("{} not told", what)
                                : fmt::format("{} '{}', not '{}'", what, got, want));
  };
  text("cpu", wanted.cpu, measured.cpu, wanted.cpu == measured.cpu);
  text("arch", wanted.arch, measured.arch, wanted.arch == measured.arch);
  text("isa", wanted.isa, measured.isa, words(wanted.isa) == words(measured.isa));
  if (wanted.cores != measured.cores || wanted.cores <= 0) {
    parts.push_back(fmt::format("{} cores, not {}", measured.cores, wanted.cores));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace hone::ship
