// Loop, Scan, sequences: facts that hold in every iteration, and what they compute.
#include <gtest/gtest.h>

#include "host/graph/text.h"
#include "host/ops/evaluate.h"

namespace hone::ops {
namespace {

Graph parsed(const std::string& body) {
  auto g = graph::parse_text("graph \"g\" opset {\"\" 18}\n" + body);
  EXPECT_TRUE(g.ok()) << g.status().text();
  Graph graph = g.ok() ? *g : Graph();
  const Status status = infer_graph(graph);
  EXPECT_TRUE(status.ok()) << status.text();
  return graph;
}

std::string fact_of(const Graph& g, const char* name) {
  return to_string(g.fact(g.find_value(name)));
}

// Doubles x, appends it to a list and collects it, n times.
const char* growing = R"(in %n i64[]
in %x f32[s,2]
const %true bool[] = [1]
const %two f32[] = [2.0]
%last, %list, %all = Loop(%n, %true, %x, %x)
  body: {
    in %i i64[]
    in %goes_on bool[]
    in %value f32[s,2]
    in %longer f32[s,2]
    %next = Mul(%value, %two)
    %joined = Concat(%longer, %next) {axis=0}
    out %goes_on
    out %next
    out %joined
    out %next
  }
out %last as "last"
out %list as "list"
out %all as "all"
)";

TEST(Loop, StatesThatGrowHaveAnUnknownSize) {
  const Graph g = parsed(growing);
  EXPECT_EQ(fact_of(g, "last"), "f32[s,2]");
  EXPECT_EQ(fact_of(g, "list"), "f32[list.0,2]");
  EXPECT_EQ(fact_of(g, "longer"), "f32[longer.0,2]");
  // As many as asked for: nothing ends the loop before.
  EXPECT_EQ(fact_of(g, "all"), "f32[all.0,s,2]");
}

TEST(Loop, RunsAsOftenAsAsked) {
  const Graph g = parsed(growing);
  const Tensor x = Tensor::of<float>({1, 2}, {1, 3});
  const auto out = evaluate(g, {Tensor::scalar<int64_t>(2), x});
  ASSERT_TRUE(out.ok()) << out.status().text();
  EXPECT_TRUE(identical((*out)[0], Tensor::of<float>({1, 2}, {4, 12})));
  EXPECT_TRUE(identical((*out)[1], Tensor::of<float>({3, 2}, {1, 3, 2, 6, 4, 12})));
  EXPECT_TRUE(identical((*out)[2], Tensor::of<float>({2, 1, 2}, {2, 6, 4, 12})));
  const auto none = evaluate(g, {Tensor::scalar<int64_t>(0), x});
  ASSERT_TRUE(none.ok()) << none.status().text();
  EXPECT_TRUE(identical((*none)[0], x));
  EXPECT_EQ((*none)[2].dims()[0], 0);
}

TEST(Loop, TheConditionEndsIt) {
  const Graph g = parsed(R"(in %x i64[]
const %true bool[] = [1]
const %limit i64[] = [20]
%last = Loop(_, %true, %x)
  body: {
    in %i i64[]
    in %goes_on bool[]
    in %value i64[]
    %next = Add(%value, %value)
    %below = Less(%next, %limit)
    out %below
    out %next
  }
out %last as "last"
)");
  const auto out = evaluate(g, {Tensor::scalar<int64_t>(3)});
  ASSERT_TRUE(out.ok()) << out.status().text();
  EXPECT_TRUE(identical((*out)[0], Tensor::scalar<int64_t>(24)));
}

TEST(Loop, AStateThatChangesItsTypeIsAnError) {
  auto g = graph::parse_text(R"(graph "g" opset {"" 18}
in %n i64[]
in %x f32[2]
%y = Loop(%n, _, %x)
  body: {
    in %i i64[]
    in %goes_on bool[]
    in %value f32[2]
    %next = Cast(%value) {to=7}
    out %goes_on
    out %next
  }
out %y as "y"
)");
  ASSERT_TRUE(g.ok()) << g.status().text();
  EXPECT_EQ(infer_graph(*g).text(),
            "node of 'y' (Loop): state 0 is f32[2] before an iteration and i64[2] after it");
}

TEST(Scan, SlicesAlongAnAxisAndCollects) {
  const Graph g = parsed(R"(in %start f32[2]
in %x f32[2,n]
%sum, %sums = Scan(%start, %x) {num_scan_inputs=1, scan_input_axes=[1], scan_output_axes=[1]}
  body: {
    in %total f32[2]
    in %slice f32[2]
    %next = Add(%total, %slice)
    out %next
    out %next
  }
out %sum as "sum"
out %sums as "sums"
)");
  EXPECT_EQ(fact_of(g, "sum"), "f32[2]");
  EXPECT_EQ(fact_of(g, "sums"), "f32[2,n]");
  const auto out = evaluate(
      g, {Tensor::of<float>({2}, {0, 1}), Tensor::of<float>({2, 3}, {1, 2, 3, 10, 20, 30})});
  ASSERT_TRUE(out.ok()) << out.status().text();
  EXPECT_TRUE(identical((*out)[0], Tensor::of<float>({2}, {6, 61})));
  EXPECT_TRUE(identical((*out)[1], Tensor::of<float>({2, 3}, {1, 3, 6, 11, 31, 61})));
}

TEST(Sequence, SplitsMapsAndJoins) {
  const Graph g = parsed(R"(in %x f32[n,2]
const %two f32[] = [2.0]
const %last i64[] = [-1]
%parts = SplitToSequence(%x) {axis=0}
%doubled = SequenceMap(%parts)
  body: {
    in %part f32[1,2]
    %y = Mul(%part, %two)
    out %y
  }
%tail = SequenceAt(%doubled, %last)
%longer = SequenceInsert(%doubled, %tail)
%count = SequenceLength(%longer)
%joined = ConcatFromSequence(%longer) {axis=0}
out %joined as "joined"
out %count as "count"
)");
  EXPECT_EQ(fact_of(g, "tail"), "f32[1,2]");
  EXPECT_EQ(fact_of(g, "joined"), "f32[joined.0,2]");
  const auto out = evaluate(g, {Tensor::of<float>({2, 2}, {1, 2, 3, 4})});
  ASSERT_TRUE(out.ok()) << out.status().text();
  EXPECT_TRUE(identical((*out)[0], Tensor::of<float>({3, 2}, {2, 4, 6, 8, 6, 8})));
  EXPECT_TRUE(identical((*out)[1], Tensor::scalar<int64_t>(3)));
}

TEST(Sequence, LoopsCarryThem) {
  const Graph g = parsed(R"(in %n i64[]
in %x f32[2]
%none = SequenceEmpty()
%all = Loop(%n, _, %none)
  body: {
    in %i i64[]
    in %goes_on bool[]
    in %list f32[...]
    %more = SequenceInsert(%list, %x)
    out %goes_on
    out %more
  }
%y = ConcatFromSequence(%all) {axis=0, new_axis=1}
out %y as "y"
)");
  const auto out = evaluate(g, {Tensor::scalar<int64_t>(3), Tensor::of<float>({2}, {1, 2})});
  ASSERT_TRUE(out.ok()) << out.status().text();
  EXPECT_TRUE(identical((*out)[0], Tensor::of<float>({3, 2}, {1, 2, 1, 2, 1, 2})));
}

// What computes on tensors is given no sequence; who takes tensors only gets none.
TEST(Sequence, StayInside) {
  const Graph g = parsed("in %x f32[2,2]\n%y = SplitToSequence(%x)\nout %y as \"y\"");
  const auto out = evaluate(g, {Tensor::of<float>({2, 2}, {1, 2, 3, 4})});
  EXPECT_EQ(out.status().text(), "an output is a sequence");
  const auto values = evaluate_values(g, {Tensor::of<float>({2, 2}, {1, 2, 3, 4})});
  ASSERT_TRUE(values.ok()) << values.status().text();
  EXPECT_EQ((*values)[0].items().size(), 2u);
  const Graph bad =
      parsed("in %x f32[2,2]\n%s = SplitToSequence(%x)\n%y = Neg(%s)\nout %y as \"y\"");
  EXPECT_EQ(evaluate(bad, {Tensor::of<float>({2, 2}, {1, 2, 3, 4})}).status().text(),
            "node of 'y' (Neg): input 0 is a sequence");
}

// Nothing is a value too: it goes through If and Loop, and arithmetic is given none.
TEST(Optional, WithoutAValue) {
  const Graph g = parsed("in %x optional(f32[2])\n%y = OptionalHasElement(%x)\nout %y as \"y\"");
  const auto has = [&](const Tensor& x) { return evaluate(g, {x}); };
  EXPECT_EQ((*has(Tensor::empty_optional(DType::f32)))[0].int_at(0), 0);
  EXPECT_EQ((*has(Tensor::of<float>({2}, {1, 2})))[0].int_at(0), 1);
  EXPECT_EQ(has(Tensor::of<float>({3}, {1, 2, 3})).status().text(),
            "input 'x': dimension 0 is 2 in the model, 3 given");
  EXPECT_EQ(has(Tensor::sequence(DType::f32, {})).status().text(),
            "input 'x': a tensor expected, a sequence given");
  const Graph get = parsed("in %x optional(f32[2])\n%y = OptionalGetElement(%x)\nout %y as \"y\"");
  EXPECT_EQ(evaluate(get, {Tensor::empty_optional(DType::f32)}).status().text(),
            "node of 'y' (OptionalGetElement): the optional has no value");
}

// A batch of two sequences, the second shorter: sums so far, and of all.
TEST(Scan, OfOpset8) {
  const Graph g = parsed(R"(in %n i64[2]
in %start f32[2,1]
in %x f32[2,3,1]
%end, %all = Scan:8(%n, %start, %x) {num_scan_inputs=1}
  body: {
    in %s f32[1]
    in %v f32[1]
    %t = Add(%s, %v)
    out %t
    out %t
  }
out %end as "end"
out %all as "all"
)");
  EXPECT_EQ(fact_of(g, "all"), "f32[2,3,1]");
  const auto out =
      evaluate(g, {Tensor::of<int64_t>({2}, {3, 2}), Tensor::of<float>({2, 1}, {0, 10}),
                   Tensor::of<float>({2, 3, 1}, {1, 2, 3, 4, 5, 6})});
  ASSERT_TRUE(out.ok()) << out.status().text();
  EXPECT_TRUE(identical((*out)[0], Tensor::of<float>({2, 1}, {6, 19})));
  EXPECT_TRUE(identical((*out)[1], Tensor::of<float>({2, 3, 1}, {1, 3, 6, 14, 19, 0})));
}

}  // namespace
}  // namespace hone::ops
