#include "host/plan/liveness.h"

#include <algorithm>

#include <fmt/format.h>

#include "host/plan/memory.h"

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
  if (step.family == "unary" || step.family == "softmax") return {0};
  if (step.family == "binary") return {0, 1};
  if (step.family == "conv" || step.family == "gemm") return {3};
  return {};
}

void redirect(Plan& plan, int32_t from, int32_t to) {
  for (Value& v : plan.values) {
    if (v.storage == from) v.storage = to;
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

Result<int64_t> bytes_of(const Storage& s, const Sizes& sizes) {
  auto n = s.elements.evaluate(sizes);
  int64_t bits_total = 0;
  if (!n || *n < 0 || mul_overflows(*n, bits(s.dtype), &bits_total)) {
    return invalid(fmt::format("the size '{}' does not fit", to_string(s.elements)));
  }
  return byte_size(s.dtype, *n);
}

// All combinations of smallest and largest size of every symbol (of the first ten; the rest at
// their largest): sizes need not grow with every symbol.
std::vector<Sizes> corners(const Plan& plan, const std::vector<DimRange>& ranges) {
  std::vector<std::pair<std::string, DimRange>> symbols;
  size_t at = 0;
  for (const Io& io : plan.inputs) {
    for (const Dim& d : io.shape) {
      if (d.is_symbol()) symbols.emplace_back(d.symbol_name(), ranges[at]);
      ++at;
    }
  }
  size_t free = std::min<size_t>(symbols.size(), 10);
  std::vector<Sizes> out;
  for (uint32_t mask = 0; mask < (1u << free); ++mask) {
    Sizes s;
    for (size_t i = 0; i < symbols.size(); ++i) {
      bool low = i < free && ((mask >> i) & 1) != 0;
      s[symbols[i].first] = low ? symbols[i].second.min : symbols[i].second.max;
    }
    out.push_back(std::move(s));
  }
  return out;
}

}  // namespace

Status place_storages(Plan& plan, const std::vector<DimRange>& ranges) {
  std::vector<Lifetime> lives;
  std::vector<int32_t> which;
  std::vector<Sizes> sizes =
      ranges.empty() ? std::vector<Sizes>{plan.example} : corners(plan, ranges);
  for (size_t i = 0; i < plan.storages.size(); ++i) {
    Storage& s = plan.storages[i];
    if (s.place != Place::arena) continue;
    if (s.first_step < 0) {
      s.place = Place::unplaced;
      continue;
    }
    int64_t worst = 0;
    for (const Sizes& at : sizes) {
      HONE_ASSIGN(int64_t bytes, bytes_of(s, at));
      worst = std::max(worst, bytes);
    }
    lives.push_back({s.first_step, s.last_step, worst});
    which.push_back(static_cast<int32_t>(i));
  }
  Profile profile;
  Placement fixed = place_buffers(lives);
  profile.lower_bound_bytes = fixed.lower_bound;
  if (ranges.empty()) {
    SlotPlan slots = share_slots(lives);
    for (size_t i = 0; i < which.size(); ++i) {
      plan.storages[static_cast<size_t>(which[i])].index = slots.slot[i];
    }
    plan.slots = slots.slots;
    profile.arena_bytes = 0;
  } else {
    for (size_t i = 0; i < which.size(); ++i) {
      plan.storages[static_cast<size_t>(which[i])].index = static_cast<int32_t>(i);
      profile.slot_offsets.push_back(fixed.offsets[i]);
    }
    plan.slots = static_cast<int32_t>(which.size());
    profile.ranges = ranges;
    profile.arena_bytes = fixed.total;
  }
  plan.profiles = {profile};
  return {};
}

}  // namespace hone::plan
