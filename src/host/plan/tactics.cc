#include "host/plan/tactics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <optional>

#include "host/graph/title.h"
#include "host/ops/plugin.h"
#include "host/plan/candidates.h"

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

struct Timed {
  const Kernel* kernel;
  double ns;
};

class Chooser {
 public:
  Chooser(Plan& plan, const PlanOptions& options)
      : plan_(plan), options_(options), candidates_(plan, options) {}

  // Without kernel where none takes the step. `known`: the first profile's, which wins ties, so
  // that its packed weights serve both.
  Result<Choice> choose(const Step& step, const Profile& profile, const Kernel* known = nullptr) {
    HONE_ASSIGN(ConcreteStep raw, concrete(plan_, step, profile.example));
    Choice choice;
    choice.in = step.in;
    HONE_ASSIGN(auto kernels, candidates_.find(step, profile, raw, &choice.tactics));
    if (kernels.empty()) return choice;  // the caller names it
    if (options_.survey != nullptr) ++options_.survey->nodes;
    std::vector<Timed> able;
    for (const Kernel* k : kernels) able.push_back({k, 0});
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

  const Candidates& candidates() const { return candidates_; }

 private:
  // The data of the step's constants, by operand; nullptr of others.
  std::vector<const void*> constants(const Step& step, const ConcreteStep& raw) const {
    std::vector<const void*> out;
    for (size_t i = 0; i < raw.in.size(); ++i) {
      const void* data = nullptr;
      if (raw.in[i].constant) {
        const Value& v = plan_.values[static_cast<size_t>(step.in[i])];
        const Storage& s = plan_.storages[static_cast<size_t>(v.storage)];
        data = plan_.constants[static_cast<size_t>(s.index)].data.data();
      }
      out.push_back(data);
    }
    return out;
  }

  // ns of all of them, or of none where some have no timing and nobody can take it.
  Status time_all(const Step& step, const ConcreteStep& raw, std::vector<Timed>& able) {
    if (options_.survey != nullptr) {
      look_up_all(step, raw, able);
      return {};
    }
    if (!options_.time && options_.cache == nullptr) return {};
    Candidate c{nullptr, raw.view(), constants(step, raw)};
    c.plugin = step.plugin;
    for (Timed& t : able) {
      std::string key = timing_key(*t.kernel, raw, options_.target, options_.threads);
      std::optional<double> ns =
          options_.cache == nullptr ? std::nullopt : options_.cache->find(key);
      if (!ns && options_.cache != nullptr && options_.error_on_cache_miss) {
        return Status(Code::not_found,
                      fmt::format("the timing cache has no timing of {}; build without "
                                  "--error-on-cache-miss to add it",
                                  timing_text(*t.kernel, raw)));
      }
      if (!ns && !options_.time) {
        for (Timed& other : able) other.ns = 0;
        return {};
      }
      if (!ns) {
        c.kernel = t.kernel;
        c.key = key;
        HONE_ASSIGN(ns, options_.time(c, options_.threads));
        ns = TimingCache::whole_ns(*ns);
        if (options_.cache != nullptr) options_.cache->add(key, *ns);
      }
      t.ns = *ns;
      c.fastest_ns = c.fastest_ns == 0 ? t.ns : std::min(c.fastest_ns, t.ns);
    }
    return {};
  }

  // The same without timing anything: what is missing goes to the survey.
  void look_up_all(const Step& step, const ConcreteStep& raw, std::vector<Timed>& able) {
    TimingSurvey& survey = *options_.survey;
    bool complete = true;
    for (Timed& t : able) {
      std::string key = timing_key(*t.kernel, raw, options_.target, options_.threads);
      std::optional<double> ns =
          options_.cache == nullptr ? std::nullopt : options_.cache->find(key);
      if (survey.timings.insert(std::move(key)).second && !ns) {
        survey.missing.push_back(graph::node_title(step.layer, step.op) + ": " +
                                 timing_text(*t.kernel, raw));
      }
      complete = complete && ns;
      t.ns = ns.value_or(0);
    }
    ++survey.choices;
    for (Timed& t : able) t.ns = complete ? t.ns : 0;
  }

  // "gemm_f32_6x64_avx512 with f32[1,2], f32[2,3] -> f32[1,3] on 1 thread of ..."
  std::string timing_text(const Kernel& kernel, const ConcreteStep& raw) const {
    return fmt::format("{} with {} on {}", kernel.name, operands_text(raw), threads_text());
  }

  std::string threads_text() const {
    return fmt::format("{} thread{} of {}", options_.threads, options_.threads == 1 ? "" : "s",
                       options_.target.cpu);
  }

  Plan& plan_;
  const PlanOptions& options_;
  Candidates candidates_;
};

}  // namespace

std::vector<const Kernel*> kernels_for(const Step& step) {
  std::vector<const Kernel*> out;
  if (step.plugin != nullptr) {
    for (const Kernel& k : step.plugin->kernels) out.push_back(&k);
    return out;
  }
  for (const Kernel* k : kernels::all_kernels()) {
    if (step.family == k->family) out.push_back(k);
  }
  return out;
}

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
  const kernels::Step given = kernels::given_to(kernel, raw.view());
  for (size_t i = 0; i < raw.in.size(); ++i) {
    if (!raw.in[i].constant) continue;
    int64_t bytes = kernel.packed_bytes(given, static_cast<int>(i));
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
      auto choice = chooser.choose(step, profile, step.kernel);
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
  if (const int64_t least = chooser.candidates().least_workspace(); least > options.max_workspace) {
    problems->push_back({"", "",
                         fmt::format("--workspace {} is too little, it takes {} bytes",
                                     options.max_workspace, least)});
  }
  return {};
}

}  // namespace hone::plan
