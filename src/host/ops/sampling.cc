// Operators that read between the pixels: GridSample, AffineGrid, DeformConv.
#include <algorithm>
#include <cmath>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"
#include "host/ops/window.h"

namespace hone::ops {
namespace {

// Elements of one axis and their weights; an index of -1 is padding.
struct Taps {
  std::vector<std::pair<int64_t, double>> of;
};

// sum over all combinations of the axes' taps.
double blend(const double* data, const std::vector<Taps>& axes, const Dims& strides, size_t d = 0) {
  if (d == axes.size()) return *data;
  double sum = 0;
  for (const auto& [index, weight] : axes[d].of) {
    if (index >= 0 && weight != 0) {
      sum += weight * blend(data + index * strides[d], axes, strides, d + 1);
    }
  }
  return sum;
}

// --- GridSample ---------------------------------------------------------------------------------

enum class Mode { nearest, linear, cubic };
enum class Padding { zeros, border, reflection };
struct GridOptions {
  Mode mode = Mode::linear;
  Padding padding = Padding::zeros;
  bool align = false;
};

Result<GridOptions> grid_options(const Node& node) {
  GridOptions o;
  const std::string mode = node.attributes.s("mode", "linear");
  if (mode == "nearest") {
    o.mode = Mode::nearest;
  } else if (mode == "cubic" || mode == "bicubic") {
    o.mode = Mode::cubic;
  } else if (mode != "linear" && mode != "bilinear") {
    return invalid(fmt::format("mode is '{}'", mode));
  }
  const std::string padding = node.attributes.s("padding_mode", "zeros");
  if (padding == "border") {
    o.padding = Padding::border;
  } else if (padding == "reflection") {
    o.padding = Padding::reflection;
  } else if (padding != "zeros") {
    return invalid(fmt::format("padding_mode is '{}'", padding));
  }
  o.align = node.attributes.i("align_corners", 0) != 0;
  return o;
}

Status infer_grid(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(grid_options(ctx.node()).status());
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 3));
  const DType t = ctx.in(0).dtype;
  if (!ctx.has_rank(0) || !ctx.has_rank(1)) {
    ctx.set_unranked(0, t);
    return {};
  }
  const SymShape &x = ctx.shape(0), &grid = ctx.shape(1);
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, ctx.in(0).rank(), ctx.in(0).rank()));
  HONE_RETURN_IF_ERROR(check_equal(x[0], grid[0], "batches"));
  HONE_RETURN_IF_ERROR(
      check_equal(grid.back(), Dim(static_cast<int64_t>(x.size()) - 2), "coordinates and axes"));
  SymShape out{x[0], x[1]};
  out.insert(out.end(), grid.begin() + 1, grid.end() - 1);
  ctx.set(0, t, std::move(out));
  return {};
}

double reflect(double x, double low, double high) {
  const double range = high - low;
  if (range <= 0) return low;
  if (x >= low && x <= high) return x;
  const double beyond = x < low ? low - x : x - high;
  const double turns = std::floor(beyond / range), rest = beyond - turns * range;
  const bool from_low = (x < low) == (std::fmod(turns, 2) == 0);
  return from_low ? low + rest : high - rest;
}

class GridAxis {
 public:
  GridAxis(int64_t size, const GridOptions& o)
      : size_(size),
        o_(o),
        low_(o.align ? 0 : -0.5),
        high_(o.align ? static_cast<double>(size) - 1 : static_cast<double>(size) - 0.5) {}

  Taps at(double normalized) const {
    const auto size = static_cast<double>(size_);
    // As f32, which decides what is nearest.
    double x = static_cast<float>(o_.align ? (normalized + 1) / 2 * (size - 1)
                                           : ((normalized + 1) * size - 1) / 2);
    if (o_.mode == Mode::nearest) x = std::nearbyint(x);
    if (x < low_ || x > high_) {
      // A cubic reads past the border from where it is, as PyTorch's and ONNX Runtime's do.
      const bool clamped = o_.padding == Padding::border && o_.mode != Mode::cubic;
      if (clamped) x = std::min(std::max(x, 0.0), size - 1);
      if (o_.padding == Padding::reflection) x = reflect(x, low_, high_);
    }
    // Coordinates without a place in integers (NaN too) are far outside.
    if (!(std::fabs(x) < 1e15)) x = -1e15;
    const double floor = std::floor(x), t = x - floor;
    const auto first = static_cast<int64_t>(floor);
    if (o_.mode == Mode::nearest) return {{{inside(static_cast<int64_t>(x)), 1}}};
    if (o_.mode == Mode::linear) return {{{inside(first), 1 - t}, {inside(first + 1), t}}};
    return {{{inside(first - 1), outer(1 + t)},
             {inside(first), inner(t)},
             {inside(first + 1), inner(1 - t)},
             {inside(first + 2), outer(2 - t)}}};
  }

 private:
  // Keys' cubic convolution with a = -0.75, for distances up to 1 and from 1 to 2.
  static double inner(double d) { return (1.25 * d - 2.25) * d * d + 1; }
  static double outer(double d) { return ((-0.75 * d + 3.75) * d - 6) * d + 3; }

  int64_t inside(int64_t i) const {
    if (i >= 0 && i < size_) return i;
    switch (o_.padding) {
      case Padding::zeros: return -1;
      case Padding::border: return i < 0 ? 0 : size_ - 1;
      case Padding::reflection: break;
    }
    const auto r = static_cast<int64_t>(reflect(static_cast<double>(i), low_, high_));
    return std::min(std::max<int64_t>(r, 0), size_ - 1);
  }

  int64_t size_;
  GridOptions o_;
  double low_, high_;
};

Status grid_sample(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &grid = ctx.in(1);
  HONE_ASSIGN(const GridOptions o, grid_options(ctx.node()));
  if (x.rank() < 3 || grid.rank() != x.rank() || grid.dims()[0] != x.dims()[0] ||
      grid.dims().back() != x.rank() - 2) {
    return error(Code::shape_mismatch, "the grid does not fit X");
  }
  const Dims in(x.dims().begin() + 2, x.dims().end());
  Dims out{x.dims()[0], x.dims()[1]};
  out.insert(out.end(), grid.dims().begin() + 1, grid.dims().end() - 1);
  HONE_RETURN_IF_ERROR(check_size(DType::f64, out));
  if (element_count(in) == 0) return error(Code::shape_mismatch, "X is empty");
  std::vector<GridAxis> axes;
  for (int64_t size : in) axes.emplace_back(size, o);
  const std::vector<double> xs = load<double>(x), gs = load<double>(grid);
  const Dims strides = row_major_strides(in);
  const int64_t channels = x.dims()[1], plane = element_count(in);
  const int64_t points = element_count(std::span<const int64_t>(grid.dims()).subspan(1, in.size()));
  std::vector<double> y(static_cast<size_t>(element_count(out)));
  for (int64_t n = 0; n < x.dims()[0]; ++n) {
    for (int64_t p = 0; p < points; ++p) {
      // Coordinates come in the opposite order of the axes.
      std::vector<Taps> taps(in.size());
      const double* at = gs.data() + (n * points + p) * static_cast<int64_t>(in.size());
      for (size_t d = 0; d < in.size(); ++d) taps[d] = axes[d].at(at[in.size() - 1 - d]);
      for (int64_t c = 0; c < channels; ++c) {
        y[static_cast<size_t>((n * channels + c) * points + p)] =
            blend(xs.data() + (n * channels + c) * plane, taps, strides);
      }
    }
  }
  ctx.set(0, store(x.dtype(), out, y));
  return {};
}

// --- AffineGrid ---------------------------------------------------------------------------------

Status infer_affine(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3, 3));
  HONE_RETURN_IF_ERROR(check_index_type(ctx, 1));
  const auto size = ctx.sizes(1);
  if (!size) {
    ctx.set_unranked(0, ctx.in(0).dtype);
    return {};
  }
  if (size->size() != 4 && size->size() != 5) {
    return error(Code::shape_mismatch, "size has neither 4 nor 5 entries");
  }
  SymShape out{(*size)[0]};
  out.insert(out.end(), size->begin() + 2, size->end());
  out.emplace_back(static_cast<int64_t>(size->size()) - 2);
  ctx.set(0, ctx.in(0).dtype, std::move(out));
  return {};
}

Status affine(RefContext& ctx) {
  const Tensor& theta = ctx.in(0);
  const std::vector<int64_t> size = ints_of(ctx.in(1));
  const auto rank = static_cast<int64_t>(size.size()) - 2;
  if ((rank != 2 && rank != 3) || theta.dims() != Dims{size[0], rank, rank + 1}) {
    return error(Code::shape_mismatch, "theta and size do not fit");
  }
  const bool align = ctx.node().attributes.i("align_corners", 0) != 0;
  Dims dims{size[0]};
  dims.insert(dims.end(), size.begin() + 2, size.end());
  dims.push_back(rank);
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  const std::vector<double> matrix = load<double>(theta);
  std::vector<double> values(static_cast<size_t>(element_count(dims)));
  Walk<1> walk(dims, {Dims(dims.size(), 0)});
  for (double& v : values) {
    const Dims& at = walk.index();
    const double* row = matrix.data() + (at[0] * rank + at.back()) * (rank + 1);
    v = row[rank];
    for (int64_t k = 0; k < rank; ++k) {  // x is the last axis
      const auto d = static_cast<size_t>(rank - k);
      const auto i = static_cast<double>(at[d]), n = static_cast<double>(dims[d]);
      v += row[k] * (align ? (dims[d] == 1 ? -1 : -1 + 2 * i / (n - 1)) : (2 * i + 1) / n - 1);
    }
    walk.next();
  }
  ctx.set(0, store(theta.dtype(), dims, values));
  return {};
}

// --- DeformConv ---------------------------------------------------------------------------------

struct Deform {
  Window window;
  int64_t group, offset_group;
};

Result<Deform> deform_of(const Node& node, const std::vector<int64_t>& kernel) {
  Deform d;
  HONE_ASSIGN(d.window, window_of(node, kernel.size(), kernel));
  d.group = node.attributes.i("group", 1);
  d.offset_group = node.attributes.i("offset_group", 1);
  if (d.group >= 1 && d.offset_group >= 1) return d;
  return invalid("group or offset_group is below 1");
}

Status infer_deform(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 3));
  if (!ctx.has_rank(0) || !ctx.has_rank(1) || !graph::all_const(ctx.shape(1))) {
    ctx.set_unranked(0, t);
    return {};
  }
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, ctx.in(0).rank(), ctx.in(0).rank()));
  const Dims w = graph::const_dims(ctx.shape(1));
  HONE_ASSIGN(const Deform d, deform_of(ctx.node(), Dims(w.begin() + 2, w.end())));
  SymShape out{ctx.shape(0)[0], Dim(w[0])};
  for (size_t i = 2; i < w.size(); ++i) {
    HONE_ASSIGN(const Dim count, window_count(d.window, i - 2, ctx.shape(0)[i]));
    out.push_back(count);
  }
  ctx.set(0, t, std::move(out));
  return {};
}

Taps linear_taps(double at, int64_t size) {
  if (!(at > -1 && at < static_cast<double>(size))) return {};
  const double floor = std::floor(at);
  const auto first = static_cast<int64_t>(floor);
  return {{{first, 1 - (at - floor)}, {first + 1 < size ? first + 1 : -1, at - floor}}};
}

Status deform_conv(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &w = ctx.in(1), &offsets = ctx.in(2);
  if (x.rank() < 3 || w.rank() != x.rank()) return error(Code::shape_mismatch, "X and W");
  const Dims in(x.dims().begin() + 2, x.dims().end()), kernel(w.dims().begin() + 2, w.dims().end());
  HONE_ASSIGN(const Deform d, deform_of(ctx.node(), kernel));
  const auto rank = static_cast<int64_t>(in.size());
  const int64_t channels = x.dims()[1], filters = w.dims()[0], taps = element_count(kernel);
  Dims out{x.dims()[0], filters};
  for (size_t i = 0; i < in.size(); ++i) {
    HONE_ASSIGN(const Dim count, window_count(d.window, i, Dim(in[i])));
    out.push_back(count.value());
  }
  Dims offset_dims = out, mask_dims = out;
  if (taps > INT32_MAX || d.offset_group > INT32_MAX) return invalid("a group is too large");
  offset_dims[1] = d.offset_group * taps * rank;
  mask_dims[1] = d.offset_group * taps;
  if (d.group > channels || w.dims()[1] * d.group != channels || filters % d.group != 0 ||
      channels % d.offset_group != 0 || offsets.dims() != offset_dims ||
      (ctx.has_input(4) && ctx.in(4).dims() != mask_dims) ||
      (ctx.has_input(3) && ctx.in(3).count() != filters)) {
    return error(Code::shape_mismatch, "the operands do not fit");
  }
  HONE_RETURN_IF_ERROR(check_size(DType::f64, out));
  const std::vector<double> xs = load<double>(x), ws = load<double>(w), os = load<double>(offsets);
  const std::vector<double> bias =
      ctx.has_input(3) ? load<double>(ctx.in(3)) : std::vector<double>();
  const std::vector<double> mask =
      ctx.has_input(4) ? load<double>(ctx.in(4)) : std::vector<double>();
  const Dims strides = row_major_strides(in);
  const Dims space(out.begin() + 2, out.end());
  const int64_t points = element_count(space), plane = element_count(in);
  std::vector<double> y(static_cast<size_t>(element_count(out)), 0.0);
  for (size_t i = 0; i < y.size() && !bias.empty(); ++i) {
    y[i] = bias[i / static_cast<size_t>(points) % static_cast<size_t>(filters)];
  }
  const int64_t per_offset = channels / d.offset_group, per_group = filters / d.group;
  for (int64_t n = 0; n < out[0]; ++n) {
    Walk<1> at(space, {Dims(space.size(), 0)});
    for (int64_t p = 0; p < points; ++p, at.next()) {
      for (int64_t c = 0; c < channels; ++c) {
        Walk<1> tap(kernel, {Dims(kernel.size(), 0)});
        for (int64_t k = 0; k < taps; ++k, tap.next()) {
          const int64_t from = (n * d.offset_group + c / per_offset) * taps + k;
          std::vector<Taps> axes(in.size());
          for (size_t i = 0; i < in.size(); ++i) {
            const int64_t start = at.index()[i] * d.window.strides[i] +
                                  tap.index()[i] * d.window.dilations[i] - d.window.begin(i);
            const int64_t offset = (from * rank + static_cast<int64_t>(i)) * points + p;
            axes[i] =
                linear_taps(static_cast<double>(start) + os[static_cast<size_t>(offset)], in[i]);
          }
          double v = blend(xs.data() + (n * channels + c) * plane, axes, strides);
          if (!mask.empty()) v *= mask[static_cast<size_t>(from * points + p)];
          const int64_t g = c / w.dims()[1];
          for (int64_t f = g * per_group; f < (g + 1) * per_group; ++f) {
            const int64_t weight = (f * w.dims()[1] + c % w.dims()[1]) * taps + k;
            y[static_cast<size_t>((n * filters + f) * points + p)] +=
                v * ws[static_cast<size_t>(weight)];
          }
        }
      }
    }
  }
  ctx.set(0, store(x.dtype(), out, y));
  return {};
}

double grid_flops(const Graph& graph, const Node& node) {
  return 16 * output_elements(graph, node);
}
double deform_flops(const Graph& graph, const Node& node) {
  const ValueId w = node.input(1);
  if (w == graph::none || !graph.fact(w).has_rank() || graph.fact(w).rank() == 0) return 0;
  const Dim& filters = (*graph.fact(w).shape)[0];
  const double n = filters.is_const() ? static_cast<double>(filters.value()) : 1;
  return n <= 0 ? 0 : 2 * output_elements(graph, node) * input_elements(graph, node, 1) / n;
}

constexpr AttrSpec grid_attrs[] = {
    {"align_corners", AttrType::i}, {"mode", AttrType::s}, {"padding_mode", AttrType::s}};
constexpr AttrSpec align[] = {{"align_corners", AttrType::i}};
constexpr AttrSpec deform_attrs[] = {
    {"dilations", AttrType::ints}, {"group", AttrType::i},   {"kernel_shape", AttrType::ints},
    {"offset_group", AttrType::i}, {"pads", AttrType::ints}, {"strides", AttrType::ints}};
const OpDef defs[] = {
    {"", "GridSample", 16, 2, 2, 1, 1, grid_attrs, infer_grid, grid_sample, grid_flops, 1e-4},
    {"", "AffineGrid", 20, 2, 2, 1, 1, align, infer_affine, affine, grid_flops},
    {"", "DeformConv", 19, 3, 5, 1, 1, deform_attrs, infer_deform, deform_conv, deform_flops, 1e-4},
};

}  // namespace

std::span<const OpDef> sampling_defs() { return defs; }

}  // namespace hone::ops
