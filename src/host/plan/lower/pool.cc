// MaxPool, AveragePool and their global forms -> family pool, channels last.

#include "device/kernels/pool/pool.h"

#include "host/plan/lower/lowerings.h"
#include "host/plan/lower/params.h"

namespace hone::plan {

Status lower_pool(Lowering& l, const Node& n) {
  const auto& xf = l.graph().fact(n.input(0));
  const SymShape &x = *xf.shape, &y = *l.graph().fact(n.output(0)).shape;
  // Bytes are whole numbers in f32 too, and so is the largest of them.
  const bool bytes = (xf.dtype == DType::u8 || xf.dtype == DType::i8) && n.is("MaxPool");
  if (xf.dtype != DType::f32 && !bytes) {
    return unsupported(std::string("no pooling kernel for ") + name(xf.dtype));
  }
  if (n.output(1) != graph::none) return unsupported("MaxPool's Indices output has no kernel");
  kernels::PoolAttrs a{};
  a.kind = n.op.find("Max") != std::string::npos ? kernels::Pool::max : kernels::Pool::average;
  a.global = n.op.starts_with("Global");
  a.kernel_h = a.kernel_w = a.stride_h = a.stride_w = a.dilation_h = a.dilation_w = 1;
  if (a.global != 0) {
    if (x.size() < 3 || x.size() > 4) return unsupported("global pooling of rank 3 and 4 only");
  } else {
    HONE_ASSIGN(Window w,
                window(n, SymShape(x.begin() + 2, x.end()), SymShape(y.begin() + 2, y.end()), {}));
    a.kernel_h = w.kernel[0], a.kernel_w = w.kernel[1];
    a.stride_h = w.stride[0], a.stride_w = w.stride[1];
    a.dilation_h = w.dilation[0], a.dilation_w = w.dilation[1];
    a.pad_t = w.begin[0], a.pad_l = w.begin[1];
    a.pad_b = w.end[0], a.pad_r = w.end[1];
    a.count_include_pad = static_cast<int32_t>(n.attributes.i("count_include_pad", 0));
  }
  HONE_ASSIGN(PlanValue px, l.use_as(n.input(0), Layout::channels_last));
  PlanValue py = l.define_as(n.output(0), Layout::channels_last);
  if (!bytes) {
    l.step(n, "pool", {as_rank4(l, px)}, {as_rank4(l, py)}, a);
    return {};
  }
  PlanValue wide_x = l.temporary(n.name, DType::f32, l.at(px).shape);
  PlanValue wide_y = l.temporary(n.name, DType::f32, l.at(py).shape);
  l.add_step(n, "cast", {px}, {wide_x}, {}, {});
  l.step(n, "pool", {as_rank4(l, wide_x)}, {as_rank4(l, wide_y)}, a);
  l.add_step(n, "cast", {wide_y}, {py}, {}, {});
  return {};
}

}  // namespace hone::plan
