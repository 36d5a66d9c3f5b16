// NegativeLogLikelihoodLoss, SoftmaxCrossEntropyLoss.
#include <algorithm>
#include <cmath>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

enum class Reduction { none, mean, sum };
Result<Reduction> reduction_of(const Node& node) {
  const std::string text = node.attributes.s("reduction", "mean");
  if (text == "none") return Reduction::none;
  if (text == "mean") return Reduction::mean;
  if (text == "sum") return Reduction::sum;
  return invalid(fmt::format("reduction is '{}'", text));
}

Status infer(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1, true));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 2, 1, 1));
  HONE_ASSIGN(const Reduction r, reduction_of(ctx.node()));
  const DType t = ctx.in(0).dtype;
  ctx.set(1, shaped_like(ctx.in(0), t));
  if (r != Reduction::none) {
    ctx.set(0, t, {});
  } else if (ctx.has_rank(1)) {
    ctx.set(0, t, ctx.shape(1));
  } else {
    ctx.set_unranked(0, t);
  }
  return {};
}

// log(softmax(x)) along axis 1.
std::vector<double> log_softmax(std::vector<double> x, const Lines& lines) {
  for (int64_t i = 0; i < lines.count && lines.size > 0; ++i) {
    double* line = x.data() + lines.first(i);
    double top = line[0], sum = 0;
    for (int64_t k = 1; k < lines.size; ++k) top = std::max(top, line[k * lines.stride]);
    for (int64_t k = 0; k < lines.size; ++k) sum += std::exp(line[k * lines.stride] - top);
    for (int64_t k = 0; k < lines.size; ++k) line[k * lines.stride] -= top + std::log(sum);
  }
  return x;
}

template <bool Softmax>
Status loss(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &target = ctx.in(1);
  const Node& node = ctx.node();
  HONE_RETURN_IF_ERROR(need_float(node, x));
  HONE_ASSIGN(const Reduction r, reduction_of(node));
  if (x.rank() < 2) return error(Code::shape_mismatch, "the input's rank is below 2");
  Dims expected = x.dims();
  expected.erase(expected.begin() + 1);
  const Lines lines = lines_of(x.dims(), 1);
  std::vector<double> weights(static_cast<size_t>(lines.size), 1.0);
  if (ctx.has_input(2)) weights = load<double>(ctx.in(2));
  if (target.dims() != expected || static_cast<int64_t>(weights.size()) != lines.size) {
    return error(Code::shape_mismatch, "the target or the weights do not fit the input");
  }
  std::vector<double> scores = load<double>(x);
  if (Softmax) scores = log_softmax(std::move(scores), lines);
  const std::vector<int64_t> classes = ints_of(target);
  const bool ignores = node.attributes.has("ignore_index");
  const int64_t ignored = node.attributes.i("ignore_index", 0);
  std::vector<double> losses;
  double sum = 0, weight = 0;
  for (size_t i = 0; i < classes.size(); ++i) {
    const int64_t c = classes[i];
    if (ignores && c == ignored) {
      losses.push_back(0);
      continue;
    }
    if (c < 0 || c >= lines.size) return invalid(fmt::format("class {} of {}", c, lines.size));
    const double w = weights[static_cast<size_t>(c)];
    const int64_t at = lines.first(static_cast<int64_t>(i)) + c * lines.stride;
    losses.push_back(-scores[static_cast<size_t>(at)] * w);
    sum += losses.back();
    weight += w;
  }
  if (r == Reduction::none) {
    ctx.set(0, store(x.dtype(), expected, losses));
  } else {
    ctx.set(0, store(x.dtype(), {}, std::vector<double>{r == Reduction::sum ? sum : sum / weight}));
  }
  if (Softmax && ctx.has_output(1)) ctx.set(1, store(x.dtype(), x.dims(), scores));
  return {};
}

double flops(const Graph& graph, const Node& node) { return 4 * input_elements(graph, node); }

constexpr AttrSpec attrs[] = {{"ignore_index", AttrType::i}, {"reduction", AttrType::s}};
const OpDef defs[] = {
    {"", "NegativeLogLikelihoodLoss", 12, 2, 3, 1, 1, attrs, infer, loss<false>, flops},
    {"", "SoftmaxCrossEntropyLoss", 12, 2, 3, 1, 2, attrs, infer, loss<true>, flops},
};

}  // namespace

std::span<const OpDef> loss_defs() { return defs; }

}  // namespace hone::ops
