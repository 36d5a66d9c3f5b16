#include "host/model/sniff.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "common/wire/header.h"

namespace hone::model {
namespace {

struct Signature {
  size_t offset;
  std::string_view magic;
  const char* what;
};

using namespace std::string_view_literals;

constexpr Signature signatures[] = {
    {0, {wire::magic, sizeof(wire::magic)}, "a Hone engine"},
    {0, "\xff\xd8\xff"sv, "a JPEG picture"},
    {0, "\x89PNG\r\n"sv, "a PNG picture"},
    {0, "GIF8"sv, "a GIF picture"},
    {0, "BM"sv, "a BMP picture"},
    {8, "WEBP"sv, "a WebP picture"},
    {0, "%PDF"sv, "a PDF document"},
    {0, "PK\x03\x04"sv, "a ZIP archive, perhaps a PyTorch checkpoint or .npz"},
    {0, "PK\x05\x06"sv, "an empty ZIP archive"},
    {0, "\x1f\x8b"sv, "gzip-compressed"},
    {0,
     "\xfd"
     "7zXZ"sv,
     "xz-compressed"},
    {0, "\x28\xb5\x2f\xfd"sv, "zstd-compressed"},
    {0, "BZh"sv, "bzip2-compressed"},
    {257, "ustar"sv, "a tar archive"},
    {0, "\x89HDF"sv, "an HDF5 file, perhaps a Keras model"},
    {4, "TFL3"sv, "a TensorFlow Lite model"},
    {4, "ORTM"sv, "a model in ONNX Runtime's own format"},
    {0, "\x93NUMPY"sv, "a NumPy array"},
    {0, "\x80\x02"sv, "a Python pickle, perhaps a PyTorch checkpoint"},
    {0, "\x80\x04"sv, "a Python pickle"},
    {0,
     "\x7f"
     "ELF"sv,
     "an ELF program or library"},
    {0, "GGUF"sv, "a GGUF model"},
    {8, "{\""sv, "a safetensors file"},
};

bool is_text(std::string_view head) {
  return std::all_of(head.begin(), head.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u >= 0x20 ? u != 0x7f : u == '\n' || u == '\r' || u == '\t' || u == '\f';
  });
}

bool is_ascii(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::string describe_text(std::string_view head) {
  while (!head.empty() && std::isspace(static_cast<unsigned char>(head[0])) != 0) {
    head.remove_prefix(1);
  }
  std::string lower;
  for (char c : head.substr(0, 64)) {
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  const auto begins = [&](std::string_view what) {
    return lower.compare(0, what.size(), what) == 0;
  };
  if (begins("<!doctype html") || begins("<html")) return "an HTML page";
  if (begins("version https://git-lfs")) return "a Git LFS pointer; run: git lfs pull";
  if (begins("<?xml") || begins("<net")) return "XML text";
  if (begins("{") || begins("[")) return "JSON or similar text";
  return "text";
}

}  // namespace

std::string describe_content(Bytes bytes) {
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (all.empty()) return "empty";
  const std::string_view head = all.substr(0, 512);
  const bool text = is_text(head);
  for (const Signature& s : signatures) {
    // A text may begin with "BM" or "BZh", but not with bytes no keyboard has.
    if (text && is_ascii(s.magic)) continue;
    if (head.size() >= s.offset && head.substr(s.offset, s.magic.size()) == s.magic) return s.what;
  }
  if (text) return describe_text(head);
  const bool zeros = std::all_of(head.begin(), head.end(), [](char c) { return c == 0; });
  return zeros ? "nothing but zeros" : "";
}

}  // namespace hone::model
