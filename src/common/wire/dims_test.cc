#include "common/wire/dims.h"

#include <gtest/gtest.h>

#include <vector>

#include "engine_generated.h"

namespace hone::wire {
namespace {

constexpr int64_t smallest = INT64_MIN, largest = INT64_MAX;

// The value of op(a, b); -999 where there is none.
int64_t value_of(DimOp op, int64_t a, int64_t b) {
  const std::vector<DimInstr> program = {DimInstr(DimOp::constant, 0, 0, a),
                                         DimInstr(DimOp::constant, 0, 0, b), DimInstr(op, 0, 1, 0)};
  std::vector<int64_t> out(3);
  const device::Status s = eval_dims(program, {}, {}, out);
  if (s.ok()) return out[2];
  EXPECT_EQ(s.code(), Code::shape_mismatch);
  return -999;
}

TEST(Dims, Arithmetic) {
  EXPECT_EQ(value_of(DimOp::add, 3, 4), 7);
  EXPECT_EQ(value_of(DimOp::sub, 3, 4), -1);
  EXPECT_EQ(value_of(DimOp::mul, 3, 4), 12);
  EXPECT_EQ(value_of(DimOp::min, 3, 4), 3);
  EXPECT_EQ(value_of(DimOp::max, 3, 4), 4);
  EXPECT_EQ(value_of(DimOp::equal, 3, 3), 1);
  EXPECT_EQ(value_of(DimOp::equal, 3, 4), 0);
  EXPECT_EQ(value_of(DimOp::less, 3, 4), 1);
  EXPECT_EQ(value_of(DimOp::less, 4, 3), 0);
}

TEST(Dims, Division) {
  for (int64_t a = -7; a <= 7; ++a) {
    for (int64_t b = -3; b <= 3; ++b) {
      if (b == 0) continue;
      const auto quotient = static_cast<double>(a) / static_cast<double>(b);
      const auto floor = static_cast<int64_t>(__builtin_floor(quotient));
      EXPECT_EQ(value_of(DimOp::floor_div, a, b), floor) << a << " / " << b;
      EXPECT_EQ(value_of(DimOp::ceil_div, a, b), static_cast<int64_t>(__builtin_ceil(quotient)))
          << a << " / " << b;
      EXPECT_EQ(value_of(DimOp::mod, a, b), a - floor * b) << a << " % " << b;
    }
  }
}

TEST(Dims, WhatDoesNotFitIsAnError) {
  EXPECT_EQ(value_of(DimOp::add, largest, 1), -999);
  EXPECT_EQ(value_of(DimOp::sub, smallest, 1), -999);
  EXPECT_EQ(value_of(DimOp::mul, largest, 2), -999);
  for (DimOp op : {DimOp::floor_div, DimOp::ceil_div, DimOp::mod}) {
    EXPECT_EQ(value_of(op, 1, 0), -999);
    EXPECT_EQ(value_of(op, smallest, -1), -999);
  }
  EXPECT_EQ(value_of(DimOp::add, largest, smallest), -1);
}

TEST(Dims, InputsAndSelect) {
  const std::vector<DimInstr> program = {
      DimInstr(DimOp::input_dim, 0, 1, 0), DimInstr(DimOp::input_dim, 1, 0, 0),
      DimInstr(DimOp::less, 0, 1, 0), DimInstr(DimOp::select, 0, 1, 2)};
  std::vector<int64_t> out(4);
  const std::vector<Shape> shapes = {Shape{2, 5}, Shape{9}};
  ASSERT_TRUE(eval_dims(program, shapes, {}, out).ok());
  EXPECT_EQ(out, (std::vector<int64_t>{5, 9, 1, 5}));
  const std::vector<Shape> other = {Shape{2, 9}, Shape{5}};
  ASSERT_TRUE(eval_dims(program, other, {}, out).ok());
  EXPECT_EQ(out[3], 5);
}

TEST(Dims, SaysWhichDimension) {
  const std::vector<DimInstr> program = {DimInstr(DimOp::input_dim, 0, 0, 0),
                                         DimInstr(DimOp::floor_div, 0, 0, 0)};
  std::vector<int64_t> out(2);
  const std::vector<Shape> shapes = {Shape{0}};
  EXPECT_STREQ(eval_dims(program, shapes, {}, out).text().c_str(),
               "these input shapes give no size for dimension 1 of the engine (floor_div overflows "
               "or divides by 0)");
}

TEST(Dims, DataAreTheirBoundUntilMeasured) {
  const std::vector<DimInstr> program = {
      DimInstr(DimOp::constant, 0, 0, 10), DimInstr(DimOp::data, 0, 0, 0),
      DimInstr(DimOp::data, 0, 1, -1), DimInstr(DimOp::mul, 1, 2, 0)};
  std::vector<int64_t> out(4);
  std::vector<Measured> measured(4);
  ASSERT_TRUE(eval_dims(program, {}, measured, out).ok());
  EXPECT_EQ(out, (std::vector<int64_t>{10, 10, 1, 10}));
  measured[1] = {3, true};
  measured[2] = {-7, true};
  ASSERT_TRUE(eval_dims(program, {}, measured, out).ok());
  EXPECT_EQ(out, (std::vector<int64_t>{10, 3, -7, -21}));
  measured[1].value = 11;
  const device::Status s = eval_dims(program, {}, measured, out);
  EXPECT_EQ(s.code(), Code::shape_mismatch);
  EXPECT_STREQ(s.text().c_str(),
               "a size that the data decide is 11, which is over its bound of 10");
}

}  // namespace
}  // namespace hone::wire
