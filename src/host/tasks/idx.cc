#include "host/tasks/idx.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cstring>

#include "common/base/checked.h"
#include "host/model/files.h"

namespace hone::tasks {

namespace {

constexpr int64_t max_bytes = int64_t{4} << 30;

bool is_gzip(Bytes b) { return b.size() > 2 && b[0] == std::byte{0x1f} && b[1] == std::byte{0x8b}; }

Result<std::vector<std::byte>> gunzip(Bytes bytes, const std::string& what) {
  z_stream z{};
  if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) return internal("zlib does not start");
  std::vector<std::byte> out;
  z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  int code = Z_OK;
  std::vector<std::byte> chunk(1 << 18);
  while (code == Z_OK && static_cast<int64_t>(out.size()) < max_bytes) {
    z.next_out = reinterpret_cast<Bytef*>(chunk.data());
    z.avail_out = static_cast<uInt>(chunk.size());
    code = inflate(&z, Z_NO_FLUSH);
    out.insert(out.end(), chunk.begin(),
               chunk.begin() + static_cast<ptrdiff_t>(chunk.size() - z.avail_out));
  }
  inflateEnd(&z);
  if (code != Z_STREAM_END) return corrupt(fmt::format("{}: damaged or truncated gzip", what));
  return out;
}

Result<Tensor> parse_plain(Bytes bytes, const std::string& what) {
  ByteCursor cursor(bytes);
  uint8_t magic[4];
  for (uint8_t& b : magic) {
    if (!cursor.read(&b)) return corrupt(fmt::format("{}: not an idx file", what));
  }
  if (magic[0] != 0 || magic[1] != 0 || magic[3] == 0 || magic[3] > 8) {
    return corrupt(fmt::format("{}: not an idx file", what));
  }
  if (magic[2] != 0x08) return unsupported(fmt::format("{}: idx of other types than u8", what));
  Dims dims;
  int64_t count = 1;
  for (int i = 0; i < magic[3]; ++i) {
    uint32_t big = 0;
    if (!cursor.read(&big)) return corrupt(fmt::format("{}: truncated idx header", what));
    dims.push_back(__builtin_bswap32(big));
    if (mul_overflows(count, dims.back(), &count)) {
      return corrupt(fmt::format("{}: impossible idx sizes", what));
    }
  }
  Bytes data;
  if (count < 0 || static_cast<uint64_t>(count) != cursor.remaining() ||
      !cursor.take(static_cast<uint64_t>(count), &data)) {
    return corrupt(
        fmt::format("{}: idx header claims {} bytes, {} follow", what, count, cursor.remaining()));
  }
  Tensor t(DType::u8, dims);
  if (count > 0) std::memcpy(t.mutable_data(), data.data(), data.size());
  return t;
}

}  // namespace

// One layer of gzip and no more: there are files that unpack to themselves.
Result<Tensor> parse_idx(Bytes bytes, const std::string& what) {
  if (!is_gzip(bytes)) return parse_plain(bytes, what);
  HONE_ASSIGN(std::vector<std::byte> plain, gunzip(bytes, what));
  return parse_plain(plain, what);
}

Result<Tensor> read_idx(const std::string& path) {
  HONE_ASSIGN(MappedFile file, map_file(path));
  return parse_idx(file.bytes, path);
}

}  // namespace hone::tasks
