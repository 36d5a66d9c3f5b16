// Any bytes as an idx file, and the same bytes behind a gzip header, whose checksum would stop a
// fuzzer at the door: packed anew, so that only what is inside is wild.
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "host/tasks/idx.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

std::vector<std::byte> gzip(const uint8_t* data, size_t size) {
  z_stream z{};
  require(deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::vector<std::byte> out(deflateBound(&z, size));
  z.next_in = const_cast<uint8_t*>(data);
  z.avail_in = static_cast<uInt>(size);
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  require(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

hone::Result<hone::Tensor> read(hone::Bytes bytes) {
  auto tensor = hone::tasks::parse_idx(bytes, "f");
  if (!tensor.ok()) {
    const std::string& why = tensor.status().text();
    require(!why.empty() && why.find('\n') == std::string::npos);
    require(tensor.code() == hone::Code::corrupt || tensor.code() == hone::Code::unsupported);
    return tensor;
  }
  require(tensor->dtype() == hone::DType::u8 && tensor->rank() >= 1 && tensor->rank() <= 8);
  return tensor;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const hone::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto plain = read(bytes);
  const auto packed = read(gzip(data, size));
  if (plain.ok() && (size < 2 || data[0] != 0x1f)) {
    require(packed.ok() && identical(*plain, *packed));
  }
  return 0;
}
