// Every kernel of the family against plain loops in double precision.
#include "device/kernels/gemm/gemm.h"

#include <gtest/gtest.h>

#include <map>

#include "device/kernels/testing/kernel_test_util.h"
#include "device/kernels/testing/packed_hostile.h"
#include "device/kernels/testing/reference_act.h"
#include "device/kernels/testing/typed_tensor.h"

namespace hone::kernels::testing {
namespace {

struct GemmCase {
  std::vector<int64_t> a_batch, b_batch;
  int m = 1, n = 1, k = 1;
  bool trans_a = false, trans_b = false;
  float alpha = 1;
  Act act = Act::none;
  float a = 0.3f, b = 0.7f;
  int bias = 1;  // 0: none, 1: constant, 2: not constant
  bool residual = false, in_place = false, constant_b = true;
  int a_gap = 0, b_gap = 0, y_gap = 0, r_gap = 0;

  std::string text() const {
    char t[200];
    std::snprintf(t, sizeof t,
                  "m %d n %d k %d, batch ranks %zu %zu, trans %d %d, act %s, bias %d, residual %d, "
                  "constant b %d, gaps %d %d %d %d",
                  m, n, k, a_batch.size(), b_batch.size(), trans_a, trans_b, name(act), bias,
                  residual, constant_b, a_gap, b_gap, y_gap, r_gap);
    return t;
  }
};

Shape shape_of(const std::vector<int64_t>& batch, int64_t rows, int64_t columns) {
  Shape s{std::span<const int64_t>(batch)};
  s.push(rows), s.push(columns);
  return s;
}

// The batch dimensions of y; the shorter operand's missing ones count as 1.
std::vector<int64_t> broadcast(std::vector<int64_t> a, std::vector<int64_t> b) {
  a.insert(a.begin(), b.size() > a.size() ? b.size() - a.size() : 0, 1);
  b.insert(b.begin(), a.size() > b.size() ? a.size() - b.size() : 0, 1);
  for (size_t i = 0; i < a.size(); ++i) a[i] = a[i] == 1 ? b[i] : a[i];
  return a;
}

TestStep make_step(Rng& rng, const GemmCase& c) {
  TestStep s;
  s.attrs = words(GemmAttrs{c.trans_a, c.trans_b, c.alpha, c.act, c.a, c.b});
  Shape y = shape_of(broadcast(c.a_batch, c.b_batch), c.m, c.n);
  s.in.push_back(random_tensor(
      rng, c.trans_a ? shape_of(c.a_batch, c.k, c.m) : shape_of(c.a_batch, c.m, c.k), c.a_gap));
  s.in.push_back(
      random_tensor(rng, c.trans_b ? shape_of(c.b_batch, c.n, c.k) : shape_of(c.b_batch, c.k, c.n),
                    c.constant_b ? 0 : c.b_gap));
  s.in[1].op.constant = c.constant_b;
  s.in.push_back(c.bias ? random_tensor(rng, {c.n}) : Tensor{});
  s.in[2].op.constant = c.bias == 1;
  s.in.push_back(c.residual ? random_tensor(rng, y, c.r_gap) : Tensor{});
  s.out.push_back(c.residual && c.in_place ? s.in[3] : tensor(DType::f32, y, c.y_gap));
  return s;
}

// Number of the matrix of an operand with these batch dimensions for matrix i of y.
int64_t matrix_index(const std::vector<int64_t>& batch, const std::vector<int64_t>& y, int64_t i) {
  int64_t at = 0, step = 1;
  for (size_t d = 0; d < y.size(); ++d) {
    int64_t yd = y[y.size() - 1 - d];
    int64_t bd = d < batch.size() ? batch[batch.size() - 1 - d] : 1;
    at += (bd == 1 ? 0 : i % yd) * step;
    step *= bd;
    i /= yd;
  }
  return at;
}

struct Reference {
  std::vector<double> value, tolerance;
};

Reference reference(const GemmCase& c, const TestStep& s) {
  Reference r;
  std::vector<int64_t> batch = broadcast(c.a_batch, c.b_batch);
  for (int64_t i = 0, count = s.out[0].count(); i < count; ++i) {
    int64_t n = i % c.n, m = i / c.n % c.m, matrix = i / c.n / c.m;
    int64_t a = matrix_index(c.a_batch, batch, matrix) * c.m * c.k;
    int64_t b = matrix_index(c.b_batch, batch, matrix) * c.k * c.n;
    double sum = 0, magnitude = 0;
    for (int64_t k = 0; k < c.k; ++k) {
      double term = double{s.in[0].at<float>(a + (c.trans_a ? k * c.m + m : m * c.k + k))} *
                    s.in[1].at<float>(b + (c.trans_b ? n * c.k + k : k * c.n + n));
      sum += term, magnitude += std::fabs(term);
    }
    sum *= c.alpha, magnitude *= std::fabs(c.alpha);
    if (c.bias) sum += s.in[2].at<float>(n), magnitude += std::fabs(s.in[2].at<float>(n));
    if (c.residual) sum += s.in[3].at<float>(i), magnitude += std::fabs(s.in[3].at<float>(i));
    double y = reference_act(c.act, sum, c.a, c.b);
    r.value.push_back(y);
    r.tolerance.push_back(2 * (8 + 0.1 * c.k) * 6e-8 * magnitude + 2e-6 * std::fabs(y));
  }
  return r;
}

std::map<std::string, int>& accepted() {
  static std::map<std::string, int> counts;
  return counts;
}

// All but the one of other types.
std::vector<const Kernel*> f32_kernels() {
  std::vector<const Kernel*> kernels;
  for (const Kernel* k : kernels_of("gemm")) {
    if (std::strstr(k->name, "f32") != nullptr) kernels.push_back(k);
  }
  return kernels;
}

void check(Rng& rng, const GemmCase& c) {
  TestStep s = make_step(rng, c);
  Reference want = reference(c, s);
  for (const Kernel* kernel : f32_kernels()) {
    internal::Bytes before = internal::bytes_of(s.out[0]);
    Outcome r = run_kernel(*kernel, s);
    if (!r.refused) {
      ++accepted()[kernel->name];
      EXPECT_EQ(r.problem, "") << c.text();
      EXPECT_EQ(differs(s.out[0], want.value, [&](size_t i) { return want.tolerance[i]; }), "")
          << kernel->name << ": " << c.text();
    } else {
      EXPECT_STRNE(kernel->name, "gemm_f32_portable") << r.refused << ": " << c.text();
      EXPECT_EQ(std::strstr(kernel->name, "dynamic"), nullptr) << r.refused << ": " << c.text();
    }
    if (!before.empty()) std::memcpy(s.out[0].data<void>(), before.data(), before.size());
  }
}

GemmCase random_case(Rng& rng) {
  static const int sizes[] = {1, 1, 2, 3, 5, 7, 8, 13, 16, 17, 31, 32, 33, 48, 64, 65, 97};
  auto size = [&] { return sizes[random_int(rng, 0, std::size(sizes) - 1)]; };
  GemmCase c;
  c.m = size(), c.n = size(), c.k = size();
  c.constant_b = random_int(rng, 0, 1);
  if (random_int(rng, 0, 1)) c.m = random_int(rng, 1, 3);
  for (int d = random_int(rng, 0, 3); d > 0; --d) {
    int64_t size = random_int(rng, 1, 3);
    c.a_batch.push_back(random_int(rng, 0, 2) ? size : 1);
    if (!c.constant_b) c.b_batch.push_back(random_int(rng, 0, 2) ? size : 1);
  }
  if (!c.constant_b && random_int(rng, 0, 2) == 0) c.a_batch.clear();
  if (!c.b_batch.empty() && random_int(rng, 0, 3) == 0) c.b_batch.erase(c.b_batch.begin());
  c.trans_a = random_int(rng, 0, 3) == 0, c.trans_b = random_int(rng, 0, 1);
  c.alpha = random_int(rng, 0, 1) ? 1.0f : random_float(rng, -2, 2);
  c.act = static_cast<Act>(random_int(rng, 0, act_count - 1));
  c.bias = random_int(rng, 0, 2);
  c.residual = random_int(rng, 0, 1), c.in_place = random_int(rng, 0, 1);
  if (random_int(rng, 0, 1)) c.a_gap = random_int(rng, 0, 7), c.b_gap = random_int(rng, 0, 7);
  if (random_int(rng, 0, 1)) c.y_gap = random_int(rng, 0, 7), c.r_gap = random_int(rng, 0, 7);
  return c;
}

TEST(GemmKernels, GeneratedShapes) {
  Rng rng(11);
  for (int i = 0; i < 600 && !HasFailure(); ++i) check(rng, random_case(rng));
  for (const Kernel* k : f32_kernels()) {
    EXPECT_GE(accepted()[k->name], 20) << k->name << " was hardly tested";
  }
}

TEST(GemmKernels, BigPrimeAndEmpty) {
  Rng rng(12);
  GemmCase cases[6];
  cases[0].m = 197, cases[0].n = 211, cases[0].k = 389;
  cases[1].m = 1, cases[1].n = 1000, cases[1].k = 1280;
  cases[2].m = 5, cases[2].n = 40, cases[2].k = 0;
  cases[2].act = Act::relu, cases[2].residual = true;
  cases[3].m = 0, cases[3].n = 40, cases[3].k = 3;
  cases[4].m = 4, cases[4].n = 0, cases[4].k = 3;
  cases[5].m = 4, cases[5].n = 5, cases[5].k = 3, cases[5].a_batch = {0};
  for (GemmCase c : cases) {
    check(rng, c);
    c.constant_b = false, c.trans_b = true;
    check(rng, c);
  }
}

// The case in another type, of small whole numbers, whose sums every type holds.
TestStep retyped(Rng& rng, GemmCase c, DType t) {
  c.act = Act::none, c.alpha = is_float(t) ? 0.5f : 1;
  TestStep s = make_step(rng, c);
  const bool in_place = s.in[3].memory != nullptr && s.in[3].memory == s.out[0].memory;
  for (Tensor& x : s.in) {
    if (!x.op.present()) continue;
    std::vector<int64_t> strides(x.op.strides, x.op.strides + x.op.shape.rank());
    Tensor y = strided_tensor(t, x.op.shape, strides);
    for (int64_t i = 0; i < y.count(); ++i) {
      const int64_t at = y.offset(i);
      const double v =
          random_int(rng, is_float(t) || t == DType::i32 || t == DType::i64 ? -2 : 0, 2);
      if (t == DType::f16) {
        y.data<uint16_t>()[at] = f32_to_f16(static_cast<float>(v));
      } else {
        with_type(t, [&](auto z) { y.data<decltype(z)>()[at] = static_cast<decltype(z)>(v); });
      }
    }
    x = y;
  }
  std::vector<int64_t> strides(s.out[0].op.strides, s.out[0].op.strides + s.out[0].op.shape.rank());
  s.out[0] = in_place ? s.in[3] : strided_tensor(t, s.out[0].op.shape, strides);
  return s;
}

// Exactly: the reference adds up the same numbers in double.
std::vector<double> sums(const GemmCase& c, const TestStep& s, float alpha) {
  const Shape& y = s.out[0].op.shape;
  const std::vector<int64_t> batch = broadcast(c.a_batch, c.b_batch);
  std::vector<double> out;
  for (int64_t i = 0; i < y.count(); ++i) {
    const int64_t matrix = i / (int64_t{c.m} * c.n), m = i / c.n % c.m, n = i % c.n;
    const int64_t a = matrix_index(c.a_batch, batch, matrix) * c.m * c.k;
    const int64_t b = matrix_index(c.b_batch, batch, matrix) * c.k * c.n;
    double sum = 0;
    for (int64_t k = 0; k < c.k; ++k) {
      sum += get(s.in[0], a + (c.trans_a ? k * c.m + m : m * c.k + k)) *
             get(s.in[1], b + (c.trans_b ? n * c.k + k : k * c.n + n));
    }
    sum *= static_cast<double>(alpha);
    if (c.bias) sum += get(s.in[2], n);
    if (c.residual) sum += get(s.in[3], i);
    out.push_back(sum);
  }
  return out;
}

TEST(GemmKernels, OtherTypes) {
  Rng rng(14);
  const Kernel& any = *find_kernel("gemm_any_portable");
  for (DType t : {DType::f64, DType::f16, DType::i32, DType::i64, DType::u32, DType::u64,
                  DType::i16, DType::u16}) {
    for (int i = 0; i < 40; ++i) {
      GemmCase c = random_case(rng);
      if (i == 0) c.m = 3, c.n = 300, c.k = 600, c.a_batch = c.b_batch = {};  // several blocks
      TestStep s = retyped(rng, c, t);
      const std::vector<double> want = sums(c, s, is_float(t) ? 0.5f : 1);
      const Outcome o = run_kernel(any, s);
      ASSERT_EQ(o.refused, nullptr) << o.refused;
      ASSERT_EQ(o.problem, "") << c.text();
      for (size_t k = 0; k < want.size(); ++k) {
        ASSERT_EQ(get(s.out[0], static_cast<int64_t>(k)), want[k]) << name(t) << c.text();
      }
    }
  }
}

TEST(GemmKernels, IntegersWrapAround) {
  TestStep s;
  s.attrs = words(GemmAttrs{0, 0, 1, Act::none, 0, 0});
  s.in = {tensor(DType::i32, {1, 2}), tensor(DType::i32, {2, 1})};
  s.out = {tensor(DType::i32, {1, 1})};
  for (int64_t i = 0; i < 2; ++i) s.in[0].at<int32_t>(i) = INT32_MAX, s.in[1].at<int32_t>(i) = 3;
  const Kernel& any = *find_kernel("gemm_any_portable");
  EXPECT_EQ(run_kernel(any, s).problem, "");
  EXPECT_EQ(s.out[0].at<int32_t>(0), -6);
  s.attrs = words(GemmAttrs{0, 0, 0.5f, Act::none, 0, 0});
  EXPECT_NE(run_kernel(any, s).refused, nullptr);
  s.attrs = words(GemmAttrs{0, 0, 1, Act::relu, 0, 0});
  EXPECT_NE(run_kernel(any, s).refused, nullptr);
}

TEST(GemmKernels, HostileStepsAreRefusedOrStayInBounds) {
  Rng rng(13);
  std::map<std::string, int> ran;
  for (int i = 0; i < 1500 && !HasFailure(); ++i) {
    GemmCase c = random_case(rng);
    if (c.m * c.k + c.k * c.n + c.m * c.n > 3000) continue;
    const TestStep own = make_step(rng, c), other = retyped(rng, c, DType::f64);
    for (const Kernel* kernel : kernels_of("gemm")) {
      const TestStep& base = std::strstr(kernel->name, "any") != nullptr ? other : own;
      for (int round = 0; round < 3; ++round) {
        HostileStep s = packed_step(*kernel, base);
        mutate(rng, &s);
        bool one_ran = false;
        EXPECT_EQ(bind_and_run(*kernel, s, rng, &one_ran), "") << c.text();
        ran[kernel->name] += one_ran;
      }
    }
  }
  for (const Kernel* k : kernels_of("gemm")) EXPECT_GE(ran[k->name], 20) << k->name;
}

}  // namespace
}  // namespace hone::kernels::testing
