// image_to_tensor() for tests in another language: requests on stdin, answers on stdout, each a
// little-endian head of 32-bit words and then bytes; ends at the end of stdin.
//   request: 18 words (below), 9 floats (scale, mean[4], std[4]), the picture's rows without gaps
//            (NV12: the plane of Y, then that of UV)
//   answer:  code, bytes of what follows; 4 words and 2 doubles of the placement, then the tensor;
//            the error's text where code is not 0
#include <cstdio>
#include <cstring>
#include <vector>

#include "device/preprocess/preprocess.h"

namespace {

using namespace hone;

struct Request {
  int32_t picture_width, picture_height, channels, nv12;
  int32_t width, height, color, layout, type, resize, fit, anchor, short_side;
  int32_t fill[3];
  int32_t gap;       // bytes between the rows of the picture
  int32_t short_of;  // bytes that the scratch lacks
  float scale, mean[4], std[4];
};

template <class T>
bool read(T* to, size_t count) {
  return std::fread(to, sizeof(T), count, stdin) == count;
}

template <class T>
void write(const T* from, size_t count) {
  std::fwrite(from, sizeof(T), count, stdout);
}

preprocess::ImageContract contract_of(const Request& r) {
  preprocess::ImageContract k;
  k.width = r.width, k.height = r.height;
  k.color = static_cast<preprocess::Color>(r.color);
  k.layout = static_cast<preprocess::PixelLayout>(r.layout);
  k.type = static_cast<preprocess::PixelType>(r.type);
  k.resize = static_cast<preprocess::Resize>(r.resize);
  k.fit = static_cast<preprocess::Fit>(r.fit);
  k.anchor = static_cast<preprocess::Anchor>(r.anchor);
  k.short_side = r.short_side;
  for (int c = 0; c < 3; ++c) k.fill[c] = static_cast<uint8_t>(r.fill[c]);
  k.scale = r.scale;
  std::memcpy(k.mean, r.mean, sizeof(k.mean));
  std::memcpy(k.std, r.std, sizeof(k.std));
  return k;
}

void refuse(const device::Status& s) {
  const auto text = s.text();
  const int32_t head[2] = {static_cast<int32_t>(s.code()), static_cast<int32_t>(text.size())};
  write(head, 2);
  write(text.c_str(), text.size());
}

void answer(const Request& r, const std::vector<uint8_t>& bytes, size_t row, size_t rows) {
  const preprocess::ImageContract k = contract_of(r);
  // Rows lie apart, with bytes between them that no result may depend on.
  const size_t stride = row + static_cast<size_t>(r.gap);
  std::vector<uint8_t> pixels(stride * rows, 0xa5);
  for (size_t y = 0; y < rows; ++y) std::memcpy(&pixels[y * stride], &bytes[y * row], row);
  preprocess::Picture p{pixels.data(), r.picture_width, r.picture_height, r.channels,
                        static_cast<int64_t>(stride)};
  if (r.nv12 != 0) {
    p.uv = pixels.data() + stride * static_cast<size_t>(r.picture_height);
    p.uv_stride = p.stride;
  }
  auto at = preprocess::placement(k, p.width, p.height);
  if (!at.ok()) return refuse(at.status());
  // Memory of the heap, exactly as much as is asked for: a sanitizer sees what goes beyond.
  const int64_t wanted = preprocess::scratch_bytes(k, p) - r.short_of;
  std::vector<uint8_t> scratch(static_cast<size_t>(wanted < 0 ? 0 : wanted));
  std::vector<uint8_t> out(static_cast<size_t>(k.tensor_bytes()));
  auto s = preprocess::image_to_tensor(k, p, out.data(),
                                       {scratch.data(), static_cast<int64_t>(scratch.size())});
  if (!s.ok()) return refuse(s);
  const int32_t head[2] = {0, static_cast<int32_t>(out.size() + 32)};
  const int32_t place[4] = {at->x, at->y, at->width, at->height};
  const double scales[2] = {at->scale_x, at->scale_y};
  write(head, 2);
  write(place, 4);
  write(scales, 2);
  write(out.data(), out.size());
}

}  // namespace

int main() {
  Request r;
  while (read(&r, 1)) {
    const size_t row =
        static_cast<size_t>(r.picture_width) * static_cast<size_t>(r.nv12 != 0 ? 1 : r.channels);
    const size_t height = static_cast<size_t>(r.picture_height);
    const size_t rows = r.nv12 != 0 ? height * 3 / 2 : height;
    std::vector<uint8_t> bytes(row * rows);
    if (!read(bytes.data(), bytes.size())) return 1;
    answer(r, bytes, row, rows);
    std::fflush(stdout);
  }
  return 0;
}
