#include "ship/measure/placement.h"

#include <sys/mman.h>

namespace hone::ship {

namespace {

constexpr size_t page = 4096;
constexpr size_t line = 64;        // of a cache; the largest alignment that an engine asks for
constexpr size_t most_pages = 64;  // skipped in front: as many colours as a cache of this kind has

// Stands right before the memory given out; its mapping is found again by it.
struct alignas(line) Header {
  void* mapping;
  size_t bytes;
};
static_assert(sizeof(Header) == line);

}  // namespace

Placement::Placement(uint64_t seed)
    : random_(seed), allocator_{sizeof(hone_allocator), this, allocate, release} {}

void* Placement::allocate(void* self, size_t bytes, size_t align) {
  auto& random = static_cast<Placement*>(self)->random_;
  const size_t skip = random() % most_pages * page + random() % (page / line) * line;
  const size_t all = bytes + skip + sizeof(Header);
  if (align > line || all < bytes) return nullptr;
  void* mapping = mmap(nullptr, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return nullptr;
  // What is skipped is touched, so that the pages behind it are others.
  auto* first = static_cast<std::byte*>(mapping);
  for (size_t i = 0; i < skip; i += page) first[i] = std::byte{1};
  auto* header = reinterpret_cast<Header*>(first + skip);
  *header = {mapping, all};
  return header + 1;
}

void Placement::release(void*, void* memory, size_t) {
  if (memory == nullptr) return;
  const Header header = *(static_cast<Header*>(memory) - 1);
  munmap(header.mapping, header.bytes);
}

}  // namespace hone::ship
