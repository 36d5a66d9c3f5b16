// MaxPool with its Indices output -> family argpool, row-major, all ranks as three spatial axes.

#include "host/plan/lower/arg_pool.h"

#include "device/kernels/argpool/argpool.h"
#include "host/plan/lower/params.h"
#include "host/plan/lower/volume.h"

namespace hone::plan {

Status lower_arg_pool(Lowering& l, const Node& n) {
  const auto& fact = l.graph().fact(n.input(0));
  const SymShape &x = *fact.shape, &y = *l.graph().fact(n.output(1)).shape;
  if (x.size() < 3 || x.size() > 5) return unsupported("pooling of 1 to 3 axes only");
  const bool half = fact.dtype == DType::bf16 || fact.dtype == DType::f16;
  const bool bytes = fact.dtype == DType::u8 || fact.dtype == DType::i8;
  if (fact.dtype != DType::f32 && !half && !bytes) {
    return unsupported(std::string("no pooling kernel for ") + name(fact.dtype));
  }
  HONE_ASSIGN(const auto axes,
              window_axes(n, {x.begin() + 2, x.end()}, {y.begin() + 2, y.end()}, {}));
  kernels::ArgpoolAttrs a{};
  for (size_t i = 0; i < 3; ++i) {
    const size_t missing = 3 - axes.size();
    const WindowAxis w = i < missing ? WindowAxis{} : axes[i - missing];
    a.kernel[i] = w.kernel, a.stride[i] = w.stride;
    a.dilation[i] = w.dilation, a.pad[i] = w.begin;
  }
  a.column_major = n.attributes.i("storage_order", 0) != 0 ? 1 : 0;
  const auto volume = [&](PlanValue v) {
    SymShape s = l.at(v).shape;
    s.insert(s.begin() + 2, 5 - s.size(), Dim(1));
    return l.reshape_view(v, std::move(s));
  };
  HONE_ASSIGN(PlanValue px, l.use_as(n.input(0), Layout::row_major));
  px = dense(l, n, px);
  PlanValue py = n.output(0) == graph::none ? absent : l.define_as(n.output(0), Layout::row_major);
  const PlanValue where = l.define_as(n.output(1), Layout::row_major);
  const PlanValue given = py;
  if (half) {  // every bf16 and f16 is a f32
    const PlanValue wide = l.temporary(n.name, DType::f32, x);
    l.add_step(n, "cast", {px}, {wide}, {}, {});
    px = wide;
    if (py != absent) py = l.temporary(n.name, DType::f32, y);
  }
  l.step(n, "argpool", {volume(px)}, {py == absent ? absent : volume(py), volume(where)}, a);
  if (half && given != absent) l.add_step(n, "cast", {py}, {given}, {}, {});
  return {};
}

}  // namespace hone::plan
