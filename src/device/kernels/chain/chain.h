// chain: up to 16 functions of one or two values after another, element by element, in one pass
// over memory: values between them stay in the first-level cache.
//
//   in[0..3]  [dims that broadcast to y's], dense f32; one to four of them
//   out[0] y  dense f32; may share memory with an operand of y's own shape
//
// Registers 0 to 3 are the operands, 4 to 18 hold results. Instruction i computes register `dst`
// from registers `a` and, for a Binary, `b` (0 for others); the last writes y, its dst is 0.
// Functions are those of the families unary and binary whose result is f32, and give their bits;
// only pow to an exponent broadcast from several elements may differ from binary's in the last.
#pragma once

#include "device/kernels/binary/binary.h"
#include "device/kernels/unary/unary.h"

namespace hone::kernels {

constexpr int chain_length = 16, chain_inputs = 4;
constexpr int chain_registers = chain_inputs + chain_length - 1;
constexpr int chain_binary = 128;  // added to a Binary; below it an Act or a Unary

struct ChainInstruction {
  int32_t code;  // op | dst << 8 | a << 16 | b << 24
  float p, q;    // parameters of an Act or a Unary

  int op() const { return field(0); }
  int dst() const { return field(8); }
  int a() const { return field(16); }
  int b() const { return field(24); }
  bool is_binary() const { return op() >= chain_binary; }

 private:
  int field(int shift) const {
    return static_cast<int>(static_cast<uint32_t>(code) >> shift & 0xff);
  }
};
constexpr int32_t chain_code(int op, int dst, int a, int b) {
  auto at = [](int v, int shift) { return static_cast<uint32_t>(v) << shift; };
  return static_cast<int32_t>(at(op, 0) | at(dst, 8) | at(a, 16) | at(b, 24));
}

struct ChainAttrs {
  int32_t count;                               // of instructions, 1 to 16
  ChainInstruction instruction[chain_length];  // all 0 behind `count`
};
constexpr const char* chain_attr_names =
    "count i0 *p0 *q0 i1 *p1 *q1 i2 *p2 *q2 i3 *p3 *q3 i4 *p4 *q4 i5 *p5 *q5 i6 *p6 *q6 "
    "i7 *p7 *q7 i8 *p8 *q8 i9 *p9 *q9 i10 *p10 *q10 i11 *p11 *q11 i12 *p12 *q12 i13 *p13 *q13 "
    "i14 *p14 *q14 i15 *p15 *q15";

}  // namespace hone::kernels
