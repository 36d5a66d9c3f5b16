// Any bytes as a sound: refused with one line, or decoded and made features of.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "device/preprocess/mfcc.h"
#include "host/tasks/sound_file.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hone;
  const auto s = tasks::decode_sound({reinterpret_cast<const std::byte*>(data), size}, "f");
  if (!s.ok()) {
    const std::string& why = s.status().text();
    require(!why.empty() && why.find('\n') == std::string::npos);
    require(s.code() == Code::corrupt || s.code() == Code::unsupported);
    return 0;
  }
  require(s->samples.size() <= size / 2);
  preprocess::MfccContract k;
  k.samples = 960;
  std::vector<uint8_t> scratch(static_cast<size_t>(preprocess::mfcc_scratch_bytes(k)));
  std::vector<uint8_t> out(static_cast<size_t>(k.tensor_bytes()));
  require(preprocess::mfcc(k, s->samples.data(), static_cast<int64_t>(s->samples.size()),
                           out.data(), {scratch.data(), static_cast<int64_t>(scratch.size())})
              .ok());
  return 0;
}
