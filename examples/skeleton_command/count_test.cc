// How a command is tested in process: parse a command line, look at stdout and at the exit status.
// One that stands in commands.inc is tested as users run it, from Python (tests/ship).
#include <gtest/gtest.h>

#include "cli/command.h"

namespace hone::cli {
void add_count(CLI::App& app, Session& session);
namespace {

int run(std::vector<std::string> reversed_args, std::string* out) {
  Session session;
  CLI::App app("hone");
  add_count(app, session);
  app.parse(reversed_args);
  ::testing::internal::CaptureStdout();
  int status = session.finish(session.body());  // as main does
  *out = ::testing::internal::GetCapturedStdout();
  return status;
}

TEST(SkeletonCommand, CountsTheNodesOfTheExample) {
  std::string out;
  EXPECT_EQ(run({HONE_SOURCE_DIR "/examples/fashion/fashion.onnx", "count"}, &out), yes);
  EXPECT_NE(out.find("Conv"), std::string::npos) << out;
  EXPECT_NE(out.find("nodes"), std::string::npos) << out;
}

TEST(SkeletonCommand, AMissingFileIsAnErrorOfUse) {
  std::string out;
  EXPECT_EQ(run({"no such file.onnx", "count"}, &out), usage);
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace hone::cli
