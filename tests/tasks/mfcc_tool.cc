// mfcc() for tests in another language: a request on stdin, the tensor on stdout; exit 1 and the
// error's text on stderr where it is refused.
//   request: sample_rate samples window stride filters coefficients type zero_point (words),
//            low_hz high_hz scale (floats), then samples of 16 bits to the end of stdin
#include <cstdio>
#include <vector>

#include "device/preprocess/mfcc.h"

int main() {
  using namespace hone;
  int32_t words[8];
  float floats[3];
  if (std::fread(words, 4, 8, stdin) != 8 || std::fread(floats, 4, 3, stdin) != 3) return 2;
  preprocess::MfccContract k;
  k.sample_rate = words[0], k.samples = words[1], k.window = words[2], k.stride = words[3];
  k.filters = words[4], k.coefficients = words[5];
  k.type = static_cast<preprocess::PixelType>(words[6]);
  k.zero_point = words[7];
  k.low_hz = floats[0], k.high_hz = floats[1], k.scale = floats[2];
  std::vector<int16_t> samples;
  for (int16_t s = 0; std::fread(&s, 2, 1, stdin) == 1;) samples.push_back(s);
  std::vector<uint8_t> scratch(static_cast<size_t>(preprocess::mfcc_scratch_bytes(k)));
  std::vector<uint8_t> out(scratch.empty() ? 0 : static_cast<size_t>(k.tensor_bytes()));
  auto s = preprocess::mfcc(k, samples.data(), static_cast<int64_t>(samples.size()), out.data(),
                            {scratch.data(), static_cast<int64_t>(scratch.size())});
  if (!s.ok()) {
    std::fputs(s.text().c_str(), stderr);
    return 1;
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
  return 0;
}
