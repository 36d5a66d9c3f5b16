// NonMaxSuppression, RoiAlign, MaxRoiPool.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "host/ops/infer_util.h"
#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

// --- NonMaxSuppression --------------------------------------------------------------------------

Status infer_nms(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 3, 3));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 3, 3));
  if (ctx.has_rank(0) && ctx.has_rank(1)) {
    HONE_RETURN_IF_ERROR(check_equal(ctx.shape(0)[0], ctx.shape(1)[0], "batches"));
    HONE_RETURN_IF_ERROR(check_equal(ctx.shape(0)[1], ctx.shape(1)[2], "boxes and scores"));
    HONE_RETURN_IF_ERROR(check_equal(ctx.shape(0)[2], Dim(4), "numbers of a box, and 4"));
  }
  ctx.sizes(2);  // it bounds the result
  ctx.set(0, DType::i64, {ctx.unknown(0, 0), Dim(3)});
  return {};
}

struct Box {
  float x1, y1, x2, y2;
  float area() const { return (x2 - x1) * (y2 - y1); }
};

// In f32, as thresholds and boxes are: which boxes overlap by more must not depend on the
// precision.
Box box_at(const float* b, bool center) {
  if (center) return {b[0] - b[2] / 2, b[1] - b[3] / 2, b[0] + b[2] / 2, b[1] + b[3] / 2};
  return {std::min(b[1], b[3]), std::min(b[0], b[2]), std::max(b[1], b[3]), std::max(b[0], b[2])};
}

bool overlaps(const Box& a, const Box& b, float threshold) {
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (width <= 0 || height <= 0 || a.area() <= 0 || b.area() <= 0) return false;
  const float common = width * height;
  return common / (a.area() + b.area() - common) > threshold;
}

template <class T>
Result<T> scalar_or(const RefContext& ctx, size_t i, T absent) {
  if (!ctx.has_input(i)) return absent;
  // Integers exactly: torchvision asks for 2^63 - 1 boxes.
  using Wide = std::conditional_t<std::is_integral_v<T>, int64_t, double>;
  const std::vector<Wide> values = load<Wide>(ctx.in(i));
  if (values.size() == 1) return static_cast<T>(values[0]);
  return error(Code::shape_mismatch, fmt::format("input {} is not one number", i));
}

// Boxes of one class in order of score, without those that overlap a better one.
std::vector<int64_t> suppress(const std::vector<Box>& boxes, const float* scores, int64_t most,
                              float overlap, float least_score) {
  std::vector<int64_t> order(boxes.size()), kept;
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [scores](int64_t a, int64_t b) { return scores[a] > scores[b]; });
  for (int64_t i : order) {
    if (static_cast<int64_t>(kept.size()) >= most) break;
    if (!(scores[i] > least_score)) continue;
    const Box& box = boxes[static_cast<size_t>(i)];
    const bool hidden = std::any_of(kept.begin(), kept.end(), [&](int64_t k) {
      return overlaps(box, boxes[static_cast<size_t>(k)], overlap);
    });
    if (!hidden) kept.push_back(i);
  }
  return kept;
}

Status nms(RefContext& ctx) {
  const Tensor &boxes = ctx.in(0), &scores = ctx.in(1);
  if (boxes.dtype() != DType::f32 || scores.dtype() != DType::f32) {
    return bad_dtype(ctx.node(), boxes.dtype() != DType::f32 ? boxes.dtype() : scores.dtype());
  }
  const bool fits = boxes.rank() == 3 && scores.rank() == 3 && boxes.dims()[2] == 4 &&
                    boxes.dims()[0] == scores.dims()[0] && boxes.dims()[1] == scores.dims()[2];
  if (!fits) return error(Code::shape_mismatch, "boxes and scores do not fit");
  HONE_ASSIGN(const int64_t most, scalar_or<int64_t>(ctx, 2, 0));
  HONE_ASSIGN(const float overlap, scalar_or<float>(ctx, 3, 0));
  HONE_ASSIGN(const float least, scalar_or<float>(ctx, 4, -std::numeric_limits<float>::infinity()));
  const bool center = ctx.node().attributes.i("center_point_box", 0) != 0;
  const int64_t count = boxes.dims()[1], classes = scores.dims()[1];
  std::vector<int64_t> out;
  for (int64_t n = 0; n < boxes.dims()[0]; ++n) {
    std::vector<Box> all;
    for (int64_t i = 0; i < count; ++i) {
      all.push_back(box_at(boxes.as<float>().data() + (n * count + i) * 4, center));
    }
    for (int64_t c = 0; c < classes; ++c) {
      const float* of_class = scores.as<float>().data() + (n * classes + c) * count;
      for (int64_t i : suppress(all, of_class, most, overlap, least)) {
        out.insert(out.end(), {n, c, i});
      }
    }
  }
  const auto rows = static_cast<int64_t>(out.size() / 3);
  ctx.set(0, Tensor::of<int64_t>({rows, 3}, out));
  return {};
}

// --- RoiAlign -----------------------------------------------------------------------------------

Status check_positive(const Node& node, const char* name, int64_t least) {
  const int64_t v = node.attributes.i(name, 1);
  if (v >= least && v <= INT32_MAX) return {};
  return invalid(fmt::format("{} is {}", name, v));
}

Status infer_roi_align(InferContext& ctx) {
  const Node& node = ctx.node();
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 4, 4));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 2, 2));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 2, 1, 1));
  HONE_RETURN_IF_ERROR(check_positive(node, "output_height", 1));
  HONE_RETURN_IF_ERROR(check_positive(node, "output_width", 1));
  HONE_RETURN_IF_ERROR(check_positive(node, "sampling_ratio", 0));
  Dim rois = ctx.unknown(0, 0);
  for (size_t i = 1; i < 3; ++i) {
    if (ctx.has_rank(i)) rois = ctx.shape(i)[0];
  }
  ctx.set(0, ctx.in(0).dtype,
          {rois, ctx.has_rank(0) ? ctx.shape(0)[1] : ctx.unknown(0, 1),
           Dim(node.attributes.i("output_height", 1)), Dim(node.attributes.i("output_width", 1))});
  return {};
}

// Where one bin samples along one axis, and between which cells.
struct Sample {
  bool inside = false;
  int64_t low = 0, high = 0;
  double weight = 0;  // of `high`
};

Sample sample_at(double at, int64_t size) {
  if (!(at >= -1 && at <= static_cast<double>(size))) return {};  // NaN is outside
  at = std::max(at, 0.0);
  const auto low = static_cast<int64_t>(at);
  if (low >= size - 1) return {true, size - 1, size - 1, 0};
  return {true, low, low + 1, at - static_cast<double>(low)};
}

struct Axis {
  double start, extent;
  int64_t bins, grid;
  Sample at(int64_t bin, int64_t i, int64_t size) const {
    const double step = extent / static_cast<double>(bins);
    return sample_at(start + (static_cast<double>(bin) +
                              (static_cast<double>(i) + 0.5) / static_cast<double>(grid)) *
                                 step,
                     size);
  }
};

struct RoiOptions {
  double scale, shift;
  bool half_pixel, max;
  int64_t ratio;
};

Axis roi_axis(double from, double to, int64_t bins, const RoiOptions& o) {
  Axis axis{from * o.scale - o.shift, (to - from) * o.scale, bins, o.ratio};
  // Without the half-pixel shift, regions are at least one cell.
  if (!o.half_pixel) axis.extent = std::max(axis.extent, 1.0);
  if (axis.grid == 0) {
    const double fitting = std::ceil(axis.extent / static_cast<double>(bins));
    axis.grid = static_cast<int64_t>(std::max(0.0, std::min(4096.0, fitting)));
  }
  return axis;
}

double roi_bin(const double* plane, int64_t height, int64_t width, const Axis& y, const Axis& x,
               int64_t row, int64_t column, bool max) {
  double sum = 0;
  bool first = true;
  for (int64_t i = 0; i < y.grid; ++i) {
    for (int64_t j = 0; j < x.grid; ++j) {
      const Sample a = y.at(row, i, height), b = x.at(column, j, width);
      std::array<double, 4> parts{};
      if (a.inside && b.inside) {
        parts = {(1 - a.weight) * (1 - b.weight) * plane[a.low * width + b.low],
                 (1 - a.weight) * b.weight * plane[a.low * width + b.high],
                 a.weight * (1 - b.weight) * plane[a.high * width + b.low],
                 a.weight * b.weight * plane[a.high * width + b.high]};
      }
      if (!max) {
        sum += parts[0] + parts[1] + parts[2] + parts[3];
        continue;
      }
      const double top = *std::max_element(parts.begin(), parts.end());
      sum = first ? top : std::max(sum, top);
      first = false;
    }
  }
  return max ? sum : sum / static_cast<double>(std::max<int64_t>(1, y.grid * x.grid));
}

Status roi_align(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &rois = ctx.in(1);
  const Node& node = ctx.node();
  for (const char* name : {"output_height", "output_width"}) {
    HONE_RETURN_IF_ERROR(check_positive(node, name, 1));
  }
  HONE_RETURN_IF_ERROR(check_positive(node, "sampling_ratio", 0));
  if (x.rank() != 4 || rois.rank() != 2 || rois.dims()[1] != 4) {
    return error(Code::shape_mismatch, "X or the regions have the wrong shape");
  }
  const std::vector<int64_t> batch = ints_of(ctx.in(2));
  const int64_t count = rois.dims()[0], channels = x.dims()[1];
  const int64_t height = x.dims()[2], width = x.dims()[3];
  if (static_cast<int64_t>(batch.size()) != count) {
    return error(Code::shape_mismatch, "batch_indices does not have one entry per region");
  }
  RoiOptions o{node.attributes.f("spatial_scale", 1), 0, false,
               node.attributes.s("mode", "avg") == "max", node.attributes.i("sampling_ratio", 0)};
  o.half_pixel = node.version >= 16 &&
                 node.attributes.s("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  if (o.half_pixel) o.shift = 0.5;
  const Dims dims{count, channels, node.attributes.i("output_height", 1),
                  node.attributes.i("output_width", 1)};
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  const std::vector<double> xs = load<double>(x), rs = load<double>(rois);
  std::vector<double> out;
  for (int64_t r = 0; r < count; ++r) {
    const int64_t n = batch[static_cast<size_t>(r)];
    if (n < 0 || n >= x.dims()[0]) return invalid(fmt::format("batch index {}", n));
    const double* roi = rs.data() + 4 * r;
    const Axis across = roi_axis(roi[0], roi[2], dims[3], o);
    const Axis down = roi_axis(roi[1], roi[3], dims[2], o);
    for (int64_t c = 0; c < channels; ++c) {
      const double* plane = xs.data() + (n * channels + c) * height * width;
      for (int64_t i = 0; i < dims[2]; ++i) {
        for (int64_t j = 0; j < dims[3]; ++j) {
          out.push_back(roi_bin(plane, height, width, down, across, i, j, o.max));
        }
      }
    }
  }
  ctx.set(0, store(x.dtype(), dims, out));
  return {};
}

// --- MaxRoiPool ---------------------------------------------------------------------------------

Result<std::vector<int64_t>> pooled_shape(const Node& node) {
  const std::vector<int64_t> shape = node.attributes.ints("pooled_shape");
  const bool good = shape.size() == 2 && std::all_of(shape.begin(), shape.end(), [](int64_t v) {
                      return v >= 1 && v <= INT32_MAX;
                    });
  if (!good) return invalid("pooled_shape is not two sizes");
  return shape;
}

Status infer_roi_pool(InferContext& ctx) {
  HONE_RETURN_IF_ERROR(check_float(ctx, 0));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 0, 4, 4));
  HONE_RETURN_IF_ERROR(check_rank(ctx, 1, 2, 2));
  HONE_ASSIGN(const std::vector<int64_t> shape, pooled_shape(ctx.node()));
  ctx.set(0, ctx.in(0).dtype,
          {ctx.has_rank(1) ? ctx.shape(1)[0] : ctx.unknown(0, 0),
           ctx.has_rank(0) ? ctx.shape(0)[1] : ctx.unknown(0, 1), Dim(shape[0]), Dim(shape[1])});
  return {};
}

// Cells [first, last) of bin i: the region's rounded borders, cut into equal parts.
std::pair<int64_t, int64_t> cells(double from, double to, double scale, int64_t i, int64_t bins,
                                  int64_t size) {
  const double start = std::round(from * scale), end = std::round(to * scale);
  const double step = std::max(end - start + 1, 1.0) / static_cast<double>(bins);
  const double limit = static_cast<double>(size);
  const auto inside = [limit](double v) {
    return static_cast<int64_t>(std::max(0.0, std::min(limit, v)));  // NaN: the limit
  };
  return {inside(std::floor(static_cast<double>(i) * step) + start),
          inside(std::ceil(static_cast<double>(i + 1) * step) + start)};
}

Status roi_pool(RefContext& ctx) {
  const Tensor &x = ctx.in(0), &rois = ctx.in(1);
  HONE_ASSIGN(const std::vector<int64_t> shape, pooled_shape(ctx.node()));
  if (x.rank() != 4 || rois.rank() != 2 || rois.dims()[1] != 5) {
    return error(Code::shape_mismatch, "X or the regions have the wrong shape");
  }
  const auto scale = static_cast<double>(ctx.node().attributes.f("spatial_scale", 1));
  const std::vector<double> xs = load<double>(x), rs = load<double>(rois);
  const int64_t channels = x.dims()[1], height = x.dims()[2], width = x.dims()[3];
  const Dims dims{rois.dims()[0], channels, shape[0], shape[1]};
  HONE_RETURN_IF_ERROR(check_size(DType::f64, dims));
  std::vector<double> out;
  const int64_t bins = shape[0] * shape[1];
  for (int64_t k = 0; k < element_count(dims); ++k) {
    const double* roi = rs.data() + k / bins / channels * 5;
    if (!(roi[0] >= 0 && roi[0] < static_cast<double>(x.dims()[0]))) {
      return invalid(fmt::format("batch index {}", roi[0]));
    }
    const int64_t plane = static_cast<int64_t>(roi[0]) * channels + k / bins % channels;
    const auto [top, bottom] = cells(roi[2], roi[4], scale, k % bins / shape[1], shape[0], height);
    const auto [left, right] = cells(roi[1], roi[3], scale, k % shape[1], shape[1], width);
    bool empty = true;
    double most = 0;  // of an empty bin
    for (int64_t i = top; i < bottom; ++i) {
      for (int64_t j = left; j < right; ++j) {
        const double v = xs[static_cast<size_t>((plane * height + i) * width + j)];
        most = empty ? v : std::max(most, v);
        empty = false;
      }
    }
    out.push_back(most);
  }
  ctx.set(0, store(x.dtype(), dims, out));
  return {};
}

// --- table --------------------------------------------------------------------------------------

double nms_flops(const Graph& graph, const Node& node) {
  return 20 * input_elements(graph, node, 1);
}
double roi_flops(const Graph& graph, const Node& node) {
  const auto ratio =
      static_cast<double>(std::clamp<int64_t>(node.attributes.i("sampling_ratio", 0), 1, 64));
  return 10 * ratio * ratio * output_elements(graph, node);
}

constexpr AttrSpec center[] = {{"center_point_box", AttrType::i}};
constexpr AttrSpec align_10[] = {{"mode", AttrType::s},
                                 {"output_height", AttrType::i},
                                 {"output_width", AttrType::i},
                                 {"sampling_ratio", AttrType::i},
                                 {"spatial_scale", AttrType::f}};
constexpr AttrSpec align_16[] = {{"coordinate_transformation_mode", AttrType::s},
                                 {"mode", AttrType::s},
                                 {"output_height", AttrType::i},
                                 {"output_width", AttrType::i},
                                 {"sampling_ratio", AttrType::i},
                                 {"spatial_scale", AttrType::f}};
constexpr AttrSpec pool_attrs[] = {{"pooled_shape", AttrType::ints, true},
                                   {"spatial_scale", AttrType::f}};
const OpDef defs[] = {
    {"", "NonMaxSuppression", 10, 2, 5, 1, 1, center, infer_nms, nms, nms_flops, 0},
    {"", "RoiAlign", 10, 3, 3, 1, 1, align_10, infer_roi_align, roi_align, roi_flops, 1e-4},
    {"", "RoiAlign", 16, 3, 3, 1, 1, align_16, infer_roi_align, roi_align, roi_flops, 1e-4},
    {"", "MaxRoiPool", 1, 2, 2, 1, 1, pool_attrs, infer_roi_pool, roi_pool, nullptr, 0},
};

}  // namespace

std::span<const OpDef> detection_defs() { return defs; }

}  // namespace hone::ops
