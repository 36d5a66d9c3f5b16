#include "host/passes/reshape_target.h"

#include <algorithm>

namespace hone::passes {

using graph::Dim;
using graph::SymShape;

std::optional<Tensor> reshape_target(const std::optional<SymShape>& from, const SymShape& to,
                                     std::optional<size_t> minus_one, bool same_count) {
  const auto count = [](const SymShape& s) { return graph::product(s, 0, s.size()); };
  const auto open = std::count_if(to.begin(), to.end(), [](const Dim& d) { return !d.is_const(); });
  same_count = same_count || (from && count(*from) == count(to));
  const bool alone = open == 1 && same_count;  // beside sizes > 0 a -1 is never ambiguous
  Tensor target(DType::i64, {static_cast<int64_t>(to.size())});
  int unknown = 0;
  for (size_t i = 0; i < to.size(); ++i) {
    int64_t& size = target.as_mutable<int64_t>()[i];
    if (auto known = to[i].const_value()) {
      if (*known <= 0) return std::nullopt;  // 0 would mean a copy
      size = *known;
    } else if (alone) {
      size = -1;
    } else if (from && i < from->size() && (*from)[i] == to[i]) {
      size = 0;
    } else {
      // A copied size may be 0, and a -1 beside it is then refused, as it was before.
      if (++unknown > 1 || minus_one != i) return std::nullopt;
      size = -1;
    }
  }
  return target;
}

std::optional<size_t> minus_one_of(const graph::Graph& g, const graph::Node& reshape) {
  if (!reshape.is("Reshape")) return std::nullopt;
  if (const Tensor* shape = g.constant(reshape.input(1))) {
    for (int64_t i = 0; i < shape->count(); ++i) {
      if (shape->int_at(i) == -1) return static_cast<size_t>(i);
    }
  } else if (const auto& content = g.fact(reshape.input(1)).content) {
    for (size_t i = 0; i < content->size(); ++i) {
      if ((*content)[i] == Dim(-1)) return i;
    }
  }
  return std::nullopt;
}

}  // namespace hone::passes
