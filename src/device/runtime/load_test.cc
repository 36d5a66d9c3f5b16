// What loading refuses, with which status and in which words.
#include <gtest/gtest.h>

#include "device/runtime/testing/loaded.h"

namespace hone::runtime {
namespace {

using testing::Loaded;
using testing::wide_spec;
using wire::testing::EngineSpec;
using wire::testing::FileBytes;

// Loading that must fail: its status and words.
std::pair<hone_status, std::string> load(const EngineSpec& spec) {
  const FileBytes file = spec.build();
  Engine engine;
  Text why;
  const hone_status s = engine.load_memory(file.data(), file.size(), &why);
  return {s, why.c_str()};
}

TEST(RuntimeLoad, RefusesWhatThisMachineOrVersionLacks) {
  EngineSpec neon = wide_spec();
  neon.isa |= mask(Isa::neon_i8mm);
#if defined(__x86_64__)
  EXPECT_EQ(load(neon), std::pair(int32_t{HONE_ISA_MISSING},
                                  std::string("the engine needs neon_i8mm, which this machine "
                                              "lacks: build the engine for this machine")));
#endif
  EngineSpec unknown = wide_spec();
  unknown.steps[1].kernel = "warp_f99_quantum";
  EXPECT_EQ(load(unknown), std::pair(int32_t{HONE_UNSUPPORTED},
                                     std::string("step 1 (layer1) needs a kernel this version of "
                                                 "Hone lacks: warp_f99_quantum")));
  EngineSpec old = wide_spec();
  old.steps[0].version = 77;
  const auto [status, text] = load(old);
  EXPECT_EQ(status, HONE_VERSION_MISMATCH);
  EXPECT_NE(text.find("was built for version 77 of kernel unary_f32_portable"), std::string::npos);
}

TEST(RuntimeLoad, ChecksItsOptions) {
  Engine engine;
  Text why;
  EXPECT_EQ(engine.load_file("/no/such.hone", &why), HONE_NOT_FOUND);
  EXPECT_STREQ(why.c_str(), "cannot read '/no/such.hone': no such file");
  EXPECT_EQ(engine.load_memory("", 0, &why, HONE_LOAD_COPY), HONE_CORRUPT);
  EXPECT_EQ(engine.load_memory("", 0, &why, 1 << 20), HONE_INVALID_ARGUMENT);
  EXPECT_EQ(engine.load_memory("", 0, &why, 0, nullptr), HONE_INVALID_ARGUMENT);
  hone_engine* out = nullptr;
  EXPECT_EQ(hone_load_file("x", nullptr, &out), HONE_INVALID_ARGUMENT);

  struct {
    hone_load_options known;
    uint64_t later;
  } newer = {};
  newer.known.struct_size = sizeof(newer);
  newer.known.allocator = hone_default_allocator();
  EXPECT_EQ(hone_load_file("/no/such.hone", &newer.known, &out), HONE_NOT_FOUND);
  newer.later = 1;
  EXPECT_EQ(hone_load_file("/no/such.hone", &newer.known, &out), HONE_INVALID_ARGUMENT);
  newer.known.struct_size = 0;
  EXPECT_EQ(hone_load_file("/no/such.hone", &newer.known, &out), HONE_INVALID_ARGUMENT);
}

TEST(RuntimeLoad, DeclaresWhatIsToCome) {
  const Loaded l(wide_spec());
  Text why;
  auto b = sized<hone_buffer>();
  EXPECT_EQ(hone_engine_refit(l.engine.get(), "w", &b, why.data(), Text::size()), HONE_UNSUPPORTED);
  EXPECT_STRNE(why.c_str(), "");
  EXPECT_EQ(hone_api_version(), HONE_API_VERSION);
  EXPECT_STREQ(hone_status_name(HONE_OUT_OF_MEMORY), "out of memory");
  EXPECT_STREQ(hone_dtype_name(HONE_BF16), "bf16");
}

}  // namespace
}  // namespace hone::runtime
