// Graphs for tests: structure at random, with everything that the IR can hold.
#pragma once

#include <algorithm>
#include <cstring>
#include <random>

#include "host/graph/graph.h"

namespace hone::graph {

class RandomGraph {
 public:
  explicit RandomGraph(uint32_t seed) : rng_(seed) {}

  Graph make() {
    g_ = Graph();
    g_.name = word();
    g_.opsets = {{"", 17}, {hone_domain, 1}, {"com.example/x", 3}};
    g_.producer = "random";
    g_.metadata["key \"1\""] = "a\nb\\";
    for (int64_t i = 1 + below(3); i > 0; --i) visible_.push_back(g_.add_input(fresh(), fact()));
    for (int64_t i = below(5); i > 0; --i) visible_.push_back(g_.add_constant(fresh(), tensor()));
    fill(0, 0);
    for (size_t i = 0; i < g_.block().outputs.size(); ++i) g_.output_names.push_back(word());
    return std::move(g_);
  }

 private:
  int64_t below(int64_t n) { return static_cast<int64_t>(rng_() % static_cast<uint64_t>(n)); }
  std::string word() {
    constexpr const char* words[] = {"x",        "conv1", "/layer/Conv_output_0",
                                     "in",       "a b",   "3",
                                     "ü",        "out",   "_",
                                     "q\"uote",  "f32",   "from",
                                     "tab\there"};
    return words[below(std::size(words))];
  }
  std::string fresh() { return g_.fresh_name(word()); }
  ValueId pick() {
    return visible_[static_cast<size_t>(below(static_cast<int64_t>(visible_.size())))];
  }

  Dim dim() {
    switch (below(4)) {
      case 0: return Dim::symbol("batch");
      case 1: return floor_div(Dim::symbol("a b") + below(5), 2);
      default: return below(20);
    }
  }
  Fact fact() {
    Fact f;
    f.kind = static_cast<Fact::Kind>(below(8) == 0 ? below(4) : 0);
    const bool maps = f.kind == Fact::Kind::map;
    if (maps || (f.kind != Fact::Kind::tensor && below(2) == 0)) f.key = DType::i64;
    f.dtype = below(9) == 0 ? DType::none : static_cast<DType>(1 + below(dtype_count - 1));
    if (below(5) > 0) {
      f.shape.emplace();
      for (int64_t i = below(4); i > 0; --i) f.shape->push_back(dim());
    }
    if (f.shape && f.shape->size() == 1 && f.kind == Fact::Kind::tensor) {
      f.shape = SymShape{2};
      f.content = {dim(), dim()};
    }
    return f;
  }
  Tensor tensor() {
    auto dtype = static_cast<DType>(1 + below(dtype_count - 1));
    if (below(2) == 0) dtype = below(2) == 0 ? DType::f32 : DType::i64;
    Dims dims;
    for (int64_t i = below(3); i > 0; --i) dims.push_back(below(6));
    if (dtype == DType::string) {
      std::vector<std::string> items(static_cast<size_t>(element_count(dims)));
      for (auto& s : items) s = word();
      return Tensor::strings(std::move(dims), std::move(items));
    }
    Tensor t(dtype, std::move(dims));
    auto* bytes = static_cast<uint8_t*>(t.mutable_data());
    for (int64_t i = 0; i < t.bytes(); ++i) bytes[i] = static_cast<uint8_t>(rng_());
    return t;
  }
  float number() {
    const auto bits = static_cast<uint32_t>(rng_());
    float v;
    static_assert(sizeof(v) == sizeof(bits));
    std::memcpy(&v, &bits, sizeof(v));
    return below(2) == 0 ? v : static_cast<float>(below(9));
  }
  Attr attribute() {
    switch (below(11)) {
      case 0: return below(100) - 50;
      case 1: return number();
      case 2: return word();
      case 3: return tensor();
      case 4: return std::vector<int64_t>(static_cast<size_t>(below(3)), below(9));
      case 5: return std::vector<float>(static_cast<size_t>(below(3)), number());
      case 6: return std::vector<std::string>(static_cast<size_t>(below(3)), word());
      case 7: return std::vector<Tensor>(static_cast<size_t>(below(3)), tensor());
      default: return type(0);
    }
  }
  model::TypeProto type(int depth) {
    using Kind = model::TypeProto::Kind;
    model::TypeProto t;
    t.kind = static_cast<Kind>(below(depth < 3 ? 6 : 2));
    if (t.kind == Kind::none) return t;
    const bool tensor = t.kind == Kind::tensor || t.kind == Kind::sparse_tensor;
    if (tensor || t.kind == Kind::map) t.dtype = static_cast<DType>(below(dtype_count));
    if (!tensor) t.element = std::make_shared<const model::TypeProto>(type(depth + 1));
    t.has_shape = tensor && below(2) == 0;
    if (t.has_shape) t.shape = {{3, ""}, {-1, "n m"}, {-1, ""}};
    return t;
  }

  void node(BlockId block, int depth) {
    Node n;
    n.block = block;
    constexpr const char* domains[] = {"", "", hone_domain, "com.example/x"};
    n.domain = domains[below(4)];
    n.op = below(10) == 0 ? "odd op" : "Op" + std::to_string(below(5));
    n.version = below(5) == 0 ? below(30) : n.domain == hone_domain ? 1 : g_.opset(n.domain);
    n.name = below(6) == 0 ? "" : word();
    if (below(4) == 0) n.origin = {word(), word()};
    for (int64_t i = below(4); i > 0; --i) n.inputs.push_back(below(6) == 0 ? none : pick());
    for (int64_t i = below(4); i > 0; --i) n.attributes.set("a" + std::to_string(i), attribute());
    if (below(5) == 0) n.attributes.set(word(), attribute());
    std::vector<std::string> outputs;
    for (int64_t i = below(8) == 0 ? 0 : 1 + below(2); i > 0; --i) {
      std::string name = below(6) == 0 ? "" : fresh();
      const bool twice = std::find(outputs.begin(), outputs.end(), name) != outputs.end();
      outputs.push_back(twice ? "" : name);
    }
    const NodeId id = g_.add_node(std::move(n), outputs);
    const size_t before = visible_.size();
    for (int64_t i = depth < 3 && below(6) == 0 ? 1 + below(2) : 0; i > 0; --i) {
      const BlockId b = g_.add_block(id, i == 2 ? "from" : word());
      if (below(4) == 0) g_.poison(b, "because");
      for (int64_t k = below(2); k > 0; --k) visible_.push_back(g_.add_input(fresh(), fact(), b));
      fill(b, depth + 1);
      visible_.resize(before);
    }
    for (ValueId v : g_.node(id).outputs) {
      if (v == none) continue;
      g_.set_fact(v, fact());
      if (below(4) == 0) g_.set_layout(v, Layout::channels_last);
      visible_.push_back(v);
    }
  }

  void fill(BlockId block, int depth) {
    for (int64_t i = below(8); i > 0; --i) node(block, depth);
    std::vector<ValueId> outputs;
    for (int64_t i = below(3); i > 0; --i) outputs.push_back(pick());
    g_.set_block_outputs(block, std::move(outputs));
  }

  std::mt19937 rng_;
  Graph g_;
  std::vector<ValueId> visible_;
};

}  // namespace hone::graph
