// ConvTranspose.
#include <algorithm>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"
#include "host/ops/window.h"

namespace hone::ops {
namespace {

// Sizes and pads of the result along one axis.
template <class D>
struct Axis {
  D size;
  int64_t begin = 0;  // rows cut off in front
};

Result<std::vector<int64_t>> list_of(const Node& node, const char* name, size_t n) {
  std::vector<int64_t> list = node.attributes.ints(name, std::vector<int64_t>(n, 0));
  if (list.size() > n) list.erase(list.begin(), list.end() - static_cast<std::ptrdiff_t>(n));
  const bool good = list.size() == n && std::all_of(list.begin(), list.end(), [](int64_t v) {
                      return v >= 0 && v <= INT32_MAX;
                    });
  if (good) return list;
  return invalid(fmt::format("{} does not fit the rank", name));
}

// size = stride (in - 1) + output_padding + extent - pads, or as output_shape says, which sets the
// pads instead: the odd one goes to the end, to the front with SAME_UPPER.
Result<Axis<Dim>> axis_of(const Node& node, const Window& w, size_t i, const Dim& in) {
  HONE_ASSIGN(const std::vector<int64_t> extra, list_of(node, "output_padding", w.rank()));
  const Dim full = Dim(w.strides[i]) * (in - Dim(1)) + Dim(extra[i] + w.extent(i));
  const bool same = w.auto_pad == AutoPad::same_upper || w.auto_pad == AutoPad::same_lower;
  Axis<Dim> axis{full - Dim(w.begin(i) + w.end(i)), w.begin(i)};
  if (node.attributes.has("output_shape") || same) {
    axis.size = in * Dim(w.strides[i]);
    if (node.attributes.has("output_shape")) {
      HONE_ASSIGN(const std::vector<int64_t> shape, list_of(node, "output_shape", w.rank()));
      axis.size = Dim(shape[i]);
    }
    const Dim cut = full - axis.size;
    const int64_t total = cut.is_const() ? std::max<int64_t>(0, cut.value()) : 0;
    axis.begin = w.auto_pad == AutoPad::same_upper ? total / 2 : total - total / 2;
    if (w.auto_pad == AutoPad::none) axis.begin = total / 2;
  }
  if (axis.size.is_const() && axis.size.value() < 0) {
    return error(
        Code::shape_mismatch,
        fmt::format("spatial axis {} of the result would have size {}", i, axis.size.value()));
  }
  return axis;
}

Status infer(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_same_dtype(ctx));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3));
  if (!ctx.has_rank(0) || !ctx.has_rank(1) || !graph::all_const(ctx.shape(1))) {
    ctx.set_unranked(0, t);
    return {};
  }
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, ctx.in(0).rank(), ctx.in(0).rank()));
  const int64_t group = ctx.node().attributes.i("group", 1);
  if (group < 1 || group > INT32_MAX) return invalid(fmt::format("group is {}", group));
  const Dims w_dims = graph::const_dims(ctx.shape(1));
  HONE_RETURN_IF_ERROR(check_equal(ctx.shape(0)[1], Dim(w_dims[0]), "channels of X and W"));
  const Dims kernel(w_dims.begin() + 2, w_dims.end());
  HONE_ASSIGN(const Window w, window_of(ctx.node(), kernel.size(), kernel));
  SymShape out{ctx.shape(0)[0], Dim(w_dims[1]) * Dim(group)};
  for (size_t i = 0; i < kernel.size(); ++i) {
    HONE_ASSIGN(const Axis<Dim> axis, axis_of(ctx.node(), w, i, ctx.shape(0)[i + 2]));
    out.push_back(axis.size);
  }
  ctx.set(0, t, std::move(out));
  return {};
}

Status check_operands(const RefContext& ctx, int64_t group) {
  const Tensor &x = ctx.in(0), &w = ctx.in(1);
  const bool good = x.rank() >= 3 && w.rank() == x.rank() && group >= 1 &&
                    x.dims()[1] == w.dims()[0] && w.dims()[0] % group == 0 &&
                    (!ctx.has_input(2) || ctx.in(2).count() == w.dims()[1] * group);
  if (good) return {};
  return error(Code::shape_mismatch, fmt::format("X {}, W {}, group {}", to_string(x.dims()),
                                                 to_string(w.dims()), group));
}

// Adds one input plane, spread by one filter, to one output plane.
void scatter(const Window& w, const Dims& in, const Dims& out, const std::vector<int64_t>& begin,
             const double* x, const double* filter, double* y) {
  const int64_t inputs = element_count(in), taps = element_count(w.kernel);
  const Dims y_strides = row_major_strides(out);
  Walk<1> at(in, {Dims(in.size(), 0)});
  for (int64_t i = 0; i < inputs; ++i, at.next()) {
    Walk<1> tap(w.kernel, {Dims(in.size(), 0)});
    for (int64_t k = 0; k < taps; ++k, tap.next()) {
      int64_t offset = 0;
      bool inside = true;
      for (size_t d = 0; d < in.size(); ++d) {
        const int64_t o = at.index()[d] * w.strides[d] + tap.index()[d] * w.dilations[d] - begin[d];
        inside &= o >= 0 && o < out[d];
        offset += o * y_strides[d];
      }
      if (inside) y[offset] += x[i] * filter[k];
    }
  }
}

Status reference(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &w = ctx.in(1);
  const int64_t group = ctx.node().attributes.i("group", 1);
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), x));
  HONE_RETURN_IF_ERROR(check_operands(ctx, group));
  const Dims in(x.dims().begin() + 2, x.dims().end());
  const Dims kernel(w.dims().begin() + 2, w.dims().end());
  HONE_ASSIGN(const Window window, window_of(ctx.node(), in.size(), kernel));
  const int64_t filters = w.dims()[1], depth = w.dims()[0] / group;
  Dims dims{x.dims()[0], filters * group}, out;
  std::vector<int64_t> begin;
  for (size_t i = 0; i < in.size(); ++i) {
    HONE_ASSIGN(const Axis<Dim> axis, axis_of(ctx.node(), window, i, Dim(in[i])));
    out.push_back(axis.size.value());
    begin.push_back(axis.begin);
    dims.push_back(out.back());
  }
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  const std::vector<double> xs = load<double>(x), ws = load<double>(w);
  const std::vector<double> bias =
      ctx.has_input(2) ? load<double>(ctx.in(2)) : std::vector<double>();
  std::vector<double> values(static_cast<size_t>(element_count(dims)));
  const int64_t x_plane = element_count(in), y_plane = element_count(out);
  const int64_t taps = element_count(kernel);
  for (int64_t n = 0; n < dims[0]; ++n) {
    for (int64_t f = 0; f < filters * group; ++f) {
      double* y = values.data() + (n * filters * group + f) * y_plane;
      if (!bias.empty()) std::fill(y, y + y_plane, bias[static_cast<size_t>(f)]);
      for (int64_t c = f / filters * depth; c < (f / filters + 1) * depth; ++c) {
        scatter(window, in, out, begin, xs.data() + (n * x.dims()[1] + c) * x_plane,
                ws.data() + (c * filters + f % filters) * taps, y);
      }
    }
  }
  ctx.set(0, store(x.dtype(), dims, values));
  return {};
}

double flops(const Graph& graph, const Node& node) {
  const ValueId w = node.input(1);
  if (w == graph::none || !graph.fact(w).has_rank() || graph.fact(w).rank() < 2) return 0;
  const Dim& depth = (*graph.fact(w).shape)[0];
  const double channels = depth.is_const() ? static_cast<double>(depth.value()) : 1;
  return channels <= 0
             ? 0
             : 2 * input_elements(graph, node) * input_elements(graph, node, 1) / channels;
}

constexpr AttrSpec attrs[] = {{"auto_pad", AttrType::s},
                              {"dilations", AttrType::ints},
                              {"group", AttrType::i},
                              {"kernel_shape", AttrType::ints},
                              {"output_padding", AttrType::ints},
                              {"output_shape", AttrType::ints},
                              {"pads", AttrType::ints},
                              {"strides", AttrType::ints}};
const OpDef defs[] = {{"", "ConvTranspose", 1, 2, 3, 1, 1, attrs, infer, reference, flops, 1e-4}};

}  // namespace

std::span<const OpDef> conv_transpose_defs() { return defs; }

}  // namespace hone::ops
