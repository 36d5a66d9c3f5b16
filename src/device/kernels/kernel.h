// The contract between whoever runs steps (the device runtime, the host's exec/) and kernels.
//
// A family (conv, gemm, unary, ...) is a meaning: its header says what a Step of it must look like
// and what it computes. A kernel is one implementation of a family for one instruction set. Plan
// times the kernels of a family against each other; the engine file names the chosen one.
//
// Kernels see physical tensors: dimensions in memory order, channels last where the family says
// so. They never allocate, never fail once bound, and touch nothing but what their operands
// describe, plus the scratch and workspace they asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/target/isa.h"
#include "common/tensor/dtype.h"
#include "common/tensor/shape.h"

namespace hone::kernels {

// What a step reads or writes. strides are in elements; the dense ones unless the plan made a view.
struct Operand {
  DType dtype = DType::none;  // none: this optional operand is absent
  bool constant = false;      // known at build time; a packing kernel may take it packed
  Shape shape;                // of a packed operand: {bytes} with dtype u8
  int64_t strides[max_rank] = {};

  bool present() const { return dtype != DType::none; }
};

// Row-major strides of `shape` into `strides`.
void dense_strides(const Shape& shape, int64_t* strides);
Operand dense(DType dtype, const Shape& shape, bool constant = false);
bool is_dense(const Operand& o);
// Last dimension contiguous and every other dimension's stride a multiple of one row stride: a
// dense tensor whose rows (last dimension) lie `*row_stride` elements apart.
bool is_row_strided(const Operand& o, int64_t* row_stride);
// Elements from the first to one past the last that the operand can touch; 0 for an empty one.
// False where it does not fit 64 bits or a stride is negative.
[[nodiscard]] bool extent(const Operand& o, int64_t* elements);

// One step with every size known. The order of operands and the meaning of attrs (32-bit words,
// floats bit-cast) and dims (64-bit values, possibly computed from the shapes of this run) are
// written in the family's header.
struct Step {
  std::span<const Operand> in;
  std::span<const Operand> out;
  std::span<const int32_t> attrs;
  std::span<const int64_t> dims;
  const void* plugin = nullptr;  // of the kernel it is given to: see given_to()
};

constexpr int max_phases = 4;

// What binding learns about the work. A phase is split into `units` independent pieces; any
// partition of [0, units) over threads gives the same bits. Phases run one after the other with a
// barrier between.
struct Work {
  int32_t phases = 1;
  int64_t units[max_phases] = {1, 0, 0, 0};
  int64_t scratch_bytes = 0;    // for each thread, 64-byte aligned
  int64_t workspace_bytes = 0;  // shared by all threads and phases, 64-byte aligned
};

struct RunArgs {
  const void* params;        // what bind wrote
  const void* const* in;     // nullptr where the operand is absent
  void* const* out;
  void* scratch;
  void* workspace;
  int32_t phase;
  int64_t begin, end;        // units of this phase
};

// Largest params any kernel may need; callers give each bound step this many bytes, 16-aligned.
constexpr int max_params_bytes = 768;

struct Kernel {
  const char* name;    // <op>_<types>_<tile>_<isa>, unique, stable: it stands in engine files
  const char* family;
  Isa isa;
  uint16_t version;    // of its packing and attributes; raised when an old engine must be refused
  // Checks the step against the family's and this kernel's own conditions, writes params (at most
  // max_params_bytes) and the work. Returns nullptr, or the reason in a few words (static text).
  // Attributes, dims and operands may come from a hostile file: every combination is either
  // refused or safe to run. A kernel that binds for one size of the dynamic dimensions binds for
  // every size >= 1 with the same ranks, types, attrs and constants.
  const char* (*bind)(const Step& step, void* params, Work* work);
  void (*run)(const RunArgs& args);
  // Bytes of constant operand `in[index]` in this kernel's own packing; 0: taken as it is;
  // -1: absorbed into another operand's packing (the step then runs without it). nullptr where
  // nothing is packed. Host and device agree on it: bind refuses a blob of another size.
  int64_t (*packed_bytes)(const Step& step, int index);
  // Writes that packing. `raw[i]` are the dense data of the constant operands (nullptr otherwise).
  // Portable code: runs on the building host, whatever its CPU. Every byte is written.
  void (*pack)(const Step& step, const void* const* raw, int index, void* dst);
  const void* plugin = nullptr;  // of a plugin's kernel: its table (plugin/plugin.h)
};

// The step as functions of `k` take it: those that stand for a plugin's learn whose they are.
inline Step given_to(const Kernel& k, Step step) {
  step.plugin = k.plugin;
  return step;
}

// All kernels of this build, in the order of the families' tables (stable rank breaks ties).
std::span<const Kernel* const> all_kernels();
// nullptr where there is none of that name.
const Kernel* find_kernel(const char* name);

// --- attributes: a struct of 32-bit fields, so that files and prints need not know the family ---

template <class Attrs>
const Attrs* attrs_as(const Step& step) {
  static_assert(sizeof(Attrs) % 4 == 0 && alignof(Attrs) == 4);
  if (step.attrs.size() != sizeof(Attrs) / 4) return nullptr;
  return reinterpret_cast<const Attrs*>(step.attrs.data());
}
template <class Attrs>
std::span<const int32_t> as_words(const Attrs& a) {
  static_assert(sizeof(Attrs) % 4 == 0 && alignof(Attrs) == 4);
  return {reinterpret_cast<const int32_t*>(&a), sizeof(Attrs) / 4};
}

struct Family {
  const char* name;
  // Names of the attribute words in order, separated by spaces; '*' in front marks a float.
  const char* attrs;
  const char* summary;  // one line, for `hone kernels`
};
std::span<const Family> all_families();

}  // namespace hone::kernels
