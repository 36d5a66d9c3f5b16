#include "ship/report/html.h"

#include <gtest/gtest.h>

namespace hone::ship::report {
namespace {

const std::string lost = "\xEF\xBF\xBD";

TEST(Html, MarkupInTextStaysText) {
  EXPECT_EQ(escaped("<script>alert(\"1\" & '2')</script>").str(),
            "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;");
  EXPECT_EQ(element("td", {{"title", "\"><b>"}}, "a<b").str(),
            "<td title=\"&quot;&gt;&lt;b&gt;\">a&lt;b</td>");
}

TEST(Html, WhatXmlCannotHoldIsReplaced) {
  EXPECT_EQ(escaped(std::string("a\0b", 3)).str(), "a" + lost + "b");
  EXPECT_EQ(escaped("\x1B[31m\x7F").str(), lost + "[31m" + lost);
  EXPECT_EQ(escaped("tab\tline\n").str(), "tab\tline\n");
  EXPECT_EQ(escaped("\xC2\x85").str(), lost) << "C1 control";
  EXPECT_EQ(escaped("\xEF\xBF\xBF").str(), lost) << "U+FFFF";
}

TEST(Html, TextCannotReorderWhatStandsAroundIt) {
  EXPECT_EQ(escaped("a\xE2\x80\xAEgnp").str(), "a" + lost + "gnp") << "right-to-left override";
  EXPECT_EQ(escaped("\xE2\x81\xA7").str(), lost) << "isolate";
}

TEST(Html, BytesThatAreNotUtf8AreReplacedOneByOne) {
  EXPECT_EQ(escaped("a\xFFz").str(), "a" + lost + "z");
  EXPECT_EQ(escaped("\xC0\xAF").str(), lost + lost) << "overlong";
  EXPECT_EQ(escaped("\xED\xA0\x80").str(), lost + lost + lost) << "surrogate";
  EXPECT_EQ(escaped("\xF4\x90\x80\x80").str(), lost + lost + lost + lost) << "beyond Unicode";
  EXPECT_EQ(escaped("\xE2\x82").str(), lost + lost) << "cut off";
  EXPECT_EQ(escaped("\xE2\x82\xAC \xF0\x9F\x98\x80").str(), "\xE2\x82\xAC \xF0\x9F\x98\x80");
}

TEST(Html, VisibleTextKeepsMarkup) {
  EXPECT_EQ(visible("a<b>&\"'"), "a<b>&\"'");
  EXPECT_EQ(visible("a\x01\xFF\xE2\x80\xAEz"), "a" + lost + lost + lost + "z");
}

TEST(Html, EmptyElementsAreClosed) {
  EXPECT_EQ(element("meta", {{"charset", "utf-8"}}).str(), "<meta charset=\"utf-8\"/>");
  EXPECT_EQ(element("p", {}).str(), "<p></p>");
}

}  // namespace
}  // namespace hone::ship::report
