#include "device/kernels/chain/chain.h"

#include <gtest/gtest.h>

#include <cmath>

#include "device/kernels/testing/hostile.h"

namespace hone::kernels {
namespace {

using namespace testing;

constexpr int op(Binary b) { return chain_binary + static_cast<int>(b); }
constexpr int op(Act a) { return static_cast<int>(a); }
constexpr int op(Unary u) { return static_cast<int>(u); }

ChainAttrs program(std::initializer_list<ChainInstruction> list) {
  ChainAttrs at = {};
  for (const ChainInstruction& c : list) at.instruction[at.count++] = c;
  return at;
}

TestStep step_of(const ChainAttrs& at, const std::vector<Tensor>& in, const Shape& y) {
  TestStep s;
  s.attrs = words(at);
  s.in = in;
  s.out = {tensor(DType::f32, y)};
  return s;
}

// Functions at random that every kernel has; registers are reused and results read twice.
ChainAttrs random_program(Rng& rng, int inputs) {
  const int unary[] = {op(Act::relu),    op(Act::clip),   op(Act::sigmoid),     op(Act::gelu_erf),
                       op(Act::tanh),    op(Act::mish),   op(Unary::neg),       op(Unary::sqrt),
                       op(Unary::floor), op(Unary::sign), op(Unary::reciprocal)};
  const Binary binary[] = {Binary::add, Binary::sub, Binary::mul,  Binary::div,
                           Binary::min, Binary::max, Binary::prelu};
  ChainAttrs at = {};
  at.count = random_int(rng, 1, chain_length);
  std::vector<int> readable;
  for (int k = 0; k < inputs; ++k) readable.push_back(k);
  auto any = [&] {
    return readable[static_cast<size_t>(random_int(rng, 0, static_cast<int>(readable.size()) - 1))];
  };
  for (int i = 0; i < at.count; ++i) {
    bool two = random_int(rng, 0, 1) != 0;
    int a = any(), b = two ? any() : 0;
    int dst = i + 1 == at.count ? 0 : random_int(rng, chain_inputs, chain_registers - 1);
    int f = two ? op(binary[random_int(rng, 0, 6)]) : unary[random_int(rng, 0, 10)];
    at.instruction[i] = {chain_code(f, dst, a, b), -0.5f, 1.25f};
    if (dst != 0) readable.push_back(dst);
  }
  return at;
}

// What the unary and binary kernels of the same instruction set make of the program, one function
// after another over whole tensors.
Tensor one_by_one(const Kernel& chain, const ChainAttrs& at, const std::vector<Tensor>& in,
                  const Shape& y) {
  const std::string isa = name(chain.isa);
  const Kernel* unary = find_kernel(("unary_f32_" + isa).c_str());
  const Kernel* binary = find_kernel(("binary_f32_" + isa).c_str());
  std::vector<Tensor> reg(chain_registers);
  for (size_t k = 0; k < in.size(); ++k) {
    reg[k] = tensor(DType::f32, y);
    for (int64_t i = 0; i < reg[k].count(); ++i) {
      reg[k].at<float>(i) = in[k].at<float>(broadcast_position(in[k].op.shape, y, i));
    }
  }
  Tensor result;
  for (int i = 0; i < at.count; ++i) {
    const ChainInstruction& c = at.instruction[i];
    TestStep s;
    s.in = {reg[static_cast<size_t>(c.a())]};
    s.out = {tensor(DType::f32, y)};
    if (c.is_binary()) {
      s.attrs = words(BinaryAttrs{static_cast<Binary>(c.op() - chain_binary), Act::none, 0, 0});
      s.in.push_back(reg[static_cast<size_t>(c.b())]);
    } else {
      s.attrs = words(UnaryAttrs{c.op(), c.p, c.q});
    }
    Outcome o = run_kernel(c.is_binary() ? *binary : *unary, s);
    EXPECT_EQ(o.problem, "");
    EXPECT_FALSE(o.refused);
    result = s.out[0];
    if (i + 1 < at.count) reg[static_cast<size_t>(c.dst())] = result;
  }
  return result;
}

struct Pattern {
  std::vector<Shape> in;
  Shape y;
};
// Sizes around a block (1024) and a unit (4096); every way to broadcast.
const std::vector<Pattern>& patterns() {
  static const std::vector<Pattern> p = {
      {{{7}}, {7}},
      {{{}}, {}},
      {{{1023}, {}}, {1023}},
      {{{1025}, {1025}, {1}}, {1025}},
      {{{64, 67}, {67}, {64, 1}, {}}, {64, 67}},
      {{{4097}, {4097}, {4097}, {4097}}, {4097}},
      {{{2, 9, 9, 33}, {2, 1, 1, 33}, {9, 1}, {2, 9, 9, 1}}, {2, 9, 9, 33}},
      {{{5, 1}, {1, 6}}, {5, 6}},
      {{{}, {1}}, {3, 5}},
      {{{2, 1, 3, 1, 2, 1, 2, 1}, {1, 3, 1, 2, 1, 2, 1, 3}}, {2, 3, 3, 2, 2, 2, 2, 3}},
      {{{3, 4100}, {3, 1}, {4100}}, {3, 4100}},
      {{{0, 3}, {3}}, {0, 3}},
  };
  return p;
}

bool same_bits(const Tensor& a, const Tensor& b, int64_t i) {
  float x = a.at<float>(i), y = b.at<float>(i);
  return std::isnan(x) ? std::isnan(y) : std::memcmp(&x, &y, sizeof x) == 0;
}

TEST(Chain, GivesTheBitsOfItsFunctionsOneByOne) {
  Rng rng(1);
  for (int round = 0; round < 30; ++round) {
    for (const Pattern& p : patterns()) {
      std::vector<Tensor> in;
      for (const Shape& shape : p.in) in.push_back(random_tensor(rng, shape, 0, -3, 3));
      ChainAttrs at = random_program(rng, static_cast<int>(in.size()));
      TestStep s = step_of(at, in, p.y);
      int ran = 0;
      for (const Kernel* k : kernels_of("chain")) {
        Outcome o = run_kernel(*k, s);
        if (o.refused) continue;
        ++ran;
        ASSERT_EQ(o.problem, "");
        Tensor want = one_by_one(*k, at, in, p.y);
        for (int64_t i = 0; i < want.count(); ++i) {
          ASSERT_TRUE(same_bits(s.out[0], want, i))
              << k->name << " round " << round << " " << text(p.y) << " element " << i << ": "
              << get(s.out[0], i) << ", want " << get(want, i);
        }
      }
      EXPECT_GT(ran, 0);
    }
  }
}

TEST(Chain, KnownValues) {
  Tensor x = tensor(DType::f32, {3}), two = tensor(DType::f32, {});
  fill<float>(x, [](int64_t i) { return static_cast<float>(i) - 1; });
  two.at<float>(0) = 2;
  // (x * 2 - x) ^ 2 of -1, 0, 1; then 3 - that by clip: min(max(v, 0.5), 0.75)
  ChainAttrs at = program({{chain_code(op(Binary::mul), 4, 0, 1), 0, 0},
                           {chain_code(op(Binary::sub), 4, 4, 0), 0, 0},
                           {chain_code(op(Binary::pow), 9, 4, 1), 0, 0},
                           {chain_code(op(Act::clip), 0, 9, 0), 0.5f, 0.75f}});
  TestStep s = step_of(at, {x, two}, {3});
  for (const Kernel* k : kernels_of("chain")) {
    Outcome o = run_kernel(*k, s);
    if (o.refused) continue;
    EXPECT_EQ(o.problem, "");
    EXPECT_EQ(get(s.out[0], 0), 0.75);
    EXPECT_EQ(get(s.out[0], 1), 0.5);
    EXPECT_EQ(get(s.out[0], 2), 0.75);
  }
}

TEST(Chain, InPlace) {
  Rng rng(2);
  Tensor x = random_tensor(rng, {5, 1701}), row = random_tensor(rng, {1701}), before = clone(x);
  // y = x * row - x: x is read again after results have been made.
  ChainAttrs at = program(
      {{chain_code(op(Binary::mul), 4, 0, 1), 0, 0}, {chain_code(op(Binary::sub), 0, 4, 0), 0, 0}});
  TestStep s = step_of(at, {x, row}, {5, 1701});
  s.out[0] = x;
  for (const Kernel* k : kernels_of("chain")) {
    std::memcpy(x.data<char>(), before.data<char>(), static_cast<size_t>(x.memory->bytes()));
    Outcome o = run_kernel(*k, s);
    if (o.refused) continue;
    EXPECT_EQ(o.problem, "");
    for (int64_t i = 0; i < x.count(); ++i) {
      float v = before.at<float>(i), want = v * row.at<float>(i % 1701) - v;
      ASSERT_EQ(x.at<float>(i), want) << k->name << " " << i;
    }
  }
}

TEST(Chain, RefusesProgramsThatMakeNoSense) {
  Tensor x = tensor(DType::f32, {8});
  const ChainInstruction good = {chain_code(op(Unary::neg), 0, 0, 0), 0, 0};
  const ChainInstruction bad[] = {
      {chain_code(op(Unary::neg), 4, 0, 0), 0, 0},          // the last has a register
      {chain_code(op(Unary::neg), 0, 1, 0), 0, 0},          // an operand that is not there
      {chain_code(op(Unary::neg), 0, 4, 0), 0, 0},          // never written
      {chain_code(op(Unary::neg), 0, 200, 0), 0, 0},        // no such register
      {chain_code(op(Unary::neg), 0, 0, 1), 0, 0},          // a second value
      {chain_code(op(Binary::add), 0, 0, 4), 0, 0},         // never written
      {chain_code(op(Binary::less), 0, 0, 0), 0, 0},        // not f32
      {chain_code(op(Unary::is_nan), 0, 0, 0), 0, 0},       // not f32
      {chain_code(op(Unary::bitwise_not), 0, 0, 0), 0, 0},  // not of f32
      {chain_code(unary_end, 0, 0, 0), 0, 0},               // no function
      {chain_code(act_count, 0, 0, 0), 0, 0},               // no function
  };
  const Kernel* k = find_kernel("chain_f32_portable");
  TestStep s = step_of(program({good}), {x}, {8});
  EXPECT_FALSE(run_kernel(*k, s).refused);
  for (const ChainInstruction& c : bad) {
    TestStep refused = step_of(program({c}), {x}, {8});
    EXPECT_TRUE(run_kernel(*k, refused).refused) << c.code;
  }
  TestStep empty = step_of(program({}), {x}, {8});
  EXPECT_TRUE(run_kernel(*k, empty).refused);
}

TEST(Chain, HostileSteps) {
  Rng rng(3);
  std::vector<TestStep> seeds;
  for (size_t i : {1, 3, 4, 6, 7, 9}) {
    const Pattern& p = patterns()[i];
    std::vector<Tensor> in;
    for (const Shape& shape : p.in) in.push_back(random_tensor(rng, shape));
    seeds.push_back(step_of(random_program(rng, static_cast<int>(in.size())), in, p.y));
  }
  EXPECT_EQ(try_hostile_steps("chain", seeds, 30000), "");
}

}  // namespace
}  // namespace hone::kernels
