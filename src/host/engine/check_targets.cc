#include "host/engine/check_targets.h"

#include <fmt/format.h>

#include <string_view>

#include "device/kernels/kernel.h"
#include "host/plan/target_file.h"

namespace hone::engine {

namespace {

void count_portable(const plan::Plan& plan, TargetCheck* check) {
  for (const plan::Step& s : plan.steps) {
    if (s.kernel != nullptr && s.kernel->isa == Isa::portable) ++check->portable[s.op];
  }
}

bool has_products(const plan::Plan& plan) {
  for (const plan::Step& s : plan.steps) {
    const std::string& f = s.family;
    if (f == "conv" || f == "gemm" || f == "hconv" || f == "qconv") return true;
  }
  return false;
}

// The first of the family's table, best first, that the target runs; `with`: part of its name.
// Depthwise ones do not count: they save memory, not products.
const kernels::Kernel* best_of(std::string_view family, std::string_view with, IsaMask isa) {
  for (const kernels::Kernel* k : kernels::all_kernels()) {
    const std::string_view name = k->name;
    const bool fits = family == k->family && name.find("_dw_") == name.npos &&
                      name.find(with) != name.npos && has(isa, k->isa);
    if (fits) return k;
  }
  return nullptr;
}

void take_products(IsaMask isa, TargetCheck* check) {
  const auto native = [&](const char* type) {
    const kernels::Kernel* k = best_of("hconv", type, isa);
    return std::string(k == nullptr ? "f32" : name(k->isa));
  };
  check->bf16 = native("_bf16_");
  check->f16 = native("_f16_");
  const kernels::Kernel* q = best_of("qconv", "", isa);
  if (q != nullptr) check->int8 = name(q->isa);
}

}  // namespace

std::vector<NamedTarget> known_targets() {
  std::vector<NamedTarget> all;
  for (const Arch arch : {Arch::x86_64, Arch::aarch64}) {
    for (int i = 0; i < isa_count; ++i) {
      const auto level = static_cast<Isa>(i);
      if (!plan::belongs(level, arch)) continue;
      NamedTarget t;
      t.name = fmt::format("{} {}", hone::name(arch), hone::name(level));
      t.target.arch = arch;
      t.target.isa = level == Isa::portable ? mask(level) : up_to(level);
      all.push_back(t);
    }
  }
  return all;
}

Result<std::vector<TargetCheck>> check_targets(const model::Model& model,
                                               const std::vector<NamedTarget>& targets) {
  HONE_ASSIGN(const PassedModel passed, pass_model(model, {}));
  std::vector<TargetCheck> all;
  for (const NamedTarget& t : targets) {
    TargetCheck& check = all.emplace_back();
    check.name = t.name;
    plan::Plan plan;
    check.model = check_passed(passed, t.target, &plan);
    if (!check.model.problems.empty() && plan.steps.empty()) continue;
    count_portable(plan, &check);
    if (has_products(plan)) take_products(t.target.isa, &check);
  }
  return all;
}

}  // namespace hone::engine
