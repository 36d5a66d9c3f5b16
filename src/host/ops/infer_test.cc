// Inference: facts of small graphs written as text, symbolic sizes first.
#include <gtest/gtest.h>

#include "host/graph/text.h"
#include "host/ops/op_def.h"

namespace hone::ops {
namespace {

Graph parsed(const std::string& body, int opset = 18) {
  auto g = graph::parse_text("graph \"g\" opset {\"\" " + std::to_string(opset) +
                             ", \"ai.hone\" 1}\n" + body);
  EXPECT_TRUE(g.ok()) << g.status().text() << "\n" << body;
  return g.ok() ? *g : Graph();
}

// The fact of %y after inference, or the error.
std::string fact_of_y(const std::string& body, int opset = 18) {
  Graph g = parsed(body, opset);
  const Status status = infer_graph(g);
  if (!status.ok()) return status.text();
  return to_string(g.fact(g.find_value("y")));
}

struct Case {
  const char* body;
  const char* fact;
  int opset = 18;
};

void check(std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(fact_of_y(c.body, c.opset), c.fact) << c.body;
}

TEST(Infer, InputsThatMustBeThere) {
  check({
      {"in %x f32[3]\n%y = Add(%x, _) \"a\"", "node 'a' (Add): input 1 is missing"},
      {"in %x f32[3]\n%y = Add(%x) \"a\"",
       "node 'a' (Add): 1 inputs, which Add version 18 does not take"},
      {"in %x f32[3]\n%y = Clip(%x, _, _)", "f32[3]"},
  });
}

TEST(Infer, Windows) {
  check({
      {"in %x f32[n,3,h,w]\nin %w f32[8,3,3,3]\n"
       "%y = Conv(%x, %w) {pads=[1, 1, 1, 1], strides=[2, 2]}",
       "f32[n,8,floor_div(h + 1, 2),floor_div(w + 1, 2)]"},
      {"in %x f32[n,3,h,w]\nin %w f32[8,3,3,3]\n%y = Conv(%x, %w) {pads=[1, 1, 1, 1]}",
       "f32[n,8,h,w]"},
      {"in %x f32[n,3,h,7]\nin %w f32[8,3,3,3]\n"
       "%y = Conv(%x, %w) {auto_pad=\"SAME_UPPER\", strides=[2, 2]}",
       "f32[n,8,floor_div(h + 1, 2),4]"},
      {"in %x f32[1,3,9,9]\nin %w f32[8,3,3,3]\n%y = Conv(%x, %w) {dilations=[4, 4]}",
       "f32[1,8,1,1]"},
      {"in %x f32[1,3,8,8]\nin %w f32[8,3,3,3]\n%y = Conv(%x, %w) {dilations=[4, 4]} \"c\"",
       "node 'c' (Conv): the window spans 9 of spatial axis 0, which has 8"},
      {"in %x f32[1,4,8,8]\nin %w f32[8,3,3,3]\n%y = Conv(%x, %w) \"c\"",
       "node 'c' (Conv): channels of X and W x group: 4 and 3 differ"},
      {"in %x f32[1,1,5,5]\n%y = MaxPool(%x) {ceil_mode=1, kernel_shape=[2, 2], strides=[2, 2]}",
       "f32[1,1,3,3]"},
      // The third window would start in the padding.
      {"in %x f32[1,1,2,2]\n%y = MaxPool(%x) {ceil_mode=1, kernel_shape=[1, 1], "
       "pads=[1, 1, 1, 1], strides=[2, 2]}",
       "f32[1,1,2,2]"},
      {"in %x f32[n,c,h,w]\n%y = GlobalAveragePool(%x)", "f32[n,c,1,1]"},
      {"in %x f32[n,4,h,w]\nin %w f32[4,2,3,3]\n"
       "%y = ConvTranspose(%x, %w) {group=2, strides=[2, 2]}",
       "f32[n,4,2*h + 1,2*w + 1]"},
  });
}

TEST(Infer, ShapesThroughContent) {
  check({
      // A table of positions cut to the length of the sequence, added to it.
      {"in %x f32[n,s,8]\nin %t f32[1,64,8]\nconst %z i64[1] = [0]\nconst %o i64[1] = [1]\n"
       "const %two i64[1] = [2]\n%h = Shape(%x)\n%e = Slice(%h, %o, %two, %z)\n"
       "%p = Slice(%t, %z, %e, %o)\n%y = Add(%x, %p)",
       "f32[n,s,8]"},
      // Flatten the way PyTorch exports it.
      {"in %x f32[n,512,1,1]\nconst %zero i64[] = [0]\nconst %axis i64[1] = [0]\n"
       "const %rest i64[1] = [-1]\n"
       "%s = Shape(%x)\n%n = Gather(%s, %zero)\n%u = Unsqueeze(%n, %axis)\n"
       "%t = Concat(%u, %rest) {axis=0}\n%y = Reshape(%x, %t)",
       "f32[n,512]"},
      {"in %x f32[n,t,64]\nconst %t i64[4] = [0, 0, 8, 8]\n%y = Reshape(%x, %t)", "f32[n,t,8,8]"},
      {"in %x f32[n,t,64]\nconst %t i64[2] = [-1, 16]\n%y = Reshape(%x, %t)", "f32[4*n*t,16]"},
      {"in %x f32[n,6]\nconst %t i64[2] = [-1, 4]\n%y = Reshape(%x, %t)",
       "f32[n + floor_div(n, 2),4]"},
      {"in %x f32[2,6]\nconst %t i64[2] = [-1, 5]\n%y = Reshape(%x, %t) \"r\"",
       "node 'r' (Reshape): 12 elements of [2,6] cannot become [2,5]"},
      {"in %x f32[n,8]\n%s = Shape(%x) {start=0, end=1}\n%y = ConstantOfShape(%s)", "f32[n]"},
      {"in %x f32[n,8]\nin %z f32[1,8]\n%s = Shape(%x)\n%y = Expand(%z, %s)", "f32[n,8]"},
      {"in %x f32[n,8]\nconst %two i64[2] = [2, 1]\n%s = Shape(%x)\n%y = Mul(%s, %two)",
       "i64[2]={2*n, 8}"},
      {"in %x f32[n,8]\nconst %two i64[] = [2]\n%s = Shape(%x)\n%y = Div(%s, %two)",
       "i64[2]={floor_div(n, 2), 4}"},
      {"in %x f32[n,8]\n%s = Shape(%x)\n%f = Cast(%s) {to=1}\n%y = Cast(%f) {to=7}", "i64[2]"},
      {"in %x f32[n,8]\n%s = Shape(%x)\n%y = ReduceProd(%s) {keepdims=0}", "i64[]={8*n}"},
      {"in %x f32[n,8]\n%y = Size(%x)", "i64[]={8*n}"},
      {"in %x f32[n,8]\nconst %a i64[] = [0]\nconst %d i64[] = [1]\nconst %i i64[] = [0]\n"
       "%s = Shape(%x)\n%l = Gather(%s, %i)\n%y = Range(%a, %l, %d)",
       "i64[n]"},
      {"in %x f32[n,8]\nconst %k i64[2] = [-1, 8]\n%s = Shape(%x)\n%y = Equal(%s, %k)",
       "bool[2]={0, 1}"},
      {"in %x f32[n,8]\nconst %i i64[] = [5]\n%s = Shape(%x)\n%y = Gather(%s, %i) \"g\"",
       "node 'g' (Gather): index 5 is out of range for size 2"},
  });
}

TEST(Infer, Slices) {
  const std::string head = "in %x f32[n,10]\n";
  const auto sliced = [&](const char* starts, const char* ends, const char* axes,
                          const char* steps) {
    const auto list = [](const char* name, const char* v) {
      return std::string("const %") + name + " i64[1] = [" + v + "]\n";
    };
    return fact_of_y(head + list("s", starts) + list("e", ends) + list("a", axes) +
                     list("k", steps) + "%y = Slice(%x, %s, %e, %a, %k)");
  };
  EXPECT_EQ(sliced("2", "9223372036854775807", "1", "3"), "f32[n,3]");
  EXPECT_EQ(sliced("-1", "-9223372036854775808", "1", "-1"), "f32[n,10]");
  EXPECT_EQ(sliced("8", "2", "1", "-2"), "f32[n,3]");
  EXPECT_EQ(sliced("5", "2", "1", "1"), "f32[n,0]");
  EXPECT_EQ(sliced("1", "2147483647", "0", "1"), "f32[n - 1,10]");
  EXPECT_EQ(sliced("0", "-1", "0", "1"), "f32[n - 1,10]");
  EXPECT_EQ(sliced("-1", "9223372036854775807", "0", "1"), "f32[1,10]");
  EXPECT_EQ(sliced("0", "9223372036854775807", "0", "2"), "f32[floor_div(n + 1, 2),10]");
  EXPECT_EQ(sliced("-1", "-2147483648", "0", "-1"), "f32[n,10]");
  EXPECT_EQ(sliced("0", "3", "0", "1"), "f32[min(n, 3),10]");
  EXPECT_EQ(sliced("0", "3", "0", "0"), "node of 'y' (Slice): a step is 0");
  EXPECT_EQ(sliced("0", "3", "2", "1"), "node of 'y' (Slice): axis 2 is out of range for rank 2");
  check({{"in %x f32[n,10]\n%y = Slice(%x) {axes=[1], ends=[-1], starts=[1]}", "f32[n,8]", 9}});
}

TEST(Infer, Broadcasting) {
  check({
      {"in %a f32[n,1,4]\nin %b f32[3,1]\n%y = Add(%a, %b)", "f32[n,3,4]"},
      {"in %a f32[n]\nin %b f32[m]\n%y = Add(%a, %b)", "f32[select(equal(n, 1), m, n)]"},
      // A size is not negative: the same, however it was sliced.
      {"in %a f32[floor_div(t, 9) - 1]\n"
       "in %b f32[min(floor_div(t, 9), max(0, floor_div(t, 9) - 1))]\n%y = Add(%a, %b)",
       "f32[floor_div(t, 9) - 1]"},
      {"in %a f32[t - 3]\nin %b f32[max(0, t - 3)]\n%y = Add(%b, %a)", "f32[t - 3]"},
      {"in %a f32[t - 3]\nin %b f32[max(0, t - 4)]\n%y = Add(%a, %b)",
       "f32[select(equal(t, 4), max(0, t - 4), t - 3)]"},
      {"in %a f32[n]\nin %b f32[7]\n%y = Add(%a, %b)", "f32[7]"},
      {"in %a f32[2]\nin %b f32[3]\n%y = Add(%a, %b) \"a\"",
       "node 'a' (Add): sizes 2 and 3 cannot be broadcast"},
      {"in %a f32[2]\nin %b i64[2]\n%y = Add(%a, %b) \"a\"",
       "node 'a' (Add): inputs have different types: f32 and i64"},
      {"in %a f32[b,h,s,64]\nin %b f32[b,h,64,t]\n%y = MatMul(%a, %b)", "f32[b,h,s,t]"},
      {"in %a f32[5]\nin %b f32[n,5,3]\n%y = MatMul(%a, %b)", "f32[n,3]"},
      {"in %a f32[k,n]\nin %b f32[10,k]\n%y = Gemm(%a, %b) {transA=1, transB=1}", "f32[n,10]"},
      {"in %a f32[2,3]\nin %b f32[4,5]\n%y = MatMul(%a, %b) \"m\"",
       "node 'm' (MatMul): inner sizes of A and B: 3 and 4 differ"},
      {"in %c bool[n,1]\nin %a f32[4]\nin %b f32[]\n%y = Where(%c, %a, %b)", "f32[n,4]"},
  });
}

TEST(Infer, Movement) {
  check({
      {"in %a f32[n,3]\nin %b f32[m,k]\n%y = Concat(%a, %b) {axis=0}", "f32[m + n,3]"},
      {"in %x f32[n,7]\n%y, %z = Split(%x) {axis=1, num_outputs=2}", "f32[n,4]"},
      {"in %x f32[n,6]\n%y, %z, %u = Split(%x) {axis=1}", "f32[n,2]", 13},
      {"in %x f32[n,3,h]\nconst %p i64[6] = [0, 0, 1, 0, 0, 2]\n%y = Pad(%x, %p)",
       "f32[n,3,h + 3]"},
      {"in %x f32[n,3,h]\n%y = Transpose(%x) {perm=[2, 0, 1]}", "f32[h,n,3]"},
      {"in %x f32[n,3,h]\n%y = Flatten(%x) {axis=2}", "f32[3*n,h]"},
      {"in %x f32[1,n,1]\nconst %a i64[1] = [-1]\n%y = Squeeze(%x, %a)", "f32[1,n]"},
      {"in %x f32[1,n,1]\n%y = Squeeze(%x)", "f32[...]"},
      {"in %x f32[2,n]\nconst %a i64[1] = [0]\n%y = Squeeze(%x, %a) \"s\"",
       "node 's' (Squeeze): axis 0 to be squeezed has size 2, not 1"},
      {"in %x f32[n,16,h,w]\n%y = DepthToSpace(%x) {blocksize=2}", "f32[n,4,2*h,2*w]"},
      {"in %x f32[n,3,h,w]\nconst %s f32[4] = [1.0, 1.0, 2.0, 2.0]\n%y = Resize(%x, _, %s)",
       "f32[n,3,2*h,2*w]"},
      {"in %x f32[n,3,h]\nconst %a i64[1] = [1]\n%y = ReduceMean(%x, %a)", "f32[n,1,h]"},
      {"in %x f32[n,3,h]\n%y = ReduceMean(%x) {axes=[-1, 1], keepdims=0}", "f32[n]", 17},
      {"in %x f32[n,3,h]\n%y = ArgMax(%x) {axis=-1, keepdims=0}", "i64[n,3]"},
      {"in %x f32[s,b,8]\nin %w f32[2,64,8]\nin %r f32[2,64,16]\n"
       "%y, %h, %c = LSTM(%x, %w, %r) {direction=\"bidirectional\", hidden_size=16}",
       "f32[s,2,b,16]"},
  });
}

TEST(Infer, Fused) {
  check({
      {"in %x f32[n,3,h,w]\nin %w f32[8,3,3,3]\nin %r f32[n,8,h,w]\n"
       "%y = ai.hone::FusedConv(%x, %w, _, %r) {activation=\"relu\", pads=[1, 1, 1, 1]}",
       "f32[n,8,h,w]"},
      {"in %x f32[n,4]\n%y = ai.hone::Activation(%x) {activation=\"rleu\"} \"a\"",
       "node 'a' (Activation): there is no activation 'rleu'"},
  });
}

constexpr const char* branches = R"(in %x f32[n,4]
in %flag bool[]
const %cols i64[1] = [1]
%y = If(%flag) "if"
  then_branch: {
    %t = ReduceSum(%x, %cols)
    out %t
  }
  else_branch: {
    %e = Identity(%x)
    out %e
  }
)";

TEST(Infer, BranchesAreJoined) {
  check({{branches, "f32[n,y.1]"}});
  std::string known = branches;
  known.replace(known.find("in %flag bool[]"), 15, "const %flag bool[] = [1]");
  check({{known.c_str(), "f32[n,1]"}});
}

TEST(Infer, BranchesTakeNoInputs) {
  Graph g = parsed(R"(in %x f32[n]
in %flag bool[]
%y = If(%flag) "if"
  then_branch: {
    in %a f32[n]
    out %a
  }
  else_branch: {
    out %x
  }
out %y as "y"
)");
  EXPECT_EQ(infer_graph(g).text(),
            "node 'if' (If): then_branch has inputs: nobody gives a branch any");
}

TEST(Infer, BranchThatCannotRunIsPoisoned) {
  Graph g = parsed(R"(in %x f32[n,4]
in %flag bool[]
const %one i64[1] = [1]
%y = If(%flag) "if"
  then_branch: {
    %t = Squeeze(%x, %one) "sq"
    out %t
  }
  else_branch: {
    out %x
  }
out %y as "y"
)");
  ASSERT_TRUE(infer_graph(g).ok());
  EXPECT_EQ(to_string(g.fact(g.find_value("y"))), "f32[n,4]");
  EXPECT_EQ(g.block(1).poisoned, "node 'sq' (Squeeze): axis 1 to be squeezed has size 4, not 1");
  EXPECT_EQ(g.block(2).poisoned, "");
}

TEST(BindInputShapes, SubstitutesAndInfersAnew) {
  Graph g = parsed("in %a f32[n,3]\nin %b f32[n,k]\n%y = Concat(%a, %b) {axis=1}\nout %y as \"y\"");
  ASSERT_TRUE(infer_graph(g).ok());
  EXPECT_EQ(to_string(g.fact(g.find_value("y"))), "f32[n,k + 3]");
  ASSERT_TRUE(bind_input_shapes(g, {{"a", {2, 3}}}).ok());
  EXPECT_EQ(to_string(g.fact(g.find_value("y"))), "f32[2,k + 3]");
  ASSERT_TRUE(bind_input_shapes(g, {{"b", {2, 5}}}).ok());
  EXPECT_EQ(to_string(g.fact(g.find_value("y"))), "f32[2,8]");
}

TEST(BindInputShapes, SaysWhatDoesNotFit) {
  const Graph g = parsed("in %a f32[n,3]\nin %b f32[n]\n%y = Identity(%a)\nout %y as \"y\"");
  const auto message = [&](const std::map<std::string, Dims>& shapes) {
    Graph copy = g;
    return bind_input_shapes(copy, shapes).text();
  };
  EXPECT_EQ(message({{"a", {1}}}), "input 'a': rank 2 expected, 1 given");
  EXPECT_EQ(message({{"a", {1, 4}}}), "input 'a': dimension 1 is 3 in the model, 4 given");
  EXPECT_EQ(message({{"a", {1, 3}}, {"b", {2}}}), "'n' is 1 by input 'a' and 2 by input 'b'");
  EXPECT_EQ(message({{"c", {1}}}), "no input 'c'; the inputs are: 'a', 'b'");
  EXPECT_EQ(message({{"a", {-1, 3}}}), "input 'a': size -1 is negative");
}

TEST(FindOp, TakesTheLargestVersionThatIsNotNewer) {
  EXPECT_EQ(find_op("", "Slice", 9)->since, 1);
  EXPECT_EQ(find_op("", "Slice", 10)->since, 10);
  EXPECT_EQ(find_op("ai.onnx", "Slice", 28)->since, 10);
  EXPECT_EQ(find_op("", "HardSwish", 13), nullptr);
  EXPECT_EQ(find_op("", "Nonsense", 28), nullptr);
  EXPECT_EQ(find_op("other", "Slice", 10), nullptr);
  EXPECT_NE(find_op("ai.hone", "FusedConv", 1), nullptr);
}

}  // namespace
}  // namespace hone::ops
