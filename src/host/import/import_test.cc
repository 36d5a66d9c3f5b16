#include "host/import/import.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <limits>

#include "host/graph/text.h"
#include "host/ops/op_def.h"

namespace hone {
namespace {

using graph::Graph;
using model::Attribute;
using model::GraphProto;
using model::NodeProto;

model::TypeProto f32(std::vector<model::DimProto> shape) {
  model::TypeProto t;
  t.kind = model::TypeProto::Kind::tensor;
  t.dtype = DType::f32;
  t.has_shape = true;
  t.shape = std::move(shape);
  return t;
}
model::TypeProto boolean() {
  model::TypeProto t = f32({});
  t.dtype = DType::boolean;
  return t;
}

NodeProto node(const char* op, std::vector<std::string> inputs, std::vector<std::string> outputs,
               std::string name = "") {
  NodeProto n;
  n.op_type = op;
  n.inputs = std::move(inputs);
  n.outputs = std::move(outputs);
  n.name = std::move(name);
  return n;
}
Attribute attribute(const char* name, model::AttributeValue value) {
  Attribute a;
  a.name = name;
  a.value = std::move(value);
  return a;
}
Attribute reference(const char* name, const char* to) {
  Attribute a;
  a.name = name;
  a.ref = to;
  return a;
}

// x -> nodes -> y.
model::Model simple(std::vector<NodeProto> nodes) {
  model::Model m;
  m.ir_version = 8;
  m.producer = "test";
  m.opsets[""] = 17;
  m.graph.name = "g";
  m.graph.inputs = {{"x", f32({{-1, "batch"}, {4, ""}}), ""}};
  m.graph.outputs = {{"y", {}, ""}};
  m.graph.nodes = std::move(nodes);
  return m;
}

std::string text(const model::Model& m) {
  const auto g = import(m);
  if (!g.ok()) return std::string(name(g.code())) + ": " + g.status().text();
  const std::string s = to_text(*g);
  return s.substr(s.find("in %"));
}

// Exported, serialised, read and imported again it is the same graph.
std::string again(const Graph& g) {
  auto exported = export_model(g);
  if (!exported.ok()) return exported.status().text();
  auto bytes = std::make_shared<std::vector<std::byte>>(serialize(*exported));
  const auto model = model::read_model(*bytes, bytes, "");
  if (!model.ok()) return model.status().text();
  const auto back = import(*model);
  return back.ok() ? to_text(*back) : back.status().text();
}

// Sequences of maps, as scikit-learn's exporter ends a classifier with, and maps as inputs.
TEST(Import, Maps) {
  auto m = simple({node("ZipMap", {"x"}, {"z"}, "zip"), node("CastMap", {"d"}, {"y"}, "cast")});
  for (auto& n : m.graph.nodes) n.domain = "ai.onnx.ml";
  m.graph.nodes[0].attributes = {
      {"classlabels_strings", std::vector<std::string>{"a", "b", "c", "d"}, "", 0}};
  m.opsets["ai.onnx.ml"] = 1;
  m.graph.outputs.insert(m.graph.outputs.begin(), {"z", {}, ""});
  model::TypeProto map;
  map.kind = model::TypeProto::Kind::map;
  map.dtype = DType::i64;
  map.element = std::make_shared<const model::TypeProto>(f32({}));
  m.graph.inputs.push_back({"d", map, ""});
  const auto g = import(m);
  ASSERT_TRUE(g.ok()) << g.status().text();
  const std::string s = to_text(*g);
  EXPECT_NE(s.find("in %d map(i64, f32[])"), std::string::npos) << s;
  EXPECT_NE(s.find("%z sequence(map(string, f32[])) = ai.onnx.ml::ZipMap"), std::string::npos) << s;
  EXPECT_EQ(again(*g), s);
  const auto parsed = graph::parse_text(s);
  ASSERT_TRUE(parsed.ok()) << parsed.status().text();
  EXPECT_EQ(to_text(*parsed), s);
  m.graph.inputs.back().type.dtype = DType::f32;
  EXPECT_EQ(text(m), "unsupported: input 'd' is a map with keys of f32");
}

TEST(Import, InputsConstantsOutputs) {
  auto m = simple({node("Add", {"x", "w"}, {"y"}, "add")});
  m.graph.inputs.push_back({"w", f32({{4, ""}}), ""});
  m.graph.inputs.push_back({"u", f32({{0, ""}, {-1, "?"}}), ""});
  m.graph.initializers = {{"w", Tensor::of<float>({4}, {1, 2, 3, 4})}};
  m.graph.outputs.push_back({"x", {}, ""});
  m.graph.outputs.push_back({"w", {}, ""});
  EXPECT_EQ(text(m), R"(in %x f32[batch,4]
in %u f32["?u.0",u.1]
const %w f32[4] = [1.0, 2.0, 3.0, 4.0]
%y f32[batch,4] = Add(%x, %w) "add"
out %y as "y"
out %x as "x"
out %w as "w"
)");
  const auto g = import(m);
  EXPECT_EQ(again(*g), to_text(*g));
}

// A declared 0 is a size where the outputs agree with it, any size where they do not.
TEST(Import, DeclaredZeros) {
  auto shape_of = [](std::vector<model::DimProto> y, bool keep) {
    auto m = simple({node("ReduceSum", {"x"}, {"y"})});
    m.opsets[""] = 11;
    m.graph.nodes[0].attributes = {attribute("axes", std::vector<int64_t>{1}),
                                   attribute("keepdims", int64_t{keep})};
    m.graph.inputs = {{"x", f32({{2, ""}, {0, ""}, {4, ""}}), ""}};
    m.graph.outputs = {{"y", f32(std::move(y)), ""}};
    const std::string all = text(m);
    return all.substr(0, all.find('\n'));
  };
  EXPECT_EQ(shape_of({{2, ""}, {1, ""}, {4, ""}}, true), "in %x f32[2,0,4]");
  EXPECT_EQ(shape_of({{2, ""}, {4, ""}}, false), "in %x f32[2,0,4]");
  // A size, or a name, for what would be empty.
  auto m = simple({node("Neg", {"x"}, {"y"})});
  m.graph.inputs = {{"x", f32({{0, ""}, {4, ""}}), ""}};
  m.graph.outputs = {{"y", f32({{1, ""}, {4, ""}}), ""}};
  EXPECT_TRUE(text(m).starts_with("in %x f32[x.0,4]\n")) << text(m);
  m.graph.outputs = {{"y", f32({{-1, "n"}, {4, ""}}), ""}};
  EXPECT_TRUE(text(m).starts_with("in %x f32[x.0,4]\n")) << text(m);
  // Nothing speaks for either: any size from 0 on.
  m.graph.outputs = {{"y", f32({{0, ""}, {4, ""}}), ""}};
  EXPECT_TRUE(text(m).starts_with("in %x f32[\"?x.0\",4]\n")) << text(m);
  // What fails with a size of 0.
  m.graph.inputs.push_back({"z", f32({{3, ""}, {4, ""}}), ""});
  m.graph.nodes = {node("Add", {"x", "z"}, {"y"})};
  EXPECT_TRUE(text(m).starts_with("in %x f32[x.0,4]\n")) << text(m);
}

TEST(Import, SortsAndNamesNodes) {
  const auto m = simple({node("Neg", {"a"}, {"y"}), node("Abs", {"x"}, {"a"})});
  EXPECT_EQ(text(m), R"(in %x f32[batch,4]
%a f32[batch,4] = Abs(%x) "#1"
%y f32[batch,4] = Neg(%a) "#0"
out %y as "y"
)");
}

TEST(Import, ConstantForms) {
  std::vector<NodeProto> nodes;
  const std::vector<std::pair<const char*, model::AttributeValue>> forms = {
      {"value", Tensor::of<int8_t>({2}, {1, 2})},
      {"value_int", int64_t{7}},
      {"value_float", 0.5f},
      {"value_string", std::string("s")},
      {"value_ints", std::vector<int64_t>{1, 2}},
      {"value_floats", std::vector<float>{1, 2}},
      {"value_strings", std::vector<std::string>{"a", "b"}},
      {"value_floats", std::vector<int64_t>{}}};
  for (const auto& [key, value] : forms) {
    auto n = node("Constant", {}, {"c" + std::to_string(nodes.size())});
    n.attributes = {attribute(key, value)};
    nodes.push_back(n);
  }
  auto m = simple(nodes);
  m.graph.outputs.clear();
  for (size_t i = 0; i < nodes.size(); ++i) {
    m.graph.outputs.push_back({"c" + std::to_string(i), {}, ""});
  }
  const std::string s = text(m);
  EXPECT_EQ(s.substr(0, s.find("out ")), R"(in %x f32[batch,4]
const %c0 i8[2] = [1, 2]
const %c1 i64[] = [7]
const %c2 f32[] = [0.5]
const %c3 string[] = ["s"]
const %c4 i64[2] = [1, 2]
const %c5 f32[2] = [1.0, 2.0]
const %c6 string[2] = ["a", "b"]
const %c7 f32[0] = []
)");
}

model::Model with_if() {
  auto then_graph = std::make_shared<GraphProto>();
  then_graph->nodes = {node("Neg", {"a"}, {"t"}, "neg")};
  then_graph->outputs = {{"t", {}, ""}};
  auto else_graph = std::make_shared<GraphProto>();
  auto constant = node("Constant", {}, {"t"});
  constant.attributes = {attribute("value_floats", std::vector<float>{1, 2})};
  else_graph->nodes = {constant};
  else_graph->outputs = {{"t", {}, ""}};
  auto branch = node("If", {"c"}, {"y"}, "if1");
  branch.attributes = {attribute("then_branch", then_graph), attribute("else_branch", else_graph)};
  // The subgraph reads "a", which stands behind it in the file.
  auto m = simple({branch, node("Abs", {"x"}, {"a"}, "abs")});
  m.graph.inputs.push_back({"c", boolean(), ""});
  return m;
}

TEST(Import, Subgraphs) {
  const auto g = import(with_if());
  ASSERT_TRUE(g.ok()) << g.status().text();
  const std::string s = to_text(*g, {.facts = false});
  EXPECT_EQ(s.substr(s.find("in %")), R"(in %x
in %c
const %t f32[2] = [1.0, 2.0]
%a = Abs(%x) "abs"
%y = If(%c) "if1"
  else_branch: {
    out %t
  }
  then_branch: {
    %t_1 = Neg(%a) "neg"
    out %t_1
  }
out %y as "y"
)");
  EXPECT_EQ(again(*g), to_text(*g));
}

TEST(Import, FunctionsAreInlined) {
  model::FunctionProto inner;
  inner.domain = "local";
  inner.name = "Leaky";
  inner.inputs = {"x"};
  inner.outputs = {"x2"};
  inner.attribute_names = {"slope"};
  auto leaky = node("LeakyRelu", {"x"}, {"x2"});
  leaky.attributes = {reference("alpha", "slope")};
  inner.nodes = {leaky};
  inner.opsets[""] = 16;
  model::FunctionProto outer = inner;
  outer.name = "Twice";
  outer.inputs = {"x", "unused"};
  outer.outputs = {"out"};
  outer.attribute_defaults = {attribute("slope", 0.5f)};
  outer.nodes = {node("Leaky", {"x"}, {"x2"}, "first"), node("Leaky", {"x2"}, {"out"}, "second")};
  for (auto& n : outer.nodes) n.domain = "local";
  outer.nodes[0].attributes = {reference("slope", "slope")};
  auto call = node("Twice", {"x"}, {"y"}, "call");
  call.domain = "local";
  auto m = simple({call});
  m.opsets["local"] = 1;
  m.functions = {outer, inner};
  EXPECT_EQ(text(m), R"(in %x f32[batch,4]
%call/x2 f32[batch,4] = LeakyRelu:16(%x) {alpha=0.5} "call/first/#0"
%y f32[batch,4] = LeakyRelu:16(%call/x2) "call/second/#0"
out %y as "y"
)");
  m.functions[1].nodes[0].op_type = "Leaky";
  m.functions[1].nodes[0].domain = "local";
  EXPECT_NE(text(m).find("unsupported: node"), std::string::npos) << text(m);
  EXPECT_NE(text(m).find("function 'Leaky' calls functions without end"), std::string::npos);
}

TEST(Import, HintsHelpWhereInferenceKnowsNothing) {
  auto m = simple({node("Reshape", {"x", "s"}, {"r"}), node("Abs", {"r"}, {"y"})});
  m.graph.inputs.push_back({"s", f32({{-1, "n"}}), ""});
  m.graph.inputs.back().type.dtype = DType::i64;
  m.graph.value_infos = {{"r", f32({{-1, "batch"}, {-1, "other"}, {2, ""}}), ""}};
  m.graph.outputs[0].type = f32({{7, ""}});  // contradicts
  EXPECT_NE(text(m).find("%y f32[batch,r.1,2] = Abs(%r)"), std::string::npos) << text(m);
}

TEST(Import, ThreeThousandNodesAreQuick) {
  std::vector<NodeProto> nodes;
  for (int i = 0; i < 3000; ++i) {
    const std::string from = i == 0 ? "x" : "v" + std::to_string(i - 1);
    nodes.push_back(node("Add", {from, "w"}, {i == 2999 ? "y" : "v" + std::to_string(i)}));
  }
  auto m = simple(std::move(nodes));
  m.graph.initializers = {{"w", Tensor::scalar(1.0f)}};
  const auto start = std::chrono::steady_clock::now();
  const auto g = import(m);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(g.ok()) << g.status().text();
  EXPECT_LT(seconds.count(), 1.0);
  EXPECT_TRUE(again(*g) == to_text(*g));
}

TEST(Import, BadWeights) {
  auto m = simple({node("Sum", {"x", "a", "b", "c"}, {"y"})});
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              inf = std::numeric_limits<float>::infinity();
  m.graph.initializers = {{"a", Tensor::of<float>({4}, {nan, 1, nan, inf})},
                          {"b", Tensor::of<float>({4}, {0, 1, 2, 3})},
                          {"c", Tensor::of<float>({1}, {-inf})},
                          {"unused", Tensor::of<float>({1}, {nan})}};
  const auto g = import(m);
  ASSERT_TRUE(g.ok()) << g.status().text();
  EXPECT_EQ(bad_weights(*g),
            (std::vector<std::string>{"initializer 'a': 2 of 4 values are NaN",
                                      "initializer 'a': 1 of 4 values is infinite"}));
}

TEST(Export, KeepsOutputNamesAndRefusesOwnOperators) {
  auto g = *graph::parse_text(R"(graph "g" opset {"" 17}
in %x f32[s]
const %y f32[1] = [1.0]
%z f32[s] = Add(%x, %y) "add"
out %z as "y"
out %z as "again"
out %x as "copy"
out %y as "w"
)");
  const auto m = export_model(g);
  ASSERT_TRUE(m.ok()) << m.status().text();
  EXPECT_EQ(m->ir_version, 8);
  const auto back = import(*m);
  ASSERT_TRUE(back.ok()) << back.status().text();
  EXPECT_EQ(back->output_names, (std::vector<std::string>{"y", "again", "copy", "w"}));
  EXPECT_EQ(back->live_nodes(), 4);  // three Identities

  g = *graph::parse_text("graph \"\" opset {\"\" 17}\n%x f32[1] = ai.hone::Reorder() \"r\"");
  EXPECT_EQ(export_model(g).status().text(),
            "node 'r' (Reorder) is Hone's own and cannot be exported");
  g = *graph::parse_text(
      "graph \"\" opset {\"\" 17}\nin %x f32[1]\n%y f32[1] = Softmax:11(%x) \"s\"");
  EXPECT_EQ(export_model(g).status().text(),
            "node 's' (Softmax) is of opset 11, the model of 17, where it means something else");
}

struct Case {
  const char* message;
  std::function<model::Model()> make;
};

TEST(Import, Errors) {
  const auto foo = [](const char* name) { return node("Foo", {"x"}, {name}, name); };
  const std::vector<Case> cases = {
      {"unsupported: the model uses opset 99 of ai.onnx; Hone reads opsets 1 to 28",
       [] {
         auto m = simple({});
         m.opsets[""] = 99;
         return m;
       }},
      {"unsupported: unsupported operators: Foo (nodes 'a', 'b'), com.x.Bar (node '#2'); "
       "operators of your own come in a plugin (--plugin FILE.so)",
       [&] {
         auto bar = node("Bar", {}, {"y"});
         bar.domain = "com.x";
         return simple({foo("a"), foo("b"), bar});
       }},
      {"unsupported: unsupported operators: com.microsoft.nchwc.Conv (node '#0'); ONNX Runtime "
       "optimised the file for one processor: save it at ORT_ENABLE_EXTENDED",
       [] {
         auto conv = node("Conv", {"x"}, {"y"});
         conv.domain = "com.microsoft.nchwc";
         return simple({conv});
       }},
      {"corrupt: node 'n' (Neg): input 'q' is not defined anywhere",
       [] { return simple({node("Neg", {"q"}, {"y"}, "n")}); }},
      {"corrupt: output 'y' is not defined anywhere", [] { return simple({}); }},
      {"corrupt: value 'y' is defined twice, by nodes '#0' and '#1'",
       [] {
         return simple({node("Neg", {"x"}, {"y"}), node("Abs", {"x"}, {"y"})});
       }},
      {"corrupt: value 'x' is an input or initializer, and defined by a node too",
       [] { return simple({node("Neg", {"x"}, {"x"})}); }},
      {"corrupt: nodes read each other in a circle: 'a' -> 'n'",
       [] {
         return simple({node("Neg", {"a"}, {"y"}, "n"), node("Add", {"y", "x"}, {"a"}, "a"),
                        node("Abs", {"y"}, {"z"}, "behind")});
       }},
      {"corrupt: node 'n' (Neg): 2 inputs, where 1 are allowed",
       [] {
         return simple({node("Neg", {"x", "x"}, {"y"}, "n")});
       }},
      {"corrupt: node '#0' (Concat): attribute 'axis' is missing",
       [] { return simple({node("Concat", {"x"}, {"y"})}); }},
      {"unsupported: node '#0' (Neg): attribute 'speed' is not one of Neg's (version ",
       [] {
         auto n = node("Neg", {"x"}, {"y"});
         n.attributes = {attribute("speed", int64_t{1}), attribute("_class", int64_t{1})};
         return simple({n});
       }},
      {"corrupt: node '#0' (Concat): attribute 'axis' must be an integer",
       [] {
         auto n = node("Concat", {"x"}, {"y"});
         n.attributes = {attribute("axis", 1.0f)};
         return simple({n});
       }},
      {"corrupt: node '#0' (Neg): attribute 'a' refers to 'b' outside of a function",
       [] {
         auto n = node("Neg", {"x"}, {"y"});
         n.attributes = {reference("a", "b")};
         return simple({n});
       }},
      {"corrupt: input 'x' is declared twice",
       [] {
         auto m = simple({});
         m.graph.inputs.push_back(m.graph.inputs[0]);
         return m;
       }},
      {"corrupt: input 'x' has no element type",
       [] {
         auto m = simple({});
         m.graph.inputs[0].type = {};
         return m;
       }},
      {"corrupt: initializer 'w' is defined twice",
       [] {
         auto m = simple({});
         m.graph.initializers = {{"w", Tensor::scalar(1.0f)}, {"w", Tensor::scalar(1.0f)}};
         return m;
       }},
      {"corrupt: node 'neg' (Neg): input 'gone' is not defined anywhere",
       [] {
         auto m = with_if();
         auto& a = m.graph.nodes[0].attributes[0];
         std::get<std::shared_ptr<GraphProto>>(a.value)->nodes[0].inputs = {"gone"};
         return m;
       }},
      {"corrupt: node '#0' (Constant): a Constant without a value that Hone knows",
       [] { return simple({node("Constant", {}, {"y"})}); }},
  };
  for (const Case& c : cases) {
    const std::string got = text(c.make());
    EXPECT_TRUE(got.starts_with(c.message)) << got << "\nexpected: " << c.message;
  }
}

// ONNX Runtime's Loop and Scan lose one of two outputs of one name.
TEST(Export, OfEqualInitializersTheFirstStandsForAll) {
  auto g = graph::parse_text(R"(graph "g" opset {"" 18}
in %x f32[n,2]
const %a f32[2] = [1, 2]
const %b f32[2] = [1, 2]
const %c f32[1,2] = [1, 2]
const %d f32[2] = [1, 2]
%s = Add(%x, %a)
%t = Add(%s, %b)
%u = Add(%t, %c)
%y = Add(%u, %d)
out %y as "y"
out %d as "d"
)");
  ASSERT_TRUE(g.ok()) << g.status().text();
  ASSERT_TRUE(ops::infer_graph(*g).ok());
  const auto apart = export_model(*g), shared = export_model(*g, {.share_equal_constants = true});
  ASSERT_TRUE(apart.ok() && shared.ok());
  EXPECT_EQ(apart->graph.initializers.size(), 4u);
  // Another shape and an output stay by themselves.
  EXPECT_EQ(shared->graph.initializers.size(), 3u);
  EXPECT_EQ(shared->graph.nodes.at(1).inputs.at(1), "a");
  EXPECT_EQ(shared->graph.nodes.at(3).inputs.at(1), "d");
}

TEST(Export, ABlockGivesNoNameTwice) {
  auto g = graph::parse_text(R"(graph "g" opset {"" 18}
in %start f32[2]
in %x f32[n,2]
%sum, %sums = Scan(%start, %x) {num_scan_inputs=1}
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
  ASSERT_TRUE(g.ok()) << g.status().text();
  ASSERT_TRUE(ops::infer_graph(*g).ok());
  const auto m = export_model(*g);
  ASSERT_TRUE(m.ok()) << m.status().text();
  const auto& attributes = m->graph.nodes.at(0).attributes;
  const auto body = std::find_if(attributes.begin(), attributes.end(),
                                 [](const auto& a) { return a.name == "body"; });
  ASSERT_NE(body, attributes.end());
  const auto& outputs = std::get<std::shared_ptr<model::GraphProto>>(body->value)->outputs;
  ASSERT_EQ(outputs.size(), 2u);
  EXPECT_NE(outputs[0].name, outputs[1].name);
}

// Every model whose operators are all known: imported, exported, read again, the same text.
TEST(FullImport, RealModels) {
  const char* given = std::getenv("HONE_SHARED");
  const std::filesystem::path shared = given != nullptr ? given : HONE_SOURCE_DIR "/../shared";
  if (!std::filesystem::exists(shared)) GTEST_SKIP() << "skipped: no ../shared";
  int imported = 0;
  for (const char* folder : {"realdata/models", "models"}) {
    if (!std::filesystem::exists(shared / folder)) continue;
    for (const auto& file : std::filesystem::recursive_directory_iterator(shared / folder)) {
      const std::string path = file.path().string();
      // Skeletons have no weights.
      if (!path.ends_with(".onnx") || path.ends_with(".skeleton.onnx")) continue;
      const auto model = model::read_model(path);
      ASSERT_TRUE(model.ok()) << path << ": " << model.status().text();
      const auto g = import(*model);
      if (!g.ok() && g.status().text().starts_with("unsupported operators")) continue;
      ASSERT_TRUE(g.ok()) << path << ": " << g.status().text();
      const std::string before = to_text(*g), after = again(*g);
      EXPECT_EQ(before == after, true) << path << "\n"
                                       << graph::diff_text(before, after).substr(0, 3000);
      const auto parsed = graph::parse_text(before);
      ASSERT_TRUE(parsed.ok()) << path << ": " << parsed.status().text();
      EXPECT_EQ(to_text(*parsed) == before, true) << path;
      ++imported;
    }
  }
  EXPECT_GT(imported, 0);
}

}  // namespace
}  // namespace hone
