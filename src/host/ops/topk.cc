// TopK.
#include <algorithm>
#include <numeric>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

Status infer(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 1));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, t);
    ctx.set_unranked(1, DType::i64);
    return {};
  }
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", -1), ctx.in(0).rank()));
  Dim k = ctx.unknown(0, axis);
  if (ctx.node().version < 10) {
    k = Dim(ctx.node().attributes.i("k", 0));
  } else if (const auto content = ctx.sizes(1)) {
    if (content->size() != 1) return error(Code::shape_mismatch, "K is not one number");
    k = content->front();
  }
  SymShape out = ctx.shape(0);
  Dim& size = out[static_cast<size_t>(axis)];
  if (k.is_const() && (k.value() < 0 || (size.is_const() && k.value() > size.value()))) {
    return error(Code::shape_mismatch,
                 fmt::format("the top {} of {} elements", k.value(), to_string(size)));
  }
  size = k;
  ctx.set(0, t, out);
  ctx.set(1, DType::i64, std::move(out));
  return {};
}

// Equal elements stay in the order of their indices; NaN comes last.
template <class W>
bool precedes(W a, W b, bool largest) {
  if (a != a || b != b) return b != b && a == a;
  return largest ? a > b : a < b;
}

Status reference(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  const Node& node = ctx.node();
  HONE_ASSIGN(const int axis, normal_axis(node.attributes.i("axis", -1), x.rank()));
  int64_t k = node.attributes.i("k", 0);
  if (node.version >= 10) {
    HONE_ASSIGN(k, scalar_int(ctx, 1));
  }
  const Lines lines = lines_of(x.dims(), axis);
  if (k < 0 || k > lines.size) {
    return error(Code::shape_mismatch, fmt::format("the top {} of {} elements", k, lines.size));
  }
  const bool largest = node.attributes.i("largest", 1) != 0;
  Dims dims = x.dims();
  dims[static_cast<size_t>(axis)] = k;
  const Lines out = lines_of(dims, axis);
  return in_domain(node, x.dtype(), [&]<class W>() -> Status {
    const std::vector<W> xs = load<W>(x);
    std::vector<W> values(static_cast<size_t>(element_count(dims)));
    std::vector<int64_t> indices(values.size());
    std::vector<int64_t> order(static_cast<size_t>(lines.size));
    for (int64_t i = 0; i < lines.count && k > 0; ++i) {
      const W* line = xs.data() + lines.first(i);
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        return precedes(line[a * lines.stride], line[b * lines.stride], largest);
      });
      for (int64_t j = 0; j < k; ++j) {
        const auto to = static_cast<size_t>(out.first(i) + j * out.stride);
        indices[to] = order[static_cast<size_t>(j)];
        values[to] = line[indices[to] * lines.stride];
      }
    }
    ctx.set(0, store(x.dtype(), dims, values));
    ctx.set(1, Tensor::of<int64_t>(dims, indices));
    return {};
  });
}

double flops(const Graph& graph, const Node& node) { return 8 * input_elements(graph, node); }

constexpr AttrSpec attrs_1[] = {{"axis", AttrType::i}, {"k", AttrType::i, true}};
constexpr AttrSpec attrs_10[] = {{"axis", AttrType::i}};
constexpr AttrSpec attrs_11[] = {
    {"axis", AttrType::i}, {"largest", AttrType::i}, {"sorted", AttrType::i}};
const OpDef defs[] = {
    {"", "TopK", 1, 1, 1, 2, 2, attrs_1, infer, reference, flops, 0},
    {"", "TopK", 10, 2, 2, 2, 2, attrs_10, infer, reference, flops, 0},
    {"", "TopK", 11, 2, 2, 2, 2, attrs_11, infer, reference, flops, 0},
};

}  // namespace

std::span<const OpDef> topk_defs() { return defs; }

}  // namespace hone::ops
