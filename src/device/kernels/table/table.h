// table: a function of a byte, looked up.
//
//   in[0]  x      u8 or i8, rows
//   in[1]  table  256 bytes, u8 or i8, dense
//   out[0] y      of table's type and x's shape, rows
//
//   y = table[the bits of x as a whole number from 0]
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

constexpr const char* table_attr_names = "";

}  // namespace hone::kernels
