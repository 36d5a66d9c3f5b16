#include "device/kernels/rnn/rnn.h"

#include <gtest/gtest.h>

#include <cmath>

#include "device/kernels/testing/hostile.h"
#include "device/kernels/testing/reference_act.h"

namespace hone::kernels {
namespace {

using namespace testing;

struct RnnCase {
  int64_t steps = 3, batch = 1;
  RnnAttrs attrs{4, 3, 0, 0, 0, Act::sigmoid, Act::tanh, Act::sigmoid, Act::tanh};
  bool bias = true, h0 = true, lens = false;
  int64_t directions() const { return attrs.direction == 2 ? 2 : 1; }
};

TestStep step_of(Rng& rng, const RnnCase& k) {
  const int64_t h = k.attrs.hidden, d = k.directions(), width = k.attrs.gates * h;
  TestStep s;
  s.attrs = words(k.attrs);
  s.in = {random_tensor(rng, {k.steps, k.batch, d * width}),
          random_tensor(rng, {d, h, width}, 0, -0.5f, 0.5f), Tensor{}, Tensor{}, Tensor{}};
  if (k.bias) s.in[2] = random_tensor(rng, {d, width});
  if (k.h0) s.in[3] = random_tensor(rng, {d, k.batch, h});
  if (k.lens) {
    s.in[4] = tensor(DType::i32, {k.batch});
    for (int64_t i = 0; i < k.batch; ++i)
      set(s.in[4], i, random_int(rng, 0, static_cast<int>(k.steps)));
  }
  s.out = {tensor(DType::f32, {k.steps, d, k.batch, h}), tensor(DType::f32, {d, k.batch, h})};
  return s;
}

struct Want {
  std::vector<double> y, h;
};
Want reference(const RnnCase& k, const TestStep& s) {
  const int64_t n = k.attrs.hidden, dirs = k.directions(), width = k.attrs.gates * n;
  Want w;
  w.y.resize(static_cast<size_t>(s.out[0].count()));
  auto act = [&](int64_t d, bool second, double v) {
    const double c = static_cast<double>(k.attrs.clip);
    if (c > 0) v = std::fmin(std::fmax(v, -c), c);
    const Act a = d == 0 ? (second ? k.attrs.g : k.attrs.f) : (second ? k.attrs.g2 : k.attrs.f2);
    return reference_act(a, v, 0, 0);
  };
  for (int64_t d = 0; d < dirs; ++d) {
    for (int64_t b = 0; b < k.batch; ++b) {
      std::vector<double> h(static_cast<size_t>(n), 0.0);
      for (int64_t j = 0; k.h0 && j < n; ++j) {
        h[static_cast<size_t>(j)] = get(s.in[3], (d * k.batch + b) * n + j);
      }
      auto recurrent = [&](const std::vector<double>& a, int64_t gate) {
        double sum = k.bias ? get(s.in[2], d * width + gate) : 0;
        for (int64_t i = 0; i < n; ++i) {
          sum += a[static_cast<size_t>(i)] * get(s.in[1], (d * n + i) * width + gate);
        }
        return sum;
      };
      const int64_t length = k.lens ? get_int(s.in[4], b) : k.steps;
      for (int64_t i = 0; i < length; ++i) {
        const int64_t t = k.attrs.direction == 1 || d == 1 ? length - 1 - i : i;
        auto x = [&](int64_t gate) {
          return get(s.in[0], ((t * k.batch + b) * dirs + d) * width + gate);
        };
        std::vector<double> next, gated = h;
        for (int64_t j = 0; j < n && k.attrs.gates == 3; ++j) {
          gated[static_cast<size_t>(j)] *= act(d, false, x(n + j) + recurrent(h, n + j));
        }
        for (int64_t j = 0; j < n; ++j) {
          const double first = act(d, false, x(j) + recurrent(h, j));
          if (k.attrs.gates == 1) {
            next.push_back(first);
            continue;
          }
          const double reset = act(d, false, x(n + j) + recurrent(h, n + j));
          const double inner =
              k.attrs.reset_last ? reset * recurrent(h, 2 * n + j) : recurrent(gated, 2 * n + j);
          const double fresh = act(d, true, x(2 * n + j) + inner);
          next.push_back((1 - first) * fresh + first * h[static_cast<size_t>(j)]);
        }
        h = next;
        std::copy(h.begin(), h.end(), w.y.begin() + ((t * dirs + d) * k.batch + b) * n);
      }
      w.h.insert(w.h.end(), h.begin(), h.end());
    }
  }
  return w;
}

void check(Rng& rng, const RnnCase& k) {
  TestStep s = step_of(rng, k);
  const Want want = reference(k, s);
  for (const Kernel* kernel : kernels_of("rnn")) {
    Outcome o = run_kernel(*kernel, s);
    ASSERT_EQ(o.refused, nullptr) << o.refused;
    EXPECT_EQ(o.problem, "");
    // Recurrent rounding: states of size 1 (relu: below about 30) and a few steps.
    const double tol = k.attrs.f == Act::relu ? 1e-4 : 5e-6;
    EXPECT_EQ(differs(s.out[0], want.y, tol), "") << kernel->name << " hidden " << k.attrs.hidden;
    EXPECT_EQ(differs(s.out[1], want.h, tol), "") << kernel->name << " hidden " << k.attrs.hidden;
  }
}

TEST(Rnn, GatesDirectionsAndLengths) {
  Rng rng(1);
  for (int32_t hidden : {1, 3, 8, 17, 33, 64}) {
    for (int32_t gates : {1, 3}) {
      for (int32_t direction : {0, 1, 2}) {
        RnnCase k;
        k.attrs.hidden = hidden, k.attrs.gates = gates, k.attrs.direction = direction;
        k.attrs.f = gates == 1 ? Act::tanh : Act::sigmoid;
        k.steps = random_int(rng, 1, 6), k.batch = random_int(rng, 1, 3);
        for (bool with : {false, true}) {
          k.bias = with, k.h0 = !with, k.lens = with, k.attrs.reset_last = with;
          check(rng, k);
          k.attrs.reset_last = !with;
          check(rng, k);
        }
      }
    }
  }
}

TEST(Rnn, ClipAndActivations) {
  Rng rng(2);
  RnnCase k{.steps = 3, .batch = 2};
  k.attrs.clip = 0.3f;
  check(rng, k);
  k.attrs.gates = 1, k.attrs.f = Act::relu, k.attrs.hidden = 5;
  check(rng, k);
}

TEST(Rnn, HostileSteps) {
  Rng rng(3);
  RnnCase gru, both;
  gru.lens = true;
  both.attrs.direction = 2, both.attrs.gates = 1, both.batch = 2;
  EXPECT_EQ(try_hostile_steps("rnn", {step_of(rng, gru), step_of(rng, both)}, 20000), "");
}

}  // namespace
}  // namespace hone::kernels
