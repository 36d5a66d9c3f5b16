#include "host/plan/make_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>

#include "host/plan/elide_copies.h"
#include "host/plan/liveness.h"
#include "host/plan/lower.h"
#include "host/plan/profile.h"
#include "host/plan/refit.h"
#include "host/plan/tactics.h"
#include "host/plan/weight_growth.h"

namespace hone::plan {

namespace {

// Sizes tried, in order, for dimensions nobody gave a profile for: 1 for the first of an input and
// 64 for others, then larger ones for models whose windows do not fit into 64, and
// smaller ones for those whose tables end before it.
constexpr int64_t default_sizes[] = {64,   128,   224,   256, 512, 576, 1024,
                                     4096, 16000, 48000, 32,  16,  8};

class Maker {
 public:
  Maker(const Graph& graph, const PlanOptions& options)
      : graph_(graph), options_(options), lower_(graph, plan_) {}

  Result<Plan> make(std::vector<Problem>* problems) {
    plan_.model_name = graph_.name;
    plan_.model_hash = graph_.model_hash;
    plan_.target = options_.target;
    plan_.threads = options_.threads;
    HONE_RETURN_IF_ERROR(take_inputs());
    HONE_RETURN_IF_ERROR(lower_.block(0));
    lower_.check_stated();
    HONE_RETURN_IF_ERROR(give_outputs());
    *problems = std::move(lower_.problems);
    if (problems->empty()) elide_copies(plan_, lower_.assembled);
    find_unknown_sizes(problems);
    choose_examples();
    PlanOptions options = options_;
    if (!problems->empty()) {  // only to name what else is missing
      options.time = {};
      options.cache = nullptr;
    }
    if (problems->empty() && options_.earlier != nullptr) {
      HONE_RETURN_IF_ERROR(take_tactics(plan_, *options_.earlier));
    } else {
      HONE_RETURN_IF_ERROR(choose_tactics(plan_, options, problems));
      if (!problems->empty()) return std::move(plan_);
      HONE_RETURN_IF_ERROR(bound_weight_growth(plan_, options_.max_weight_growth));
    }
    HONE_RETURN_IF_ERROR(pack_constants(plan_));
    share_in_place(plan_);
    HONE_RETURN_IF_ERROR(place_storages(plan_));
    return std::move(plan_);
  }

 private:
  Status take_inputs() {
    const graph::Block& root = graph_.block();
    for (size_t i = 0; i < root.inputs.size(); ++i) {
      const graph::Value& v = graph_.value(root.inputs[i]);
      if (v.fact.kind != graph::Fact::Kind::tensor || !v.fact.has_rank()) {
        return unsupported(fmt::format("input '{}' is not a tensor of known rank", v.name));
      }
      auto number = static_cast<int32_t>(i);
      lower_.bind_input(root.inputs[i], number);
      plan_.inputs.push_back(
          {v.name, v.fact.dtype, *v.fact.shape, static_cast<PlanValue>(plan_.values.size() - 1)});
      for (size_t axis = 0; axis < v.fact.shape->size(); ++axis) {
        const Dim& d = (*v.fact.shape)[axis];
        if (!d.is_symbol()) continue;
        plan_.symbols.try_emplace(d.symbol_name(), number, static_cast<int32_t>(axis));
      }
    }
    for (ValueId v : root.inputs) {
      graph::Node node;
      node.op = "Input";
      node.name = graph_.value(v).name;
      HONE_RETURN_IF_ERROR(lower_.measure_content(node, v));
    }
    HONE_ASSIGN(ranges_, resolve_profiles(plan_.inputs, options_.profiles));
    return {};
  }

  Status give_outputs() {
    const graph::Block& root = graph_.block();
    std::set<int32_t> taken;
    graph::Node node;
    node.op = "Output";
    for (size_t i = 0; i < root.outputs.size(); ++i) {
      const std::string& name = graph_.output_names[i];
      auto number = static_cast<int32_t>(i);
      const graph::Fact& fact = graph_.fact(root.outputs[i]);
      if (!fact.has_rank() || fact.kind != graph::Fact::Kind::tensor) {
        lower_.problems.push_back(
            {"", "", fmt::format("output '{}' is not a tensor of known rank", name)});
        continue;
      }
      node.name = name;
      lower_.set_current(node);
      auto used = lower_.use_as(root.outputs[i], Layout::row_major);
      if (!used.ok()) {
        if (lower_.problems.empty()) return in(fmt::format("output '{}'", name), used.status());
        continue;
      }
      PlanValue v = *used;
      const Value value = lower_.at(v);
      Storage& s = plan_.storages[static_cast<size_t>(value.storage)];
      bool whole = value.strides.empty() && value.offset == Dim(0) && value.dtype == s.dtype &&
                   graph::product(value.shape, 0, value.shape.size()) == s.elements;
      if (s.place != Place::arena || !whole) {
        PlanValue to = lower_.temporary(name, value.dtype, value.shape);
        lower_.copy(node, v, to);
        v = to;
      }
      Storage& own = plan_.storages[static_cast<size_t>(lower_.at(v).storage)];
      own.place = Place::output;
      own.index = number;
      plan_.outputs.push_back({name, fact.dtype, *fact.shape, v});
    }
    return {};
  }

  void find_unknown_sizes(std::vector<Problem>* problems) const {
    std::set<std::string> unknown;
    auto look = [&](const Dim& d) {
      for (const std::string& s : d.symbols()) {
        bool known = plan_.symbols.contains(s) || plan_.find_data(s) != nullptr;
        if (!known) unknown.insert(s);
      }
    };
    for (const Value& v : plan_.values) {
      for (const Dim& d : v.shape) look(d);
      for (const Dim& d : v.strides) look(d);
      look(v.offset);
    }
    for (const Step& s : plan_.steps) {
      for (const Dim& d : s.dims) look(d);
    }
    for (const auto& [symbol, size] : plan_.data) {
      const Value& v = plan_.values[static_cast<size_t>(size.value)];
      bool given = plan_.storages[static_cast<size_t>(v.storage)].place == Place::input;
      if (!given && !size.bound) unknown.insert(symbol);
    }
    if (unknown.empty()) return;
    problems->push_back(
        {"", "", fmt::format("sizes known only when the data are: {}", fmt::join(unknown, ", "))});
  }

  // How much of the plan these sizes do not fit. Branches for other shapes never fit all.
  int misfits(const Sizes& sizes) const {
    int n = 0;
    for (const Storage& s : plan_.storages) {
      auto count = s.elements.evaluate(sizes);
      if (!count || *count < (s.elements.is_const() ? 0 : 1)) ++n;
    }
    for (const Value& v : plan_.values) {
      for (const Dim& d : v.shape) {
        auto size = d.evaluate(sizes);
        if (!size || *size < 0) ++n;
      }
    }
    for (const Check& c : plan_.checks) {
      if (c.condition.evaluate(sizes).value_or(0) == 0) ++n;
    }
    return n;
  }

  // Symbols that a condition wants to be equal stand for one size: of each, the first of its group.
  std::map<std::string, std::string> tied_symbols() const {
    std::map<std::string, std::string> leader;
    for (const auto& [symbol, where] : plan_.symbols) leader[symbol] = symbol;
    auto tie = [&](const Dim& condition) {
      if (condition.terms().size() != 1 || condition.terms()[0].factors.size() != 1) return;
      const Dim::Atom& atom = *condition.terms()[0].factors[0];
      bool equality = atom.symbol.empty() && atom.op == Dim::Op::equal && atom.args[0].is_symbol();
      if (!equality || !atom.args[1].is_symbol()) return;
      auto a = leader.find(atom.args[0].symbol_name()), b = leader.find(atom.args[1].symbol_name());
      if (a == leader.end() || b == leader.end()) return;
      std::string to = std::min(a->second, b->second), from = std::max(a->second, b->second);
      for (auto& [symbol, first] : leader) {
        if (first == from) first = to;
      }
    };
    for (const Check& c : plan_.checks) tie(c.condition);
    for (const Dim& wish : lower_.wishes) tie(wish);
    return leader;
  }

  Sizes example_with(int64_t other, const ProfileRanges& ranges,
                     const std::map<std::string, std::string>& leader) const {
    Sizes group;
    for (const auto& [symbol, where] : plan_.symbols) {
      auto known = ranges.symbols.find(symbol);
      int64_t guess = known != ranges.symbols.end() ? known->second.opt
                      : where.second == 0           ? 1
                                                    : other;
      auto [it, fresh] = group.try_emplace(leader.at(symbol), guess);
      if (!fresh) it->second = std::min(it->second, guess);
    }
    Sizes sizes;
    for (const auto& [symbol, first] : leader) {
      auto known = ranges.symbols.find(symbol);
      sizes[symbol] = known != ranges.symbols.end() ? known->second.opt : group.at(first);
    }
    return sizes;
  }

  // The sizes tactics are timed at: the profile's, or of the defaults the first that fits best; of
  // those that fit as well, the first that the lowering wishes.
  Sizes example_of(const ProfileRanges& ranges,
                   const std::map<std::string, std::string>& leader) const {
    Sizes best;
    int least = INT_MAX;
    for (int64_t other : default_sizes) {
      Sizes sizes = with_bounds(plan_, example_with(other, ranges, leader));
      bool wished = std::all_of(lower_.wishes.begin(), lower_.wishes.end(),
                                [&](const Dim& d) { return d.evaluate(sizes).value_or(0) != 0; });
      int score = 2 * misfits(sizes) + (wished ? 0 : 1);
      if (score < least) least = score, best = std::move(sizes);
      if (score == 0) break;
    }
    return best;
  }

  void choose_examples() {
    const auto leader = tied_symbols();
    for (const ProfileRanges& ranges : ranges_) {
      Profile profile;
      profile.ranges = ranges.dims;
      profile.example = example_of(ranges, leader);
      plan_.profiles.push_back(std::move(profile));
    }
  }

  const Graph& graph_;
  const PlanOptions& options_;
  Plan plan_;
  Lowering lower_;
  std::vector<ProfileRanges> ranges_;  // of each profile
};

}  // namespace

Result<Plan> make_plan(const graph::Graph& graph, const PlanOptions& options,
                       std::vector<Problem>* problems) {
  return Maker(graph, options).make(problems);
}

Result<Plan> make_plan(const graph::Graph& graph, const PlanOptions& options) {
  std::vector<Problem> problems;
  HONE_ASSIGN(Plan plan, make_plan(graph, options, &problems));
  if (problems.empty()) return plan;
  std::vector<std::string> lines;
  for (const Problem& p : problems) lines.push_back(problem_text(p));
  return unsupported(fmt::format("cannot build: {}", fmt::join(lines, "; ")));
}

}  // namespace hone::plan
