#include "host/tasks/data/table.h"

#include <gtest/gtest.h>

namespace hone::tasks {
namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows rows(const Result<Table>& t) {
  EXPECT_TRUE(t.ok()) << t.status().text();
  Rows out;
  if (!t.ok()) return out;
  for (int64_t r = -1; r < t->rows(); ++r) {
    out.emplace_back();
    for (size_t c = 0; c < t->columns(); ++c) out.back().emplace_back(t->cell(r, c));
  }
  return out;
}

TEST(Table, Csv) {
  EXPECT_EQ(rows(parse_csv("file,label\na.jpg,0\nb.jpg,1\n", "t")),
            (Rows{{"file", "label"}, {"a.jpg", "0"}, {"b.jpg", "1"}}));
  EXPECT_EQ(rows(parse_csv("a,b\r\n1,2\r\n\r\n3,", "t")),
            (Rows{{"a", "b"}, {"1", "2"}, {"3", ""}}));
  EXPECT_EQ(rows(parse_csv("\xEF\xBB\xBFx\n1", "t")), (Rows{{"x"}, {"1"}}));
}

TEST(Table, QuotesHoldSeparatorsLinesAndQuotes) {
  EXPECT_EQ(rows(parse_csv("a,b\n\"x,\"\"y\"\"\nz\",\"\"\n\"1\",2\n", "t")),
            (Rows{{"a", "b"}, {"x,\"y\"\nz", ""}, {"1", "2"}}));
  const auto t = parse_csv("a\n\"1\n2\"\n3\n", "t");
  ASSERT_TRUE(t.ok());
  EXPECT_EQ(t->line(0), 2);
  EXPECT_EQ(t->line(1), 4);
}

TEST(Table, TsvKnowsNoQuotes) {
  EXPECT_EQ(rows(parse_tsv("text\tlabel\n\"it 's , a\" \t1\n", "t")),
            (Rows{{"text", "label"}, {"\"it 's , a\" ", "1"}}));
  EXPECT_EQ(rows(parse_tsv("a\tb\n\t\n", "t")), (Rows{{"a", "b"}, {"", ""}}));
}

TEST(Table, OneLinePerFault) {
  const auto csv = [](std::string s) { return std::string(parse_csv(s, "t").status().text()); };
  EXPECT_EQ(csv(""), "t: empty, where a table has a header");
  EXPECT_EQ(csv("\n\n"), "t: empty, where a table has a header");
  EXPECT_EQ(csv("a,b\n1,2\n1\n"), "t: line 3: 1 fields, the header has 2");
  EXPECT_EQ(csv("a,b\n1,2,3\n"), "t: line 2: 3 fields, the header has 2");
  EXPECT_EQ(csv("a\n\"1\n2\n"), "t: line 2: a quote that is never closed");
  EXPECT_EQ(csv("a\n\"1\"2\n"), "t: line 2: text behind a closing quote");
  EXPECT_EQ(csv("a\n1\"\n"), "t: line 2: a quote inside a field that does not begin with one");
  EXPECT_EQ(csv(std::string("a\n1\0\n", 5)), "t: line 2: a NUL byte");
  EXPECT_EQ(csv("a\n\nb\xFF\n"), "t: line 3: not UTF-8");
  EXPECT_EQ(read_csv("/no/such.csv").code(), Code::not_found);
}

TEST(Table, ColumnsAndNumbers) {
  const auto t = parse_csv("file,label\na,3\nb,x\nc,99999999999999999999\nd,-1\ne,1 \n", "t");
  ASSERT_TRUE(t.ok());
  ASSERT_TRUE(t->column("label").ok());
  EXPECT_EQ(*t->column("label"), 1u);
  EXPECT_EQ(t->column("text").status().text(), "t: no column 'text'; there are 'file', 'label'");
  EXPECT_EQ(*t->integer(0, 1), 3);
  EXPECT_EQ(*t->integer(3, 1), -1);
  EXPECT_EQ(t->integer(1, 1).status().text(), "t: line 3: 'label' is 'x', no whole number");
  EXPECT_FALSE(t->integer(2, 1).ok());
  EXPECT_FALSE(t->integer(4, 1).ok());
}

}  // namespace
}  // namespace hone::tasks
