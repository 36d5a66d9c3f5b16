#include "host/ops/axis_pads.h"

namespace hone::ops {

std::vector<Dim> spread_over_axes(const std::vector<Dim>& list, const std::vector<Dim>& axes,
                                  size_t rank) {
  std::vector<Dim> out(2 * rank, Dim(0));
  const auto size = static_cast<int64_t>(rank);
  auto is = [](const Dim& a, int64_t b) { return Dim::apply(Dim::Op::equal, {a, Dim(b)}); };
  for (size_t d = 0; d < 2 * rank; ++d) {
    const auto axis = static_cast<int64_t>(d % rank);
    for (size_t i = 0; i < axes.size(); ++i) {
      const Dim& given = list[i + (d < rank ? 0 : axes.size())];
      out[d] = out[d] + (is(axes[i], axis) + is(axes[i], axis - size)) * given;
    }
  }
  return out;
}

}  // namespace hone::ops
