#include "device/platform/cpu.h"

#include <gtest/gtest.h>

#include "device/platform/float_mode.h"
#include "device/platform/mapped_file.h"
#include "device/platform/target_detect.h"

namespace hone::platform {
namespace {

constexpr IsaMask haswell = mask(Isa::portable) | mask(Isa::avx2);

TEST(Cpu, ThisOneRunsPortableCode) {
  EXPECT_TRUE(has(cpu_isa(), Isa::portable));
  EXPECT_EQ(cpu_isa(), cpu_isa());
  // A level includes those below it.
  EXPECT_TRUE(!has(cpu_isa(), Isa::avx512) || has(cpu_isa(), Isa::avx2));
  EXPECT_TRUE(!has(cpu_isa(), Isa::amx) || has(cpu_isa(), Isa::avx512_bf16));
}

TEST(Cpu, ForcedLevelsCutDown) {
  EXPECT_EQ(*restrict_isa(haswell, nullptr), haswell);
  EXPECT_EQ(*restrict_isa(haswell, ""), haswell);
  EXPECT_EQ(*restrict_isa(haswell, "avx2"), haswell);
  EXPECT_EQ(*restrict_isa(haswell, "portable"), mask(Isa::portable));
  const IsaMask alder_lake = haswell | mask(Isa::avx_vnni);
  EXPECT_EQ(*restrict_isa(alder_lake, "avx_vnni"), alder_lake);
  EXPECT_EQ(*restrict_isa(alder_lake, "avx2"), haswell);
  EXPECT_EQ(*restrict_isa(alder_lake | mask(Isa::avx512), "avx512"), haswell | mask(Isa::avx512));
}

TEST(Cpu, ForcedLevelsThatAreMissing) {
  const auto amx = restrict_isa(haswell, "amx");
  ASSERT_FALSE(amx.ok());
  EXPECT_EQ(amx.code(), Code::isa_missing);
  EXPECT_STREQ(amx.status().text().c_str(),
               "HONE_FORCE_ISA=amx: this CPU lacks it; it has portable, avx2");
  const auto typo = restrict_isa(haswell, "avx3");
  ASSERT_FALSE(typo.ok());
  EXPECT_EQ(typo.code(), Code::invalid_argument);
}

TEST(Target, DescribesThisMachine) {
  const Target t = detect_target();
  EXPECT_GE(t.cores, 1);
  EXPECT_GE(t.l1d_bytes, 4096);
  EXPECT_GE(t.l2_bytes, t.l1d_bytes);
  EXPECT_GT(t.memory_bytes, int64_t{1} << 20);
  EXPECT_TRUE(has(t.isa, Isa::portable));
}

TEST(FloatMode, IsTheCallersAgainAfterwards) {
  const FloatMode before = float_mode();
#if defined(__x86_64__)
  set_float_mode(before | 0x8040);  // flush to zero, denormals are zero
#endif
  const FloatMode odd = float_mode();
  {
    const DefaultFloatMode mode;
    EXPECT_EQ(float_mode(), default_float_mode);
  }
  EXPECT_EQ(float_mode(), odd);
  set_float_mode(before);
}

TEST(MappedFile, SaysWhyNot) {
  EXPECT_EQ(map_file("/no/such/file").code(), Code::not_found);
  const auto folder = map_file("/tmp");
  ASSERT_FALSE(folder.ok());
  EXPECT_STREQ(folder.status().text().c_str(), "cannot read '/tmp': it is a folder");
}

}  // namespace
}  // namespace hone::platform
