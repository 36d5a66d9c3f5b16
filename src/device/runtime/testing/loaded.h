// An engine file with a context on it, and engines that several test files use.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "common/wire/testing/sample_engine.h"
#include "hone/hone.hpp"

namespace hone::runtime::testing {

using wire::testing::EngineSpec;
using wire::testing::FileBytes;
using Floats = std::vector<float>;

// An engine file with a context on it.
class Loaded {
 public:
  explicit Loaded(const EngineSpec& spec, const Pool* pool = nullptr, uint64_t flags = 0)
      : file_(spec.build()) {
    Text why;
    EXPECT_EQ(engine.load_memory(file_.data(), file_.size(), &why), HONE_OK) << why.c_str();
    EXPECT_EQ(context.create(engine, pool, 0, flags, &why), HONE_OK) << why.c_str();
  }
  hone_status shape(int32_t input, std::vector<int64_t> dims) {
    return context.set_shape(input, dims.data(), static_cast<int32_t>(dims.size()));
  }
  template <class T>
  void put(int32_t input, const std::vector<T>& data) {
    const hone_buffer b = context.input_buffer(input);
    ASSERT_EQ(b.bytes, data.size() * sizeof(T));
    std::memcpy(b.data, data.data(), b.bytes);
  }
  std::vector<float> out(int32_t output) {
    const hone_buffer b = context.output_buffer(output);
    const auto* data = static_cast<const float*>(b.data);
    return {data, data + b.bytes / sizeof(float)};
  }
  std::string error() const { return context.error(); }

 private:
  FileBytes file_;

 public:
  Engine engine;
  Context context;
};

// y = x tanh(x) of N x 1000 floats, enough to be divided.
inline EngineSpec wide_spec() {
  EngineSpec e;
  const int32_t x = e.input("x", {-1, 1000});
  const std::vector<int32_t> shape = e.values[static_cast<size_t>(x)].shape;
  const int32_t t = e.arena(shape, 0);
  const int32_t y = e.output("y", shape);
  e.step("unary_f32_portable", {x}, {t}, {8, 0, 0});  // tanh
  e.step("binary_f32_portable", {t, x}, {y}, {2, 0, 0, 0});
  return e;
}

}  // namespace hone::runtime::testing
