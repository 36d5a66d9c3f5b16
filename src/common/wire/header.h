// The fixed head of an engine file. FORMAT.md is the prose; this is the bytes.
#pragma once

#include <cstdint>

#include "common/target/isa.h"

namespace hone::wire {

constexpr char magic[8] = {'H', 'O', 'N', 'E', 'E', 'N', 'G', '\n'};
constexpr uint16_t version_major = 1;     // readers refuse a larger one
constexpr uint16_t version_minor = 2;     // readers ignore a larger one
constexpr uint64_t section_align = 4096;  // weights can be mapped by themselves
constexpr uint64_t max_meta_bytes = 64ull << 20;

struct Header {
  char magic[8];
  uint16_t version_major;
  uint16_t version_minor;
  uint32_t isa;       // IsaMask of what the kernels need
  uint64_t checksum;  // XXH3-64 of the whole file with these 8 bytes zero
  uint64_t file_bytes;
  uint64_t meta_offset;  // 64
  uint64_t meta_bytes;
  uint64_t weights_offset;  // multiple of section_align; bytes between are zero
  uint64_t weights_bytes;
};
static_assert(sizeof(Header) == 64);
constexpr uint64_t checksum_offset = 16;

}  // namespace hone::wire
