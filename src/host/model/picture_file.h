// Pictures in files: PNG and JPEG to 8-bit gray or RGB.
#pragma once

#include <string>
#include <vector>

#include "common/base/cursor.h"
#include "common/base/status.h"

namespace hone::model {

struct DecodedPicture {
  std::vector<uint8_t> pixels;  // interleaved, rows without gaps
  int32_t width = 0, height = 0, channels = 0;
  bool nv12 = false;  // pixels are the planes of NV12, Y and then U V; channels is 3
};

constexpr int64_t max_pixels = int64_t{1} << 28;

// Gray pictures of up to 8 bits have 1 channel, others 3 (16 bits keep their upper 8, alpha is
// dropped, a palette is looked up). A JPEG's pixels are libjpeg-turbo's with the accurate integer
// transform and interpolated chroma, which are Pillow's and OpenCV's; its EXIF orientation is not
// applied: the pixels come as they are stored, as Image.open() gives them. Errors: not_found,
// io_error, corrupt (truncated, or fewer bytes than the claimed size can need), unsupported
// (neither PNG nor JPEG, CMYK, too large).
Result<DecodedPicture> read_picture(const std::string& path);
Result<DecodedPicture> decode_picture(Bytes bytes, const std::string& what);

}  // namespace hone::model
