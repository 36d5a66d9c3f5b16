#include "host/plan/target_file.h"

#include <gtest/gtest.h>

namespace hone::plan {
namespace {

constexpr const char* board = R"(# a Raspberry Pi 4
schema = 1
cpu = "Cortex-A72"
arch = "aarch64"
os = "linux"
isa = ["portable", "neon"]
cores = 4
l1d_bytes = 32768
l2_bytes = 1048576
l3_bytes = 0
memory_bytes = 4294967296
)";

std::string with(const std::string& from, const std::string& to) {
  std::string text = board;
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string refusal(const std::string& text) {
  auto t = parse_target(text);
  return t.ok() ? "accepted" : t.status().text();
}

TEST(TargetFile, SaysEverythingOfATarget) {
  auto t = parse_target(board);
  ASSERT_TRUE(t.ok()) << t.status().text();
  EXPECT_STREQ(t->cpu, "Cortex-A72");
  EXPECT_STREQ(t->os, "linux");
  EXPECT_EQ(t->arch, Arch::aarch64);
  EXPECT_EQ(t->isa, mask(Isa::portable) | mask(Isa::neon));
  EXPECT_EQ(t->cores, 4);
  EXPECT_EQ(t->l2_bytes, 1 << 20);
  EXPECT_EQ(t->memory_bytes, int64_t{1} << 32);
  // Every field comes back: a target that was read and written reads the same.
  auto again = parse_target(to_toml(*t));
  ASSERT_TRUE(again.ok()) << again.status().text();
  EXPECT_EQ(to_toml(*again), to_toml(*t));
  Target odd = *t;
  std::snprintf(odd.cpu, sizeof(odd.cpu), "a \"b\" \\ c\xff");
  auto escaped = parse_target(to_toml(odd));
  ASSERT_TRUE(escaped.ok()) << escaped.status().text();
  EXPECT_STREQ(escaped->cpu, "a \"b\" \\ c?");
}

TEST(TargetFile, LevelsBelongToAnArchitecture) {
  EXPECT_TRUE(parse_target("schema = 1\ncpu = \"x\"\nisa = [\"avx2\", \"avx_vnni\"]\n").ok());
  for (Isa i : {Isa::neon, Isa::neon_dot, Isa::neon_i8mm}) {
    EXPECT_TRUE(belongs(i, Arch::aarch64) && !belongs(i, Arch::x86_64)) << name(i);
  }
  for (Isa i : {Isa::avx2, Isa::amx, Isa::avx_vnni}) {
    EXPECT_TRUE(belongs(i, Arch::x86_64) && !belongs(i, Arch::aarch64)) << name(i);
  }
  EXPECT_TRUE(belongs(Isa::portable, Arch::aarch64) && belongs(Isa::portable, Arch::x86_64));
}

TEST(TargetFile, WhatIsLeftOutHasItsDefault) {
  auto t = parse_target("schema = 1\ncpu = \"x\"\nisa = []\n");
  ASSERT_TRUE(t.ok()) << t.status().text();
  EXPECT_EQ(t->isa, mask(Isa::portable)) << "every machine runs portable kernels";
  EXPECT_EQ(t->cores, 1);
  EXPECT_EQ(t->arch, Arch::x86_64);
}

TEST(TargetFile, RefusalsNameLineAndKey) {
  EXPECT_EQ(refusal(with("cores", "coers")),
            "line 7: unknown key \"coers\"; did you mean 'cores'?");
  EXPECT_EQ(refusal(with("schema = 1", "schema = 2")), "schema 2 is not known (1 is)");
  EXPECT_EQ(refusal(with("schema = 1\n", "")), "the key 'schema' is missing");
  EXPECT_EQ(refusal(with("cpu = \"Cortex-A72\"\n", "")), "the key 'cpu' is missing");
  EXPECT_EQ(refusal(with("\"neon\"", "\"sve\"")).find("line 6: 'isa' holds what is no level"), 0u);
  EXPECT_EQ(refusal(with("\"neon\"", "\"avx2\"")), "line 6: aarch64 has no avx2");
  EXPECT_EQ(refusal(with("[\"portable\", \"neon\"]", "\"neon\"")),
            "line 6: 'isa' must be a list of level names");
  EXPECT_EQ(refusal(with("cores = 4", "cores = 0")), "line 7: 'cores' is 0, not within 1 to 65536");
  EXPECT_EQ(refusal(with("cores = 4", "cores = 4.0")), "line 7: 'cores' must be a whole number");
  EXPECT_EQ(refusal(with("32768", "-1")).find("line 8: 'l1d_bytes' is -1"), 0u);
  EXPECT_EQ(refusal(with("\"aarch64\"", "\"arm\"")).find("line 4: 'arch' must be"), 0u);
  EXPECT_EQ(refusal(with("Cortex-A72", std::string(64, 'x'))),
            "line 3: 'cpu' must be at most 63 bytes on one line");
  EXPECT_EQ(refusal(with("Cortex-A72", "a\\nb")).find("line 3: 'cpu'"), 0u);
  EXPECT_EQ(refusal(with("Cortex-A72\"", "Cortex-A72")).find("line 3: "), 0u);
  EXPECT_EQ(refusal("").find("the key 'schema'"), 0u);
  EXPECT_EQ(refusal(std::string("\n[\0\0s", 5)).find("line 2: "), 0u);
  EXPECT_EQ(refusal("\xff[[[").find("line 1: "), 0u);
}

}  // namespace
}  // namespace hone::plan
