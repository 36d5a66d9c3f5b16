// Sessions over graphs written in a test.
#pragma once

#include <gtest/gtest.h>

#include "device/platform/target_detect.h"
#include "host/engine/compile.h"
#include "host/graph/text.h"
#include "host/ops/op_def.h"
#include "ship/measure/inputs.h"
#include "ship/measure/session.h"

namespace hone::ship::testing {

// "const %w f32[2,3] = 0x...": halves, which no pass drops as it might zeros or ones.
inline std::string constant(const std::string& name, const std::string& type, const Dims& dims) {
  int64_t count = 1;
  std::string shape;
  for (int64_t d : dims) {
    count *= d;
    shape += (shape.empty() ? "" : ",") + std::to_string(d);
  }
  const std::string one = type == "f32" ? "0000003f" : type == "i32" ? "03000000" : "03";
  std::string hex;
  for (int64_t i = 0; i < count; ++i) hex += one;
  return "const %" + name + " " + type + "[" + shape + "] = 0x" + hex + "\n";
}

inline graph::Graph small_graph(const std::string& body) {
  auto g = graph::parse_text("graph \"g\" opset {\"\" 23}\n" + body);
  EXPECT_TRUE(g.ok()) << g.status().text();
  const Status inferred = ops::infer_graph(*g);
  EXPECT_TRUE(inferred.ok()) << inferred.text();
  return std::move(*g);
}

inline std::shared_ptr<const std::vector<std::byte>> small_engine(
    graph::Graph g, const engine::CompileOptions& given = {}) {
  engine::CompileOptions o = given;
  o.target = platform::detect_target();
  auto built = engine::compile(std::move(g), o);
  EXPECT_TRUE(built.ok()) << built.status().text();
  return std::make_shared<const std::vector<std::byte>>(std::move(built->bytes));
}

inline Session small_session(const std::string& body, int threads = 1,
                             const engine::CompileOptions& o = {}) {
  auto s = Session::open(small_engine(small_graph(body), o), threads);
  EXPECT_TRUE(s.ok()) << s.status().text();
  return std::move(*s);
}

// Bound, given noise, run once.
inline void run_once(Session& s, const std::vector<Dims>& shapes) {
  ASSERT_TRUE(s.bind(shapes).ok());
  for (size_t i = 0; i < shapes.size(); ++i) {
    ASSERT_TRUE(s.set_input(i, random_input(s.inputs()[i], shapes[i], i)).ok());
  }
  const Status ran = s.run();
  ASSERT_TRUE(ran.ok()) << ran.text();
}

}  // namespace hone::ship::testing
