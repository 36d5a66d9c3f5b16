// Slips of preprocessing: contracts read off pictures, pictures remade, and a model that knows what
// it was made for.
#include "host/quant/slips.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <random>

#include "host/graph/text.h"
#include "host/ops/op_def.h"
#include "host/quant/slip_contracts.h"

namespace hone::quant {
namespace {

constexpr double image_mean[] = {0.485, 0.456, 0.406}, image_std[] = {0.229, 0.224, 0.225};
// Of the dark gray pictures below, as a training script would have measured them.
constexpr double gray_mean = 0.3333, gray_std = 0.2981;
constexpr int64_t side = 20;

// A pixel of 0..255 as each contract has it; written apart from the library's.
double scaled(Scaling s, double pixel, double mean, double std) {
  const double unit = pixel / 255;
  switch (s) {
    case Scaling::bytes: return pixel;
    case Scaling::unit: return unit;
    case Scaling::normalised: return (unit - mean) / std;
    case Scaling::signed_unit: return pixel / 127.5 - 1;
    case Scaling::centred_bytes: return pixel - 255 * mean;
    case Scaling::signed_bytes: return pixel - 128;
    case Scaling::no_mean: return unit / std;
    case Scaling::no_std: return unit - mean;
    case Scaling::twice: return ((unit - mean) / std - mean) / std;
    case Scaling::other: break;
  }
  return 3 * unit + 5;
}

// Dark pictures with black and white in them, of 1 or 3 channels at `axis`, under a contract.
Samples pictures(Scaling s, int64_t channels, int axis, bool inverted = false) {
  auto all = std::make_shared<std::vector<Tensor>>();
  std::mt19937 random(11);
  for (int k = 0; k < 32; ++k) {
    Dims dims = {1, side, side, side};
    dims[static_cast<size_t>(axis)] = channels;
    Tensor t(DType::f32, dims);
    for (int64_t i = 0; i < t.count(); ++i) {
      const int64_t c = axis == 1 ? i / (side * side) % channels : i % channels;
      const double u = static_cast<double>(random() % 256) / 255;
      const double pixel = inverted ? 255 - std::round(255 * u * u) : std::round(255 * u * u);
      const double mean = channels == 1 ? gray_mean : image_mean[c];
      const double std = channels == 1 ? gray_std : image_std[c];
      t.set(i, scaled(s, pixel, mean, std));
    }
    all->push_back(t);
  }
  auto get = [all](int64_t k) {
    return Result<std::vector<Tensor>>(std::vector<Tensor>{(*all)[static_cast<size_t>(k)]});
  };
  return {static_cast<int64_t>(all->size()), get};
}

Contract recognised(Scaling s, int64_t channels, int axis) {
  auto facts = channel_facts(pictures(s, channels, axis), {0, axis, "x"});
  EXPECT_TRUE(facts.ok());
  return recognise(*facts);
}

// --- contracts ---

TEST(SlipContracts, FactsAreOfEachChannel) {
  for (int axis : {1, 3}) {
    Tensor t(DType::f32, axis == 1 ? Dims{1, 3, 2, 2} : Dims{1, 2, 2, 3});
    for (int64_t i = 0; i < 12; ++i) {
      const int64_t c = axis == 1 ? i / 4 : i % 3, at = axis == 1 ? i % 4 : i / 3;
      t.set(i, static_cast<double>(10 * c + at * at));  // 0, 1, 4, 9 above 10 c
    }
    const Samples one{1, [&](int64_t) { return Result<std::vector<Tensor>>(std::vector{t}); }};
    auto facts = channel_facts(one, {0, axis, "x"});
    ASSERT_TRUE(facts.ok());
    ASSERT_EQ(facts->size(), 3u);
    for (size_t c = 0; c < 3; ++c) {
      const ChannelFacts& f = (*facts)[c];
      EXPECT_EQ(f.low, 10.0 * static_cast<double>(c));
      EXPECT_EQ(f.high, f.low + 9);
      EXPECT_NEAR(f.mean, f.low + 3.5, 1e-12);
      EXPECT_NEAR(f.std, 3.5, 1e-12);  // (49 + 25 + 1 + 121) / 16 = 3.5 squared
    }
  }
}

TEST(SlipContracts, AreReadOffThePictures) {
  for (int axis : {1, 3}) {
    for (Scaling s : {Scaling::bytes, Scaling::unit, Scaling::normalised, Scaling::signed_unit,
                      Scaling::centred_bytes, Scaling::signed_bytes, Scaling::no_mean,
                      Scaling::no_std, Scaling::twice, Scaling::other}) {
      EXPECT_EQ(recognised(s, 3, axis).scaling, s) << static_cast<int>(s);
      if (s == Scaling::centred_bytes) continue;  // gray ones are not told from other offsets
      EXPECT_EQ(recognised(s, 1, axis).scaling, s) << "gray " << static_cast<int>(s);
    }
  }
  const ChannelFacts flat{3, 3, 3, 0}, some{0, 255, 100, 50};
  EXPECT_TRUE(recognise({some, flat, some}).channels.empty());
  EXPECT_TRUE(recognise({}).channels.empty());
}

TEST(SlipContracts, PicturesAreRemadeAsAnotherContractHasThem) {
  for (int axis : {1, 3}) {
    for (int64_t channels : {1, 3}) {
      auto facts = channel_facts(pictures(Scaling::bytes, channels, axis), {0, axis, "x"});
      ASSERT_TRUE(facts.ok());
      const Contract given = recognise(*facts);
      const Tensor x = (*pictures(Scaling::bytes, channels, axis).get(0))[0];
      for (const Contract& c : alternatives(given, *facts)) {
        const Tensor got = remade(x, axis, given, c);
        const int64_t plane = axis == 1 ? side * side : 1;
        for (int64_t i = 0; i < x.count(); ++i) {
          const int64_t at = i / plane % channels;
          const bool swaps = c.exchanged && channels == 3;
          const int64_t source = swaps ? i + (2 - 2 * at) * plane : i;
          const double pixel = c.exchanged && channels == 1 ? 255 - x.at(i) : x.at(source);
          const double want =
              channels == 3
                  ? scaled(c.scaling, pixel, image_mean[at], image_std[at])
                  : scaled(c.scaling, pixel, (*facts)[0].mean / 255, (*facts)[0].std / 255);
          // Both ends are as they are in the data: 0 and 255.
          ASSERT_NEAR(got.at(i), want, 1e-6 * std::max(1.0, std::abs(want))) << range_text(c);
        }
      }
    }
  }
}

TEST(SlipContracts, AlternativesBeginWithWhatIsGiven) {
  for (int64_t channels : {1, 3}) {
    auto facts = channel_facts(pictures(Scaling::unit, channels, 1), {0, 1, "x"});
    const auto all = alternatives(recognise(*facts), *facts);
    // Six that are expected; of gray pictures not the one less ImageNet's mean. Twice: exchanged.
    ASSERT_EQ(all.size(), channels == 3 ? 12u : 10u);
    EXPECT_EQ(all[0].scaling, Scaling::unit);
    EXPECT_FALSE(all[0].exchanged);
    for (size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(all[i].exchanged, i >= all.size() / 2);
      for (size_t j = 0; j < i; ++j) {
        EXPECT_FALSE(all[i].scaling == all[j].scaling && all[i].exchanged == all[j].exchanged);
      }
    }
  }
}

TEST(SlipContracts, CausesAndRemediesAreNamed) {
  auto contract = [](Scaling s, size_t channels, bool exchanged = false) {
    return Contract{s, std::vector<Ends>(channels), exchanged};
  };
  const Contract normal = contract(Scaling::normalised, 3);
  auto cause = [&](Scaling given) { return cause_of_slip(contract(given, 3), normal); };
  EXPECT_EQ(cause(Scaling::unit), "mean and std missing");
  EXPECT_EQ(cause(Scaling::no_mean), "mean missing");
  EXPECT_EQ(cause(Scaling::no_std), "std missing");
  EXPECT_EQ(cause(Scaling::twice), "normalised twice");
  EXPECT_EQ(cause(Scaling::bytes), "0..255 for normalised");
  const Contract unit = contract(Scaling::unit, 3), bytes = contract(Scaling::bytes, 3);
  EXPECT_EQ(cause_of_slip(unit, bytes), "0..1 for 0..255");
  EXPECT_EQ(remedy_of_slip(unit, bytes), "give pixels as they are, 0 to 255");
  const Contract swapped = contract(Scaling::bytes, 3, true);
  EXPECT_EQ(cause_of_slip(bytes, swapped), "channels swapped");
  EXPECT_EQ(remedy_of_slip(bytes, swapped), "exchange red and blue (BGR for RGB)");
  EXPECT_EQ(cause_of_slip(unit, swapped), "0..1 for 0..255, channels swapped");
  EXPECT_EQ(remedy_of_slip(unit, swapped),
            "give pixels as they are, 0 to 255; exchange red and blue (BGR for RGB)");
  EXPECT_EQ(cause_of_slip(contract(Scaling::unit, 1), contract(Scaling::unit, 1, true)),
            "black and white exchanged");
}

// --- a model ---

std::string numbers(const std::vector<double>& v) {
  std::vector<std::string> text;
  for (double x : v) text.push_back(fmt::format("{:.6f}", x));
  return fmt::format("[{}]", fmt::join(text, ", "));
}

std::vector<double> noise(size_t n, double size, std::mt19937& random) {
  std::normal_distribution<double> normal(0, size);
  std::vector<double> v(n);
  for (double& x : v) x = normal(random);
  return v;
}

// Two convolutions and a classifier for gray pictures of 0..255 whose pixels are a third of white
// on average: the first one's biases take that away.
graph::Graph made_for_bytes() {
  std::mt19937 random(3);
  std::vector<double> w = noise(72, 0.02, random), b(8);
  for (double& x : w) x += 0.03;
  for (size_t i = 0; i < 72; ++i) b[i / 9] -= w[i] * 255 * gray_mean;
  const std::string text = fmt::format(
      R"(graph "g" opset {{"" 17}}
in %x f32[1,1,{},{}]
const %w1 f32[8,1,3,3] = {}
const %b1 f32[8] = {}
const %w2 f32[8,8,3,3] = {}
const %w3 f32[8,4] = {}
%c1 = Conv(%x, %w1, %b1)
%r1 = Relu(%c1)
%c2 = Conv(%r1, %w2)
%r2 = Relu(%c2)
%m = GlobalAveragePool(%r2)
%f = Flatten(%m)
%y = MatMul(%f, %w3)
out %y as "y"
)",
      side, side, numbers(w), numbers(b), numbers(noise(576, 0.1, random)),
      numbers(noise(32, 3, random)));
  auto parsed = graph::parse_text(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status().text();
  graph::Graph g = std::move(*parsed);
  const Status inferred = ops::infer_graph(g);
  EXPECT_TRUE(inferred.ok()) << inferred.text();
  return g;
}

TEST(Slips, RightPicturesAreNotComplainedAbout) {
  auto slips = find_slips(made_for_bytes(), pictures(Scaling::bytes, 1, 1), 1);
  ASSERT_TRUE(slips.ok()) << slips.status().text();
  EXPECT_TRUE(slips->empty()) << slips->at(0).text;
}

TEST(Slips, OtherPicturesAreNamedWithTheInputAndTheRemedy) {
  struct Planted {
    Scaling scaling;
    const char* cause;
  };
  for (const Planted& p : {Planted{Scaling::unit, "0..1 for 0..255"},
                           {Scaling::signed_unit, "-1..1 for 0..255"},
                           {Scaling::normalised, "normalised for 0..255"}}) {
    auto slips = find_slips(made_for_bytes(), pictures(p.scaling, 1, 1), 1);
    ASSERT_TRUE(slips.ok()) << slips.status().text();
    ASSERT_FALSE(slips->empty()) << p.cause;
    EXPECT_EQ(slips->at(0).cause, p.cause);
    EXPECT_EQ(slips->at(0).input, "x");
    EXPECT_NE(slips->at(0).text.find("give pixels as they are, 0 to 255"), std::string::npos);
    EXPECT_LE(slips->size(), 3u);
  }
}

TEST(Slips, ThreadsChangeNothing) {
  const Samples samples = pictures(Scaling::unit, 1, 1);
  auto one = find_slips(made_for_bytes(), samples, 1);
  auto three = find_slips(made_for_bytes(), samples, 3);
  ASSERT_TRUE(one.ok() && three.ok());
  ASSERT_EQ(one->size(), three->size());
  for (size_t i = 0; i < one->size(); ++i) EXPECT_EQ((*one)[i].text, (*three)[i].text);
}

TEST(Slips, OfFewSamplesAndOfWhatIsNoPictureNothingIsSaid) {
  Samples few = pictures(Scaling::unit, 1, 1);
  few.count = 3;
  auto slips = find_slips(made_for_bytes(), few, 1);
  ASSERT_TRUE(slips.ok());
  EXPECT_TRUE(slips->empty());
  // 15 rows are no picture; nor are 2 channels, nor integers.
  const graph::Graph g = made_for_bytes();
  auto found = [&](DType t, Dims dims) { return picture_input(g, {Tensor(t, dims)}).index == 0; };
  EXPECT_TRUE(found(DType::f32, {1, 1, 16, 16}));
  EXPECT_TRUE(found(DType::f32, {1, 16, 16, 3}));
  EXPECT_FALSE(found(DType::f32, {1, 1, 15, 16}));
  EXPECT_FALSE(found(DType::f32, {1, 2, 16, 16}));
  EXPECT_FALSE(found(DType::u8, {1, 1, 16, 16}));
  EXPECT_FALSE(found(DType::f32, {1, 256}));
}

}  // namespace
}  // namespace hone::quant
