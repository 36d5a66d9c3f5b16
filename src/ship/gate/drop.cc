#include "ship/gate/drop.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <limits>

namespace hone::ship {

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

// Tango's statistic for the difference `d` >= 0 of the shares lost and gained. The variance is that
// of the likeliest shares with this difference: of gained, the larger root of
// A x^2 + B x + C = 0.
double score_from_zero(double lost, double gained, double n, double d) {
  double numerator = lost - gained - n * d;
  double b = (2 * n - lost + gained) * d - lost - gained;
  double c = -gained * d * (1 - d);
  double share = (std::sqrt(b * b - 8 * n * c) - b) / (4 * n);
  double variance = n * (2 * share + d * (1 - d));
  if (numerator == 0) return 0;
  return variance > 0 ? numerator / std::sqrt(variance) : std::copysign(infinite, numerator);
}

double score(double lost, double gained, double n, double d) {
  return d >= 0 ? score_from_zero(lost, gained, n, d) : -score_from_zero(gained, lost, n, -d);
}

// The largest difference that the test does not reject.
double upper_bound(double lost, double gained, double n) {
  double d = (lost - gained) / n;
  if (d >= 1) return 1;
  const double z = deviate(tail);
  std::uintmax_t steps = 200;
  auto bracket = boost::math::tools::toms748_solve(
      [&](double x) { return score(lost, gained, n, x) + z; }, d, 1 - 1e-12,
      boost::math::tools::eps_tolerance<double>(40), steps);
  return bracket.second;
}

}  // namespace

double deviate(double p) {
  return boost::math::quantile(boost::math::complement(boost::math::normal(), p));
}

bool Paired::possible() const {
  return samples >= 0 && lost >= 0 && gained >= 0 && lost <= samples && gained <= samples - lost;
}

Drop drop_of(const Paired& p) {
  if (p.samples <= 0) return {0, -100, 100};
  auto n = static_cast<double>(p.samples);
  auto lost = static_cast<double>(p.lost), gained = static_cast<double>(p.gained);
  return {100 * (lost - gained) / n, -100 * upper_bound(gained, lost, n),
          100 * upper_bound(lost, gained, n)};
}

double drop_z(const Paired& p, double limit) {
  if (limit >= 100) return -infinite;
  return score(static_cast<double>(p.lost), static_cast<double>(p.gained),
               static_cast<double>(p.samples), limit / 100);
}

double drop_p(const Paired& p, double limit) {
  if (p.samples <= 0 || limit >= 100) return 1;
  double z = drop_z(p, limit);
  double by_score = std::isinf(z)
                        ? (z > 0 ? 0 : 1)
                        : boost::math::cdf(boost::math::complement(boost::math::normal(), z));
  return std::max(by_score, mcnemar_more_lost(p));
}

double mcnemar_more_lost(const Paired& p) {
  if (p.lost <= 0) return 1;
  boost::math::binomial fair(static_cast<double>(p.lost + p.gained), 0.5);
  return boost::math::cdf(boost::math::complement(fair, static_cast<double>(p.lost - 1)));
}

double mcnemar(const Paired& p) {
  Paired swapped = p;
  std::swap(swapped.lost, swapped.gained);
  return std::min(1.0, 2 * std::min(mcnemar_more_lost(p), mcnemar_more_lost(swapped)));
}

}  // namespace hone::ship
