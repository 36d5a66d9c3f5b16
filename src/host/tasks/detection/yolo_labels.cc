#include "host/tasks/detection/yolo_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include "host/model/files.h"

namespace hone::tasks {

namespace {

constexpr int64_t max_bytes = 16 << 20;
constexpr std::string_view blanks = " \t\r";

// Takes the next word off `line`; empty at its end.
std::string_view next_word(std::string_view* line) {
  const size_t begin = std::min(line->find_first_not_of(blanks), line->size());
  const size_t end = std::min(line->find_first_of(blanks, begin), line->size());
  const std::string_view word = line->substr(begin, end - begin);
  line->remove_prefix(end);
  return word;
}

template <class T>
std::optional<T> number(std::string_view word) {
  T value{};
  const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (failure != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

// Some tools write classes as 3.0.
std::optional<int32_t> whole_number(std::string_view word, int32_t below) {
  const std::optional<double> v = number<double>(word);
  if (!v || !(*v >= 0 && *v < below) || *v != std::floor(*v)) return std::nullopt;
  return static_cast<int32_t>(*v);
}

Status parse_line(std::string_view line, int32_t classes, int32_t width, int32_t height,
                  std::vector<Truth>* truths) {
  std::vector<std::string_view> words;
  for (std::string_view w = next_word(&line); !w.empty(); w = next_word(&line)) words.push_back(w);
  if (words.empty()) return {};
  if (words.size() >= 7 && words.size() % 2 == 1) {
    return unsupported("a polygon; the labels of a detector are 'class cx cy w h'");
  }
  if (words.size() != 5) return corrupt(fmt::format("{} numbers, not 5", words.size()));
  Truth t;
  const std::optional<int32_t> label = whole_number(words[0], classes);
  if (!label) return corrupt(fmt::format("the class is not a whole number below {}", classes));
  t.label = *label;
  double shares[4];
  for (size_t i = 0; i < 4; ++i) {
    const std::optional<double> v = number<double>(words[i + 1]);
    if (!v || !(*v >= 0 && *v <= 1)) return corrupt("centre and size must be numbers in [0, 1]");
    shares[i] = *v;
  }
  t.x = (shares[0] - shares[2] / 2) * width;
  t.y = (shares[1] - shares[3] / 2) * height;
  t.width = shares[2] * width;
  t.height = shares[3] * height;
  truths->push_back(t);
  return {};
}

namespace fs = std::filesystem;

// Files of these extensions in a folder, by stem.
Result<std::map<std::string, std::string>> by_stem(const fs::path& folder,
                                                   std::initializer_list<const char*> extensions) {
  std::map<std::string, std::string> files;
  std::error_code error_code;
  fs::directory_iterator it(folder, error_code);
  for (const fs::directory_iterator end; !error_code && it != end; it.increment(error_code)) {
    std::string extension = it->path().extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (std::find(extensions.begin(), extensions.end(), extension) == extensions.end()) continue;
    const auto [at, fresh] = files.emplace(it->path().stem().string(), it->path().string());
    if (!fresh) {
      return invalid(fmt::format("{} and {}: two files for one set of labels",
                                 std::min(at->second, it->path().string()),
                                 std::max(at->second, it->path().string())));
    }
  }
  if (error_code) {
    const bool missing = error_code == std::errc::no_such_file_or_directory;
    return error(missing ? Code::not_found : Code::io_error,
                 fmt::format("{}: {}", folder.string(), error_code.message()));
  }
  return files;
}

}  // namespace

Result<std::vector<Truth>> parse_yolo_labels(std::string_view text, const std::string& what,
                                             int32_t classes, int32_t width, int32_t height) {
  std::vector<Truth> truths;
  for (int64_t line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    HONE_RETURN_IF_ERROR(in(fmt::format("{}:{}", what, line),
                            parse_line(text.substr(0, end), classes, width, height, &truths)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return truths;
}

Result<std::vector<Truth>> read_yolo_labels(const std::string& path, int32_t classes, int32_t width,
                                            int32_t height) {
  HONE_ASSIGN(const std::string text, read_text(path, max_bytes));
  return parse_yolo_labels(text, path, classes, width, height);
}

Result<YoloFolder> open_yolo_folder(const std::string& folder) {
  HONE_ASSIGN(const auto pictures, by_stem(fs::path(folder) / "images", {".jpg", ".jpeg", ".png"}));
  HONE_ASSIGN(const auto labels, by_stem(fs::path(folder) / "labels", {".txt"}));
  if (pictures.empty()) {
    return error(Code::not_found, fmt::format("{}/images holds no .jpg, .jpeg or .png", folder));
  }
  YoloFolder found;
  for (const auto& [stem, picture] : pictures) {
    const auto at = labels.find(stem);
    found.pictures.push_back({picture, at == labels.end() ? "" : at->second});
  }
  for (const auto& [stem, file] : labels) {
    if (pictures.find(stem) == pictures.end()) found.orphans.push_back(file);
  }
  return found;
}

}  // namespace hone::tasks
