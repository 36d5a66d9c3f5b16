// A file as read-only memory.
#pragma once

#include "common/base/cursor.h"
#include "common/base/device_status.h"

namespace hone::platform {

// Owned by whoever holds it; unmap() ends it.
struct MappedFile {
  Bytes bytes;  // page-aligned
};

// Errors: not_found, io_error; an empty file maps to no bytes.
device::Result<MappedFile> map_file(const char* path);
void unmap(const MappedFile& file);

}  // namespace hone::platform
