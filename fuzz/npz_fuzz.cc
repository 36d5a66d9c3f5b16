// Any bytes as a .npz archive. Checksums of members would stop a fuzzer at the door, so a second
// run sees the same bytes with the checksums of stored members made right.
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "host/model/tensor_files.h"

namespace {

void read(const std::vector<std::byte>& bytes) {
  using namespace hone;
  const auto tensors = model::parse_npz(bytes, nullptr);
  const auto members = model::list_npz(bytes);
  if (tensors.ok() && (!members.ok() || members->size() != tensors->size())) std::abort();
  for (size_t i = 0; members.ok() && i < members->size(); ++i) {
    const auto& m = (*members)[i];
    if (m.offset > bytes.size() || m.packed > bytes.size() - m.offset) std::abort();
  }
  if (!tensors.ok()) {
    if (tensors.status().text().empty() || tensors.code() == Code::internal) std::abort();
    return;
  }
  for (const auto& [name, tensor] : *tensors) {
    if (!model::format_npy(tensor).ok()) std::abort();
  }
}

template <class T>
T get(const std::vector<std::byte>& bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

// Rewrites the checksum of each central entry whose member is stored where it says.
void repair(std::vector<std::byte>* bytes) {
  for (size_t at = 0; at + 46 <= bytes->size(); ++at) {
    if (get<uint32_t>(*bytes, at) != 0x02014b50) continue;
    const uint64_t size = get<uint32_t>(*bytes, at + 20);
    const uint64_t local = get<uint32_t>(*bytes, at + 42);
    if (local + 30 > bytes->size()) continue;
    const uint64_t data =
        local + 30 + get<uint16_t>(*bytes, local + 26) + get<uint16_t>(*bytes, local + 28);
    if (data > bytes->size() || size > bytes->size() - data) continue;
    const auto crc = static_cast<uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(bytes->data() + data), static_cast<uInt>(size)));
    std::memcpy(bytes->data() + at + 16, &crc, sizeof(crc));
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
