#include "host/plan/make_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/plan/liveness.h"
#include "host/plan/lower.h"
#include "host/plan/tactics.h"

namespace hone::plan {

namespace {

// Sizes tried, in order, for dimensions nobody gave a profile for: 1 for the first of an input and
// 64 for others, then larger ones for models whose windows do not fit into 64.
constexpr int64_t default_sizes[] = {64, 128, 224, 256, 512, 576, 1024, 4096, 16000, 48000};

class Maker {
 public:
  Maker(const Graph& graph, const PlanOptions& options)
      : graph_(graph), options_(options), lower_(graph, plan_) {}

  Result<Plan> make() {
    plan_.model_name = graph_.name;
    plan_.model_hash = graph_.model_hash;
    plan_.target = options_.target;
    plan_.threads = options_.threads;
    HONE_RETURN_IF_ERROR(take_inputs());
    HONE_RETURN_IF_ERROR(lower_.block(0));
    HONE_RETURN_IF_ERROR(give_outputs());
    if (!lower_.problems.empty()) {
      return unsupported(fmt::format("cannot build: {}", fmt::join(lower_.problems, "; ")));
    }
    HONE_RETURN_IF_ERROR(check_symbols());
    HONE_RETURN_IF_ERROR(choose_example());
    HONE_RETURN_IF_ERROR(choose_tactics(plan_, options_));
    HONE_RETURN_IF_ERROR(pack_constants(plan_));
    share_in_place(plan_);
    HONE_RETURN_IF_ERROR(place_storages(plan_, ranges_));
    return std::move(plan_);
  }

 private:
  Status take_inputs() {
    const graph::Block& root = graph_.block();
    bool fixed = true;
    for (size_t i = 0; i < root.inputs.size(); ++i) {
      const graph::Value& v = graph_.value(root.inputs[i]);
      if (v.fact.kind != graph::Fact::Kind::tensor || !v.fact.has_rank()) {
        return unsupported(fmt::format("input '{}' is not a tensor of known rank", v.name));
      }
      auto number = static_cast<int32_t>(i);
      lower_.bind_input(root.inputs[i], number);
      plan_.inputs.push_back(
          {v.name, v.fact.dtype, *v.fact.shape, static_cast<PlanValue>(plan_.values.size() - 1)});
      HONE_RETURN_IF_ERROR(take_dims(v, number));
      for (const Dim& d : *v.fact.shape) fixed = fixed && d.is_const();
    }
    for (const auto& [name, dims] : options_.profile) {
      if (!std::any_of(plan_.inputs.begin(), plan_.inputs.end(),
                       [&](const Io& io) { return io.name == name; })) {
        return invalid(fmt::format("--profile names '{}', which is no input", name));
      }
    }
    // Any size is possible unless every symbol got a range.
    if (!fixed && !all_ranged_) ranges_.clear();
    return {};
  }

  Status take_dims(const graph::Value& v, int32_t number) {
    auto given = options_.profile.find(v.name);
    const SymShape& shape = *v.fact.shape;
    if (given != options_.profile.end() && given->second.size() != shape.size()) {
      return invalid(fmt::format("--profile gives {} dimensions for input '{}', which has {}",
                                 given->second.size(), v.name, shape.size()));
    }
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      const Dim& d = shape[axis];
      DimRange range{d.const_value().value_or(1), d.const_value().value_or(1),
                     d.const_value().value_or(1)};
      if (given != options_.profile.end()) {
        range = given->second[axis];
        bool sane = 0 <= range.min && range.min <= range.opt && range.opt <= range.max;
        bool fits = !d.is_const() || (range.min == d.value() && range.max == d.value());
        if (!sane || !fits) {
          return invalid(
              fmt::format("--profile {}:{}:{} does not fit dimension {} of input '{}' ({})",
                          range.min, range.opt, range.max, axis, v.name, to_string(d)));
        }
      } else if (!d.is_const() && !ranged_.contains(to_string(d))) {
        all_ranged_ = false;
      }
      if (d.is_symbol()) {
        const std::string& symbol = d.symbol_name();
        plan_.symbols.try_emplace(symbol, number, static_cast<int32_t>(axis));
        if (given != options_.profile.end()) ranged_.try_emplace(symbol, range);
        if (auto known = ranged_.find(symbol); known != ranged_.end()) range = known->second;
      }
      ranges_.push_back(range);
    }
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
        lower_.problems.push_back(fmt::format("output '{}' is not a tensor of known rank", name));
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

  Status check_symbols() {
    std::set<std::string> unknown;
    auto look = [&](const Dim& d) {
      for (const std::string& s : d.symbols()) {
        if (!plan_.symbols.contains(s)) unknown.insert(s);
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
    if (unknown.empty()) return {};
    return unsupported(fmt::format("cannot build: sizes known only when the data are: {}",
                                   fmt::join(unknown, ", ")));
  }

  bool fits(const Sizes& sizes) const {
    for (const Storage& s : plan_.storages) {
      auto n = s.elements.evaluate(sizes);
      if (!n || *n < 1) return false;
    }
    for (const Value& v : plan_.values) {
      for (const Dim& d : v.shape) {
        auto n = d.evaluate(sizes);
        if (!n || *n < 0) return false;
      }
    }
    return std::all_of(plan_.checks.begin(), plan_.checks.end(), [&](const Check& c) {
      return c.condition.evaluate(sizes).value_or(0) != 0;
    });
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

  Sizes example_with(int64_t other, const std::map<std::string, std::string>& leader) const {
    Sizes group;
    for (const auto& [symbol, where] : plan_.symbols) {
      auto known = ranged_.find(symbol);
      int64_t guess = known != ranged_.end() ? known->second.opt : where.second == 0 ? 1 : other;
      auto [it, fresh] = group.try_emplace(leader.at(symbol), guess);
      if (!fresh) it->second = std::min(it->second, guess);
    }
    Sizes sizes;
    for (const auto& [symbol, first] : leader) {
      auto known = ranged_.find(symbol);
      sizes[symbol] = known != ranged_.end() ? known->second.opt : group.at(first);
    }
    return sizes;
  }

  Status choose_example() {
    const auto leader = tied_symbols();
    for (bool as_wished : {true, false}) {
      for (int64_t other : default_sizes) {
        plan_.example = example_with(other, leader);
        bool wished = std::all_of(lower_.wishes.begin(), lower_.wishes.end(), [&](const Dim& d) {
          return d.evaluate(plan_.example).value_or(0) != 0;
        });
        if (plan_.symbols.empty() || ((wished || !as_wished) && fits(plan_.example))) return {};
      }
    }
    return {};
  }

  const Graph& graph_;
  const PlanOptions& options_;
  Plan plan_;
  Lowering lower_;
  std::vector<DimRange> ranges_;
  std::map<std::string, DimRange> ranged_;
  bool all_ranged_ = true;
};

}  // namespace

Result<Plan> make_plan(const graph::Graph& graph, const PlanOptions& options) {
  return Maker(graph, options).make();
}

}  // namespace hone::plan
