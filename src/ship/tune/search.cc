#include "ship/tune/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace hone::ship {

namespace {

constexpr int most_tries = 5;
// A mixture has to be this much faster than f32: less is within the noise of comparing engines.
constexpr double worth = 0.99;

Mixture mixture_of(const Network& n, const Assignment& a) {
  Mixture m(n.layers.size());
  for (size_t l = 0; l < m.size(); ++l) {
    m[l] = n.layers[l].options[a.options[l]].precision == "int8";
  }
  return m;
}

bool has_int8(const TunedLayer& l) { return l.options.back().precision == "int8"; }

// Of a mixture, as the network has it.
double predict(const Network& n, const Mixture& m) {
  double us = n.other_us;
  for (size_t l = 0; l < m.size(); ++l) {
    us += m[l] ? n.layers[l].options.back().us : n.layers[l].options.front().us;
  }
  for (const Border& b : n.borders) us += m[b.from] != m[b.to] ? b.us : 0;
  return us;
}

int64_t on_integers(const Mixture& m) { return std::count(m.begin(), m.end(), true); }

class Search {
 public:
  Search(Network n, const SearchFunctions& f, const SearchGoal& goal)
      : n_(std::move(n)), f_(f), goal_(goal) {}

  Result<Found> run() {
    best_.int8 = Mixture(n_.layers.size(), false);
    best_.measured_us = goal_.f32_us;
    best_.predicted_us = predict(n_, best_.int8);
    HONE_RETURN_IF_ERROR(goal_.max_us > 0 ? most_accurate() : fastest());
    return std::move(best_);
  }

 private:
  Result<Found> measure(const Mixture& m) {
    Found found;
    found.int8 = m;
    found.predicted_us = predict(n_, m);
    HONE_ASSIGN(found.used, f_.used(m));
    HONE_ASSIGN(found.measured_us, f_.us(m));
    best_.tried.push_back(fmt::format(
        "{} of {} layers on integers: {:.1f} us predicted, {:.1f} measured, {:.0f} % of the limit",
        on_integers(m), m.size(), found.predicted_us, found.measured_us, 100 * found.used));
    if (f_.progress) f_.progress("mixtures", static_cast<double>(best_.tried.size()), most_tries);
    return found;
  }

  void keep(Found found, bool helps) {
    found.tried = std::move(best_.tried);
    found.helps = helps;
    best_ = std::move(found);
  }

  // Tries are few: each builds an engine.
  Status fastest() {
    double budget = 1;
    std::set<Mixture> seen;
    for (int t = 0; t < most_tries; ++t) {
      HONE_ASSIGN(const Assignment a, fastest_within(n_.layers, n_.borders, budget));
      const Mixture m = mixture_of(n_, a);
      if (on_integers(m) == 0 || !seen.insert(m).second) break;
      HONE_ASSIGN(Found found, measure(m));
      const double used = found.used, us = found.measured_us, predicted = found.predicted_us;
      if (used > 1) {
        // Squares of the layers said less than the whole has: by that much less is allowed.
        budget = 0.9 * std::min(budget, a.error) / (used * used);
        continue;
      }
      if (us < worth * goal_.f32_us && us < best_.measured_us) keep(std::move(found), true);
      if (us <= 1.05 * predicted) break;
      // Slower than thought: what no layer's own time contains is what the borders cost.
      for (Border& b : n_.borders) b.us *= 2;
    }
    return seen.empty() ? Status() : all_on_integers(seen);
  }

  // A mixture must not be slower than rounding everything, where that is within the limit.
  Status all_on_integers(const std::set<Mixture>& seen) {
    Mixture all(n_.layers.size());
    double error = 0;
    for (size_t l = 0; l < all.size(); ++l) {
      all[l] = has_int8(n_.layers[l]);
      if (all[l]) error += n_.layers[l].options.back().error;
    }
    if (seen.contains(all) || error > 1) return {};
    HONE_ASSIGN(Found found, measure(all));
    const bool within = found.used <= 1, faster = found.measured_us < worth * best_.measured_us;
    if (within && faster) keep(std::move(found), true);
    return {};
  }

  Status most_accurate() {
    if (goal_.f32_us <= goal_.max_us) {
      best_.helps = false;
      return {};
    }
    double allowed = goal_.max_us - n_.other_us, least = goal_.f32_us;
    for (int t = 0; t < most_tries && allowed > 0; ++t) {
      auto a = most_accurate_within(n_.layers, n_.borders, allowed);
      if (a.code() == Code::not_found) break;
      HONE_RETURN_IF_ERROR(a.status());
      HONE_ASSIGN(Found found, measure(mixture_of(n_, *a)));
      least = std::min(least, found.measured_us);
      if (found.measured_us <= goal_.max_us) return keep(std::move(found), true), Status();
      allowed -= 1.2 * (found.measured_us - goal_.max_us);
    }
    HONE_RETURN_IF_ERROR(fastest_of_all(&least));
    if (best_.helps) return {};
    return Status(Code::not_found,
                  fmt::format("no mixture of precisions runs in {:.3f} ms here: the fastest takes "
                              "{:.3f} ms, f32 {:.3f} ms",
                              goal_.max_us * 1e-3, least * 1e-3, goal_.f32_us * 1e-3));
  }

  // Predictions err: what is the fastest by them is measured before it is said that nothing fits.
  Status fastest_of_all(double* least) {
    double all = 1e-9;
    for (const TunedLayer& l : n_.layers) all += l.options.back().error;
    HONE_ASSIGN(const Assignment a, fastest_within(n_.layers, n_.borders, all));
    HONE_ASSIGN(Found found, measure(mixture_of(n_, a)));
    *least = std::min(*least, found.measured_us);
    if (found.measured_us <= goal_.max_us) keep(std::move(found), true);
    return {};
  }

  Network n_;
  const SearchFunctions& f_;
  const SearchGoal goal_;
  Found best_;
};

}  // namespace

Status measure_errors(Network* network, const SearchFunctions& f) {
  Mixture all(network->layers.size());
  for (size_t l = 0; l < all.size(); ++l) all[l] = has_int8(network->layers[l]);
  HONE_ASSIGN(const double together, f.used(all));
  double sum = 0;
  for (size_t l = 0; l < all.size(); ++l) {
    if (f.progress) {
      f.progress("sensitivity", static_cast<double>(l), static_cast<double>(all.size()));
    }
    if (!all[l]) continue;
    Mixture one(all.size(), false);
    one[l] = true;
    HONE_ASSIGN(const double used, f.used(one));
    network->layers[l].options.back().error = used * used;
    sum += used * used;
  }
  const double scale = sum > 0 ? together * together / sum : 1;
  for (TunedLayer& l : network->layers) l.options.back().error *= has_int8(l) ? scale : 1;
  return {};
}

Result<Found> search(Network network, const SearchFunctions& f, const SearchGoal& goal) {
  return Search(std::move(network), f, goal).run();
}

std::string why_float(const Network& n, const Mixture& chosen, size_t layer) {
  if (chosen[layer]) return "";
  const TunedLayer& l = n.layers[layer];
  if (!has_int8(l)) return "left float for accuracy";
  const double f32 = l.options.front().us, int8 = l.options.back().us;
  if (int8 >= f32) {
    return fmt::format("not faster in int8 here: {:.1f} us against {:.1f}", int8, f32);
  }
  Mixture other = chosen;
  other[layer] = true;
  const double gain = predict(n, chosen) - predict(n, other);
  if (gain <= 0) {
    return fmt::format("converting at its borders takes the {:.1f} us that int8 gains", f32 - int8);
  }
  return fmt::format("{:.1f} us are not worth its error: {:.1f} % of what may be lost", gain,
                     100 * l.options.back().error);
}

}  // namespace hone::ship
