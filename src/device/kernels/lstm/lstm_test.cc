#include "device/kernels/lstm/lstm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "device/kernels/testing/hostile.h"
#include "device/kernels/testing/reference_act.h"

namespace hone::kernels {
namespace {

using namespace testing;

struct Config {
  int64_t steps, batch, input, hidden;
  int direction = 0;
  bool bias = true, initial = true, peepholes = false, lens = false, constant = true;
  float clip = 0;
  bool input_forget = false;
  Act f = Act::sigmoid, g = Act::tanh, h = Act::tanh;
};

TestStep step_of(Rng& rng, const Config& c) {
  int64_t d = c.direction == 2 ? 2 : 1, h = c.hidden;
  auto weights = [&](const Shape& shape) {
    Tensor t = random_tensor(rng, shape, 0, -0.5f, 0.5f);
    return c.constant ? constant(t) : t;
  };
  TestStep s;
  s.attrs = words(LstmAttrs{static_cast<int32_t>(h), c.direction, c.clip, c.input_forget, c.f, c.g,
                            c.h, Act::hard_sigmoid, Act::tanh, Act::relu});
  s.in = {random_tensor(rng, {c.steps, c.batch, c.input}),
          weights({d, 4 * h, c.input}),
          weights({d, 4 * h, h}),
          c.bias ? weights({d, 8 * h}) : Tensor{},
          c.initial ? random_tensor(rng, {d, c.batch, h}) : Tensor{},
          c.initial ? random_tensor(rng, {d, c.batch, h}) : Tensor{},
          c.peepholes ? random_tensor(rng, {d, 3 * h}) : Tensor{},
          Tensor{}};
  if (c.lens) {
    s.in[7] = tensor(DType::i32, {c.batch});
    fill<int32_t>(s.in[7], [&](int64_t b) {
      return b == 0 ? 0 : random_int(rng, -1, static_cast<int>(c.steps) + 1);
    });
  }
  s.out = {tensor(DType::f32, {c.steps, d, c.batch, h}), tensor(DType::f32, {d, c.batch, h}),
           tensor(DType::f32, {d, c.batch, h})};
  return s;
}

double act(Act a, double x) {
  return reference_act(a, x, a == Act::hard_sigmoid ? 0.2 : a == Act::leaky_relu ? 0.01 : 1, 0.5);
}

struct Result {
  std::vector<double> y, h, c;
};

// One direction of one batch row, straight from the ONNX text.
void reference_row(const TestStep& s, const LstmAttrs& at, int64_t d, int64_t b, Result* r) {
  const Shape& x = s.in[0].op.shape;
  int64_t steps = x[0], batch = x[1], n = at.hidden, dirs = at.direction == 2 ? 2 : 1;
  auto value = [&](size_t i, int64_t p) { return s.in[i].op.present() ? get(s.in[i], p) : 0.0; };
  std::vector<double> h, c;
  for (int64_t j = 0; j < n; ++j) {
    h.push_back(value(4, (d * batch + b) * n + j));
    c.push_back(value(5, (d * batch + b) * n + j));
  }
  Act f = d ? at.f2 : at.f, g = d ? at.g2 : at.g, out = d ? at.h2 : at.h;
  auto clip = [&](double v) {
    double limit = static_cast<double>(at.clip);
    return limit > 0 ? std::fmin(std::fmax(v, -limit), limit) : v;
  };
  int64_t length = s.in[7].op.present() ? get_int(s.in[7], b) : steps;
  for (int64_t k = 0; k < steps; ++k) {
    int64_t t = at.direction == 1 || d == 1 ? steps - 1 - k : k;
    auto* y = &r->y[static_cast<size_t>(((t * dirs + d) * batch + b) * n)];
    if (t >= length) {
      std::fill(y, y + n, 0.0);
      continue;
    }
    std::vector<double> old_h = h;
    for (int64_t j = 0; j < n; ++j) {
      double gate[4];  // i o f c
      for (int64_t q = 0; q < 4; ++q) {
        int64_t row = d * 4 * n + q * n + j;
        double v = value(3, d * 8 * n + q * n + j) + value(3, d * 8 * n + 4 * n + q * n + j);
        for (int64_t i = 0; i < x[2]; ++i) {
          v += get(s.in[0], (t * batch + b) * x[2] + i) * get(s.in[1], row * x[2] + i);
        }
        for (int64_t i = 0; i < n; ++i)
          v += old_h[static_cast<size_t>(i)] * get(s.in[2], row * n + i);
        gate[q] = v;
      }
      double& state = c[static_cast<size_t>(j)];
      auto peep = [&](int64_t q) { return value(6, d * 3 * n + q * n + j); };
      double input = act(f, clip(gate[0] + peep(0) * state));
      double forget = at.input_forget ? 1 - input : act(f, clip(gate[2] + peep(2) * state));
      state = forget * state + input * act(g, clip(gate[3]));
      double o = act(f, clip(gate[1] + peep(1) * state));
      h[static_cast<size_t>(j)] = y[j] = o * act(out, state);
    }
  }
  std::copy(h.begin(), h.end(), r->h.begin() + (d * batch + b) * n);
  std::copy(c.begin(), c.end(), r->c.begin() + (d * batch + b) * n);
}

Result reference(const TestStep& s) {
  LstmAttrs at;
  std::memcpy(&at, s.attrs.data(), sizeof at);
  Result r;
  r.y.resize(static_cast<size_t>(s.out[0].count()));
  r.h.resize(static_cast<size_t>(s.out[1].count()));
  r.c = r.h;
  for (int64_t d = 0; d < (at.direction == 2 ? 2 : 1); ++d) {
    for (int64_t b = 0; b < s.in[0].op.shape[1]; ++b) reference_row(s, at, d, b, &r);
  }
  return r;
}

void check(Rng& rng, const Config& c) {
  TestStep s = step_of(rng, c);
  Result want = reference(s);
  int ran = 0;
  for (const Kernel* k : kernels_of("lstm")) {
    Outcome o = run_kernel(*k, s);
    if (o.refused) continue;
    ++ran;
    EXPECT_EQ(o.problem, "");
    EXPECT_EQ(differs(s.out[0], want.y, 2e-5), "") << k->name;
    EXPECT_EQ(differs(s.out[1], want.h, 2e-5), "") << k->name;
    EXPECT_EQ(differs(s.out[2], want.c, 2e-5), "") << k->name;
    TestStep alone = s;  // only the last state is wanted
    alone.out[0] = alone.out[2] = Tensor{};
    Outcome again = run_kernel(*k, alone);
    EXPECT_EQ(again.refused, nullptr);
    EXPECT_EQ(again.problem, "");
  }
  EXPECT_GT(ran, 0);
}

TEST(Lstm, Sizes) {
  Rng rng(1);
  for (auto [s, b, i, h] : {std::array<int64_t, 4>{1, 1, 1, 1},
                            {3, 1, 5, 7},
                            {2, 3, 4, 16},
                            {5, 2, 40, 33},
                            {1, 1, 128, 128},
                            {7, 9, 17, 20},
                            {40, 1, 3, 8},
                            {2, 5, 300, 12},
                            {0, 2, 3, 4},
                            {2, 0, 3, 4}}) {
    check(rng, {s, b, i, h});
  }
}

TEST(Lstm, Variants) {
  Rng rng(2);
  for (int direction = 0; direction < 3; ++direction) {
    for (bool constant : {true, false}) {
      Config c = {6, 5, 9, 19, direction};
      c.constant = constant;
      check(rng, c);
      c.bias = c.initial = false;
      check(rng, c);
      c.bias = c.initial = c.peepholes = c.lens = true;
      check(rng, c);
      c.clip = 0.3f;
      check(rng, c);
      c.input_forget = true;
      check(rng, c);
      c.f = Act::hard_sigmoid, c.g = Act::relu, c.h = Act::none;
      check(rng, c);
    }
  }
}

// Weights may be constant while the bias is not, and the other way round.
TEST(Lstm, MixedConstants) {
  Rng rng(3);
  for (size_t i : {size_t{1}, size_t{2}, size_t{3}}) {
    TestStep s = step_of(rng, {3, 2, 5, 6});
    s.in[i].op.constant = false;
    Result want = reference(s);
    for (const Kernel* k : kernels_of("lstm")) {
      Outcome o = run_kernel(*k, s);
      if (o.refused) continue;
      EXPECT_EQ(o.problem, "");
      EXPECT_EQ(differs(s.out[0], want.y, 2e-5), "") << k->name << " " << i;
    }
  }
}

TEST(Lstm, HostileSteps) {
  Rng rng(4);
  Config all = {4, 3, 5, 6, 2};
  all.peepholes = all.lens = true;
  all.constant = false;
  std::vector<TestStep> seeds = {step_of(rng, all)};
  seeds.push_back(step_of(rng, {4, 3, 5, 6}));
  for (const Kernel* k : kernels_of("lstm")) {  // with what the packing kernels take
    if (!k->packed_bytes) continue;
    internal::Prepared p = internal::prepare(*k, step_of(rng, {3, 6, 5, 6, 2}));
    TestStep packed = step_of(rng, {3, 6, 5, 6, 2});
    packed.in = p.in;
    seeds.push_back(packed);
  }
  EXPECT_EQ(try_hostile_steps("lstm", seeds, 30000), "");
}

}  // namespace
}  // namespace hone::kernels
