// Loops and scans as regions of steps: states, what is read and collected place by place, loops in
// one another and in branches, conditions that end them.
#include "testing/flag_runs.h"

namespace hone {
namespace {

using plan_tests::check;

// A running sum and its square; backwards as well. The states change places.
constexpr const char* scans = R"(in %x f32[n]
in %flag bool[]
const %zero f32[] = [0]
const %one f32[] = [1]
%a, %b, %y, %z = Scan(%zero, %one, %x, %x) {num_scan_inputs=2, scan_input_directions=[0, 1], scan_output_directions=[1, 0]}
  body: {
    in %s f32[]
    in %t f32[]
    in %u f32[]
    in %v f32[]
    %next = Add(%s, %u)
    %square = Mul(%next, %v)
    out %t
    out %next
    out %square
    out %next
  }
%last = Sub(%a, %b)
out %last as "last"
out %y as "y"
out %z as "z"
)";

// The data say when it ends, and so how much is collected; what is outside is read every time.
constexpr const char* ended = R"(in %x f32[n]
in %flag bool[]
const %most i64[] = [6]
const %limit f32[] = [2.5]
const %zero f32[] = [0]
%outside = Exp(%x)
%sum, %all = Loop(%most, %flag, %zero) "loop"
  body: {
    in %i i64[]
    in %on bool[]
    in %s f32[]
    %now = Gather(%outside, %i) {axis=0}
    %next = Add(%s, %now)
    %below = Less(%next, %limit)
    out %below
    out %next
    out %now
  }
%count = Shape(%all)
%e = Neg(%all)
out %sum as "sum"
out %e as "e"
out %count as "count"
)";

// A loop in a loop in a branch; the inner one keeps what the outer one began.
constexpr const char* nested = R"(in %x f32[n]
in %flag bool[]
const %two i64[] = [2]
const %three i64[] = [3]
const %true bool[] = [1]
const %half f32[] = [0.5]
%before = Neg(%x)
%v = If(%flag) "if"
  then_branch: {
    %o = Loop(%three, %true, %x) "outer"
      body: {
        in %i i64[]
        in %on bool[]
        in %s f32[n]
        %k = Loop(%two, %true, %s) "inner"
          body: {
            in %j i64[]
            in %inner_on bool[]
            in %t f32[n]
            %f = Cast(%i) {to=1}
            %g = Mul(%t, %half)
            %h = Add(%g, %f)
            out %inner_on
            out %h
          }
        %m = Add(%k, %before)
        out %on
        out %m
      }
    out %o
  }
  else_branch: {
    %p = Exp(%x)
    out %p
  }
%y = Add(%v, %before)
out %y as "y"
)";

TEST(LoopSteps, Scans) { check(scans); }
TEST(LoopSteps, TheConditionDecidesSizes) { check(ended); }
TEST(LoopSteps, InsideOneAnotherAndABranch) { check(nested); }

// Why a model is not built.
std::string reason(const char* text) {
  const graph::Graph g = plan::testing::parsed(text);
  engine::CompileOptions o;
  o.target = plan::testing::test_target(mask(Isa::portable));
  const auto compiled = engine::compile(g, o);
  return compiled.ok() ? "" : compiled.status().text();
}

TEST(LoopSteps, WithoutABoundAreRefused) {
  const std::string body = R"(
  body: {
    in %i i64[]
    in %on bool[]
    in %s f32[n]
    %next = Exp(%s)
    out %on
    out %next
  }
out %y as "y"
)";
  const std::string head = "in %x f32[n]\nin %flag bool[]\nin %k i64[]\n";
  EXPECT_NE(
      reason((head + "%y = Loop(_, %flag, %x)" + body).c_str()).find("a loop without a bound"),
      std::string::npos);
  EXPECT_NE(reason((head + "%y = Loop(%k, %flag, %x)" + body).c_str()).find("input 0 of Loop"),
            std::string::npos);
  EXPECT_NE(
      reason((head + "const %m i64[] = [9223372036854775807]\n%y = Loop(%m, %flag, %x)" + body)
                 .c_str())
          .find("a loop of up to 9223372036854775807 iterations"),
      std::string::npos);
}

TEST(LoopSteps, StatesThatGrowAreRefused) {
  EXPECT_NE(reason(R"(in %x f32[n]
const %three i64[] = [3]
%y = Loop(%three, _, %x)
  body: {
    in %i i64[]
    in %on bool[]
    in %s f32[n]
    %next = Concat(%s, %x) {axis=0}
    out %on
    out %next
  }
out %y as "y"
)")
                .find("changes its size"),
            std::string::npos);
}

}  // namespace
}  // namespace hone
