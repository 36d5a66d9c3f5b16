// What runs here is compiled for any CPU: it walks blocks and calls the row functions of unary and
// binary, which are each instruction set's own.
#include "device/kernels/chain/chain.h"

#include "device/kernels/arm.h"
#include "device/kernels/binary/binary_impl.h"
#include "device/kernels/check.h"
#include "device/kernels/unary/unary_impl.h"

namespace hone::kernels {

#define HONE_KERNEL(name) extern const Kernel name;
#include "device/kernels/chain/kernels.inc"
#undef HONE_KERNEL

namespace {

// Elements of a register: a few of them fit the first-level cache. A unit is a whole number of
// blocks.
constexpr int64_t block = 1024;
static_assert(chunk % block == 0);

enum class Access : uint8_t {
  absent,
  dense,     // y's own elements
  scalar,    // one element, read by Binary only
  expanded,  // broadcast into a block of scratch
};

struct ChainParams {
  Loops<chain_inputs> loops;  // over y; innermost strides are 0 or 1
  ChainAttrs attrs;
  Access access[chain_inputs];
  int8_t slot[chain_registers];  // block of scratch of each register that has one
  bool any_expanded;
};

using UnaryRow = void (*)(int32_t op, float a, float b, const float* x, float* y, int64_t n);
using BinaryRow = void (*)(Binary op, const float* a, bool step_a, const float* b, bool step_b,
                           float* y, int64_t n);

// Copies what is broadcast to elements [begin, end) into scratch.
void expand(const RunArgs& args, const ChainParams& p, int64_t begin, int64_t end) {
  auto* scratch = static_cast<float*>(args.scratch);
  int64_t done = 0;
  walk<chain_inputs>(p.loops, begin, end, [&](const int64_t* at, int64_t n) {
    for (int k = 0; k < chain_inputs; ++k) {
      if (p.access[k] != Access::expanded) continue;
      const float* x = static_cast<const float*>(args.in[k]) + at[k];
      float* to = scratch + p.slot[k] * block + done;
      if (p.loops.stride[k][p.loops.rank - 1] != 0) {
        for (int64_t i = 0; i < n; ++i) to[i] = x[i];
      } else {
        const float v = *x;
        for (int64_t i = 0; i < n; ++i) to[i] = v;
      }
    }
    done += n;
  });
}

template <UnaryRow unary_row, BinaryRow binary_row>
void run_block(const RunArgs& args, const ChainParams& p, int64_t begin, int64_t end) {
  if (p.any_expanded) expand(args, p, begin, end);
  auto* scratch = static_cast<float*>(args.scratch);
  auto read = [&](int r) -> const float* {
    if (r >= chain_inputs || p.access[r] == Access::expanded) return scratch + p.slot[r] * block;
    const auto* x = static_cast<const float*>(args.in[r]);
    return p.access[r] == Access::dense ? x + begin : x;
  };
  auto steps = [&](int r) { return r >= chain_inputs || p.access[r] != Access::scalar; };
  const int last = p.attrs.count - 1;
  for (int i = 0; i <= last; ++i) {
    const ChainInstruction& c = p.attrs.instruction[i];
    float* y =
        i == last ? static_cast<float*>(args.out[0]) + begin : scratch + p.slot[c.dst()] * block;
    if (c.is_binary()) {
      binary_row(static_cast<Binary>(c.op() - chain_binary), read(c.a()), steps(c.a()), read(c.b()),
                 steps(c.b()), y, end - begin);
    } else {
      unary_row(c.op(), c.p, c.q, read(c.a()), y, end - begin);
    }
  }
}

template <UnaryRow unary_row, BinaryRow binary_row>
void run(const RunArgs& args) {
  auto& p = *static_cast<const ChainParams*>(args.params);
  auto [i, end] = elements_of_units(args, p.loops.total);
  for (; i < end; i += block) {
    run_block<unary_row, binary_row>(args, p, i, min_of(i + block, end));
  }
}

bool is_function(const ChainInstruction& c) {
  if (c.is_binary()) return c.op() - chain_binary <= static_cast<int>(Binary::prelu);
  if (c.op() < 64) return is_valid(static_cast<Act>(c.op()));
  auto u = static_cast<Unary>(c.op());
  return c.op() < unary_end && u != Unary::logical_not && u != Unary::bitwise_not &&
         u != Unary::is_nan && u != Unary::is_inf;
}

// Registers are read only where they hold something: results may not depend on what scratch held.
const char* check_program(const ChainAttrs& at, int inputs) {
  if (at.count < 1 || at.count > chain_length) return "chain: number of instructions";
  bool written[chain_registers] = {};
  for (int k = 0; k < inputs; ++k) written[k] = true;
  auto readable = [&](int r) { return r < chain_registers && written[r]; };
  for (int i = 0; i < at.count; ++i) {
    const ChainInstruction& c = at.instruction[i];
    if (!is_function(c)) return "chain: no such function";
    if (!readable(c.a())) return "chain: reads a register before it is written";
    if (c.is_binary() ? !readable(c.b()) : c.b() != 0) {
      return "chain: reads a register before it is written";
    }
    bool last = i + 1 == at.count;
    bool good = last ? c.dst() == 0 : c.dst() >= chain_inputs && c.dst() < chain_registers;
    if (!good) return "chain: register of a result";
    if (!last) written[c.dst()] = true;
  }
  return nullptr;
}

bool read_by_unary(const ChainAttrs& at, int r) {
  for (int i = 0; i < at.count; ++i) {
    if (!at.instruction[i].is_binary() && at.instruction[i].a() == r) return true;
  }
  return false;
}

// Gives scratch to the registers that need it; returns how many blocks.
int place(const ChainAttrs& at, ChainParams* p) {
  int blocks = 0;
  p->any_expanded = false;
  for (int8_t& s : p->slot) s = -1;
  for (int k = 0; k < chain_inputs; ++k) {
    if (p->access[k] != Access::expanded) continue;
    p->any_expanded = true;
    p->slot[k] = static_cast<int8_t>(blocks++);
  }
  for (int i = 0; i + 1 < at.count; ++i) {
    int8_t& s = p->slot[at.instruction[i].dst()];
    if (s < 0) s = static_cast<int8_t>(blocks++);
  }
  return blocks;
}

const char* bind_portable(const Step& step, void* params, Work* work) {
  auto* at = attrs_as<ChainAttrs>(step);
  const size_t inputs = step.in.size();
  if (!at || inputs < 1 || inputs > chain_inputs || step.out.size() != 1) {
    return "chain: attributes or operands";
  }
  if (const char* why = check_program(*at, static_cast<int>(inputs))) return why;
  const Operand& y = step.out[0];
  int64_t n = 0;
  if (!dense_count(y, &n) || y.dtype != DType::f32) return "chain: y must be dense f32";
  auto* p = params_as<ChainParams>(params);
  int64_t strides[chain_inputs][max_rank] = {};
  for (int k = 0; k < chain_inputs; ++k) {
    p->access[k] = Access::absent;
    if (k >= static_cast<int>(inputs)) continue;
    const Operand& x = step.in[static_cast<size_t>(k)];
    int64_t count = 0;
    if (!dense_count(x, &count) || x.dtype != DType::f32)
      return "chain: operands must be dense f32";
    if (!broadcast_strides(x.shape, y.shape, strides[k])) return "chain: shapes do not broadcast";
    bool one = count == 1 && !read_by_unary(*at, k);
    p->access[k] = count == n ? Access::dense : one ? Access::scalar : Access::expanded;
  }
  make_loops<chain_inputs>(y.shape, n, strides, &p->loops);
  p->attrs = *at;
  work->units[0] = ceil_div(n, chunk);
  work->scratch_bytes = place(*at, p) * block * static_cast<int64_t>(sizeof(float));
  return nullptr;
}

const char* bind_vector(const Step& step, void* params, Work* work) {
  if (const char* why = bind_portable(step, params, work)) return why;
  const ChainAttrs& at = *attrs_as<ChainAttrs>(step);
  for (int i = 0; i < at.count; ++i) {
    const ChainInstruction& c = at.instruction[i];
    auto b = static_cast<Binary>(c.op() - chain_binary);
    bool plain =
        c.is_binary() ? b == Binary::mod || b == Binary::fmod : !has_vector_form(c.op(), c.p);
    if (plain) return "a function has no vector form";
  }
  return nullptr;
}

}  // namespace

#if defined(__x86_64__)
const Kernel chain_f32_avx512 = {"chain_f32_avx512",
                                 "chain",
                                 Isa::avx512,
                                 1,
                                 bind_vector,
                                 run<avx512::unary_row, avx512::binary_row>,
                                 nullptr,
                                 nullptr};
const Kernel chain_f32_avx2 = {
    "chain_f32_avx2", "chain", Isa::avx2, 1, bind_vector, run<avx2::unary_row, avx2::binary_row>,
    nullptr,          nullptr};
#endif
const Kernel chain_f32_neon = {
    "chain_f32_neon", "chain",
    Isa::neon,        1,
    bind_vector,      HONE_ON_ARM(run<neon::unary_row, neon::binary_row>),
    nullptr,          nullptr};

const Kernel chain_f32_portable = {"chain_f32_portable",
                                   "chain",
                                   Isa::portable,
                                   1,
                                   bind_portable,
                                   run<portable::unary_row, portable::binary_row>,
                                   nullptr,
                                   nullptr};

}  // namespace hone::kernels
