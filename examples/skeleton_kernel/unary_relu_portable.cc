// The smallest kernel: relu of f32, a second implementation of one function of family unary. See
// docs/add_a_kernel.md.
//
// In the tree the functions stand in src/device/kernels/unary/relu.cc, the Kernel value in
// unary.cc, and unary/kernels.inc has the line HONE_KERNEL(unary_relu_f32_portable). Its place
// there is its rank: where timing finds a tie, the first wins.
#include "device/kernels/check.h"
#include "device/kernels/unary/unary.h"

namespace hone::kernels {

// External linkage for a const object; the table's declaration does this in the tree.
extern const Kernel unary_relu_f32_portable;

namespace {

// What bind tells run. Plain data: it is written into memory that the engine's context owns.
struct ReluParams {
  int64_t count;
};

// The step may come from a hostile file: everything run relies on is checked here, and only here.
// nullptr, or why not, in a few words that `hone build --explain` prints.
const char* bind(const Step& step, void* params, Work* work) {
  auto* attrs = attrs_as<UnaryAttrs>(step);
  if (!attrs || step.in.size() != 1 || step.out.size() != 1) return "relu: attributes or operands";
  if (attrs->op != static_cast<int32_t>(Act::relu)) return "only relu";
  const Operand &x = step.in[0], &y = step.out[0];
  int64_t n = 0, m = 0;
  if (!dense_count(x, &n) || !dense_count(y, &m)) return "relu: operands must be dense";
  if (x.dtype != DType::f32 || y.dtype != DType::f32) return "only f32";
  if (!(x.shape == y.shape)) return "relu: shapes differ";
  params_as<ReluParams>(params)->count = n;
  // Units of work may run on any thread, in any order: none depends on another.
  work->units[0] = ceil_div(n, chunk);
  return nullptr;
}

// No checks, no allocation, no calls to the system; x and y may be the same memory.
void run(const RunArgs& args) {
  const auto* p = static_cast<const ReluParams*>(args.params);
  const auto* x = static_cast<const float*>(args.in[0]);
  auto* y = static_cast<float*>(args.out[0]);
  const int64_t end = min_of(args.end * chunk, p->count);
  // A NaN stays one: of two, `<` chooses x unless x is less than 0.
  for (int64_t i = args.begin * chunk; i < end; ++i) y[i] = x[i] < 0 ? 0 : x[i];
}

}  // namespace

// name, family, instruction set, version, and no packing of constants.
const Kernel unary_relu_f32_portable = {
    "unary_relu_f32_portable", "unary", Isa::portable, 1, bind, run, nullptr, nullptr};

}  // namespace hone::kernels
