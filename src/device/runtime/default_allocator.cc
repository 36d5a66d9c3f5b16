// The only file of the library that names the C library's allocator: an archive's member that
// nobody asks for is not linked.
#include <cstdlib>

#include "hone/hone.h"

namespace {

// From here on a block begins where a large page may: an arena of large pages is there sooner, and
// its kernels miss the TLB less.
constexpr size_t large_page = size_t{1} << 21;

void* allocate(void*, size_t bytes, size_t align) {
  if (bytes >= large_page && align < large_page) align = large_page;
  // aligned_alloc wants a multiple of the alignment.
  const size_t rounded = (bytes + align - 1) / align * align;
  return rounded < bytes ? nullptr : aligned_alloc(align, rounded);
}

void release(void*, void* memory, size_t) { free(memory); }

constexpr hone_allocator the_default = {sizeof(hone_allocator), nullptr, allocate, release};

}  // namespace

const hone_allocator* hone_default_allocator(void) { return &the_default; }
