#include "testing/case_file.h"

#include <gtest/gtest.h>

namespace hone::passes {
namespace {

TEST(CaseFile, WritesWhatItReads) {
  std::string path = testing::TempDir() + "hone_case_file_test.txt";
  Case a, b;
  a.comment = "# why\n";
  a.title = "a, opset 9";
  a.before = "in %x f32[1]\nout %x as \"y\"\n";
  b.title = "b";
  b.before = b.after = a.before;
  b.changes = true;
  ASSERT_TRUE(write_cases(path, {a, b}).ok());
  auto back = read_cases(path);
  ASSERT_TRUE(back.ok()) << back.status().text();
  ASSERT_EQ(back->size(), 2u);
  EXPECT_EQ((*back)[0].title, a.title);
  EXPECT_EQ((*back)[0].opset, 9);
  EXPECT_EQ((*back)[0].comment, a.comment);
  EXPECT_FALSE((*back)[0].changes);
  EXPECT_EQ((*back)[1].opset, 17);
  EXPECT_EQ((*back)[1].after, b.after);
  EXPECT_TRUE((*back)[1].changes);
}

}  // namespace
}  // namespace hone::passes
