// Steps as a fuzzed file could hold them: every mutation is refused by bind or safe to run.
#pragma once

#include <string>
#include <vector>

#include "device/kernels/testing/typed_tensor.h"

namespace hone::kernels::testing {

namespace internal {

struct RawStep {
  std::vector<Operand> in, out;
  std::vector<int32_t> attrs;
  std::vector<int64_t> dims;
};

inline int64_t odd_number(Rng& rng) {
  static const int64_t odd[] = {0,
                                1,
                                2,
                                3,
                                5,
                                17,
                                64,
                                1000,
                                -1,
                                -2,
                                -7,
                                1 << 20,
                                int64_t{1} << 31,
                                int64_t{1} << 40,
                                int64_t{1} << 62,
                                INT64_MAX,
                                INT64_MIN,
                                INT64_MIN + 1};
  return odd[random_int(rng, 0, static_cast<int>(std::size(odd)) - 1)];
}

inline void mutate_operand(Rng& rng, Operand* o) {
  int d = o->shape.rank() > 0 ? random_int(rng, 0, o->shape.rank() - 1) : -1;
  switch (random_int(rng, 0, 6)) {
    case 0: o->dtype = static_cast<DType>(random_int(rng, 0, 30)); break;
    case 1:
      if (d >= 0) o->shape[d] = odd_number(rng);
      break;
    case 2:
      if (d >= 0) o->strides[d] = odd_number(rng);
      break;
    case 3: {  // may undo what an earlier mutation did
      int64_t n = 0;
      if (o->shape.count_checked(&n) && n > 0) *o = dense(o->dtype, o->shape, o->constant);
      break;
    }
    case 4:
      if (o->shape.rank() < max_rank) o->shape.push(random_int(rng, 0, 3));
      break;
    case 5: o->shape = Shape{}; break;
    case 6:
      if (d >= 0) o->shape[d] = random_int(rng, 0, 9);
      break;
  }
}

inline void mutate(Rng& rng, RawStep* s) {
  switch (random_int(rng, 0, 7)) {
    case 0:
    case 1:
      if (!s->attrs.empty()) {
        auto& w = s->attrs[static_cast<size_t>(
            random_int(rng, 0, static_cast<int>(s->attrs.size()) - 1))];
        w = random_int(rng, 0, 2) ? random_int(rng, -2, 100)
                                  : static_cast<int32_t>(odd_number(rng));
      }
      break;
    case 2:
      if (!s->dims.empty()) {
        auto& w =
            s->dims[static_cast<size_t>(random_int(rng, 0, static_cast<int>(s->dims.size()) - 1))];
        w = random_int(rng, 0, 1) ? random_int(rng, -4, 9) : odd_number(rng);
      }
      break;
    case 3:
    case 4:
      if (!s->in.empty()) {
        mutate_operand(
            rng,
            &s->in[static_cast<size_t>(random_int(rng, 0, static_cast<int>(s->in.size()) - 1))]);
      }
      break;
    case 5:
      if (!s->out.empty()) {
        mutate_operand(
            rng,
            &s->out[static_cast<size_t>(random_int(rng, 0, static_cast<int>(s->out.size()) - 1))]);
      }
      break;
    case 6:
      if (!s->in.empty() && random_int(rng, 0, 1))
        s->in.pop_back();
      else
        s->in.push_back({});
      break;
    case 7: {
      auto& v = random_int(rng, 0, 1) ? s->out : s->in;
      if (!v.empty())
        v[static_cast<size_t>(random_int(rng, 0, static_cast<int>(v.size()) - 1))] = {};
      break;
    }
  }
}

constexpr int64_t runnable = 1 << 20;  // bytes of one operand up to which a bound step is run

// Guarded memory full of noise for each operand; false where one is too large to try.
inline bool allocate(Rng& rng, const std::vector<Operand>& operands,
                     std::vector<std::unique_ptr<GuardedMemory>>* memory, std::vector<void*>* at) {
  for (const Operand& o : operands) {
    int64_t elements = 0;
    if (o.present() && (!extent(o, &elements) || elements > runnable)) return false;
    memory->push_back(std::make_unique<GuardedMemory>(byte_size(o.dtype, elements)));
    if (memory->back()->bytes() > 8 * runnable) return false;
    for (int64_t i = 0; i < memory->back()->bytes(); ++i) {
      memory->back()->data()[i] = static_cast<uint8_t>(random_int(rng, 0, 255));
    }
    at->push_back(o.present() ? memory->back()->data() : nullptr);
  }
  return true;
}

// Runs a bound step in memory of exactly its operands' extents. "" where all is well.
inline std::string run_bound(Rng& rng, const Kernel& k, const RawStep& s, const void* params,
                             const Work& work) {
  std::vector<std::unique_ptr<GuardedMemory>> memory;
  std::vector<void*> in, out;
  if (!allocate(rng, s.in, &memory, &in) || !allocate(rng, s.out, &memory, &out)) return "";
  if (work.scratch_bytes < 0 || work.workspace_bytes < 0) return "negative sizes";
  if (work.scratch_bytes > 16 * runnable || work.workspace_bytes > 16 * runnable) return "";
  GuardedMemory scratch(work.scratch_bytes, 64), workspace(work.workspace_bytes, 64);
  for (int phase = 0; phase < work.phases; ++phase) {
    if (work.units[phase] < 0) return "negative units";
    if (work.units[phase] > 100000) return "";
    std::vector<const void*> const_in(in.begin(), in.end());
    k.run(RunArgs{params, const_in.data(), out.data(), scratch.data(), workspace.data(), phase, 0,
                  work.units[phase]});
  }
  for (auto& m : memory) {
    if (!m->intact()) return "writes outside an operand";
  }
  return scratch.intact() && workspace.intact() ? "" : "writes outside its working memory";
}

}  // namespace internal

// Binds mutations of the seeds with every kernel of the family and runs what is bound. Returns the
// first problem.
inline std::string try_hostile_steps(const char* family, const std::vector<TestStep>& seeds,
                                     int rounds) {
  Rng rng(4711);
  auto kernels = kernels_of(family);
  int bound = 0;
  for (int round = 0; round < rounds; ++round) {
    const TestStep& seed = seeds[static_cast<size_t>(round) % seeds.size()];
    internal::RawStep s;
    for (const Tensor& t : seed.in) s.in.push_back(t.op);
    for (const Tensor& t : seed.out) s.out.push_back(t.op);
    s.attrs = seed.attrs;
    s.dims = seed.dims;
    for (int m = random_int(rng, 0, 3); m >= 0; --m) internal::mutate(rng, &s);
    for (const Kernel* k : kernels) {
      alignas(16) uint8_t params[max_params_bytes + 16];
      std::memset(params, 0x5A, sizeof params);
      Work work;
      if (k->bind(Step{s.in, s.out, s.attrs, s.dims}, params, &work)) continue;
      ++bound;
      for (int i = 0; i < 16; ++i) {
        if (params[max_params_bytes + i] != 0x5A)
          return std::string(k->name) + ": params too large";
      }
      std::string problem = internal::run_bound(rng, *k, s, params, work);
      if (!problem.empty()) return std::string(k->name) + ": " + problem;
    }
  }
  return bound > 0 ? "" : "no mutation was bound: the seeds are wrong";
}

}  // namespace hone::kernels::testing
