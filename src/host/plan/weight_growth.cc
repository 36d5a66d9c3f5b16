#include "host/plan/weight_growth.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "host/ops/plugin.h"
#include "host/plan/tactics.h"

namespace hone::plan {

using kernels::Kernel;

namespace {

int64_t packed_bytes(const Kernel& k, const ConcreteStep& raw) {
  int64_t sum = 0;
  const kernels::Step given = kernels::given_to(k, raw.view());
  for (size_t i = 0; i < raw.in.size(); ++i) {
    if (!raw.in[i].constant) continue;
    const int64_t packed =
        k.packed_bytes == nullptr ? 0 : k.packed_bytes(given, static_cast<int>(i));
    const int64_t own = byte_size(raw.in[i].dtype, raw.in[i].shape.count());
    if (packed >= 0) sum += packed > 0 ? packed : own;
  }
  return sum;
}

// Adds what the step takes: with the tactic `chosen`, and with the others in `notes`.
Status count_step(const Plan& plan, const Step& step, const Profile& p, const Kernel* chosen,
                  const std::vector<TacticNote>& notes, PackedBytes* sum) {
  HONE_ASSIGN(const ConcreteStep raw, concrete(plan, step, p.example));
  const bool any = std::any_of(raw.in.begin(), raw.in.end(),
                               [](const kernels::Operand& o) { return o.constant; });
  if (!any) return {};
  const int64_t own = packed_bytes(*chosen, raw);
  int64_t least = own, most = own;
  for (const TacticNote& t : notes) {
    const Kernel* k = ops::find_known_kernel(t.kernel);
    if (!t.reason.empty() || k->packed_bytes == nullptr) continue;
    const int64_t bytes = packed_bytes(*k, raw);
    least = std::min(least, bytes);
    most = std::max(most, bytes);
  }
  sum->least += least;
  sum->most += most;
  sum->chosen += own;
  return {};
}

Result<PackedBytes> count_packed(const Plan& plan) {
  PackedBytes sum;
  for (const Profile& p : plan.profiles) {
    for (size_t i = 0; i < plan.steps.size(); ++i) {
      const Step& s = plan.steps[i];
      if (s.kind != Step::Kind::kernel) continue;
      const auto other = p.choices.find(static_cast<int32_t>(i));
      if (&p == &plan.profiles.front()) {
        HONE_RETURN_IF_ERROR(count_step(plan, s, p, s.kernel, s.tactics, &sum));
      } else if (other != p.choices.end()) {
        const Choice& c = other->second;
        HONE_RETURN_IF_ERROR(count_step(plan, s, p, c.kernel, c.tactics, &sum));
      }
    }
  }
  return sum;
}

struct Tactic {
  const Kernel* kernel;
  double ns;
  int64_t bytes;
};

// A step at the sizes of one profile, with what it can be computed by. What two profiles pack alike
// is counted twice: to the safe side.
struct Item {
  const Kernel** kernel;
  double* ns;
  std::vector<TacticNote>* notes;
  std::vector<Tactic> tactics;
  size_t chosen;
};

class Bound {
 public:
  Bound(Plan& plan, double most) : plan_(plan), most_(most) {}

  Status run() {
    HONE_RETURN_IF_ERROR(collect());
    int64_t least = 0;
    for (const Item& i : items_) {
      total_ += i.tactics[i.chosen].bytes;
      least += std::min_element(i.tactics.begin(), i.tactics.end(), [](auto& a, auto& b) {
                 return a.bytes < b.bytes;
               })->bytes;
    }
    limit_ = most_ * static_cast<double>(least);
    if (fits(total_)) return {};
    while (!fits(total_) && give_up()) {
    }
    while (take_back()) {
    }
    for (Item& i : items_) apply(&i);
    return {};
  }

 private:
  bool fits(int64_t bytes) const { return static_cast<double>(bytes) <= limit_; }

  Status collect() {
    for (Profile& p : plan_.profiles) {
      for (size_t i = 0; i < plan_.steps.size(); ++i) {
        Step& s = plan_.steps[i];
        if (s.kind != Step::Kind::kernel) continue;
        const auto other = p.choices.find(static_cast<int32_t>(i));
        if (&p == &plan_.profiles.front()) {
          HONE_RETURN_IF_ERROR(add(s, p, {&s.kernel, &s.ns, &s.tactics, {}, 0}));
        } else if (other != p.choices.end()) {
          Choice& c = other->second;
          HONE_RETURN_IF_ERROR(add(s, p, {&c.kernel, &c.ns, &c.tactics, {}, 0}));
        }
      }
    }
    return {};
  }

  // Kernels that pack nothing are never the way to less: they would save the padding of others.
  Status add(const Step& step, const Profile& p, Item item) {
    if (*item.ns == 0) return {};
    HONE_ASSIGN(const ConcreteStep raw, concrete(plan_, step, p.example));
    for (const TacticNote& t : *item.notes) {
      const Kernel* k = ops::find_known_kernel(t.kernel);
      if (!t.reason.empty() || (k != *item.kernel && k->packed_bytes == nullptr)) continue;
      if (k == *item.kernel) item.chosen = item.tactics.size();
      item.tactics.push_back({k, t.ns, packed_bytes(*k, raw)});
    }
    items_.push_back(std::move(item));
    return {};
  }

  // Of all tactics with fewer bytes the one that loses least for each.
  bool give_up() {
    return exchange([](const Tactic& now, const Tactic& other) -> std::optional<double> {
      const int64_t saved = now.bytes - other.bytes;
      if (saved <= 0) return {};
      return (now.ns - other.ns) / static_cast<double>(saved);
    });
  }

  // The last exchange may have left room: of all tactics that fit into it the one that gains most.
  bool take_back() {
    return exchange([this](const Tactic& now, const Tactic& other) -> std::optional<double> {
      if (other.ns >= now.ns || !fits(total_ + other.bytes - now.bytes)) return {};
      return now.ns - other.ns;
    });
  }

  // Makes the exchange of a chosen tactic for another that is worth most; false where none is.
  template <class Worth>
  bool exchange(Worth worth) {
    Item* best = nullptr;
    size_t to = 0;
    double most = 0;
    for (Item& i : items_) {
      for (size_t t = 0; t < i.tactics.size(); ++t) {
        const std::optional<double> w = worth(i.tactics[i.chosen], i.tactics[t]);
        if (!w || (best != nullptr && *w <= most)) continue;
        best = &i, to = t, most = *w;
      }
    }
    if (best == nullptr) return false;
    total_ += best->tactics[to].bytes - best->tactics[best->chosen].bytes;
    best->chosen = to;
    return true;
  }

  void apply(Item* i) const {
    const Tactic& now = i->tactics[i->chosen];
    if (now.kernel == *i->kernel) return;
    for (TacticNote& t : *i->notes) {
      if (!t.reason.empty() || t.ns >= now.ns) continue;
      t.reason = fmt::format("{} ns, but all weights would take more than {:g} times their least",
                             t.ns, most_);
    }
    std::stable_partition(i->notes->begin(), i->notes->end(),
                          [](const TacticNote& t) { return t.reason.empty(); });
    *i->kernel = now.kernel;
    *i->ns = now.ns;
  }

  Plan& plan_;
  double most_, limit_ = 0;
  int64_t total_ = 0;
  std::vector<Item> items_;
};

}  // namespace

Status bound_weight_growth(Plan& plan, double most) {
  HONE_ASSIGN(plan.packed, count_packed(plan));
  plan.packed.fastest = plan.packed.chosen;
  HONE_RETURN_IF_ERROR(Bound(plan, most).run());
  HONE_ASSIGN(const PackedBytes after, count_packed(plan));
  plan.packed.chosen = after.chosen;
  return {};
}

}  // namespace hone::plan
