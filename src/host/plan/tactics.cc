#include "host/plan/tactics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "host/graph/title.h"

namespace hone::plan {

using kernels::Kernel;
using kernels::Operand;

namespace {

constexpr double tie = 1.03;

Result<int64_t> size_of(const Dim& d, const Sizes& sizes) {
  auto v = d.evaluate(sizes);
  if (!v) return invalid(fmt::format("'{}' has no value for these shapes", to_string(d)));
  return *v;
}

Result<Operand> operand(const Plan& plan, PlanValue v, const Sizes& sizes) {
  Operand o;
  if (v == absent) return o;
  const Value& value = plan.values[static_cast<size_t>(v)];
  o.dtype = value.dtype;
  // A view of a constant is none: what packs reads the whole.
  o.constant = plan.storages[static_cast<size_t>(value.storage)].place == Place::weights &&
               value.strides.empty() && value.offset == Dim(0);
  for (const Dim& d : value.shape) {
    HONE_ASSIGN(int64_t size, size_of(d, sizes));
    if (size < 0) {
      return Status(Code::shape_mismatch,
                    fmt::format("'{}' would have a dimension of {}", value.name, size));
    }
    o.shape.push(size);
  }
  kernels::dense_strides(o.shape, o.strides);
  for (size_t i = 0; i < value.strides.size(); ++i) {
    HONE_ASSIGN(o.strides[i], size_of(value.strides[i], sizes));
  }
  return o;
}

// "f32[1,64]"
std::string typed_shape(const Operand& o) {
  return fmt::format("{}[{}]", name(o.dtype), fmt::join(o.shape.begin(), o.shape.end(), ","));
}

std::string describe(const Operand& o) {
  if (!o.present()) return "-";
  std::string text = typed_shape(o) + (o.constant ? "c" : "");
  if (!kernels::is_dense(o)) {
    text += "/";
    for (int i = 0; i < o.shape.rank(); ++i)
      text += fmt::format("{}{}", i ? "," : "", o.strides[i]);
  }
  return text;
}

// "f32[1,64], f32[64,128] -> f32[1,128]"
std::string operands_text(const ConcreteStep& s) {
  auto list = [](const std::vector<Operand>& operands) {
    std::string text;
    for (const Operand& o : operands) {
      if (o.present()) text += (text.empty() ? "" : ", ") + typed_shape(o);
    }
    return text;
  };
  return list(s.in) + " -> " + list(s.out);
}

// The reason why `kernel` cannot take the step; empty where it can.
std::string refusal(const Kernel& kernel, const ConcreteStep& raw, const Target& target) {
  if (!has(target.isa, kernel.isa)) return fmt::format("needs {}", name(kernel.isa));
  alignas(16) std::byte params[kernels::max_params_bytes];
  kernels::Work work;
  ConcreteStep packed = as_packed(kernel, raw);
  const char* reason = kernel.bind(packed.view(), params, &work);
  return reason == nullptr ? "" : reason;
}

struct Timed {
  const Kernel* kernel;
  double ns;
};

class Chooser {
 public:
  Chooser(Plan& plan, const PlanOptions& options) : plan_(plan), options_(options) {}

  // Without kernel where none takes the step. `known`: the first profile's, which wins ties, so
  // that its packed weights serve both.
  Result<Choice> choose(const Step& step, const Sizes& sizes, const Kernel* known = nullptr) {
    HONE_ASSIGN(ConcreteStep raw, concrete(plan_, step, sizes));
    Choice choice;
    choice.in = step.in;
    std::vector<Timed> able;
    for (const Kernel* k : kernels::all_kernels()) {
      if (step.family != k->family) continue;
      std::string why = refusal(*k, raw, options_.target);
      if (why.empty()) {
        able.push_back({k, 0});
      } else {
        choice.tactics.push_back({k->name, 0, why});
      }
    }
    if (able.empty()) return choice;  // the caller names it
    prefer(able);
    if (able.size() > 1) HONE_RETURN_IF_ERROR(time_all(step, raw, able));
    const Timed* best = &able[0];
    for (const Timed& t : able) {
      if (t.ns < best->ns) best = &t;
    }
    auto ties = [&](const Timed& t) { return t.ns <= best->ns * tie; };
    auto chosen = std::find_if(able.begin(), able.end(),
                               [&](const Timed& t) { return t.kernel == known && ties(t); });
    if (chosen == able.end()) chosen = std::find_if(able.begin(), able.end(), ties);
    choice.kernel = chosen->kernel;
    choice.ns = chosen->ns;
    std::vector<TacticNote> notes;
    for (const Timed& t : able) notes.push_back({t.kernel->name, t.ns, ""});
    std::stable_sort(notes.begin(), notes.end(),
                     [](const TacticNote& a, const TacticNote& b) { return a.ns < b.ns; });
    choice.tactics.insert(choice.tactics.begin(), notes.begin(), notes.end());
    return choice;
  }

 private:
  void prefer(std::vector<Timed>& able) const {
    if (options_.prefer_kernel.empty()) return;
    std::vector<Timed> wanted;
    for (const Timed& t : able) {
      if (t.kernel->name == options_.prefer_kernel) {  // a name may be part of another
        wanted = {t};
        break;
      }
      if (std::strstr(t.kernel->name, options_.prefer_kernel.c_str()) != nullptr)
        wanted.push_back(t);
    }
    if (!wanted.empty()) able = std::move(wanted);
  }

  // ns of all of them, or of none where some have no timing and nobody can take it.
  Status time_all(const Step& step, const ConcreteStep& raw, std::vector<Timed>& able) {
    if (!options_.time && options_.cache == nullptr) return {};
    Candidate c{nullptr, raw.view(), {}};
    for (size_t i = 0; i < raw.in.size(); ++i) {
      const void* data = nullptr;
      if (raw.in[i].constant) {
        const Value& v = plan_.values[static_cast<size_t>(step.in[i])];
        const Storage& s = plan_.storages[static_cast<size_t>(v.storage)];
        data = plan_.constants[static_cast<size_t>(s.index)].data.data();
      }
      c.raw.push_back(data);
    }
    for (Timed& t : able) {
      std::string key = timing_key(*t.kernel, raw, options_.target, options_.threads);
      if (options_.cache != nullptr) {
        if (auto known = options_.cache->find(key)) {
          t.ns = *known;
          continue;
        }
        if (options_.error_on_cache_miss) {
          return Status(Code::not_found,
                        fmt::format("the timing cache has no timing of {} with {} on {}; build "
                                    "without --error-on-cache-miss to add it",
                                    t.kernel->name, operands_text(raw), threads_text()));
        }
      }
      if (!options_.time) {
        for (Timed& other : able) other.ns = 0;
        return {};
      }
      c.kernel = t.kernel;
      HONE_ASSIGN(double ns, options_.time(c, options_.threads));
      t.ns = TimingCache::whole_ns(ns);
      if (options_.cache != nullptr) options_.cache->add(key, t.ns);
    }
    return {};
  }

  std::string threads_text() const {
    return fmt::format("{} thread{} of {}", options_.threads, options_.threads == 1 ? "" : "s",
                       options_.target.cpu);
  }

  Plan& plan_;
  const PlanOptions& options_;
};

}  // namespace

Result<ConcreteStep> concrete(const Plan& plan, const Step& step, const Sizes& sizes) {
  ConcreteStep c;
  for (PlanValue v : step.in) {
    HONE_ASSIGN(Operand o, operand(plan, v, sizes));
    c.in.push_back(o);
  }
  for (PlanValue v : step.out) {
    HONE_ASSIGN(Operand o, operand(plan, v, sizes));
    c.out.push_back(o);
  }
  c.attrs = step.attrs;
  for (const Dim& d : step.dims) {
    HONE_ASSIGN(int64_t value, size_of(d, sizes));
    c.dims.push_back(value);
  }
  return c;
}

ConcreteStep as_packed(const Kernel& kernel, const ConcreteStep& raw) {
  ConcreteStep packed = raw;
  if (kernel.packed_bytes == nullptr) return packed;
  for (size_t i = 0; i < raw.in.size(); ++i) {
    if (!raw.in[i].constant) continue;
    int64_t bytes = kernel.packed_bytes(raw.view(), static_cast<int>(i));
    if (bytes > 0) packed.in[i] = kernels::dense(DType::u8, {bytes}, true);
    if (bytes < 0) packed.in[i] = Operand();
  }
  return packed;
}

std::string timing_key(const Kernel& kernel, const ConcreteStep& raw, const Target& target,
                       int threads) {
  std::string key = fmt::format("{} v{}", kernel.name, kernel.version);
  for (const Operand& o : raw.in) key += " " + describe(o);
  key += " ->";
  for (const Operand& o : raw.out) key += " " + describe(o);
  key += " (";
  for (int32_t a : raw.attrs) key += fmt::format("{} ", a);
  for (int64_t d : raw.dims) key += fmt::format("|{}", d);
  return key + fmt::format(") threads {} isa {:x} on {}", threads, target.isa, target.cpu);
}

namespace {

// "needs avx2 (gemm_a, gemm_b); takes f32 only (gemm_c)": kernels with the same reason together.
std::string all_reasons(const std::vector<TacticNote>& notes) {
  std::vector<std::pair<std::string, std::string>> grouped;
  for (const TacticNote& t : notes) {
    auto same = std::find_if(grouped.begin(), grouped.end(),
                             [&](const auto& g) { return g.first == t.reason; });
    if (same == grouped.end()) {
      grouped.emplace_back(t.reason, t.kernel);
    } else {
      same->second += ", " + t.kernel;
    }
  }
  std::string text;
  for (const auto& [reason, kernels] : grouped) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : "; ", reason, kernels);
  }
  return text;
}

}  // namespace

Status choose_tactics(Plan& plan, const PlanOptions& options, std::vector<Problem>* problems) {
  assert(!plan.profiles.empty());
  Chooser chooser(plan, options);
  const bool complete = problems->empty();
  int done = 0, total = static_cast<int>(plan.steps.size() * plan.profiles.size());
  for (size_t p = 0; p < plan.profiles.size(); ++p) {
    Profile& profile = plan.profiles[p];
    const std::string where = p == 0 ? "" : fmt::format(" in profile {}", p);
    for (size_t i = 0; i < plan.steps.size(); ++i) {
      Step& step = plan.steps[i];
      if (options.progress) options.progress(done, total, step.layer);
      ++done;
      if (step.kind != Step::Kind::kernel) continue;
      auto choice = chooser.choose(step, profile.example, step.kernel);
      if (!choice.ok()) {
        if (complete) return in(graph::node_title(step.layer, step.op) + where, choice.status());
        continue;  // a consequence of a problem already named
      }
      if (choice->kernel == nullptr) {
        problems->push_back(
            {step.op, step.layer, "no kernel" + where + ": " + all_reasons(choice->tactics)});
      }
      if (p > 0) {
        profile.choices[static_cast<int32_t>(i)] = std::move(*choice);
        continue;
      }
      step.kernel = choice->kernel;
      step.ns = choice->ns;
      step.tactics = std::move(choice->tactics);
    }
  }
  if (options.progress) options.progress(total, total, "");
  return {};
}

namespace {

// Constant indices and kernel: the same weights packed twice the same way are kept once.
using PackKey = std::pair<std::string, std::vector<int32_t>>;

// The operands of `step` as kernel `k` reads them; `raw` are those of the step before any packing.
Status pack_step(Plan& plan, const Step& step, const ConcreteStep& raw, const Kernel& k,
                 std::map<PackKey, PlanValue>& known, std::vector<PlanValue>* packed) {
  if (k.packed_bytes == nullptr) return {};
  std::vector<const void*> data(raw.in.size(), nullptr);
  PackKey key{k.name, step.attrs};
  for (size_t i = 0; i < raw.in.size(); ++i) {
    if (!raw.in[i].constant) continue;
    const Value& v = plan.values[static_cast<size_t>(step.in[i])];
    int32_t index = plan.storages[static_cast<size_t>(v.storage)].index;
    data[i] = plan.constants[static_cast<size_t>(index)].data.data();
    key.second.insert(key.second.end(), {static_cast<int32_t>(i), index});
  }
  std::vector<PlanValue> in = step.in;
  for (size_t i = 0; i < raw.in.size(); ++i) {
    if (!raw.in[i].constant) continue;
    int64_t bytes = k.packed_bytes(raw.view(), static_cast<int>(i));
    if (bytes == 0) continue;
    if (bytes < 0) {
      in[i] = absent;
      continue;
    }
    PackKey this_key = key;
    this_key.second.push_back(static_cast<int32_t>(i));
    auto [it, fresh] = known.try_emplace(std::move(this_key), absent);
    if (fresh) {
      Tensor blob(DType::u8, {bytes});
      k.pack(raw.view(), data.data(), static_cast<int>(i), blob.mutable_data());
      Storage s;
      s.place = Place::weights;
      s.index = static_cast<int32_t>(plan.constants.size());
      s.dtype = DType::u8;
      s.elements = Dim(bytes);
      plan.storages.push_back(s);
      Value v;
      v.name = plan.values[static_cast<size_t>(step.in[i])].name;
      plan.constants.push_back({v.name, std::move(blob)});
      v.dtype = DType::u8;
      v.shape = {Dim(bytes)};
      v.storage = static_cast<int32_t>(plan.storages.size() - 1);
      plan.values.push_back(std::move(v));
      it->second = static_cast<PlanValue>(plan.values.size() - 1);
    }
    in[i] = it->second;
  }
  while (!in.empty() && in.back() == absent) in.pop_back();
  *packed = std::move(in);
  return {};
}

// Constants in the order steps first read them: what is used together lies together, and the order
// is the same in every build.
void drop_unread_constants(Plan& plan) {
  std::vector<int32_t> order, place(plan.constants.size(), -1);
  auto read = [&](const std::vector<PlanValue>& operands) {
    for (PlanValue v : operands) {
      if (v == absent) continue;
      const Value& value = plan.values[static_cast<size_t>(v)];
      const Storage& s = plan.storages[static_cast<size_t>(value.storage)];
      if (s.place != Place::weights || place[static_cast<size_t>(s.index)] >= 0) continue;
      place[static_cast<size_t>(s.index)] = static_cast<int32_t>(order.size());
      order.push_back(s.index);
    }
  };
  for (const Step& step : plan.steps) read(step.in);
  for (const Profile& p : plan.profiles) {
    for (const auto& [step, choice] : p.choices) read(choice.in);
  }
  std::vector<Constant> kept;
  for (int32_t i : order) kept.push_back(std::move(plan.constants[static_cast<size_t>(i)]));
  plan.constants = std::move(kept);
  for (Storage& s : plan.storages) {
    if (s.place == Place::weights) s.index = place[static_cast<size_t>(s.index)];
    if (s.place == Place::weights && s.index < 0) s.place = Place::unplaced;
  }
}

}  // namespace

Status pack_constants(Plan& plan) {
  std::map<PackKey, PlanValue> known;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Step step = plan.steps[i];
    if (step.kind != Step::Kind::kernel) continue;
    auto pack = [&](const Sizes& sizes, const Kernel& k, std::vector<PlanValue>* to) -> Status {
      HONE_ASSIGN(ConcreteStep raw, concrete(plan, step, sizes));
      return pack_step(plan, step, raw, k, known, to);
    };
    HONE_RETURN_IF_ERROR(in(step.layer, pack(plan.example(), *step.kernel, &plan.steps[i].in)));
    for (Profile& p : plan.profiles) {
      auto choice = p.choices.find(static_cast<int32_t>(i));
      if (choice == p.choices.end()) continue;
      HONE_RETURN_IF_ERROR(
          in(step.layer, pack(p.example, *choice->second.kernel, &choice->second.in)));
    }
  }
  drop_unread_constants(plan);
  return {};
}

}  // namespace hone::plan
