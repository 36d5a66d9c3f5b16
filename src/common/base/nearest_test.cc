#include "common/base/nearest.h"

#include <gtest/gtest.h>

namespace hone {
namespace {

TEST(Nearest, CountsSteps) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("threads", "threads"), 0u);
  EXPECT_EQ(edit_distance("thread", "threads"), 1u);
  EXPECT_EQ(edit_distance("thraeds", "threads"), 1u);  // neighbours exchanged
  EXPECT_EQ(edit_distance("ca", "abc"), 3u);           // but nothing between them
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Nearest, SuggestsWhatIsNearEnough) {
  EXPECT_EQ(nearest("f23", {"f32"}), "f32");
  EXPECT_EQ(nearest("insepct", {"run", "inspect", "parity"}), "inspect");
  EXPECT_EQ(nearest("frobnicate", {"run", "inspect"}), "");
  EXPECT_EQ(nearest("x", {}), "");
}

}  // namespace
}  // namespace hone
