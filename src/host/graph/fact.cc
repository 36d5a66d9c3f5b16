#include "host/graph/fact.h"

#include <cassert>

namespace hone::graph {
namespace {

bool provably_different(const Dim& a, const Dim& b) {
  const Dim difference = a - b;
  const auto lo = difference.lower_bound(0), hi = difference.upper_bound(0);
  return (lo && *lo > 0) || (hi && *hi < 0);
}

bool compatible(const std::vector<Dim>& a, const std::vector<Dim>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (provably_different(a[i], b[i])) return false;
  }
  return true;
}

// Numbers before expressions; of two expressions the first.
std::vector<Dim> merge(std::vector<Dim> a, const std::vector<Dim>& b) {
  assert(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    if (b[i].is_const()) a[i] = b[i];
  }
  return a;
}

template <class T>
std::optional<T> merge(const std::optional<T>& a, const std::optional<T>& b) {
  if (a && b) return merge(*a, *b);
  return a ? a : b;
}

}  // namespace

bool compatible(const Fact& a, const Fact& b) {
  if (a.kind != b.kind) return false;
  if (a.key != b.key && a.dtype != DType::none && b.dtype != DType::none) return false;
  if (a.dtype != DType::none && b.dtype != DType::none && a.dtype != b.dtype) return false;
  if (a.shape && b.shape && !compatible(*a.shape, *b.shape)) return false;
  return !a.content || !b.content || compatible(*a.content, *b.content);
}

Fact merge(const Fact& a, const Fact& b) {
  assert(compatible(a, b));
  Fact both = a;
  if (both.dtype == DType::none) both.dtype = b.dtype;
  if (both.key == DType::none) both.key = b.key;
  both.shape = merge(a.shape, b.shape);
  both.content = merge(a.content, b.content);
  return both;
}

std::string to_string(const Fact& f) {
  std::string s = name(f.dtype) + (f.shape ? to_string(*f.shape) : "[...]");
  if (f.content) {
    s += "={";
    const char* before = "";
    for (const Dim& d : *f.content) {
      s += before + to_string(d);
      before = ", ";
    }
    s += "}";
  }
  if (f.key != DType::none) s = std::string("map(") + name(f.key) + ", " + s + ")";
  switch (f.kind) {
    case Fact::Kind::tensor:
    case Fact::Kind::map: return s;
    case Fact::Kind::sequence: return "sequence(" + s + ")";
    case Fact::Kind::optional: return "optional(" + s + ")";
  }
  return s;
}

}  // namespace hone::graph
