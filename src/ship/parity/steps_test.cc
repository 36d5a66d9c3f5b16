// Models on integers: every tie may fall to either side, and no fault passes for one.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "device/kernels/qbinary/qbinary.h"
#include "device/kernels/qconv/qconv.h"
#include "device/platform/target_detect.h"
#include "host/engine/compile.h"
#include "host/graph/text.h"
#include "host/ops/evaluate.h"
#include "host/ops/op_def.h"
#include "ship/measure/session.h"
#include "ship/parity/outputs.h"

namespace hone::ship {
namespace {

constexpr double tolerance = 1e-3;

std::string numbers(size_t n, int low, int high, std::mt19937& random) {
  std::vector<int> v(n);
  for (int& x : v) x = low + static_cast<int>(random() % static_cast<uint32_t>(high - low + 1));
  return fmt::format("[{}]", fmt::join(v, ", "));
}

// Two convolutions, a sum, a mean, a classifier whose result stays float. Scales are such that one
// sum in 16 of the first convolution is a tie, which f32 decides by its last bit.
graph::Graph network() {
  std::mt19937 random(5);
  const std::string text = fmt::format(
      R"(graph "g" opset {{"" 17}}
in %x f32[1,8,12,12]
const %xs f32[] = [0.1]
const %xz u8[] = [120]
const %w1 i8[8,8,3,3] = {}
const %w1s f32[] = [0.1]
const %wz i8[] = [0]
const %b1 i32[8] = {}
const %b1s f32[] = [0.01]
const %y1s f32[] = [0.16]
const %y1z u8[] = [30]
const %w2 i8[8,8,1,1] = {}
const %w2s f32[8] = [0.01, 0.02, 0.03, 0.01, 0.02, 0.03, 0.01, 0.02]
const %w2z i8[8] = [0, 0, 0, 0, 0, 0, 0, 0]
const %y2s f32[] = [0.2]
const %y2z u8[] = [128]
const %ss f32[] = [0.25]
const %sz u8[] = [90]
const %ms f32[] = [0.05]
const %mz u8[] = [100]
const %w3 i8[8,5] = {}
const %w3s f32[] = [0.02]
%xq = QuantizeLinear(%x, %xs, %xz)
%xd = DequantizeLinear(%xq, %xs, %xz)
%w1d = DequantizeLinear(%w1, %w1s, %wz)
%b1d = DequantizeLinear(%b1, %b1s)
%c1 = Conv(%xd, %w1d, %b1d) {{pads=[1, 1, 1, 1]}} "first"
%q1 = QuantizeLinear(%c1, %y1s, %y1z)
%d1 = DequantizeLinear(%q1, %y1s, %y1z)
%w2d = DequantizeLinear(%w2, %w2s, %w2z) {{axis=0}}
%c2 = Conv(%d1, %w2d) "second"
%q2 = QuantizeLinear(%c2, %y2s, %y2z)
%d2 = DequantizeLinear(%q2, %y2s, %y2z)
%s = Add(%d1, %d2) "sum"
%qs = QuantizeLinear(%s, %ss, %sz)
%ds = DequantizeLinear(%qs, %ss, %sz)
%m = GlobalAveragePool(%ds) "mean"
%qm = QuantizeLinear(%m, %ms, %mz)
%dm = DequantizeLinear(%qm, %ms, %mz)
%f = Flatten(%dm)
%w3d = DequantizeLinear(%w3, %w3s, %wz)
%y = MatMul(%f, %w3d) "classifier"
out %y as "y"
)",
      numbers(576, -3, 3, random), numbers(8, -900, 900, random), numbers(64, -90, 90, random),
      numbers(40, -100, 100, random));
  auto parsed = graph::parse_text(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status().text();
  graph::Graph g = std::move(*parsed);
  const Status inferred = ops::infer_graph(g);
  EXPECT_TRUE(inferred.ok()) << inferred.text();
  return g;
}

std::vector<Tensor> picture() {
  std::mt19937 random(9);
  Tensor x(DType::f32, {1, 8, 12, 12});
  for (float& v : x.as_mutable<float>()) v = static_cast<float>(random() % 2400) / 100 - 12;
  return {x};
}

engine::Compiled compiled(const std::string& precision = "int8",
                          std::function<void(plan::Plan&)> tamper = {}) {
  engine::CompileOptions o;
  o.target = platform::detect_target();
  o.target.isa = mask(Isa::portable);
  o.prefer_kernel = "qconv_8bit_portable";  // its weights are not packed
  o.precision = precision;
  o.tamper = std::move(tamper);
  auto built = engine::compile(network(), o);
  EXPECT_TRUE(built.ok()) << built.status().text();
  return std::move(*built);
}

std::vector<Tensor> run(const engine::Compiled& c) {
  auto s = Session::open(std::make_shared<const std::vector<std::byte>>(c.bytes), 1);
  EXPECT_TRUE(s.ok()) << s.status().text();
  auto y = s->run(picture());
  EXPECT_TRUE(y.ok()) << y.status().text();
  return std::move(*y);
}

// --- what is right ---

class Healthy : public ::testing::TestWithParam<const char*> {};

TEST_P(Healthy, AgreesAtTheLimitOfFloats) {
  const graph::Graph g = network();
  const engine::Compiled c = compiled(GetParam());
  auto want = ops::evaluate(g, picture());
  ASSERT_TRUE(want.ok()) << want.status().text();
  const std::vector<Tensor> got = run(c);
  if (c.plan.precision == "int8") {
    EXPECT_FALSE(compare(got[0], (*want)[0], tolerance).agree) << "no tie fell to the other side";
  }
  auto layers = compare_layers(g, c.plan, picture(), tolerance);
  ASSERT_TRUE(layers.ok()) << layers.status().text();
  EXPECT_FALSE(layers->first) << layers->first->text();
  EXPECT_EQ(layers->rounded, 5);
  EXPECT_LT(layers->worst, 1e-6);  // f32's own error
  auto outputs = compare_outputs(g, picture(), got, tolerance, [&] { return &c.plan; });
  ASSERT_TRUE(outputs.ok()) << outputs.status().text();
  EXPECT_TRUE(outputs->agree) << outputs->outputs[0].text << outputs->where;
  EXPECT_LT(outputs->worst, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Precision, Healthy, ::testing::Values("int8", "f32"));

// --- what is not ---

// Damages a step of the plan and gives the name of what it makes.
struct Fault {
  const char* name;
  const char* layer;
  void (*plant)(plan::Plan&, plan::Step&);
};

Tensor& constant(plan::Plan& p, const plan::Step& s, size_t input) {
  const auto& value = p.values[static_cast<size_t>(s.in[input])];
  return p.constants[static_cast<size_t>(p.storages[static_cast<size_t>(value.storage)].index)]
      .data;
}
kernels::QConvAttrs& conv(plan::Step& s) {
  EXPECT_EQ(s.family, "qconv");
  return *reinterpret_cast<kernels::QConvAttrs*>(s.attrs.data());
}

const Fault faults[] = {
    {"ScaleOfOneChannel", "second",
     [](plan::Plan& p, plan::Step& s) { constant(p, s, 3).as_mutable<float>()[2] *= 1.05f; }},
    {"ScaleOfALayer", "first",
     [](plan::Plan& p, plan::Step& s) { constant(p, s, 3).as_mutable<float>()[0] *= 1.005f; }},
    {"ZeroPointOfTheInput", "second", [](plan::Plan&, plan::Step& s) { ++conv(s).x_zero; }},
    {"ZeroPointOfTheResult", "first", [](plan::Plan&, plan::Step& s) { --conv(s).y_zero; }},
    // By one step of the result: its multiplier is 1 / 16.
    {"BiasOfOneChannel", "first",
     [](plan::Plan& p, plan::Step& s) { constant(p, s, 2).as_mutable<int32_t>()[5] += 16; }},
    {"ChannelsExchanged", "second",
     [](plan::Plan& p, plan::Step& s) {
       auto w = constant(p, s, 1).as_mutable<int8_t>();
       std::swap_ranges(w.begin(), w.begin() + 8, w.begin() + 8);
     }},
    {"OneWeight", "second",
     [](plan::Plan& p, plan::Step& s) { constant(p, s, 1).as_mutable<int8_t>()[17] += 20; }},
    {"ScaleOfAnOperand", "sum",
     [](plan::Plan&, plan::Step& s) {
       ASSERT_EQ(s.family, "qbinary");
       reinterpret_cast<kernels::QBinaryAttrs*>(s.attrs.data())->a_scale *= 1.01f;
     }},
    {"ScaleOfTheClassifier", "classifier",
     [](plan::Plan& p, plan::Step& s) { constant(p, s, 3).as_mutable<float>()[0] *= 1.002f; }},
};

class Faulty : public ::testing::TestWithParam<Fault> {
 protected:
  static engine::Compiled make() {
    return compiled("int8", [](plan::Plan& p) {
      auto named = [](const plan::Step& s) {
        const bool computes = s.family == "qconv" || s.family == "qbinary";
        return computes && s.layer.find(GetParam().layer) != std::string::npos;
      };
      auto s = std::find_if(p.steps.begin(), p.steps.end(), named);
      ASSERT_NE(s, p.steps.end()) << "no step of " << GetParam().layer;
      GetParam().plant(p, *s);
    });
  }
};

TEST_P(Faulty, IsFoundAtItsLayer) {
  const engine::Compiled c = make();
  auto layers = compare_layers(network(), c.plan, picture(), tolerance);
  ASSERT_TRUE(layers.ok()) << layers.status().text();
  ASSERT_TRUE(layers->first);
  EXPECT_NE(layers->first->layer.find(GetParam().layer), std::string::npos)
      << layers->first->text();
}

// The engine is wrong though the plan it should have been printed from is right, and both.
TEST_P(Faulty, EngineDiffers) {
  const engine::Compiled right = compiled(), wrong = make();
  for (const plan::Plan* p : {&right.plan, &wrong.plan}) {
    auto outputs = compare_outputs(network(), picture(), run(wrong), tolerance, [&] { return p; });
    ASSERT_TRUE(outputs.ok()) << outputs.status().text();
    EXPECT_FALSE(outputs->agree) << outputs->outputs[0].text;
    EXPECT_NE(outputs->where, "");
  }
}

INSTANTIATE_TEST_SUITE_P(Planted, Faulty, ::testing::ValuesIn(faults),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace hone::ship
