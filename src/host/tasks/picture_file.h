// Pictures in files: PNG and JPEG to 8-bit gray or RGB.
#pragma once

#include <string>
#include <vector>

#include "common/base/cursor.h"
#include "common/base/status.h"

namespace hone::tasks {

struct DecodedPicture {
  std::vector<uint8_t> pixels;  // interleaved, rows without gaps
  int32_t width = 0, height = 0, channels = 0;
};

constexpr int64_t max_pixels = int64_t{1} << 28;

// Gray pictures have 1 channel, others 3 (alpha is dropped). Errors: not_found, io_error, corrupt,
// unsupported (neither PNG nor JPEG, too large).
Result<DecodedPicture> read_picture(const std::string& path);
Result<DecodedPicture> decode_picture(Bytes bytes, const std::string& what);

}  // namespace hone::tasks
