// The only file of the library that names the C library's allocator: an archive's member that
// nobody asks for is not linked.
#include <cstdlib>

#include "hone/hone.h"

namespace {

void* allocate(void*, size_t bytes, size_t align) {
  // aligned_alloc wants a multiple of the alignment.
  const size_t rounded = (bytes + align - 1) / align * align;
  return rounded < bytes ? nullptr : aligned_alloc(align, rounded);
}

void release(void*, void* memory, size_t) { free(memory); }

constexpr hone_allocator the_default = {sizeof(hone_allocator), nullptr, allocate, release};

}  // namespace

const hone_allocator* hone_default_allocator(void) { return &the_default; }
