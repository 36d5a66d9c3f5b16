// Between a strided buffer of the caller and dense memory.
#pragma once

#include "common/tensor/shape.h"

namespace hone::runtime {

// Elements of `width` bytes. Strides in elements, of the strided side; nothing is checked.
void copy_from_strided(const Shape& shape, const int64_t* strides, size_t width,
                       const void* strided, void* dense);
void copy_to_strided(const Shape& shape, const int64_t* strides, size_t width, const void* dense,
                     void* strided);

}  // namespace hone::runtime
