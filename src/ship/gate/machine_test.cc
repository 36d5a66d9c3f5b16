#include "ship/gate/machine.h"

#include <gtest/gtest.h>

namespace hone::ship {
namespace {

const Machine pi{"Cortex-A76", "aarch64", "portable, neon, neon_dot", 4};

TEST(Machine, IsaNamesAreASet) {
  Machine same = pi;
  same.isa = "neon_dot neon portable";
  EXPECT_EQ(machine_difference(pi, same), "");
}

TEST(Machine, SaysWhatDiffers) {
  Machine other = pi;
  other.cpu = "Xeon";
  other.cores = 2;
  EXPECT_EQ(machine_difference(pi, other), "cpu 'Xeon', not 'Cortex-A76'; 2 cores, not 4");
  other = pi;
  other.arch = "x86_64";
  EXPECT_EQ(machine_difference(pi, other), "arch 'x86_64', not 'aarch64'");
  other = pi;
  other.isa = "portable neon";
  EXPECT_EQ(machine_difference(pi, other), "isa 'portable neon', not 'portable, neon, neon_dot'");
}

TEST(Machine, WhatIsNotToldIsNotTheSame) {
  EXPECT_EQ(machine_difference({}, {}),
            "cpu not told; arch not told; isa not told; 0 cores, not 0");
  Machine silent = pi;
  silent.cpu = "";
  EXPECT_EQ(machine_difference(pi, silent), "cpu not told");
}

}  // namespace
}  // namespace hone::ship
