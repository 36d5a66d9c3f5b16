// Many questions at once: with twenty classes one of them looks bad by chance.
#pragma once

#include <span>
#include <vector>

namespace hone::ship {

// Holm's step-down p-values: question i is answered "yes" where adjusted[i] <= alpha, and the
// chance of any wrong yes among all of them is at most alpha, whatever the dependence. In the order
// given. S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
// Statistics 6 (1979) 65-70.
std::vector<double> holm(std::span<const double> p);

}  // namespace hone::ship
