#include "host/plan/target_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "common/base/nearest.h"
#include "host/graph/quote.h"
#include "host/model/files.h"
#include "host/model/toml.h"

namespace hone::plan {

namespace {

constexpr int64_t schema = 1;
constexpr int64_t max_bytes = int64_t{1} << 56;
constexpr int64_t max_cores = 1 << 16;
const std::vector<std::string> known_keys = {"schema",   "cpu",         "arch",      "os",
                                             "isa",      "cores",       "l1d_bytes", "l2_bytes",
                                             "l3_bytes", "memory_bytes"};

class Reader {
 public:
  explicit Reader(const toml::table& root) : root_(root) {}

  Result<Target> read() {
    HONE_RETURN_IF_ERROR(check_keys());
    Target t;
    int64_t number = 0, cores = t.cores;
    HONE_RETURN_IF_ERROR(integer("schema", 0, INT64_MAX, &number, true));
    if (number != schema) return invalid(fmt::format("schema {} is not known (1 is)", number));
    HONE_RETURN_IF_ERROR(text("cpu", t.cpu, sizeof(t.cpu), true));
    HONE_RETURN_IF_ERROR(text("os", t.os, sizeof(t.os), false));
    HONE_RETURN_IF_ERROR(arch(&t.arch));
    HONE_RETURN_IF_ERROR(isa(t.arch, &t.isa));
    HONE_RETURN_IF_ERROR(integer("cores", 1, max_cores, &cores, false));
    t.cores = static_cast<int32_t>(cores);
    HONE_RETURN_IF_ERROR(integer("l1d_bytes", 0, max_bytes, &t.l1d_bytes, false));
    HONE_RETURN_IF_ERROR(integer("l2_bytes", 0, max_bytes, &t.l2_bytes, false));
    HONE_RETURN_IF_ERROR(integer("l3_bytes", 0, max_bytes, &t.l3_bytes, false));
    HONE_RETURN_IF_ERROR(integer("memory_bytes", 0, max_bytes, &t.memory_bytes, false));
    return t;
  }

 private:
  static Status fail(const toml::node& at, const std::string& text) {
    return invalid(fmt::format("line {}: {}", at.source().begin.line, text));
  }

  Status check_keys() const {
    for (const auto& [key, value] : root_) {
      std::string word(key.str());
      if (std::find(known_keys.begin(), known_keys.end(), word) != known_keys.end()) continue;
      std::string near = nearest(word, known_keys);
      return fail(value,
                  fmt::format("unknown key {}; {}", graph::quoted(word),
                              near.empty() ? fmt::format("known: {}", fmt::join(known_keys, ", "))
                                           : "did you mean '" + near + "'?"));
    }
    return {};
  }

  Result<const toml::node*> find(const char* key, bool required) const {
    const toml::node* node = root_.get(key);
    if (node == nullptr && required) return invalid(fmt::format("the key '{}' is missing", key));
    return node;
  }

  Status integer(const char* key, int64_t low, int64_t high, int64_t* out, bool required) const {
    HONE_ASSIGN(const toml::node* node, find(key, required));
    if (node == nullptr) return {};
    if (!node->is_integer()) return fail(*node, fmt::format("'{}' must be a whole number", key));
    int64_t value = **node->as_integer();
    if (value < low || value > high) {
      return fail(*node, fmt::format("'{}' is {}, not within {} to {}", key, value, low, high));
    }
    *out = value;
    return {};
  }

  // Into a fixed array, ended by 0.
  Status text(const char* key, char* out, size_t size, bool required) const {
    HONE_ASSIGN(const toml::node* node, find(key, required));
    if (node == nullptr) return {};
    if (!node->is_string()) return fail(*node, fmt::format("'{}' must be a string", key));
    const std::string& value = **node->as_string();
    bool printable = std::none_of(value.begin(), value.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
    if (value.size() >= size || !printable) {
      return fail(*node, fmt::format("'{}' must be at most {} bytes on one line", key, size - 1));
    }
    std::memset(out, 0, size);
    std::memcpy(out, value.data(), value.size());
    return {};
  }

  Status arch(Arch* out) const {
    HONE_ASSIGN(const toml::node* node, find("arch", false));
    if (node == nullptr) return {};
    for (Arch a : {Arch::x86_64, Arch::aarch64, Arch::other}) {
      if (node->is_string() && **node->as_string() == name(a)) return *out = a, Status();
    }
    return fail(*node, "'arch' must be \"x86_64\", \"aarch64\" or \"other\"");
  }

  Status isa(Arch arch, IsaMask* out) const {
    HONE_ASSIGN(const toml::node* node, find("isa", true));
    const toml::array* list = node->as_array();
    if (list == nullptr) return fail(*node, "'isa' must be a list of level names");
    *out = mask(Isa::portable);
    for (const toml::node& item : *list) {
      Isa level = Isa::portable;
      if (!item.is_string() || !parse(**item.as_string(), &level)) {
        return fail(item, fmt::format("'isa' holds what is no level; levels: {}",
                                      isa_names((1u << isa_count) - 1)));
      }
      if (!belongs(level, arch)) {
        return fail(item, fmt::format("{} has no {}", name(arch), name(level)));
      }
      *out |= mask(level);
    }
    return {};
  }

  const toml::table& root_;
};

// Between double quotes; what is not ASCII becomes '?', for a CPU's name need not be UTF-8.
std::string escaped(std::string_view s) {
  std::string out;
  for (char c : s) {
    if (c == '"' || c == '\\') out += '\\';
    out += c >= 0x20 && c < 0x7f ? c : '?';
  }
  return out;
}

}  // namespace

std::string isa_names(IsaMask set) {
  std::string s;
  for (int i = 0; i < isa_count; ++i) {
    if (!has(set, static_cast<Isa>(i))) continue;
    s += (s.empty() ? "" : ", ") + std::string(name(static_cast<Isa>(i)));
  }
  return s;
}

Result<Target> parse_target(std::string_view text) {
  toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& e = parsed.error();
    return invalid(
        fmt::format("line {}: {}", e.source().begin.line, graph::one_line(e.description())));
  }
  return Reader(parsed.table()).read();
}

Result<Target> load_target(const std::string& path) {
  HONE_ASSIGN(std::string text, read_text(path, 1 << 20));
  auto target = parse_target(text);
  if (!target.ok()) return in(path, target.status());
  return target;
}

std::string to_toml(const Target& t) {
  std::string levels;
  for (int i = 0; i < isa_count; ++i) {
    auto isa = static_cast<Isa>(i);
    if (has(t.isa, isa)) levels += fmt::format("{}\"{}\"", levels.empty() ? "" : ", ", name(isa));
  }
  return fmt::format(
      "schema = {}\ncpu = \"{}\"\narch = \"{}\"\nos = \"{}\"\nisa = [{}]\ncores = {}\n"
      "l1d_bytes = {}\nl2_bytes = {}\nl3_bytes = {}\nmemory_bytes = {}\n",
      schema, escaped(t.cpu), name(t.arch), escaped(t.os), levels, t.cores, t.l1d_bytes, t.l2_bytes,
      t.l3_bytes, t.memory_bytes);
}

}  // namespace hone::plan
