// Engines with right checksums and wrong contents: refused in words or run in bounds.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>

#include "device/runtime/testing/drive_engine.h"
#include "device/runtime/testing/zoo.h"

namespace hone::runtime {
namespace {

using testing::Driven;
using wire::testing::EngineSpec;
using wire::testing::FileBytes;
using wire::testing::sample_spec;

class HostileZoo : public ::testing::TestWithParam<std::pair<std::string, EngineSpec>> {};

TEST_P(HostileZoo, RunsAsItIs) {
  EXPECT_EQ(testing::drive(GetParam().second.build()), Driven::ran);
}

// The seed of the fuzzer is this engine. HONE_WRITE_CORPUS=1 writes it anew.
TEST_P(HostileZoo, IsTheCorpus) {
  const FileBytes file = GetParam().second.build();
  const std::string path =
      std::string(HONE_SOURCE_DIR) + "/fuzz/corpus/engine/" + GetParam().first + ".hone";
  if (std::getenv("HONE_WRITE_CORPUS") != nullptr) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()), std::streamsize(file.size()));
  }
  std::ifstream in(path, std::ios::binary);
  const std::string seed{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(seed.size(), file.size()) << path;
  EXPECT_TRUE(seed == std::string_view(reinterpret_cast<const char*>(file.data()), file.size()));
}

TEST_P(HostileZoo, MutationsNeverCrash) {
  const FileBytes good = GetParam().second.build();
  FileBytes copy(good.bytes());
  const size_t meta_end = sizeof(wire::Header) + copy.header().meta_bytes;
  uint64_t random = 0x9e3779b97f4a7c15u;
  const auto next = [&] {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    return random;
  };
  int counts[4] = {};
  for (int i = 0; i < 5000; ++i) {
    FileBytes file(good.bytes());
    for (uint64_t changes = 1 + next() % 3; changes > 0; --changes) {
      const size_t at = 64 + next() % (meta_end - 64);
      const uint64_t how = next() % 3;
      file[at] = how == 0   ? std::byte(next())
                 : how == 1 ? file[at] ^ (std::byte{1} << (next() % 8))
                            : std::byte(next() % 8);
    }
    file.seal();
    ++counts[static_cast<int>(testing::drive(file))];
  }
  // The loop is worth something only while all of these happen.
  EXPECT_GT(counts[static_cast<int>(Driven::refused)], 50);
  EXPECT_GT(counts[static_cast<int>(Driven::created)], 50);
  EXPECT_GT(counts[static_cast<int>(Driven::ran)], 50);
}

INSTANTIATE_TEST_SUITE_P(All, HostileZoo, ::testing::ValuesIn(testing::zoo()),
                         [](const auto& info) { return info.param.first; });

// A dimension, stride or offset of a value at a time, at the edges of what integers can say.
TEST(Hostile, ExtremeSizes) {
  const int64_t extremes[] = {
      -1, 0, 5, 1000, int64_t{1} << 31, int64_t{1} << 47, int64_t{1} << 62, INT64_MAX, INT64_MIN};
  const size_t values = sample_spec().values.size();
  for (int64_t extreme : extremes) {
    for (size_t v = 0; v < values; ++v) {
      for (int field = 0; field < 5; ++field) {
        EngineSpec spec = sample_spec();
        const int32_t dim = spec.size(extreme);
        wire::testing::ValueSpec& value = spec.values[v];
        std::vector<int32_t> strides(value.shape.size(), spec.size(1));
        if (field < 2 && value.shape.size() > static_cast<size_t>(field)) {
          value.shape[static_cast<size_t>(field)] = dim;
        }
        if (field == 2) value.offset = dim;
        if (field == 3 && !strides.empty()) strides[0] = dim, value.strides = strides;
        if (field == 4) value.shape.assign(8, dim);
        testing::drive(spec.build());
      }
    }
  }
}

TEST(Hostile, OperandsOutOfTheirMemory) {
  EngineSpec spec = sample_spec();
  spec.values[5].weight_bytes = 15;  // w: 4 floats
  const FileBytes file = spec.build();
  EXPECT_EQ(testing::drive(file), Driven::created);
}

}  // namespace
}  // namespace hone::runtime
