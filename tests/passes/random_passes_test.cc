// Passes on random graphs: towers of operators between Transposes, Slices, Pads, reshapes and
// repeated work must give the same answers when every pass has been over them.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "host/graph/text.h"
#include "host/ops/evaluate.h"
#include "host/passes/pass.h"

namespace hone::passes {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;

class Tower {
 public:
  explicit Tower(uint32_t seed) : rng_(seed) {}

  // nullopt where a step did not fit: a Concat of other sizes, say.
  std::optional<Graph> make() {
    g_.name = "tower";
    g_.opsets = {{"", 17}, {graph::hone_domain, 1}};
    for (int64_t i = 0; i < 2; ++i) {
      auto n = graph::Dim::symbol("n");
      known_.push_back(
          g_.add_input("x" + std::to_string(i), graph::Fact::of(DType::f32, {n, 2, 3, 4})));
    }
    for (int64_t i = 6 + below(14); i > 0; --i) step();
    std::vector<ValueId> outputs = {known_.back()};
    if (below(3) == 0) outputs.push_back(pick());
    g_.set_block_outputs(0, outputs);
    for (size_t i = 0; i < outputs.size(); ++i) g_.output_names.push_back("y" + std::to_string(i));
    if (!graph::verify(g_).ok()) return std::nullopt;
    return std::move(g_);
  }

 private:
  int64_t below(int64_t n) { return static_cast<int64_t>(rng_() % static_cast<uint64_t>(n)); }
  // Late values often, so that towers are high.
  ValueId pick() {
    auto n = static_cast<int64_t>(known_.size());
    return known_[static_cast<size_t>(below(2) == 0 ? n - 1 : below(n))];
  }
  ValueId list(std::vector<int64_t> values) {
    auto n = static_cast<int64_t>(values.size());
    return g_.add_constant(g_.fresh_name("list"), Tensor::of<int64_t>({n}, values));
  }
  ValueId floats(const Dims& dims) {
    Tensor t(DType::f32, dims);
    for (int64_t i = 0; i < t.count(); ++i) t.set(i, static_cast<double>(below(9)) - 4);
    return g_.add_constant(g_.fresh_name("c"), t);
  }

  // Adds the node if it can be inferred; a graph that holds one that cannot is thrown away.
  void add(Node n, size_t outputs = 1) {
    std::vector<std::string> names;
    for (size_t i = 0; i < outputs; ++i)
      names.push_back(g_.fresh_name("v" + std::to_string(known_.size())));
    n.version = 17;
    n.name = names[0];
    auto id = g_.add_node(std::move(n), names);
    if (!ops::infer_node(g_, id).ok()) return;
    for (ValueId v : g_.node(id).outputs) known_.push_back(v);
  }

  Node node(const char* op, std::vector<ValueId> inputs) {
    Node n;
    n.op = op;
    n.inputs = std::move(inputs);
    return n;
  }

  void transpose(ValueId x) {
    static const std::vector<std::vector<int64_t>> perms = {{0, 2, 3, 1}, {0, 3, 1, 2}};
    std::vector<int64_t> perm(static_cast<size_t>(g_.fact(x).rank()));
    std::iota(perm.begin(), perm.end(), 0);
    std::shuffle(perm.begin(), perm.end(), rng_);
    if (perm.size() == 4 && below(4) > 0) perm = perms[static_cast<size_t>(below(2))];
    Node n = node("Transpose", {x});
    n.attributes.set("perm", perm);
    add(std::move(n));
  }

  bool same_size(ValueId a, ValueId b) { return *g_.fact(a).shape == *g_.fact(b).shape; }

  void step() {
    ValueId x = pick();
    int64_t rank = g_.fact(x).rank();
    if (rank == 0) return;
    int64_t axis = below(rank);
    switch (below(14)) {
      case 0:
      case 1:
      case 2: return transpose(x);
      case 3: return add(node(below(2) == 0 ? "Relu" : "Neg", {x}));
      case 4: return add(node("Tanh", {x}));
      case 5: {
        ValueId z = pick();
        if (same_size(x, z)) add(node(below(2) == 0 ? "Add" : "Sub", {x, z}));
        return;
      }
      case 6: {
        graph::Dim last = g_.fact(x).shape->back();
        if (last.is_const()) add(node("Mul", {x, floats({last.value()})}));
        return;
      }
      case 7: {
        Node n = node("Concat", {x, below(2) == 0 ? x : pick()});
        if (!same_size(x, n.inputs[1])) return;
        n.attributes.set("axis", axis - (below(2) == 0 ? rank : 0));
        return add(std::move(n));
      }
      case 8: {
        Node n = node("Softmax", {x});
        n.attributes.set("axis", axis);
        return add(std::move(n));
      }
      case 9: {
        Node n = node("ReduceMax", {x});
        n.attributes.set("axes", std::vector<int64_t>{axis});
        n.attributes.set("keepdims", below(3) == 0 ? int64_t{0} : int64_t{1});
        return add(std::move(n));
      }
      case 10: {
        std::vector<int64_t> pads(static_cast<size_t>(2 * rank), 0);
        pads[static_cast<size_t>(below(2 * rank))] = 1;
        return add(node("Pad", {x, list(pads)}));
      }
      case 11: return add(node("Slice", {x, list({below(2)}), list({9}), list({axis})}));
      case 12: {
        Node n = node("Split", {x});
        graph::Dim size = (*g_.fact(x).shape)[static_cast<size_t>(axis)];
        if (!size.is_const() || size.value() < 2) return;
        n.inputs.push_back(list({1, size.value() - 1}));
        n.attributes.set("axis", axis);
        return add(std::move(n), 2);
      }
      default: {
        Node n = node("Unsqueeze", {x, list({axis})});
        if (rank < 5) add(std::move(n));
        return;
      }
    }
  }

  std::mt19937 rng_;
  Graph g_;
  std::vector<ValueId> known_;
};

std::vector<Tensor> inputs_of(const Graph& g) {
  std::vector<Tensor> inputs;
  std::mt19937 rng(7);
  for (size_t i = 0; i < g.block().inputs.size(); ++i) {
    Tensor t(DType::f32, {2, 2, 3, 4});
    for (int64_t k = 0; k < t.count(); ++k) t.set(k, static_cast<double>(rng() % 4096) / 512 - 4);
    inputs.push_back(std::move(t));
  }
  return inputs;
}

int count(const Graph& g, const char* op) {
  int n = 0;
  for (graph::NodeId id : g.all_nodes()) n += g.node(id).is(op) ? 1 : 0;
  return n;
}

TEST(RandomPasses, KeepTheAnswers) {
  int made = 0, fewer = 0;
  for (uint32_t seed = 0; seed < 1500; ++seed) {
    auto g = Tower(seed).make();
    if (!g) continue;
    ++made;
    const auto inputs = inputs_of(*g);
    auto want = ops::evaluate(*g, inputs);
    if (!want.ok()) continue;  // an empty slice that a Softmax refuses
    Graph after = *g;
    Options options;
    options.engine = seed % 2 == 0;
    auto report = run_passes(after, options);
    ASSERT_TRUE(report.ok()) << seed << ": " << report.status().text() << "\n" << to_text(*g);
    fewer += count(after, "Transpose") < count(*g, "Transpose") ? 1 : 0;
    ASSERT_LE(count(after, "Transpose"), count(*g, "Transpose")) << seed << "\n" << to_text(*g);
    auto got = ops::evaluate(after, inputs);
    ASSERT_TRUE(got.ok()) << seed << ": " << got.status().text() << "\n" << to_text(*g);
    for (size_t i = 0; i < want->size(); ++i) {
      const Tensor &a = (*want)[i], &b = (*got)[i];
      ASSERT_EQ(a.dims(), b.dims()) << seed << "\n" << to_text(*g);
      for (int64_t k = 0; k < a.count(); ++k) {
        // The passes that match here move elements and fold nothing; sums keep their order but in
        // Softmax, whose row comes in another: a few units of f32.
        ASSERT_NEAR(a.at(k), b.at(k), 1e-5 * (1 + std::abs(a.at(k)))) << seed << "\n"
                                                                      << to_text(*g) << "\n"
                                                                      << to_text(after);
      }
    }
  }
  EXPECT_GT(made, 500);
  EXPECT_GT(fewer, 200) << "too few of the graphs had anything to do";
}

}  // namespace
}  // namespace hone::passes
