#include "host/plan/stack.h"

#include <algorithm>
#include <numeric>

namespace hone::plan {

namespace {

// Symbols that begin with '?' are unknown: data, or an expression too large to be kept.
bool known(const Dim& d) {
  const std::set<std::string> symbols = d.symbols();
  return std::none_of(symbols.begin(), symbols.end(),
                      [](const std::string& s) { return s.starts_with('?'); });
}

// max(a, b), without the function where one is never the smaller.
Dim larger(const Dim& a, const Dim& b) {
  if ((a - b).lower_bound(0).value_or(-1) >= 0) return a;
  if ((b - a).lower_bound(0).value_or(-1) >= 0) return b;
  return max(a, b);
}

bool alive_together(const Lifetime& a, const Lifetime& b) {
  return a.first <= b.last && b.first <= a.last;
}

}  // namespace

std::optional<std::vector<Dim>> stack_buffers(std::span<const Lifetime> buffers,
                                              std::span<const Dim> sizes,
                                              const Placement& example) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return example.offsets[a] < example.offsets[b]; });
  std::vector<Dim> offsets(buffers.size());
  std::vector<Dim> ends(buffers.size());
  for (size_t at = 0; at < order.size(); ++at) {
    const size_t i = order[at];
    // Of those below it, what lies below another of them that is alive with it need not be looked
    // at: that other's offset already is no smaller than its end.
    std::vector<size_t> direct;
    for (size_t k = at; k-- > 0;) {
      const size_t j = order[k];
      if (!alive_together(buffers[i], buffers[j])) continue;
      const bool covered = std::any_of(direct.begin(), direct.end(), [&](size_t above) {
        return alive_together(buffers[above], buffers[j]);
      });
      if (!covered) direct.push_back(j);
    }
    Dim offset(0);
    for (size_t j : direct) offset = larger(offset, ends[j]);
    offsets[i] = offset;
    ends[i] = offset + sizes[i];
    if (!known(ends[i])) return std::nullopt;
  }
  return offsets;
}

}  // namespace hone::plan
