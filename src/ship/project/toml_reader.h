// What every table of hone.toml is read with: errors name the file and line, an unknown key
// suggests the nearest one. Keys that are absent leave what they would set as it is.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "host/model/toml.h"
#include "ship/project/project.h"

namespace hone::ship {

class TomlReader {
 public:
  explicit TomlReader(std::string path)
      : path_(std::move(path)), folder_(std::filesystem::path(path_).parent_path()) {}

  std::string folder() const { return folder_.string(); }
  Status fail(const toml::node& at, const std::string& text) const;

  // Has the table no other keys than these? `where`: "a model".
  Status only(const toml::table& t, const std::string& where,
              const std::vector<std::string>& known) const;

  // fn(name, child) for each table below `key`, in the order of the file.
  template <class Fn>
  Status each(const toml::table& t, const char* key, Fn fn) const {
    const toml::node* node = t.get(key);
    if (node == nullptr) return {};
    if (!node->is_table()) return fail(*node, fmt::format("'{}' must be a table", key));
    // toml++ sorts keys; the file's order is the user's.
    std::vector<std::pair<std::string, const toml::table*>> children;
    for (const auto& [name, child] : *node->as_table()) {
      if (!child.is_table()) {
        return fail(child, fmt::format("'{}.{}' must be a table", key, name.str()));
      }
      children.emplace_back(name.str(), child.as_table());
    }
    std::stable_sort(children.begin(), children.end(), [](const auto& a, const auto& b) {
      return a.second->source().begin.line < b.second->source().begin.line;
    });
    for (const auto& [name, child] : children) HONE_RETURN_IF_ERROR(fn(name, *child));
    return {};
  }

  template <class T>
  Status get(const toml::table& t, const char* key, const char* type, T* out,
             bool required = false) const {
    const toml::node* node = t.get(key);
    if (node == nullptr) {
      return required ? fail(t, fmt::format("the key '{}' is missing", key)) : Status();
    }
    auto value = node->value<T>();
    if (!value) return fail(*node, fmt::format("'{}' must be {}", key, type));
    *out = *value;
    return {};
  }
  Status text(const toml::table& t, const char* key, std::string* out, bool required = false) const;
  // Relative to the file's folder.
  Status path(const toml::table& t, const char* key, std::string* out, bool required = false) const;
  // As a float that computes: neither NaN nor infinite.
  static bool fits(double v);
  Status floats(const toml::table& t, const char* key, int count, float* out) const;
  // A list of strings.
  Status texts(const toml::table& t, const char* key, std::vector<std::string>* out) const;
  // One of several words; `*index` is which.
  Status word(const toml::table& t, const char* key, const std::vector<std::string>& words,
              size_t* index) const;
  // A number from 0 to `largest`; 0: any.
  Status limit(const toml::table& t, std::string_view key, double largest,
               std::optional<double>* out) const;

 private:
  std::string path_;
  std::filesystem::path folder_;
};

// The tables below a model: an input's preprocessing, an output's task, its data.
Result<InputSpec> read_input_table(const TomlReader& reader, const std::string& name,
                                   const toml::table& table);
// Of an input that is no picture.
Status read_text_input(const TomlReader& reader, const toml::table& table, TextInput* out);
Status read_tensor_input(const TomlReader& reader, const toml::table& table, TensorInput* out);
Status read_audio_input(const TomlReader& reader, const toml::table& table,
                        preprocess::MfccContract* out);
Result<OutputSpec> read_output_table(const TomlReader& reader, const std::string& name,
                                     const toml::table& table);
Status read_data_tables(const TomlReader& reader, const toml::table& model, ModelSpec* out);

// The tables below [model] and [target]. `labels`: those of all models, to tell a class from a
// misspelt one; none are known where it is empty.
Result<ModelSpec> read_model_table(const TomlReader& reader, const std::string& name,
                                   const toml::table& table);
Result<TargetSpec> read_target_table(const TomlReader& reader, const std::string& name,
                                     const toml::table& table,
                                     const std::vector<std::string>& labels);

}  // namespace hone::ship
