// trim_taps: taps at the edge of a convolution's window that lie in the padding wherever the window
// stands are cut off. A dilation of 24 on a map of 16 leaves one tap of nine (DeepLab's pyramid).

#include <algorithm>

#include "host/passes/match.h"

namespace hone::passes {

namespace {

// One spatial axis of a Conv.
struct Axis {
  int64_t in, out, taps, stride, dilation, begin, end;

  bool in_padding(int64_t tap) const {
    const int64_t first = tap * dilation - begin;
    return first >= in || first + (out - 1) * stride < 0;
  }
  // Cuts; false where that leaves the axis as it was, or has no padding to cut from.
  bool trim(int64_t* from) {
    int64_t left = 0, right = 0;
    while (left < taps && in_padding(left)) ++left;
    while (right < taps - left && in_padding(taps - 1 - right)) ++right;
    if (left + right == 0 || left == taps) return false;
    if (begin < left * dilation || end < right * dilation) return false;
    *from = left;
    begin -= left * dilation;
    end -= right * dilation;
    taps -= left + right;
    if (taps == 1) dilation = 1;
    return true;
  }
};

std::vector<int64_t> list_or(const Node& n, const char* name, size_t count, int64_t absent) {
  std::vector<int64_t> list = n.attributes.ints(name);
  return list.empty() ? std::vector<int64_t>(count, absent) : list;
}

// nullopt: not a Conv whose window, padding and spatial sizes are all known.
std::optional<std::vector<Axis>> axes_of(const Graph& g, const Node& n, const Tensor& w) {
  const graph::Fact &x = g.fact(n.input(0)), &y = g.fact(n.output(0));
  const std::string auto_pad = n.attributes.s("auto_pad", "NOTSET");
  if (auto_pad != "NOTSET" || !x.has_rank() || !y.has_rank() || x.rank() != w.rank()) {
    return std::nullopt;
  }
  const auto count = static_cast<size_t>(w.rank() - 2);
  const auto strides = list_or(n, "strides", count, 1),
             dilations = list_or(n, "dilations", count, 1), pads = list_or(n, "pads", 2 * count, 0);
  if (strides.size() != count || dilations.size() != count || pads.size() != 2 * count) {
    return std::nullopt;
  }
  std::vector<Axis> axes;
  for (size_t i = 0; i < count; ++i) {
    auto in = (*x.shape)[i + 2].const_value(), out = (*y.shape)[i + 2].const_value();
    if (!in || !out || *out <= 0) return std::nullopt;
    axes.push_back(
        {*in, *out, w.dims()[i + 2], strides[i], dilations[i], pads[i], pads[count + i]});
  }
  return axes;
}

// w with `taps` of `axis` from `from` on.
Tensor cut(const Tensor& w, size_t axis, int64_t from, int64_t taps) {
  Dims dims = w.dims();
  int64_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= dims[i];
  for (size_t i = axis + 1; i < dims.size(); ++i) inner *= dims[i];
  const int64_t before = dims[axis];
  dims[axis] = taps;
  Tensor made(DType::f32, dims);
  auto to = made.as_mutable<float>();
  auto source = w.as<float>();
  for (int64_t o = 0; o < outer; ++o) {
    std::copy_n(source.begin() + (o * before + from) * inner, taps * inner,
                to.begin() + o * taps * inner);
  }
  return made;
}

std::optional<Patch> propose(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  const Tensor* w = n.is("Conv") ? g.constant(n.input(1)) : nullptr;
  if (w == nullptr || w->dtype() != DType::f32 || w->rank() < 3) return std::nullopt;
  auto axes = axes_of(g, n, *w);
  if (!axes) return std::nullopt;
  Tensor weights = *w;
  bool cuts = false;
  std::vector<int64_t> window, dilations, pads;
  for (size_t i = 0; i < axes->size(); ++i) {
    int64_t from = 0;
    Axis& a = (*axes)[i];
    if (a.trim(&from)) {
      weights = cut(weights, i + 2, from, a.taps);
      cuts = true;
    }
    window.push_back(a.taps);
    dilations.push_back(a.dilation);
    pads.push_back(a.begin);
  }
  if (!cuts) return std::nullopt;
  for (const Axis& a : *axes) pads.push_back(a.end);
  Patch p(g, id);
  Node made = n;
  made.origin.clear();
  made.inputs[1] = p.constant(std::move(weights), g.value(n.input(1)).name);
  made.attributes.set("kernel_shape", window);
  made.attributes.set("dilations", dilations);
  made.attributes.set("pads", pads);
  p.replace(n.output(0), p.add(std::move(made), {id}));
  p.remove(id);
  p.set_why(label(n) + ": taps that lie in the padding everywhere");
  return p;
}

}  // namespace

extern const Pass trim_taps;
const Pass trim_taps{"trim_taps",     "cut taps of convolutions that only ever meet padding",
                     Stage::standard, false,
                     propose,         nullptr};

}  // namespace hone::passes
