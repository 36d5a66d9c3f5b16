#include "host/tasks/idx.h"

#include <gtest/gtest.h>

namespace hone::tasks {
namespace {

Result<Tensor> parse(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (int v : values) bytes.push_back(static_cast<std::byte>(v));
  return parse_idx(bytes, "f");
}

TEST(Idx, Reads) {
  auto t = parse({0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6});
  ASSERT_TRUE(t.ok()) << t.status().text();
  EXPECT_EQ(t->dims(), (Dims{2, 3}));
  EXPECT_EQ(t->at(5), 6);
}

TEST(Idx, OneLinePerFault) {
  EXPECT_EQ(parse({}).status().text(), "f: not an idx file");
  EXPECT_EQ(parse({1, 2, 3, 4}).status().text(), "f: not an idx file");
  EXPECT_EQ(parse({0, 0, 13, 1, 0, 0, 0, 0}).status().text(), "f: idx of other types than u8");
  EXPECT_EQ(parse({0, 0, 8, 2, 0, 0}).status().text(), "f: truncated idx header");
  EXPECT_EQ(parse({0, 0, 8, 1, 0, 0, 0, 9, 1}).status().text(),
            "f: idx header claims 9 bytes, 1 follow");
  EXPECT_EQ(parse({0x1f, 0x8b, 8, 0}).status().text(), "f: damaged or truncated gzip");
}

}  // namespace
}  // namespace hone::tasks
