// Attributes of a node, by name. Subgraphs are not attributes: they are the node's blocks.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "host/model/onnx.h"
#include "host/model/tensor.h"

namespace hone::graph {

using Attr = std::variant<int64_t, float, std::string, Tensor, std::vector<int64_t>,
                          std::vector<float>, std::vector<std::string>, std::vector<Tensor>,
                          model::TypeProto>;

class Attributes {
 public:
  bool has(const std::string& name) const { return map_.contains(name); }
  const Attr* find(const std::string& name) const;
  void set(const std::string& name, Attr value) { map_[name] = std::move(value); }
  void erase(const std::string& name) { map_.erase(name); }

  // The value, or `fallback` where the attribute is absent or of another type (the importer has
  // checked types against the OpDef).
  int64_t i(const std::string& name, int64_t fallback) const;
  float f(const std::string& name, float fallback) const;
  std::string s(const std::string& name, const std::string& fallback) const;
  std::vector<int64_t> ints(const std::string& name, std::vector<int64_t> fallback = {}) const;
  std::vector<float> floats(const std::string& name, std::vector<float> fallback = {}) const;
  Tensor tensor(const std::string& name) const;  // empty Tensor where absent

  auto begin() const { return map_.begin(); }  // in order of name
  auto end() const { return map_.end(); }
  size_t size() const { return map_.size(); }

 private:
  std::map<std::string, Attr> map_;
};

}  // namespace hone::graph
