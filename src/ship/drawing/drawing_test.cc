#include "ship/drawing/drawing.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "host/graph/text.h"
#include "ship/drawing/details.h"
#include "ship/drawing/scene.h"
#include "ship/drawing/texts.h"

namespace hone::ship::drawing {
namespace {

using graph::Graph;
using nlohmann::json;

Graph parsed(const std::string& text) {
  auto g = graph::parse_text(text);
  EXPECT_TRUE(g.ok()) << g.status().text();
  return g.ok() ? std::move(*g) : Graph();
}

const char* const loop = R"(graph "g" opset {"" 17}
in %x f32[n,4]
in %c bool[]
const %w f32[4] = [1, 2, 3, 4]
%s f32[n,4] = Add(%x, %w) "sum"
%y f32[n,4] = If(%c) "choose"
  then_branch: {
    %a f32[n,4] = Relu(%s) "keep"
    out %a
  }
  else_branch: {
    %b f32[n,4] = Neg(%s) "turn"
    out %b
  }
out %y as "result"
)";

TEST(DrawingTexts, NamesAreShortenedInTheirMiddle) {
  EXPECT_EQ(shortened("short", 10), "short");
  EXPECT_EQ(shortened("0123456789ABCDEF", 9), "0123…CDEF");
  EXPECT_EQ(shortened("äöüäöüäöü", 5), "äö…öü") << "characters, not bytes";
  EXPECT_EQ(shortened("a\x01z", 5), "a\xEF\xBF\xBDz");
}

TEST(DrawingTexts, ShapesAndValues) {
  EXPECT_EQ(shape_text(Dims{}), "scalar");
  EXPECT_EQ(shape_text(Dims{1, 3, 8}), "1×3×8");
  EXPECT_EQ(shape_text(graph::Fact()), "") << "rank not known";
  EXPECT_EQ(first_values(Tensor::of<int64_t>({3}, {1, -2, 3}), 2), "1, -2, …");
  EXPECT_EQ(first_values(Tensor::of<float>({2}, {0.5f, 1e20f}), 8), "0.5, 1e+20");
  EXPECT_EQ(first_values(Tensor::strings({1}, {"a\"b"}), 8), "\"a\"b\"");
  EXPECT_EQ(first_values(Tensor(DType::f32, {0}), 8), "");
}

TEST(DrawingScene, ASheetForEachBlock) {
  const Graph g = parsed(loop);
  const std::vector<Sheet> sheets = sheets_of(g);
  ASSERT_EQ(sheets.size(), 3u);
  std::vector<std::string> titles;
  for (const Box& b : sheets[0].boxes) titles.push_back(b.title);
  EXPECT_EQ(titles, (std::vector<std::string>{"x", "c", "Add", "If", "result"}));
  EXPECT_EQ(sheets[0].boxes[2].lines, std::vector<std::string>{"B = 1, 2, 3, 4"});
  EXPECT_EQ(sheets[0].boxes[2].label, "n×4");
  EXPECT_EQ(sheets[0].boxes[3].opens, g.node(sheets[0].boxes[3].node).blocks);
  // What a branch reads from around it leads to the If, and stands above the branch.
  EXPECT_GT(sheets[0].layout.layer[3], sheets[0].layout.layer[2]);
  EXPECT_EQ(sheets[1].boxes[0].kind, Box::Kind::outer);
  EXPECT_EQ(sheets[1].boxes[0].title, "s");
  EXPECT_EQ(sheets[1].title, "then_branch of If choose");
}

TEST(DrawingDetails, NothingInItEndsTheElement) {
  const std::string text = script_text({"</script><!--", "a&b", "\x01"});
  EXPECT_EQ(text.find_first_of("<>&"), std::string::npos);
  EXPECT_EQ(json::parse(text), (json{"</script><!--", "a&b", "\x01"}));
}

TEST(DrawingPage, IsTheSameEveryTimeAndSaysWhatWasFound) {
  const Graph g = parsed(loop);
  json described;  // an older program's, say: nothing in it is needed
  described["findings"] = {
      {{"name", "odd"}, {"text", "<odd>"}, {"fix", "mend"}, {"nodes", {"sum", "w", "nobody"}}}};
  const auto page = page_of(g, described, "<m>.onnx");
  ASSERT_TRUE(page.ok()) << page.status().text();
  EXPECT_EQ(*page, *page_of(g, described, "<m>.onnx"));
  EXPECT_NE(page->find("&lt;odd&gt;"), std::string::npos);
  EXPECT_NE(page->find("<title>&lt;m&gt;.onnx</title>"), std::string::npos);
  EXPECT_NE(page->find("data-go=\"n0\""), std::string::npos);
  EXPECT_EQ(page->find("nobody"), std::string::npos);
}

}  // namespace
}  // namespace hone::ship::drawing
