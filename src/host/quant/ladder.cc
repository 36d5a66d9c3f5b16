#include "host/quant/ladder.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "host/quant/activation_tails.h"
#include "host/quant/bias_correction.h"
#include "host/quant/costliest.h"
#include "host/quant/equalise.h"
#include "host/quant/run_graph.h"
#include "host/quant/snr.h"

namespace hone::quant {

using graph::Graph;
using graph::NodeId;
using graph::ValueId;

namespace {

// One way to quantise, and how good it is.
struct Candidate {
  Graph graph;  // float: equalised, corrected
  Graph plain;  // float: equalised
  Scheme scheme;
  Ranges ranges;
  std::string calibrator;
  Inserted made;
  Quality quality;
};

class Ladder {
 public:
  Ladder(const Graph& g, const Options& options) : g_(g), options_(options) {}

  Result<Climbed> climb(const Samples& samples) {
    HONE_RETURN_IF_ERROR(prepare(samples));
    HONE_RETURN_IF_ERROR(search_ranges());
    HONE_RETURN_IF_ERROR(correct_fast());
    if (climbs_on()) HONE_RETURN_IF_ERROR(equalise_and_correct());
    if (climbs_on() && !options_.calibrator_given) HONE_RETURN_IF_ERROR(choose_by_tensor());
    if (climbs_on()) HONE_RETURN_IF_ERROR(mix_precision());
    out_.rungs[kept_].kept = true;
    out_.made = std::move(best_->made);
    out_.graph = std::move(best_->graph);
    out_.plain = std::move(best_->plain);
    out_.ranges = std::move(best_->ranges);
    out_.judge = judge_;
    out_.scheme = best_->scheme;
    out_.calibrator = best_->calibrator;
    out_.within = best_->quality.within;
    out_.seen = std::move(seen_);
    out_.judged_on = std::move(split_.held_out);
    if (!out_.within) {
      out_.findings.push_back(
          fmt::format("no rung is within the limit; the best is {}", best_->quality.text));
    }
    return std::move(out_);
  }

 private:
  bool climbs_on() const { return !best_->quality.within && options_.preset != Preset::fast; }

  Status prepare(const Samples& samples) {
    HONE_ASSIGN(split_, split_held_out(samples));
    out_.samples = split_.ranges.count;
    out_.held_out = split_.held_out.count;
    if (split_.held_out.count == 0) {
      split_.held_out = split_.ranges;
      for (int64_t k = 0; k < samples.count; ++k) split_.held_out_places.push_back(k);
      out_.findings.push_back(
          fmt::format("{} sample{}, of which fewer than 5 differ: none is held out, so ranges are "
                      "judged on what "
                      "they were taken from",
                      samples.count, samples.count == 1 ? "" : "s"));
    }
    HONE_RETURN_IF_ERROR(look(g_, &seen_));
    Limits limits{options_.max_drop, options_.labels, split_.held_out_places};
    if (options_.preset == Preset::max) limits.max_drop /= 2;
    HONE_ASSIGN(judge_, Judge::make(g_, split_.held_out, split_.ranges, limits, options_.threads));
    return {};
  }

  // Statistics of what will be rounded, by channel where a layer reads it.
  Status look(const Graph& g, Statistics* seen) {
    ObserveOptions o;
    o.threads = options_.threads;
    const std::vector<ValueId> values = quantisation_points(g, options_.scheme);
    const std::set<ValueId> known(values.begin(), values.end());
    for (const DenseLayer& layer : dense_layers(g)) {
      if (known.contains(layer.input)) o.channels.insert(layer.input);
    }
    if (options_.progress) {
      o.progress = [&](int64_t done, int64_t all) {
        options_.progress("calibrating", static_cast<double>(done), static_cast<double>(all));
      };
    }
    HONE_ASSIGN(*seen, observe(g, values, split_.ranges, o));
    return {};
  }

  // One tensor's search costs milliseconds to tens of them: they are shared among the threads.
  Result<Ranges> ranges_of(const Statistics& seen, Calibrator c) const {
    std::vector<std::pair<ValueId, const TensorStats*>> all;
    for (const auto& [v, s] : seen) all.emplace_back(v, &s);
    std::vector<Range> found(all.size());
    const GridSpec spec = grid(options_.scheme, options_.scheme.activations);
    HONE_RETURN_IF_ERROR(for_each_sample(static_cast<int64_t>(all.size()), options_.threads,
                                         [&](int, int64_t i) -> Status {
                                           const auto k = static_cast<size_t>(i);
                                           const Range r = choose_range(*all[k].second, c, spec);
                                           found[k] = without_tail(g_, all[k].first, r, spec);
                                           return {};
                                         }));
    Ranges ranges;
    for (size_t i = 0; i < all.size(); ++i) ranges[all[i].first] = found[i];
    return ranges;
  }

  Quantise quantiser(const Scheme& scheme, const Ranges& ranges) const {
    return [scheme, ranges](const Graph& g) -> Result<Graph> {
      HONE_ASSIGN(Inserted made, insert_qdq(g, scheme, ranges));
      return std::move(made.graph);
    };
  }

  // Judges a candidate and keeps it where it is the best so far: its loss less than `share` of the
  // best's, or within the limit at last.
  Status attempt(const std::string& rung, Candidate c, double share = 1) {
    if (options_.progress) options_.progress(rung, 0, 1);
    HONE_ASSIGN(c.made, insert_corrected(c.graph, c.plain, c.scheme, c.ranges));
    HONE_ASSIGN(c.quality, judge_->judge(c.made.graph));
    const bool better = !best_ || c.quality.loss < share * best_->quality.loss ||
                        (c.quality.within && !best_->quality.within);
    out_.rungs.push_back({rung,
                          c.quality.within ? "within"
                          : better         ? "beyond"
                                           : "no better",
                          c.quality.text});
    if (better) best_ = std::move(c), kept_ = out_.rungs.size() - 1;
    return {};
  }

  void skip(const std::string& rung, std::string why) {
    out_.rungs.push_back({rung, std::move(why), ""});
  }

  Status search_ranges() {
    std::vector<Calibrator> tried = {Calibrator::mse, Calibrator::percentile, Calibrator::min_max};
    if (options_.calibrator_given) tried = {options_.calibrator};
    for (Calibrator c : tried) {
      HONE_ASSIGN(Ranges ranges, ranges_of(seen_, c));
      HONE_RETURN_IF_ERROR(attempt(fmt::format("range search: {}", name(c)),
                                   {g_, g_, options_.scheme, std::move(ranges), name(c), {}, {}}));
    }
    return {};
  }

  Status correct_fast() {
    const Quantise quantise = quantiser(best_->scheme, best_->ranges);
    HONE_ASSIGN(Corrected corrected, correct_biases_fast(best_->graph, quantise, seen_));
    tell(corrected.left);
    if (corrected.layers == 0) return skip("fast bias correction", "no layer takes one"), Status();
    Candidate c = *best_;
    c.graph = std::move(corrected.graph);
    return attempt("fast bias correction", std::move(c));
  }

  void tell(const std::vector<std::string>& left) {
    for (const std::string& text : left) {
      const std::string finding = "bias correction: " + text;
      if (std::find(out_.findings.begin(), out_.findings.end(), finding) == out_.findings.end()) {
        out_.findings.push_back(finding);
      }
    }
  }

  Status equalise_and_correct() {
    HONE_ASSIGN(Equalised even, equalise(g_));
    Candidate c = *best_;
    if (even.pairs == 0) {
      skip("equalisation", "no pair of convolutions with a homogeneous activation between");
      c.graph = c.plain;
    } else {
      Statistics seen;
      HONE_RETURN_IF_ERROR(look(even.graph, &seen));
      auto calibrator = parse_calibrator(best_->calibrator);
      HONE_ASSIGN(c.ranges, ranges_of(seen, calibrator.ok() ? *calibrator : Calibrator::mse));
      c.graph = c.plain = even.graph;
      HONE_RETURN_IF_ERROR(attempt("equalisation", c));
      // Rungs to come stand on whichever did better.
      if (same_ranges(*best_, c)) {
        seen_ = std::move(seen);
      } else {
        c = *best_;
        c.graph = c.plain = g_;
      }
    }
    before_full_ = *best_;
    HONE_ASSIGN(Corrected corrected,
                correct_biases_full(c.graph, quantiser(c.scheme, c.ranges),
                                    first_of(split_.ranges, correction_samples()),
                                    {options_.preset == Preset::max ? 64 : 6, options_.threads}));
    tell(corrected.left);
    if (corrected.layers == 0) return skip("full bias correction", "no layer takes one"), Status();
    c.graph = std::move(corrected.graph);
    return attempt("full bias correction", std::move(c));
  }

  static bool same_ranges(const Candidate& a, const Candidate& b) { return a.ranges == b.ranges; }
  int64_t correction_samples() const { return options_.preset == Preset::max ? 256 : 64; }

  // Each calibrator quantises the whole model once; a tensor takes the one with which the layers
  // that read it are nearest to float.
  Status choose_by_tensor() {
    const std::vector<DenseLayer> layers = dense_layers(best_->graph);
    std::vector<std::string> outputs;
    for (const DenseLayer& l : layers) outputs.push_back(best_->graph.value(l.output).name);
    Candidate c = *best_;
    std::map<ValueId, double> least;
    for (Calibrator calibrator : all_calibrators) {
      HONE_ASSIGN(const Ranges ranges, ranges_of(seen_, calibrator));
      HONE_ASSIGN(const Graph q, quantiser(c.scheme, ranges)(c.graph));
      HONE_ASSIGN(const auto noise,
                  measure_noise(c.graph, q, outputs, first_of(split_.ranges, noise_samples),
                                options_.threads));
      std::map<ValueId, double> error;
      for (size_t i = 0; i < layers.size(); ++i) {
        const auto n = noise.find(outputs[i]);
        if (n != noise.end()) error[layers[i].input] += n->second.relative();
      }
      for (const auto& [v, e] : error) {
        if (!ranges.contains(v) || (least.contains(v) && least[v] <= e)) continue;
        least[v] = e;
        c.ranges[v] = ranges.at(v);
      }
    }
    c.calibrator = "per tensor";
    HONE_RETURN_IF_ERROR(attempt("calibrator per tensor", c));
    // The correction belonged to the ranges before.
    HONE_ASSIGN(
        Corrected corrected,
        correct_biases_full(c.graph, quantiser(c.scheme, c.ranges),
                            first_of(split_.ranges, correction_samples()), {6, options_.threads}));
    if (corrected.layers == 0) return {};
    c.graph = std::move(corrected.graph);
    return attempt("calibrator per tensor, biases corrected", std::move(c));
  }

  // Layers by what their own rounding adds to the noise, most first.
  Result<std::vector<std::string>> layers_by_noise(const Candidate& b) const {
    std::vector<std::string> values;
    const std::vector<DenseLayer> layers = dense_layers(b.graph);
    for (const DenseLayer& l : layers) {
      values.push_back(b.graph.value(l.output).name);
      values.push_back(b.graph.value(l.input).name);
    }
    HONE_ASSIGN(const auto noise,
                measure_noise(b.graph, b.made.graph, values, first_of(split_.ranges, noise_samples),
                              options_.threads));
    std::vector<std::pair<double, std::string>> added;
    for (const DenseLayer& l : layers) {
      const auto out = noise.find(b.graph.value(l.output).name);
      const auto in = noise.find(b.graph.value(l.input).name);
      if (out == noise.end()) continue;
      const double before = in == noise.end() ? 0 : in->second.relative();
      added.emplace_back(before - out->second.relative(), b.graph.node(l.node).name);
    }
    std::sort(added.begin(), added.end());
    std::vector<std::string> names;
    for (const auto& [e, n] : added) names.push_back(n);
    return names;
  }

  // Those without which the model is better first, then those that are noisiest themselves.
  Result<std::vector<std::string>> layers_to_try(const Candidate& b) const {
    std::vector<std::string> names;
    for (const DenseLayer& l : dense_layers(b.graph)) names.push_back(b.graph.node(l.node).name);
    const auto loss = [&](const std::set<std::string>& left) -> Result<double> {
      if (left.empty()) return b.quality.loss;
      Scheme scheme = b.scheme;
      scheme.leave_float.insert(left.begin(), left.end());
      HONE_ASSIGN(const Inserted made, insert_corrected(b.graph, b.plain, scheme, b.ranges));
      HONE_ASSIGN(const Quality q, judge_->judge(made.graph));
      return q.loss;
    };
    HONE_ASSIGN(std::vector<std::string> order, costliest_layers(names, 3, loss));
    HONE_ASSIGN(const std::vector<std::string> noisy, layers_by_noise(b));
    for (const std::string& n : noisy) {
      if (std::find(order.begin(), order.end(), n) == order.end()) order.push_back(n);
    }
    return order;
  }

  // Biases that were corrected for the noise of all layers are wrong once the loudest is float:
  // what stood before that is mixed first, and only where nothing comes of it the best there is.
  Status mix_precision() {
    const Candidate corrected = *best_;
    if (before_full_) HONE_RETURN_IF_ERROR(mix_from(*before_full_));
    const bool nothing = best_->quality.loss == corrected.quality.loss;
    if (nothing && !best_->quality.within) HONE_RETURN_IF_ERROR(mix_from(corrected));
    return search_again();
  }

  // The noisiest few are tried one by one; then they stay float together, best first, until the
  // limit holds. A quarter of the layers is the most: behind that the model is float. Speed is
  // given up only for what is worth it: a tenth of the loss, or the limit.
  Status mix_from(const Candidate& start) {
    HONE_ASSIGN(std::vector<std::string> order, layers_to_try(start));
    const size_t most = std::max<size_t>(1, order.size() / 4);
    const size_t tried = std::min<size_t>({order.size(), most, 12});
    std::vector<std::pair<double, std::string>> effect;
    for (size_t i = 0; i < tried; ++i) {
      Scheme scheme = start.scheme;
      scheme.leave_float.insert(order[i]);
      HONE_ASSIGN(const Inserted made,
                  insert_corrected(start.graph, start.plain, scheme, start.ranges));
      HONE_ASSIGN(const Quality q, judge_->judge(made.graph));
      effect.emplace_back(q.loss, order[i]);
      out_.alone[order[i]] = q.text;
    }
    std::sort(effect.begin(), effect.end());
    Candidate c = start;
    for (const auto& [loss, layer] : effect) {
      c.scheme.leave_float.insert(layer);
      HONE_RETURN_IF_ERROR(attempt(
          fmt::format("mixed precision: {} float, {} in all", layer, c.scheme.leave_float.size()),
          c, 0.9));
      if (best_->quality.within) break;
    }
    return {};
  }

  // Which ranges are better was chosen under the noise of the layers that are float by now.
  Status search_again() {
    if (best_->quality.within || best_->scheme.leave_float.empty() || options_.calibrator_given) {
      return {};
    }
    for (Calibrator calibrator : {Calibrator::mse, Calibrator::percentile}) {
      Candidate c = *best_;
      HONE_ASSIGN(c.ranges, ranges_of(seen_, calibrator));
      c.calibrator = name(calibrator);
      const std::string rung = "range search behind mixed precision: " + c.calibrator;
      HONE_RETURN_IF_ERROR(attempt(rung, std::move(c)));
    }
    return {};
  }

  const Graph& g_;
  const Options& options_;
  Split split_;
  Statistics seen_;
  std::optional<Judge> judge_;
  std::optional<Candidate> best_;
  std::optional<Candidate> before_full_;  // the best when full bias correction began
  size_t kept_ = 0;                       // its rung
  Climbed out_;
};

}  // namespace

Result<Climbed> climb(const Graph& g, const Samples& samples, const Options& options) {
  if (samples.count <= 0) return invalid("no calibration samples");
  return Ladder(g, options).climb(samples);
}

}  // namespace hone::quant
