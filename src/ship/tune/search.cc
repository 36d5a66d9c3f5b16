#include "ship/tune/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace hone::ship {

namespace {

constexpr int most_tries = 5;
// A mixture has to be this much faster than f32: less is within the noise of comparing engines.
constexpr double worth = 0.99;

const LayerOption* option(const TunedLayer& l, const std::string& precision) {
  const auto found = std::find_if(l.options.begin(), l.options.end(),
                                  [&](const LayerOption& o) { return o.precision == precision; });
  return found == l.options.end() ? nullptr : &*found;
}

// Of those of its options.
const LayerOption& chosen(const TunedLayer& l, const std::string& precision) {
  const LayerOption* o = option(l, precision);
  return o != nullptr ? *o : l.options.front();
}

Mixture mixture_of(const Network& n, const Assignment& a) {
  Mixture m;
  for (size_t l = 0; l < n.layers.size(); ++l) {
    m.push_back(n.layers[l].options[a.options[l]].precision);
  }
  return m;
}

// Every layer in the precision that has it.
Mixture all_in(const Network& n, const std::string& precision) {
  Mixture m;
  for (const TunedLayer& l : n.layers) m.push_back(chosen(l, precision).precision);
  return m;
}

Mixture all_float(const Network& n) { return all_in(n, "f32"); }

std::set<std::string> precisions(const Network& n) {
  std::set<std::string> all;
  for (const TunedLayer& l : n.layers) {
    for (const LayerOption& o : l.options) all.insert(o.precision);
  }
  all.erase("f32");
  return all;
}

bool is_float(const Mixture& m) {
  return std::all_of(m.begin(), m.end(), [](const std::string& p) { return p == "f32"; });
}

// Of a mixture, as the network has it.
double predict(const Network& n, const Mixture& m) {
  double us = n.other_us;
  for (size_t l = 0; l < m.size(); ++l) us += chosen(n.layers[l], m[l]).us;
  for (const Border& b : n.borders) us += m[b.from] != m[b.to] ? b.us : 0;
  return us;
}

// Where a layer is another than in f32, two medians decide.
double predicted_pm(const Network& n, const Mixture& m) {
  double pm = n.f32_pm;
  for (size_t l = 0; l < m.size(); ++l) {
    if (m[l] == "f32") continue;
    pm = std::hypot(pm, n.layers[l].options.front().us_pm, chosen(n.layers[l], m[l]).us_pm);
  }
  return pm;
}

class Search {
 public:
  Search(Network n, const SearchFunctions& f, const SearchGoal& goal)
      : n_(std::move(n)), f_(f), goal_(goal) {}

  Result<Found> run() {
    best_.precisions = all_float(n_);
    best_.measured.us = goal_.f32_us;
    best_.predicted_us = predict(n_, best_.precisions);
    best_.predicted_pm = predicted_pm(n_, best_.precisions);
    HONE_RETURN_IF_ERROR(goal_.max_us > 0 ? most_accurate() : fastest());
    return std::move(best_);
  }

 private:
  Result<Found> measure(const Mixture& m) {
    Found found;
    found.precisions = m;
    found.predicted_us = predict(n_, m);
    found.predicted_pm = predicted_pm(n_, m);
    HONE_ASSIGN(found.used, f_.used(m));
    HONE_ASSIGN(found.measured, f_.time(m));
    best_.tried.push_back(
        fmt::format("{}: {:.1f} us predicted, {:.1f} measured, {:.0f} % of the limit", described(m),
                    found.predicted_us, found.measured.us, 100 * found.used));
    if (f_.progress) f_.progress("mixtures", static_cast<double>(best_.tried.size()), most_tries);
    return found;
  }

  void keep(Found found) {
    found.tried = std::move(best_.tried);
    found.helps = true;
    best_ = std::move(found);
  }

  bool is_faster(const RunTime& t) const {
    return t.us < worth * goal_.f32_us && (t.high == 0 || t.high < goal_.f32_us);
  }

  // Tries are few: each builds an engine.
  Status fastest() {
    double budget = 1;
    std::set<Mixture> seen;
    for (int t = 0; t < most_tries; ++t) {
      HONE_ASSIGN(const Assignment a, fastest_within(n_.layers, n_.borders, budget));
      const Mixture m = mixture_of(n_, a);
      if (is_float(m) || !seen.insert(m).second) break;
      HONE_ASSIGN(Found found, measure(m));
      const double used = found.used, us = found.measured.us, predicted = found.predicted_us;
      if (used > 1) {
        // Squares of the layers said less than the whole has: by that much less is allowed.
        budget = 0.9 * std::min(budget, a.error) / (used * used);
        continue;
      }
      if (is_faster(found.measured) && us < best_.measured.us) keep(std::move(found));
      // What no layer's own time contains is what the borders cost: more than thought, or less,
      // where kernels convert on their way.
      const double factor = us > 1.05 * predicted ? 2 : us < 0.95 * predicted ? 0.5 : 1;
      if (factor == 1) break;
      for (Border& b : n_.borders) b.us *= factor;
    }
    if (seen.empty()) return {};
    for (const std::string& p : precisions(n_)) HONE_RETURN_IF_ERROR(all_in_one(p, seen));
    return {};
  }

  // A mixture must not be slower than all layers in one precision, where that is within the limit.
  Status all_in_one(const std::string& precision, const std::set<Mixture>& seen) {
    const Mixture all = all_in(n_, precision);
    double error = 0;
    for (size_t l = 0; l < all.size(); ++l) error += chosen(n_.layers[l], all[l]).error;
    if (seen.contains(all) || error > 1) return {};
    HONE_ASSIGN(Found found, measure(all));
    const bool faster = is_faster(found.measured) && found.measured.us < worth * best_.measured.us;
    if (found.used <= 1 && faster) keep(std::move(found));
    return {};
  }

  // What is within the time by prediction may not be, and the other way round: what the
  // measurement leaves over is allowed on top, what it is beyond is taken off.
  Status most_accurate() {
    if (goal_.f32_us <= goal_.max_us) return {};
    double allowed = goal_.max_us - n_.other_us;
    RunTime least{goal_.f32_us};
    std::set<Mixture> seen;
    for (int t = 0; t < most_tries && allowed > 0; ++t) {
      auto a = most_accurate_within(n_.layers, n_.borders, allowed);
      if (a.code() == Code::not_found) break;
      HONE_RETURN_IF_ERROR(a.status());
      const Mixture m = mixture_of(n_, *a);
      if (is_float(m) || !seen.insert(m).second) break;
      HONE_ASSIGN(Found found, measure(m));
      const RunTime measured = found.measured;
      if (measured.us < least.us) least = measured;
      const double over = measured.us - goal_.max_us;
      if (over <= 0 && (!best_.helps || found.used < best_.used)) keep(std::move(found));
      if (best_.helps && (over > 0 || over > -0.03 * goal_.max_us)) break;
      allowed -= over > 0 ? 1.2 * over : 0.8 * over;
    }
    if (best_.helps) return {};
    HONE_RETURN_IF_ERROR(fastest_of_all(&least));
    return best_.helps ? Status() : too_slow(least);
  }

  // Predictions err: what is the fastest by them is measured before it is said that nothing fits.
  Status fastest_of_all(RunTime* least) {
    double all = 1e-9;
    for (const TunedLayer& l : n_.layers) {
      double most = 0;
      for (const LayerOption& o : l.options) most = std::max(most, o.error);
      all += most;
    }
    HONE_ASSIGN(const Assignment a, fastest_within(n_.layers, n_.borders, all));
    HONE_ASSIGN(Found found, measure(mixture_of(n_, a)));
    if (found.measured.us < least->us) *least = found.measured;
    if (found.measured.us <= goal_.max_us) keep(std::move(found));
    return {};
  }

  Status too_slow(const RunTime& least) const {
    std::string within;
    if (least.high > 0)
      within = fmt::format(" ({:.3f} to {:.3f})", least.low * 1e-3, least.high * 1e-3);
    return Status(Code::differs,
                  fmt::format("no mixture of precisions runs in {:.3f} ms here: the fastest takes "
                              "{:.3f} ms{}, f32 {:.3f} ms",
                              goal_.max_us * 1e-3, least.us * 1e-3, within, goal_.f32_us * 1e-3));
  }

  Network n_;
  const SearchFunctions& f_;
  const SearchGoal goal_;
  Found best_;
};

// Of one precision's options.
Status measure_errors(Network* network, const std::string& precision, const SearchFunctions& f) {
  const Mixture all = all_in(*network, precision), none = all_float(*network);
  HONE_ASSIGN(const double together, f.used(all));
  double sum = 0;
  std::vector<LayerOption*> options;
  for (size_t l = 0; l < all.size(); ++l) {
    if (f.progress) {
      f.progress("sensitivity in " + precision, static_cast<double>(l),
                 static_cast<double>(all.size()));
    }
    if (all[l] != precision) continue;
    Mixture one = none;
    one[l] = precision;
    HONE_ASSIGN(const double used, f.used(one));
    for (LayerOption& o : network->layers[l].options) {
      if (o.precision != precision) continue;
      o.error = used * used;
      options.push_back(&o);
    }
    sum += used * used;
  }
  const double scale = sum > 0 ? together * together / sum : 1;
  for (LayerOption* o : options) o->error *= scale;
  return {};
}

}  // namespace

std::string described(const Mixture& m) {
  std::map<std::string, size_t> counts;
  for (const std::string& p : m) ++counts[p];
  counts.erase("f32");
  if (counts.empty()) return fmt::format("all {} layers in f32", m.size());
  std::string text;
  for (const auto& [p, n] : counts) {
    text += text.empty() ? fmt::format("{} of {} layers in {}", n, m.size(), p)
                         : fmt::format(", {} in {}", n, p);
  }
  return text;
}

Status measure_errors(Network* network, const SearchFunctions& f) {
  for (const std::string& p : precisions(*network)) {
    HONE_RETURN_IF_ERROR(measure_errors(network, p, f));
  }
  return {};
}

Result<Found> search(Network network, const SearchFunctions& f, const SearchGoal& goal) {
  return Search(std::move(network), f, goal).run();
}

const LayerOption* fastest_other(const TunedLayer& layer) {
  const LayerOption* best = nullptr;
  for (const LayerOption& o : layer.options) {
    if (o.precision != "f32" && (best == nullptr || o.us < best->us)) best = &o;
  }
  return best;
}

std::string why_float(const Network& n, const Mixture& m, size_t layer) {
  if (m[layer] != "f32") return "";
  const LayerOption* o = fastest_other(n.layers[layer]);
  if (o == nullptr) return "left float for accuracy";
  const double f32 = n.layers[layer].options.front().us;
  if (o->us >= f32) {
    return fmt::format("not faster in {} here: {:.1f} us against {:.1f}", o->precision, o->us, f32);
  }
  Mixture other = m;
  other[layer] = o->precision;
  const double gain = predict(n, m) - predict(n, other);
  if (gain <= 0) {
    return fmt::format("converting at its borders takes the {:.1f} us that {} gains", f32 - o->us,
                       o->precision);
  }
  return fmt::format("{:.1f} us are not worth its error: {:.1f} % of what may be lost", gain,
                     100 * o->error);
}

}  // namespace hone::ship
