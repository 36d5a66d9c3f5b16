// BatchNormalization (inference), InstanceNormalization, LayerNormalization.
#include <cmath>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

Status check_channels(const InferContext& ctx, size_t first, size_t end) {
  for (size_t i = first; i < end; ++i) {
    HONE_RETURN_IF_ERROR(check_rank(ctx, i, 1, 1));
    if (!ctx.has_rank(0) || ctx.in(0).rank() < 2 || !ctx.has_rank(i)) continue;
    const std::string what = fmt::format("channels of X and size of input {}", i);
    HONE_RETURN_IF_ERROR(check_equal(ctx.shape(0)[1], ctx.shape(i)[0], what.c_str()));
  }
  return {};
}

// y = x * scale[c] + shift[c] with c along axis 1.
Status per_channel(RefContext& ctx, const std::vector<double>& scale,
                   const std::vector<double>& shift) {
  const Tensor& x = ctx.in(0);
  const int64_t channels = x.rank() > 1 ? x.dims()[1] : 1;
  if (static_cast<int64_t>(scale.size()) != channels || scale.size() != shift.size()) {
    return error(Code::shape_mismatch, "the parameters do not have X's channels");
  }
  int64_t plane = 1;
  for (size_t d = 2; d < x.dims().size(); ++d) plane *= x.dims()[d];
  std::vector<double> values = load<double>(x);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto c = static_cast<size_t>(static_cast<int64_t>(i) / plane % channels);
    values[i] = values[i] * scale[c] + shift[c];
  }
  ctx.set(0, store(x.dtype(), x.dims(), values));
  return {};
}

// --- BatchNormalization
// -----------------------------------------------------------------------------

Status infer_batch(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_channels(ctx, 1, 5));
  for (size_t i = 1; i < ctx.outputs(); ++i) {
    ctx.set(i, ctx.in(i < 3 ? i + 2 : i));
  }
  return infer_same(ctx);
}

// training_mode: the batch's own moments normalise, and move the running ones.
Status batch_training(RefContext& ctx, double epsilon) {
  const Tensor& x = ctx.in(0);
  const int64_t channels = x.rank() > 1 ? x.dims()[1] : 1;
  int64_t plane = 1;
  for (size_t d = 2; d < x.dims().size(); ++d) plane *= x.dims()[d];
  std::vector<double> scale = load<double>(ctx.in(1)), shift = load<double>(ctx.in(2));
  std::vector<double> mean = load<double>(ctx.in(3)), variance = load<double>(ctx.in(4));
  const auto n = static_cast<size_t>(channels);
  if (scale.size() != n || shift.size() != n || mean.size() != n || variance.size() != n) {
    return error(Code::shape_mismatch, "the parameters do not have X's channels");
  }
  const std::vector<double> xs = load<double>(x);
  const auto momentum = static_cast<double>(ctx.node().attributes.f("momentum", 0.9f));
  const double count = static_cast<double>(x.count()) / static_cast<double>(channels);
  std::vector<double> sum(n, 0), squares(n, 0);
  const auto channel = [&](size_t i) {
    return static_cast<size_t>(static_cast<int64_t>(i) / plane % channels);
  };
  for (size_t i = 0; i < xs.size(); ++i) sum[channel(i)] += xs[i] / count;
  for (size_t i = 0; i < xs.size(); ++i) {
    squares[channel(i)] += std::pow(xs[i] - sum[channel(i)], 2) / count;
  }
  for (size_t c = 0; c < n; ++c) {
    scale[c] /= std::sqrt(squares[c] + epsilon);
    shift[c] -= sum[c] * scale[c];
    mean[c] = mean[c] * momentum + sum[c] * (1 - momentum);
    variance[c] = variance[c] * momentum + squares[c] * (1 - momentum);
  }
  if (ctx.has_output(1)) ctx.set(1, store(ctx.in(3).dtype(), {channels}, mean));
  if (ctx.has_output(2)) ctx.set(2, store(ctx.in(4).dtype(), {channels}, variance));
  return per_channel(ctx, scale, shift);
}

Status batch(RefContext& ctx) {
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), ctx.in(0)));
  const Node& node = ctx.node();
  const auto epsilon = static_cast<double>(node.attributes.f("epsilon", 1e-5f));
  if (node.attributes.i("training_mode", 0) != 0) return batch_training(ctx, epsilon);
  if (node.attributes.i("spatial", 1) == 0) return unsupported("spatial = 0");
  for (size_t i = 1; i < node.outputs.size(); ++i) {
    if (ctx.has_output(i)) return unsupported("training outputs");
  }
  std::vector<double> scale = load<double>(ctx.in(1)), shift = load<double>(ctx.in(2));
  const std::vector<double> mean = load<double>(ctx.in(3)), variance = load<double>(ctx.in(4));
  if (shift.size() != scale.size() || mean.size() != scale.size() ||
      variance.size() != scale.size()) {
    return error(Code::shape_mismatch, "scale, B, mean and variance have different sizes");
  }
  for (size_t c = 0; c < scale.size(); ++c) {
    scale[c] /= std::sqrt(variance[c] + epsilon);
    shift[c] -= mean[c] * scale[c];
  }
  return per_channel(ctx, scale, shift);
}

// --- InstanceNormalization, LayerNormalization
// --------------------------------------------------------

struct Moments {
  double mean = 0, inverse_deviation = 0;
};
Moments moments(const double* x, int64_t n, double epsilon) {
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < n; ++i) sum += x[i];
  const double mean = sum / static_cast<double>(n);
  for (int64_t i = 0; i < n; ++i) squares += (x[i] - mean) * (x[i] - mean);
  return {mean, 1 / std::sqrt(squares / static_cast<double>(n) + epsilon)};
}

Status infer_instance(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3));
  HONE_RETURN_IF_ERROR(check_channels(ctx, 1, 3));
  return infer_same(ctx);
}

Status instance(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), x));
  const auto epsilon = static_cast<double>(ctx.node().attributes.f("epsilon", 1e-5f));
  const std::vector<double> scale = load<double>(ctx.in(1)), shift = load<double>(ctx.in(2));
  if (x.rank() < 2 || static_cast<int64_t>(scale.size()) != x.dims()[1] ||
      scale.size() != shift.size()) {
    return error(Code::shape_mismatch, "the parameters do not have X's channels");
  }
  std::vector<double> values = load<double>(x);
  const int64_t planes = x.dims()[0] * x.dims()[1];
  const int64_t size = planes == 0 ? 0 : x.count() / planes;
  for (int64_t p = 0; p < planes; ++p) {
    const Moments m = moments(values.data() + p * size, size, epsilon);
    const auto c = static_cast<size_t>(p % x.dims()[1]);
    for (int64_t i = p * size; i < (p + 1) * size; ++i) {
      double& v = values[static_cast<size_t>(i)];
      v = (v - m.mean) * m.inverse_deviation * scale[c] + shift[c];
    }
  }
  ctx.set(0, store(x.dtype(), x.dims(), values));
  return {};
}

Status infer_layer(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  const auto stash = static_cast<DType>(ctx.node().attributes.i("stash_type", 1));
  if (!is_float(stash)) return invalid("stash_type is not a floating-point type");
  HONE_RETURN_IF_ERROR(infer_same(ctx));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(1, stash);
    ctx.set_unranked(2, stash);
    return {};
  }
  SymShape kept = ctx.shape(0);
  HONE_ASSIGN(const int axis, normal_axis(ctx.node().attributes.i("axis", -1), ctx.in(0).rank()));
  std::fill(kept.begin() + axis, kept.end(), Dim(1));
  ctx.set(1, stash, kept);
  ctx.set(2, stash, std::move(kept));
  return {};
}

// The value that an optional scale or bias holds for every element of the normalised part.
Result<std::vector<double>> spread(const RefContext& ctx, size_t i, const Dims& inner,
                                   double absent) {
  const auto n = static_cast<size_t>(element_count(inner));
  if (!ctx.has_input(i)) return std::vector<double>(n, absent);
  const Tensor& t = ctx.in(i);
  HONE_ASSIGN(const Dims dims, broadcast_dims(t.dims(), inner));
  if (dims != inner) return error(Code::shape_mismatch, "scale or bias is larger than X");
  const std::vector<double> values = load<double>(t);
  std::vector<double> out(n);
  Walk<1> walk(inner, {broadcast_strides(t.dims(), inner)});
  for (double& v : out) {
    v = values[static_cast<size_t>(walk.offset())];
    walk.next();
  }
  return out;
}

Status layer(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), x));
  const Node& node = ctx.node();
  HONE_ASSIGN(const int axis, normal_axis(node.attributes.i("axis", -1), x.rank()));
  const auto epsilon = static_cast<double>(node.attributes.f("epsilon", 1e-5f));
  const Dims inner(x.dims().begin() + axis, x.dims().end());
  Dims kept = x.dims();
  std::fill(kept.begin() + axis, kept.end(), 1);
  HONE_ASSIGN(const std::vector<double> scale, spread(ctx, 1, inner, 1.0));
  HONE_ASSIGN(const std::vector<double> bias, spread(ctx, 2, inner, 0.0));
  std::vector<double> values = load<double>(x), means, deviations;
  const int64_t size = element_count(inner), rows = element_count(kept);
  for (int64_t r = 0; r < rows; ++r) {
    double* row = values.data() + r * size;
    const Moments m = moments(row, size, epsilon);
    for (int64_t i = 0; i < size; ++i) {
      const auto at = static_cast<size_t>(i);
      row[i] = (row[i] - m.mean) * m.inverse_deviation * scale[at] + bias[at];
    }
    means.push_back(m.mean);
    deviations.push_back(m.inverse_deviation);
  }
  const auto stash = static_cast<DType>(node.attributes.i("stash_type", 1));
  ctx.set(0, store(x.dtype(), x.dims(), values));
  if (ctx.has_output(1)) ctx.set(1, store(stash, kept, means));
  if (ctx.has_output(2)) ctx.set(2, store(stash, kept, deviations));
  return {};
}

double twice(const Graph& graph, const Node& node) { return 2 * output_elements(graph, node); }
double eight(const Graph& graph, const Node& node) { return 8 * output_elements(graph, node); }

constexpr AttrSpec batch_7[] = {
    {"epsilon", AttrType::f}, {"momentum", AttrType::f}, {"spatial", AttrType::i}};
constexpr AttrSpec batch_9[] = {{"epsilon", AttrType::f}, {"momentum", AttrType::f}};
constexpr AttrSpec batch_14[] = {
    {"epsilon", AttrType::f}, {"momentum", AttrType::f}, {"training_mode", AttrType::i}};
constexpr AttrSpec epsilon[] = {{"epsilon", AttrType::f}};
constexpr AttrSpec layer_attrs[] = {
    {"axis", AttrType::i}, {"epsilon", AttrType::f}, {"stash_type", AttrType::i}};
const OpDef defs[] = {
    {"", "BatchNormalization", 7, 5, 5, 1, 5, batch_7, infer_batch, batch, twice},
    {"", "BatchNormalization", 9, 5, 5, 1, 5, batch_9, infer_batch, batch, twice},
    {"", "BatchNormalization", 14, 5, 5, 1, 3, batch_14, infer_batch, batch, twice},
    {"", "InstanceNormalization", 6, 3, 3, 1, 1, epsilon, infer_instance, instance, eight, 1e-4},
    // ONNX Runtime's optimiser writes it into files of any opset.
    {"", "LayerNormalization", 1, 2, 3, 1, 3, layer_attrs, infer_layer, layer, eight, 1e-4},
    {"", "LayerNormalization", 17, 2, 3, 1, 3, layer_attrs, infer_layer, layer, eight, 1e-4},
};

}  // namespace

std::span<const OpDef> normalization_defs() { return defs; }

}  // namespace hone::ops
