#include "host/model/picture_plain.h"

#include <fmt/format.h>

#include <cctype>
#include <cstring>

namespace hone::model {
namespace {

Status bad(const std::string& what, const char* why) {
  return corrupt(fmt::format("{}: {}", what, why));
}

// Room for a picture whose bytes are all there.
Result<DecodedPicture> picture(int64_t width, int64_t height, int channels,
                               const std::string& what) {
  if (width < 1 || height < 1) return bad(what, "a picture without pixels");
  if (width > max_pixels || height > max_pixels / width) {
    return unsupported(fmt::format("{}: the picture is over {} pixels", what, max_pixels));
  }
  return DecodedPicture{{}, static_cast<int32_t>(width), static_cast<int32_t>(height), channels};
}

uint32_t little(Bytes bytes, size_t at, size_t size) {
  uint32_t v = 0;
  std::memcpy(&v, bytes.data() + at, size);
  return v;
}

// The file header (14 bytes), then BITMAPINFOHEADER or one that begins with it.
Result<DecodedPicture> decode_bmp(Bytes bytes, const std::string& what) {
  if (bytes.size() < 54 || little(bytes, 14, 4) < 40) return bad(what, "no BMP of today's form");
  const auto begin = static_cast<int64_t>(little(bytes, 10, 4));
  const auto width = static_cast<int64_t>(static_cast<int32_t>(little(bytes, 18, 4)));
  const auto rows = static_cast<int64_t>(static_cast<int32_t>(little(bytes, 22, 4)));
  const int64_t depth = little(bytes, 28, 2), pixel = depth / 8;
  if ((depth != 24 && depth != 32) || little(bytes, 30, 4) != 0) {
    return unsupported(what + ": a BMP with a palette or compression");
  }
  const int64_t height = rows < 0 ? -rows : rows;
  HONE_ASSIGN(DecodedPicture p, picture(width, height, 3, what));
  const int64_t stride = (width * pixel + 3) / 4 * 4;
  if (begin + stride * height > static_cast<int64_t>(bytes.size())) return bad(what, "truncated");
  p.pixels.resize(static_cast<size_t>(width * height * 3));
  uint8_t* to = p.pixels.data();
  for (int64_t y = 0; y < height; ++y) {
    // A positive height counts from the bottom.
    const int64_t row = rows > 0 ? height - 1 - y : y;
    const auto* from = reinterpret_cast<const uint8_t*>(bytes.data()) + begin + row * stride;
    for (int64_t x = 0; x < width; ++x, from += pixel) {
      *to++ = from[2], *to++ = from[1], *to++ = from[0];
    }
  }
  return p;
}

// The next number of a PNM's head: white space and comments in front of it.
Result<int64_t> number(Bytes bytes, size_t* at, const std::string& what) {
  const auto byte = [&] { return std::to_integer<char>(bytes[*at]); };
  while (*at < bytes.size() &&
         (std::isspace(static_cast<unsigned char>(byte())) || byte() == '#')) {
    if (byte() == '#') {
      while (*at < bytes.size() && byte() != '\n') ++*at;
    } else {
      ++*at;
    }
  }
  int64_t v = -1;
  for (; *at < bytes.size() && byte() >= '0' && byte() <= '9'; ++*at) {
    v = (v < 0 ? 0 : v * 10) + (byte() - '0');
    if (v > max_pixels) return bad(what, "a number that is too large");
  }
  if (v < 0) return bad(what, "no number where the PNM's head needs one");
  return v;
}

Result<DecodedPicture> decode_pnm(Bytes bytes, const std::string& what) {
  const int channels = std::to_integer<char>(bytes[1]) == '6' ? 3 : 1;
  size_t at = 2;
  HONE_ASSIGN(const int64_t width, number(bytes, &at, what));
  HONE_ASSIGN(const int64_t height, number(bytes, &at, what));
  HONE_ASSIGN(const int64_t top, number(bytes, &at, what));
  if (top != 255) return unsupported(what + ": a PNM of other than 8 bits a channel");
  HONE_ASSIGN(DecodedPicture p, picture(width, height, channels, what));
  const auto size = static_cast<size_t>(width * height * channels);
  // One byte of white space ends the head.
  if (at + 1 > bytes.size() || size > bytes.size() - at - 1) return bad(what, "truncated");
  const auto* from = reinterpret_cast<const uint8_t*>(bytes.data()) + at + 1;
  p.pixels.assign(from, from + size);
  return p;
}

}  // namespace

Result<DecodedPicture> decode_plain_picture(Bytes bytes, const std::string& what) {
  const auto begins = [&](const char* magic) {
    return bytes.size() >= 2 && std::memcmp(bytes.data(), magic, 2) == 0;
  };
  if (begins("BM")) return decode_bmp(bytes, what);
  if (begins("P5") || begins("P6")) return decode_pnm(bytes, what);
  return unsupported(what + ": neither a BMP nor a binary PNM picture");
}

}  // namespace hone::model
