#include "ship/project/toml_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/base/nearest.h"
#include "host/graph/quote.h"

namespace hone::ship {

namespace fs = std::filesystem;

Status TomlReader::fail(const toml::node& at, const std::string& text) const {
  return invalid(fmt::format("{}:{}: {}", path_, at.source().begin.line, graph::one_line(text)));
}

Status TomlReader::only(const toml::table& t, const std::string& where,
                        const std::vector<std::string>& known) const {
  for (const auto& [key, value] : t) {
    std::string word(key.str());
    if (std::find(known.begin(), known.end(), word) != known.end()) continue;
    std::string near = nearest(word, known);
    return fail(value,
                fmt::format("unknown key '{}'{}{}", word, where.empty() ? "" : " in " + where,
                            near.empty() ? fmt::format("; known: {}", fmt::join(known, ", "))
                                         : "; did you mean '" + near + "'?"));
  }
  return {};
}

Status TomlReader::text(const toml::table& t, const char* key, std::string* out,
                        bool required) const {
  return get(t, key, "a string", out, required);
}
Status TomlReader::path(const toml::table& t, const char* key, std::string* out,
                        bool required) const {
  std::string given;
  const toml::node* node = t.get(key);
  HONE_RETURN_IF_ERROR(text(t, key, &given, required));
  if (node == nullptr) return {};
  if (given.empty()) return fail(*node, fmt::format("'{}' is empty; a path is expected", key));
  *out = (fs::path(given).is_absolute() ? fs::path(given) : folder_ / given).string();
  return {};
}

bool TomlReader::fits(double v) { return std::abs(v) <= std::numeric_limits<float>::max(); }

Status TomlReader::floats(const toml::table& t, const char* key, int count, float* out) const {
  const toml::node* node = t.get(key);
  if (node == nullptr) return {};
  const toml::array* a = node->as_array();
  if (a == nullptr || static_cast<int>(a->size()) != count) {
    return fail(*node, fmt::format("'{}' must be a list of {} number{}", key, count,
                                   count == 1 ? "" : "s"));
  }
  for (int i = 0; i < count; ++i) {
    auto v = (*a)[static_cast<size_t>(i)].value<double>();
    if (!v || !fits(*v)) return fail(*node, fmt::format("'{}' must hold numbers", key));
    out[i] = static_cast<float>(*v);
  }
  return {};
}

Status TomlReader::word(const toml::table& t, const char* key,
                        const std::vector<std::string>& words, size_t* index) const {
  const toml::node* node = t.get(key);
  if (node == nullptr) return {};
  std::string given;
  HONE_RETURN_IF_ERROR(text(t, key, &given));
  auto it = std::find(words.begin(), words.end(), given);
  if (it == words.end()) {
    std::string near = nearest(given, words);
    return fail(*node, fmt::format("{} = \"{}\" is not known; {}", key, given,
                                   near.empty() ? fmt::format("known: {}", fmt::join(words, ", "))
                                                : "did you mean \"" + near + "\"?"));
  }
  *index = static_cast<size_t>(it - words.begin());
  return {};
}

Status TomlReader::texts(const toml::table& t, const char* key,
                         std::vector<std::string>* out) const {
  const toml::node* node = t.get(key);
  if (node == nullptr) return {};
  const toml::array* list = node->as_array();
  if (list == nullptr) return fail(*node, fmt::format("'{}' must be a list of strings", key));
  for (const toml::node& item : *list) {
    auto text = item.value<std::string>();
    if (!text) return fail(item, fmt::format("'{}' must be a list of strings", key));
    out->push_back(std::move(*text));
  }
  return {};
}

Status TomlReader::limit(const toml::table& t, std::string_view key, double largest,
                         std::optional<double>* out) const {
  const toml::node* node = t.get(key);
  if (node == nullptr) return {};
  auto v = node->value<double>();
  if (!v) return fail(*node, fmt::format("'{}' must be a number", key));
  if (!(*v >= 0)) return fail(*node, fmt::format("'{}' must be >= 0", key));
  if (largest > 0 && *v > largest) {
    return fail(*node, fmt::format("'{}' must be 0 to {:g}", key, largest));
  }
  *out = *v;
  return {};
}

}  // namespace hone::ship
