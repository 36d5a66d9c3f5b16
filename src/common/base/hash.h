// XXH3: content hashes of files, stages and engine checksums. Not a signature.
#pragma once

#include <cstdint>

#include "common/base/cursor.h"

namespace hone {

uint64_t hash64(Bytes bytes, uint64_t seed = 0);

// The hash of `bytes` as if the `hole_size` bytes at `hole` were zero: the checksum of a file that
// holds its own checksum. hole + hole_size <= bytes.size().
uint64_t hash64_with_hole(Bytes bytes, size_t hole, size_t hole_size);

}  // namespace hone
