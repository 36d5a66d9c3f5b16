#include "ship/tune/assign.h"

#include <Cbc_C_Interface.h>
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <memory>
#include <set>

namespace hone::ship {

namespace {

struct DeleteModel {
  void operator()(void* m) const { Cbc_deleteModel(static_cast<Cbc_Model*>(m)); }
};

// Times and errors of what is chosen; borders as they fall.
Assignment sums(const std::vector<TunedLayer>& layers, const std::vector<Border>& borders,
                std::vector<size_t> options) {
  Assignment a{std::move(options), 0, 0};
  const auto chosen = [&](size_t l) -> const LayerOption& {
    return layers[l].options[a.options[l]];
  };
  for (size_t l = 0; l < layers.size(); ++l) a.us += chosen(l).us, a.error += chosen(l).error;
  for (const Border& b : borders) {
    if (chosen(b.from).precision != chosen(b.to).precision) a.us += b.us;
  }
  return a;
}

Status check(const std::vector<TunedLayer>& layers, const std::vector<Border>& borders,
             double limit) {
  const auto fits = [](double v) { return std::isfinite(v) && v >= 0; };
  if (!fits(limit)) return invalid(fmt::format("a limit of {} is none", limit));
  for (const TunedLayer& l : layers) {
    if (l.options.empty()) return invalid(fmt::format("layer '{}' has no precision", l.node));
    for (const LayerOption& o : l.options) {
      if (!fits(o.us) || !fits(o.error)) {
        return invalid(
            fmt::format("layer '{}' in {}: {} us, error {}", l.node, o.precision, o.us, o.error));
      }
    }
  }
  for (const Border& b : borders) {
    if (b.from >= layers.size() || b.to >= layers.size() || !fits(b.us)) {
      return invalid(fmt::format("a border from layer {} to {} of {} us", b.from, b.to, b.us));
    }
  }
  return {};
}

// A column of 0 or 1 for each option of each layer, and one for each border that is 1 at least
// where the two sides differ (it costs, so it is 1 only there).
class Program {
 public:
  Program(const std::vector<TunedLayer>& layers, const std::vector<Border>& borders)
      : layers_(layers), borders_(borders), model_(Cbc_newModel()) {
    Cbc_setLogLevel(get(), 0);
    for (const TunedLayer& l : layers_) {
      first_.push_back(columns_);
      columns_ += static_cast<int>(l.options.size());
    }
  }

  // Minimises `goal`(option) + border_goal x us of borders, where the sum of `limited` is at
  // most 1. The numbers are scaled by their callers so that 1 is the limit: tolerances are
  // absolute.
  template <class Goal, class Limited>
  Result<Assignment> solve(Goal goal, double border_goal, Limited limited, double border_limited) {
    std::vector<int> columns;
    std::vector<double> weights;
    for (size_t l = 0; l < layers_.size(); ++l) {
      for (size_t o = 0; o < layers_[l].options.size(); ++o) {
        Cbc_addCol(get(), "", 0, 1, goal(layers_[l].options[o]), 1, 0, nullptr, nullptr);
        columns.push_back(first_[l] + static_cast<int>(o));
        weights.push_back(limited(layers_[l].options[o]));
      }
    }
    for (size_t b = 0; b < borders_.size(); ++b) {
      Cbc_addCol(get(), "", 0, 1, border_goal * borders_[b].us, 0, 0, nullptr, nullptr);
      columns.push_back(columns_ + static_cast<int>(b));
      weights.push_back(border_limited * borders_[b].us);
    }
    add_row(columns, weights, 'L', 1);
    one_option_each();
    for (size_t b = 0; b < borders_.size(); ++b) add_border(b);
    Cbc_solve(get());
    if (Cbc_isProvenOptimal(get()) == 0) {
      return Status(Code::not_found, "no choice of precisions is within the limit");
    }
    return chosen();
  }

 private:
  Cbc_Model* get() const { return static_cast<Cbc_Model*>(model_.get()); }

  void add_row(const std::vector<int>& columns, const std::vector<double>& weights, char sense,
               double rhs) {
    Cbc_addRow(get(), "", static_cast<int>(columns.size()), columns.data(), weights.data(), sense,
               rhs);
  }

  void one_option_each() {
    for (size_t l = 0; l < layers_.size(); ++l) {
      std::vector<int> columns;
      for (size_t o = 0; o < layers_[l].options.size(); ++o) {
        columns.push_back(first_[l] + static_cast<int>(o));
      }
      add_row(columns, std::vector<double>(columns.size(), 1), 'E', 1);
    }
  }

  // For each precision p: border >= (from computes in p) - (to does). One of them is 1 where the
  // two differ.
  void add_border(size_t b) {
    const auto column = columns_ + static_cast<int>(b);
    std::set<std::string> precisions;
    for (size_t l : {borders_[b].from, borders_[b].to}) {
      for (const LayerOption& o : layers_[l].options) precisions.insert(o.precision);
    }
    for (const std::string& p : precisions) {
      std::map<int, double> row;
      row[column] = -1;
      for (const auto& [l, sign] : {std::pair(borders_[b].from, 1.0), {borders_[b].to, -1.0}}) {
        for (size_t o = 0; o < layers_[l].options.size(); ++o) {
          if (layers_[l].options[o].precision == p) row[first_[l] + static_cast<int>(o)] += sign;
        }
      }
      std::vector<int> columns;
      std::vector<double> weights;
      for (const auto& [c, w] : row) columns.push_back(c), weights.push_back(w);
      add_row(columns, weights, 'L', 0);
    }
  }

  Assignment chosen() const {
    const double* x = Cbc_getColSolution(get());
    std::vector<size_t> options(layers_.size());
    for (size_t l = 0; l < layers_.size(); ++l) {
      for (size_t o = 0; o < layers_[l].options.size(); ++o) {
        if (x[first_[l] + static_cast<int>(o)] > 0.5) options[l] = o;
      }
    }
    return sums(layers_, borders_, std::move(options));
  }

  const std::vector<TunedLayer>& layers_;
  const std::vector<Border>& borders_;
  std::unique_ptr<void, DeleteModel> model_;
  std::vector<int> first_;  // column of each layer's first option
  int columns_ = 0;         // of options
};

// Of all layers in their slowest, or worst, option: what scales the goal.
template <class Figure>
double most(const std::vector<TunedLayer>& layers, Figure figure) {
  double sum = 0;
  for (const TunedLayer& l : layers) {
    double largest = 0;
    for (const LayerOption& o : l.options) largest = std::max(largest, figure(o));
    sum += largest;
  }
  return sum > 0 ? sum : 1;
}

double time_of(const LayerOption& o) { return o.us; }
double error_of(const LayerOption& o) { return o.error; }

// What cannot be: every layer at its least is already beyond the limit.
template <class Figure>
double least(const std::vector<TunedLayer>& layers, Figure figure) {
  double sum = 0;
  for (const TunedLayer& l : layers) {
    double smallest = HUGE_VAL;
    for (const LayerOption& o : l.options) smallest = std::min(smallest, figure(o));
    sum += smallest;
  }
  return sum;
}

}  // namespace

Result<Assignment> fastest_within(const std::vector<TunedLayer>& layers,
                                  const std::vector<Border>& borders, double max_error) {
  HONE_RETURN_IF_ERROR(check(layers, borders, max_error));
  const double possible = least(layers, error_of);
  if (possible > max_error) {
    return Status(Code::not_found,
                  fmt::format("no choice of precisions has an error of {:g} or less; the least is "
                              "{:g}",
                              max_error, possible));
  }
  // A limit of 0 admits what adds no error at all.
  const double limit = 1 / (max_error > 0 ? max_error : 1e-30 + 1e-9 * most(layers, error_of));
  const double goal = 1000 / most(layers, time_of);
  return Program(layers, borders)
      .solve([&](const LayerOption& o) { return goal * o.us; }, goal,
             [&](const LayerOption& o) { return std::min(limit * o.error, 1e6); }, 0);
}

Result<Assignment> most_accurate_within(const std::vector<TunedLayer>& layers,
                                        const std::vector<Border>& borders, double max_us) {
  HONE_RETURN_IF_ERROR(check(layers, borders, max_us));
  const double limit = 1 / std::max(max_us, 1e-12);
  const double goal = 1000 / most(layers, error_of);
  auto best = Program(layers, borders)
                  .solve([&](const LayerOption& o) { return goal * o.error; }, 0,
                         [&](const LayerOption& o) { return std::min(limit * o.us, 1e6); }, limit);
  if (best.ok() || best.code() != Code::not_found) return best;
  // The fastest there is says by how much the limit is missed.
  HONE_ASSIGN(Assignment fastest,
              fastest_within(layers, borders, most(layers, error_of) * (1 + 1e-9)));
  return Status(Code::not_found,
                fmt::format("no choice of precisions takes {:g} us or less; the fastest takes {:g}",
                            max_us, fastest.us));
}

}  // namespace hone::ship
