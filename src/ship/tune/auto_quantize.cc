#include "ship/tune/auto_quantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "host/quant/insert.h"
#include "ship/tune/search.h"

namespace hone::ship {

using graph::Graph;
using graph::NodeId;
using nlohmann::json;
using quant::Rounded;
using quant::Scheme;

namespace {

double rounded(double x, int digits) {
  const double unit = std::pow(10, digits);
  return std::round(x * unit) / unit;
}

// Steps are timed with the other engine's runs between them, which have emptied the caches; runs as
// they follow each other decide.
void scale_to(double whole_us, EngineTimes* times) {
  const double scale = times->whole_us > 0 ? whole_us / times->whole_us : 1;
  for (LayerStep& s : times->steps) s.us *= scale, s.us_pm *= scale;
  times->whole_us = whole_us;
  times->whole_pm *= scale;
}

class AutoQuantize {
 public:
  AutoQuantize(const AutoOptions& o, const Rounded& r)
      : options_(o), rounded_(r), engines_(o.engines) {}

  Result<Scheme> run(json* report) {
    HONE_RETURN_IF_ERROR(measure_times());
    SearchFunctions f{[this](const Mixture& m) { return used(m); },
                      [this](const Mixture& m) { return time(m); }, options_.progress};
    // Where f32 is fast enough nothing is chosen by error.
    measured_errors_ = options_.max_us == 0 || f32_us_ > options_.max_us;
    if (measured_errors_) HONE_RETURN_IF_ERROR(measure_errors(&network_, f));
    // What the ladder left float stays so where accuracy is the limit. Where time is, every layer
    // is open again.
    const Network measured = network_;
    if (options_.max_us == 0) {
      for (size_t l = 0; l < network_.layers.size(); ++l) {
        if (!keeps_float(l)) continue;
        std::erase_if(network_.layers[l].options,
                      [](const LayerOption& o) { return o.precision == "int8"; });
      }
    }
    HONE_ASSIGN(const Found found, search(network_, f, {f32_us_, options_.max_us}));
    *report = describe(measured, found);
    return scheme_of(found.precisions);
  }

 private:
  Status measure_times() {
    Scheme all = rounded_.scheme;
    all.leave_float.clear();
    std::vector<NodeId> nodes;
    for (const quant::Layer& layer : quant::place(rounded_.graph, all).layers) {
      if (layer.quantised) nodes.push_back(layer.node);
    }
    if (options_.progress) options_.progress("timing layers", 0, 1);
    HONE_ASSIGN(f32_, engines_.build(rounded_.original));
    HONE_ASSIGN(const Graph integers, rounded_.insert(all));
    HONE_ASSIGN(const auto int8, engines_.build(integers));
    HONE_ASSIGN(auto times, engines_.time_steps({f32_, int8}));
    HONE_ASSIGN(const Ratio ratio, engines_.ratio(f32_, int8));
    f32_us_ = ratio.a_us;
    int8_us_ = ratio.value * f32_us_;
    scale_to(f32_us_, &times[0]);
    scale_to(int8_us_, &times[1]);
    network_ = make_network(rounded_.graph, nodes, times[0], {{"int8", times[1]}});
    return {};
  }

  Scheme scheme_of(const Mixture& m) const {
    Scheme s = rounded_.scheme;
    s.leave_float.clear();
    for (size_t l = 0; l < m.size(); ++l) {
      if (m[l] != "int8") s.leave_float.insert(network_.nodes[l].begin(), network_.nodes[l].end());
    }
    return s;
  }

  bool keeps_float(size_t l) const {
    const auto& left = rounded_.scheme.leave_float;
    return std::any_of(network_.nodes[l].begin(), network_.nodes[l].end(),
                       [&](const std::string& n) { return left.contains(n); });
  }

  bool rounds(const Scheme& s) const { return !quant::place(rounded_.graph, s).values.empty(); }

  Result<double> used(const Mixture& m) const {
    const Scheme s = scheme_of(m);
    if (!rounds(s)) return 0.0;  // an addition between floats has nothing to be rounded for
    HONE_ASSIGN(const Graph g, rounded_.insert(s));
    HONE_ASSIGN(const quant::Quality q, rounded_.judge(g));
    // Flips that chance does not explain are beyond the limit whatever the noise makes expected.
    return q.within ? q.used : std::max(q.used, 1.01);
  }

  Result<RunTime> time(const Mixture& m) {
    const Scheme s = scheme_of(m);
    if (!rounds(s)) return RunTime{f32_us_};
    HONE_ASSIGN(const Graph g, rounded_.insert(s));
    HONE_ASSIGN(const auto engine, engines_.build(g));
    HONE_ASSIGN(const Ratio r, engines_.ratio(f32_, engine));
    return RunTime{r.value * f32_us_, r.low * f32_us_, r.high * f32_us_};
  }

  json describe(const Network& measured, const Found& found) const {
    json layers = json::array();
    for (size_t l = 0; l < network_.layers.size(); ++l) {
      const auto& options = measured.layers[l].options;
      json row = {
          {"nodes", network_.nodes[l]}, {"chosen", found.precisions[l]}, {"why", why(found, l)}};
      for (const LayerOption& o : options) {
        row["us"][o.precision] = rounded(o.us, 2);
        row["us_pm"][o.precision] = rounded(o.us_pm, 2);
        if (o.precision != "f32" && measured_errors_) {
          row["error"][o.precision] = rounded(o.error, 6);
        }
      }
      layers.push_back(std::move(row));
    }
    json j = {{"threads", options_.engines.threads},
              {"cpu", options_.engines.target.cpu},
              {"us",
               {{"f32", rounded(f32_us_, 1)},
                {"int8", rounded(int8_us_, 1)},
                {"predicted", rounded(found.predicted_us, 1)},
                {"predicted_pm", rounded(found.predicted_pm, 1)},
                {"measured", rounded(found.measured.us, 1)}}},
              {"limit_used", rounded(found.used, 4)},
              {"convert_ns", rounded(network_.convert_ns, 3)},
              {"helps", found.helps},
              {"summary", summary(found)},
              {"tried", found.tried},
              {"layers", std::move(layers)}};
    if (options_.max_us > 0) j["max_us"] = options_.max_us;
    if (found.measured.high > 0) {
      j["us"]["measured_interval"] = {rounded(found.measured.low, 1),
                                      rounded(found.measured.high, 1)};
    }
    return j;
  }

  std::string summary(const Found& found) const {
    if (found.helps) {
      const std::string text = described(found.precisions);
      if (found.used <= 1) return text;
      return text + fmt::format("; the time asked for costs {:.0f} % of what may be lost",
                                100 * found.used);
    }
    if (options_.max_us > 0) return "f32 is fast enough";
    return found.tried.empty() ? "nothing is faster in int8 within the limit"
                               : "no mixture within the limit is shown to be faster than f32";
  }

  std::string why(const Found& found, size_t l) const {
    if (found.helps || !why_is_whole(l)) return why_float(network_, found.precisions, l);
    return summary(found);
  }
  // Where the model stays float, a layer that would gain by itself does so for the whole's sake.
  bool why_is_whole(size_t l) const {
    const auto& layer = network_.layers[l];
    const LayerOption* o = fastest_other(layer);
    return o != nullptr && o->us < layer.options.front().us;
  }

  const AutoOptions& options_;
  const Rounded& rounded_;
  Engines engines_;
  Engines::Bytes f32_;
  Network network_;
  double f32_us_ = 0, int8_us_ = 0;
  bool measured_errors_ = false;
};

}  // namespace

quant::Mix auto_quantize(AutoOptions options) {
  return [options = std::move(options)](const Rounded& r, json* report) {
    return AutoQuantize(options, r).run(report);
  };
}

}  // namespace hone::ship
