// Any bytes as a picture: refused with one line, or decoded and taken through a contract. A PNG is
// also read with the checksums of its chunks made right.
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "device/preprocess/preprocess.h"
#include "host/model/picture_plain.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const hone::Result<hone::model::DecodedPicture>& p) {
  using namespace hone;
  if (!p.ok()) {
    const std::string& why = p.status().text();
    require(!why.empty() && why.find('\n') == std::string::npos);
    require(p.code() == Code::corrupt || p.code() == Code::unsupported);
    return;
  }
  require(p->width > 0 && p->height > 0 && (p->channels == 1 || p->channels == 3));
  const size_t pixels = static_cast<size_t>(p->width) * static_cast<size_t>(p->height);
  require(p->pixels.size() == pixels * static_cast<size_t>(p->channels));
  if (pixels > 1 << 16) return;
  preprocess::ImageContract k;
  k.resize = static_cast<preprocess::Resize>(pixels % 9);
  const bool resized = k.resize != preprocess::Resize::none;
  k.fit = static_cast<preprocess::Fit>(resized ? pixels / 9 % 3 : 0);
  k.width = resized ? 1 + p->height % 61 : p->width;
  k.height = resized ? 1 + p->width % 53 : p->height;
  k.color = static_cast<preprocess::Color>(pixels % 5);
  k.type = static_cast<preprocess::PixelType>(pixels % 3);
  const preprocess::Picture view{p->pixels.data(), p->width, p->height, p->channels,
                                 int64_t{p->width} * p->channels};
  std::vector<uint8_t> out(static_cast<size_t>(k.tensor_bytes()));
  std::vector<uint8_t> scratch(static_cast<size_t>(preprocess::scratch_bytes(k, view)));
  require(preprocess::image_to_tensor(k, view, out.data(),
                                      {scratch.data(), static_cast<int64_t>(scratch.size())})
              .ok());
}

void read(hone::Bytes bytes) {
  check(hone::model::decode_picture(bytes, "f"));
  check(hone::model::decode_plain_picture(bytes, "f"));
}

uint32_t big(const std::vector<std::byte>& b, size_t at) {
  uint32_t v = 0;
  for (size_t i = 0; i < 4; ++i) v = v << 8 | std::to_integer<uint32_t>(b[at + i]);
  return v;
}

// Rewrites the checksum that ends each chunk, as far as the lengths lead.
void repair(std::vector<std::byte>* bytes) {
  for (size_t at = 8; at + 12 <= bytes->size();) {
    const size_t length = big(*bytes, at);
    if (length > bytes->size() - at - 12) return;
    const uLong crc = crc32(0, reinterpret_cast<const Bytef*>(bytes->data() + at + 4),
                            static_cast<uInt>(length + 4));
    for (size_t i = 0; i < 4; ++i) {
      (*bytes)[at + 8 + length + i] = static_cast<std::byte>(crc >> (24 - 8 * i));
    }
    at += 12 + length;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> bytes(begin, begin + size);
  read(bytes);
  repair(&bytes);
  read(bytes);
  return 0;
}
