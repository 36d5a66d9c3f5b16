// Floating-point operators of com.microsoft that ONNX Runtime's optimiser writes: fused chains of
// ONNX's own, computed as those.
#include <algorithm>
#include <cmath>

#include "host/ops/delegate.h"
#include "host/ops/infer_util.h"
#include "host/ops/quantized.h"

namespace hone::ops {
namespace {

// Between the operators of a chain nothing is rounded.
Tensor wide(const Tensor& t) { return t ? store(DType::f64, t.dims(), load<double>(t)) : Tensor(); }
Status set_as(RefContext& ctx, const Tensor& y) {
  ctx.set(0, store(ctx.in(0).dtype(), y.dims(), load<double>(y)));
  return {};
}

template <class T>
graph::Attributes one(const char* name, T value) {
  graph::Attributes a;
  a.set(name, value);
  return a;
}

// --- Gelu, FastGelu, BiasGelu, QuickGelu --------------------------------------------------------

Status infer_gelu(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 1, 1));
  if (ctx.has_input(1) && ctx.has_rank(1) && ctx.has_rank(0) && ctx.in(0).rank() > 0) {
    HONE_RETURN_IF_ERROR(check_equal(ctx.shape(1)[0], ctx.shape(0).back(), "bias and last axis"));
  }
  return infer_same_float(ctx);
}

template <bool Tanh>
Status gelu(RefContext& ctx) {
  Tensor x = wide(ctx.in(0));
  if (ctx.has_input(1)) {
    HONE_ASSIGN(x, run_inner(ctx, {"Add", 14, {}}, {x, wide(ctx.in(1))}));
  }
  if (x.dims() != ctx.in(0).dims()) return error(Code::shape_mismatch, "the bias exceeds X");
  const auto approximate = one("approximate", std::string(Tanh ? "tanh" : "none"));
  HONE_ASSIGN(const Tensor y, run_inner(ctx, {"Gelu", 20, approximate}, {x}));
  return set_as(ctx, y);
}

Status quick_gelu(RefContext& ctx) {
  const auto alpha = one("alpha", ctx.node().attributes.f("alpha", 1.702f));
  HONE_ASSIGN(const Tensor y, run_inner(ctx, {"Swish", 24, alpha}, {wide(ctx.in(0))}));
  return set_as(ctx, y);
}

// SwiGLU of ONNX: Swish of the gate, times the value.
Status infer_swiglu(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx));
  if (ctx.has_rank(0)) {
    HONE_RETURN_IF_ERROR(check_rank(ctx, 1, ctx.in(0).rank(), ctx.in(0).rank()));
  }
  return infer_same_float(ctx);
}
Status swiglu(RefContext& ctx) {
  if (ctx.in(0).dims() != ctx.in(1).dims()) return error(Code::shape_mismatch, "A and B");
  HONE_ASSIGN(const Tensor gate,
              run_inner(ctx, {"Swish", 24, ctx.node().attributes}, {wide(ctx.in(0))}));
  HONE_ASSIGN(const Tensor y, run_inner(ctx, {"Mul", 14, {}}, {gate, wide(ctx.in(1))}));
  return set_as(ctx, y);
}

// --- SkipLayerNormalization, SkipSimplifiedLayerNormalization -----------------------------------

bool is_simplified(const Node& node) { return node.op == "SkipSimplifiedLayerNormalization"; }

// Inputs: X, skip, gamma, then beta (not for the simplified one), bias.
Status infer_skip(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2, 3));
  HONE_RETURN_IF_ERROR(infer_same_float(ctx));
  ctx.set(3, shaped_like(ctx.in(0), ctx.in(0).dtype));
  for (size_t i = 1; i < 3; ++i) {
    Fact kept = shaped_like(ctx.in(0), DType::f32);
    if (kept.has_rank()) kept.shape->back() = Dim(1);
    ctx.set(i, kept);
  }
  return {};
}

Status skip(RefContext& ctx) {
  const bool simplified = is_simplified(ctx.node());
  const size_t bias = simplified ? 3 : 4;
  HONE_ASSIGN(Tensor sum, run_inner(ctx, {"Add", 14, {}}, {wide(ctx.in(0)), wide(ctx.in(1))}));
  if (ctx.has_input(bias)) {
    HONE_ASSIGN(sum, run_inner(ctx, {"Add", 14, {}}, {sum, wide(ctx.in(bias))}));
  }
  if (sum.dims() != ctx.in(0).dims()) return error(Code::shape_mismatch, "the skip exceeds X");
  const auto epsilon = one("epsilon", ctx.node().attributes.f("epsilon", 1e-12f));
  const Inner norm{simplified ? "RMSNormalization" : "LayerNormalization", 23, epsilon};
  std::vector<Tensor> inputs{sum, wide(ctx.in(2))};
  if (!simplified) inputs.push_back(wide(optional_input(ctx, 3)));
  HONE_ASSIGN(const Tensor y, run_inner(ctx, norm, inputs));
  if (ctx.has_output(3)) {
    ctx.set(3, store(ctx.in(0).dtype(), sum.dims(), load<double>(sum)));
  }
  return set_as(ctx, y);
}

// --- FusedMatMul --------------------------------------------------------------------------------

// transBatch: the first axis stands behind the other batch axes; trans: the last two are exchanged.
Result<std::vector<int64_t>> operand_order(const Node& node, const char* which, int rank) {
  std::vector<int64_t> perm;
  for (int d = 0; d < rank; ++d) perm.push_back(d);
  const std::string name(which);
  const bool batch = node.attributes.i("transBatch" + name, 0) != 0;
  const bool trans = node.attributes.i("trans" + name, 0) != 0;
  if (rank < 2) {
    if (batch) return error(Code::shape_mismatch, "transBatch of a vector");
    return perm;
  }
  if (batch) std::rotate(perm.begin(), perm.begin() + 1, perm.end() - 1);
  if (trans) std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return perm;
}

Status infer_matmul(InferContext& ctx) {
  std::vector<Fact> facts;
  for (size_t i = 0; i < 2; ++i) {
    Fact fact = with_type(ctx.in(i), ctx.in(i).dtype);
    if (fact.has_rank()) {
      HONE_ASSIGN(const auto perm, operand_order(ctx.node(), i == 0 ? "A" : "B", fact.rank()));
      for (size_t d = 0; d < perm.size(); ++d) {
        (*fact.shape)[d] = ctx.shape(i)[static_cast<size_t>(perm[d])];
      }
    }
    facts.push_back(std::move(fact));
  }
  return infer_inner(ctx, {"MatMul", 13, {}}, facts, ctx.in(0).dtype);
}

Status matmul(RefContext& ctx) {
  std::vector<Tensor> operands;
  for (size_t i = 0; i < 2; ++i) {
    HONE_ASSIGN(auto perm, operand_order(ctx.node(), i == 0 ? "A" : "B", ctx.in(i).rank()));
    const Inner transpose{"Transpose", 13, one("perm", std::move(perm))};
    HONE_ASSIGN(Tensor t, run_inner(ctx, transpose, {wide(ctx.in(i))}));
    operands.push_back(std::move(t));
  }
  HONE_ASSIGN(const Tensor y, run_inner(ctx, {"MatMul", 13, {}}, operands));
  const auto alpha = static_cast<double>(ctx.node().attributes.f("alpha", 1));
  std::vector<double> values = load<double>(y);
  for (double& v : values) v *= alpha;
  ctx.set(0, store(ctx.in(0).dtype(), y.dims(), values));
  return {};
}

// --- FusedConv, FusedGemm -----------------------------------------------------------------------

// The activation as an operator of ONNX; its parameters come in the order of `names`.
Result<Tensor> activated(const RefContext& ctx, const Tensor& x, const std::vector<float>& given) {
  struct Known {
    const char* name;
    int64_t version;
    std::vector<const char*> names;
  };
  static const Known known[] = {{"Relu", 14, {}},
                                {"Tanh", 13, {}},
                                {"Sigmoid", 13, {}},
                                {"LeakyRelu", 16, {"alpha"}},
                                {"HardSigmoid", 6, {"alpha", "beta"}},
                                {"Elu", 6, {"alpha"}},
                                {"Softplus", 1, {}}};
  const std::string text = ctx.node().attributes.s("activation", "");
  if (text.empty()) return x;
  if (text == "Clip" && given.size() >= 2) {
    std::vector<double> values = load<double>(x);
    for (double& v : values) v = std::min<double>(std::max<double>(v, given[0]), given[1]);
    return store(DType::f64, x.dims(), values);
  }
  for (const Known& k : known) {
    if (text != k.name) continue;
    graph::Attributes a;
    for (size_t i = 0; i < std::min(given.size(), k.names.size()); ++i) {
      a.set(k.names[i], given[i]);
    }
    return run_inner(ctx, {k.name, k.version, a}, {x});
  }
  return unsupported(fmt::format("the activation '{}'", text));
}

Status infer_conv(InferContext& ctx) {
  const Inner conv{"Conv", 1, without(ctx.node().attributes, {"activation", "activation_params"})};
  return infer_inner(ctx, conv, {ctx.in(0), ctx.in(1), ctx.in(2)}, ctx.in(0).dtype);
}

Status conv(RefContext& ctx) {
  const Inner conv{"Conv", 1, without(ctx.node().attributes, {"activation", "activation_params"})};
  std::vector<Tensor> inputs{wide(ctx.in(0)), wide(ctx.in(1))};
  if (ctx.has_input(2)) inputs.push_back(wide(ctx.in(2)));
  HONE_ASSIGN(Tensor y, run_inner(ctx, conv, inputs));
  if (ctx.has_input(3)) {
    if (ctx.in(3).dims() != y.dims()) return error(Code::shape_mismatch, "Z has another shape");
    HONE_ASSIGN(y, run_inner(ctx, {"Add", 14, {}}, {y, wide(ctx.in(3))}));
  }
  HONE_ASSIGN(y, activated(ctx, y, ctx.node().attributes.floats("activation_params")));
  return set_as(ctx, y);
}

graph::Attributes gemm_attributes(const Node& node) {
  return without(node.attributes,
                 {"activation", "activation_alpha", "activation_beta", "activation_gamma"});
}

Status infer_gemm(InferContext& ctx) {
  const Inner gemm{"Gemm", 13, gemm_attributes(ctx.node())};
  return infer_inner(ctx, gemm, {ctx.in(0), ctx.in(1), ctx.in(2)}, ctx.in(0).dtype);
}

Status gemm(RefContext& ctx) {
  const graph::Attributes& a = ctx.node().attributes;
  std::vector<Tensor> inputs{wide(ctx.in(0)), wide(ctx.in(1))};
  if (ctx.has_input(2)) inputs.push_back(wide(ctx.in(2)));
  HONE_ASSIGN(Tensor y, run_inner(ctx, {"Gemm", 13, gemm_attributes(ctx.node())}, inputs));
  std::vector<float> given;
  for (const char* name : {"activation_alpha", "activation_beta"}) {
    if (a.has(name)) given.push_back(a.f(name, 0));
  }
  HONE_ASSIGN(y, activated(ctx, y, given));
  return set_as(ctx, y);
}

// --- table --------------------------------------------------------------------------------------

double eight(const Graph& graph, const Node& node) { return 8 * output_elements(graph, node); }
double conv_flops(const Graph& graph, const Node& node) {
  const ValueId w = node.input(1);
  if (w == graph::none || !graph.fact(w).has_rank() || graph.fact(w).rank() == 0) return 0;
  const Dim& filters = (*graph.fact(w).shape)[0];
  const double n = filters.is_const() ? static_cast<double>(filters.value()) : 1;
  return n <= 0 ? 0 : 2 * output_elements(graph, node) * input_elements(graph, node, 1) / n;
}
double matmul_flops(const Graph& graph, const Node& node) {
  const ValueId a = node.input(0);
  if (a == graph::none || !graph.fact(a).has_rank() || graph.fact(a).rank() == 0) return 0;
  const SymShape& shape = *graph.fact(a).shape;
  const bool trans = node.attributes.i("transA", 0) != 0 && shape.size() > 1;
  const Dim& inner = trans ? shape[shape.size() - 2] : shape.back();
  return 2 * output_elements(graph, node) *
         (inner.is_const() ? static_cast<double>(inner.value()) : 1);
}

constexpr AttrSpec alpha[] = {{"alpha", AttrType::f}};
constexpr AttrSpec epsilon[] = {{"epsilon", AttrType::f}};
constexpr AttrSpec matmul_attrs[] = {{"alpha", AttrType::f},
                                     {"transA", AttrType::i},
                                     {"transB", AttrType::i},
                                     {"transBatchA", AttrType::i},
                                     {"transBatchB", AttrType::i}};
constexpr AttrSpec conv_attrs[] = {
    {"activation", AttrType::s}, {"activation_params", AttrType::floats},
    {"auto_pad", AttrType::s},   {"dilations", AttrType::ints},
    {"group", AttrType::i},      {"kernel_shape", AttrType::ints},
    {"pads", AttrType::ints},    {"strides", AttrType::ints}};
constexpr AttrSpec gemm_attrs[] = {
    {"activation", AttrType::s},      {"activation_alpha", AttrType::f},
    {"activation_beta", AttrType::f}, {"activation_gamma", AttrType::f},
    {"alpha", AttrType::f},           {"beta", AttrType::f},
    {"transA", AttrType::i},          {"transB", AttrType::i}};
constexpr const char* ms = microsoft;
constexpr const char* skip_simplified = "SkipSimplifiedLayerNormalization";
const OpDef defs[] = {
    {"", "SwiGLU", 28, 2, 2, 1, 1, alpha, infer_swiglu, swiglu, eight},
    {ms, "Gelu", 1, 1, 1, 1, 1, {}, infer_gelu, gelu<false>, eight},
    {ms, "BiasGelu", 1, 2, 2, 1, 1, {}, infer_gelu, gelu<false>, eight},
    {ms, "FastGelu", 1, 1, 2, 1, 1, {}, infer_gelu, gelu<true>, eight, 1e-4},
    {ms, "QuickGelu", 1, 1, 1, 1, 1, alpha, infer_same_float, quick_gelu, eight},
    {ms, "SkipLayerNormalization", 1, 3, 5, 1, 4, epsilon, infer_skip, skip, eight, 1e-4},
    {ms, skip_simplified, 1, 3, 4, 1, 4, epsilon, infer_skip, skip, eight, 1e-4},
    {ms, "FusedMatMul", 1, 2, 2, 1, 1, matmul_attrs, infer_matmul, matmul, matmul_flops, 1e-4},
    {ms, "TransposeMatMul", 1, 2, 2, 1, 1, matmul_attrs, infer_matmul, matmul, matmul_flops, 1e-4},
    {ms, "FusedConv", 1, 2, 4, 1, 1, conv_attrs, infer_conv, conv, conv_flops, 1e-4},
    {ms, "FusedGemm", 1, 2, 3, 1, 1, gemm_attrs, infer_gemm, gemm, matmul_flops, 1e-4},
};

}  // namespace

std::span<const OpDef> contrib_defs() { return defs; }

}  // namespace hone::ops
