#include "host/engine/tune_requests.h"

#include <cstring>

#include "common/wire/tune_requests.h"
#include "device/kernels/timed.h"
#include "host/engine/write_engine.h"
#include "host/exec/opt_level.h"
#include "host/plan/liveness.h"
#include "host/plan/tactics.h"

namespace hone::engine {

using plan::Place;
using plan::Plan;
using plan::PlanValue;

namespace {

template <class T>
Bytes bytes_of(const T& t) {
  return {reinterpret_cast<const std::byte*>(&t), sizeof(t)};
}

class OneStep {
 public:
  OneStep(const plan::Candidate& c, const Target& target) : c_(c) {
    plan_.model_name = "one step";
    plan_.target = target;
    plan_.profiles.emplace_back();
  }

  Result<std::vector<std::byte>> make() {
    const kernels::Kernel& k = *c_.kernel;
    plan::ConcreteStep raw;
    raw.in.assign(c_.step.in.begin(), c_.step.in.end());
    raw.out.assign(c_.step.out.begin(), c_.step.out.end());
    raw.attrs.assign(c_.step.attrs.begin(), c_.step.attrs.end());
    raw.dims.assign(c_.step.dims.begin(), c_.step.dims.end());
    const plan::ConcreteStep packed = plan::as_packed(k, raw);
    plan::Step step;
    step.family = k.family;
    step.plugin = c_.plugin;
    step.kernel = &k;
    step.attrs = raw.attrs;
    step.dims.assign(raw.dims.begin(), raw.dims.end());
    step.layer = step.op = "step";
    for (size_t i = 0; i < packed.in.size(); ++i) {
      const bool constant = raw.in[i].constant && packed.in[i].present();
      HONE_ASSIGN(PlanValue v, constant ? Result<PlanValue>(weights(raw, packed.in[i], i))
                                        : arena(packed.in[i]));
      step.in.push_back(v);
    }
    for (const kernels::Operand& o : packed.out) {
      HONE_ASSIGN(PlanValue v, arena(o));
      step.out.push_back(v);
    }
    plan_.steps.push_back(std::move(step));
    plan::find_lifetimes(plan_);
    HONE_RETURN_IF_ERROR(plan::place_storages(plan_));
    return write_engine(plan_, {});
  }

 private:
  PlanValue add(const kernels::Operand& o, Place place, int32_t index, int64_t elements) {
    plan::Storage s;
    s.place = place;
    s.index = index;
    s.dtype = o.dtype;
    s.elements = graph::Dim(elements);
    plan_.storages.push_back(std::move(s));
    plan::Value v;
    v.dtype = o.dtype;
    v.shape.assign(o.shape.begin(), o.shape.end());
    if (!kernels::is_dense(o)) v.strides.assign(o.strides, o.strides + o.shape.rank());
    v.storage = static_cast<int32_t>(plan_.storages.size() - 1);
    plan_.values.push_back(std::move(v));
    return static_cast<PlanValue>(plan_.values.size() - 1);
  }

  Result<PlanValue> arena(const kernels::Operand& o) {
    if (!o.present()) return plan::absent;
    int64_t elements = 0;
    if (!kernels::extent(o, &elements)) return invalid("an operand's extent does not fit");
    return add(o, Place::arena, -1, elements);
  }

  PlanValue weights(const plan::ConcreteStep& raw, const kernels::Operand& packed, size_t i) {
    Tensor t(packed.dtype, Dims(packed.shape.begin(), packed.shape.end()));
    const kernels::Kernel& k = *c_.kernel;
    const kernels::Step given = kernels::given_to(k, raw.view());
    const bool packs = k.packed_bytes != nullptr && k.packed_bytes(given, static_cast<int>(i)) > 0;
    if (packs) {
      k.pack(given, c_.raw.data(), static_cast<int>(i), t.mutable_data());
    } else if (c_.raw[i] != nullptr) {
      std::memcpy(t.mutable_data(), c_.raw[i], static_cast<size_t>(t.bytes()));
    }
    const int64_t count = t.count();
    plan_.constants.push_back({"", std::move(t)});
    return add(packed, Place::weights, static_cast<int32_t>(plan_.constants.size() - 1), count);
  }

  const plan::Candidate& c_;
  Plan plan_;
};

}  // namespace

Result<std::vector<std::byte>> one_step_engine(const plan::Candidate& c, const Target& target) {
  return OneStep(c, target).make();
}

Result<TuneRequests> TuneRequests::create(const std::string& path, const Target& target,
                                          int threads, int opt_level) {
  HONE_ASSIGN(AtomicFile file, AtomicFile::create(path));
  wire::TuneHeader header = {};
  std::memcpy(header.magic, wire::tune_magic, sizeof(header.magic));
  header.version = wire::tune_version;
  header.threads = threads;
  const kernels::TimingOptions timing = exec::opt_level(opt_level).timing;
  header.budget_us = static_cast<int32_t>(timing.budget_ms * 1e3);
  header.min_runs = timing.min_runs;
  header.max_runs = timing.max_runs;
  header.evicted_bytes = kernels::cold_bytes(target.l2_bytes);
  HONE_RETURN_IF_ERROR(file.append(bytes_of(header)));
  return TuneRequests(std::make_shared<State>(State{std::move(file), target}));
}

plan::TimeKernel TuneRequests::recorder() {
  return [state = state_](const plan::Candidate& c, int) -> Result<double> {
    if (c.key.size() > wire::max_tune_key) return internal("a timing's key is too long");
    HONE_ASSIGN(const std::vector<std::byte> engine, one_step_engine(c, state->target));
    if (c.fastest_ns == 0) ++state->step;  // the first of its step
    wire::TuneRecord r = {};
    r.key_bytes = static_cast<uint32_t>(c.key.size());
    r.step = state->step;
    r.engine_bytes = engine.size();
    HONE_RETURN_IF_ERROR(state->file.append(bytes_of(r)));
    HONE_RETURN_IF_ERROR(
        state->file.append({reinterpret_cast<const std::byte*>(c.key.data()), c.key.size()}));
    HONE_RETURN_IF_ERROR(state->file.append(engine));
    ++state->count;
    return 1.0;
  };
}

Status TuneRequests::finish() {
  const wire::TuneRecord end = {};
  HONE_RETURN_IF_ERROR(state_->file.append(bytes_of(end)));
  return state_->file.commit();
}

}  // namespace hone::engine
