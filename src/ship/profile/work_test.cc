// What layers have to do, against counts made by hand and those of the original nodes' OpDefs.
#include "ship/profile/work.h"

#include <gtest/gtest.h>

#include "host/import/import.h"
#include "host/model/files.h"
#include "host/model/onnx_reader.h"
#include "host/ops/op_def.h"
#include "ship/profile/layers.h"
#include "ship/profile/testing/small_engine.h"

namespace hone::ship {
namespace {

using namespace testing;

std::vector<Layer> layers_of(const std::string& body, std::vector<Dims> shapes = {}) {
  Session s = small_session(body);
  if (shapes.empty()) shapes = s.default_shapes();
  run_once(s, shapes);
  auto layers = describe_layers(s);
  EXPECT_TRUE(layers.ok()) << layers.status().text();
  return *layers;
}

// The one layer of that family.
Layer layer_of(const std::vector<Layer>& layers, const std::string& family) {
  std::vector<const Layer*> found;
  std::string all;
  for (const Layer& l : layers) {
    all += l.kernel + " ";
    if (l.family == family) found.push_back(&l);
  }
  EXPECT_EQ(found.size(), 1u) << family << " among " << all;
  return found.empty() ? Layer() : *found[0];
}

TEST(Work, EveryFamilyIsCounted) {
  for (const kernels::Family& f : kernels::all_families()) {
    EXPECT_TRUE(counts_family(f.name)) << "add it to work.cc: " << f.name;
  }
  EXPECT_FALSE(counts_family("frobnicate"));
  EXPECT_FALSE(count_work("frobnicate", {}, {}).flops.has_value());
}

TEST(Work, OfAConvolutionWithBiasAndActivation) {
  const Layer l =
      layer_of(layers_of("in %x f32[2,17,17,8]\n" + constant("w", "f32", {16, 8, 3, 3}) +
                         constant("b", "f32", {16}) +
                         "%t = Transpose(%x) {perm=[0, 3, 1, 2]}\n"
                         "%c = Conv(%t, %w, %b) {pads=[1, 1, 1, 1], strides=[2, 2]} \"c\"\n"
                         "%y = Relu(%c) \"r\"\nout %y as \"y\""),
               "conv");
  EXPECT_EQ(l.work.flops, 2.0 * 2 * 16 * 9 * 9 * 8 * 9);
  EXPECT_EQ(l.work.value_bytes, 4.0 * (2 * 17 * 17 * 8 + 2 * 9 * 9 * 16));
  EXPECT_GE(*l.work.weight_bytes, 4.0 * (16 * 8 * 9 + 16));
  EXPECT_LE(*l.work.weight_bytes, 4.0 * 64 * (8 * 9 + 1));  // packed for 64 filters at most
  EXPECT_FALSE(l.work.integers);
  EXPECT_EQ(l.nodes, (std::vector<std::string>{"c", "r"}));
  EXPECT_EQ(l.dtype, "f32");
}

TEST(Work, OfADepthwiseConvolution) {
  const Layer l =
      layer_of(layers_of("in %x f32[1,32,14,14]\n" + constant("w", "f32", {32, 1, 3, 3}) +
                         "%y = Conv(%x, %w) {group=32, pads=[1, 1, 1, 1]}\n"
                         "out %y as \"y\""),
               "conv");
  EXPECT_EQ(l.work.flops, 2.0 * 32 * 14 * 14 * 9);
  EXPECT_EQ(l.work.value_bytes, 4.0 * 2 * 32 * 14 * 14);
}

// A 1 x 1 window that moves by two reads every other row and column.
TEST(Work, PixelsThatNoWindowReachesAreNotRead) {
  const Layer l =
      layer_of(layers_of("in %x f32[1,16,14,14]\n" + constant("w", "f32", {8, 16, 1, 1}) +
                         "%y = Conv(%x, %w) {strides=[2, 2]}\nout %y as \"y\""),
               "conv");
  EXPECT_EQ(l.work.value_bytes, 4.0 * (16 * 7 * 7 + 8 * 7 * 7));
}

// One pixel under a 3 x 3 filter meets its centre alone; two of three rows meet two rows of pixels.
TEST(Work, TapsThatOnlyMeetPaddingAreNotWork) {
  const auto conv = [](const std::string& picture) {
    return layer_of(layers_of("in %x f32[1,16," + picture +
                              "]\nin %w f32[8,16,3,3]\n"
                              "%y = Conv(%x, %w) {pads=[1, 1, 1, 1]}\nout %y as \"y\""),
                    "conv");
  };
  EXPECT_EQ(conv("1,1").work.flops, 2.0 * 8 * 16);
  EXPECT_EQ(*conv("1,1").work.value_bytes, 4.0 * (16 + 8 * 16 + 8));
  EXPECT_EQ(conv("1,5").work.flops, 2.0 * 8 * 16 * 5 * 3);
  EXPECT_EQ(conv("2,2").work.flops, 2.0 * 8 * 16 * 4 * 9);
}

TEST(Work, OfProducts) {
  const Layer packed = layer_of(layers_of("in %x f32[5,64]\n" + constant("w", "f32", {64, 10}) +
                                          "%y = MatMul(%x, %w)\nout %y as \"y\""),
                                "gemm");
  EXPECT_EQ(packed.work.flops, 2.0 * 5 * 64 * 10);
  EXPECT_EQ(packed.work.value_bytes, 4.0 * (5 * 64 + 5 * 10));
  EXPECT_GE(*packed.work.weight_bytes, 4.0 * 64 * 10);
  const Layer batched = layer_of(layers_of("in %a f32[2,3,8,16]\nin %b f32[3,16,4]\n"
                                           "%y = MatMul(%a, %b)\nout %y as \"y\""),
                                 "gemm");
  EXPECT_EQ(batched.work.flops, 2.0 * 2 * 3 * 8 * 16 * 4);
  EXPECT_EQ(batched.work.value_bytes, 4.0 * (2 * 3 * 8 * 16 + 3 * 16 * 4 + 2 * 3 * 8 * 4));
  EXPECT_EQ(batched.work.weight_bytes, 0);
  const Layer turned =
      layer_of(layers_of("in %a f32[16,8]\nin %b f32[4,16]\n"
                         "%y = Gemm(%a, %b) {transA=1, transB=1}\nout %y as \"y\""),
               "gemm");
  EXPECT_EQ(turned.work.flops, 2.0 * 8 * 16 * 4);
}

TEST(Work, OfAttention) {
  const std::string body =
      "in %q f32[2,4,20,32]\nin %k f32[2,4,30,32]\nin %v f32[2,4,30,32]\n"
      "%y = Attention(%q, %k, %v)\nout %y as \"y\"";
  const Layer l = layer_of(layers_of(body), "attention");
  EXPECT_EQ(l.work.flops, 2.0 * 2 * 4 * 20 * 30 * (32 + 32));
  const graph::Graph g = small_graph(body);
  EXPECT_EQ(l.work.flops, ops::cost(g, g.node(0)).flops);
  EXPECT_EQ(l.work.value_bytes, 4.0 * 2 * 4 * 32 * (20 + 30 + 30 + 20));
}

TEST(Work, OfBytes) {
  const Layer l =
      layer_of(layers_of("in %x u8[1,16,10,10]\nconst %s f32[] = [0.5]\nconst %z u8[] = [3]\n"
                         "const %wz i8[] = [0]\n" +
                         constant("w", "i8", {8, 16, 3, 3}) +
                         "%y = QLinearConv(%x, %s, %z, %w, %s, %wz, %s, %z) {pads=[1, 1, 1, 1]}\n"
                         "out %y as \"y\""),
               "qconv");
  EXPECT_EQ(l.work.flops, 2.0 * 8 * 10 * 10 * 16 * 9);
  EXPECT_EQ(l.work.value_bytes, 16 * 100 + 8 * 100);
  EXPECT_TRUE(l.work.integers);
  EXPECT_EQ(l.dtype, "u8");
}

TEST(Work, OfRecurrences) {
  const std::string body = "in %x f32[7,2,24]\n" + constant("w", "f32", {2, 64, 24}) +
                           constant("r", "f32", {2, 64, 16}) +
                           "%y, %h, %c = LSTM(%x, %w, %r) {direction=\"bidirectional\", "
                           "hidden_size=16}\nout %y as \"y\"";
  const Layer l = layer_of(layers_of(body), "lstm");
  EXPECT_EQ(l.work.flops, 2.0 * 7 * 2 * 2 * 4 * 16 * (24 + 16));
  const graph::Graph g = small_graph(body);
  EXPECT_EQ(l.work.flops, ops::cost(g, g.node(0)).flops);
}

TEST(Work, FollowsTheShapesThatAreBound) {
  const std::string body = "in %x f32[n,8,h,h]\n" + constant("w", "f32", {4, 8, 3, 3}) +
                           "%y = Conv(%x, %w) {pads=[1, 1, 1, 1]}\nout %y as \"y\"";
  for (int64_t n : {1, 3}) {
    for (int64_t h : {6, 20}) {
      const Layer l = layer_of(layers_of(body, {{n, 8, h, h}}), "conv");
      EXPECT_EQ(l.work.flops, 2.0 * static_cast<double>(n * 4 * h * h) * 8 * 9);
    }
  }
}

TEST(Work, OfATableIsReadWhatComesOut) {
  const Layer l = layer_of(layers_of("in %i i64[5]\n" + constant("t", "f32", {1000, 16}) +
                                     "%y = Gather(%t, %i)\nout %y as \"y\""),
                           "gather");
  EXPECT_EQ(l.work.flops, 0);
  EXPECT_EQ(l.work.weight_bytes, 4.0 * 5 * 16);
  EXPECT_EQ(l.work.value_bytes, 4.0 * 5 * 16 + 8 * 5);
}

TEST(Work, AnOperandGivenTwiceIsReadOnce) {
  const Layer l =
      layer_of(layers_of("in %x f32[1,1000]\n%y = Mul(%x, %x)\nout %y as \"y\""), "binary");
  EXPECT_EQ(l.work.flops, 1000);
  EXPECT_EQ(l.work.value_bytes, 4.0 * 2000);
}

TEST(Work, WhatTheDataDecideIsUnknown) {
  const Layer l = layer_of(layers_of("in %x f32[4,100]\nconst %k i64[1] = [5]\n"
                                     "%y, %i = TopK(%x, %k)\nout %y as \"y\"\nout %i as \"i\""),
                           "topk");
  EXPECT_FALSE(l.work.flops.has_value());
  EXPECT_TRUE(l.work.bytes().has_value());
}

// Whatever is fused with them, the products of a model are those of its nodes.
TEST(Work, OfAWholeModelIsThatOfItsNodes) {
  auto model = model::read_model(std::string(HONE_SOURCE_DIR) + "/examples/fashion/fashion.onnx");
  ASSERT_TRUE(model.ok()) << model.status().text();
  auto g = import(*model);
  ASSERT_TRUE(g.ok());
  const int64_t batch = 3;
  graph::Graph bound = *g;
  const std::string input = bound.value(bound.block().inputs[0]).name;
  ASSERT_TRUE(ops::bind_input_shapes(bound, {{input, {batch, 1, 28, 28}}}).ok());
  double nodes = 0;
  for (graph::NodeId id : bound.block().nodes) {
    const std::string& op = bound.node(id).op;
    if (op == "Conv" || op == "Gemm" || op == "MatMul") {
      nodes += ops::cost(bound, bound.node(id)).flops;
    }
  }
  auto s = Session::open(small_engine(std::move(*g)), 1);
  ASSERT_TRUE(s.ok());
  run_once(*s, {{batch, 1, 28, 28}});
  auto layers = describe_layers(*s);
  ASSERT_TRUE(layers.ok());
  double all = 0;
  for (const Layer& l : *layers) {
    if (l.family == "conv" || l.family == "gemm") all += l.work.flops.value_or(0);
  }
  EXPECT_GT(nodes, 1e6);
  EXPECT_EQ(all, nodes);
}

}  // namespace
}  // namespace hone::ship
