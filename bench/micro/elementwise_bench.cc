// Element by element: activations of MobileNets, residual sums, broadcasts, conversions.
#include "device/kernels/binary/binary.h"
#include "device/kernels/chain/chain.h"
#include "device/kernels/testing/typed_tensor.h"
#include "device/kernels/unary/unary.h"
#include "kernel_bench.h"

namespace hone::kernels::testing {
namespace {

const Shape picture = {1, 56, 56, 64};
const auto elements = static_cast<double>(picture.count());

Tensor values(DType t, const Shape& shape) {
  Rng rng(1);
  return random_of(rng, t, shape);
}

void add_unary(const char* name, int32_t op, DType t) {
  register_step("unary", name, {0, 2 * elements * bits(t) / 8}, [op, t] {
    TestStep s;
    s.attrs = words(UnaryAttrs{op, 1, 1});
    s.in = {values(t, picture)};
    s.out = {tensor(t, picture)};
    return s;
  });
}

void add_binary(const char* name, Binary op, DType t, const Shape& b, DType result) {
  register_step("binary", name, {0, elements * (2 * bits(t) + bits(result)) / 8}, [=] {
    TestStep s;
    s.attrs = words(BinaryAttrs{op, Act::none, 0, 0});
    s.in = {values(t, picture), values(t, b)};
    s.out = {tensor(result, picture)};
    return s;
  });
}

}  // namespace

void register_unary() {
  add_unary("relu", static_cast<int32_t>(Act::relu), DType::f32);
  add_unary("hard_swish", static_cast<int32_t>(Act::hard_swish), DType::f32);
  add_unary("sigmoid", static_cast<int32_t>(Act::sigmoid), DType::f32);
  add_unary("gelu_erf", static_cast<int32_t>(Act::gelu_erf), DType::f32);
  add_unary("sin", static_cast<int32_t>(Unary::sin), DType::f32);
  add_unary("selu", static_cast<int32_t>(Unary::selu), DType::f32);
  add_unary("sinh", static_cast<int32_t>(Unary::sinh), DType::f32);
  add_unary("abs_i32", static_cast<int32_t>(Unary::abs), DType::i32);
}

void register_binary() {
  add_binary("residual_add", Binary::add, DType::f32, picture, DType::f32);
  add_binary("residual_add_bf16", Binary::add, DType::bf16, picture, DType::bf16);
  add_binary("scale_by_channel", Binary::mul, DType::f32, {64}, DType::f32);
  add_binary("scale_by_scalar", Binary::mul, DType::f32, {}, DType::f32);
  add_binary("greater", Binary::greater, DType::f32, picture, DType::boolean);
  add_binary("and_bool", Binary::logical_and, DType::boolean, picture, DType::boolean);
  add_binary("div_i64", Binary::div, DType::i64, picture, DType::i64);
  add_binary("add_i64", Binary::add, DType::i64, picture, DType::i64);
}

// x * scale + shift per channel, times its sigmoid.
void register_chain() {
  register_step("chain", "affine_silu", {0, elements * 8}, [] {
    auto op = [](Binary b) { return chain_binary + static_cast<int>(b); };
    ChainAttrs at = {4,
                     {{chain_code(op(Binary::mul), 4, 0, 1), 0, 0},
                      {chain_code(op(Binary::add), 4, 4, 2), 0, 0},
                      {chain_code(static_cast<int>(Act::sigmoid), 5, 4, 0), 0, 0},
                      {chain_code(op(Binary::mul), 0, 4, 5), 0, 0}}};
    TestStep s;
    s.attrs = words(at);
    s.in = {values(DType::f32, picture), values(DType::f32, {64}), values(DType::f32, {64})};
    s.out = {tensor(DType::f32, picture)};
    return s;
  });
}

void register_select() {
  register_step("select", "masked_f32", {0, elements * 13}, [] {
    TestStep s;
    s.in = {values(DType::boolean, picture), values(DType::f32, picture),
            values(DType::f32, picture)};
    s.out = {tensor(DType::f32, picture)};
    return s;
  });
}

void register_cast() {
  struct Pair {
    const char* name;
    DType from, to;
  };
  for (const Pair& p :
       {Pair{"u8_to_f32", DType::u8, DType::f32}, Pair{"f32_to_f16", DType::f32, DType::f16},
        Pair{"i64_to_f32", DType::i64, DType::f32}}) {
    register_step("cast", p.name, {0, elements * (bits(p.from) + bits(p.to)) / 8}, [p] {
      TestStep s;
      s.in = {values(p.from, picture)};
      s.out = {tensor(p.to, picture)};
      return s;
    });
  }
}

}  // namespace hone::kernels::testing
