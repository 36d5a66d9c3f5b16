#include "host/plan/tactic_rules.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "common/base/nearest.h"
#include "host/ops/plugin.h"

namespace hone::plan {

using kernels::Kernel;

namespace {

bool matches(const std::string& pattern, const Kernel& k) {
  return fnmatch(pattern.c_str(), k.name, 0) == 0;
}

// The first of `patterns` that matches; nullptr where none does.
const std::string* first_match(const std::vector<std::string>& patterns, const Kernel& k) {
  auto it = std::find_if(patterns.begin(), patterns.end(),
                         [&](const std::string& p) { return matches(p, k); });
  return it == patterns.end() ? nullptr : &*it;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (char c : text) {
    if (std::string_view("_*?[]!-,").find(c) == std::string_view::npos) {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

// Kernels whose names have most of the pattern's words, or words near them.
std::vector<std::string> near_kernels(const std::string& pattern) {
  const std::vector<std::string> wanted = words_of(pattern);
  std::map<int, std::vector<std::string>, std::greater<>> by_score;
  for (const Kernel* k : ops::known_kernels()) {
    const std::vector<std::string> words = words_of(k->name);
    int score = 0;
    for (const std::string& w : wanted) {
      if (std::string_view(k->name).find(w) != std::string_view::npos) {
        score += 2;
      } else if (!nearest(w, words).empty()) {
        ++score;
      }
    }
    if (score > 0) by_score[score].emplace_back(k->name);
  }
  if (by_score.empty()) return {};
  std::vector<std::string> best = by_score.begin()->second;
  if (best.size() > 3) best.resize(3);
  return best;
}

Status check_pattern(const std::string& text, const std::string& pattern) {
  for (const Kernel* k : ops::known_kernels()) {
    if (matches(pattern, *k)) return {};
  }
  const auto near = near_kernels(pattern);
  return invalid(fmt::format("--tactics {}: no kernel's name matches; {}", text,
                             near.empty() ? "hone kernels lists them"
                                          : fmt::format("near ones: {}", fmt::join(near, ", "))));
}

}  // namespace

std::string TacticRules::refusal(const Kernel& kernel) const {
  if (const std::string* pattern = first_match(deny, kernel)) {
    return fmt::format("--tactics deny={}", *pattern);
  }
  if (first_match(allow, kernel) != nullptr) return "";
  for (const std::string& pattern : allow) {
    for (const Kernel* k : ops::known_kernels()) {
      const bool same_family = std::string_view(k->family) == kernel.family;
      if (same_family && matches(pattern, *k)) return fmt::format("--tactics allow={}", pattern);
    }
  }
  return "";
}

Result<TacticRules> parse_tactic_rules(const std::vector<std::string>& texts) {
  TacticRules rules;
  for (const std::string& text : texts) {
    const size_t at = text.find('=');
    const std::string rule = text.substr(0, at);
    if (at == std::string::npos || at + 1 == text.size() || (rule != "allow" && rule != "deny")) {
      return invalid(fmt::format(
          "--tactics {}: is not allow=PATTERN or deny=PATTERN, as in deny=*winograd*", text));
    }
    const std::string pattern = text.substr(at + 1);
    HONE_RETURN_IF_ERROR(check_pattern(text, pattern));
    (rule == "allow" ? rules.allow : rules.deny).push_back(pattern);
  }
  return rules;
}

}  // namespace hone::plan
