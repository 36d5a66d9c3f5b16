#include "device/runtime/strided.h"

#include <cstring>

namespace hone::runtime {
namespace {

// Calls at(byte offset into the strided side) for every element in row-major order.
template <class At>
void for_each(const Shape& shape, const int64_t* strides, size_t width, At at) {
  if (shape.count() == 0) return;
  int64_t index[max_rank] = {};
  int64_t offset = 0;
  for (;;) {
    at(static_cast<size_t>(offset) * width);
    int d = shape.rank() - 1;
    for (; d >= 0; --d) {
      offset += strides[d];
      if (++index[d] < shape[d]) break;
      offset -= strides[d] * shape[d];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

}  // namespace

void copy_from_strided(const Shape& shape, const int64_t* strides, size_t width,
                       const void* strided, void* dense) {
  auto* to = static_cast<char*>(dense);
  for_each(shape, strides, width, [&](size_t offset) {
    std::memcpy(to, static_cast<const char*>(strided) + offset, width);
    to += width;
  });
}

void copy_to_strided(const Shape& shape, const int64_t* strides, size_t width, const void* dense,
                     void* strided) {
  const auto* from = static_cast<const char*>(dense);
  for_each(shape, strides, width, [&](size_t offset) {
    std::memcpy(static_cast<char*>(strided) + offset, from, width);
    from += width;
  });
}

}  // namespace hone::runtime
