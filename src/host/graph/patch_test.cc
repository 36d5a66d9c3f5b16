#include "host/graph/patch.h"

#include <gtest/gtest.h>

#include "host/graph/random_graph.h"
#include "host/graph/text.h"

namespace hone::graph {
namespace {

Graph parse(const std::string& body) {
  auto g = parse_text("graph \"g\" opset {\"\" 17, \"ai.hone\" 1}\n" + body);
  EXPECT_TRUE(g.ok()) << g.status().text();
  return std::move(g).value();
}
std::string body(const Graph& g) {
  const std::string text = to_text(g);
  return text.substr(text.find('\n') + 1);
}

// Outputs look like the first input; attribute "fail" refuses.
Status infer(Graph& g, NodeId n) {
  const Node& node = g.node(n);
  if (node.attributes.has("fail")) return error(Code::shape_mismatch, "does not fit");
  Fact f = node.inputs.empty() ? Fact::of(DType::f32, {1}) : g.fact(node.inputs[0]);
  if (node.attributes.has("rank")) f.shape = SymShape(4, 1);
  for (ValueId v : node.outputs) g.set_fact(v, f);
  return {};
}

Node op(const char* name, std::vector<ValueId> inputs) {
  Node n;
  n.op = name;
  n.inputs = std::move(inputs);
  return n;
}

constexpr const char* chain = R"(in %x f32[s]
%a f32[s] = Conv(%x) "c"
%b f32[s] = Relu(%a) "r"
%d f32[s] = Neg(%b) "n"
out %b as "b"
out %d as "d"
)";

constexpr const char* loop = R"(in %x f32[s]
in %n i64[]
%y f32[s], %z f32[s] = Loop(%n, _, %x, %x) "l"
  body: {
    in %k i64[]
    in %go bool[]
    in %a f32[s]
    in %b f32[s]
    %c f32[s] = Add(%a, %b) "add"
    out %go
    out %c
    out %b
  }
out %y as "y"
out %z as "z"
)";

TEST(Patch, DropsAStateOfALoop) {
  Graph g = parse(loop);
  const BlockId body_block = 1;
  const ValueId x = g.find_value("x"), b = g.find_value("b");
  Patch p(g, g.value(g.find_value("y")).producer);
  p.replace(b, x);
  p.replace(g.find_value("z"), x);
  p.drop_state(body_block, 1);
  ASSERT_TRUE(p.apply(g, infer).ok());
  EXPECT_TRUE(verify(g).ok()) << verify(g).text();
  EXPECT_EQ(body(g), R"(in %x f32[s]
in %n i64[]
%y f32[s] = Loop(%n, _, %x) "l"
  body: {
    in %k i64[]
    in %go bool[]
    in %a f32[s]
    %c f32[s] = Add(%a, %x) "add"
    out %go
    out %c
  }
out %y as "y"
out %x as "z"
)");
  EXPECT_EQ(g.find_value("b"), none);
}

TEST(Patch, DropsNoStateThatIsRead) {
  for (const bool inside : {false, true}) {
    Graph g = parse(loop);
    const ValueId x = g.find_value("x");
    Patch p(g, 0);
    p.replace(g.find_value(inside ? "z" : "b"), x);
    p.drop_state(1, 1);
    EXPECT_FALSE(p.apply(g, infer).ok());
    EXPECT_EQ(body(g), loop);
    EXPECT_TRUE(verify(g).ok()) << verify(g).text();
  }
  Graph g = parse(loop);
  Patch p(g, 0);
  p.drop_state(1, 2);
  EXPECT_FALSE(p.apply(g, infer).ok());
}

TEST(Patch, FusesAndKeepsTheName) {
  Graph g = parse(chain);
  const NodeId conv = 0, relu = 1;
  Patch p(g, relu);
  Node fused = op("FusedConv", {g.find_value("x")});
  fused.domain = hone_domain;
  const ValueId y = p.add(fused, {conv, relu});
  p.replace(g.find_value("b"), y);
  p.remove(conv);
  p.remove(relu);
  ASSERT_TRUE(p.apply(g, infer).ok());
  EXPECT_TRUE(verify(g).ok()) << verify(g).text();
  EXPECT_EQ(body(g), R"(in %x f32[s]
%b f32[s] = ai.hone::FusedConv(%x) "c" from ["c", "r"]
%d f32[s] = Neg(%b) "n"
out %b as "b"
out %d as "d"
)");
  EXPECT_EQ(g.live_nodes(), 2);
  EXPECT_EQ(g.find_value("b"), y);
}

TEST(Patch, StandsBetweenAValueAndItsReaders) {
  Graph g = parse(chain);
  Patch p(g, 1);
  const ValueId w = p.constant(Tensor::scalar(1.0f), "x");
  const ValueId y = p.add(op("Reorder", {g.find_value("a"), w}), {0});
  p.replace(g.find_value("a"), y);
  p.set_layout(y, Layout::channels_last);
  p.set_attribute(1, "k", Attr(int64_t{1}));
  p.insert_at_end(0);
  p.add(op("Last", {g.find_value("d")}), {2});
  ASSERT_TRUE(p.apply(g, infer).ok());
  EXPECT_TRUE(verify(g).ok()) << verify(g).text();
  EXPECT_EQ(body(g), R"(in %x f32[s]
const %x_1 f32[] = [1.0]
%a f32[s] = Conv(%x) "c"
%c f32[s] @channels_last = Reorder(%a, %x_1) "c"
%b f32[s] = Relu(%c) {k=1} "r"
%d f32[s] = Neg(%b) "n"
%n f32[s] = Last(%d) "n"
out %b as "b"
out %d as "d"
)");
}

constexpr const char* branches = R"(in %x f32[2]
in %c bool[]
%u f32[2] = Abs(%x) "u"
%y f32[2] = If(%c) "if"
  then_branch: {
    %t f32[2] = Neg(%u) "t"
    %z f32[2] = If(%c) "inner"
      then_branch: {
        %i f32[2] = Neg(%t) "i"
        out %i
      }
    out %z
  }
  else_branch: {
    %e f32[2] = Exp(%u) "e"
    out %e
  }
%w f32[2] = Relu(%y) "w"
out %w as "w"
)";

TEST(Patch, InlinesABlock) {
  Graph g = parse(branches);
  const NodeId owner = g.value(g.find_value("y")).producer;
  Patch p(g, owner);
  p.inline_block(g.node(owner).blocks[0]);
  ASSERT_TRUE(p.apply(g, infer).ok());
  EXPECT_TRUE(verify(g).ok()) << verify(g).text();
  EXPECT_EQ(body(g), R"(in %x f32[2]
in %c bool[]
%u f32[2] = Abs(%x) "u"
%t f32[2] = Neg(%u) "t"
%z f32[2] = If(%c) "inner"
  then_branch: {
    %i f32[2] = Neg(%t) "i"
    out %i
  }
%w f32[2] = Relu(%z) "w"
out %w as "w"
)");
  EXPECT_EQ(g.find_value("e"), none);
}

// A patch that fails leaves the graph as it was, to the last list.
class Refused : public testing::Test {
 protected:
  void expect(const Patch& p, const std::string& text) {
    const Status s = p.apply(g, infer);
    EXPECT_EQ(s.text(), text);
    EXPECT_EQ(body(g), branches);
    EXPECT_TRUE(verify(g).ok()) << verify(g).text();
    EXPECT_EQ(g.value_count(), values);
    EXPECT_EQ(g.node_count(), nodes);
    for (ValueId v = 0; v < g.value_count(); ++v) EXPECT_EQ(g.find_value(g.value(v).name), v);
  }
  NodeId node(const char* value) const { return g.value(g.find_value(value)).producer; }
  ValueId value(const char* name) const { return g.find_value(name); }

  Graph g = parse(branches);
  const int32_t values = g.value_count(), nodes = g.node_count();
};

TEST_F(Refused, RemovedButRead) {
  Patch p(g, node("y"));
  p.remove(node("u"));
  expect(p, "patch: removes what defines value 'u', which node 't' (Neg) still reads");
  Patch q(g, node("w"));
  q.remove(node("w"));
  expect(q, "patch: value 'w' is removed but still an output");
}

TEST_F(Refused, FactsContradict) {
  Patch p(g, node("w"));
  Node n = op("Foo", {value("u")});
  n.attributes.set("rank", Attr(int64_t{1}));
  p.replace(value("y"), p.add(n, {node("y")}));
  p.remove(node("y"));
  p.set_why("If 'if'");
  expect(p, "patch If 'if': value 'y' was f32[2] and would be f32[1,1,1,1]");
}

TEST_F(Refused, InferenceFails) {
  Patch p(g, node("w"));
  Node n = op("Foo", {value("u")});
  n.attributes.set("fail", Attr(int64_t{1}));
  p.replace(value("y"), p.add(n, {node("y")}));
  p.set_layout(value("x"), Layout::channels_last);
  p.set_attribute(node("u"), "k", Attr(int64_t{1}));
  p.inline_block(g.node(node("y")).blocks[1]);
  expect(p, "patch: does not fit");
}

TEST_F(Refused, Order) {
  Patch p(g, node("w"));
  p.replace(value("u"), p.add(op("Foo", {value("y")}), {node("u")}));
  expect(p, "patch: node 't' (Neg) would read value 'u_1' where it is not defined");
  Patch q(g, node("w"));
  q.set_input(node("w"), 0, value("e"));
  expect(q, "patch: node 'w' (Relu) would read value 'e' where it is not defined");
}

TEST_F(Refused, AnotherGraph) {
  const Patch p(parse(chain), 0);
  Graph other = parse(branches);
  EXPECT_EQ(p.apply(g, infer).text(), "patch: made for another state of the graph");
}

// Random changes: applied, the graph verifies; refused, it prints as before.
TEST(PatchRandom, AllOrNothing) {
  int applied = 0, refused = 0;
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    Graph g = RandomGraph(seed).make();
    const std::vector<NodeId> nodes = g.all_nodes();
    if (nodes.empty()) continue;
    std::mt19937 rng(seed);
    const auto below = [&](size_t n) { return rng() % n; };
    const auto any_node = [&] { return nodes[below(nodes.size())]; };
    std::vector<ValueId> known(static_cast<size_t>(g.value_count()));
    for (size_t i = 0; i < known.size(); ++i) known[i] = static_cast<ValueId>(i);
    Patch p(g, any_node());
    for (size_t i = 0; i < 1 + below(5); ++i) {
      const ValueId v = known[below(known.size())], w = known[below(known.size())];
      const ValueId old = static_cast<ValueId>(below(static_cast<size_t>(g.value_count())));
      switch (below(7)) {
        case 0: known.push_back(p.add(op("New", {v, w}), {any_node()})); break;
        case 1: known.push_back(p.constant(Tensor::scalar(1.0f), "c")); break;
        case 2:
          if (v != old) p.replace(old, v);
          break;
        case 3: p.set_input(any_node(), below(3), v); break;
        case 4: p.remove(any_node()); break;
        case 5: p.insert_before(any_node()); break;
        case 6:
          if (g.block_count() > 1) {
            p.inline_block(
                static_cast<BlockId>(1 + below(static_cast<size_t>(g.block_count() - 1))));
          }
          break;
      }
    }
    const std::string before = to_text(g);
    const Status s = p.apply(g, infer);
    (s.ok() ? applied : refused)++;
    ASSERT_TRUE(verify_structure(g).ok()) << seed << ": " << verify_structure(g).text() << s.text();
    if (!s.ok()) {
      ASSERT_EQ(to_text(g), before) << seed << s.text();
    }
    const auto back = parse_text(to_text(g));
    ASSERT_TRUE(back.ok()) << seed << ": " << back.status().text() << "\n" << to_text(g);
  }
  EXPECT_GT(applied, 300);
  EXPECT_GT(refused, 300);
}

}  // namespace
}  // namespace hone::graph
