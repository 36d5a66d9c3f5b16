// Normalizations: RMS (and ONNX Runtime's SimplifiedLayerNormalization), Group, Lp, MeanVariance,
// LRN. Batch, Instance and Layer are in normalization.cc.
#include <algorithm>
#include <cmath>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

double epsilon_of(const Node& node) {
  return static_cast<double>(node.attributes.f("epsilon", 1e-5f));
}

// --- RMSNormalization ---------------------------------------------------------------------------

Status infer_rms(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_float(ctx, 1));
  const DType t = ctx.in(1).dtype != DType::none ? ctx.in(1).dtype : ctx.in(0).dtype;
  ctx.set(0, shaped_like(ctx.in(0), t));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(1, DType::f32);
    return {};
  }
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", -1), ctx.in(0).rank()));
  SymShape kept = ctx.shape(0);
  std::fill(kept.begin() + axis, kept.end(), Dim(1));
  ctx.set(1, DType::f32, std::move(kept));
  return {};
}

Status rms(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &scale = ctx.in(1);
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), x));
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", -1), x.rank()));
  HONE_ASSIGN(const Dims both, broadcast_dims(scale.dims(), x.dims()));
  if (both != x.dims()) return error(Code::shape_mismatch, "the scale is larger than X");
  std::vector<double> values = load<double>(x), inverses;
  const std::vector<double> scales = load<double>(scale);
  Dims kept = x.dims();
  std::fill(kept.begin() + axis, kept.end(), 1);
  const int64_t rows = element_count(kept);
  const auto size = static_cast<size_t>(rows == 0 ? 0 : x.count() / rows);
  Walk<1> walk(x.dims(), {broadcast_strides(scale.dims(), x.dims())});
  for (int64_t r = 0; r < rows; ++r) {
    double* row = values.data() + static_cast<size_t>(r) * size;
    double squares = 0;
    for (size_t i = 0; i < size; ++i) squares += row[i] * row[i];
    inverses.push_back(1 / std::sqrt(squares / static_cast<double>(size) + epsilon_of(ctx.node())));
    for (size_t i = 0; i < size; ++i, walk.next()) {
      // The normalised value is one of X's type.
      row[i] = round_to(x.dtype(), row[i] * inverses.back()) *
               scales[static_cast<size_t>(walk.offset())];
    }
  }
  ctx.set(0, store(scale.dtype(), x.dims(), values));
  if (ctx.has_output(1)) ctx.set(1, store(DType::f32, kept, inverses));
  return {};
}

// --- GroupNormalization -------------------------------------------------------------------------

Status infer_group(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2));
  const int64_t groups = ctx.node().attributes.i("num_groups", 1);
  if (groups < 1) return invalid(fmt::format("num_groups is {}", groups));
  for (size_t i = 1; i < 3; ++i) {
    HONE_RETURN_IF_ERROR(check_rank(ctx, i, 1, 1));
    if (!ctx.has_rank(i) || !ctx.has_rank(0)) continue;
    const Dim wanted = ctx.node().version < 21 ? Dim(groups) : ctx.shape(0)[1];
    HONE_RETURN_IF_ERROR(check_equal(ctx.shape(i)[0], wanted, "sizes of scale or bias and X"));
  }
  return infer_same(ctx);
}

Status group(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), x));
  const int64_t groups = ctx.node().attributes.i("num_groups", 1);
  const std::vector<double> scale = load<double>(ctx.in(1)), bias = load<double>(ctx.in(2));
  const int64_t channels = x.rank() < 2 ? 0 : x.dims()[1];
  const int64_t params = ctx.node().version < 21 ? groups : channels;
  if (groups < 1 || channels % groups != 0 || x.rank() < 2 || scale.size() != bias.size() ||
      static_cast<int64_t>(scale.size()) != params) {
    return error(Code::shape_mismatch, "the groups or parameters do not fit X's channels");
  }
  std::vector<double> values = load<double>(x);
  const int64_t count = x.dims()[0] * groups;
  const int64_t size = count == 0 || values.empty() ? 0 : x.count() / count;
  const int64_t plane = size == 0 ? 1 : size / (channels / groups);
  for (int64_t g = 0; g < count && size > 0; ++g) {
    double* row = values.data() + g * size;
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < size; ++i) mean += row[i] / static_cast<double>(size);
    for (int64_t i = 0; i < size; ++i) {
      variance += (row[i] - mean) * (row[i] - mean) / static_cast<double>(size);
    }
    const double inverse = 1 / std::sqrt(variance + epsilon_of(ctx.node()));
    for (int64_t i = 0; i < size; ++i) {
      const int64_t channel = g % groups * (channels / groups) + i / plane;
      const auto p = static_cast<size_t>(params == channels ? channel : g % groups);
      row[i] = (row[i] - mean) * inverse * scale[p] + bias[p];
    }
  }
  ctx.set(0, store(x.dtype(), x.dims(), values));
  return {};
}

// --- LpNormalization ----------------------------------------------------------------------------

Status infer_lp(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(infer_same_float(ctx));
  const int64_t p = ctx.node().attributes.i("p", 2);
  if (p != 1 && p != 2) return invalid(fmt::format("p is {}, not 1 or 2", p));
  if (!ctx.has_rank(0)) return {};
  return normal_axis(ctx.node().attributes.i("axis", -1), ctx.in(0).rank()).status();
}

Status lp(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", -1), x.rank()));
  const bool absolute = ctx.node().attributes.i("p", 2) == 1;
  const Lines lines = lines_of(x.dims(), axis);
  std::vector<double> values = load<double>(x);
  for (int64_t i = 0; i < lines.count && lines.size > 0; ++i) {
    double* line = values.data() + lines.first(i);
    double norm = 0;
    for (int64_t k = 0; k < lines.size; ++k) {
      const double v = line[k * lines.stride];
      norm += absolute ? std::fabs(v) : v * v;
    }
    if (!absolute) norm = std::sqrt(norm);
    for (int64_t k = 0; k < lines.size; ++k) {
      double& v = line[k * lines.stride];
      v = norm == 0 ? 0 : v / norm;
    }
  }
  ctx.set(0, store(x.dtype(), x.dims(), values));
  return {};
}

// --- MeanVarianceNormalization ------------------------------------------------------------------

Status infer_mvn(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(infer_same_float(ctx));
  if (!ctx.has_rank(0)) return {};
  return normal_axes(ctx.node().attributes.ints("axes", {0, 2, 3}), ctx.in(0).rank()).status();
}

Status mvn(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const std::vector<int> axes,
              normal_axes(ctx.node().attributes.ints("axes", {0, 2, 3}), x.rank()));
  Dims kept = x.dims();
  for (int a : axes) kept[static_cast<size_t>(a)] = 1;
  std::vector<double> values = load<double>(x);
  const auto groups = static_cast<size_t>(element_count(kept));
  std::vector<double> mean(groups, 0), variance(groups, 0);
  const double count = static_cast<double>(values.size()) / static_cast<double>(groups);
  const auto each = [&](auto&& f) {
    Walk<1> walk(x.dims(), {broadcast_strides(kept, x.dims())});
    for (double& v : values) {
      f(v, static_cast<size_t>(walk.offset()));
      walk.next();
    }
  };
  each([&](double v, size_t g) { mean[g] += v / count; });
  each([&](double v, size_t g) { variance[g] += (v - mean[g]) * (v - mean[g]) / count; });
  each([&](double& v, size_t g) { v = (v - mean[g]) / (std::sqrt(variance[g]) + 1e-9); });
  ctx.set(0, store(x.dtype(), x.dims(), values));
  return {};
}

// --- LRN ----------------------------------------------------------------------------------------

Status infer_lrn(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2));
  const int64_t size = ctx.node().attributes.i("size", 0);
  if (size < 1 || size > INT32_MAX) return invalid(fmt::format("size is {}", size));
  return infer_same_float(ctx);
}

Status lrn(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (x.rank() < 2) return error(Code::shape_mismatch, "X has a rank below 2");
  const int64_t size = ctx.node().attributes.i("size", 0);
  if (size < 1 || size > INT32_MAX) return invalid(fmt::format("size is {}", size));
  const auto alpha = static_cast<double>(ctx.node().attributes.f("alpha", 1e-4f));
  const auto beta = static_cast<double>(ctx.node().attributes.f("beta", 0.75f));
  const auto bias = static_cast<double>(ctx.node().attributes.f("bias", 1));
  const Lines lines = lines_of(x.dims(), 1);
  const std::vector<double> values = load<double>(x);
  std::vector<double> out(values.size());
  for (int64_t i = 0; i < lines.count && lines.size > 0; ++i) {
    for (int64_t c = 0; c < lines.size; ++c) {
      double squares = 0;
      const int64_t last = std::min(lines.size - 1, c + size / 2);
      for (int64_t k = std::max<int64_t>(0, c - (size - 1) / 2); k <= last; ++k) {
        const double v = values[static_cast<size_t>(lines.first(i) + k * lines.stride)];
        squares += v * v;
      }
      const auto at = static_cast<size_t>(lines.first(i) + c * lines.stride);
      out[at] = values[at] / std::pow(bias + alpha / static_cast<double>(size) * squares, beta);
    }
  }
  ctx.set(0, store(x.dtype(), x.dims(), out));
  return {};
}

double eight(const Graph& graph, const Node& node) { return 8 * output_elements(graph, node); }
double lrn_flops(const Graph& graph, const Node& node) {
  const auto size = static_cast<double>(node.attributes.i("size", 1));
  return 2 * std::max(1.0, std::min(size, 4096.0)) * output_elements(graph, node);
}

constexpr AttrSpec rms_attrs[] = {
    {"axis", AttrType::i}, {"epsilon", AttrType::f}, {"stash_type", AttrType::i}};
constexpr AttrSpec group_18[] = {{"epsilon", AttrType::f}, {"num_groups", AttrType::i, true}};
constexpr AttrSpec group_21[] = {
    {"epsilon", AttrType::f}, {"num_groups", AttrType::i, true}, {"stash_type", AttrType::i}};
constexpr AttrSpec lp_attrs[] = {{"axis", AttrType::i}, {"p", AttrType::i}};
constexpr AttrSpec mvn_attrs[] = {{"axes", AttrType::ints}};
constexpr AttrSpec lrn_attrs[] = {{"alpha", AttrType::f},
                                  {"beta", AttrType::f},
                                  {"bias", AttrType::f},
                                  {"size", AttrType::i, true}};
const OpDef defs[] = {
    {"", "RMSNormalization", 23, 2, 2, 1, 1, rms_attrs, infer_rms, rms, eight, 1e-4},
    // ONNX Runtime writes it into the domain of ONNX, which does not have it.
    {"", "SimplifiedLayerNormalization", 1, 2, 2, 1, 2, rms_attrs, infer_rms, rms, eight, 1e-4},
    {"", "GroupNormalization", 18, 3, 3, 1, 1, group_18, infer_group, group, eight, 1e-4},
    {"", "GroupNormalization", 21, 3, 3, 1, 1, group_21, infer_group, group, eight, 1e-4},
    {"", "LpNormalization", 1, 1, 1, 1, 1, lp_attrs, infer_lp, lp, eight, 1e-4},
    {"", "MeanVarianceNormalization", 9, 1, 1, 1, 1, mvn_attrs, infer_mvn, mvn, eight, 1e-4},
    {"", "LRN", 1, 1, 1, 1, 1, lrn_attrs, infer_lrn, lrn, lrn_flops, 1e-4},
};

}  // namespace

std::span<const OpDef> norms_defs() { return defs; }

}  // namespace hone::ops
