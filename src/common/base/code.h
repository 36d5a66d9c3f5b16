// Error codes shared by host and device, and the exit status each one means on the command line.
#pragma once

#include <cstdint>

namespace hone {

// The numbers are part of the C ABI (hone.h): append only.
enum class Code : int32_t {
  ok = 0,
  invalid_argument = 1,  // the caller or the command line asked for something that makes no sense
  not_found = 2,         // a file, a name or an index that does not exist
  corrupt = 3,           // bytes that do not have the structure they claim
  unsupported = 4,       // well formed, but more than this version can do
  version_mismatch = 5,  // written by a newer Hone
  isa_missing = 6,       // needs an instruction set this machine lacks
  shape_mismatch = 7,    // a tensor of another rank, size or type than the model takes
  out_of_memory = 8,     // the caller's allocator or the system said no
  io_error = 9,          // disk full, permission denied, device error
  wrong_state = 10,      // calls in the wrong order
  differs = 11,          // a comparison said no
  internal = 12,         // a bug in Hone
};

// Fault of the environment (exit 4) or of the use or the input (exit 2).
constexpr bool is_environment(Code c) {
  return c == Code::isa_missing || c == Code::out_of_memory || c == Code::io_error;
}

constexpr const char* name(Code c) {
  switch (c) {
    case Code::ok: return "ok";
    case Code::invalid_argument: return "invalid argument";
    case Code::not_found: return "not found";
    case Code::corrupt: return "corrupt";
    case Code::unsupported: return "unsupported";
    case Code::version_mismatch: return "version mismatch";
    case Code::isa_missing: return "missing instruction set";
    case Code::shape_mismatch: return "shape mismatch";
    case Code::out_of_memory: return "out of memory";
    case Code::io_error: return "input/output error";
    case Code::wrong_state: return "wrong state";
    case Code::differs: return "differs";
    case Code::internal: return "internal error";
  }
  return "unknown";
}

}  // namespace hone
