// Like hostile.h, but from the step as the kernel packs it: mutations reach past the check of the
// packed blob.
#pragma once

#include <algorithm>
#include <climits>

#include "device/kernels/testing/kernel_test_util.h"

namespace hone::kernels::testing {

struct HostileStep {
  std::vector<Operand> in, out;
  std::vector<int32_t> attrs;
  std::vector<int64_t> dims;
};

// The step with its constants as `k` packs them: the starting point of mutations.
inline HostileStep packed_step(const Kernel& k, const TestStep& s) {
  internal::Prepared p = internal::prepare(k, s);
  return {p.in_ops, p.out_ops, s.attrs, s.dims};
}

inline int64_t hostile_number(Rng& rng, int64_t near) {
  static constexpr int64_t extremes[] = {0, 1, -1, 2, INT_MAX, INT_MIN, INT64_MAX, INT64_MIN,
                                         int64_t{1} << 31, int64_t{1} << 32, int64_t{1} << 62,
                                         65536, 1000003};
  switch (random_int(rng, 0, 4)) {
    case 0: return near < INT_MAX && near > INT_MIN ? near + random_int(rng, -2, 2) : near;
    case 1: return extremes[random_int(rng, 0, std::size(extremes) - 1)];
    case 2: return random_int(rng, 0, 16);
    case 3: return near < INT_MAX && near > INT_MIN ? near * 2 : near;
    default: return static_cast<int32_t>(rng());
  }
}

inline void mutate_operand(Rng& rng, Operand* o) {
  switch (random_int(rng, 0, 7)) {
    case 0: o->dtype = static_cast<DType>(random_int(rng, 0, 12)); break;
    case 1: {  // another rank
      std::vector<int64_t> dims(o->shape.begin(), o->shape.end());
      if (random_int(rng, 0, 1) && !dims.empty()) {
        dims.pop_back();
      } else if (dims.size() < max_rank) {
        dims.push_back(random_int(rng, 0, 3));
      }
      o->shape = Shape(std::span<const int64_t>(dims));
      break;
    }
    case 2:
    case 3: {
      int d = random_int(rng, 0, max_rank - 1);
      o->strides[d] = hostile_number(rng, o->strides[d]);
      break;
    }
    case 4: o->constant = !o->constant; break;
    default:
      if (o->shape.rank() > 0) {
        int d = random_int(rng, 0, o->shape.rank() - 1);
        o->shape[d] = hostile_number(rng, static_cast<int32_t>(o->shape[d]));
        int64_t count = 0;
        if (random_int(rng, 0, 1) && o->shape.count_checked(&count) && count > 0) {
          dense_strides(o->shape, o->strides);
        }
      }
  }
}

inline void mutate(Rng& rng, HostileStep* s) {
  for (int n = random_int(rng, 1, 3); n > 0; --n) {
    int what = random_int(rng, 0, 9);
    if (what < 4 && !s->attrs.empty()) {
      int32_t& word = s->attrs[rng() % s->attrs.size()];
      word = static_cast<int32_t>(hostile_number(rng, word));
    } else if (what == 4 && !s->dims.empty()) {
      int64_t& word = s->dims[rng() % s->dims.size()];
      word = hostile_number(rng, static_cast<int32_t>(word));
    } else if (what == 5 && random_int(rng, 0, 7) == 0) {  // more or fewer of something
      switch (random_int(rng, 0, 3)) {
        case 0: s->in.resize(static_cast<size_t>(random_int(rng, 0, 5))); break;
        case 1: s->out.resize(static_cast<size_t>(random_int(rng, 0, 2))); break;
        case 2: s->attrs.resize(static_cast<size_t>(random_int(rng, 0, 20))); break;
        default: s->dims.resize(static_cast<size_t>(random_int(rng, 0, 6)));
      }
    } else {
      size_t all = s->in.size() + s->out.size();
      if (all == 0) continue;
      size_t i = rng() % all;
      mutate_operand(rng, i < s->in.size() ? &s->in[i] : &s->out[i - s->in.size()]);
    }
  }
}

// Largest operand and work space of a step that is run; larger ones are only bound.
constexpr int64_t hostile_run_limit = int64_t{1} << 14;

// Binds the step; where that succeeds and the operands are small, gives it exactly the memory they
// describe and runs it. Faults or returns what went wrong. `*ran` says whether it ran.
inline std::string bind_and_run(const Kernel& k, const HostileStep& s, Rng& rng, bool* ran) {
  *ran = false;
  Step step{s.in, s.out, s.attrs, s.dims};
  for (int i = 0; k.packed_bytes && i < static_cast<int>(s.in.size()); ++i) k.packed_bytes(step, i);
  alignas(16) uint8_t params[max_params_bytes];
  std::memset(params, 0xFF, sizeof params);
  Work work;
  if (k.bind(step, params, &work)) return "";
  if (work.phases < 1 || work.phases > max_phases) return std::string(k.name) + ": bad phases";
  if (work.scratch_bytes < 0 || work.workspace_bytes < 0) {
    return std::string(k.name) + ": negative sizes";
  }
  if (std::max(work.scratch_bytes, work.workspace_bytes) > hostile_run_limit * 64) return "";
  TestStep run{{}, {}, s.attrs, s.dims};
  auto allocate = [&](const Operand& o, std::vector<Tensor>* into) {
    into->push_back({o, nullptr});
    int64_t elements = 0;
    if (!o.present()) return true;
    if (!extent(o, &elements) || elements > hostile_run_limit) return false;
    // Packed blobs are aligned; everything else ends at the guard page.
    auto memory = std::make_shared<GuardedMemory>(byte_size(o.dtype, elements),
                                                  o.dtype == DType::u8 && o.constant ? 64 : 1);
    for (int64_t i = 0; i < memory->bytes(); ++i) memory->data()[i] = static_cast<uint8_t>(rng());
    into->back().memory = memory;
    return true;
  };
  for (const Operand& o : s.in) {
    if (!allocate(o, &run.in)) return "";
  }
  for (const Operand& o : s.out) {
    if (!allocate(o, &run.out)) return "";
  }
  for (int phase = 0; phase < work.phases; ++phase) {
    if (work.units[phase] < 0) return std::string(k.name) + ": negative units";
  }
  internal::Prepared prepared;
  prepared.in = run.in;
  std::vector<internal::Bytes> before;
  for (const Tensor& t : run.out) before.push_back(internal::bytes_of(t));
  *ran = true;
  std::string what = internal::run_pieces(k, prepared, run, params, work, 2);
  for (size_t i = 0; i < run.out.size(); ++i) {
    if (!run.out[i].op.present()) continue;
    if (!run.out[i].memory->intact()) what = "writes outside an output";
    if (run.out[i].count() > 0 && !internal::gaps_kept(run.out[i], before[i])) {
      what = "writes between an output's rows";
    }
  }
  for (const Tensor& t : run.in) {
    if (t.memory && !t.memory->intact()) what = "writes around an input";
  }
  return what.empty() ? "" : std::string(k.name) + ": " + what;
}

}  // namespace hone::kernels::testing
