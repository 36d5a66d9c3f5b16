// What ONNX Runtime's optimiser fused, taken apart again: Hone's own passes fuse by what its
// kernels can do.
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "host/passes/expand/expand.h"

namespace hone::passes {

namespace {

Status need_ranks(const Expansion& e, std::initializer_list<size_t> inputs) {
  for (size_t i : inputs) {
    if (!e.ranked(i)) return unsupported(fmt::format("the rank of input {} is not known", i));
  }
  return {};
}

// The activation that a fused operator names, by its parameters in ONNX Runtime's order.
Result<ValueId> activated(Expansion& e, ValueId x, const std::vector<float>& given) {
  const std::string name = e.attributes().s("activation", "");
  if (name.empty()) return x;
  if (name == "Clip" && given.size() >= 2) {
    return e.add("Clip", {x, e.number(given[0]), e.number(given[1])});
  }
  struct Known {
    const char* name;
    std::vector<const char*> parameters;
  };
  static const Known known[] = {{"Relu", {}},
                                {"Tanh", {}},
                                {"Sigmoid", {}},
                                {"LeakyRelu", {"alpha"}},
                                {"HardSigmoid", {"alpha", "beta"}},
                                {"Elu", {"alpha"}},
                                {"Softplus", {}}};
  for (const Known& k : known) {
    if (name != k.name) continue;
    Expansion::Attributes a;
    for (size_t i = 0; i < std::min(given.size(), k.parameters.size()); ++i) {
      a.emplace_back(k.parameters[i], given[i]);
    }
    return e.add(k.name, {x}, a);
  }
  return unsupported(fmt::format("the activation '{}'", name));
}

// The node under another name, without its activation.
Node renamed(const Expansion& e, const char* op, int64_t version, size_t inputs) {
  Node made = e.node();
  made.domain.clear();
  made.op = op;
  made.version = version;
  made.inputs.resize(std::min(made.inputs.size(), inputs));
  while (!made.inputs.empty() && made.inputs.back() == graph::none) made.inputs.pop_back();
  for (const char* a : {"activation", "activation_params", "activation_alpha", "activation_beta",
                        "activation_gamma"}) {
    made.attributes.erase(a);
  }
  return made;
}

}  // namespace

Status expand_gelu(Expansion& e) {
  ValueId x = e.in(0);
  if (e.has(1)) x = e.add("Add", {x, e.in(1)});
  const bool tanh = e.node().op == "FastGelu";
  e.give(0, e.add("Gelu", {x}, {{"approximate", std::string(tanh ? "tanh" : "none")}}));
  return {};
}

Status expand_quick_gelu(Expansion& e) {
  e.give(0, e.add("Swish", {e.in(0)}, {{"alpha", e.attributes().f("alpha", 1.702f)}}));
  return {};
}

Status expand_swiglu(Expansion& e) {
  const ValueId gate = e.add("Swish", {e.in(0)}, {{"alpha", e.attributes().f("alpha", 1)}});
  e.give(0, e.add("Mul", {gate, e.in(1)}));
  return {};
}

// X, skip, gamma, then beta (not for the simplified one), bias.
Status expand_skip_norm(Expansion& e) {
  const bool simplified = e.node().op == "SkipSimplifiedLayerNormalization";
  const size_t bias = simplified ? 3 : 4;
  if (simplified && (e.wants(1) || e.wants(2))) {
    return unsupported("the mean and deviation outputs have no kernel");
  }
  ValueId sum = e.add("Add", {e.in(0), e.in(1)});
  if (e.has(bias)) sum = e.add("Add", {sum, e.in(bias)});
  const Expansion::Attributes a = {{"axis", int64_t{-1}},
                                   {"epsilon", e.attributes().f("epsilon", 1e-12f)}};
  if (simplified) {
    e.give(0, e.add("RMSNormalization", {sum, e.in(2)}, a));
  } else {
    std::vector<ValueId> inputs = {sum, e.in(2)};
    if (e.has(3)) inputs.push_back(e.in(3));
    const size_t outputs = e.wants(2) ? 3 : e.wants(1) ? 2 : 1;
    const std::vector<ValueId> y = e.add_multi("LayerNormalization", inputs, outputs, a);
    for (size_t i = 0; i < outputs; ++i) {
      if (e.wants(i)) e.give(i, y[i]);
    }
  }
  if (e.wants(3)) e.give(3, sum);
  return {};
}

// The sum of the embeddings of words, places and segments, normalised; how many words count.
Status expand_embed_norm(Expansion& e) {
  HONE_RETURN_IF_ERROR(need_ranks(e, {0, 2, 3}));
  enum In { ids, segments, words, positions, kinds, gamma, beta, mask, places };
  ValueId sum = e.add("Gather", {e.in(words), e.in(ids)});
  ValueId place = graph::none;
  if (e.has(places)) {
    place = e.add("Gather", {e.in(positions), e.in(places)});
  } else {
    place = e.add("Slice", {e.in(positions), e.ints({0}), e.size(ids, 1), e.ints({0})});
  }
  sum = e.add("Add", {sum, place});
  if (e.has(kinds)) {
    ValueId kind = e.slice(e.in(kinds), 0, 0, 1);
    if (e.has(segments)) kind = e.add("Gather", {e.in(kinds), e.in(segments)});
    sum = e.add("Add", {sum, kind});
  }
  e.give(0, e.add("LayerNormalization", {sum, e.in(gamma), e.in(beta)},
                  {{"axis", int64_t{-1}}, {"epsilon", e.attributes().f("epsilon", 1e-12f)}}));
  if (e.wants(2)) e.give(2, sum);
  if (!e.wants(1)) return {};
  if (!e.has(mask)) return unsupported("a number of words that nothing tells");
  const ValueId one = e.number(1, e.fact(mask).dtype);
  const ValueId counts = e.add("Cast", {e.add("Equal", {e.in(mask), one})}, {{"to", int64_t{6}}});
  e.give(1, e.add("ReduceSum", {counts, e.ints({1})}, {{"keepdims", int64_t{0}}}));
  return {};
}

Status expand_simplified_norm(Expansion& e) {
  if (e.wants(1)) return unsupported("the deviation output has no kernel");
  e.give(0, e.add("RMSNormalization", {e.in(0), e.in(1)},
                  {{"axis", e.attributes().i("axis", -1)},
                   {"epsilon", e.attributes().f("epsilon", 1e-5f)}}));
  return {};
}

// transBatch: the first axis stands behind the other batch axes; trans: the last two are exchanged.
Status expand_fused_matmul(Expansion& e) {
  HONE_RETURN_IF_ERROR(need_ranks(e, {0, 1}));
  std::vector<ValueId> operands;
  for (size_t i : {size_t{0}, size_t{1}}) {
    std::vector<int64_t> perm(static_cast<size_t>(e.rank(i)));
    std::iota(perm.begin(), perm.end(), 0);
    const std::string side = i == 0 ? "A" : "B";
    if (perm.size() >= 2) {
      if (e.attributes().i("transBatch" + side, 0) != 0) {
        std::rotate(perm.begin(), perm.begin() + 1, perm.end() - 1);
      }
      if (e.attributes().i("trans" + side, 0) != 0) {
        std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
      }
    }
    const bool moved = !std::is_sorted(perm.begin(), perm.end());
    operands.push_back(moved ? e.transpose(e.in(i), perm) : e.in(i));
  }
  ValueId y = e.add("MatMul", operands);
  const float alpha = e.attributes().f("alpha", 1);
  if (alpha != 1) y = e.add("Mul", {y, e.number(alpha)});
  e.give(0, y);
  return {};
}

Status expand_fused_conv(Expansion& e) {
  ValueId y = e.add(renamed(e, "Conv", 11, 3));
  if (e.has(3)) y = e.add("Add", {y, e.in(3)});
  HONE_ASSIGN(y, activated(e, y, e.attributes().floats("activation_params")));
  e.give(0, y);
  return {};
}

Status expand_fused_gemm(Expansion& e) {
  std::vector<float> given;
  for (const char* name : {"activation_alpha", "activation_beta"}) {
    if (e.attributes().has(name)) given.push_back(e.attributes().f(name, 0));
  }
  HONE_ASSIGN(const ValueId y, activated(e, e.add(renamed(e, "Gemm", 13, 3)), given));
  e.give(0, y);
  return {};
}

}  // namespace hone::passes
