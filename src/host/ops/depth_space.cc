// DepthToSpace, SpaceToDepth and Hone's ChannelShuffle.
#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

Result<int64_t> block_of(const Node& node) {
  const int64_t block = node.attributes.i("blocksize", 0);
  if (block < 1 || block > INT16_MAX) return invalid(fmt::format("blocksize is {}", block));
  return block;
}

// size / by; an error where it is known not to divide.
Result<Dim> divided(const Dim& size, int64_t by, const char* what) {
  if (auto exact = exact_div(size, Dim(by))) return *exact;
  if (size.is_const()) {
    return error(Code::shape_mismatch,
                 fmt::format("{} {} is not a multiple of {}", what, size.value(), by));
  }
  return floor_div(size, Dim(by));
}

template <bool ToSpace>
Status infer(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 4, 4));
  HONE_ASSIGN(const int64_t b, block_of(ctx.node()));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, ctx.in(0).dtype);
    return {};
  }
  SymShape s = ctx.shape(0);
  if (ToSpace) {
    HONE_ASSIGN(s[1], divided(s[1], b * b, "the depth"));
    s[2] = s[2] * Dim(b);
    s[3] = s[3] * Dim(b);
  } else {
    s[1] = s[1] * Dim(b * b);
    HONE_ASSIGN(s[2], divided(s[2], b, "the height"));
    HONE_ASSIGN(s[3], divided(s[3], b, "the width"));
  }
  ctx.set(0, ctx.in(0).dtype, std::move(s));
  return {};
}

// Both are reshape, transpose, reshape: a strided copy under six axes.
Status rearrange(RefContext& ctx, const Dims& split, const std::vector<size_t>& perm,
                 const Dims& out) {
  const Dims from = row_major_strides(split);
  Dims dims, strides;
  for (size_t p : perm) {
    dims.push_back(split[p]);
    strides.push_back(from[p]);
  }
  HONE_ASSIGN(const Tensor y, strided_copy(ctx.in(0), dims, strides));
  ctx.set(0, y.reshaped(out));
  return {};
}

Status to_space(RefContext& ctx) {
  const Dims& d = ctx.in(0).dims();
  HONE_ASSIGN(const int64_t b, block_of(ctx.node()));
  if (d.size() != 4 || d[1] % (b * b) != 0) return error(Code::shape_mismatch, to_string(d));
  const int64_t depth = d[1] / (b * b);
  const Dims out{d[0], depth, d[2] * b, d[3] * b};
  if (ctx.node().attributes.s("mode", "DCR") == "CRD") {
    return rearrange(ctx, {d[0], depth, b, b, d[2], d[3]}, {0, 1, 4, 2, 5, 3}, out);
  }
  return rearrange(ctx, {d[0], b, b, depth, d[2], d[3]}, {0, 3, 4, 1, 5, 2}, out);
}

// Version 28 has a mode here too: DCR puts the block before the depth, CRD after it.
Status to_depth(RefContext& ctx) {
  const Dims& d = ctx.in(0).dims();
  HONE_ASSIGN(const int64_t b, block_of(ctx.node()));
  if (d.size() != 4 || d[2] % b != 0 || d[3] % b != 0) {
    return error(Code::shape_mismatch, to_string(d));
  }
  const Dims split{d[0], d[1], d[2] / b, b, d[3] / b, b};
  const Dims out{d[0], d[1] * b * b, d[2] / b, d[3] / b};
  const bool crd = ctx.node().attributes.s("mode", "DCR") == "CRD";
  if (crd) return rearrange(ctx, split, {0, 1, 3, 5, 2, 4}, out);
  return rearrange(ctx, split, {0, 3, 5, 1, 2, 4}, out);
}

Result<int64_t> groups_of(const Node& node) {
  const int64_t groups = node.attributes.i("groups", 0);
  if (groups < 1 || groups > INT16_MAX) return invalid(fmt::format("groups is {}", groups));
  return groups;
}

Status infer_shuffle(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 4, 4));
  HONE_ASSIGN(const int64_t groups, groups_of(ctx.node()));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, ctx.in(0).dtype);
    return {};
  }
  SymShape s = ctx.shape(0);
  HONE_RETURN_IF_ERROR(divided(s[1], groups, "the depth").status());
  ctx.set(0, ctx.in(0).dtype, std::move(s));
  return {};
}

// Channel i of group g of the operand is channel i groups + g.
Status shuffle_channels(RefContext& ctx) {
  const Dims& d = ctx.in(0).dims();
  HONE_ASSIGN(const int64_t g, groups_of(ctx.node()));
  if (d.size() != 4 || d[1] % g != 0) return error(Code::shape_mismatch, to_string(d));
  return rearrange(ctx, {d[0], g, d[1] / g, d[2], d[3]}, {0, 2, 1, 3, 4}, d);
}

constexpr AttrSpec groups[] = {{"groups", AttrType::i, true}};
constexpr AttrSpec block[] = {{"blocksize", AttrType::i, true}};
constexpr AttrSpec block_mode[] = {{"blocksize", AttrType::i, true}, {"mode", AttrType::s}};
const OpDef defs[] = {
    {"", "DepthToSpace", 1, 1, 1, 1, 1, block, infer<true>, to_space, no_flops, 0},
    {"", "DepthToSpace", 11, 1, 1, 1, 1, block_mode, infer<true>, to_space, no_flops, 0},
    {"", "SpaceToDepth", 1, 1, 1, 1, 1, block, infer<false>, to_depth, no_flops, 0},
    {graph::hone_domain, "ChannelShuffle", 1, 1, 1, 1, 1, groups, infer_shuffle, shuffle_channels,
     no_flops, 0},
    {"", "SpaceToDepth", 28, 1, 1, 1, 1, block_mode, infer<false>, to_depth, no_flops, 0},
};

}  // namespace

std::span<const OpDef> depth_space_defs() { return defs; }

}  // namespace hone::ops
