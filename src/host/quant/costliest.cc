#include "host/quant/costliest.h"

#include <algorithm>

namespace hone::quant {

Result<std::vector<std::string>> costliest_layers(std::span<const std::string> layers, int most,
                                                  const LossOf& loss) {
  std::vector<std::string> found;
  if (layers.empty()) return found;
  HONE_ASSIGN(double before, loss({}));
  while (static_cast<int>(found.size()) < most && found.size() < layers.size()) {
    const std::set<std::string> base(found.begin(), found.end());
    const auto loss_without = [&](std::span<const std::string> part) {
      std::set<std::string> left = base;
      left.insert(part.begin(), part.end());
      return loss(left);
    };
    std::span<const std::string> rest = layers;
    double after = before;
    while (rest.size() > 1) {
      const auto first = rest.first(rest.size() / 2), second = rest.subspan(rest.size() / 2);
      HONE_ASSIGN(const double a, loss_without(first));
      HONE_ASSIGN(const double b, loss_without(second));
      rest = a <= b ? first : second;
      after = std::min(a, b);
    }
    if (layers.size() == 1) {
      HONE_ASSIGN(after, loss_without(rest));
    }
    if (base.contains(rest[0]) || after > 0.9 * before) break;
    found.push_back(rest[0]);
    before = after;
  }
  return found;
}

}  // namespace hone::quant
