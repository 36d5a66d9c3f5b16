// Any bytes as a timing cache: refused with one line, or a cache that is written and read the same.
#include <cstdint>
#include <cstdlib>

#include "host/plan/timing_cache.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using hone::plan::TimingCache;
  const auto cache = TimingCache::parse({reinterpret_cast<const char*>(data), size});
  if (!cache.ok()) {
    require(cache.code() == hone::Code::corrupt);
    require(cache.status().text().find('\n') == std::string::npos);
    return 0;
  }
  const auto again = TimingCache::parse(cache->to_json());
  require(again.ok() && again->size() == cache->size() && again->to_json() == cache->to_json());
  return 0;
}
