#include "cli/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/base/checked.h"
#include "common/base/nearest.h"

namespace hone::cli {

namespace {

// The whole text as a T between the bounds; NaN is between none.
template <class T>
bool is_between(const std::string& text, T least, T most) {
  T value{};
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && stop == text.data() + text.size() && value >= least &&
         value <= most;
}

template <class T>
CLI::Validator between(const char* kind, T least, T most) {
  return CLI::Validator(
      [=](std::string& text) {
        if (is_between(text, least, most)) return std::string();
        return fmt::format("'{}' is not a {} from {} to {}", text, kind, least, most);
      },
      "");
}

}  // namespace

CLI::Validator whole(int64_t least, int64_t most) { return between("whole number", least, most); }
CLI::Validator number(double least, double most) { return between("number", least, most); }

CLI::Validator size_in_bytes() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        constexpr std::pair<const char*, int64_t> units[] = {{"", 1},
                                                             {"B", 1},
                                                             {"kB", 1000},
                                                             {"MB", 1000'000},
                                                             {"GB", 1000'000'000},
                                                             {"KiB", 1 << 10},
                                                             {"MiB", 1 << 20},
                                                             {"GiB", 1 << 30}};
        const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
        int64_t count = 0, bytes = 0;
        const auto read = std::from_chars(text.data(), text.data() + digits, count);
        for (const auto& [unit, size] : units) {
          if (text.substr(digits) != unit || digits == 0 || read.ec != std::errc()) continue;
          if (mul_overflows(count, size, &bytes)) continue;
          text = std::to_string(bytes);
          return "";
        }
        return fmt::format("'{}' is not a size like 512KiB, 64MiB or 1GiB", text);
      },
      "");
}

CLI::Validator one_of(std::vector<std::string> words) {
  return CLI::Validator(
      [words = std::move(words)](std::string& text) {
        if (std::find(words.begin(), words.end(), text) != words.end()) return std::string();
        std::string near = nearest(text, words);
        return fmt::format("'{}' is not one of {}{}", text, fmt::join(words, ", "),
                           near.empty() ? "" : "; did you mean '" + near + "'?");
      },
      "");
}

}  // namespace hone::cli
