#include "host/plan/profile_text.h"

#include <gtest/gtest.h>

namespace hone::plan {
namespace {

// "a 1:2:3 4:4:4; b ..." for each profile, one per line.
std::string read(const std::vector<std::string>& texts) {
  auto profiles = parse_profiles(texts, "--profile");
  if (!profiles.ok()) return profiles.status().text();
  std::string all;
  for (const ProfileSpec& profile : *profiles) {
    std::string line;
    for (const auto& [name, ranges] : profile) {
      line += (line.empty() ? "" : "; ") + name;
      for (const DimRange& r : ranges) {
        line +=
            " " + std::to_string(r.min) + ":" + std::to_string(r.opt) + ":" + std::to_string(r.max);
      }
    }
    all += line + "\n";
  }
  return all;
}

TEST(ProfileText, InputsOfOneProfileInOneTextOrInSeveral) {
  const std::string both = "a 1:2:4 3:3:3; b 5:5:5\n";
  EXPECT_EQ(read({"a=1x3:2x3:4x3,b=5"}), both);
  EXPECT_EQ(read({"a=1x3:2x3:4x3", "b=5"}), both);
  EXPECT_EQ(read({}), "");
}

TEST(ProfileText, AnInputNamedAgainBeginsTheNextProfile) {
  EXPECT_EQ(read({"a=1,b=5", "a=2", "b=6", "b=7"}),
            "a 1:1:1; b 5:5:5\na 2:2:2; b 6:6:6\nb 7:7:7\n");
}

TEST(ProfileText, CommasInsideShapesAndNamesAreNoInputs) {
  EXPECT_EQ(read({"a=1,3:2,3:4,3,b=5"}), "a 1:2:4 3:3:3; b 5:5:5\n");
  EXPECT_EQ(read({"x,y:0=1x3"}), "x,y:0 1:1:1 3:3:3\n");
}

TEST(ProfileText, SaysWhatIsNone) {
  EXPECT_EQ(read({"a=1,a=2"}), "--profile a=1,a=2: gives 'a' more than once");
  EXPECT_EQ(read({"a=1", "a"}),
            "--profile a: is not NAME=min:opt:max, as in "
            "x=1x3x224x224:1x3x224x224:4x3x224x224");
  EXPECT_EQ(read({"a=1x2:3"}).substr(0, 29), "--profile a=1x2:3: is not NAM");
  EXPECT_EQ(read({"a=1x2:1:2"}), "--profile a=1x2:1:2: min, opt and max have different ranks");
  EXPECT_EQ(read({"a=1xb"}), "--profile a=1xb: '1xb' is not a shape like 1x3x224x224");
}

}  // namespace
}  // namespace hone::plan
