// What tests of kernels share: operands in guarded memory, and a runner that packs, binds and runs
// a kernel the way the plan and the runtime do, over several partitions of its units.
//
//   TestStep s;
//   s.attrs = words(ConvAttrs{...});
//   s.in = {random_tensor(rng, {1, 5, 5, 3}), constant(random_tensor(rng, {8, 3, 3, 3})), {}, {}};
//   s.out = {tensor(DType::f32, {1, 3, 3, 8}, /*row_gap=*/5)};
//   for (const Kernel* k : kernels_of("conv")) {
//     Outcome r = run_kernel(*k, s);
//     if (!r.refused) EXPECT_EQ(r.problem, ""), EXPECT_EQ(differs(s.out[0], want, tol), "");
//   }
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "device/kernels/kernel.h"
#include "device/kernels/testing/guarded_memory.h"
#include "device/platform/cpu.h"

namespace hone::kernels::testing {

using Rng = std::mt19937;

inline int random_int(Rng& rng, int lo, int hi) {
  return std::uniform_int_distribution<int>(lo, hi)(rng);
}
inline float random_float(Rng& rng, float lo = -1, float hi = 1) {
  return std::uniform_real_distribution<float>(lo, hi)(rng);
}

// True where this CPU runs kernels of that level.
inline bool cpu_runs(Isa isa) {
#if defined(__x86_64__)
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
              __builtin_cpu_supports("bmi2");
  bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl");
  if (isa == Isa::avx2) return avx2;
  if (isa == Isa::avx_vnni) return avx2 && has(platform::cpu_isa(), isa);  // new to compilers
  if (isa == Isa::avx512) return avx512;
  if (isa == Isa::avx512_vnni) return avx512 && __builtin_cpu_supports("avx512vnni");
  if (isa == Isa::avx512_bf16 || isa == Isa::amx) {  // amx: and the system lets us
    return avx512 && has(platform::cpu_isa(), isa);
  }
#elif defined(__aarch64__)
  return has(platform::cpu_isa(), isa);
#endif
  return isa == Isa::portable;
}

// An operand with its memory. A copy is the same memory (that is how a test aliases operands).
struct Tensor {
  Operand op;
  std::shared_ptr<GuardedMemory> memory;

  template <class T>
  T* data() const {
    return op.present() ? reinterpret_cast<T*>(memory->data()) : nullptr;
  }
  int64_t count() const { return op.shape.count(); }
  // Offset in elements of the i-th element in row-major order of the shape.
  int64_t offset(int64_t i) const {
    int64_t at = 0;
    for (int d = op.shape.rank() - 1; d >= 0; --d) {
      at += i % op.shape[d] * op.strides[d];
      i /= op.shape[d];
    }
    return at;
  }
  template <class T>
  T& at(int64_t i) const {
    return data<T>()[offset(i)];
  }
};

// Uninitialised (NaN bits) tensor with these strides in elements, 0 <= strides.
inline Tensor strided_tensor(DType dtype, const Shape& shape, const std::vector<int64_t>& strides) {
  Tensor t;
  t.op = dense(dtype, shape);
  for (int i = 0; i < shape.rank(); ++i) t.op.strides[i] = strides[static_cast<size_t>(i)];
  int64_t elements = 0;
  if (!extent(t.op, &elements)) abort();
  t.memory = std::make_shared<GuardedMemory>(byte_size(dtype, elements));
  std::memset(t.memory->data(), GuardedMemory::poison, static_cast<size_t>(t.memory->bytes()));
  return t;
}

// Uninitialised (NaN bits) row-strided tensor: rows lie back() + row_gap elements apart.
inline Tensor tensor(DType dtype, const Shape& shape, int64_t row_gap = 0) {
  std::vector<int64_t> strides(static_cast<size_t>(shape.rank()), 1);
  int64_t stride = shape.rank() ? shape.back() + row_gap : 1;
  for (int i = shape.rank() - 2; i >= 0; --i) {
    strides[static_cast<size_t>(i)] = stride;
    stride *= shape[i];
  }
  return strided_tensor(dtype, shape, strides);
}

// Writes value(i) to every element, i in row-major order.
template <class T>
void fill(const Tensor& t, const std::function<T(int64_t)>& value) {
  for (int64_t i = 0, n = t.count(); i < n; ++i) t.at<T>(i) = value(i);
}

inline Tensor random_tensor(Rng& rng, const Shape& shape, int64_t row_gap = 0, float lo = -1,
                            float hi = 1) {
  Tensor t = tensor(DType::f32, shape, row_gap);
  fill<float>(t, [&](int64_t) { return random_float(rng, lo, hi); });
  return t;
}

inline Tensor constant(Tensor t) {
  t.op.constant = true;
  return t;
}

template <class Attrs>
std::vector<int32_t> words(const Attrs& a) {
  auto w = as_words(a);
  return {w.begin(), w.end()};
}

struct TestStep {
  std::vector<Tensor> in, out;
  std::vector<int32_t> attrs;
  std::vector<int64_t> dims;
};

struct Outcome {
  const char* refused = nullptr;  // the reason bind gave
  std::string problem;            // what the run did wrong; empty: nothing
};

inline std::vector<const Kernel*> kernels_of(const char* family) {
  std::vector<const Kernel*> found;
  for (const Kernel* k : all_kernels()) {
    if (std::strcmp(k->family, family) != 0) continue;
    if (cpu_runs(k->isa)) {
      found.push_back(k);
    } else if (k->isa == Isa::amx) {
      std::printf("skipped: no AMX for %s\n", k->name);
    } else {
      std::printf("skipped: %s needs %s, which this CPU lacks\n", k->name, name(k->isa));
    }
  }
  return found;
}

namespace internal {

// The step as the runtime sees it: constants packed or absorbed.
struct Prepared {
  std::vector<Tensor> in;
  std::vector<Operand> in_ops, out_ops;
  std::string problem;
};

inline Prepared prepare(const Kernel& k, const TestStep& s) {
  Prepared p;
  p.in = s.in;
  std::vector<const void*> raw;
  for (const Tensor& t : s.in) {
    p.in_ops.push_back(t.op);
    raw.push_back(t.op.constant ? t.data<void>() : nullptr);
  }
  for (const Tensor& t : s.out) p.out_ops.push_back(t.op);
  if (!k.packed_bytes) return p;
  std::vector<Operand> raw_ops = p.in_ops;
  Step step{raw_ops, p.out_ops, s.attrs, s.dims};
  for (size_t i = 0; i < s.in.size(); ++i) {
    if (!s.in[i].op.constant) continue;
    int64_t bytes = k.packed_bytes(step, static_cast<int>(i));
    if (bytes == 0) continue;
    p.in[i] = Tensor{};
    if (bytes > 0) {
      p.in[i].op = dense(DType::u8, {bytes}, true);
      p.in[i].memory = std::make_shared<GuardedMemory>(bytes, 64);
      // Packed twice over different bytes: a byte that is not written shows.
      std::vector<uint8_t> first(static_cast<size_t>(bytes), 0x00);
      std::memset(p.in[i].memory->data(), 0xFF, static_cast<size_t>(bytes));
      k.pack(step, raw.data(), static_cast<int>(i), p.in[i].memory->data());
      std::unique_ptr<uint8_t, void (*)(void*)> again(
          static_cast<uint8_t*>(std::aligned_alloc(64, static_cast<size_t>(round_up(bytes, 64)))),
          std::free);
      std::memset(again.get(), 0x00, static_cast<size_t>(bytes));
      k.pack(step, raw.data(), static_cast<int>(i), again.get());
      if (std::memcmp(again.get(), p.in[i].memory->data(), static_cast<size_t>(bytes)) != 0) {
        p.problem = "pack does not write every byte";
      }
      if (!p.in[i].memory->intact()) p.problem = "pack writes outside its blob";
    }
    p.in_ops[i] = p.in[i].op;
  }
  return p;
}

// Runs every phase with its units dealt to `pieces` threads, the last piece first; each piece has
// its own scratch full of NaN.
inline std::string run_pieces(const Kernel& k, const Prepared& p, const TestStep& s,
                              const void* params, const Work& work, int pieces) {
  std::vector<const void*> in;
  std::vector<void*> out;
  for (const Tensor& t : p.in) in.push_back(t.data<void>());
  for (const Tensor& t : s.out) out.push_back(t.data<void>());
  GuardedMemory workspace(work.workspace_bytes, 64);
  std::memset(workspace.data(), GuardedMemory::poison, static_cast<size_t>(workspace.bytes()));
  for (int phase = 0; phase < work.phases; ++phase) {
    int64_t units = work.units[phase];
    for (int piece = pieces - 1; piece >= 0; --piece) {
      int64_t begin = units * piece / pieces, end = units * (piece + 1) / pieces;
      if (begin == end) continue;
      GuardedMemory scratch(work.scratch_bytes, 64);
      std::memset(scratch.data(), GuardedMemory::poison, static_cast<size_t>(scratch.bytes()));
      k.run(RunArgs{params, in.data(), out.data(), scratch.data(), workspace.data(), phase, begin,
                    end});
      if (!scratch.intact()) return "writes outside its scratch";
    }
  }
  if (!workspace.intact()) return "writes outside its workspace";
  return "";
}

using Bytes = std::vector<uint8_t>;
inline Bytes bytes_of(const Tensor& t) {
  if (!t.op.present()) return {};
  return {t.memory->data(), t.memory->data() + t.memory->bytes()};
}

// True where the bytes of an output that belong to no element are as they were.
inline bool gaps_kept(const Tensor& t, const Bytes& before) {
  const int64_t width = bits(t.op.dtype) / 8;
  if (width == 0) return true;  // packed elements have no gaps
  std::vector<bool> element(before.size(), false);
  for (int64_t i = 0, n = t.count(); i < n; ++i) {
    std::fill_n(element.begin() + t.offset(i) * width, width, true);
  }
  for (size_t i = 0; i < before.size(); ++i) {
    if (!element[i] && before[i] != t.memory->data()[i]) return false;
  }
  return true;
}

}  // namespace internal

// Packs, binds and runs `k` with the units cut into 1, 2, 3 and 4 pieces. Checks that nothing
// outside the outputs' elements changed and that every partition gives the same bits. The outputs
// hold the result afterwards; an output that shares memory with an input starts each run from what
// it held, so the caller must keep its own copy of such an input for the reference.
inline Outcome run_kernel(const Kernel& k, const TestStep& s) {
  internal::Prepared p = internal::prepare(k, s);
  if (!p.problem.empty()) return {nullptr, std::string(k.name) + ": " + p.problem};
  alignas(16) uint8_t params[max_params_bytes] = {};
  Work work;
  const char* refused = k.bind(Step{p.in_ops, p.out_ops, s.attrs, s.dims}, params, &work);
  if (refused) return {refused, ""};

  std::vector<internal::Bytes> in_before, out_before, first;
  for (const Tensor& t : p.in) in_before.push_back(internal::bytes_of(t));
  for (const Tensor& t : s.out) out_before.push_back(internal::bytes_of(t));
  auto problem = [&](int pieces, const std::string& what) {
    std::string text = std::string(k.name) + ", " + std::to_string(pieces) + " pieces: " + what;
    return Outcome{nullptr, text};
  };
  for (int pieces = 1; pieces <= 4; ++pieces) {
    for (size_t i = 0; i < s.out.size(); ++i) {
      if (!out_before[i].empty()) {
        std::memcpy(s.out[i].data<void>(), out_before[i].data(), out_before[i].size());
      }
    }
    std::string what = internal::run_pieces(k, p, s, params, work, pieces);
    if (!what.empty()) return problem(pieces, what);
    for (size_t i = 0; i < s.out.size(); ++i) {
      if (s.out[i].memory && !s.out[i].memory->intact()) {
        return problem(pieces, "writes outside an output");
      }
      if (!internal::gaps_kept(s.out[i], out_before[i])) {
        return problem(pieces, "writes between an output's rows");
      }
      if (pieces == 1) {
        first.push_back(internal::bytes_of(s.out[i]));
      } else if (first[i] != internal::bytes_of(s.out[i])) {
        return problem(pieces, "result depends on the partition");
      }
    }
  }
  for (size_t i = 0; i < p.in.size(); ++i) {
    bool shared = false;
    for (const Tensor& t : s.out) shared |= t.memory && t.memory == p.in[i].memory;
    if (!shared && in_before[i] != internal::bytes_of(p.in[i])) {
      return problem(4, "writes to an input");
    }
  }
  return {};
}

// Where the f32 tensor is further than tol(i) from want[i] (row-major order): the first such
// element in words; "" where there is none. NaN equals NaN, an infinity itself.
inline std::string differs(const Tensor& got, const std::vector<double>& want,
                           const std::function<double(size_t)>& tol) {
  if (static_cast<int64_t>(want.size()) != got.count()) return "wrong number of elements";
  for (size_t i = 0; i < want.size(); ++i) {
    double g = got.at<float>(static_cast<int64_t>(i)), w = want[i];
    if (std::isnan(w) ? std::isnan(g) : (g == w || std::abs(g - w) <= tol(i))) continue;
    char text[160];
    std::snprintf(text, sizeof text, "element %zu of %zu: %.9g, want %.9g +- %.3g", i, want.size(),
                  g, w, tol(i));
    return text;
  }
  return "";
}
inline std::string differs(const Tensor& got, const std::vector<double>& want, double tol) {
  return differs(got, want, [tol](size_t) { return tol; });
}

}  // namespace hone::kernels::testing
