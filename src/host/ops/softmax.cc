// Softmax, LogSoftmax, Hardmax. Before version 13 the input is seen as a matrix: the axes from
// `axis` on (default 1) are one; since, one axis only (default the last).
#include <algorithm>
#include <cmath>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

Result<int> axis_of(const Node& node, int rank) {
  const bool flat = node.version < 13;
  const int64_t axis = node.attributes.i("axis", flat ? 1 : -1);
  if (flat && axis == rank) return rank;
  return normal_axis(axis, rank);
}

Status infer(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(infer_same_float(ctx));
  if (!ctx.has_rank(0)) return {};
  return axis_of(ctx.node(), ctx.in(0).rank()).status();
}

using Row = std::vector<double>;

// f16 and bf16 are rounded after every step, as computing in the type does and as the outputs of
// ONNX's suite are (NumPy's: sums of f16 are kept wider, of bf16 not); wider floats at the end.
class Rounding {
 public:
  explicit Rounding(DType t) : t_(t), narrow_(bits(t) < 32) {}
  double operator()(double v) const { return narrow_ ? round_to(t_, v) : v; }
  double partial_sum(double v) const { return t_ == DType::bf16 ? round_to(t_, v) : v; }

 private:
  DType t_;
  bool narrow_;
};

void softmax(Row& row, const Rounding& rounded) {
  const double top = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (double& v : row) {
    v = rounded(std::exp(rounded(v - top)));
    sum = rounded.partial_sum(sum + v);
  }
  for (double& v : row) v /= rounded(sum);
}
void log_softmax(Row& row, const Rounding&) {
  const double top = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (double v : row) sum += std::exp(v - top);
  for (double& v : row) v = v - top - std::log(sum);
}
void hardmax(Row& row, const Rounding&) {
  const auto top = std::max_element(row.begin(), row.end()) - row.begin();
  std::fill(row.begin(), row.end(), 0.0);
  row[static_cast<size_t>(top)] = 1;
}

template <void (*F)(Row&, const Rounding&)>
Status reference(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), x));
  HONE_ASSIGN(const int axis, axis_of(ctx.node(), x.rank()));
  const std::span<const int64_t> dims(x.dims());
  const auto at = static_cast<size_t>(axis);
  const bool flat = ctx.node().version < 13;
  const int64_t size = flat ? element_count(dims.subspan(at)) : dims[at];
  const int64_t stride = flat ? 1 : element_count(dims.subspan(at + 1));
  std::vector<double> values = load<double>(x);
  Row row(static_cast<size_t>(size));
  const int64_t rows = size == 0 ? 0 : x.count() / size;
  for (int64_t r = 0; r < rows; ++r) {
    double* first = values.data() + r / stride * stride * size + r % stride;
    for (int64_t i = 0; i < size; ++i) row[static_cast<size_t>(i)] = first[i * stride];
    F(row, Rounding(x.dtype()));
    for (int64_t i = 0; i < size; ++i) first[i * stride] = row[static_cast<size_t>(i)];
  }
  ctx.set(0, store(x.dtype(), x.dims(), values));
  return {};
}

double flops(const Graph& graph, const Node& node) { return 4 * output_elements(graph, node); }

constexpr AttrSpec attrs[] = {{"axis", AttrType::i}};
const OpDef defs[] = {
    {"", "Softmax", 1, 1, 1, 1, 1, attrs, infer, reference<softmax>, flops},
    {"", "Softmax", 13, 1, 1, 1, 1, attrs, infer, reference<softmax>, flops},
    {"", "LogSoftmax", 1, 1, 1, 1, 1, attrs, infer, reference<log_softmax>, flops},
    {"", "LogSoftmax", 13, 1, 1, 1, 1, attrs, infer, reference<log_softmax>, flops},
    {"", "Hardmax", 1, 1, 1, 1, 1, attrs, infer, reference<hardmax>, flops, 0},
    {"", "Hardmax", 13, 1, 1, 1, 1, attrs, infer, reference<hardmax>, flops, 0},
};

}  // namespace

std::span<const OpDef> softmax_defs() { return defs; }

}  // namespace hone::ops
