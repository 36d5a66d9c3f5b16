#include "host/ops/window.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/ops/infer_util.h"

namespace hone::ops {
namespace {

Status read(const Node& node, const char* name, size_t n, int64_t least, int64_t fallback,
            std::vector<int64_t>* out) {
  *out = node.attributes.ints(name, std::vector<int64_t>(n, fallback));
  if (out->size() != n) {
    return invalid(fmt::format("{} has {} entries, not {}", name, out->size(), n));
  }
  for (int64_t v : *out) {
    if (v < least || v > INT32_MAX) return invalid(fmt::format("{} has the entry {}", name, v));
  }
  return {};
}

Result<AutoPad> auto_pad_of(const Node& node) {
  const std::string text = node.attributes.s("auto_pad", "NOTSET");
  if (text == "NOTSET" || text.empty()) return AutoPad::none;
  if (text == "SAME_UPPER") return AutoPad::same_upper;
  if (text == "SAME_LOWER") return AutoPad::same_lower;
  if (text == "VALID") return AutoPad::valid;
  return invalid(fmt::format("auto_pad is '{}'", text));
}

}  // namespace

Result<Window> window_of(const Node& node, size_t n, std::vector<int64_t> kernel) {
  Window w;
  HONE_ASSIGN(w.auto_pad, auto_pad_of(node));
  HONE_RETURN_IF_ERROR(read(node, "strides", n, 1, 1, &w.strides));
  HONE_RETURN_IF_ERROR(read(node, "dilations", n, 1, 1, &w.dilations));
  HONE_RETURN_IF_ERROR(read(node, "pads", 2 * n, 0, 0, &w.pads));
  if (w.auto_pad != AutoPad::none) w.pads.assign(2 * n, 0);
  w.ceil_mode = node.attributes.i("ceil_mode", 0) != 0;
  if (kernel.empty()) {
    if (!node.attributes.has("kernel_shape")) return invalid("kernel_shape is missing");
    HONE_RETURN_IF_ERROR(read(node, "kernel_shape", n, 1, 1, &w.kernel));
    return w;
  }
  w.kernel = std::move(kernel);
  if (w.kernel.size() != n) {
    return error(Code::shape_mismatch,
                 fmt::format("a kernel of {} axes over {}", w.kernel.size(), n));
  }
  for (int64_t k : w.kernel) {
    if (k < 1 || k > INT32_MAX) {
      return error(Code::shape_mismatch, fmt::format("the kernel has size {}", k));
    }
  }
  return w;
}

Result<Dim> window_count(const Window& w, size_t i, const Dim& size) {
  const Dim stride(w.strides[i]);
  if (w.auto_pad == AutoPad::same_upper || w.auto_pad == AutoPad::same_lower) {
    return ceil_div(size, stride);
  }
  const Dim slack = size + Dim(w.begin(i) + w.end(i) - w.extent(i));
  if (slack.is_const() && slack.value() < 0) {
    return error(
        Code::shape_mismatch,
        fmt::format("the window spans {} of spatial axis {}, which has {}{}", w.extent(i), i,
                    to_string(size), w.begin(i) + w.end(i) > 0 ? " and its padding" : ""));
  }
  if (!w.ceil_mode) return floor_div(slack, stride) + Dim(1);
  // Rounded up, but a last window that would start in the padding at the end is dropped: the
  // smaller of ceil(slack / stride) and floor((size + begin - 1) / stride).
  const int64_t to_ceil = w.strides[i] - 1;
  const int64_t to_start = w.extent(i) - w.end(i) - 1;
  return floor_div(slack + Dim(std::min(to_ceil, to_start)), stride) + Dim(1);
}

std::vector<int64_t> resolved_pads(const Window& w, const std::vector<int64_t>& sizes) {
  std::vector<int64_t> pads = w.pads;
  if (w.auto_pad != AutoPad::same_upper && w.auto_pad != AutoPad::same_lower) return pads;
  for (size_t i = 0; i < w.rank(); ++i) {
    const int64_t count = (sizes[i] + w.strides[i] - 1) / w.strides[i];
    const int64_t total = std::max<int64_t>(0, (count - 1) * w.strides[i] + w.extent(i) - sizes[i]);
    const int64_t more = total - total / 2;
    pads[i] = w.auto_pad == AutoPad::same_upper ? total / 2 : more;
    pads[w.rank() + i] = total - pads[i];
  }
  return pads;
}

}  // namespace hone::ops
