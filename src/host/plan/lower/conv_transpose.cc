// ConvTranspose -> a matrix product of pixels with all taps of the filter, then family col2im.

#include "device/kernels/col2im/col2im.h"

#include <fmt/format.h>

#include "device/kernels/gemm/gemm.h"
#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

namespace {

struct Spread {
  int32_t stride[2] = {1, 1}, dilation[2] = {1, 1}, begin[2] = {0, 0};
};

// Rows cut off in front where auto_pad or output_shape set the pads: half of what is too much, the
// odd one in front unless the upper end is preferred.
Result<int64_t> cut(const Node& n, const Dim& full, const Dim& size) {
  auto total = max(full - size, Dim(0)).const_value();
  if (!total) return unsupported("auto_pad SAME on a dynamic size; give --profile");
  const std::string auto_pad = n.attributes.s("auto_pad", "NOTSET");
  return auto_pad == "SAME_LOWER" ? *total - *total / 2 : *total / 2;
}

// Spatial axis i of rank `dims`; 1-d ones are the second of two.
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
    const size_t at = i + 2 - dims;
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
// with 0.
Tensor whole_filter(const Tensor& w, int64_t groups) {
  const int64_t depth = w.dims()[0], filters = w.dims()[1];
  const int64_t taps = depth * filters == 0 ? 0 : w.count() / (depth * filters);
  const int64_t columns = filters * groups;
  Tensor out(DType::f32, {depth, taps, columns});
  for (int64_t i = 0; i < out.count(); ++i) out.set(i, 0);
  for (int64_t c = 0; c < depth; ++c) {
    const int64_t first = c / (depth / groups) * filters;
    for (int64_t f = 0; f < filters; ++f) {
      for (int64_t t = 0; t < taps; ++t) {
        out.set((c * taps + t) * columns + first + f, w.at((c * filters + f) * taps + t));
      }
    }
  }
  return out;
}

}  // namespace

Status lower_conv_transpose(Lowering& l, const Node& n) {
  const auto& fact = l.graph().fact(n.input(0));
  const SymShape &x = *fact.shape, &w = *l.graph().fact(n.input(1)).shape;
  const SymShape& y = *l.graph().fact(n.output(0)).shape;
  if (fact.dtype != DType::f32) {
    return unsupported(std::string("no transposed convolution kernel for ") + name(fact.dtype));
  }
  if (x.size() < 3 || x.size() > 4)
    return unsupported("transposed convolution of 1 or 2 axes only");
  HONE_ASSIGN(Spread s, spread(n, x, w, y));
  const Dim taps = graph::product(w, 2, w.size()), columns = y[1];
  const Tensor* filter = l.graph().constant(n.input(1));
  const int64_t groups = n.attributes.i("group", 1);
  PlanValue weights = absent;
  if (filter != nullptr) {
    weights = l.constant(l.graph().value(n.input(1)).name, whole_filter(*filter, groups));
  } else {
    if (groups != 1) return unsupported("computed weights of several groups");
    HONE_ASSIGN(weights, l.use_as(n.input(1), Layout::channels_last));
  }
  HONE_ASSIGN(PlanValue px, l.use_as(n.input(0), Layout::channels_last));
  HONE_ASSIGN(PlanValue bias, l.use(n.input(2)));
  px = as_rank4(l, px);
  const SymShape pixels = l.at(px).shape;  // [N, H, W, Cin]
  const Dim rows = graph::product(pixels, 0, 3);
  PlanValue products = l.temporary(n.name, DType::f32, {rows, taps * columns});
  kernels::GemmAttrs product{};
  product.alpha = 1;
  l.step(n, "gemm",
         {l.reshape_view(px, {rows, x[1]}), l.reshape_view(weights, {x[1], taps * columns})},
         {products}, product);
  const Dim kh = w.size() == 4 ? w[2] : Dim(1);
  const SymShape wide = {pixels[0], pixels[1], pixels[2], kh, w.back(), columns};
  const kernels::Col2imAttrs a{s.stride[0],   s.stride[1], s.dilation[0],
                               s.dilation[1], s.begin[0],  s.begin[1]};
  PlanValue py = as_rank4(l, l.define_as(n.output(0), Layout::channels_last));
  l.step(n, "col2im", {l.reshape_view(products, wide), bias}, {py}, a);
  return {};
}

// [N, C taps, blocks] -> the blocks added up where they stood.
Status lower_col2im(Lowering& l, const Node& n) {
  const auto& fact = l.graph().fact(n.input(0));
  if (fact.dtype != DType::f32) return unsupported("no kernel for other types than f32");
  HONE_ASSIGN(const std::vector<int64_t> image, l.ints(n, 1));
  HONE_ASSIGN(const std::vector<int64_t> block, l.ints(n, 2));
  if (image.size() != 2 || block.size() != 2) return unsupported("images of 2 axes only");
  const auto list = [&](const char* name, size_t count, int64_t otherwise) {
    return n.attributes.ints(name, std::vector<int64_t>(count, otherwise));
  };
  const auto strides = list("strides", 2, 1), dilations = list("dilations", 2, 1);
  const auto pads = list("pads", 4, 0);
  Dims blocks;
  for (size_t i = 0; i < 2; ++i) {
    for (int64_t v : {strides[i], dilations[i], pads[i], pads[i + 2], block[i]}) {
      if (v < 0 || v > INT32_MAX) return unsupported(fmt::format("window parameter {}", v));
    }
    const int64_t room = image[i] + pads[i] + pads[i + 2] - (block[i] - 1) * dilations[i] - 1;
    if (strides[i] < 1 || room < 0) return unsupported("blocks that do not fit the image");
    blocks.push_back(room / strides[i] + 1);
  }
  const SymShape y = *l.graph().fact(n.output(0)).shape;
  HONE_ASSIGN(PlanValue x, l.use_as(n.input(0), Layout::row_major));
  const SymShape seen = {y[0], y[1], Dim(block[0]), Dim(block[1]), Dim(blocks[0]), Dim(blocks[1])};
  x = l.reshape_view(x, seen);
  const std::vector<Dim> own = l.strides_of(x);
  SymShape wide;
  std::vector<Dim> moved;
  for (size_t p : {0, 4, 5, 2, 3, 1}) wide.push_back(seen[p]), moved.push_back(own[p]);
  const PlanValue products = l.temporary(n.name, DType::f32, wide);
  l.copy(n, l.view(x, wide, std::move(moved), 0), products);
  auto small = [](int64_t v) { return static_cast<int32_t>(v); };
  const kernels::Col2imAttrs a{small(strides[0]),   small(strides[1]), small(dilations[0]),
                               small(dilations[1]), small(pads[0]),    small(pads[1])};
  l.step(n, "col2im", {products, absent}, {l.define_as(n.output(0), Layout::channels_last)}, a);
  return {};
}

}  // namespace hone::plan
