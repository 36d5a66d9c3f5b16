#include "host/model/picture_file.h"

#include <fmt/format.h>
#include <spng.h>
#include <turbojpeg.h>

#include <cstring>
#include <memory>

#include "host/model/files.h"

namespace hone::model {

namespace {

Status too_large(const std::string& what) {
  return unsupported(fmt::format("{}: the picture is over {} pixels", what, max_pixels));
}

// A few bytes that claim a huge picture are refused before memory is asked for. Deflate packs 1032
// to one at most (zlib's technical notes); a Huffman-coded JPEG spends a bit on each block of each
// component, and at most 1024 pixels share nine blocks.
constexpr int64_t png_bytes_per_byte = 1032, jpeg_pixels_per_byte = 1024;

Status claims_too_much(const std::string& what) {
  return corrupt(fmt::format("{}: too few bytes for a picture of the size it claims", what));
}

int png_channels(const spng_ihdr& head) {
  switch (head.color_type) {
    case SPNG_COLOR_TYPE_TRUECOLOR: return 3;
    case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA: return 2;
    case SPNG_COLOR_TYPE_TRUECOLOR_ALPHA: return 4;
    default: return 1;
  }
}

Result<DecodedPicture> decode_png(Bytes bytes, const std::string& what) {
  std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> png(spng_ctx_new(0), spng_ctx_free);
  if (png == nullptr) return Status(Code::out_of_memory, "no memory to decode a picture");
  spng_set_png_buffer(png.get(), bytes.data(), bytes.size());
  spng_ihdr head{};
  if (int code = spng_get_ihdr(png.get(), &head); code != 0) {
    return corrupt(fmt::format("{}: {}", what, spng_strerror(code)));
  }
  if (static_cast<int64_t>(head.width) * head.height > max_pixels) return too_large(what);
  const int64_t packed_bits = int64_t{head.width} * head.bit_depth * png_channels(head);
  if (packed_bits / 8 * head.height / png_bytes_per_byte > static_cast<int64_t>(bytes.size())) {
    return claims_too_much(what);
  }
  bool gray = head.color_type == SPNG_COLOR_TYPE_GRAYSCALE && head.bit_depth <= 8;
  int format = gray ? SPNG_FMT_G8 : SPNG_FMT_RGB8;
  size_t size = 0;
  spng_decoded_image_size(png.get(), format, &size);
  DecodedPicture out;
  out.pixels.resize(size);
  if (int code = spng_decode_image(png.get(), out.pixels.data(), size, format, 0); code != 0) {
    return corrupt(fmt::format("{}: {}", what, spng_strerror(code)));
  }
  out.width = static_cast<int32_t>(head.width);
  out.height = static_cast<int32_t>(head.height);
  out.channels = gray ? 1 : 3;
  return out;
}

Result<DecodedPicture> decode_jpeg(Bytes bytes, const std::string& what) {
  struct Free {
    void operator()(void* h) const { tjDestroy(h); }
  };
  std::unique_ptr<void, Free> jpeg(tjInitDecompress());
  if (jpeg == nullptr) return Status(Code::out_of_memory, "no memory to decode a picture");
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  int width = 0, height = 0, sampling = 0, space = 0;
  if (tjDecompressHeader3(jpeg.get(), data, bytes.size(), &width, &height, &sampling, &space) !=
      0) {
    return corrupt(fmt::format("{}: {}", what, tjGetErrorStr2(jpeg.get())));
  }
  if (static_cast<int64_t>(width) * height > max_pixels) return too_large(what);
  if (space == TJCS_CMYK || space == TJCS_YCCK) {
    return unsupported(fmt::format("{}: a CMYK picture; convert it to RGB", what));
  }
  if (static_cast<int64_t>(width) * height / jpeg_pixels_per_byte >
      static_cast<int64_t>(bytes.size())) {
    return claims_too_much(what);
  }
  bool gray = space == TJCS_GRAY;
  DecodedPicture out{{}, width, height, gray ? 1 : 3};
  out.pixels.resize(static_cast<size_t>(width) * static_cast<size_t>(height) *
                    static_cast<size_t>(out.channels));
  // The accurate inverse transform, as Pillow and OpenCV use it.
  if (tjDecompress2(jpeg.get(), data, bytes.size(), out.pixels.data(), width, 0, height,
                    gray ? TJPF_GRAY : TJPF_RGB, TJFLAG_ACCURATEDCT) != 0) {
    return corrupt(fmt::format("{}: {}", what, tjGetErrorStr2(jpeg.get())));
  }
  return out;
}

}  // namespace

Result<DecodedPicture> decode_picture(Bytes bytes, const std::string& what) {
  constexpr unsigned char png[] = {0x89, 'P', 'N', 'G'};
  constexpr unsigned char jpeg[] = {0xff, 0xd8, 0xff};
  auto begins = [&](const unsigned char* magic, size_t n) {
    return bytes.size() >= n && std::memcmp(bytes.data(), magic, n) == 0;
  };
  if (begins(png, sizeof(png))) return decode_png(bytes, what);
  if (begins(jpeg, sizeof(jpeg))) return decode_jpeg(bytes, what);
  return unsupported(fmt::format("{}: neither a PNG nor a JPEG picture", what));
}

Result<DecodedPicture> read_picture(const std::string& path) {
  HONE_ASSIGN(MappedFile file, map_file(path));
  return decode_picture(file.bytes, path);
}

}  // namespace hone::model
