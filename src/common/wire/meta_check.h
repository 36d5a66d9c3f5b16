// The part of verify() that looks into the metadata. Used by engine.cc alone.
#pragma once

#include "common/base/device_status.h"

namespace hone::wire {

struct EngineMeta;

// Every index and count of a structurally sound buffer. `weights_bytes`: size of that section.
device::Status check_meta(const EngineMeta& meta, uint64_t weights_bytes);

}  // namespace hone::wire
