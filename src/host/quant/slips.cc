#include "host/quant/slips.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/quant/dense_layers.h"
#include "host/quant/run_graph.h"
#include "host/quant/slip_contracts.h"

namespace hone::quant {

namespace {

using graph::Graph;
using graph::ValueId;

constexpr size_t most_layers = 24;     // whose responses are looked at
constexpr int64_t fewest_samples = 4;  // of fewer nothing is said
constexpr size_t deep = 8;             // layers from which their liveliness alone says something
constexpr double least_margin = -3;    // logarithms of margins below say no less
constexpr double sure_margin = 20;     // the distance of logits that a sure answer has; more of it
constexpr double odd_margin = 60;      // is no better, and much more is odd

// What a model does with the samples under one contract.
struct Response {
  // Bits of "above zero or not" by channel, averaged over channels and layers: near 1 where layers
  // tell samples apart, near 0 where biases or an offset of the input drown them.
  double liveliness = 0;
  std::vector<double> margins;  // logarithms, by sample: first class to second; empty: no classes

  double median_margin() const {
    std::vector<double> m = margins;
    std::nth_element(m.begin(), m.begin() + static_cast<std::ptrdiff_t>(m.size() / 2), m.end());
    return m[m.size() / 2];
  }
  bool plausible() const { return margins.empty() || median_margin() < std::log(odd_margin); }
  double certainty() const {
    if (margins.empty()) return 0;
    const double m = median_margin();
    return std::min(m, std::log(sure_margin)) - std::max(0.0, m - std::log(odd_margin));
  }
};

// First to second of a vector of classes; probabilities count as their logarithms. NaN: none.
double log_margin(const Tensor& t) {
  double first = -1e30, second = -1e30, low = 1e30, sum = 0;
  for (int64_t i = 0; i < t.count(); ++i) {
    const double x = t.at(i);
    if (x > first)
      second = first, first = x;
    else
      second = std::max(second, x);
    low = std::min(low, x), sum += x;
  }
  if (low >= 0 && std::fabs(sum - 1) < 1e-3) {
    first = std::log(std::max(first, 1e-9)), second = std::log(std::max(second, 1e-9));
  }
  return std::max(std::log(std::max(first - second, 1e-30)), least_margin);
}

bool is_classes(const Tensor& t) {
  return is_float(t.dtype()) && t.rank() >= 1 && t.count() >= 3 && t.count() <= 4096 &&
         t.dims().back() == t.count();
}

std::vector<double> share_above_zero(const Tensor& t) {
  const std::span<const float> x = t.as<float>();
  const auto channels = static_cast<size_t>(t.dims()[1]);
  const size_t plane = x.size() / channels / static_cast<size_t>(t.dims()[0]);
  std::vector<double> out(channels);
  for (size_t i = 0; i < x.size(); i += plane) {
    const auto from = x.begin() + static_cast<std::ptrdiff_t>(i);
    out[i / plane % channels] += static_cast<double>(std::count_if(
        from, from + static_cast<std::ptrdiff_t>(plane), [](float v) { return v > 0; }));
  }
  for (double& v : out) v /= static_cast<double>(x.size() / channels);
  return out;
}

double bits(double p) {
  return p <= 0 || p >= 1 ? 0 : -(p * std::log2(p) + (1 - p) * std::log2(1 - p));
}

// The model with its layers' results beside its first output, and how to run it.
class Probe {
 public:
  static Result<Probe> make(const Graph& g, std::vector<ValueId> layers,
                            const std::vector<Tensor>& first, const PictureInput& input,
                            int threads) {
    Probe p;
    p.input_ = input;
    p.threads_ = thread_count(fewest_samples, threads);
    p.layers_ = layers.size();
    layers.insert(layers.begin(), g.block().outputs[0]);
    HONE_ASSIGN(p.plan_, GraphPlan::make(with_outputs(g, layers), first));
    for (int t = 0; t < p.threads_; ++t) p.runs_.emplace_back(p.plan_);
    return p;
  }

  // The reference would take longer than calibration.
  bool is_fast() const { return plan_->why_reference().empty(); }

  Result<Response> operator()(const Samples& samples, const Contract& given,
                              const Contract& wanted) {
    const auto n = static_cast<size_t>(samples.count);
    std::vector<std::vector<std::vector<double>>> shares(n);
    std::vector<double> margins(n);
    std::vector<char> classes(n);
    HONE_RETURN_IF_ERROR(
        for_each_sample(samples.count, threads_, [&](int thread, int64_t sample) -> Status {
          const auto k = static_cast<size_t>(sample);
          HONE_ASSIGN(std::vector<Tensor> inputs, samples.get(sample));
          Tensor& x = inputs[input_.index];
          x = remade(x, input_.axis, given, wanted);
          HONE_ASSIGN(const std::vector<Tensor> out, runs_[static_cast<size_t>(thread)](inputs));
          classes[k] = is_classes(out[0]);
          if (classes[k] != 0) margins[k] = log_margin(out[0]);
          for (size_t i = 1; i < out.size(); ++i) shares[k].push_back(share_above_zero(out[i]));
          return {};
        }));
    Response r;
    if (std::find(classes.begin(), classes.end(), 0) == classes.end()) r.margins = margins;
    for (size_t i = 0; i < layers_; ++i) {
      double sum = 0;
      const size_t channels = shares[0][i].size();
      for (size_t c = 0; c < channels; ++c) {
        double share = 0;
        for (size_t k = 0; k < n; ++k) share += shares[k][i][c];
        sum += bits(share / static_cast<double>(n));
      }
      r.liveliness += sum / static_cast<double>(channels * layers_);
    }
    return r;
  }

 private:
  PictureInput input_;
  int threads_ = 1;
  size_t layers_ = 0;
  std::shared_ptr<GraphPlan> plan_;
  std::vector<GraphRun> runs_;
};

std::vector<ValueId> looked_at(const Graph& g) {
  std::vector<ValueId> all;
  for (const DenseLayer& layer : dense_layers(g)) {
    if (!g.node(layer.node).is("Conv") || layer.output == g.block().outputs[0]) continue;
    all.push_back(layer.output);
  }
  if (all.size() <= most_layers) return all;
  std::vector<ValueId> some;
  for (size_t i = 0; i < most_layers; ++i) some.push_back(all[i * all.size() / most_layers]);
  return some;
}

// Student's t of the samples' own differences, so that a few sure samples decide nothing.
double paired_t(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  double sum = 0, squares = 0;
  for (size_t k = 0; k < a.size(); ++k) {
    const double d = std::min(std::exp(b[k]), sure_margin) - std::min(std::exp(a[k]), sure_margin);
    sum += d, squares += d * d;
  }
  const double variance = (squares - sum * sum / n) / std::max(n - 1, 1.0);
  return variance > 0 ? sum / n / std::sqrt(variance / n) : 0;
}

// Whether the other is clearly more like what the model was trained on. Thresholds lie between what
// right preprocessing and what planted slips show over the labelled models
// (tests/quant/test_slips.py).
bool is_better(const Response& given, const Response& other) {
  const double lively = other.liveliness - given.liveliness;
  if (given.margins.empty()) return lively >= 0.05;
  const double sure = other.certainty() - given.certainty();
  // Numbers too large make every answer sure: what brings layers to life may take that away.
  if (lively >= 0.1 && other.median_margin() > 0) return true;
  return (lively >= 0.05 && sure >= -0.2) || (lively >= 0.02 && sure >= 0.1);
}

// More contrast alone makes layers somewhat livelier; what is 8 times off is not contrast.
bool is_far(const Contract& given, const Contract& other) {
  const double ratio = (other.channels[0].white - other.channels[0].black) /
                       (given.channels[0].white - given.channels[0].black);
  return ratio > 8 || ratio < 1.0 / 8;
}

// Colours in the other order, or black for white: layers are as lively, answers less sure.
bool is_exchange(const Response& given, const Response& other) {
  if (given.margins.empty() || !given.plausible() || !other.plausible()) return false;
  return other.certainty() - given.certainty() >= 0.15 &&
         other.liveliness - given.liveliness >= -0.03 &&
         paired_t(given.margins, other.margins) >= 3;
}

struct Candidate {
  Contract contract;
  Response response;
};

// Of those whose layers are about as lively as the liveliest, the surest answers first; near-ties
// stay in order, the commonest preprocessing first.
void rank(std::vector<Candidate>* all) {
  double best = 0;
  for (const Candidate& c : *all) best = std::max(best, c.response.liveliness);
  std::erase_if(*all, [&](const Candidate& c) { return c.response.liveliness < best - 0.03; });
  const auto steps = [](const Candidate& c) { return std::floor(c.response.certainty() / 0.1); };
  std::stable_sort(all->begin(), all->end(),
                   [&](const Candidate& a, const Candidate& b) { return steps(a) > steps(b); });
}

Slip describe(const std::string& input, const Contract& given, const Response& now,
              const Candidate& c) {
  Slip s{input, cause_of_slip(given, c.contract), ""};
  const Response& then = c.response;
  std::string evidence =
      fmt::format("the signs of layers' results carry {:.2f} bits instead of {:.2f}",
                  then.liveliness, now.liveliness);
  if (!now.margins.empty()) {
    evidence += fmt::format(", the first class leads by {:.3g} instead of {:.3g}",
                            std::exp(then.median_margin()), std::exp(now.median_margin()));
  }
  const std::string trained =
      c.contract.scaling == given.scaling
          ? "but the model answers as if trained on other colours"
          : fmt::format("but the model answers as if trained on about {}", range_text(c.contract));
  s.text = fmt::format("input '{}' looks like {}, {} ({}): {}; then {}", input, range_text(given),
                       trained, s.cause, remedy_of_slip(given, c.contract), evidence);
  return s;
}

Samples some_of(const Samples& all, int64_t most) {
  std::vector<int64_t> places;
  const int64_t n = std::min(all.count, most);
  for (int64_t i = 0; i < n; ++i) places.push_back(i * all.count / n);
  return subset(all, places);
}

}  // namespace

Result<std::vector<Slip>> find_slips(const Graph& g, const Samples& samples, int threads) {
  std::vector<Slip> slips;
  if (samples.count < fewest_samples || g.block().outputs.empty()) return slips;
  HONE_ASSIGN(const std::vector<Tensor> first, samples.get(0));
  const PictureInput input = picture_input(g, first);
  const std::vector<ValueId> layers = looked_at(g);
  if (input.index >= first.size() || layers.size() < 2) return slips;
  const bool large = first[input.index].count() > 20000;
  const Samples few = some_of(samples, large ? 8 : 32), many = some_of(samples, large ? 64 : 256);
  HONE_ASSIGN(const std::vector<ChannelFacts> facts, channel_facts(many, input));
  const Contract given = recognise(facts);
  if (given.channels.empty()) return slips;
  HONE_ASSIGN(Probe probe, Probe::make(g, layers, first, input, threads));
  if (!probe.is_fast()) return slips;
  HONE_ASSIGN(Response now, probe(few, given, given));
  if (now.margins.empty() && layers.size() < deep) return slips;
  std::vector<Candidate> better;
  for (const Contract& c : alternatives(given, facts)) {
    if (c.scaling == given.scaling && !c.exchanged) continue;
    HONE_ASSIGN(Response r, probe(few, given, c));
    if (!is_better(now, r)) continue;
    if (now.margins.empty() && !is_far(given, c)) continue;
    better.push_back({c, std::move(r)});
  }
  if (better.empty() && !now.margins.empty()) {
    Contract other = given;
    other.exchanged = true;
    HONE_ASSIGN(now, probe(many, given, given));
    HONE_ASSIGN(Response r, probe(many, given, other));
    if (is_exchange(now, r)) better.push_back({other, std::move(r)});
  }
  rank(&better);
  for (const Candidate& c : better) {
    if (slips.size() < 3) slips.push_back(describe(input.name, given, now, c));
  }
  return slips;
}

}  // namespace hone::quant
