// Sizes that the data decide inside the branches of an If: one context runs one branch after the
// other, for other data each time, and every result is held against the reference.
#include "testing/flag_runs.h"

namespace hone {
namespace {

using plan_tests::check;

// Both branches measure; the results differ in size.
constexpr const char* both = R"(in %x f32[n]
in %flag bool[]
const %none f32[1] = [7]
const %half f32[] = [0.5]
%before = Exp(%x)
%v = If(%flag) "if"
  then_branch: {
    %c = Greater(%x, %half)
    %k = Compress(%x, %c) {axis=0}
    %e = Exp(%k)
    out %e
  }
  else_branch: {
    %c2 = Less(%x, %half)
    %k2 = Compress(%x, %c2) {axis=0}
    %d = Concat(%none, %k2) {axis=0}
    %g = Neg(%d)
    out %g
  }
%r = Relu(%v)
%y = Mul(%r, %half)
%s = Shape(%v)
%sum = ReduceSum(%v) {keepdims=0}
%last = Add(%before, %sum)
out %v as "v"
out %y as "y"
out %s as "s"
out %last as "last"
)";

// As torchvision writes its suppression of boxes: nothing to do, or as many as the data say.
constexpr const char* guarded = R"(in %x f32[n]
in %flag bool[]
const %half f32[] = [0.5]
const %empty f32[0] = []
%c = Greater(%x, %half)
%k = Compress(%x, %c) {axis=0}
%v = If(%flag) "if"
  then_branch: {
    %t = Identity(%empty)
    out %t
  }
  else_branch: {
    %m = ReduceMean(%k) {keepdims=1}
    %over = Greater(%k, %m)
    %kept = Compress(%k, %over) {axis=0}
    out %kept
  }
%y = Neg(%v)
out %y as "y"
)";

// The sizes stay inside; what follows depends on those of before.
constexpr const char* inside = R"(in %x f32[n]
in %flag bool[]
const %half f32[] = [0.5]
%c = Greater(%x, %half)
%k = Compress(%x, %c) {axis=0}
%v = If(%flag) "outer"
  then_branch: {
    %w = If(%flag) "inner"
      then_branch: {
        %k1 = Compress(%x, %c) {axis=0}
        %s1 = ReduceSum(%k1) {keepdims=0}
        out %s1
      }
      else_branch: {
        %s2 = ReduceMax(%x) {keepdims=0}
        out %s2
      }
    %w2 = Neg(%w)
    out %w2
  }
  else_branch: {
    %s3 = ReduceSum(%k) {keepdims=0}
    out %s3
  }
%y = Mul(%k, %v)
out %y as "y"
)";

TEST(IfSizes, BothBranchesMeasure) { check(both); }
TEST(IfSizes, OneBranchIsEmpty) { check(guarded); }
TEST(IfSizes, NestedAndNotGivenOut) { check(inside); }

}  // namespace
}  // namespace hone
