// A small engine that has a bit of everything; the base of mutations.
#pragma once

#include <bit>

#include "common/wire/testing/tiny_engine.h"

namespace hone::wire::testing {

inline int32_t float_word(float f) { return std::bit_cast<int32_t>(f); }

// y [N, 4] = condition ? relu(x + w) : x * x, with w = {1, 2, 3, 4}; h' [4] = h + w is state.
// Inputs: x f32 [N, 4], condition bool [], h f32 [4]. Outputs: y, h'.
inline EngineSpec sample_spec() {
  EngineSpec e;
  const int32_t x = e.input("x", {-1, 4});
  const int32_t n = e.values[static_cast<size_t>(x)].shape[0];
  const int32_t four = e.values[static_cast<size_t>(x)].shape[1];
  const int32_t condition = e.input("condition", {}, DType::boolean);
  const int32_t h = e.input("h", {4});
  const int32_t y = e.output("y", {n, four});
  const int32_t next_h = e.output("next_h", {four});
  const int32_t w = e.weight<float>({1, 2, 3, 4}, {4});
  const int32_t sum = e.arena({n, four}, 0);
  e.checks.push_back({e.dim(DimOp::less, n, e.size(10000)), "N must be below 10000"});

  const int32_t add = 0, mul = 2, relu = 1;
  e.branch(condition, 2, 1);
  e.step("binary_f32_portable", {x, w}, {sum}, {add, 0, 0, 0});
  e.step("unary_f32_portable", {sum}, {y}, {relu, 0, 0});
  e.step("binary_f32_portable", {x, x}, {y}, {mul, 0, 0, 0});
  e.step("binary_f32_portable", {h, w}, {next_h}, {add, 0, 0, 0});
  e.states.push_back({1, 2});
  e.properties.push_back({"labels", "a b c d"});
  return e;
}

}  // namespace hone::wire::testing
