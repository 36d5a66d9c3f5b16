#include "host/quant/share_scales.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "host/quant/rules.h"

namespace hone::quant {

namespace {

using graph::Node;
using graph::NodeId;
using graph::ValueId;

double width(const Range& r) {
  return std::max(0.0, static_cast<double>(r.high)) - std::min(0.0, static_cast<double>(r.low));
}

Range hull(const Range& a, const Range& b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

class Groups {
 public:
  Groups(const graph::Graph& g, const Placement& placement, std::map<ValueId, Range> ranges)
      : g_(g), placement_(placement), range_(std::move(ranges)) {
    for (const ValueId v : placement.values) parent_[v] = v;
  }

  std::map<ValueId, Range> run() {
    each_node([&](const Node& n, Role role) {
      if (role != Role::move) return;
      for (const ValueId v : n.outputs) join(n.input(0), v);
    });
    each_node([&](const Node& n, Role role) {
      if (role == Role::concat) join_concat(n);
    });
    std::map<ValueId, Range> out;
    for (const ValueId v : placement_.values) out[v] = range_.at(find(v));
    return out;
  }

 private:
  void each_node(const std::function<void(const Node&, Role)>& f) const {
    for (const NodeId n : g_.block().nodes) {
      if (placement_.on_integers[static_cast<size_t>(n)]) f(g_.node(n), role_of(g_, g_.node(n)));
    }
  }
  ValueId find(ValueId v) const {
    while (parent_.at(v) != v) v = parent_.at(v);
    return v;
  }
  bool is_wide(ValueId v) const {
    return std::binary_search(placement_.wide.begin(), placement_.wide.end(), v);
  }
  bool is_rounded(ValueId v) const { return v != graph::none && parent_.contains(v); }
  void join(ValueId a, ValueId b) {
    if (!is_rounded(a) || !is_rounded(b) || is_wide(a) != is_wide(b)) return;
    a = find(a), b = find(b);
    if (a == b) return;
    range_[a] = hull(range_.at(a), range_.at(b));
    parent_[b] = a;
  }

  // Sharing costs an operand that only the Concat reads nothing: it is rounded to the result's
  // scale anyway, and once instead of twice.
  void join_concat(const Node& n) {
    const ValueId y = n.output(0);
    if (!is_rounded(y)) return;
    const double most = width(range_.at(find(y)));
    for (const ValueId v : n.inputs) {
      if (!is_rounded(v)) continue;
      const double own = width(range_.at(find(v)));
      const bool alike = own * (g_.single_use(v) ? most_unlike : much_alike) >= most;
      if (alike) join(y, v);
    }
  }

  const graph::Graph& g_;
  const Placement& placement_;
  std::map<ValueId, Range> range_;  // of a group: at its first
  std::map<ValueId, ValueId> parent_;
};

}  // namespace

Result<std::map<ValueId, Range>> share_scales(const graph::Graph& graph, const Placement& placement,
                                              const std::map<ValueId, Range>& ranges) {
  for (const ValueId v : placement.values) {
    if (!ranges.contains(v)) {
      return error(Code::not_found,
                   fmt::format("no range of value '{}' is known", graph.value(v).name));
    }
  }
  return Groups(graph, placement, ranges).run();
}

}  // namespace hone::quant
