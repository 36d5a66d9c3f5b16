// If whose branches give results of different ranks: decided by what follows, guarded by the
// shapes.
#include <gtest/gtest.h>

#include "host/engine/compile.h"
#include "host/exec/run_plan.h"
#include "host/graph/text.h"
#include "host/ops/op_def.h"

namespace hone::plan {
namespace {

// Exporters write x.squeeze(1) this way: squeezed where the size is 1. The Gemm takes rank 2 only.
constexpr const char* squeeze_if_one = R"(
const %axis i64[1] = [1]
const %one i64[] = [1]
const %index i64[] = [1]
const %w f32[2,3] = [1, 2, 3, 4, 5, 6]
%shape i64[3] = Shape(%x)
%size = Gather(%shape, %index) {axis=0}
%flat = Equal(%size, %one)
%v = If(%flag) "if"
  then_branch: {
    %t = Squeeze(%x, %axis) "sq"
    out %t
  }
  else_branch: {
    %e = Identity(%x)
    out %e
  }
%y = Gemm(%v, %w) "g"
)";

Result<graph::Graph> parsed(const std::string& inputs, const std::string& body) {
  HONE_ASSIGN(graph::Graph g, graph::parse_text("graph \"g\" opset {\"\" 17}\n" + inputs + body));
  HONE_RETURN_IF_ERROR(ops::infer_graph(g));
  return g;
}

std::string with_condition(const char* name) {
  std::string body = squeeze_if_one;
  return body.replace(body.find("%flag"), 5, name);
}

Result<std::vector<Tensor>> run(const graph::Graph& g, const std::vector<Tensor>& inputs) {
  HONE_ASSIGN(engine::Compiled built, engine::compile(g, {}));
  return exec::run_plan(built.plan, inputs);
}

Tensor ramp(const Dims& dims) {
  Tensor t(DType::f32, dims);
  for (int64_t i = 0; i < t.count(); ++i) t.set(i, static_cast<double>(i));
  return t;
}

TEST(DecidedIf, ShapesThatLeadElsewhereAreRefusedAtBind) {
  auto g = parsed("in %x f32[n,k,2]\n", with_condition("%flat") + "out %y as \"y\"\n");
  ASSERT_TRUE(g.ok()) << g.status().text();
  EXPECT_EQ(to_string(g->fact(g->find_value("y"))), "f32[n,3]");
  auto built = engine::compile(*g, {});
  ASSERT_TRUE(built.ok()) << built.status().text();
  for (const Step& s : built->plan.steps) EXPECT_EQ(s.kind, Step::Kind::kernel) << s.layer;

  auto y = run(*g, {ramp({2, 1, 2})});
  ASSERT_TRUE(y.ok()) << y.status().text();
  EXPECT_EQ((*y)[0].dims(), (Dims{2, 3}));
  EXPECT_EQ((*y)[0].at(5), 2 * 3 + 3 * 6);

  auto refused = run(*g, {ramp({2, 5, 2})});
  EXPECT_EQ(refused.status().code(), Code::shape_mismatch);
  EXPECT_EQ(refused.status().text(),
            "these shapes lead to else_branch of 'if', which cannot run: what follows refuses it: "
            "node 'g' (Gemm): input 0 has rank 3, not 2");
}

TEST(DecidedIf, InsideABranchOnlyRunsThatComeThereAreRefused) {
  std::string inner = with_condition("%flat");
  std::string constants = inner.substr(0, inner.find("%shape"));
  auto g = parsed("in %x f32[n,k,2]\nin %choice bool[]\n",
                  constants + "const %zero f32[1,3] = [0, 0, 0]\nconst %rows i64[2] = [1, 2]\n" +
                      "%out = If(%choice) \"outer\"\n  then_branch: {\n" +
                      inner.substr(inner.find("%shape")) +
                      "    out %y\n  }\n  else_branch: {\n    %s = ReduceSum(%x, %rows) "
                      "{keepdims=0}\n    %u = Unsqueeze(%s, %axis)\n"
                      "    %z = Add(%u, %zero)\n    out %z\n  }\nout %out as \"out\"\n");
  ASSERT_TRUE(g.ok()) << g.status().text();
  Tensor yes(DType::boolean, {}), no(DType::boolean, {});
  yes.set(0, 1);
  auto y = run(*g, {ramp({2, 1, 2}), yes});
  ASSERT_TRUE(y.ok()) << y.status().text();
  EXPECT_EQ((*y)[0].at(5), 2 * 3 + 3 * 6);
  y = run(*g, {ramp({1, 2, 2}), no});
  ASSERT_TRUE(y.ok()) << y.status().text();
  EXPECT_EQ((*y)[0].at(0), 0 + 1 + 2 + 3);
  y = run(*g, {ramp({1, 2, 2}), yes});
  EXPECT_EQ(y.status().code(), Code::invalid_argument);
  EXPECT_NE(y.status().text().find("else_branch of 'if' cannot run"), std::string::npos)
      << y.status().text();
}

TEST(DecidedIf, OpenWhereBothFit) {
  std::string body = with_condition("%flag");
  body = body.substr(0, body.find("%y =")) + "%r = Relu(%v)\nout %r as \"r\"\n";
  auto g = parsed("in %x f32[n,k,2]\nin %flag bool[]\n", body);
  ASSERT_TRUE(g.ok()) << g.status().text();
  EXPECT_FALSE(g->fact(g->find_value("r")).has_rank());
  auto built = engine::compile(*g, {});
  EXPECT_EQ(built.status().code(), Code::unsupported);
  EXPECT_NE(built.status().text().find("the rank of 'v' depends on the input's shape"),
            std::string::npos)
      << built.status().text();
}

TEST(DecidedIf, NothingRunsWhereNeitherFits) {
  std::string body = with_condition("%flag");
  body.replace(body.find("const %w f32[2,3] = [1, 2, 3, 4, 5, 6]"), 38, "const %w f32[1,1] = [1]");
  auto g = parsed("in %x f32[n,k,2]\nin %flag bool[]\n", body + "out %y as \"y\"\n");
  EXPECT_EQ(g.status().text(),
            "node 'if' (If): what follows takes neither branch: node 'g' (Gemm): inner sizes of A "
            "and B: 2 and 1 differ; node 'g' (Gemm): input 0 has rank 3, not 2");
}

}  // namespace
}  // namespace hone::plan
