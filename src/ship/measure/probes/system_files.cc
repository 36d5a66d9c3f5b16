#include "ship/measure/probes/system_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <tuple>

#include "host/model/files.h"

namespace hone::ship {

namespace fs = std::filesystem;

namespace {

constexpr int64_t max_bytes = 1 << 20;
constexpr size_t max_lines = 100'000, max_names = 4096, max_name = 120;
constexpr std::string_view blanks(" \t\r\n\0", 5);  // device trees end their texts with a 0

// "hwmon10" -> ("hwmon", 10, ""): names are ordered by their number, not by its digits.
std::tuple<std::string, int64_t, std::string> by_number(const std::string& name) {
  size_t digit = name.find_first_of("0123456789");
  if (digit == std::string::npos) return {name, -1, ""};
  int64_t n = 0;
  auto end = std::from_chars(name.data() + digit, name.data() + name.size(), n).ptr;
  return {name.substr(0, digit), n, std::string(end, name.data() + name.size())};
}

bool printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 127; });
}

}  // namespace

std::string_view without_blanks(std::string_view text) {
  size_t from = text.find_first_not_of(blanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(blanks) + 1 - from);
}

std::optional<int64_t> whole_number(std::string_view text, int base) {
  text = without_blanks(text);
  if (base == 16 && text.starts_with("0x")) text.remove_prefix(2);
  int64_t n = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return n;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty() && lines.size() < max_lines) {
    size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    size_t from = line.find_first_not_of(blanks);
    if (from == std::string_view::npos) return words;
    line.remove_prefix(from);
    size_t end = std::min(line.find_first_of(blanks), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

std::optional<int64_t> keyed_number(std::string_view text, std::string_view key) {
  for (std::string_view line : lines_of(text)) {
    auto words = words_of(line);
    if (words.size() >= 2 && words[0] == key) return whole_number(words[1]);
  }
  return std::nullopt;
}

std::optional<std::vector<int>> cpu_list(std::string_view text) {
  std::vector<int> cpus;
  text = without_blanks(text);
  while (!text.empty()) {
    std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    size_t dash = part.find('-');
    auto from = whole_number(part.substr(0, dash));
    auto to = dash == std::string_view::npos ? from : whole_number(part.substr(dash + 1));
    if (!from || !to || *from < 0 || *to < *from || *to >= 1 << 20) return std::nullopt;
    for (int64_t i = *from; i <= *to && cpus.size() < max_names; ++i) {
      cpus.push_back(static_cast<int>(i));
    }
  }
  if (cpus.empty()) return std::nullopt;
  return cpus;
}

std::string cpu_list_text(const std::vector<int>& cpus) {
  std::string text;
  for (size_t i = 0; i < cpus.size();) {
    size_t j = i;
    while (j + 1 < cpus.size() && cpus[j + 1] == cpus[j] + 1) ++j;
    text += text.empty() ? "" : ",";
    text += i == j ? fmt::format("{}", cpus[i]) : fmt::format("{}-{}", cpus[i], cpus[j]);
    i = j + 1;
  }
  return text;
}

nlohmann::json unavailable(std::string_view why) { return fmt::format("unavailable: {}", why); }

bool is_unavailable(const nlohmann::json& value) {
  return value.is_string() && value.get_ref<const std::string&>().starts_with("unavailable: ");
}

SystemFiles::SystemFiles(std::string root) : root_(std::move(root)) {
  if (!root_.ends_with('/')) root_ += '/';
}

std::string SystemFiles::path(std::string_view path) const { return root_ + std::string(path); }

bool SystemFiles::exists(std::string_view p) const {
  std::error_code error;
  return fs::exists(path(p), error);
}

Result<std::string> SystemFiles::text(std::string_view p) const {
  HONE_ASSIGN(std::string text, read_text(path(p), max_bytes));
  std::string_view bare = without_blanks(text);
  if (bare.empty()) return corrupt(path(p) + ": empty");
  return std::string(bare);
}

Result<int64_t> SystemFiles::number(std::string_view p) const {
  HONE_ASSIGN(std::string text, text(p));
  auto n = whole_number(text);
  if (!n) return corrupt(path(p) + ": not a number");
  return *n;
}

std::optional<std::string> SystemFiles::name(std::string_view p) const {
  auto text = this->text(p);
  if (!text.ok() || text->size() > max_name) return std::nullopt;
  if (!printable(*text)) return std::nullopt;
  return *text;
}

std::vector<std::string> SystemFiles::names(std::string_view folder,
                                            std::string_view prefix) const {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator it(path(folder), error), end;
       !error && it != end && found.size() < max_names; it.increment(error)) {
    std::string name = it->path().filename().string();
    if (name.starts_with(prefix) && printable(name)) found.push_back(std::move(name));
  }
  std::sort(found.begin(), found.end(),
            [](const std::string& a, const std::string& b) { return by_number(a) < by_number(b); });
  return found;
}

}  // namespace hone::ship
