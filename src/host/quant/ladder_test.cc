// Each rung on a graph made to need it, and the ladder from end to end.
#include "host/quant/layer_notes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "host/graph/patch.h"
#include "host/ops/evaluate.h"
#include "host/plan/testing/planned.h"
#include "host/quant/bias_correction.h"
#include "host/quant/equalise.h"
#include "host/quant/snr.h"

namespace hone::quant {
namespace {

using graph::Graph;
using plan::testing::parsed;

std::string numbers(int seed, int n, double size) {
  std::mt19937 random(static_cast<unsigned>(seed));
  std::normal_distribution<double> normal(0, size);
  std::string text;
  for (int i = 0; i < n; ++i) text += (i > 0 ? ", " : "") + std::to_string(normal(random));
  return text;
}

// Two convolutions, a depthwise one between, pooled to ten classes. The first has no bias.
Graph network() {
  return parsed("in %x f32[n,3,8,8]\nconst %w1 f32[8,3,3,3] = [" + numbers(1, 216, 0.3) +
                "]\nconst %w2 f32[8,1,3,3] = [" + numbers(2, 72, 0.4) + "]\nconst %b2 f32[8] = [" +
                numbers(3, 8, 0.3) + "]\nconst %w3 f32[10,8] = [" + numbers(4, 80, 1) +
                "]\nconst %b3 f32[10] = [" + numbers(5, 10, 0.2) + R"(]
%a = Conv(%x, %w1) {pads=[1, 1, 1, 1]} "first"
%r = Relu(%a) "relu"
%d = Conv(%r, %w2, %b2) {group=8, pads=[1, 1, 1, 1]} "depthwise"
%s = Relu(%d) "relu2"
%p = GlobalAveragePool(%s) "pool"
%f = Flatten(%p) "flat"
%y = Gemm(%f, %w3, %b3) {transB=1} "classes"
out %y as "y"
)");
}

// Pictures of one colour with noise: channels have means, as real data's have.
Samples pictures(int64_t count) {
  Samples s;
  s.count = count;
  s.get = [](int64_t k) -> Result<std::vector<Tensor>> {
    std::mt19937 random(static_cast<unsigned>(k + 1));
    std::normal_distribution<float> normal;
    Tensor t(DType::f32, {1, 3, 8, 8});
    float colour[3] = {1 + normal(random), normal(random), normal(random)};
    for (size_t i = 0; i < 192; ++i)
      t.as_mutable<float>()[i] = colour[i / 64] + 0.5f * normal(random);
    return std::vector<Tensor>{t};
  };
  return s;
}

std::map<std::string, Noise> noise_of(const Graph& a, const Graph& b, std::vector<std::string> of) {
  auto n = measure_noise(a, b, of, pictures(20));
  EXPECT_TRUE(n.ok()) << n.status().text();
  return n.ok() ? *n : std::map<std::string, Noise>();
}

TEST(Equalise, EvensChannelsOutAndComputesTheSame) {
  Graph g = network();
  auto even = equalise(g);
  ASSERT_TRUE(even.ok()) << even.status().text();
  // first -> depthwise; behind the depthwise there is a pool.
  EXPECT_EQ(even->pairs, 1);
  EXPECT_GT(noise_of(g, even->graph, {"y"})["y"].snr_db(), 100);
  auto ranges = [](const Graph& of, const char* node) {
    std::vector<float> r(8, 0);
    for (graph::NodeId id : of.block().nodes) {
      const graph::Node& n = of.node(id);
      if (n.name != node) continue;
      const auto w = of.constant(n.input(1))->as<float>();
      for (size_t i = 0; i < w.size(); ++i) {
        r[i / (w.size() / 8)] = std::max(r[i / (w.size() / 8)], std::fabs(w[i]));
      }
    }
    return r;
  };
  // Afterwards both sides of each channel have the range sqrt(r1 r2).
  const auto first = ranges(even->graph, "first"), second = ranges(even->graph, "depthwise");
  const auto r1 = ranges(g, "first"), r2 = ranges(g, "depthwise");
  for (size_t c = 0; c < 8; ++c) {
    EXPECT_NEAR(first[c], std::sqrt(r1[c] * r2[c]), 1e-4);
    EXPECT_NEAR(second[c], first[c], 1e-4);
  }
}

TEST(Equalise, StopsAtWhatIsNotHomogeneousAndAtBranches) {
  const std::string weights = "const %w f32[2,2,1,1] = [1, 8, -2, 0.5]\n";
  auto pairs = [&](const std::string& body) { return equalise(parsed(body))->pairs; };
  const std::string head = "in %x f32[1,2,4,4]\n" + weights + "%a = Conv(%x, %w) \"a\"\n";
  EXPECT_EQ(pairs(head + "%y = Conv(%a, %w) \"b\"\nout %y as \"y\"\n"), 1);
  EXPECT_EQ(pairs(head + "%r = LeakyRelu(%a) \"r\"\n%y = Conv(%r, %w) \"b\"\nout %y as \"y\"\n"),
            1);
  EXPECT_EQ(pairs(head + "%r = Sigmoid(%a) \"r\"\n%y = Conv(%r, %w) \"b\"\nout %y as \"y\"\n"), 0);
  EXPECT_EQ(pairs("const %lo f32[] = [0]\nconst %hi f32[] = [6]\n" + head +
                  "%r = Clip(%a, %lo, %hi) \"r\"\n%y = Conv(%r, %w) \"b\"\nout %y as \"y\"\n"),
            0);
  EXPECT_EQ(pairs(head + "%c = Conv(%a, %w) \"b\"\n%y = Add(%c, %a) \"s\"\nout %y as \"y\"\n"), 0);
  EXPECT_EQ(pairs(head + "%y = Conv(%a, %w) \"b\"\nout %y as \"y\"\nout %a as \"a\"\n"), 0);
}

// Stands for quantisation: rounds the weights of all layers to multiples of 1/4, as a
// DequantizeLinear of integers, so that the shifts are large and known.
Result<Graph> coarse(const Graph& g) {
  Graph q = g;
  for (const DenseLayer& layer : dense_layers(g)) {
    const Tensor& w = *g.constant(layer.weights);
    Tensor integers(DType::i8, w.dims());
    for (int64_t i = 0; i < w.count(); ++i) integers.set(i, std::floor(w.at(i) * 4));
    graph::Patch patch(q, layer.node);
    graph::Node n;
    n.op = "DequantizeLinear";
    n.inputs = {patch.constant(integers, "integers"),
                patch.constant(Tensor::scalar<float>(0.25f), "scale")};
    patch.set_input(layer.node, 1, patch.add(std::move(n), {layer.node}));
    HONE_RETURN_IF_ERROR(patch.apply(q, ops::infer_node));
  }
  return q;
}

double shift_of(const Graph& a, const Graph& b, const char* name) {
  ObserveOptions o;
  o.means_only = true;
  Statistics seen[2];
  const Graph* graphs[2] = {&a, &b};
  for (int i = 0; i < 2; ++i) {
    const graph::ValueId v = graphs[i]->find_value(name);
    o.channels = {v};
    seen[i] = *observe(*graphs[i], std::vector{v}, pictures(60), o);
  }
  const TensorStats &s = seen[0].begin()->second, &t = seen[1].begin()->second;
  double sum = 0;
  for (size_t c = 0; c < s.channels.size(); ++c) {
    sum += std::fabs(s.channel_mean(c) - t.channel_mean(c));
  }
  return sum;
}

TEST(BiasCorrection, TakesBackTheShiftOfEachLayer) {
  const Graph g = network();
  const Graph q = *coarse(g);
  auto full = correct_biases_full(g, coarse, pictures(60), {.stages = 3, .threads = 2});
  ASSERT_TRUE(full.ok()) << full.status().text();
  EXPECT_EQ(full->layers, 3);  // the first has no bias: it gets one
  EXPECT_TRUE(full->left.empty());
  const Graph corrected = *coarse(full->graph);
  for (const char* name : {"a", "d", "y"}) {
    const double before = shift_of(g, q, name);
    EXPECT_GT(before, 0.1) << name;
    // A stage a layer: what is left is the rounding of means to float.
    EXPECT_LT(shift_of(g, corrected, name), 1e-4 * before) << name;
  }
  // Fast: a layer's own shift, its input's mean taken as constant over the plane; borders of zeros
  // are left, and so is what comes from above.
  ObserveOptions o;
  std::vector<graph::ValueId> inputs;
  for (const DenseLayer& l : dense_layers(g)) inputs.push_back(l.input), o.channels.insert(l.input);
  const Statistics seen = *observe(g, inputs, pictures(60), o);
  auto fast = correct_biases_fast(g, coarse, seen);
  ASSERT_TRUE(fast.ok()) << fast.status().text();
  EXPECT_EQ(fast->layers, 3);
  EXPECT_LT(shift_of(g, *coarse(fast->graph), "a"), 0.5 * shift_of(g, q, "a"));
}

// A layer left float has no shift of its own to take back: with all of them float, the model is
// the one that was given.
TEST(BiasCorrection, LayersLeftFloatComputeWithTheirOwnBiases) {
  const Graph g = network();
  auto corrected = correct_biases_full(g, coarse, pictures(60), {.stages = 3, .threads = 2});
  ASSERT_TRUE(corrected.ok()) << corrected.status().text();
  EXPECT_LT(noise_of(g, corrected->graph, {"y"})["y"].snr_db(), 30);
  Scheme scheme;
  scheme.leave_float = {"first", "depthwise", "classes"};
  auto all = insert_corrected(corrected->graph, g, scheme, {});
  ASSERT_TRUE(all.ok()) << all.status().text();
  EXPECT_GT(noise_of(g, all->graph, {"y"})["y"].snr_db(), 100);
  scheme.leave_float = {"first"};
  Ranges ranges;
  for (const graph::ValueId v : quantisation_points(g, scheme)) ranges[v] = {-8, 8};
  auto one = insert_corrected(corrected->graph, g, scheme, ranges);
  ASSERT_TRUE(one.ok()) << one.status().text();
  const auto first = noise_of(g, one->graph, {"a", "d"});
  EXPECT_GT(first.at("a").snr_db(), 100);
  EXPECT_LT(first.at("d").snr_db(), 40);
}

TEST(BiasCorrection, SaysWhatItLeaves) {
  const Graph g = parsed(
      "in %x f32[n,3]\nconst %w f32[3,2] = [0.1, 2, 3, 0.4, 5, 0.6]\n"
      "%y = MatMul(%x, %w) \"fc\"\nout %y as \"y\"\n");
  auto fast = correct_biases_fast(g, coarse, {});
  ASSERT_TRUE(fast.ok()) << fast.status().text();
  EXPECT_EQ(fast->layers, 0);
  EXPECT_EQ(fast->left, std::vector<std::string>{"'fc': MatMul takes no bias to correct"});
}

TEST(DenseLayers, ProductWithChannelMeansIsTheLayerOnConstantInput) {
  // A constant input is its own mean: away from borders the layer computes the product.
  const Graph g = parsed("in %x f32[1,4,3,3]\nconst %w f32[6,2,3,3] = [" + numbers(8, 108, 1) +
                         "]\n%y = Conv(%x, %w) {group=2} \"c\"\nout %y as \"y\"\n");
  const std::vector<double> means = {1, -2, 0.5, 3};
  Tensor x(DType::f32, {1, 4, 3, 3});
  for (int64_t i = 0; i < 36; ++i) x.set(i, means[static_cast<size_t>(i / 9)]);
  const auto want = ops::evaluate(g, {x});
  const DenseLayer layer = dense_layers(g).at(0);
  const auto got = times_channels(g, layer, *g.constant(layer.weights), means);
  for (size_t c = 0; c < 6; ++c) {
    EXPECT_NEAR(got[c], (*want)[0].at(static_cast<int64_t>(c)), 1e-5);
  }
}

// The float graph with noise of this size on its output: for judging.
Graph noisy(const Graph& g, double size) {
  Graph out = g;
  const graph::ValueId y = g.find_value("y");
  graph::Patch patch(out, g.value(y).producer);
  patch.insert_at_end(0);
  Tensor noise(DType::f32, {1, 10});
  std::mt19937 random(3);
  std::normal_distribution<double> normal(0, size);
  for (int64_t i = 0; i < 10; ++i) noise.set(i, normal(random));
  graph::Node n;
  n.op = "Add";
  n.inputs = {y, patch.constant(noise, "noise")};
  patch.replace(y, patch.add(std::move(n), {g.value(y).producer}));
  EXPECT_TRUE(patch.apply(out, ops::infer_node).ok());
  return out;
}

TEST(Judge, ExpectsWhatALargeSampleShows) {
  const Graph g = network();
  for (double size : {0.02, 0.2}) {
    const Graph q = noisy(g, size);
    auto judge = Judge::make(g, pictures(50), pictures(400), {}, 2);
    ASSERT_TRUE(judge.ok()) << judge.status().text();
    auto quality = judge->judge(q);
    ASSERT_TRUE(quality.ok());
    int flips = 0;
    const int n = 2000;
    for (int64_t k = 0; k < n; ++k) {
      auto in = pictures(n).get(k + 5000);
      auto a = ops::evaluate(g, *in), b = ops::evaluate(q, *in);
      const auto va = (*a)[0].as<float>(), vb = (*b)[0].as<float>();
      flips += std::max_element(va.begin(), va.end()) - va.begin() !=
               std::max_element(vb.begin(), vb.end()) - vb.begin();
    }
    const double share = static_cast<double>(flips) / n;
    // One draw of noise for all samples: its few components make the share, not thousands.
    EXPECT_LT(quality->expected_flips, 2.5 * share + 0.002);
    EXPECT_GT(quality->expected_flips, share / 2.5 - 0.002);
    EXPECT_EQ(quality->within, quality->expected_flips <= 0.015);
  }
  auto judge = Judge::make(g, pictures(50), pictures(50), {}, 2);
  EXPECT_TRUE(judge->judge(g)->within);
  EXPECT_FALSE(judge->judge(noisy(g, 5))->within);
}

int64_t first_class(const Tensor& t) {
  const auto v = t.as<float>();
  return std::max_element(v.begin(), v.end()) - v.begin();
}

// Labels that the float model gets right; what is lost is lost for certain.
class Right : public Scorer {
 public:
  Right(const Graph& g, const Samples& samples) : g_(g), samples_(samples) {}
  Status add(int64_t place, std::span<const Tensor> outputs) override {
    HONE_ASSIGN(const auto inputs, samples_.get(place));
    HONE_ASSIGN(const auto truth, ops::evaluate(g_, inputs));
    right_ += first_class(truth[0]) == first_class(outputs[0]) ? 1 : 0;
    ++count_;
    return {};
  }
  Drop drop_from(const Scorer& base) const override {
    const auto& b = static_cast<const Right&>(base);
    EXPECT_EQ(b.right_, b.count_) << "places are not those of the samples";
    EXPECT_EQ(b.count_, count_);
    const double lost = 100.0 * (b.right_ - right_) / count_;
    return {lost, lost};
  }

 private:
  const Graph& g_;
  const Samples& samples_;
  int right_ = 0, count_ = 0;
};

// Says this of every graph but the float one, whatever comes out of it.
class Planted : public Scorer {
 public:
  explicit Planted(Drop drop) : drop_(drop) {}
  Status add(int64_t, std::span<const Tensor>) override { return {}; }
  Drop drop_from(const Scorer&) const override { return drop_; }

 private:
  Drop drop_;
};

MakeScorer planted(Drop drop) {
  return [drop]() -> Result<std::unique_ptr<Scorer>> {
    return std::unique_ptr<Scorer>(std::make_unique<Planted>(drop));
  };
}

TEST(Judge, LabelsAreOfTheSamplesHeldOut) {
  const Graph g = network();
  const Samples all = pictures(60);
  const std::vector<int64_t> places = {41, 3, 17, 58, 0, 22, 9, 35, 50, 12};
  Limits limits;
  limits.places = places;
  limits.labels = [&]() -> Result<std::unique_ptr<Scorer>> {
    return std::unique_ptr<Scorer>(std::make_unique<Right>(g, all));
  };
  auto judge = Judge::make(g, subset(all, places), all, limits, 2);
  ASSERT_TRUE(judge.ok()) << judge.status().text();
  EXPECT_EQ(judge->judge(g)->drop->points, 0);
  EXPECT_GT(judge->judge(noisy(g, 5))->drop->points, 0);
}

TEST(Judge, LabelsRefuseWhatAgreementAccepts) {
  const Graph g = network(), q = noisy(g, 1e-3);
  Limits limits;
  limits.max_drop = 1;
  for (int64_t k = 0; k < 5; ++k) limits.places.push_back(k);
  const auto judged = [&](MakeScorer labels) {
    limits.labels = std::move(labels);
    return *Judge::make(g, pictures(5), pictures(5), limits, 1)->judge(q);
  };
  const Quality alone = judged({}), sure = judged(planted({3, 2})),
                chance = judged(planted({3, 0.2})), gained = judged(planted({-1, -2}));
  EXPECT_TRUE(alone.within);
  EXPECT_FALSE(alone.drop.has_value());
  EXPECT_FALSE(sure.within);
  EXPECT_GT(sure.loss, 0.03) << "behind what agreement alone refuses at this limit";
  EXPECT_TRUE(chance.within);
  EXPECT_NE(chance.text.find("labels: 3.00 points lost, which may be chance"), std::string::npos);
  EXPECT_TRUE(gained.within);
  EXPECT_EQ(gained.loss, alone.loss);
}

TEST(Judge, LabelsAcceptNothingThatAgreementRefuses) {
  const Graph g = network();
  Limits limits;
  for (int64_t k = 0; k < 5; ++k) limits.places.push_back(k);
  limits.labels = planted({-50, -60});
  EXPECT_FALSE(Judge::make(g, pictures(5), pictures(5), limits, 1)->judge(noisy(g, 5))->within);
}

TEST(Ladder, StopsAtTheFirstRungWithinTheLimit) {
  const Graph g = network();
  Options o;
  o.max_drop = 10;
  auto c = climb(g, pictures(60), o);
  ASSERT_TRUE(c.ok()) << c.status().text();
  EXPECT_TRUE(c->within);
  EXPECT_EQ(c->samples + c->held_out, 60);
  EXPECT_EQ(c->held_out, 12);
  // Three ranges and one correction: rung 1.
  EXPECT_EQ(c->rungs.size(), 4u);
  auto notes = layer_notes(*c, 1);
  ASSERT_TRUE(notes.ok()) << notes.status().text();
  EXPECT_EQ(notes->size(), 3u);
  EXPECT_GT(noise_of(g, c->made.graph, {"y"})["y"].snr_db(), 25);
}

TEST(Ladder, ClimbsToTheEndWhereNothingIsGoodEnoughAndSaysSo) {
  const Graph g = network();
  Options o;
  o.labels = planted({40, 30});
  auto c = climb(g, pictures(60), o);
  ASSERT_TRUE(c.ok()) << c.status().text();
  EXPECT_FALSE(c->within);
  std::string all;
  for (const Rung& r : c->rungs) all += r.name + "\n";
  for (const char* rung : {"range search: mse", "fast bias", "equalisation", "full bias",
                           "calibrator per tensor", "mixed precision"}) {
    EXPECT_NE(all.find(rung), std::string::npos) << rung;
  }
  ASSERT_FALSE(c->findings.empty());
  EXPECT_EQ(c->findings.back().rfind("no rung is within the limit", 0), 0u);
  EXPECT_EQ(std::count_if(c->rungs.begin(), c->rungs.end(), [](auto& r) { return r.kept; }), 1);
  o.preset = Preset::fast;
  auto fast = climb(g, pictures(60), o);
  EXPECT_EQ(fast->rungs.size(), 4u);
}

TEST(Ladder, ACandidateThatLabelsRefuseIsNotKept) {
  const Graph g = network();
  Options o;
  o.max_drop = 10;
  // The float model is the first to be asked, the first range search the second: agreement finds it
  // good enough, as it does the others.
  int asked = 0;
  o.labels = [&]() -> Result<std::unique_ptr<Scorer>> {
    const Drop drop = asked++ == 1 ? Drop{40, 30} : Drop{0, -1};
    return std::unique_ptr<Scorer>(std::make_unique<Planted>(drop));
  };
  auto c = climb(g, pictures(60), o);
  ASSERT_TRUE(c.ok()) << c.status().text();
  EXPECT_TRUE(c->within);
  EXPECT_EQ(c->rungs[0].result, "beyond");
  EXPECT_FALSE(c->rungs[0].kept);
  EXPECT_EQ(c->rungs[1].result, "within");
  EXPECT_NE(c->calibrator, "mse");
}

TEST(Ladder, IsTheSameForAnyOrderAndAnyNumberOfThreads) {
  const Graph g = network();
  Options o;
  o.threads = 1;
  auto one = climb(g, pictures(40), o);
  ASSERT_TRUE(one.ok());
  std::vector<int64_t> order;
  for (int64_t k = 40; k-- > 0;) order.push_back(k);
  o.threads = 3;
  auto two = climb(g, subset(pictures(40), order), o);
  ASSERT_TRUE(two.ok());
  ASSERT_EQ(one->rungs.size(), two->rungs.size());
  for (size_t i = 0; i < one->rungs.size(); ++i) {
    EXPECT_EQ(one->rungs[i].figure, two->rungs[i].figure);
  }
}

TEST(Causes, NameWhatWasPlanted) {
  const Graph g = network();
  const DenseLayer depthwise = dense_layers(g).at(1);
  const GridSpec u8;
  auto seen = [&](float outlier, float low, size_t far) {
    std::vector<float> v;
    std::mt19937 random(1);
    for (size_t i = 0; i < 8 * 400; ++i) {
      const float x = static_cast<float>(random() % 1000) / 1000;
      v.push_back(i / 400 == 3 ? x * outlier : low + (1 - low) * x);
    }
    for (size_t i = 0; i < far; ++i) v[i * 7] = 1.5f;
    Statistics s;
    s[depthwise.input].add(v, std::vector<int64_t>{1, 8, 400}, 1);
    return s;
  };
  auto cause = [&](const Statistics& s, const Range& r) {
    return cause_of(g, depthwise, s, {{depthwise.input, r}}, u8);
  };
  EXPECT_EQ(cause(seen(1, 0, 0), {0, 1}), "");
  EXPECT_EQ(cause(seen(40, 0, 0), {0, 40}), "outlier channel");
  EXPECT_EQ(cause(seen(1, 0, 0), {0, 0.9f}), "saturation");
  EXPECT_EQ(cause(seen(1, 0, 6), {0, 1}), "clip");
  EXPECT_EQ(cause(seen(6, -0.375f, 0), {-0.375f, 6.4f}), "hard-swish tail");
  Graph dead = g;
  const graph::ValueId w = depthwise.weights;
  Tensor t = *g.constant(w);
  for (size_t i = 0; i < 9; ++i) t.as_mutable<float>()[i] = 0;
  graph::Patch patch(dead, depthwise.node);
  patch.set_input(depthwise.node, 1, patch.constant(t, "dead"));
  ASSERT_TRUE(patch.apply(dead, ops::infer_node).ok());
  EXPECT_EQ(cause_of(dead, dense_layers(dead).at(1), {}, {}, u8), "dead channel");
}

}  // namespace
}  // namespace hone::quant
