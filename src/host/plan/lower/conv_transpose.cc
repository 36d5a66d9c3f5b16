// ConvTranspose -> a matrix product of pixels with all taps of the filter, then family col2im.

#include "device/kernels/col2im/col2im.h"

#include <algorithm>

#include <fmt/format.h>

#include "device/kernels/fill/fill.h"
#include "device/kernels/gemm/gemm.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"
#include "host/plan/lower/volume.h"

namespace hone::plan {

namespace {

struct Spread {
  int32_t stride[3] = {1, 1, 1}, dilation[3] = {1, 1, 1}, begin[3] = {0, 0, 0};
};

// Rows cut off in front where auto_pad or output_shape set the pads: half of what is too much, the
// odd one in front unless the upper end is preferred.
Result<int64_t> cut(const Node& n, const Dim& full, const Dim& size) {
  auto total = max(full - size, Dim(0)).const_value();
  if (!total) return unsupported("auto_pad SAME on a dynamic size; give --profile");
  const std::string auto_pad = n.attributes.s("auto_pad", "NOTSET");
  return auto_pad == "SAME_LOWER" ? *total - *total / 2 : *total / 2;
}

// Spatial axis i of rank `dims` among depth, height, width, the last ones first.
Result<Spread> spread(const Node& n, const SymShape& x, const SymShape& w, const SymShape& y) {
  const size_t dims = x.size() - 2;
  auto list = [&](const char* name, int64_t otherwise) {
    return n.attributes.ints(name, std::vector<int64_t>(dims, otherwise));
  };
  const auto strides = list("strides", 1), dilations = list("dilations", 1);
  const auto extra = list("output_padding", 0);
  const auto pads = n.attributes.ints("pads", std::vector<int64_t>(2 * dims, 0));
  const std::string auto_pad = n.attributes.s("auto_pad", "NOTSET");
  Spread s;
  for (size_t i = 0; i < dims; ++i) {
    if (!w[i + 2].is_const()) return unsupported("the kernel's size depends on the input");
    int64_t begin = auto_pad == "VALID" ? 0 : pads[i];
    if (auto_pad.starts_with("SAME") || n.attributes.has("output_shape")) {
      const Dim extent((w[i + 2].value() - 1) * dilations[i] + 1);
      const Dim full = Dim(strides[i]) * (x[i + 2] - Dim(1)) + Dim(extra[i]) + extent;
      HONE_ASSIGN(begin, cut(n, full, y[i + 2]));
    }
    const size_t at = i + 3 - dims;
    for (int64_t v : {strides[i], dilations[i], begin}) {
      if (v < 0 || v > INT32_MAX) return unsupported(fmt::format("window parameter {}", v));
    }
    s.stride[at] = static_cast<int32_t>(strides[i]);
    s.dilation[at] = static_cast<int32_t>(dilations[i]);
    s.begin[at] = static_cast<int32_t>(begin);
  }
  return s;
}

// [Cin, taps, Cout] of constant weights [Cin, Cout / groups, taps...]: products between groups are
// with 0. Taps along the depth, the first of three axes, come last.
Tensor whole_filter(const Tensor& w, int64_t groups) {
  const int64_t depth = w.dims()[0], filters = w.dims()[1];
  const int64_t taps = depth * filters == 0 ? 0 : w.count() / (depth * filters);
  const int64_t layers = w.rank() == 5 ? w.dims()[2] : 1,
                plane = taps / std::max<int64_t>(layers, 1);
  const int64_t columns = filters * groups;
  Tensor out(DType::f32, {depth, taps, columns});
  for (int64_t i = 0; i < out.count(); ++i) out.set(i, 0);
  for (int64_t c = 0; c < depth; ++c) {
    const int64_t first = c / (depth / groups) * filters;
    for (int64_t f = 0; f < filters; ++f) {
      for (int64_t t = 0; t < taps; ++t) {
        const int64_t to = t % plane * layers + t / plane;
        out.set((c * taps + to) * columns + first + f, w.at((c * filters + f) * taps + t));
      }
    }
  }
  return out;
}

// Computed weights [Cin, Cout, taps...] as [Cin, taps, Cout], the depth's taps last.
Result<PlanValue> computed_filter(Lowering& l, const Node& n) {
  HONE_ASSIGN(PlanValue w, l.use_as(n.input(1), Layout::channels_last));
  const SymShape s = l.at(w).shape;
  if (s.size() < 5) return w;
  const std::vector<Dim> own = l.strides_of(w);
  const SymShape turned = {s[0], s[2], s[3], s[1], s[4]};
  const PlanValue made = l.temporary(l.at(w).name, l.at(w).dtype, turned);
  l.copy(n, l.view(w, turned, {own[0], own[2], own[3], own[1], own[4]}, 0), made);
  return made;
}

// Computed weights [Cin, taps, Cout / groups] among zeros, as whole_filter().
PlanValue among_zeros(Lowering& l, const Node& n, PlanValue w, int64_t groups, const Dim& taps) {
  const SymShape s = l.at(w).shape;
  const Dim in = floor_div(s[0], Dim(groups)), out = s.back(), columns = out * Dim(groups);
  const PlanValue whole = l.temporary(l.at(w).name, DType::f32, {s[0], taps, columns});
  l.step(n, "fill", {}, {whole}, kernels::FillAttrs{kernels::Fill::value, 0, 0});
  const SymShape blocks = {Dim(groups), in, taps, out};
  l.copy(n, l.reshape_view(dense(l, n, w), blocks),
         l.view(whole, blocks, {in * taps * columns + out, taps * columns, columns, Dim(1)}, 0));
  return whole;
}

// Products [N, D, H, W, KH, KW, KD, Cout] fall into their planes first, KD channels for each tap
// along the depth, then from plane to plane.
void spread_volume(Lowering& l, const Node& n, PlanValue products, PlanValue bias, const Spread& s,
                   const SymShape& w) {
  const PlanValue y = l.define_as(n.output(0), Layout::channels_last);
  const SymShape to = l.at(y).shape, from = *l.graph().fact(n.input(0)).shape;  // N, C, D, H, W
  const Dim layers = w[2], columns = to[4];
  const PlanValue planes = l.temporary(n.name + " planes", DType::f32,
                                       {from[0] * from[2], to[2], to[3], layers * columns});
  const kernels::Col2imAttrs plane{s.stride[1],   s.stride[2], s.dilation[1],
                                   s.dilation[2], s.begin[1],  s.begin[2]};
  l.step(n, "col2im",
         {l.reshape_view(products,
                         {from[0] * from[2], from[3], from[4], w[3], w[4], layers * columns}),
          absent},
         {planes}, plane);
  const kernels::Col2imAttrs depth{s.stride[0], 1, s.dilation[0], 1, s.begin[0], 0};
  l.step(n, "col2im",
         {l.reshape_view(planes, {from[0], from[2], to[2] * to[3], layers, Dim(1), columns}), bias},
         {as_depths(l, y)}, depth);
}

}  // namespace

Status lower_conv_transpose(Lowering& l, const Node& n) {
  const auto& fact = l.graph().fact(n.input(0));
  const SymShape &x = *fact.shape, &w = *l.graph().fact(n.input(1)).shape;
  const SymShape& y = *l.graph().fact(n.output(0)).shape;
  if (fact.dtype != DType::f32) {
    return unsupported(std::string("no transposed convolution kernel for ") + name(fact.dtype));
  }
  if (x.size() < 3 || x.size() > 5)
    return unsupported("transposed convolution of 1 to 3 axes only");
  HONE_ASSIGN(Spread s, spread(n, x, w, y));
  const Dim taps = graph::product(w, 2, w.size()), columns = y[1];
  const Tensor* filter = l.graph().constant(n.input(1));
  const int64_t groups = n.attributes.i("group", 1);
  PlanValue weights = absent;
  if (filter != nullptr) {
    weights = l.constant(l.graph().value(n.input(1)).name, whole_filter(*filter, groups));
  } else {
    HONE_ASSIGN(weights, computed_filter(l, n));
    if (groups != 1) weights = among_zeros(l, n, weights, groups, taps);
  }
  HONE_ASSIGN(PlanValue px, l.use_as(n.input(0), Layout::channels_last));
  HONE_ASSIGN(PlanValue bias, l.use(n.input(2)));
  px = as_rank4(l, px);
  const SymShape pixels = l.at(px).shape;  // [N, H, W, Cin], of a volume [N, D, H, W, Cin]
  const Dim rows = graph::product(pixels, 0, pixels.size() - 1);
  PlanValue products = l.temporary(n.name, DType::f32, {rows, taps * columns});
  kernels::GemmAttrs product{};
  product.alpha = 1;
  l.step(n, "gemm",
         {l.reshape_view(px, {rows, x[1]}), l.reshape_view(weights, {x[1], taps * columns})},
         {products}, product);
  if (x.size() == 5) {
    spread_volume(l, n, products, bias, s, w);
    return {};
  }
  const Dim kh = w.size() == 4 ? w[2] : Dim(1);
  const SymShape wide = {pixels[0], pixels[1], pixels[2], kh, w.back(), columns};
  const kernels::Col2imAttrs a{s.stride[1],   s.stride[2], s.dilation[1],
                               s.dilation[2], s.begin[1],  s.begin[2]};
  PlanValue py = as_rank4(l, l.define_as(n.output(0), Layout::channels_last));
  l.step(n, "col2im", {l.reshape_view(products, wide), bias}, {py}, a);
  return {};
}

// [N, C taps, blocks] -> the blocks added up where they stood.
Status lower_col2im(Lowering& l, const Node& n) {
  const auto& fact = l.graph().fact(n.input(0));
  if (fact.dtype != DType::f32) return unsupported("no kernel for other types than f32");
  HONE_ASSIGN(const std::vector<Dim> image, l.content(n, 1));
  HONE_ASSIGN(const std::vector<Dim> block, l.content(n, 2));
  if (image.size() != 2 || block.size() != 2) return unsupported("images of 2 axes only");
  const auto list = [&](const char* name, size_t count, int64_t otherwise) {
    return n.attributes.ints(name, std::vector<int64_t>(count, otherwise));
  };
  const auto strides = list("strides", 2, 1), dilations = list("dilations", 2, 1);
  const auto pads = list("pads", 4, 0);
  std::vector<Dim> blocks;
  for (size_t i = 0; i < 2; ++i) {
    for (int64_t v : {strides[i], dilations[i], pads[i], pads[i + 2]}) {
      if (v < 0 || v > INT32_MAX) return unsupported(fmt::format("window parameter {}", v));
    }
    const Dim room =
        image[i] + pads[i] + pads[i + 2] - (block[i] - Dim(1)) * Dim(dilations[i]) - Dim(1);
    if (strides[i] < 1 || (room.is_const() && room.value() < 0)) {
      return unsupported("blocks that do not fit the image");
    }
    blocks.push_back(floor_div(room, strides[i]) + Dim(1));
  }
  const SymShape y = *l.graph().fact(n.output(0)).shape;
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  const SymShape seen = {y[0], y[1], block[0], block[1], blocks[0], blocks[1]};
  const SymShape given = l.at(x).shape;
  l.check(Dim::apply(Dim::Op::equal, {given[1], y[1] * block[0] * block[1]}) *
              Dim::apply(Dim::Op::equal, {given[2], blocks[0] * blocks[1]}),
          "Col2Im '" + n.name + "': columns that do not fit the image and its blocks");
  x = l.reshape_view(x, seen);
  const std::vector<Dim> own = l.strides_of(x);
  SymShape wide;
  std::vector<Dim> moved;
  for (size_t p : {0, 4, 5, 2, 3, 1}) wide.push_back(seen[p]), moved.push_back(own[p]);
  // As many as x has, whatever the blocks.
  const PlanValue products = l.reshape_view(l.temporary(n.name, DType::f32, given), wide);
  l.copy(n, l.view(x, wide, std::move(moved), 0), products);
  auto small = [](int64_t v) { return static_cast<int32_t>(v); };
  const kernels::Col2imAttrs a{small(strides[0]),   small(strides[1]), small(dilations[0]),
                               small(dilations[1]), small(pads[0]),    small(pads[1])};
  l.step(n, "col2im", {products, absent}, {l.define_as(n.output(0), Layout::channels_last)}, a);
  return {};
}

}  // namespace hone::plan
