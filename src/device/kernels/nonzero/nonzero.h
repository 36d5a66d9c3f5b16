// nonzero: where the elements that are not 0 are, in row-major order, and how many.
//
//   in[0]  x       any type of whole bytes but f16 and bf16, dense, rank >= 1
//   out[0] where   i64 [rank, elements of x], dense. Written as [rank, count]: the first rank *
//   count
//                  elements, row d the coordinates along dimension d
//   out[1] count   i64 []
#pragma once

#include "device/kernels/kernel.h"

namespace hone::kernels {

constexpr const char* nonzero_attr_names = "";

}  // namespace hone::kernels
