// Graphs at random, planned, written, loaded and run at random sizes against the reference:
// whatever overwrites what is still needed (in place, shared slots, views, offsets of a profile)
// shows.
#include <fmt/format.h>

#include <cmath>
#include <random>

#include "host/engine/compile.h"
#include "host/ops/evaluate.h"
#include "host/plan/testing/planned.h"
#include "ship/measure/session.h"

namespace hone {
namespace {

// Values of shapes [n,4], [n,8] and [n,1] joined by operators that are elementwise, move data or
// reduce; all of them keep values near 1, so that an absolute tolerance is meaningful.
class RandomModel {
 public:
  explicit RandomModel(uint32_t seed) : rng_(seed) {}

  std::string make() {
    text_ = "in %x f32[n,4]\nin %z f32[n,8]\nin %flag bool[]\n";
    values_ = {{"x", 4}, {"z", 8}};
    for (int i = 0, steps = 4 + below(14); i < steps; ++i) add(i);
    // Outputs: some of the values, the last among them.
    for (size_t i = 0; i < values_.size(); ++i) {
      bool last = i + 1 == values_.size();
      if (last || below(5) == 0) text_ += fmt::format("out %{} as \"out{}\"\n", values_[i].name, i);
    }
    return text_;
  }

 private:
  struct V {
    std::string name;
    int width;
  };
  int below(int n) { return static_cast<int>(rng_() % static_cast<uint32_t>(n)); }
  const V& any() { return values_[static_cast<size_t>(below(static_cast<int>(values_.size())))]; }
  // One of that width; width 0 where there is none.
  V pick(int width) {
    std::vector<V> all;
    for (const V& v : values_) {
      if (v.width == width) all.push_back(v);
    }
    return all.empty() ? V{"", 0} : all[static_cast<size_t>(below(static_cast<int>(all.size())))];
  }
  void define(const std::string& name, int width, const std::string& expression) {
    text_ += fmt::format("%{} = {} \"{}\"\n", name, expression, name);
    values_.push_back({name, width});
  }
  void add(int i) {
    constexpr const char* unary[] = {"Tanh", "Sigmoid", "Neg", "Relu", "Sin"};
    const std::string name = fmt::format("v{}", i);
    const V a = any();
    switch (below(8)) {
      case 0:
      case 1: return define(name, a.width, fmt::format("{}(%{})", unary[below(5)], a.name));
      case 2: {
        const V b = pick(a.width);
        if (b.width == 0) return;
        return define(name, a.width,
                      fmt::format("{}(%{}, %{})", below(2) ? "Min" : "Sub", a.name, b.name));
      }
      case 3: {
        const V b = pick(1);
        if (b.width == 0) return;
        return define(name, a.width, fmt::format("Max(%{}, %{})", a.name, b.name));
      }
      case 4: {
        const V b = pick(4), c = pick(4);
        if (b.width == 0) return;
        return define(name, 8, fmt::format("Concat(%{}, %{}) {{axis=1}}", b.name, c.name));
      }
      case 5: {
        const V b = pick(8);
        if (b.width == 0) return;
        text_ += fmt::format("%{0}a, %{0}b = Split(%{1}) {{axis=1, num_outputs=2}} \"{0}\"\n", name,
                             b.name);
        values_.push_back({name + "a", 4});
        values_.push_back({name + "b", 4});
        return;
      }
      case 6: return add_if(name, a);
      default:
        text_ += fmt::format("const %{}axes i64[1] = [1]\n", name);
        return define(name, 1,
                      fmt::format("ReduceMean(%{}, %{}axes) {{keepdims=1}}", a.name, name));
    }
  }
  void add_if(const std::string& name, const V& a) {
    const V b = pick(a.width);
    text_ += fmt::format(
        "%{0} = If(%flag) \"{0}\"\n  then_branch: {{\n    %{0}t = Tanh(%{1})\n    %{0}u = "
        "Neg(%{0}t)\n    out %{0}u\n  }}\n  else_branch: {{\n    %{0}e = Sub(%{1}, %{2})\n    out "
        "%{0}e\n  }}\n",
        name, a.name, b.width == 0 ? a.name : b.name);
    values_.push_back({name, a.width});
  }

  std::mt19937 rng_;
  std::string text_;
  std::vector<V> values_;
};

Tensor random_tensor(std::mt19937& rng, Dims dims) {
  Tensor t(DType::f32, std::move(dims));
  std::uniform_real_distribution<float> values(-1, 1);
  for (float& f : t.as_mutable<float>()) f = values(rng);
  return t;
}

void check(const std::string& text, bool with_profile, uint32_t seed) {
  SCOPED_TRACE(fmt::format("seed {}{}\n{}", seed, with_profile ? " with profile" : "", text));
  engine::CompileOptions o;
  o.target = plan::testing::test_target(seed % 2 == 0 ? mask(Isa::portable) : up_to(Isa::avx2));
  if (with_profile) {
    o.profiles = {{{"x", {{1, 2, 5}, {4, 4, 4}}}, {"z", {{1, 2, 5}, {8, 8, 8}}}},
                  {{"x", {{3, 8, 9}, {4, 4, 4}}}, {"z", {{3, 8, 9}, {8, 8, 8}}}}};
  }
  const graph::Graph graph = plan::testing::parsed(text);
  auto built = engine::compile(graph, o);
  ASSERT_TRUE(built.ok()) << built.status().text();
  auto session = ship::Session::open(
      std::make_shared<const std::vector<std::byte>>(std::move(built->bytes)), 1);
  if (session.code() == Code::isa_missing) return;
  ASSERT_TRUE(session.ok()) << session.status().text();
  std::mt19937 rng(seed);
  for (int round = 0; round < 4; ++round) {
    const int64_t n = 1 + static_cast<int64_t>(rng() % 9);
    const std::vector<Tensor> in = {random_tensor(rng, {n, 4}), random_tensor(rng, {n, 8}),
                                    Tensor::scalar<bool>(round % 2 == 0)};
    auto want = ops::evaluate(graph, in);
    auto got = session->run(in);
    ASSERT_TRUE(want.ok()) << want.status().text();
    ASSERT_TRUE(got.ok()) << got.status().text();
    for (size_t i = 0; i < want->size(); ++i) {
      ASSERT_EQ((*got)[i].dims(), (*want)[i].dims());
      for (int64_t k = 0; k < (*want)[i].count(); ++k) {
        // A dozen f32 operations, a sine of a larger value among them; memory that was
        // overwritten holds something else altogether.
        const double w = (*want)[i].at(k);
        ASSERT_NEAR((*got)[i].at(k), w, 1e-3 * (1 + std::abs(w))) << "output " << i << " at " << k;
      }
    }
  }
}

TEST(RandomGraphs, GiveTheReferencesResultsAtAnySize) {
  for (uint32_t seed = 0; seed < 150; ++seed) {
    check(RandomModel(seed).make(), false, seed);
    if (HasFatalFailure()) return;
  }
}

TEST(RandomGraphs, GiveTheReferencesResultsWithinAProfile) {
  for (uint32_t seed = 1000; seed < 1150; ++seed) {
    check(RandomModel(seed).make(), true, seed);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace hone
