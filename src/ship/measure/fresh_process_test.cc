#include "ship/measure/fresh_process.h"

#include <gtest/gtest.h>

#include <cstring>

#include "device/platform/target_detect.h"
#include "host/engine/compile.h"
#include "host/graph/text.h"
#include "host/model/files.h"

namespace hone::ship {
namespace {

std::string engine_file() {
  auto graph = graph::parse_text(R"(graph "net" opset {"" 17}
in %x f32[batch,1048576]
%y f32[batch,1048576] = Sin(%x) "sin"
out %y as "y"
)");
  engine::CompileOptions o;
  o.target = platform::detect_target();
  auto built = engine::compile(std::move(*graph), o);
  const std::string path = ::testing::TempDir() + "fresh.engine";
  EXPECT_TRUE(write_file(path, built->bytes).ok());
  return path;
}

// What the engine needs for four million floats in and out, 32 MB, is in it; 200 MB that the parent
// gathers after the start are not, as they are for a child of later.
TEST(FreshProcess, PeakIsThatOfLoadingAndRunning) {
  const std::string path = engine_file();
  auto early = FreshProcess::start();
  ASSERT_TRUE(early.ok()) << early.status().text();
  std::vector<char> much(200 << 20, 1);
  auto late = FreshProcess::start();
  auto peak = early->peak_of(path, 1, {{4, 1048576}}),
       more = late->peak_of(path, 1, {{4, 1048576}});
  ASSERT_TRUE(peak.ok()) << peak.status().text();
  ASSERT_TRUE(more.ok()) << more.status().text();
  EXPECT_GT(*peak, 32 << 20);
  EXPECT_GT(*more - *peak, 150 << 20);
  EXPECT_EQ(much[100 << 20], 1);
}

TEST(FreshProcess, SaysWhyThereIsNoFigure) {
  auto p = FreshProcess::start();
  auto peak = p->peak_of("/no/such.engine", 1, {});
  EXPECT_EQ(peak.code(), Code::io_error);
  EXPECT_NE(peak.status().text().find("/no/such.engine"), std::string::npos);
}

TEST(FreshProcess, EndsWithoutAnOrder) { EXPECT_TRUE(FreshProcess::start().ok()); }

}  // namespace
}  // namespace hone::ship
