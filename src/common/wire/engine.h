// Loading an engine file: RawEngine (any bytes) -> Engine (verified). Everything after that trusts
// the structure: indices in range, sections inside the file, steps well nested. What depends on the
// shapes of a run (operand extents) is checked when shapes are bound.
#pragma once

#include "common/base/cursor.h"
#include "common/base/device_status.h"
#include "common/wire/header.h"

namespace hone::wire {

struct EngineMeta;  // engine_generated.h

// Bytes of unknown origin: mapped or read, alive and unchanged as long as any Engine made of them.
// They must begin at a 64-byte boundary.
struct RawEngine {
  Bytes bytes;
};

class Engine {
 public:
  const Header& header() const { return *header_; }
  const EngineMeta& meta() const { return *meta_; }
  Bytes weights() const { return weights_; }

 private:
  friend device::Result<Engine> verify(RawEngine raw, bool checksum);
  const Header* header_ = nullptr;
  const EngineMeta* meta_ = nullptr;
  Bytes weights_;
};

// Checks magic, version, sizes, checksum (unless the caller vouches for the bytes), the FlatBuffers
// structure, and every index and count in it. Does not look at this machine's CPU: see missing_isa.
// Errors: corrupt, version_mismatch, unsupported. Never allocates.
device::Result<Engine> verify(RawEngine raw, bool checksum = true);

// Levels the engine needs and `machine` lacks, 0 where it can run.
IsaMask missing_isa(const Engine& engine, IsaMask machine);

}  // namespace hone::wire
