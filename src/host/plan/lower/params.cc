#include "host/plan/lower/params.h"

#include <fmt/format.h>

#include <limits>

namespace hone::plan {

Result<Epilogue> epilogue(const Node& n) {
  std::string wanted = n.attributes.s("activation", "none");
  for (int i = 0; i < kernels::act_count; ++i) {
    auto act = static_cast<kernels::Act>(i);
    if (wanted == name(act)) {
      return Epilogue{act, n.attributes.f("act_a", 0), n.attributes.f("act_b", 0)};
    }
  }
  return internal(fmt::format("unknown activation '{}'", wanted));
}

Result<int> normal_axis(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    return invalid(fmt::format("axis {} is out of range for rank {}", axis, rank));
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Result<std::optional<std::vector<int64_t>>> axes(Lowering& l, const Node& n, size_t input) {
  if (n.attributes.has("axes")) return std::optional(n.attributes.ints("axes"));
  if (n.input(input) == graph::none) return std::optional<std::vector<int64_t>>();
  HONE_ASSIGN(auto given, l.ints(n, input));
  return std::optional(std::move(given));
}

namespace {

Result<int32_t> narrow(int64_t v) {
  if (v < std::numeric_limits<int32_t>::min() || v > std::numeric_limits<int32_t>::max()) {
    return unsupported(fmt::format("window parameter {} does not fit 32 bits", v));
  }
  return static_cast<int32_t>(v);
}

}  // namespace

Result<std::vector<WindowAxis>> window_axes(const Node& n, const SymShape& spatial,
                                            const SymShape& out, std::vector<int64_t> kernel) {
  const size_t dims = spatial.size();
  kernel = n.attributes.ints("kernel_shape", std::move(kernel));
  auto strides = n.attributes.ints("strides", std::vector<int64_t>(dims, 1));
  auto dilations = n.attributes.ints("dilations", std::vector<int64_t>(dims, 1));
  auto pads = n.attributes.ints("pads", std::vector<int64_t>(2 * dims, 0));
  std::string auto_pad = n.attributes.s("auto_pad", "NOTSET");
  std::vector<WindowAxis> axes(dims);
  for (size_t i = 0; i < dims; ++i) {
    WindowAxis& w = axes[i];
    HONE_ASSIGN(w.kernel, narrow(kernel[i]));
    HONE_ASSIGN(w.stride, narrow(strides[i]));
    HONE_ASSIGN(w.dilation, narrow(dilations[i]));
    HONE_ASSIGN(w.begin, narrow(auto_pad == "NOTSET" ? pads[i] : 0));
    HONE_ASSIGN(w.end, narrow(auto_pad == "NOTSET" ? pads[i + dims] : 0));
    if (auto_pad == "NOTSET" || auto_pad == "VALID" || auto_pad.empty()) continue;
    // SAME: enough padding that out = ceil(in / stride); the odd one goes to the end (UPPER).
    Dim span = (out[i] - 1) * strides[i] + ((kernel[i] - 1) * dilations[i] + 1) - spatial[i];
    auto total = max(span, Dim(0)).const_value();
    if (!total) return unsupported("auto_pad SAME on a dynamic size; give --profile");
    int64_t small = *total / 2, large = *total - small;
    HONE_ASSIGN(w.begin, narrow(auto_pad == "SAME_LOWER" ? large : small));
    HONE_ASSIGN(w.end, narrow(auto_pad == "SAME_LOWER" ? small : large));
  }
  return axes;
}

Window plane_of(const std::vector<WindowAxis>& axes) {
  Window w;
  const size_t first = axes.size() > 2 ? axes.size() - 2 : 0;
  for (size_t i = first; i < axes.size(); ++i) {
    const size_t k = i + 2 - axes.size();
    w.kernel[k] = axes[i].kernel, w.stride[k] = axes[i].stride;
    w.dilation[k] = axes[i].dilation;
    w.begin[k] = axes[i].begin, w.end[k] = axes[i].end;
  }
  return w;
}

Result<Window> window(const Node& n, const SymShape& spatial, const SymShape& out,
                      std::vector<int64_t> kernel) {
  if (spatial.empty() || spatial.size() > 2) {
    return unsupported(fmt::format("{} spatial dimensions (1 and 2 have kernels)", spatial.size()));
  }
  HONE_ASSIGN(const auto axes, window_axes(n, spatial, out, std::move(kernel)));
  return plane_of(axes);
}

PlanValue as_rank4(Lowering& l, PlanValue v) {
  if (v == absent || l.at(v).shape.size() != 3) return v;
  const SymShape& s = l.at(v).shape;
  return l.reshape_view(v, {s[0], Dim(1), s[1], s[2]});
}

}  // namespace hone::plan
