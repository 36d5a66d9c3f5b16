// Constants as the chosen kernels read them.
#include <map>

#include "host/plan/tactics.h"

namespace hone::plan {

using kernels::Kernel;

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
  const kernels::Step given = kernels::given_to(k, raw.view());
  for (size_t i = 0; i < raw.in.size(); ++i) {
    if (!raw.in[i].constant) continue;
    int64_t bytes = k.packed_bytes(given, static_cast<int>(i));
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
      k.pack(given, data.data(), static_cast<int>(i), blob.mutable_data());
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
