#include "common/wire/dims.h"

#include "common/base/checked.h"
#include "engine_generated.h"

namespace hone::wire {
namespace {

// Divides where the quotient exists; the smallest value over -1 has none.
bool divide(DimOp op, int64_t a, int64_t b, int64_t* out) {
  if (b == 0 || (a == INT64_MIN && b == -1)) return false;
  const int64_t rest = a % b;
  switch (op) {
    case DimOp::floor_div: *out = floor_div(a, b); return true;
    case DimOp::ceil_div: *out = a / b + (rest != 0 && (a < 0) == (b < 0)); return true;
    default: *out = rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest; return true;
  }
}

// `out` holds the values of earlier instructions.
bool evaluate(const DimInstr& instr, std::span<const Shape> inputs, const int64_t* out,
              int64_t* result) {
  switch (instr.op()) {
    case DimOp::constant: *result = instr.value(); return true;
    case DimOp::input_dim: *result = inputs[instr.a()][instr.b()]; return true;
    default: break;
  }
  const int64_t a = out[instr.a()], b = out[instr.b()];
  switch (instr.op()) {
    case DimOp::add: return !add_overflows(a, b, result);
    case DimOp::sub: return !sub_overflows(a, b, result);
    case DimOp::mul: return !mul_overflows(a, b, result);
    case DimOp::floor_div:
    case DimOp::ceil_div:
    case DimOp::mod: return divide(instr.op(), a, b, result);
    case DimOp::min: *result = a < b ? a : b; return true;
    case DimOp::max: *result = a > b ? a : b; return true;
    case DimOp::equal: *result = a == b; return true;
    case DimOp::less: *result = a < b; return true;
    case DimOp::select: *result = out[instr.value()] != 0 ? a : b; return true;
    default: return false;
  }
}

}  // namespace

device::Status eval_dims(std::span<const DimInstr> program, std::span<const Shape> inputs,
                         std::span<const Measured> measured, std::span<int64_t> out) {
  assert(out.size() == program.size());
  for (size_t i = 0; i < program.size(); ++i) {
    if (program[i].op() == DimOp::data) {
      const Measured m = i < measured.size() ? measured[i] : Measured();
      const int64_t bound = program[i].value();
      out[i] = m.known ? m.value : bound < 0 ? 1 : out[bound];
      if (!m.known || bound < 0 || m.value <= out[bound]) continue;
      return device::error(Code::shape_mismatch, FixedText("a size that the data decide is ")
                                                     << m.value << ", which is over its bound of "
                                                     << out[bound]);
    }
    if (evaluate(program[i], inputs, out.data(), &out[i])) continue;
    return device::error(Code::shape_mismatch,
                         FixedText("these input shapes give no size for dimension ")
                             << static_cast<uint64_t>(i) << " of the engine ("
                             << EnumNameDimOp(program[i].op()) << " overflows or divides by 0)");
  }
  return {};
}

}  // namespace hone::wire
