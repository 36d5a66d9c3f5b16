#include "host/ops/forest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/ops/ref_util.h"

namespace hone::ops {
namespace {

bool goes_true(const Forest::Split& n, double x) {
  if (std::isnan(x) && n.missing_is_true) return true;
  switch (n.mode) {
    case Forest::Mode::at_most: return x <= n.threshold;
    case Forest::Mode::below: return x < n.threshold;
    case Forest::Mode::at_least: return x >= n.threshold;
    case Forest::Mode::above: return x > n.threshold;
    case Forest::Mode::equal: return x == n.threshold;
    case Forest::Mode::unequal: return x != n.threshold;
    case Forest::Mode::member: return n.members.contains(x);
  }
  return false;
}

Result<size_t> leaf_of(const Forest& f, Forest::Place at, const double* row) {
  for (size_t steps = 0; !at.leaf; ++steps) {
    if (steps > f.splits.size()) return invalid("the nodes of a tree go in a circle");
    const Forest::Split& n = f.splits[at.at];
    at = n.next[goes_true(n, row[n.feature]) ? 1 : 0];
  }
  return at.at;
}

}  // namespace

Result<std::vector<double>> votes_of(const Forest& f, const std::vector<double>& samples,
                                     int64_t rows, int64_t features) {
  for (const Forest::Split& n : f.splits) {
    if (n.feature < static_cast<size_t>(features)) continue;
    return error(Code::shape_mismatch, fmt::format("feature {} of {}", n.feature, features));
  }
  HONE_RETURN_IF_ERROR(check_size(DType::f64, {rows, f.targets}));
  constexpr double none = std::numeric_limits<double>::infinity();
  const bool least = f.aggregate == Forest::Aggregate::least;
  const bool most = f.aggregate == Forest::Aggregate::most;
  const double share =
      f.aggregate == Forest::Aggregate::average ? static_cast<double>(f.roots.size()) : 1;
  std::vector<double> y(static_cast<size_t>(rows * f.targets), least ? none : most ? -none : 0);
  for (int64_t r = 0; r < rows; ++r) {
    double* out = y.data() + r * f.targets;
    for (const Forest::Place& root : f.roots) {
      HONE_ASSIGN(const size_t leaf, leaf_of(f, root, samples.data() + r * features));
      for (const Forest::Vote& vote : f.leaves[leaf]) {
        double& to = out[vote.target];
        to = least  ? std::min(to, vote.weight)
             : most ? std::max(to, vote.weight)
                    : to + vote.weight / share;
      }
    }
    if (!least && !most) continue;
    std::replace(out, out + f.targets, least ? none : -none, 0.0);
  }
  return y;
}

}  // namespace hone::ops
