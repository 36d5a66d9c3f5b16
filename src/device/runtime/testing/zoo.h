// Engines that between them use every family: the seeds of fuzz/corpus/engine/ and of mutations.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/wire/testing/sample_engine.h"
#include "device/runtime/testing/double_plugin.h"

namespace hone::runtime::testing {

using wire::testing::EngineSpec;
using wire::testing::float_word;

// conv, pool, conv of one channel each, gemm, softmax on a picture [N, 8, 8, 3].
inline EngineSpec picture_spec() {
  EngineSpec e;
  const int32_t x = e.input("image", {-1, 8, 8, 3});
  const int32_t n = e.values[static_cast<size_t>(x)].shape[0];
  const int32_t eight = e.size(8), four = e.size(4);
  const int32_t w1 = e.weight(std::vector<float>(108, 0.1f), {4, 3, 3, 3});
  const int32_t b1 = e.weight<float>({1, -1, 0, 2}, {4});
  const int32_t w2 = e.weight(std::vector<float>(36, -0.2f), {4, 3, 3, 1});
  const int32_t w3 = e.weight(std::vector<float>(64 * 4, 0.05f), {64, 4});
  const int32_t a = e.arena({n, eight, eight, four}, 0), p = e.arena({n, four, four, four}, 1);
  const int32_t d = e.arena({n, four, four, four}, 0), flat = e.arena({n, e.size(64)}, 0);
  const int32_t g = e.arena({n, four}, 1), y = e.output("y", {n, four});
  const int32_t relu = 1, hard_swish = 5;
  e.step("conv_f32_portable", {x, w1, b1, -1}, {a},
         {4, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, relu, 0, 0, 0, 0});
  e.step("pool_f32_portable", {a}, {p}, {0, 0, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0, 0});
  e.step("conv_dw_f32_portable", {p, w2, -1, p}, {d},
         {4, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, hard_swish, 0, 0, 1, 0});
  e.step("gemm_f32_portable", {flat, w3, b1, -1}, {g}, {0, 0, float_word(1), 0, 0, 0});
  e.step("softmax_f32_portable", {g}, {y}, {1, 2, 0});
  return e;
}

// lstm, gather, reduce, pad, select, cast, copy, fill on a sequence [T, 1, 4]; c is state.
inline EngineSpec sequence_spec() {
  EngineSpec e;
  const int32_t x = e.input("x", {-1, 1, 4}), c0 = e.input("c", {1, 1, 3});
  const int32_t which = e.input("which", {2}, DType::i64);
  const int32_t t = e.values[static_cast<size_t>(x)].shape[0];
  const int32_t one = e.size(1), three = e.size(3), two = e.size(2);
  const int32_t w = e.weight(std::vector<float>(48, 0.3f), {1, 12, 4});
  const int32_t r = e.weight(std::vector<float>(36, -0.1f), {1, 12, 3});
  const int32_t t2 = e.dim(wire::DimOp::add, t, two);
  const int32_t all = e.arena({t, one, one, three}, 0), flat = e.arena({t, three}, 0);
  const int32_t rows = e.arena({two, three}, 1), sum = e.output("sum", {two});
  const int32_t next_c = e.output("next_c", {one, one, three});
  const int32_t padded = e.arena({t2, three}, 2), turned = e.output("turned", {three, t2});
  e.slots = 7;
  const auto slot_view = [&](const std::vector<int32_t>& shape, int32_t slot,
                             const std::vector<int32_t>& strides) {
    return e.value({DType::f32, shape, wire::Place::arena, slot, 0, strides, 0, 0});
  };
  const int32_t view = slot_view({three, t2}, 2, {one, three});
  const int32_t sizes = e.arena({two}, 3, DType::i64), size_floats = e.arena({two}, 4);
  const int32_t positive = e.arena({two}, 5, DType::boolean), means = e.arena({two}, 6);
  const int32_t greater = 13;
  e.step("lstm_f32_portable", {x, w, r, -1, -1, c0}, {all, -1, next_c},
         {3, 0, 0, 0, 6, 8, 8, 6, 8, 8});
  e.step("gather_any_portable", {flat, which}, {rows}, {0});
  e.step("reduce_any_portable", {rows}, {means}, {1, 2, 0});
  e.step("pad_any_portable", {flat, -1}, {padded}, {0}, {one, 0, one, 0});
  e.step("copy_any_portable", {view}, {turned}, {1}).version = 2;
  e.step("fill_any_portable", {}, {sizes}, {1, 0, 0}, {t, t2});
  e.step("cast_any_portable", {sizes}, {size_floats});
  e.step("binary_f32_portable", {means, size_floats}, {positive}, {greater, 0, 0, 0});
  e.step("select_any_portable", {positive, means, size_floats}, {sum});
  e.states.push_back({1, 1});
  return e;
}

// Two regions in one another, a trap, and a profile.
inline EngineSpec control_spec() {
  EngineSpec e;
  const int32_t x = e.input("x", {-1}), a = e.input("a", {}, DType::boolean);
  const int32_t b = e.input("b", {1}, DType::boolean);
  const std::vector<int32_t> shape = e.values[static_cast<size_t>(x)].shape;
  const int32_t h = e.arena(shape, 0), y = e.output("y", shape);
  e.step("unary_any_portable", {b}, {e.arena({e.size(1)}, 1, DType::boolean)}, {75, 0, 0});
  e.branch(a, 4, 1);
  e.branch(b, 2, 0);
  e.step("unary_f32_portable", {x}, {h}, {8, 0, 0});
  e.step("binary_f32_portable", {h, x}, {y}, {1, 0, 0, 0});
  e.step("fill_any_portable", {}, {y}, {0, float_word(7), 0});
  e.step("unary_f32_portable", {x}, {y}, {2, 0, float_word(6)});
  e.branch(b, 0, 1);
  e.step("fill_any_portable", {}, {h}, {0, 0, 0});
  e.branch(a, 1, 0);
  e.trap("no input comes here twice");
  e.profiles.push_back({{wire::Range(1, 4, 16), wire::Range(1, 1, 1)}, 128, {0, 64}});
  return e;
}

// y [N, 4] = 2 (x + w), with w = {1, 2, 3, 4} under profile 0 (N 1 to 4), w = {10, 20, 30, 40}
// under profile 1 (N 2 to 64). Real choices compute the same: these tell which ran.
inline EngineSpec profiles_spec() {
  EngineSpec e;
  const int32_t x = e.input("x", {-1, 4});
  const std::vector<int32_t> shape = e.values[static_cast<size_t>(x)].shape;
  const int32_t w0 = e.weight<float>({1, 2, 3, 4}, {4});
  const int32_t w1 = e.weight<float>({10, 20, 30, 40}, {4});
  const int32_t sum = e.arena(shape, 0), y = e.output("y", shape);
  e.step("binary_f32_portable", {x, w0}, {sum}, {0, 0, 0, 0});
  e.step("binary_f32_portable", {sum, sum}, {y}, {0, 0, 0, 0});
  const wire::Range four(4, 4, 4);
  e.profiles.push_back({{wire::Range(1, 2, 4), four}, 64, {0}, {}, {}});
  e.profiles.push_back({{wire::Range(2, 32, 64), four},
                        2048,
                        {1024},
                        {{0, "binary_f32_portable", 1, {x, w1}}},
                        {0}});
  return e;
}

// y [N, 4] = 2 (2 x + 3) of a plugin's operator, by itself and in a branch.
inline EngineSpec plugin_spec() {
  EngineSpec e;
  const int32_t x = e.input("x", {-1, 4}), a = e.input("a", {}, DType::boolean);
  const std::vector<int32_t> shape = e.values[static_cast<size_t>(x)].shape;
  const int32_t h = e.arena(shape, 0), y = e.output("y", shape);
  const wire::testing::PluginSpec twice = {"com.test", "Double"};
  e.custom(twice, "two_phases", {x}, {h}, more_blob(3));
  e.branch(a, 1, 1);
  e.custom(twice, "two_phases", {h}, {y});
  e.custom(twice, "two_phases", {h}, {y}, more_blob(0));
  return e;
}

// y[t] = 2 (x[0] + ... + x[t]) while `go`, by a loop in a loop.
inline EngineSpec loop_spec() {
  EngineSpec e;
  const int32_t x = e.input("x", {-1, 4}), go = e.input("go", {}, DType::boolean);
  const std::vector<int32_t> shape = e.values[static_cast<size_t>(x)].shape;
  const int32_t row = e.arena({shape[1]}, 0), sum = e.arena({shape[1]}, 1);
  const int32_t twice = e.arena({shape[1]}, 2), turn = e.arena({}, 3, DType::i64);
  const int32_t inner = e.arena({e.size(1)}, 4, DType::i64);
  const int32_t y = e.output("y", shape), turns = e.output("turns", {}, DType::i64);
  e.step("fill_any_portable", {}, {sum}, {0, 0, 0});
  e.loop(shape[0], go, turn, 6);
  e.step("slice_any_portable", {x, turn}, {row}, {0, 0, 0});
  e.step("binary_f32_portable", {sum, row}, {sum}, {0, 0, 0, 0});
  e.step("fill_any_portable", {}, {twice}, {0, 0, 0});
  e.loop(e.size(2), -1, inner, 1);
  e.step("binary_f32_portable", {twice, sum}, {twice}, {0, 0, 0, 0});
  e.step("slice_any_portable", {twice, turn}, {y}, {0, 1, 0});
  e.step("copy_any_portable", {turn}, {turns}, {0}).version = 2;
  const int32_t last = e.output("last", shape);  // what no loop may skip is checked when bound
  e.step("binary_f32_portable", {x, x}, {e.arena(shape, 5)}, {0, 0, 0, 0});
  e.step("unary_f32_portable", {x}, {last}, {8, 0, 0});
  return e;
}

inline std::vector<std::pair<std::string, EngineSpec>> zoo() {
  return {{"sample", wire::testing::sample_spec()},
          {"picture", picture_spec()},
          {"sequence", sequence_spec()},
          {"control", control_spec()},
          {"profiles", profiles_spec()},
          {"plugin", plugin_spec()},
          {"loop", loop_spec()}};
}

}  // namespace hone::runtime::testing
