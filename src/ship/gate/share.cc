#include "ship/gate/share.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>

#include "ship/gate/drop.h"

namespace hone::ship {

Share share_of(int64_t events, int64_t trials, int64_t streak) {
  if (trials <= 0 || events < 0 || events > trials) return {};
  const auto one = static_cast<double>(std::max<int64_t>(streak, 1));
  const double k = static_cast<double>(events) / one, n = static_cast<double>(trials) / one;
  Share s;
  s.value = static_cast<double>(events) / static_cast<double>(trials);
  s.low = events == 0 ? 0 : boost::math::ibeta_inv(k, n - k + 1, tail);
  s.high = events == trials ? 1 : boost::math::ibetac_inv(k + 1, n - k, tail);
  return s;
}

}  // namespace hone::ship
