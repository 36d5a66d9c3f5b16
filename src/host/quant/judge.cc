#include "host/quant/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <map>
#include <mutex>
#include <numeric>

#include "host/quant/run_graph.h"
#include "host/quant/snr.h"

namespace hone::quant {

using graph::Graph;

namespace {

constexpr int64_t most_kept_bytes = int64_t{4} << 20;  // of the float model's outputs

// A vector's largest entries: the first, and those that noise could put in its place.
constexpr size_t rivals = 4;

bool is_vector(const Tensor& t) {
  const int64_t longest =
      t.dims().empty() ? 0 : *std::max_element(t.dims().begin(), t.dims().end());
  return is_float(t.dtype()) && longest >= 2 && t.count() == longest;
}

// Of equals the first comes first, as argmax has it.
std::vector<int64_t> top_of(const Tensor& t) {
  std::vector<int64_t> order(static_cast<size_t>(t.count()));
  std::iota(order.begin(), order.end(), 0);
  const size_t n = std::min(order.size(), rivals + 1);
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n), order.end(),
      [&](int64_t a, int64_t b) { return t.at(a) != t.at(b) ? t.at(a) > t.at(b) : a < b; });
  order.resize(n);
  return order;
}

// Probabilities are compared by their logarithms, in which noise is alike for sure and unsure
// answers.
double as_logit(double x, bool probability) {
  return probability ? std::log(std::max(x, 1e-9)) : x;
}

bool are_probabilities(const Tensor& t) {
  double sum = 0;
  for (int64_t i = 0; i < t.count(); ++i) {
    if (t.at(i) < 0 || t.at(i) > 1) return false;
    sum += t.at(i);
  }
  return std::fabs(sum - 1) < 1e-3;
}

// How far each rival is behind the first.
std::vector<double> margins_of(const Tensor& t, const std::vector<int64_t>& top, bool probability) {
  std::vector<double> out;
  for (size_t i = 1; i < top.size(); ++i) {
    out.push_back(as_logit(t.at(top[0]), probability) - as_logit(t.at(top[i]), probability));
  }
  return out;
}

double normal_tail(double x) { return boost::math::erfc(x / std::sqrt(2.0)) / 2; }

// What one output of one sample says.
struct Record {
  std::vector<double> margins;  // the float model's
  double margin_error = 0;      // sum of squares over the rivals
  bool flips = false;
  Noise noise;
};

Record record_vector(const Tensor& want, const Tensor& got, bool probability) {
  Record r;
  const std::vector<int64_t> top = top_of(want);
  r.margins = margins_of(want, top, probability);
  const std::vector<double> after = margins_of(got, top, probability);
  for (size_t i = 0; i < after.size(); ++i) {
    r.margin_error += (after[i] - r.margins[i]) * (after[i] - r.margins[i]);
  }
  r.flips = top_of(got)[0] != top[0];
  return r;
}

Record record_values(const Tensor& want, const Tensor& got) {
  Record r;
  if (want.dims() != got.dims()) {  // data decide the size, as of a detector's survivors
    r.noise = {1, 1};
    return r;
  }
  for (int64_t i = 0; i < want.count(); ++i) {
    const double e = got.at(i) - want.at(i);
    r.noise.signal += want.at(i) * want.at(i);
    r.noise.error += e * e;
  }
  return r;
}

// f(sample, its outputs) for each sample, from several threads.
using Outputs = std::vector<Tensor>;
Status run_each(const Graph& g, const Samples& s, int threads,
                const std::function<Status(int64_t, Outputs)>& f) {
  HONE_ASSIGN(const std::vector<Tensor> first, s.get(0));
  HONE_ASSIGN(auto plan, GraphPlan::make(g, first));
  std::vector<GraphRun> runs;
  for (int t = 0; t < thread_count(s.count, threads); ++t) runs.emplace_back(plan);
  return for_each_sample(s.count, threads, [&](int t, int64_t k) -> Status {
    HONE_ASSIGN(const std::vector<Tensor> inputs, s.get(k));
    HONE_ASSIGN(Outputs outputs, runs[static_cast<size_t>(t)](inputs));
    return f(k, std::move(outputs));
  });
}

// Hands outputs of samples that are ready in any order to a scorer in theirs.
class InOrder {
 public:
  InOrder(Scorer* scorer, const std::vector<int64_t>& places) : scorer_(scorer), places_(places) {}

  // Safe from several threads.
  Status give(int64_t k, Outputs outputs) {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.emplace(k, std::move(outputs));
    for (auto it = waiting_.begin(); it != waiting_.end() && it->first == next_;) {
      HONE_RETURN_IF_ERROR(scorer_->add(places_[static_cast<size_t>(next_)], it->second));
      it = waiting_.erase(it);
      ++next_;
    }
    return {};
  }

 private:
  Scorer* scorer_;
  const std::vector<int64_t>& places_;
  std::mutex mutex_;
  std::map<int64_t, Outputs> waiting_;
  int64_t next_ = 0;
};

}  // namespace

struct Judge::Data {
  Limits limits;
  int threads = 0;
  Graph float_graph;
  Samples held_out;
  std::vector<Outputs> want;              // float outputs by sample; empty: too large to keep
  std::vector<bool> vector, probability;  // by output
  // By output and sample, of all samples: a classifier's margins.
  std::vector<std::vector<std::vector<double>>> margins;
  std::unique_ptr<Scorer> float_score;  // null: no labels

  Status learn(const Samples& others);
  Status keep_margins(const Samples& samples, bool outputs);
  Status score_float();
  // `scorer`, where there is one, is given the candidate's outputs.
  Result<std::vector<std::vector<Record>>> compare(const Graph& q, Scorer* scorer) const;
  // What one output says of a candidate, joined into `q`.
  void judge_vector(size_t output, const std::vector<std::vector<Record>>& by_sample,
                    Quality* q) const;
  void judge_values(size_t output, const std::vector<std::vector<Record>>& by_sample,
                    Quality* q) const;
  void judge_labels(const Scorer& scorer, Quality* q) const;
};

// What kind of outputs there are, and the float model's side of every comparison to come.
Status Judge::Data::learn(const Samples& others) {
  int64_t bytes = 0;
  HONE_RETURN_IF_ERROR(
      run_each(float_graph, subset(held_out, {0}), 1, [&](int64_t, Outputs outputs) -> Status {
        for (const Tensor& t : outputs) {
          bytes += t.bytes();
          vector.push_back(is_vector(t));
          probability.push_back(is_vector(t) && are_probabilities(t));
        }
        return {};
      }));
  margins.resize(vector.size());
  const bool small = bytes * held_out.count <= most_kept_bytes;
  const bool classifier = std::find(vector.begin(), vector.end(), true) != vector.end();
  if (small || classifier) HONE_RETURN_IF_ERROR(keep_margins(held_out, small));
  if (classifier && others.count > 0) HONE_RETURN_IF_ERROR(keep_margins(others, false));
  return {};
}

Status Judge::Data::keep_margins(const Samples& samples, bool outputs_too) {
  std::vector<std::vector<std::vector<double>>> found(static_cast<size_t>(samples.count));
  if (outputs_too) want.resize(static_cast<size_t>(samples.count));
  HONE_RETURN_IF_ERROR(
      run_each(float_graph, samples, threads, [&](int64_t k, Outputs outputs) -> Status {
        for (size_t i = 0; i < outputs.size(); ++i) {
          const bool use = vector[i] && is_vector(outputs[i]);
          found[static_cast<size_t>(k)].push_back(
              use ? margins_of(outputs[i], top_of(outputs[i]), probability[i])
                  : std::vector<double>());
        }
        if (outputs_too) want[static_cast<size_t>(k)] = std::move(outputs);
        return {};
      }));
  for (auto& sample : found) {
    for (size_t i = 0; i < sample.size(); ++i) {
      if (!sample[i].empty()) margins[i].push_back(std::move(sample[i]));
    }
  }
  return {};
}

Status Judge::Data::score_float() {
  HONE_ASSIGN(float_score, limits.labels());
  InOrder scores(float_score.get(), limits.places);
  return run_each(float_graph, held_out, threads,
                  [&](int64_t k, Outputs outputs) { return scores.give(k, std::move(outputs)); });
}

Result<std::vector<std::vector<Record>>> Judge::Data::compare(const Graph& q,
                                                              Scorer* scorer) const {
  InOrder scores(scorer, limits.places);
  std::vector<std::vector<Record>> records(static_cast<size_t>(held_out.count));
  HONE_ASSIGN(const std::vector<Tensor> first, held_out.get(0));
  HONE_ASSIGN(auto plan, GraphPlan::make(q, first));
  std::shared_ptr<GraphPlan> float_plan;
  if (want.empty()) {
    HONE_ASSIGN(float_plan, GraphPlan::make(float_graph, first));
  }
  std::vector<GraphRun> runs, float_runs;
  for (int t = 0; t < thread_count(held_out.count, threads); ++t) {
    runs.emplace_back(plan);
    float_runs.emplace_back(float_plan);
  }
  HONE_RETURN_IF_ERROR(for_each_sample(held_out.count, threads, [&](int t, int64_t k) -> Status {
    const auto at = static_cast<size_t>(k), thread = static_cast<size_t>(t);
    HONE_ASSIGN(const std::vector<Tensor> inputs, held_out.get(k));
    HONE_ASSIGN(Outputs got, runs[thread](inputs));
    Outputs fresh;
    if (want.empty()) {
      HONE_ASSIGN(fresh, float_runs[thread](inputs));
    }
    const Outputs& a = want.empty() ? fresh : want[at];
    for (size_t i = 0; i < vector.size(); ++i) {
      const bool as_vector = vector[i] && is_vector(a[i]) && is_vector(got[i]);
      records[at].push_back(as_vector ? record_vector(a[i], got[i], probability[i])
                                      : record_values(a[i], got[i]));
    }
    return scorer != nullptr ? scores.give(k, std::move(got)) : Status();
  }));
  return records;
}

Result<Judge> Judge::make(const Graph& float_graph, const Samples& held_out, const Samples& margins,
                          Limits limits, int threads) {
  auto d = std::make_shared<Data>();
  d->limits = std::move(limits);
  d->threads = threads;
  d->float_graph = float_graph;
  d->held_out = held_out;
  HONE_RETURN_IF_ERROR(d->learn(margins));
  if (d->limits.labels) HONE_RETURN_IF_ERROR(d->score_float());
  Judge j;
  j.data_ = std::move(d);
  return j;
}

void Judge::Data::judge_vector(size_t output, const std::vector<std::vector<Record>>& by_sample,
                               Quality* q) const {
  double square = 0, terms = 0;
  int64_t flips = 0;
  for (const auto& sample : by_sample) {
    square += sample[output].margin_error;
    terms += static_cast<double>(sample[output].margins.size());
    flips += sample[output].flips ? 1 : 0;
  }
  const auto n = static_cast<double>(by_sample.size());
  const double sigma = std::sqrt(square / std::max(terms, 1.0));
  double expected = 0;
  for (const std::vector<double>& of_sample : margins[output]) {
    double stays = 1;
    for (double m : of_sample) stays *= sigma > 0 ? 1 - normal_tail(m / sigma) : 1;
    expected += 1 - stays;
  }
  expected /= static_cast<double>(std::max<size_t>(margins[output].size(), 1));
  using Binomial = boost::math::binomial_distribution<double>;
  const double at_least =
      flips == 0 ? 0 : Binomial::find_lower_bound_on_p(n, static_cast<double>(flips), 0.05);
  const double limit = 3 * limits.max_drop / 100;
  q->within = q->within && expected <= limit && at_least <= limit;
  q->used = std::max(q->used, (expected + 1e-9 * sigma) / std::max(limit, 1e-9));
  // Candidates that change nothing are still told apart, by their noise.
  q->loss = std::max(q->loss, expected + 1e-6 * sigma);
  q->expected_flips = std::max(q->expected_flips, expected);
  q->text += fmt::format("{}{:.2f} % of top-1 expected to change ({} of {} seen)",
                         q->text.empty() ? "" : ", ", 100 * expected, flips, by_sample.size());
}

void Judge::Data::judge_values(size_t output, const std::vector<std::vector<Record>>& by_sample,
                               Quality* q) const {
  Noise noise;
  for (const auto& sample : by_sample) {
    noise.signal += sample[output].noise.signal;
    noise.error += sample[output].noise.error;
  }
  const double least = 20 - 20 * std::log10(std::max(limits.max_drop, 1e-3) / 0.5);
  const double db = noise.snr_db();
  q->within = q->within && db >= least;
  q->used = std::max(q->used, std::pow(10, (least - db) / 20));
  q->loss = std::max(q->loss, std::sqrt(noise.relative()));
  q->snr_db = q->snr_db < 0 ? db : std::min(q->snr_db, db);
  q->text += fmt::format("{}output SNR {:.1f} dB", q->text.empty() ? "" : ", ", db);
}

void Judge::Data::judge_labels(const Scorer& scorer, Quality* q) const {
  const Drop drop = scorer.drop_from(*float_score);
  q->drop = drop;
  const bool more = drop.points > limits.max_drop, sure = drop.at_least > limits.max_drop;
  q->text += fmt::format(", labels: {:.2f} points {}{}", std::fabs(drop.points),
                         drop.points < 0 ? "gained" : "lost",
                         more && !sure ? ", which may be chance" : "");
  q->used = std::max(q->used, drop.at_least / std::max(limits.max_drop, 1e-9));
  if (!sure) return;
  q->within = false;
  // Behind what labels do not refuse: on the scale of expected changes, of which there are three to
  // a point lost.
  q->loss = std::max(q->loss, 3 * drop.at_least / 100);
}

Result<Quality> Judge::judge(const Graph& quantised) const {
  const Data& d = *data_;
  Quality q;
  q.within = true;
  std::unique_ptr<Scorer> scorer;
  if (d.limits.labels) {
    HONE_ASSIGN(scorer, d.limits.labels());
  }
  HONE_ASSIGN(const auto by_sample, d.compare(quantised, scorer.get()));
  for (size_t i = 0; i < d.vector.size(); ++i) {
    if (d.vector[i]) {
      d.judge_vector(i, by_sample, &q);
    } else {
      d.judge_values(i, by_sample, &q);
    }
  }
  if (scorer) d.judge_labels(*scorer, &q);
  return q;
}

}  // namespace hone::quant
