// Transpose.
#include <algorithm>
#include <numeric>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

Result<std::vector<int>> permutation(const Node& node, int rank) {
  std::vector<int64_t> perm(static_cast<size_t>(rank));
  std::iota(perm.rbegin(), perm.rend(), 0);
  if (node.attributes.has("perm")) perm = node.attributes.ints("perm");
  if (perm.size() != static_cast<size_t>(rank)) {
    return error(Code::shape_mismatch,
                 fmt::format("perm has {} entries for rank {}", perm.size(), rank));
  }
  return normal_axes(perm, rank);
}

Status infer(InferContext& ctx) {
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, ctx.in(0).dtype);
    return {};
  }
  HONE_ASSIGN(const std::vector<int> perm, permutation(ctx.node(), ctx.in(0).rank()));
  SymShape out;
  for (int p : perm) out.push_back(ctx.shape(0)[static_cast<size_t>(p)]);
  ctx.set(0, ctx.in(0).dtype, std::move(out));
  if (auto content = ctx.content(0)) ctx.set_content(0, std::move(*content));
  return {};
}

Status reference(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const std::vector<int> perm, permutation(ctx.node(), x.rank()));
  const Dims in_strides = row_major_strides(x.dims());
  Dims dims, strides;
  for (int p : perm) {
    dims.push_back(x.dims()[static_cast<size_t>(p)]);
    strides.push_back(in_strides[static_cast<size_t>(p)]);
  }
  HONE_ASSIGN(Tensor y, strided_copy(x, std::move(dims), strides));
  ctx.set(0, std::move(y));
  return {};
}

constexpr AttrSpec attrs[] = {{"perm", AttrType::ints}};
const OpDef defs[] = {{"", "Transpose", 1, 1, 1, 1, 1, attrs, infer, reference, no_flops}};

}  // namespace

std::span<const OpDef> transpose_defs() { return defs; }

}  // namespace hone::ops
