// Programs that only the system has: found or not, failing, talking too much, never ending.
#include "ship/measure/probes/command.h"

#include <gtest/gtest.h>

#include <chrono>

namespace hone::ship {
namespace {

TEST(RunCommand, GivesWhatWasWritten) {
  auto text = run_command({"printf", "a %s", "b c"});
  ASSERT_TRUE(text.ok()) << text.status().text();
  EXPECT_EQ(*text, "a b c");
}

TEST(RunCommand, SaysWhatWentWrong) {
  EXPECT_FALSE(run_command({}).ok());
  EXPECT_EQ(run_command({"no-such-program-of-anybodys"}).code(), Code::not_found);
  EXPECT_EQ(run_command({"false"}).code(), Code::io_error);
  EXPECT_EQ(run_command({"yes"}).code(), Code::io_error);  // more than 64 KiB
}

TEST(RunCommand, EndsWhatTakesTooLong) {
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(run_command({"sleep", "60"}, 0.05).code(), Code::io_error);
  // Its output is closed at once, and it stays.
  EXPECT_EQ(run_command({"sh", "-c", "exec >&-; exec sleep 60"}, 0.05).code(), Code::io_error);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

}  // namespace
}  // namespace hone::ship
