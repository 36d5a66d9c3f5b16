// Engines in memory: used where they lie or copied, and closed in any order.
#include "ship/measure/session.h"

#include <gtest/gtest.h>

#include <cstring>

#include "device/platform/target_detect.h"
#include "host/engine/compile.h"
#include "host/graph/text.h"
#include "host/ops/op_def.h"

namespace hone::ship {
namespace {

// y = x w, so small that malloc puts its bytes anywhere.
std::vector<std::byte> small_engine() {
  auto graph = graph::parse_text(R"(graph "net" opset {"" 17}
in %x f32[1,4]
const %w f32[4] = [1, 2, 3, 4]
%y f32[1,4] = Mul(%x, %w) "mul"
out %y as "y"
)");
  EXPECT_TRUE(graph.ok()) << graph.status().text();
  engine::CompileOptions o;
  o.target = platform::detect_target();
  auto built = engine::compile(std::move(*graph), o);
  EXPECT_TRUE(built.ok()) << built.status().text();
  return std::move(built->bytes);
}

Tensor ones() { return Tensor::of<float>({1, 4}, {1, 1, 1, 1}); }

// A vector whose bytes begin at a multiple of 64, or do not. The tries are kept, so that the
// allocator does not give the same place again.
std::shared_ptr<std::vector<std::byte>> placed(const std::vector<std::byte>& bytes, bool aligned) {
  std::vector<std::shared_ptr<std::vector<std::byte>>> tries;
  for (size_t extra = 0; extra < 65536; extra += 16) {
    auto copy = std::make_shared<std::vector<std::byte>>();
    copy->reserve(bytes.size() + extra % 4096);
    *copy = bytes;
    if ((reinterpret_cast<uintptr_t>(copy->data()) % 64 == 0) == aligned) return copy;
    tries.push_back(std::move(copy));
  }
  return nullptr;
}

// Weights are overwritten below an open session: it sees that only where it uses them in place.
bool uses_in_place(const std::shared_ptr<std::vector<std::byte>>& bytes) {
  auto session = Session::open(bytes, 1);
  EXPECT_TRUE(session.ok()) << session.status().text();
  const Tensor before = (*session->run({ones()}))[0];
  const size_t weights = session->engine().info().weights_bytes;
  std::memset(bytes->data() + (bytes->size() - weights), 0, weights);
  const Tensor after = (*session->run({ones()}))[0];
  return !identical(before, after);
}

TEST(Session, CopiesAnEngineInMemoryOnlyWhereItMust) {
  const std::vector<std::byte> engine = small_engine();
  auto aligned = placed(engine, true), askew = placed(engine, false);
  ASSERT_TRUE(aligned && askew);
  EXPECT_TRUE(uses_in_place(aligned));
  EXPECT_FALSE(uses_in_place(askew));
}

TEST(Session, KeepsTheBytesItUses) {
  auto bytes = placed(small_engine(), true);
  ASSERT_TRUE(bytes);
  std::weak_ptr<std::vector<std::byte>> watched = bytes;
  {
    auto opened = Session::open(bytes, 1);
    ASSERT_TRUE(opened.ok());
    Session session = std::move(*opened);
    bytes.reset();
    EXPECT_FALSE(watched.expired());
    EXPECT_TRUE(session.run({ones()}).ok());
  }
  EXPECT_TRUE(watched.expired());
}

TEST(Session, ARealModelGivesTheSameBitsForAnyNumberOfThreads) {
  auto model = model::read_model(std::string(HONE_SOURCE_DIR) + "/examples/fashion/fashion.onnx");
  engine::CompileOptions o;
  o.target = platform::detect_target();
  auto bytes = std::make_shared<const std::vector<std::byte>>(engine::compile(*model, o)->bytes);
  Tensor x(DType::f32, {3, 1, 28, 28}), alone;
  for (int64_t i = 0; i < x.count(); ++i) x.set(i, static_cast<double>(i * 37 % 101) / 50 - 1);
  for (int threads : {1, 2, 4}) {
    auto session = Session::open(bytes, threads);
    ASSERT_TRUE(session.ok()) << session.status().text();
    Tensor y = (*session->run({x}))[0];
    if (threads == 1) alone = y;
    EXPECT_TRUE(identical(y, alone)) << threads;
  }
}

TEST(Session, RefusesShapesAsDataEveryTimeTheyAreWrong) {
  auto graph = graph::parse_text(R"(graph "shapes" opset {"" 17}
in %x f32[6]
in %s i64[2]
%y = Reshape(%x, %s) "fold"
out %y as "y"
)");
  ASSERT_TRUE(graph.ok()) << graph.status().text();
  ASSERT_TRUE(ops::infer_graph(*graph).ok());
  engine::CompileOptions o;
  o.target = platform::detect_target();
  auto built = engine::compile(std::move(*graph), o);
  ASSERT_TRUE(built.ok()) << built.status().text();
  auto bytes = std::make_shared<std::vector<std::byte>>(std::move(built->bytes));
  auto session = Session::open(bytes, 1);
  ASSERT_TRUE(session.ok()) << session.status().text();
  const Tensor x = Tensor::of<float>({6}, {1, 2, 3, 4, 5, 6});
  for (int again = 0; again < 2; ++again) {
    for (auto& [a, b] :
         std::initializer_list<std::pair<int64_t, int64_t>>{{2, 2}, {2, 2}, {4, 1}}) {
      auto wrong = session->run({x, Tensor::of<int64_t>({2}, {a, b})});
      EXPECT_EQ(wrong.code(), Code::shape_mismatch) << a << " " << b;
    }
    auto right = session->run({x, Tensor::of<int64_t>({2}, {3, 2})});
    ASSERT_TRUE(right.ok()) << right.status().text();
    EXPECT_EQ((*right)[0].dims(), (Dims{3, 2}));
  }
}

TEST(Session, RefusesInWords) {
  auto bytes = std::make_shared<const std::vector<std::byte>>(small_engine());
  auto session = Session::open(bytes, 1);
  ASSERT_TRUE(session.ok());
  EXPECT_EQ(session->run({}).status().text(), "0 inputs given, the model takes 1");
  EXPECT_EQ(session->run({Tensor(DType::f64, {1, 4})}).status().text(),
            "input 'x' is f64, the model takes f32");
  EXPECT_EQ(session->run({Tensor(DType::f32, {1, 5})}).code(), Code::shape_mismatch);
  EXPECT_TRUE(session->run({ones()}).ok());  // and goes on
  auto nothing = std::make_shared<const std::vector<std::byte>>();
  EXPECT_EQ(Session::open(nothing, 1).code(), Code::corrupt);
  EXPECT_EQ(Session::open("/no/such.engine", 1).code(), Code::not_found);
}

}  // namespace
}  // namespace hone::ship
