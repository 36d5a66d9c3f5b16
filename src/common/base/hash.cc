#include "common/base/hash.h"

#define XXH_INLINE_ALL
#define XXH_NO_STREAM_ALLOC
#include <xxhash.h>

namespace hone {

uint64_t hash64(Bytes bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

uint64_t hash64_with_hole(Bytes bytes, size_t hole, size_t hole_size) {
  static constexpr unsigned char zeros[64] = {};
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, bytes.data(), hole);
  for (size_t left = hole_size; left > 0;) {
    size_t n = left < sizeof(zeros) ? left : sizeof(zeros);
    XXH3_64bits_update(&state, zeros, n);
    left -= n;
  }
  Bytes rest = bytes.subspan(hole + hole_size);
  XXH3_64bits_update(&state, rest.data(), rest.size());
  return XXH3_64bits_digest(&state);
}

}  // namespace hone
