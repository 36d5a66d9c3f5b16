// Conv.
#include "host/ops/conv_ref.h"
#include "host/ops/infer_util.h"

namespace hone::ops {
namespace {

// Kernel sizes: the attribute's, which W's must agree with, or W's where they are known; empty
// where nothing is.
Result<std::vector<int64_t>> kernel_sizes(const InferContext& ctx, size_t spatial) {
  std::vector<int64_t> kernel = ctx.node().attributes.ints("kernel_shape");
  if (!kernel.empty() && kernel.size() != spatial) {
    return invalid(fmt::format("kernel_shape has {} entries, not {}", kernel.size(), spatial));
  }
  if (!ctx.has_rank(1)) return kernel;
  const SymShape& w = ctx.shape(1);
  std::vector<int64_t> own;
  for (size_t i = 2; i < w.size(); ++i) {
    if (!w[i].is_const()) return kernel;
    own.push_back(w[i].value());
  }
  if (!kernel.empty() && kernel != own) {
    return error(Code::shape_mismatch, fmt::format("kernel_shape is {}, but W has {}",
                                                   to_string(kernel), to_string(own)));
  }
  return own;
}

Status check_channels(const InferContext& ctx, int64_t group) {
  if (!ctx.has_rank(0) || !ctx.has_rank(1)) return {};
  const Dim channels = ctx.shape(1)[1] * Dim(group);
  HONE_RETURN_IF_ERROR(check_equal(ctx.shape(0)[1], channels, "channels of X and W x group"));
  const Dim& filters = ctx.shape(1)[0];
  if (filters.is_const() && filters.value() % group != 0) {
    return error(Code::shape_mismatch,
                 fmt::format("{} filters do not divide into {} groups", filters.value(), group));
  }
  if (!ctx.has_input(2) || !ctx.has_rank(2)) return {};
  return check_equal(ctx.shape(2)[0], filters, "sizes of B and W");
}

}  // namespace

Status infer_conv(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx));
  return infer_convolution(ctx, ctx.in(0).dtype);
}

Status infer_convolution(InferContext& ctx, DType t) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 3));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 2, 1, 1));
  if (!ctx.has_rank(0) && !ctx.has_rank(1)) {
    ctx.set_unranked(0, t);
    return {};
  }
  const int rank = ctx.in(ctx.has_rank(0) ? 0 : 1).rank();
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, rank, rank));
  const int64_t group = ctx.node().attributes.i("group", 1);
  if (group < 1 || group > INT32_MAX) return invalid(fmt::format("group is {}", group));
  HONE_RETURN_IF_ERROR(check_channels(ctx, group));
  const auto spatial = static_cast<size_t>(rank - 2);
  HONE_ASSIGN(std::vector<int64_t> kernel, kernel_sizes(ctx, spatial));
  SymShape out{ctx.has_rank(0) ? ctx.shape(0)[0] : ctx.unknown(0, 0),
               ctx.has_rank(1) ? ctx.shape(1)[0] : ctx.unknown(0, 1)};
  const bool known = ctx.has_rank(0) && !kernel.empty();
  // The attributes are checked even where the kernel's size is not known.
  if (kernel.empty()) kernel.assign(spatial, 1);
  HONE_ASSIGN(const Window w, window_of(ctx.node(), spatial, kernel));
  for (size_t i = 0; i < spatial; ++i) {
    out.push_back(ctx.unknown(0, static_cast<int>(i) + 2));
    if (known) {
      HONE_ASSIGN(out.back(), window_count(w, i, ctx.shape(0)[i + 2]));
    }
  }
  ctx.set(0, t, std::move(out));
  return {};
}

double conv_flops(const Graph& graph, const Node& node) {
  if (node.inputs.size() < 2 || node.output(0) == graph::none) return 0;
  const Fact& w = graph.fact(node.inputs[1]);
  if (!w.has_rank() || w.rank() < 2) return 0;
  const double filters = (*w.shape)[0].is_const() ? double((*w.shape)[0].value()) : 1;
  return filters <= 0 ? 0 : 2 * elements(graph.fact(node.output(0))) * elements(w) / filters;
}

namespace {

// One filter tap: out[o] += tap * x[o * strides + offset] wherever that lies inside.
struct Tap {
  double weight;
  std::vector<int64_t> at;  // offset per spatial axis, padding subtracted
};

// Output positions along axis i whose input o * stride + at lies in [0, size).
std::pair<int64_t, int64_t> inside(int64_t at, int64_t stride, int64_t size, int64_t count) {
  const int64_t first = at >= 0 ? 0 : (-at + stride - 1) / stride;
  const int64_t last = size - 1 - at < 0 ? -1 : (size - 1 - at) / stride;
  return {first, std::min(last + 1, count)};
}

class Plane {
 public:
  Plane(Dims in, Dims out, std::vector<int64_t> strides)
      : in_(std::move(in)), out_(std::move(out)), strides_(std::move(strides)) {}

  void add(const Tap& tap, const double* x, double* y) const { add(tap, 0, x, y); }

 private:
  void add(const Tap& tap, size_t d, const double* x, double* y) const {
    const auto [first, last] = inside(tap.at[d], strides_[d], in_[d], out_[d]);
    if (d + 1 == in_.size()) {
      for (int64_t o = first; o < last; ++o) y[o] += tap.weight * x[o * strides_[d] + tap.at[d]];
      return;
    }
    int64_t x_row = 1, y_row = 1;
    for (size_t k = d + 1; k < in_.size(); ++k) {
      x_row *= in_[k];
      y_row *= out_[k];
    }
    for (int64_t o = first; o < last; ++o) {
      add(tap, d + 1, x + (o * strides_[d] + tap.at[d]) * x_row, y + o * y_row);
    }
  }

  Dims in_, out_;
  std::vector<int64_t> strides_;
};

Status check_operands(const Tensor& x, const Tensor& w, const Tensor* bias, int64_t group) {
  const bool ranks = x.rank() >= 3 && w.rank() == x.rank();
  const bool groups = group >= 1 && group <= INT32_MAX;
  if (ranks && groups && x.dims()[1] == w.dims()[1] * group && w.dims()[0] % group == 0 &&
      (bias == nullptr || (bias->rank() == 1 && bias->count() == w.dims()[0]))) {
    return {};
  }
  return error(Code::shape_mismatch,
               fmt::format("X {}, W {}, B {}, group {}", to_string(x.dims()), to_string(w.dims()),
                           bias ? to_string(bias->dims()) : "none", group));
}

// The taps of one kernel position, as offsets into the input.
std::vector<int64_t> tap_offsets(const Dims& index, const Window& window,
                                 const std::vector<int64_t>& pads) {
  std::vector<int64_t> at(index.size());
  for (size_t i = 0; i < at.size(); ++i) at[i] = index[i] * window.dilations[i] - pads[i];
  return at;
}

}  // namespace

Result<ConvResult> convolve(const Node& node, const Tensor& x, const Tensor& w,
                            const Tensor* bias) {
  const int64_t group = node.attributes.i("group", 1);
  HONE_RETURN_IF_ERROR(check_operands(x, w, bias, group));
  const Dims in(x.dims().begin() + 2, x.dims().end());
  const Dims kernel(w.dims().begin() + 2, w.dims().end());
  HONE_ASSIGN(const Window window, window_of(node, in.size(), kernel));
  const std::vector<int64_t> pads = resolved_pads(window, in);
  ConvResult result;
  Dims out;
  for (size_t i = 0; i < in.size(); ++i) {
    HONE_ASSIGN(const Dim count, window_count(window, i, Dim(in[i])));
    out.push_back(count.value());
  }
  result.dims = {x.dims()[0], w.dims()[0]};
  result.dims.insert(result.dims.end(), out.begin(), out.end());
  HONE_RETURN_IF_ERROR(check_size(DType::f64, result.dims));

  const std::vector<double> xs = load<double>(x), ws = load<double>(w);
  const std::vector<double> bs = bias ? load<double>(*bias) : std::vector<double>();
  result.values.resize(static_cast<size_t>(element_count(result.dims)));
  const Plane plane(in, out, window.strides);
  const int64_t x_plane = element_count(in), y_plane = element_count(out);
  const int64_t filters = w.dims()[0], depth = w.dims()[1], taps = element_count(kernel);
  for (int64_t n = 0; n < x.dims()[0]; ++n) {
    for (int64_t f = 0; f < filters; ++f) {
      double* y = result.values.data() + (n * filters + f) * y_plane;
      if (bias) std::fill(y, y + y_plane, bs[static_cast<size_t>(f)]);
      const int64_t first = f / (filters / group) * depth;
      for (int64_t c = 0; c < depth; ++c) {
        const double* plane_x = xs.data() + (n * x.dims()[1] + first + c) * x_plane;
        Walk<1> walk(kernel, {Dims(kernel.size(), 0)});
        for (int64_t k = 0; k < taps; ++k, walk.next()) {
          const double weight = ws[static_cast<size_t>((f * depth + c) * taps + k)];
          plane.add({weight, tap_offsets(walk.index(), window, pads)}, plane_x, y);
        }
      }
    }
  }
  return result;
}

namespace {

Status reference(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), x));
  HONE_ASSIGN(const ConvResult y,
              convolve(ctx.node(), x, ctx.in(1), ctx.has_input(2) ? &ctx.in(2) : nullptr));
  ctx.set(0, store(x.dtype(), y.dims, y.values));
  return {};
}

constexpr AttrSpec attrs[] = {{"auto_pad", AttrType::s}, {"dilations", AttrType::ints},
                              {"group", AttrType::i},    {"kernel_shape", AttrType::ints},
                              {"pads", AttrType::ints},  {"strides", AttrType::ints}};
const OpDef defs[] = {{"", "Conv", 1, 2, 3, 1, 1, attrs, infer_conv, reference, conv_flops, 1e-4}};

}  // namespace

std::span<const OpDef> conv_defs() { return defs; }

}  // namespace hone::ops
