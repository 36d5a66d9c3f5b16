// The gate can say no: faults planted in the engine go through the whole chain.
#include <gtest/gtest.h>

#include <algorithm>

#include "device/kernels/binary/binary.h"
#include "device/kernels/conv/conv.h"
#include "device/kernels/pool/pool.h"
#include "host/import/import.h"
#include "ship/chain/evaluation.h"
#include "ship/chain/testing/small_project.h"

namespace hone::ship {
namespace {

using testing::Folder;

// --- a wrong kernel: parity fails, the verdict is NO SHIP, the layer is named ---

// Finds a step to damage, damages it and returns its number; -1: the plan has none.
struct Fault {
  const char* name;
  int (*plant)(plan::Plan&);
};

template <class Attrs>
Attrs* attrs_of(plan::Step& s, const char* family) {
  return s.family == family ? reinterpret_cast<Attrs*>(s.attrs.data()) : nullptr;
}

// Applies `damage` to the attributes of the first step of the family that it takes.
template <class Attrs, class Fn>
int in_attrs(plan::Plan& plan, const char* family, Fn damage) {
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    Attrs* a = attrs_of<Attrs>(plan.steps[i], family);
    if (a != nullptr && damage(*a, plan.steps[i])) return static_cast<int>(i);
  }
  return -1;
}

// Weights of the last step of a family, as the portable kernels take them: plain.
template <class Fn>
int in_weights(plan::Plan& plan, const char* family, Fn damage) {
  for (size_t i = plan.steps.size(); i-- > 0;) {
    plan::Step& s = plan.steps[i];
    if (s.family != family) continue;
    const auto& value = plan.values[static_cast<size_t>(s.in[1])];
    const auto& storage = plan.storages[static_cast<size_t>(value.storage)];
    Tensor& w = plan.constants[static_cast<size_t>(storage.index)].data;
    damage(w.as_mutable<float>(), w.dims().back());
    return static_cast<int>(i);
  }
  return -1;
}

using kernels::BinaryAttrs;
using kernels::ConvAttrs;
using kernels::PoolAttrs;

const Fault faults[] = {
    {"ActivationLeftOut",
     [](plan::Plan& p) {
       return in_attrs<ConvAttrs>(p, "conv", [](ConvAttrs& a, plan::Step&) {
         const bool takes = a.act != kernels::Act::none;
         a.act = kernels::Act::none;
         return takes;
       });
     }},
    {"PictureOffByOneRow",
     [](plan::Plan& p) {
       return in_attrs<ConvAttrs>(p, "conv", [](ConvAttrs& a, plan::Step&) {
         if (a.kernel_h != 5) return false;
         --a.pad_t, ++a.pad_b;
         return true;
       });
     }},
    {"ResidualForgotten",
     [](plan::Plan& p) {
       return in_attrs<ConvAttrs>(p, "conv", [](ConvAttrs&, plan::Step& s) {
         if (s.in.size() < 4 || s.in[3] == plan::absent) return false;
         s.in[3] = plan::absent;
         return true;
       });
     }},
    {"MaximumForAverage",
     [](plan::Plan& p) {
       return in_attrs<PoolAttrs>(p, "pool", [](PoolAttrs& a, plan::Step&) {
         a.kind = kernels::Pool::max;
         return true;
       });
     }},
    {"SumForProduct",
     [](plan::Plan& p) {
       return in_attrs<BinaryAttrs>(p, "binary", [](BinaryAttrs& a, plan::Step&) {
         const bool takes = a.op == kernels::Binary::mul;
         a.op = kernels::Binary::add;
         return takes;
       });
     }},
    // Few elements: a loop over the inner dimension that ends one too early, in one layer.
    {"InnerProductOneShort",
     [](plan::Plan& p) {
       return in_weights(p, "gemm", [](std::span<float> w, int64_t k) {
         for (size_t i = static_cast<size_t>(k) - 1; i < w.size(); i += static_cast<size_t>(k)) {
           w[i] = 0;
         }
       });
     }},
    // One element of all: the tail of a packed row holds its neighbour.
    {"LastWeightIsItsNeighbour",
     [](plan::Plan& p) {
       return in_weights(p, "gemm",
                         [](std::span<float> w, int64_t) { w.back() = w[w.size() - 2]; });
     }},
    {"OneChannelsWeightsOffByOne",
     [](plan::Plan& p) {
       return in_weights(p, "conv", [](std::span<float> w, int64_t k) {
         std::rotate(w.end() - k, w.end() - k + 1, w.end());
       });
     }},
};

class WrongKernel : public ::testing::TestWithParam<Fault> {};

TEST_P(WrongKernel, EndsNoShipAndTheLayerIsNamed) {
  Folder folder;
  ModelSpec model = testing::small_project(folder, 4);
  model.evaluation.reset();  // parity on the golden pictures, which are real
  ChainOptions options = testing::quick_options(folder);
  options.machine.isa = mask(Isa::portable);
  std::string layer;
  options.tamper = [&](plan::Plan& plan) {
    const int step = GetParam().plant(plan);
    ASSERT_GE(step, 0) << "the plan has no such step";
    layer = plan.steps[static_cast<size_t>(step)].layer;
  };
  auto r = run_chain(model, testing::local_target(), options);
  ASSERT_TRUE(r.ok()) << r.status().text();
  EXPECT_FALSE(r->report.parity.ok);
  EXPECT_EQ(r->gate.verdict, Verdict::no_ship);
  const std::string line = verdict_line(r->gate);
  EXPECT_EQ(line.substr(0, 60), "NO SHIP: parity engine differs from the reference on golden ");
  EXPECT_NE(line.find("; first at '"), std::string::npos) << line;
  EXPECT_NE(line.find(" " + layer + " ("), std::string::npos) << layer << "\n" << line;
}

INSTANTIATE_TEST_SUITE_P(Planted, WrongKernel, ::testing::ValuesIn(faults),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(WrongKernel, TheSameChainWithoutAFaultShips) {
  Folder folder;
  ModelSpec model = testing::small_project(folder, 4);
  model.evaluation.reset();
  auto r = run_chain(model, testing::local_target(), testing::quick_options(folder));
  ASSERT_TRUE(r.ok()) << r.status().text();
  EXPECT_EQ(verdict_line(r->gate), "SHIP");
}

// --- one class damaged: the class limit speaks, and names it ---

constexpr const char* dataset = "/usr/share/datasets/fashion-mnist/";
constexpr int damaged = 8;  // Bag

// By how much the right pictures of a class win over the next class, in ascending order.
std::vector<float> margins(const ModelSpec& m, int64_t* of_class) {
  auto model = model::read_model(m.onnx);
  engine::CompileOptions o;
  o.target = platform::detect_target();
  auto built = engine::compile(*model, o);
  auto session =
      Session::open(std::make_shared<const std::vector<std::byte>>(std::move(built->bytes)), 1);
  auto data = tasks::open_dataset(*m.evaluation);
  auto inputs = ModelInputs::make(m, {{m.inputs[0].name, DType::f32, {1, 1, 28, 28}}});
  std::vector<float> found;
  for (int64_t i = 0; i < (*data)->count(); ++i) {
    auto sample = (*data)->sample(i);
    if (sample->label != damaged) continue;
    ++*of_class;
    auto y = session->run(*inputs->of(*sample));
    auto scores = (*y)[0].as_mutable<float>();
    const float own = scores[damaged];
    scores[damaged] = -INFINITY;
    const float margin = own - *std::max_element(scores.begin(), scores.end());
    if (margin > 0) found.push_back(margin);
  }
  std::sort(found.begin(), found.end());
  return found;
}

class DamagedClass : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::fs::exists(dataset)) GTEST_SKIP() << "skipped: no dataset-fashion-mnist";
    const std::string folder = dataset;
    model_.evaluation = tasks::DataSpec{"idx",
                                        {{"images", folder + "t10k-images-idx3-ubyte.gz"},
                                         {"labels", folder + "t10k-labels-idx1-ubyte.gz"}},
                                        0};
    int64_t of_class = 0;
    const std::vector<float> win_by = margins(model_, &of_class);
    const auto lost = static_cast<size_t>(of_class / 10);  // 10 points
    ASSERT_GT(win_by.size(), lost);
    const float shift = (win_by[lost - 1] + win_by[lost]) / 2;
    options_.machine.isa = mask(Isa::portable);
    options_.tamper = [shift](plan::Plan& plan) {
      for (plan::Constant& c : plan.constants) {
        if (c.name == "classifier.bias") c.data.as_mutable<float>()[damaged] -= shift;
      }
    };
    // Parity speaks of any such fault; here it is the class limit that must.
    options_.parity_tolerance = 10;
    target_.limits.class_drop = 2.5;
    target_.limits.accuracy_drop = 2;
  }

  Folder folder_;
  ModelSpec model_ = testing::fashion_spec();
  TargetSpec target_ = testing::local_target();
  ChainOptions options_ = testing::quick_options(folder_);
};

// The class loses 10 points of some 200 pictures, all together one point of 2,000.
TEST_F(DamagedClass, IsNamedByTheGate) {
  auto r = run_chain(model_, target_, options_);
  ASSERT_TRUE(r.ok()) << r.status().text();
  const Paired& all = *r->report.overall;
  EXPECT_NEAR(drop_of(all).points, 1, 0.3);
  EXPECT_NEAR(drop_of(r->report.classes[damaged]).points, 10, 0.6);
  EXPECT_TRUE(r->report.parity.ok);
  ASSERT_EQ(r->gate.reasons.size(), 1u) << verdict_line(r->gate);
  EXPECT_EQ(verdict_line(r->gate).substr(0, 24), "NO SHIP: class 'Bag' dro");

  // The overall limit alone, on the same report.
  Limits overall;
  overall.accuracy_drop = 2;
  EXPECT_EQ(verdict_line(decide(r->report, overall)), "SHIP");
  overall.accuracy_drop = 0.1;
  GateResult strict = decide(r->report, overall);
  EXPECT_EQ(strict.verdict, Verdict::no_ship);
  EXPECT_EQ(strict.reasons[0].substr(0, 13), "accuracy drop");
}

}  // namespace
}  // namespace hone::ship
