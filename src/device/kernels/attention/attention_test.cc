#include "device/kernels/attention/attention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

struct Sizes {
  int64_t batch, heads, groups, queries, keys, size, v_size;
};

// How the heads lie: dense, or in rows that hold all heads of q, k and v.
enum class Lie { dense, rows };

Tensor heads(Rng& rng, Lie lie, int64_t batch, int64_t count, int64_t rows, int64_t size) {
  const int64_t row = 3 * count * size;
  Tensor t = lie == Lie::dense ? tensor(DType::f32, {batch, count, rows, size})
                               : strided_tensor(DType::f32, {batch, count, rows, size},
                                                {rows * row, size, row, 1});
  fill<float>(t, [&](int64_t) { return random_float(rng); });
  return t;
}

TestStep step_of(Rng& rng, const Sizes& z, Lie lie, AttentionAttrs at = {0.3f, 0, 0},
                 int64_t offset = 0) {
  TestStep s;
  s.attrs = words(at);
  s.dims = {offset};
  s.in = {heads(rng, lie, z.batch, z.heads, z.queries, z.size),
          heads(rng, lie, z.batch, z.groups, z.keys, z.size),
          heads(rng, lie, z.batch, z.groups, z.keys, z.v_size)};
  const Shape y{z.batch, z.heads, z.queries, z.v_size};
  const int64_t row = z.heads * z.v_size + 1;
  s.out = {lie == Lie::dense ? tensor(DType::f32, y)
                             : strided_tensor(DType::f32, y, {z.queries * row, z.v_size, row, 1})};
  return s;
}

const Tensor* operand(const TestStep& s, size_t i) {
  return i < s.in.size() && s.in[i].op.present() ? &s.in[i] : nullptr;
}

double at(const Tensor& t, int64_t a, int64_t b, int64_t c, int64_t d) {
  const Operand& o = t.op;
  const int64_t i = a * o.strides[0] + b * o.strides[1] + c * o.strides[2] + d * o.strides[3];
  if (o.dtype == DType::boolean) return t.data<uint8_t>()[i] ? 0 : -INFINITY;
  return static_cast<double>(t.data<float>()[i]);
}

std::vector<double> reference(const TestStep& s) {
  const AttentionAttrs a = *reinterpret_cast<const AttentionAttrs*>(s.attrs.data());
  const Shape &q = s.in[0].op.shape, &v = s.in[2].op.shape;
  const int64_t keys = v[2], shared = q[1] / v[1];
  const Tensor *mask = operand(s, 3), *valid = operand(s, 4);
  std::vector<double> y;
  for (int64_t row = 0; row < q[0] * q[1] * q[2]; ++row) {
    const int64_t i = row % q[2], h = row / q[2] % q[1], b = row / q[2] / q[1], g = h / shared;
    int64_t end = mask ? mask->op.shape[3] : keys, offset = s.dims[0];
    if (valid) end = std::min(end, valid->data<int64_t>()[b]);
    if (valid) offset = valid->data<int64_t>()[b] - q[2];
    std::vector<double> w;
    double top = -INFINITY, sum = 0;
    for (int64_t t = 0; t < end; ++t) {
      double score = 0;
      for (int64_t d = 0; d < q[3]; ++d) score += at(s.in[0], b, h, i, d) * at(s.in[1], b, g, t, d);
      score *= static_cast<double>(a.scale);
      const auto cap = static_cast<double>(a.cap);
      if (cap > 0) score = cap * std::tanh(score / cap);
      if (mask) score += at(*mask, b, h, i, t);
      if (a.causal && t > i + offset) score = -INFINITY;
      w.push_back(score);
      top = std::fmax(top, score);
    }
    for (double& x : w) sum += x = top == -INFINITY ? 0 : std::exp(x - top);
    for (int64_t e = 0; e < v[3]; ++e) {
      double total = 0;
      for (size_t t = 0; t < w.size(); ++t) {
        total += w[t] * at(s.in[2], b, g, static_cast<int64_t>(t), e);
      }
      y.push_back(sum == 0 ? 0 : total / sum);
    }
  }
  return y;
}

// Sums of weights and weighted values, all below 1, over up to some hundred keys.
void check(const TestStep& s, const std::string& what) {
  const std::vector<double> want = reference(s);
  for (const Kernel* k : kernels_of("attention")) {
    const Outcome o = run_kernel(*k, s);
    ASSERT_EQ(o.refused, nullptr) << what << ": " << o.refused;
    EXPECT_EQ(o.problem, "") << what;
    EXPECT_EQ(differs(s.out[0], want, 4e-6), "") << k->name << " " << what;
  }
}

// Around every block: rows of queries, tiles of keys, keys of one turn, vectors of values.
TEST(Attention, Sizes) {
  Rng rng(1);
  for (Lie lie : {Lie::dense, Lie::rows}) {
    for (int64_t queries : {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 49}) {
      check(step_of(rng, {2, 2, 1, queries, 19, 5, 3}, lie), "queries");
    }
    for (int64_t keys : {1, 2, 6, 7, 14, 15, 28, 29, 64, 255, 256, 257, 511, 513, 700}) {
      check(step_of(rng, {1, 2, 2, 18, keys, 8, 8}, lie), "keys " + std::to_string(keys));
    }
    for (int64_t size : {1, 3, 7, 8, 9, 24, 32, 64, 80, 100, 128}) {
      check(step_of(rng, {1, 4, 2, 9, 20, size, size}, lie), "size " + std::to_string(size));
      check(step_of(rng, {1, 2, 2, 35, 20, 4, size}, lie), "v_size " + std::to_string(size));
    }
  }
}

// Rows so far apart that k and v are gathered first.
TEST(Attention, FarRows) {
  Rng rng(8);
  for (int64_t queries : {63, 64, 65, 130}) {
    check(step_of(rng, {2, 12, 6, queries, 300, 16, 15}, Lie::rows), "far rows");
    check(step_of(rng, {1, 4, 4, queries, 20, 48, 7}, Lie::rows, {0.3f, 0, 1}), "far rows");
  }
}

TEST(Attention, NothingToDo) {
  Rng rng(2);
  check(step_of(rng, {0, 2, 2, 3, 4, 5, 6}, Lie::dense), "no batch");
  check(step_of(rng, {1, 2, 2, 0, 4, 5, 6}, Lie::dense), "no queries");
  check(step_of(rng, {1, 2, 2, 3, 0, 5, 6}, Lie::dense), "no keys: zeros");
  check(step_of(rng, {1, 2, 2, 3, 4, 0, 6}, Lie::dense), "scores of nothing");
  check(step_of(rng, {1, 2, 2, 3, 4, 5, 0}, Lie::dense), "no values");
}

TEST(Attention, CapAndCausal) {
  Rng rng(3);
  for (int64_t offset : {-400, -3, -1, 0, 1, 5, 40, 300, 1000}) {
    for (int64_t keys : {20, 40, 300}) {
      check(step_of(rng, {2, 2, 1, 40, keys, 8, 9}, Lie::rows, {0.5f, 0, 1}, offset),
            "offset " + std::to_string(offset) + " keys " + std::to_string(keys));
    }
  }
  for (int64_t queries : {3, 20}) {
    for (int causal : {0, 1}) {
      check(step_of(rng, {1, 2, 2, queries, 30, 8, 8}, Lie::rows, {2, 1.5f, causal}, 28), "cap");
    }
  }
  // A cache and few new keys.
  for (int64_t size : {8, 33, 64}) {
    check(step_of(rng, {2, 2, 2, 3, 600, size, size}, Lie::dense, {0.3f, 0, 1}, 597), "cache");
  }
}

// A mask broadcast over the dimensions whose bit is set, of `keys` keys.
Tensor mask_of(Rng& rng, DType t, const Shape& scores, unsigned broadcast, bool all = false) {
  Shape own = scores;
  std::vector<int64_t> strides(4);
  for (int d = 0; d < 4; ++d) own[d] = broadcast >> d & 1 ? 1 : scores[d];
  Operand o = dense(t, own);
  for (int d = 0; d < 4; ++d) strides[static_cast<size_t>(d)] = own[d] == 1 ? 0 : o.strides[d];
  Tensor m = strided_tensor(t, scores, strides);
  if (t == DType::boolean) {
    fill<uint8_t>(m,
                  [&](int64_t) { return all ? 0 : static_cast<uint8_t>(random_int(rng, 0, 1)); });
  } else {
    fill<float>(m, [&](int64_t) {
      return all || random_int(rng, 0, 3) == 0 ? -INFINITY : random_float(rng, -3, 3);
    });
  }
  return m;
}

TEST(Attention, Masks) {
  Rng rng(4);
  for (DType t : {DType::f32, DType::boolean}) {
    for (unsigned broadcast = 0; broadcast < 16; ++broadcast) {
      for (int64_t shorter : {0, 3}) {
        TestStep s =
            step_of(rng, {2, 4, 2, 37, 270, 8, 8}, Lie::rows, {0.5f, 0, broadcast % 3 == 0});
        s.in.push_back(mask_of(rng, t, {2, 4, 37, 270 - shorter}, broadcast));
        check(s, "mask " + std::to_string(broadcast));
      }
    }
    for (int64_t queries : {2, 20}) {
      TestStep s = step_of(rng, {1, 2, 2, queries, 300, 8, 8}, Lie::dense);
      s.in.push_back(mask_of(rng, t, {1, 2, queries, 300}, 0, true));
      check(s, "all masked");
      s.in[3] = mask_of(rng, t, {1, 2, queries, 299}, 0);
      check(s, "few or many queries");
    }
  }
}

TEST(Attention, NumbersOfKeys) {
  Rng rng(5);
  for (int causal : {0, 1}) {
    TestStep s = step_of(rng, {5, 2, 2, 6, 20, 8, 8}, Lie::rows, {0.5f, 0, causal});
    s.in.push_back({});
    s.in.push_back(tensor(DType::i64, {5}));
    const int64_t valid[] = {20, 0, 7, 1, 19};
    fill<int64_t>(s.in[4], [&](int64_t i) { return valid[i]; });
    check(s, "valid");
    s.in[3] = mask_of(rng, DType::f32, {5, 2, 6, 15}, 2);
    check(s, "valid and mask");
    // From a file or a model gone wrong: taken as the nearest number there is.
    fill<int64_t>(s.in[4], [&](int64_t i) { return i % 2 ? INT64_MIN : INT64_MAX; });
    for (const Kernel* k : kernels_of("attention")) EXPECT_EQ(run_kernel(*k, s).problem, "");
  }
}

// Lanes behind the last key are not keys, whatever the cap makes of their scores.
TEST(Attention, CapAndFewerKeysThanQueries) {
  Rng rng(7);
  for (int64_t queries : {1, 2, 3, 4, 9, 20}) {
    for (int64_t keys : {1, 2, 3, 17}) {
      for (int causal : {0, 1}) {
        const TestStep s =
            step_of(rng, {1, 1, 1, queries, keys, 8, 8}, Lie::dense, {0.5f, 2, causal});
        check(s, "capped");
      }
    }
  }
}

// The maximum is subtracted, in every block of keys anew; NaN stays in its row.
TEST(Attention, LargeAndNotANumber) {
  Rng rng(6);
  TestStep s = step_of(rng, {1, 1, 1, 20, 600, 4, 4}, Lie::dense, {300, 0, 0});
  check(s, "large");
  TestStep few = step_of(rng, {1, 1, 1, 2, 600, 4, 4}, Lie::dense, {300, 0, 0});
  check(few, "large, few queries");
  few.in[0].at<float>(4) = NAN;
  for (const Kernel* k : kernels_of("attention")) {
    EXPECT_EQ(run_kernel(*k, few).problem, "");
    for (int64_t i = 0; i < 8; ++i) {
      EXPECT_EQ(std::isnan(few.out[0].at<float>(i)), i / 4 == 1) << k->name << i;
    }
  }
  s.in[0].at<float>(5 * 4) = NAN;
  for (const Kernel* k : kernels_of("attention")) {
    EXPECT_EQ(run_kernel(*k, s).problem, "");
    for (int64_t i = 0; i < 80; ++i) {
      EXPECT_EQ(std::isnan(s.out[0].at<float>(i)), i / 4 == 5) << k->name << i;
    }
  }
}

TEST(Attention, HostileSteps) {
  Rng rng(7);
  TestStep masked = step_of(rng, {2, 4, 2, 5, 9, 8, 7}, Lie::rows, {1, 2, 1}, 3);
  masked.in.push_back(mask_of(rng, DType::boolean, {2, 4, 5, 8}, 2));
  masked.in.push_back(tensor(DType::i64, {2}));
  EXPECT_EQ(try_hostile_steps("attention",
                              {step_of(rng, {2, 2, 2, 17, 9, 8, 7}, Lie::dense), masked}, 10000),
            "");
}

}  // namespace
}  // namespace hone::kernels
