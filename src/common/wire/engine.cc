#include "common/wire/engine.h"

#include <cstring>

#include "common/base/hash.h"
#include "common/wire/limits.h"
#include "common/wire/meta_check.h"
#include "engine_generated.h"

namespace hone::wire {
namespace {

using device::error;
using device::Status;

Status check_version(const Header& h) {
  if (h.version_major == 0) return error(Code::corrupt, "engine file of version 0");
  if (h.version_major <= version_major) return {};
  return error(Code::version_mismatch,
               FixedText("engine format ")
                   << static_cast<uint32_t>(h.version_major) << "."
                   << static_cast<uint32_t>(h.version_minor) << ", this Hone reads up to "
                   << static_cast<uint32_t>(version_major)
                   << ".x: update Hone or rebuild the engine with this one");
}

// What remains is compared by subtraction: no sum of two numbers of the file can wrap around.
Status check_sections(const Header& h, uint64_t size) {
  if (h.file_bytes > size) {
    return error(Code::corrupt, FixedText("truncated engine file: ")
                                    << size << " of " << h.file_bytes << " bytes");
  }
  if (h.file_bytes < size) {
    return error(Code::corrupt, FixedText("engine file with ")
                                    << size - h.file_bytes << " bytes behind its end");
  }
  const uint64_t after_header = size - sizeof(Header);
  if (h.meta_offset != sizeof(Header) || h.meta_bytes > after_header) {
    return error(Code::corrupt, "metadata outside the engine file");
  }
  if (h.meta_bytes > max_meta_bytes) {
    return error(Code::unsupported, FixedText("metadata of ")
                                        << h.meta_bytes << " bytes, at most " << max_meta_bytes);
  }
  const uint64_t meta_end = sizeof(Header) + h.meta_bytes;
  const uint64_t padding = (section_align - meta_end % section_align) % section_align;
  if (h.weights_offset < meta_end || h.weights_offset - meta_end != padding ||
      h.weights_offset > size || size - h.weights_offset != h.weights_bytes) {
    return error(Code::corrupt, "weights section misplaced in the engine file");
  }
  return {};
}

bool all_zero(Bytes bytes) {
  for (std::byte b : bytes) {
    if (b != std::byte{0}) return false;
  }
  return true;
}

// The FlatBuffers structure. An honest table takes 8 bytes at least (itself and a reference), so
// this many tables bound the work: references may share tables, and tables share vectors.
const EngineMeta* open_meta(Bytes bytes) {
  flatbuffers::Verifier::Options options;
  options.max_depth = 8;
  options.max_tables = static_cast<flatbuffers::uoffset_t>(bytes.size() / 8 + 16);
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  flatbuffers::Verifier verifier(data, bytes.size(), options);
  return VerifyEngineMetaBuffer(verifier) ? GetEngineMeta(data) : nullptr;
}

}  // namespace

device::Result<Engine> verify(RawEngine raw, bool checksum) {
  const Bytes bytes = raw.bytes;
  if (bytes.size() < sizeof(magic) || std::memcmp(bytes.data(), magic, sizeof(magic)) != 0) {
    return error(Code::corrupt, "not a Hone engine (its first bytes are something else's)");
  }
  if (bytes.size() < sizeof(Header)) {
    return error(Code::corrupt, "truncated engine file: its header is cut off");
  }
  if (reinterpret_cast<uintptr_t>(bytes.data()) % data_align != 0) {
    return error(Code::invalid_argument, "engine bytes must begin at a 64-byte boundary");
  }
  const auto* header = reinterpret_cast<const Header*>(bytes.data());
  HONE_RETURN_IF_ERROR(check_version(*header));
  HONE_RETURN_IF_ERROR(check_sections(*header, bytes.size()));
  if (checksum &&
      hash64_with_hole(bytes, checksum_offset, sizeof(header->checksum)) != header->checksum) {
    return error(Code::corrupt, "engine file damaged: its checksum does not match");
  }
  const Bytes meta_bytes = bytes.subspan(header->meta_offset, header->meta_bytes);
  const uint64_t meta_end = header->meta_offset + header->meta_bytes;
  if (!all_zero(bytes.subspan(meta_end, header->weights_offset - meta_end))) {
    return error(Code::corrupt, "padding of the engine file is not zero");
  }
  const EngineMeta* meta = open_meta(meta_bytes);
  if (meta == nullptr) return error(Code::corrupt, "metadata of the engine file is malformed");
  HONE_RETURN_IF_ERROR(check_meta(*meta, header->weights_bytes));

  Engine engine;
  engine.header_ = header;
  engine.meta_ = meta;
  engine.weights_ = bytes.subspan(header->weights_offset);
  return engine;
}

IsaMask missing_isa(const Engine& engine, IsaMask machine) {
  return engine.header().isa & ~machine;
}

}  // namespace hone::wire
