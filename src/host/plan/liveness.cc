#include "host/plan/liveness.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "common/base/checked.h"
#include "host/plan/memory.h"
#include "host/plan/stack.h"

namespace hone::plan {

namespace {

Storage& storage_of(Plan& plan, PlanValue v) {
  return plan.storages[static_cast<size_t>(plan.values[static_cast<size_t>(v)].storage)];
}

// The value is all of its storage, in order.
bool covers_storage(const Plan& plan, PlanValue v) {
  const Value& value = plan.values[static_cast<size_t>(v)];
  const Storage& s = plan.storages[static_cast<size_t>(value.storage)];
  return value.strides.empty() && value.offset == Dim(0) && value.dtype == s.dtype &&
         graph::product(value.shape, 0, value.shape.size()) == s.elements;
}

// Inputs of a step that its kernel may overwrite with output 0 (see the families' headers).
std::vector<size_t> overwritable(const Step& step) {
  if (step.family == "unary" || step.family == "softmax" || step.family == "norm") return {0};
  if (step.family == "binary") return {0, 1};
  if (step.family == "chain") return {0, 1, 2, 3};
  if (step.family == "conv" || step.family == "hconv" || step.family == "gemm") return {3};
  return {};
}

void redirect(Plan& plan, int32_t from, int32_t to) {
  for (Value& v : plan.values) {
    if (v.storage == from) v.storage = to;
  }
}

}  // namespace

namespace {

// What a loop reads or keeps lives until it is left: its steps come again. What it makes for later
// is put together in all its iterations.
void span_loop(Plan& plan, int begin, int end) {
  for (Storage& s : plan.storages) {
    if (s.first_step < 0 || s.last_step < begin || s.first_step > end) continue;
    if (s.first_step > begin && s.last_step > end) s.first_step = begin;
    // To behind its last step: nothing that this writes may lie there.
    if (s.first_step <= begin) s.last_step = std::max(s.last_step, end + 1);
  }
}

}  // namespace

void find_lifetimes(Plan& plan) {
  for (Storage& s : plan.storages) s.first_step = s.last_step = -1;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    auto touch = [&](PlanValue v) {
      if (v == absent) return;
      Storage& s = storage_of(plan, v);
      if (s.first_step < 0) s.first_step = static_cast<int>(i);
      s.last_step = static_cast<int>(i);
    };
    for (PlanValue v : plan.steps[i].in) touch(v);
    for (PlanValue v : plan.steps[i].out) touch(v);
  }
  // Inner loops first: what they keep, the loop around them keeps as long.
  for (size_t i = plan.steps.size(); i-- > 0;) {
    const Step& s = plan.steps[i];
    if (s.kind != Step::Kind::loop) continue;
    span_loop(plan, static_cast<int>(i), static_cast<int>(i) + s.then_steps);
  }
}

void share_in_place(Plan& plan) {
  find_lifetimes(plan);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    Step& step = plan.steps[i];
    if (step.kind != Step::Kind::kernel || step.out.size() != 1) continue;
    PlanValue out = step.out[0];
    int32_t to = plan.values[static_cast<size_t>(out)].storage;
    if (!covers_storage(plan, out)) continue;
    for (size_t k : overwritable(step)) {
      if (k >= step.in.size() || step.in[k] == absent) continue;
      PlanValue v = step.in[k];
      int32_t from = plan.values[static_cast<size_t>(v)].storage;
      const Storage &a = plan.storages[static_cast<size_t>(from)],
                    &b = plan.storages[static_cast<size_t>(to)];
      bool dies = a.place == Place::arena && a.last_step == static_cast<int>(i) &&
                  b.first_step == static_cast<int>(i) && from != to;
      auto reads = std::count_if(step.in.begin(), step.in.end(), [&](PlanValue o) {
        return o != absent && plan.values[static_cast<size_t>(o)].storage == from;
      });
      // The memory order must be the same too: shapes equal, not only counts.
      if (!dies || reads != 1 || !covers_storage(plan, v) || a.dtype != b.dtype ||
          plan.values[static_cast<size_t>(v)].shape !=
              plan.values[static_cast<size_t>(out)].shape) {
        continue;
      }
      Storage merged = b;
      merged.first_step = a.first_step;
      redirect(plan, from, to);
      plan.storages[static_cast<size_t>(to)] = merged;
      plan.storages[static_cast<size_t>(from)].place = Place::unplaced;
      break;
    }
  }
  find_lifetimes(plan);
}

namespace {

// Bounds of what storages need for all sizes that the ranges allow.
class Largest {
 public:
  Largest(const Plan& plan, const std::vector<DimRange>& ranges) {
    size_t at = 0;
    for (const Io& io : plan.inputs) {
      for (const Dim& d : io.shape) {
        const DimRange& r = ranges[at++];
        if (d.is_symbol()) ranges_[d.symbol_name()] = {r.min, r.max};
      }
    }
    list_corners();
    // What data decide lies between 0 and its bound.
    for (const auto& [symbol, size] : plan.data) {
      if (!size.bound) continue;
      auto most = elements(*size.bound);
      if (!most.ok()) continue;
      ranges_[symbol] = {0, *most};
      list_corners();
    }
    for (const Check& check : plan.checks) list_stated(check.condition);
    list_corners();
  }

  // As elements(), of a shape some of whose sizes a check bounds.
  Result<int64_t> elements_within_checks(const SymShape& shape) const {
    SymShape most;
    for (const Dim& d : shape) {
      const auto known =
          std::find_if(stated_.begin(), stated_.end(), [&](const auto& s) { return s.first == d; });
      most.push_back(known == stated_.end() ? d : Dim(known->second));
    }
    return elements(graph::product(most, 0, most.size()));
  }

  // At least as many elements as any sizes within the ranges need. Sizes need not grow with their
  // symbols (a Pad to a multiple of 8 is largest in between), so where the largest of the corners
  // is not proven to be the largest of all, all are tried, or interval arithmetic's bound is taken.
  Result<int64_t> elements(const Dim& count) const {
    if (count.is_const()) return count.value();
    int64_t corner = largest(count, corners_);
    auto bound = count.upper_bound(ranges_);
    if (bound && *bound <= corner) return corner;
    std::vector<Sizes> all = combinations(count.symbols());
    if (!all.empty()) return largest(count, all);
    if (bound) return *bound;
    return invalid(fmt::format("the size '{}' has no bound within the profile", to_string(count)));
  }

 private:
  static constexpr size_t max_combinations = 4096;

  // Lowering::check_stated() checks 1 - less(most, size).
  void list_stated(const Dim& condition) {
    for (const Dim::Term& t : condition.terms()) {
      if (t.coefficient != -1 || t.factors.size() != 1) continue;
      const Dim::Atom& atom = *t.factors[0];
      const bool less = atom.symbol.empty() && atom.op == Dim::Op::less && atom.args[0].is_const();
      if (!less || !(condition == Dim(1) - Dim::apply(atom.op, atom.args))) continue;
      const int64_t most = atom.args[0].value();
      const Dim& size = atom.args[1];
      stated_.emplace_back(size, most);
      if (size.is_symbol()) ranges_[size.symbol_name()] = {0, most};
    }
  }

  // All combinations of smallest and largest size, of the first ten symbols; the rest at their
  // largest.
  void list_corners() {
    corners_.clear();
    size_t free = std::min<size_t>(ranges_.size(), 10);
    for (uint32_t mask = 0; mask < (1u << free); ++mask) {
      Sizes s;
      size_t i = 0;
      for (const auto& [symbol, range] : ranges_) {
        bool low = i < free && ((mask >> i) & 1) != 0;
        s[symbol] = low ? range.first : range.second;
        ++i;
      }
      corners_.push_back(std::move(s));
    }
  }

  // All sizes of these symbols, the others at their largest; empty where there are too many.
  std::vector<Sizes> combinations(const std::set<std::string>& symbols) const {
    std::vector<Sizes> all = {corners_.front()};
    for (const std::string& symbol : symbols) {
      auto range = ranges_.find(symbol);
      if (range == ranges_.end()) return {};
      auto [low, high] = range->second;
      if (high - low >= static_cast<int64_t>(max_combinations / all.size())) return {};
      std::vector<Sizes> next;
      for (const Sizes& s : all) {
        for (int64_t n = low; n <= high; ++n) {
          next.push_back(s);
          next.back()[symbol] = n;
        }
      }
      all = std::move(next);
    }
    return all;
  }

  // 0 where it has no value: the size is of a branch that these sizes do not take, or a check
  // refuses them.
  static int64_t largest(const Dim& count, const std::vector<Sizes>& sizes) {
    int64_t most = 0;
    for (const Sizes& at : sizes) most = std::max(most, count.evaluate(at).value_or(0));
    return most;
  }

  Dim::Ranges ranges_;
  std::vector<std::pair<Dim, int64_t>> stated_;  // sizes, and what bounds them
  std::vector<Sizes> corners_;                   // the first has all symbols at their largest
};

Result<int64_t> bytes_of(const Storage& s, int64_t elements) {
  int64_t total = 0;
  if (mul_overflows(elements, bits(s.dtype), &total)) {
    return invalid(fmt::format("a tensor of {} elements is too large", elements));
  }
  return byte_size(s.dtype, elements);
}

// Elements for the sizes tactics were timed at: guides who shares a slot, decides nothing else.
int64_t example_elements(const Storage& s, const Sizes& example) {
  return std::max<int64_t>(s.elements.evaluate(example).value_or(0), 0);
}

// What lives in the arena, as large as the profile lets it become.
// Of a value that is all of the storage: its sizes may be bounded where their product is not.
Result<int64_t> elements_by_value(const Plan& plan, const Storage& s, const Largest& within,
                                  const Status& otherwise) {
  const auto index = static_cast<int32_t>(&s - plan.storages.data());
  for (const Value& v : plan.values) {
    if (v.storage != index || !v.strides.empty() || !(v.offset == Dim(0))) continue;
    if (!(graph::product(v.shape, 0, v.shape.size()) == s.elements)) continue;
    const auto most = within.elements_within_checks(v.shape);
    if (most.ok()) return most;
  }
  return otherwise;
}

Result<std::vector<Lifetime>> arena_lifetimes(const Plan& plan, const Profile& profile) {
  std::optional<Largest> within;
  if (!profile.ranges.empty()) within.emplace(plan, profile.ranges);
  std::vector<Lifetime> lives;
  for (const Storage& s : plan.storages) {
    if (s.place != Place::arena) continue;
    int64_t elements = example_elements(s, profile.example);
    if (within) {
      auto most = within->elements(s.elements);
      if (!most.ok()) most = elements_by_value(plan, s, *within, most.status());
      HONE_ASSIGN(elements, std::move(most));
    }
    HONE_ASSIGN(int64_t bytes, bytes_of(s, elements));
    lives.push_back({s.first_step, s.last_step, bytes});
  }
  return lives;
}

// The sum of slots, each as large as its largest member.
int64_t slot_bytes(const SlotPlan& slots, const std::vector<Lifetime>& lives) {
  std::vector<int64_t> size(static_cast<size_t>(slots.slots), 0);
  for (size_t i = 0; i < lives.size(); ++i) {
    int64_t& s = size[static_cast<size_t>(slots.slot[i])];
    s = std::max(s, round_up(lives[i].bytes, arena_block));
  }
  return std::accumulate(size.begin(), size.end(), int64_t{0});
}

void place_any_size(Plan& plan, const std::vector<Storage*>& placed,
                    const std::vector<Lifetime>& lives, const Placement& fixed) {
  SlotPlan slots = share_slots(lives);
  for (size_t i = 0; i < placed.size(); ++i) placed[i]->index = slots.slot[i];
  plan.slots = slots.slots;
  if (!plan.data.empty() || fixed.total >= slot_bytes(slots, lives)) return;
  std::vector<Dim> blocks;
  for (const Storage* s : placed) {
    const Dim all_bits = s->elements * Dim(bits(s->dtype));
    const Dim block(8 * arena_block);
    const std::optional<Dim> exact = exact_div(all_bits, block);
    blocks.push_back(exact ? *exact : ceil_div(all_bits, block));
  }
  const auto stack = stack_buffers(lives, blocks, fixed);
  if (!stack) return;
  for (size_t i = 0; i < placed.size(); ++i) {
    placed[i]->index = 0;
    placed[i]->block = (*stack)[i];
  }
  plan.slots = 1;
}

}  // namespace

Status place_storages(Plan& plan) {
  std::vector<Storage*> placed;
  for (Storage& s : plan.storages) {
    if (s.place == Place::arena && s.first_step < 0) s.place = Place::unplaced;
    if (s.place == Place::arena) placed.push_back(&s);
  }
  const bool any_size = plan.profiles.front().ranges.empty();  // then it is the only one
  for (Profile& profile : plan.profiles) {
    HONE_ASSIGN(std::vector<Lifetime> lives, arena_lifetimes(plan, profile));
    Placement fixed = place_buffers(lives);
    profile.lower_bound_bytes = fixed.lower_bound;
    if (any_size) {
      place_any_size(plan, placed, lives, fixed);
      return {};
    }
    profile.slot_offsets = std::move(fixed.offsets);
    profile.arena_bytes = fixed.total;
  }
  for (size_t i = 0; i < placed.size(); ++i) placed[i]->index = static_cast<int32_t>(i);
  plan.slots = static_cast<int32_t>(placed.size());
  return {};
}

}  // namespace hone::plan
