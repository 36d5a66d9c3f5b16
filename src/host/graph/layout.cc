#include "host/graph/layout.h"

#include <cassert>

namespace hone::graph {
namespace {

bool permutes(int rank, Layout layout) {
  return layout == Layout::channels_last && rank >= 3 && rank <= 5;
}

}  // namespace

std::vector<int> physical_order(int rank, Layout layout) {
  std::vector<int> order;
  for (int i = 0; i < rank; ++i) order.push_back(i);
  if (permutes(rank, layout)) {
    order.erase(order.begin() + 1);
    order.push_back(1);
  }
  return order;
}

SymShape physical_shape(const SymShape& logical, Layout layout) {
  SymShape shape;
  for (int axis : physical_order(static_cast<int>(logical.size()), layout)) {
    shape.push_back(logical[static_cast<size_t>(axis)]);
  }
  return shape;
}

int physical_axis(int rank, int axis, Layout layout) {
  assert(axis >= 0 && axis < rank);
  if (!permutes(rank, layout) || axis == 0) return axis;
  return axis == 1 ? rank - 1 : axis - 1;
}

bool same_memory(const SymShape& logical, Layout a, Layout b) {
  if (a == b || !permutes(static_cast<int>(logical.size()), Layout::channels_last)) return true;
  if (logical[1] == Dim(1)) return true;
  for (size_t i = 2; i < logical.size(); ++i) {
    if (!(logical[i] == Dim(1))) return false;
  }
  return true;
}

}  // namespace hone::graph
