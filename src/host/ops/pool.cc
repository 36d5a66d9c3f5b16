// MaxPool, AveragePool, LpPool, and the global ones.
#include <algorithm>
#include <cmath>
#include <limits>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"
#include "host/ops/window.h"

namespace hone::ops {
namespace {

// --- inference
// ------------------------------------------------------------------------------------

Status infer_pool(InferContext& ctx) {
  const DType t = ctx.in(0).dtype;
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, t);
    ctx.set_unranked(1, DType::i64);
    return {};
  }
  SymShape out = ctx.shape(0);
  HONE_ASSIGN(const Window w, window_of(ctx.node(), out.size() - 2));
  for (size_t i = 2; i < out.size(); ++i) {
    HONE_ASSIGN(out[i], window_count(w, i - 2, out[i]));
  }
  ctx.set(0, t, out);
  ctx.set(1, DType::i64, std::move(out));
  return {};
}

Status infer_global(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 2));
  if (!ctx.has_rank(0)) {
    ctx.set_unranked(0, ctx.in(0).dtype);
    return {};
  }
  SymShape out = ctx.shape(0);
  std::fill(out.begin() + 2, out.end(), Dim(1));
  ctx.set(0, ctx.in(0).dtype, std::move(out));
  return {};
}

double pool_flops(const Graph& graph, const Node& node) {
  double window = 1;
  for (int64_t k : node.attributes.ints("kernel_shape")) window *= static_cast<double>(k);
  return window * output_elements(graph, node);
}
double global_flops(const Graph& graph, const Node& node) { return input_elements(graph, node); }

// --- references
// -------------------------------------------------------------------------------------

struct PoolShape {
  Window window;
  std::vector<int64_t> pads;
  Dims in, out;  // spatial sizes
  int64_t planes = 0;
  Dims result;
};

Result<PoolShape> pool_shape(const RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  if (x.rank() < 3) return error(Code::shape_mismatch, "the rank is below 3");
  PoolShape s;
  s.in.assign(x.dims().begin() + 2, x.dims().end());
  HONE_ASSIGN(s.window, window_of(ctx.node(), s.in.size()));
  s.pads = resolved_pads(s.window, s.in);
  s.planes = x.dims()[0] * x.dims()[1];
  s.result = {x.dims()[0], x.dims()[1]};
  for (size_t i = 0; i < s.in.size(); ++i) {
    HONE_ASSIGN(const Dim count, window_count(s.window, i, Dim(s.in[i])));
    s.out.push_back(count.value());
    s.result.push_back(count.value());
  }
  HONE_RETURN_IF_ERROR(check_size(DType::f64, s.result));
  return s;
}

// Calls visit(offset in the plane, or -1 in the padding) for every element of the window at
// `position` that lies in the input or its padding: where sizes were rounded up, a window may
// reach beyond both.
template <class F>
void visit_window(const PoolShape& s, const Dims& position, const Dims& x_strides, F&& visit) {
  const int64_t taps = element_count(s.window.kernel);
  Walk<1> tap(s.window.kernel, {Dims(s.in.size(), 0)});
  for (int64_t k = 0; k < taps; ++k, tap.next()) {
    int64_t offset = 0;
    bool padding = false, beyond = false;
    for (size_t d = 0; d < s.in.size(); ++d) {
      const int64_t at =
          position[d] * s.window.strides[d] + tap.index()[d] * s.window.dilations[d] - s.pads[d];
      padding |= at < 0 || at >= s.in[d];
      beyond |= at >= s.in[d] + s.pads[s.in.size() + d];
      offset += at * x_strides[d];
    }
    if (!beyond) visit(padding ? -1 : offset);
  }
}

template <class W>
constexpr W lowest() {
  return std::is_same_v<W, double> ? static_cast<W>(-std::numeric_limits<double>::infinity())
                                   : std::numeric_limits<W>::lowest();
}

// Where the maximum was found, as an index into the whole input: column-major over the spatial
// axes for storage_order 1.
int64_t pool_index(const PoolShape& s, int64_t plane, int64_t offset, bool column_major) {
  const int64_t size = element_count(s.in);
  if (!column_major) return plane * size + offset;
  int64_t flipped = 0, scale = 1;
  const Dims strides = row_major_strides(s.in);
  for (size_t d = 0; d < s.in.size(); ++d) {
    flipped += offset / strides[d] % s.in[d] * scale;
    scale *= s.in[d];
  }
  return plane * size + flipped;
}

Status max_pool(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_ASSIGN(const PoolShape s, pool_shape(ctx));
  const bool column_major = ctx.node().attributes.i("storage_order", 0) != 0;
  const Dims x_strides = row_major_strides(s.in);
  const int64_t in_plane = element_count(s.in), out_plane = element_count(s.out);
  return in_domain(ctx.node(), x.dtype(), [&]<class W>() -> Status {
    const std::vector<W> xs = load<W>(x);
    std::vector<W> best;
    std::vector<int64_t> where;
    for (int64_t p = 0; p < s.planes; ++p) {
      const W* plane = xs.data() + p * in_plane;
      Walk<1> at(s.out, {Dims(s.out.size(), 0)});
      for (int64_t o = 0; o < out_plane; ++o, at.next()) {
        W top = lowest<W>();
        int64_t found = -1;
        visit_window(s, at.index(), x_strides, [&](int64_t i) {
          if (i < 0 || (found >= 0 && !(plane[i] > top) && plane[i] == plane[i])) return;
          if (found >= 0 && top != top) return;  // NaN stays
          top = plane[i];
          found = i;
        });
        best.push_back(top);
        where.push_back(found < 0 ? -1 : pool_index(s, p, found, column_major));
      }
    }
    ctx.set(0, store(x.dtype(), s.result, best));
    if (ctx.has_output(1)) ctx.set(1, Tensor::of<int64_t>(s.result, where));
    return {};
  });
}

Status average_pool(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), x));
  HONE_ASSIGN(const PoolShape s, pool_shape(ctx));
  const bool count_padding = ctx.node().attributes.i("count_include_pad", 0) != 0;
  const Dims x_strides = row_major_strides(s.in);
  const int64_t in_plane = element_count(s.in), out_plane = element_count(s.out);
  const std::vector<double> xs = load<double>(x);
  std::vector<double> means;
  for (int64_t p = 0; p < s.planes; ++p) {
    const double* plane = xs.data() + p * in_plane;
    Walk<1> at(s.out, {Dims(s.out.size(), 0)});
    for (int64_t o = 0; o < out_plane; ++o, at.next()) {
      double sum = 0;
      int64_t count = 0;
      visit_window(s, at.index(), x_strides, [&](int64_t i) {
        if (i >= 0) sum += plane[i];
        count += i >= 0 || count_padding;
      });
      // Of nothing (a dilated window may step over all pixels): 0, as ONNX Runtime says. The ONNX
      // text is silent; its reference gives NaN.
      means.push_back(count == 0 ? 0 : sum / static_cast<double>(count));
    }
  }
  ctx.set(0, store(x.dtype(), s.result, means));
  return {};
}

// f(first element of a plane, its size)
template <class F>
Status over_planes(RefContext& ctx, F&& f) {
  const Tensor& x = ctx.in(0);
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), x));
  if (x.rank() < 2) return error(Code::shape_mismatch, "the rank is below 2");
  Dims dims(x.dims().size(), 1);
  std::copy_n(x.dims().begin(), 2, dims.begin());
  const std::vector<double> xs = load<double>(x);
  std::vector<double> result;
  const int64_t planes = element_count(dims);
  const int64_t size = planes == 0 ? 0 : x.count() / planes;
  for (int64_t p = 0; p < planes; ++p) result.push_back(f(xs.data() + p * size, size));
  ctx.set(0, store(x.dtype(), std::move(dims), result));
  return {};
}

Status global_average(RefContext& ctx) {
  return over_planes(ctx, [](const double* x, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += x[i];
    return sum / static_cast<double>(n);
  });
}
Status global_max(RefContext& ctx) {
  return over_planes(ctx, [](const double* x, int64_t n) {
    double top = lowest<double>();
    for (int64_t i = 0; i < n; ++i) top = x[i] > top || x[i] != x[i] ? x[i] : top;
    return top;
  });
}

double norm_order(const Node& node) {
  return static_cast<double>(std::max<int64_t>(1, node.attributes.i("p", 2)));
}

Status lp_pool(RefContext& ctx) {
  const Tensor& x = ctx.in(0);
  HONE_RETURN_IF_ERROR(need_float(ctx.node(), x));
  HONE_ASSIGN(const PoolShape s, pool_shape(ctx));
  const double p = norm_order(ctx.node());
  const Dims x_strides = row_major_strides(s.in);
  const int64_t in_plane = element_count(s.in), out_plane = element_count(s.out);
  const std::vector<double> xs = load<double>(x);
  std::vector<double> norms;
  for (int64_t plane = 0; plane < s.planes; ++plane) {
    Walk<1> at(s.out, {Dims(s.out.size(), 0)});
    for (int64_t o = 0; o < out_plane; ++o, at.next()) {
      double sum = 0;
      visit_window(s, at.index(), x_strides, [&](int64_t i) {
        if (i >= 0) sum += std::pow(std::fabs(xs[static_cast<size_t>(plane * in_plane + i)]), p);
      });
      norms.push_back(std::pow(sum, 1 / p));
    }
  }
  ctx.set(0, store(x.dtype(), s.result, norms));
  return {};
}

Status global_lp(RefContext& ctx) {
  const double p = norm_order(ctx.node());
  return over_planes(ctx, [p](const double* x, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += std::pow(std::fabs(x[i]), p);
    return std::pow(sum, 1 / p);
  });
}

constexpr AttrSpec lp_2[] = {{"auto_pad", AttrType::s},
                             {"kernel_shape", AttrType::ints, true},
                             {"p", AttrType::i},
                             {"pads", AttrType::ints},
                             {"strides", AttrType::ints}};
constexpr AttrSpec lp_18[] = {{"auto_pad", AttrType::s},
                              {"ceil_mode", AttrType::i},
                              {"dilations", AttrType::ints},
                              {"kernel_shape", AttrType::ints, true},
                              {"p", AttrType::i},
                              {"pads", AttrType::ints},
                              {"strides", AttrType::ints}};
constexpr AttrSpec order[] = {{"p", AttrType::i}};
constexpr AttrSpec max_1[] = {{"auto_pad", AttrType::s},
                              {"kernel_shape", AttrType::ints, true},
                              {"pads", AttrType::ints},
                              {"strides", AttrType::ints}};
constexpr AttrSpec max_8[] = {{"auto_pad", AttrType::s},
                              {"kernel_shape", AttrType::ints, true},
                              {"pads", AttrType::ints},
                              {"storage_order", AttrType::i},
                              {"strides", AttrType::ints}};
constexpr AttrSpec max_10[] = {
    {"auto_pad", AttrType::s},     {"ceil_mode", AttrType::i},
    {"dilations", AttrType::ints}, {"kernel_shape", AttrType::ints, true},
    {"pads", AttrType::ints},      {"storage_order", AttrType::i},
    {"strides", AttrType::ints}};
constexpr AttrSpec average_7[] = {{"auto_pad", AttrType::s},
                                  {"count_include_pad", AttrType::i},
                                  {"kernel_shape", AttrType::ints, true},
                                  {"pads", AttrType::ints},
                                  {"strides", AttrType::ints}};
constexpr AttrSpec average_10[] = {
    {"auto_pad", AttrType::s},          {"ceil_mode", AttrType::i},
    {"count_include_pad", AttrType::i}, {"kernel_shape", AttrType::ints, true},
    {"pads", AttrType::ints},           {"strides", AttrType::ints}};
constexpr AttrSpec average_19[] = {{"auto_pad", AttrType::s},
                                   {"ceil_mode", AttrType::i},
                                   {"count_include_pad", AttrType::i},
                                   {"dilations", AttrType::ints},
                                   {"kernel_shape", AttrType::ints, true},
                                   {"pads", AttrType::ints},
                                   {"strides", AttrType::ints}};
const OpDef defs[] = {
    {"", "MaxPool", 1, 1, 1, 1, 1, max_1, infer_pool, max_pool, pool_flops, 0},
    {"", "MaxPool", 8, 1, 1, 1, 2, max_8, infer_pool, max_pool, pool_flops, 0},
    {"", "MaxPool", 10, 1, 1, 1, 2, max_10, infer_pool, max_pool, pool_flops, 0},
    {"", "AveragePool", 7, 1, 1, 1, 1, average_7, infer_pool, average_pool, pool_flops},
    {"", "AveragePool", 10, 1, 1, 1, 1, average_10, infer_pool, average_pool, pool_flops},
    {"", "AveragePool", 19, 1, 1, 1, 1, average_19, infer_pool, average_pool, pool_flops},
    {"", "GlobalAveragePool", 1, 1, 1, 1, 1, {}, infer_global, global_average, global_flops},
    {"", "GlobalMaxPool", 1, 1, 1, 1, 1, {}, infer_global, global_max, global_flops, 0},
    {"", "LpPool", 2, 1, 1, 1, 1, lp_2, infer_pool, lp_pool, pool_flops, 1e-4},
    {"", "LpPool", 18, 1, 1, 1, 1, lp_18, infer_pool, lp_pool, pool_flops, 1e-4},
    {"", "GlobalLpPool", 2, 1, 1, 1, 1, order, infer_global, global_lp, global_flops, 1e-4},
};

}  // namespace

std::span<const OpDef> pool_defs() { return defs; }

}  // namespace hone::ops
