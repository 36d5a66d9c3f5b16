#include "host/tasks/detection/yolo_labels.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace hone::tasks {
namespace {

namespace fs = std::filesystem;

Result<std::vector<Truth>> parse(std::string_view text) {
  return parse_yolo_labels(text, "f", 80, 200, 100);
}

TEST(YoloLabels, Reads) {
  const auto t = parse("45 0.5 0.5 0.25 0.5\r\n\n\t 0  .5 1e-1 1 0.2 \n7.0 0 1 0 0");
  ASSERT_TRUE(t.ok()) << t.status().text();
  ASSERT_EQ(t->size(), 3u);
  const Truth& first = (*t)[0];
  EXPECT_EQ(first.label, 45);
  EXPECT_EQ(first.x, 75);
  EXPECT_EQ(first.y, 25);
  EXPECT_EQ(first.width, 50);
  EXPECT_EQ(first.height, 50);
  EXPECT_FALSE(first.crowd);
  EXPECT_LT(first.area, 0);
  EXPECT_EQ((*t)[1].width, 200);
  EXPECT_EQ((*t)[2].label, 7);
  EXPECT_EQ(parse("")->size(), 0u);
}

TEST(YoloLabels, RefusesWithTheLine) {
  struct Case {
    const char *text, *why;
    Code code;
  };
  const Case cases[] = {
      {"1 .5 .5 .5", "f:1: 4 numbers, not 5", Code::corrupt},
      {"1 .5 .5 .5 .5\n1 .5 .5 .5 .5 .5", "f:2: 6 numbers, not 5", Code::corrupt},
      {"80 .5 .5 .5 .5", "f:1: the class is not a whole number below 80", Code::corrupt},
      {"-1 .5 .5 .5 .5", "f:1: the class", Code::corrupt},
      {"1.5 .5 .5 .5 .5", "f:1: the class", Code::corrupt},
      {"nan .5 .5 .5 .5", "f:1: the class", Code::corrupt},
      {"cat .5 .5 .5 .5", "f:1: the class", Code::corrupt},
      {"1 .5 .5 .5 1.01", "f:1: centre and size must be numbers in [0, 1]", Code::corrupt},
      {"1 -.1 .5 .5 .5", "f:1: centre", Code::corrupt},
      {"1 nan .5 .5 .5", "f:1: centre", Code::corrupt},
      {"1 .5,.5 .5 .5 .5", "f:1: centre", Code::corrupt},
      {"1 .1 .1 .2 .2 .3 .1", "f:1: a polygon", Code::unsupported},
  };
  for (const Case& c : cases) {
    const auto t = parse(c.text);
    ASSERT_FALSE(t.ok()) << c.text;
    EXPECT_EQ(t.code(), c.code) << c.text;
    EXPECT_EQ(t.status().text().rfind(c.why, 0), 0u) << t.status().text();
  }
}

class YoloFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(root_);
    fs::create_directories(root_ / "images");
    fs::create_directories(root_ / "labels");
  }
  void TearDown() override { fs::remove_all(root_); }
  void touch(const std::string& file) { std::ofstream(root_ / file) << "x"; }
  std::string path(const std::string& file) { return (root_ / file).string(); }

  fs::path root_ = fs::path(testing::TempDir()) / "yolo_folder";
};

TEST_F(YoloFolderTest, PairsByStem) {
  for (const char* f : {"images/b.JPG", "images/a.png", "images/c.jpeg", "images/notes.md",
                        "labels/a.txt", "labels/b.txt", "labels/z.txt", "labels/classes.json"}) {
    touch(f);
  }
  const auto found = open_yolo_folder(root_.string());
  ASSERT_TRUE(found.ok()) << found.status().text();
  ASSERT_EQ(found->pictures.size(), 3u);
  EXPECT_EQ(found->pictures[0].picture, path("images/a.png"));
  EXPECT_EQ(found->pictures[1].labels, path("labels/b.txt"));
  EXPECT_EQ(found->pictures[2].labels, "");
  EXPECT_EQ(found->orphans, std::vector<std::string>{path("labels/z.txt")});
}

TEST_F(YoloFolderTest, Refuses) {
  EXPECT_EQ(open_yolo_folder(root_.string()).code(), Code::not_found);  // no picture
  EXPECT_EQ(open_yolo_folder(path("nowhere")).code(), Code::not_found);
  touch("images/a.png");
  touch("images/a.jpg");
  const auto twice = open_yolo_folder(root_.string());
  EXPECT_EQ(twice.code(), Code::invalid_argument);
  EXPECT_NE(twice.status().text().find("a.jpg"), std::string::npos);
  EXPECT_EQ(read_yolo_labels(path("labels/a.txt"), 80, 10, 10).code(), Code::not_found);
}

}  // namespace
}  // namespace hone::tasks
