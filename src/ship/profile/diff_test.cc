#include "ship/profile/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ship/profile/testing/small_engine.h"

namespace hone::ship {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Layer layer(const std::string& nodes, const std::string& kernel, const std::string& family = "conv",
            const std::string& dtype = "f32") {
  Layer l;
  l.layer = nodes;
  l.nodes = nodes_of(nodes);
  l.kernel = kernel;
  l.family = family;
  l.dtype = dtype;
  l.work.flops = 100;
  return l;
}

std::vector<std::vector<std::string>> nodes_of_groups(const std::vector<LayerGroup>& groups) {
  std::vector<std::vector<std::string>> out;
  for (const LayerGroup& g : groups) out.push_back(g.nodes);
  return out;
}

TEST(MatchLayers, BySetsOfNodesThatShareNone) {
  const auto groups =
      match_layers({layer("a", "k"), layer("b + c", "k"), layer("d", "k"), layer("e", "k")},
                   {layer("a + b", "k"), layer("c", "k"), layer("e", "k"), layer("f", "k")});
  EXPECT_THAT(nodes_of_groups(groups), ElementsAre(ElementsAre("a", "b", "c"), ElementsAre("d"),
                                                   ElementsAre("e"), ElementsAre("f")));
  EXPECT_EQ(groups[0].a.size(), 2u);
  EXPECT_EQ(groups[0].b.size(), 2u);
  EXPECT_THAT(groups[1].b, IsEmpty());
  EXPECT_THAT(groups[3].a, IsEmpty());
}

// A chain of overlaps is one group, however late the step that closes it comes.
TEST(MatchLayers, JoinsGroupsThatALaterStepConnects) {
  const auto groups = match_layers({layer("a", "k"), layer("b", "k"), layer("c", "k")},
                                   {layer("a", "k"), layer("c", "k"), layer("a + b + c", "k")});
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].a.size() + groups[0].b.size(), 6u);
}

std::vector<std::string> between(std::vector<Layer> a, std::vector<Layer> b) {
  const auto groups = match_layers(a, b);
  EXPECT_EQ(groups.size(), 1u);
  return differences(groups[0]);
}

TEST(Differences, AreNamed) {
  EXPECT_THAT(between({layer("a", "k1")}, {layer("a", "k1")}), IsEmpty());
  EXPECT_THAT(between({layer("a", "k1")}, {layer("a", "k2")}), ElementsAre("tactic k1 -> k2"));
  EXPECT_THAT(between({layer("a", "conv_f32")}, {layer("a", "qconv", "qconv", "u8")}),
              ElementsAre("precision f32 -> u8", "tactic conv_f32 -> qconv"));
  EXPECT_THAT(between({layer("a", "k1"), layer("b", "k2")}, {layer("a + b", "k1")}),
              ElementsAre("fused differently: 2 steps -> 1 step", "x0.50 the operations"));
  EXPECT_THAT(between({layer("a", "k1")}, {layer("a", "copy_b32", "copy"), layer("a", "k1")}),
              ElementsAre("1 reorder added: copy_b32", "x2.00 the operations"));
  EXPECT_THAT(between({layer("a", "quant", "quantize"), layer("a", "k1")}, {layer("a", "k1")}),
              ElementsAre("1 conversion gone: quant", "x0.50 the operations"));
  EXPECT_THAT(between({layer("a", "k")}, {}), ElementsAre("1 step gone"));
  EXPECT_THAT(between({}, {layer("a", "copy_b32", "copy")}),
              ElementsAre("reorder or conversion added"));
}

// Nodes of one model alone (quantisations) do not make a step another one.
TEST(Differences, OfFusionAreThoseOfNodesThatBothHave) {
  EXPECT_THAT(between({layer("a + relu", "conv_f32")},
                      {layer("a + a_dequantize + relu + q", "qconv", "qconv", "u8")}),
              ElementsAre("precision f32 -> u8", "tactic conv_f32 -> qconv"));
}

TEST(Differences, AreFoundStepByStepWhereFusionIsTheSame) {
  EXPECT_THAT(between({layer("a", "k1"), layer("a", "k2"), layer("a + b", "k3")},
                      {layer("a", "k1"), layer("a", "k4"), layer("a + b", "k3")}),
              ElementsAre("tactic k2 -> k4"));
}

const std::string net = "in %x f32[1,32,32,32]\n" + constant("w", "f32", {32, 32, 3, 3}) +
                        "%c = Conv(%x, %w) {pads=[1, 1, 1, 1]} \"conv\"\n"
                        "%s = Softmax(%c) {axis=1} \"soft\"\nout %s as \"y\"";

DiffOptions quick() {
  DiffOptions o;
  o.seconds = 0.2;
  return o;
}

const GroupDiff* find(const EngineDiff& d, const std::string& node) {
  for (const GroupDiff& g : d.groups) {
    for (const std::string& n : g.group.nodes) {
      if (n == node) return &g;
    }
  }
  return nullptr;
}

TEST(DiffEngines, NamesTheTacticThatMadeALayerSlower) {
  engine::CompileOptions worse;
  worse.prefer_kernel = "conv_f32_portable";
  Session a = small_session(net), b = small_session(net, 1, worse);
  auto d = diff_engines(a, b, quick());
  ASSERT_TRUE(d.ok()) << d.status().text();
  EXPECT_GE(d->rounds, 6);
  const GroupDiff* conv = find(*d, "conv");
  ASSERT_NE(conv, nullptr);
  bool better_exists = std::string(conv->group.a.back().kernel) != "conv_f32_portable";
  if (!better_exists) GTEST_SKIP() << "skipped: this machine has but the portable kernel";
  EXPECT_EQ(&d->groups[0], conv);
  EXPECT_EQ(conv->verdict, "slower");
  EXPECT_GT(conv->b_us, 1.5 * conv->a_us);
  EXPECT_GT(conv->change_us.low, 0);
  EXPECT_THAT(conv->reasons, ::testing::Contains(HasSubstr("-> conv_f32_portable")));
  EXPECT_GT(d->ratio.low, 1);
  EXPECT_THAT(d->warnings, IsEmpty());
}

TEST(DiffEngines, JsonHasNoNumberWhereThereIsNone) {
  EngineDiff d;
  d.groups.push_back({});
  const auto j = to_json(d);
  EXPECT_TRUE(j["a"]["engine_hash"].is_null());
  EXPECT_TRUE(j["groups"][0]["a_us"].is_null());
}

}  // namespace
}  // namespace hone::ship
