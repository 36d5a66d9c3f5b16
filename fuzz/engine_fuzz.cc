// Any bytes as an engine, through load, create, bind and run: refused with one line, or run within
// its memory; and read as data. The header is repaired, so that what is tried is the metadata, not
// the checksum.
#include <cstdint>
#include <cstring>

#include "device/runtime/testing/drive_engine.h"
#include "host/engine/refit.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hone;
  wire::testing::FileBytes file(Bytes(reinterpret_cast<const std::byte*>(data), size));
  if (size >= sizeof(wire::Header)) {
    wire::Header& h = file.header();
    std::memcpy(h.magic, wire::magic, sizeof(wire::magic));
    h.version_major = wire::version_major;
    h.isa = mask(Isa::portable);
    h.file_bytes = size;
    h.meta_offset = sizeof(wire::Header);
    if (h.meta_bytes <= size - sizeof(wire::Header)) {
      const uint64_t end = sizeof(wire::Header) + h.meta_bytes;
      const uint64_t padded =
          (end + wire::section_align - 1) / wire::section_align * wire::section_align;
      if (padded <= size) {
        std::memset(file.data() + end, 0, padded - end);
        h.weights_offset = padded;
        h.weights_bytes = size - padded;
      }
    }
    file.seal();
  }
  runtime::testing::drive(file);
  // And through what inspect and refit read of it.
  if (const auto engine = wire::verify({file.bytes()}); engine.ok()) {
    (void)hone::engine::read_refit(*engine);
  }
  return 0;
}
