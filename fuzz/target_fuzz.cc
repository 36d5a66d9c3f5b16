// Any bytes as a target file: refused with one line, or a target that is written and read the same.
#include <cstdint>
#include <cstdlib>

#include "host/plan/target_file.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hone::plan;
  const auto target = parse_target({reinterpret_cast<const char*>(data), size});
  if (!target.ok()) {
    const std::string& text = target.status().text();
    require(!text.empty() && text.find('\n') == std::string::npos);
    return 0;
  }
  require(has(target->isa, hone::Isa::portable) && target->cores >= 1);
  const auto again = parse_target(to_toml(*target));
  require(again.ok() && to_toml(*again) == to_toml(*target));
  return 0;
}
