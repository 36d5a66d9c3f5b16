// Every operator, at every version, with inputs and attributes at random, sensible and hostile:
// nothing crashes or hangs, and what the reference computes is what inference promised.
#include <gtest/gtest.h>

#include <random>

#include "host/ops/evaluate.h"

namespace hone::ops {
namespace {

class Random {
 public:
  explicit Random(uint32_t seed) : rng_(seed) {}
  int64_t below(int64_t n) { return static_cast<int64_t>(rng_() % static_cast<uint64_t>(n)); }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[static_cast<size_t>(below(static_cast<int64_t>(from.size())))];
  }

 private:
  std::mt19937_64 rng_;
};

constexpr int64_t big = INT64_MAX, small = INT64_MIN;
const std::vector<int64_t> hostile = {0,  1,   2,     3,         -1,        -2,     7,
                                      -9, big, small, 1ll << 31, 1ll << 32, big - 1};
const std::vector<int64_t> tame = {0, 1, 1, 1, 2, 2, 3, -1, -2};
const std::vector<std::string> words = {
    "",      "NOTSET",  "SAME_UPPER",    "SAME_LOWER", "VALID", "linear",    "nearest",
    "cubic", "reflect", "edge",          "wrap",       "CRD",   "LEFT",      "RIGHT",
    "tanh",  "reverse", "bidirectional", "relu",       "Add",   "asymmetric"};
const std::vector<DType> types = {DType::f32, DType::f32,     DType::f32, DType::i64, DType::i64,
                                  DType::i32, DType::boolean, DType::u8,  DType::f16, DType::f64,
                                  DType::i4,  DType::string,  DType::u64, DType::c64};

std::vector<int64_t> list(Random& r, const std::vector<int64_t>& from) {
  std::vector<int64_t> out(static_cast<size_t>(r.below(7)));
  for (int64_t& v : out) v = r.pick(from);
  return out;
}

Tensor tensor(Random& r, DType t, Dims dims) {
  Tensor x(t, std::move(dims));
  if (t == DType::string) return x;
  for (int64_t i = 0; i < x.count(); ++i) x.set(i, static_cast<double>(r.pick(tame)));
  return x;
}

void set_attribute(Random& r, const AttrSpec& spec, bool wild, Node* node) {
  const std::vector<int64_t>& from = wild ? hostile : tame;
  switch (spec.type) {
    case AttrType::i: node->attributes.set(spec.name, r.pick(from)); break;
    case AttrType::f: node->attributes.set(spec.name, static_cast<float>(r.pick(tame))); break;
    case AttrType::s: node->attributes.set(spec.name, r.pick(words)); break;
    case AttrType::ints: node->attributes.set(spec.name, list(r, from)); break;
    case AttrType::floats: node->attributes.set(spec.name, std::vector<float>{0.5f, 2.0f}); break;
    case AttrType::strings:
      node->attributes.set(spec.name, std::vector<std::string>{"Sigmoid", "Tanh", "Relu"});
      break;
    case AttrType::tensor: node->attributes.set(spec.name, tensor(r, r.pick(types), {1})); break;
    default: break;
  }
}

Dims random_dims(Random& r, bool wild) {
  Dims dims(static_cast<size_t>(r.below(6)));
  for (int64_t& d : dims) d = wild && r.below(9) == 0 ? big : r.below(5);
  return dims;
}

// A graph of one node; the values of its inputs where they are all concrete and small.
struct OneNode {
  Graph graph;
  NodeId node = graph::none;
  std::vector<Tensor> inputs;
};

OneNode one_node(Random& r, const OpDef& def, bool wild) {
  OneNode made;
  Node node;
  node.domain = def.domain;
  node.op = def.name;
  node.version = def.since;
  node.name = "n";
  for (const AttrSpec& spec : def.attrs) {
    if (spec.required || r.below(2) == 0) set_attribute(r, spec, wild, &node);
  }
  const int most = def.max_inputs < 0 ? def.min_inputs + 3 : def.max_inputs;
  const int64_t count = def.min_inputs + r.below(most - def.min_inputs + 1);
  const Dims shared = random_dims(r, wild);
  const DType type = r.pick(types);
  for (int64_t i = 0; i < count; ++i) {
    const std::string name = "x" + std::to_string(i);
    const DType t = r.below(3) == 0 ? r.pick(types) : type;
    const Dims dims = r.below(2) == 0 ? shared : random_dims(r, wild);
    if (i >= def.min_inputs && r.below(5) == 0) {
      node.inputs.push_back(graph::none);
      made.inputs.emplace_back();
    } else if (r.below(3) == 0) {
      Tensor values = tensor(r, r.below(2) == 0 ? DType::i64 : t, {r.below(5)});
      made.inputs.push_back(values);
      node.inputs.push_back(made.graph.add_constant(name, values));
    } else {
      Fact fact;
      fact.dtype = t;
      if (!wild || r.below(6) != 0) fact.shape = graph::SymShape(dims.begin(), dims.end());
      if (wild && fact.shape && !fact.shape->empty() && r.below(2) == 0) {
        fact.shape->front() = Dim::symbol("s");
      }
      made.inputs.push_back(wild ? Tensor() : tensor(r, t, dims));
      node.inputs.push_back(made.graph.add_input(name, fact));
    }
  }
  std::vector<std::string> outputs;
  const int outs = def.max_outputs < 0 ? 3 : def.max_outputs;
  for (int i = 0; i < std::max(outs, 1); ++i) outputs.push_back("y" + std::to_string(i));
  made.node = made.graph.add_node(node, outputs);
  return made;
}

void expect_agrees(const Fact& fact, const Tensor& t, const std::string& what) {
  EXPECT_EQ(name(fact.dtype), std::string(name(t.dtype()))) << what;
  if (!fact.has_rank()) return;
  ASSERT_EQ(fact.rank(), t.rank()) << what;
  for (size_t d = 0; d < t.dims().size(); ++d) {
    const auto size = (*fact.shape)[d].const_value();
    if (!size) continue;
    EXPECT_EQ(*size, t.dims()[d]) << what << " axis " << d;
  }
  if (!fact.content) return;
  ASSERT_EQ(static_cast<int64_t>(fact.content->size()), t.count()) << what;
  for (size_t i = 0; i < fact.content->size(); ++i) {
    const auto value = (*fact.content)[i].const_value();
    if (!value) continue;
    EXPECT_EQ(*value, t.int_at(static_cast<int64_t>(i))) << what << " element " << i;
  }
}

std::string describe(const OneNode& made, uint32_t seed) {
  const Node& node = made.graph.node(made.node);
  std::string text = node.op + ":" + std::to_string(node.version) + " seed " + std::to_string(seed);
  for (ValueId v : node.inputs) {
    text += v == graph::none ? " _" : " " + to_string(made.graph.fact(v));
  }
  return text;
}

// If, Loop, Scan: made of graphs, which are not made here.
bool needs_blocks(const OpDef& def) {
  return std::any_of(def.attrs.begin(), def.attrs.end(),
                     [](const AttrSpec& a) { return a.type == AttrType::graph; });
}

TEST(Torture, HostileInferenceEndsInAStatus) {
  int good = 0;
  for (const OpDef* def : all_ops()) {
    if (needs_blocks(*def)) continue;
    for (uint32_t seed = 0; seed < 150; ++seed) {
      Random r(seed);
      OneNode made = one_node(r, *def, true);
      good += infer_node(made.graph, made.node).ok();
      cost(made.graph, made.graph.node(made.node));
    }
  }
  EXPECT_GT(good, 1000);
}

TEST(Torture, ReferenceKeepsWhatInferencePromised) {
  std::map<std::string, int> agreed;
  for (const OpDef* def : all_ops()) {
    if (needs_blocks(*def)) continue;
    for (uint32_t seed = 0; seed < 300; ++seed) {
      Random r(seed);
      OneNode made = one_node(r, *def, false);
      const Status inferred = infer_node(made.graph, made.node);
      const Node& node = made.graph.node(made.node);
      const auto outputs = evaluate_node(made.graph, node, made.inputs);
      // Inference may not see what data alone tell; what it refuses, the reference must not do
      // with another type than the operator has, but may do.
      if (!inferred.ok() || !outputs.ok()) continue;
      for (size_t i = 0; i < outputs->size(); ++i) {
        expect_agrees(made.graph.fact(node.outputs[i]), (*outputs)[i], describe(made, seed));
      }
      ++agreed[def->name];
    }
  }
  EXPECT_GT(agreed.size(), 100u);
}

}  // namespace
}  // namespace hone::ops
