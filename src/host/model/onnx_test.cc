#include "host/model/onnx.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/base/hash.h"
#include "host/model/files.h"
#include "host/model/pb_test_util.h"

namespace hone::model {
namespace {

using namespace testing;
namespace fs = std::filesystem;

Result<Model> read(const std::string& bytes) { return read_model(bytes_of(bytes), nullptr, ""); }

// The one attribute of the one node of a model made by with_attribute().
template <class T>
T attribute(const std::string& fields) {
  const auto bytes = std::make_shared<std::string>(with_attribute(len(1, "a") + fields));
  const auto model = read_model(bytes_of(*bytes), bytes, "");
  EXPECT_TRUE(model.ok()) << model.status().text();
  if (!model.ok()) return T{};
  const Attribute& a = model->graph.nodes.at(0).attributes.at(0);
  const auto* value = std::get_if<T>(&a.value);
  EXPECT_NE(value, nullptr) << "index " << a.value.index();
  // What is written is read as the same.
  const auto written = serialize(*model);
  const auto again = read_model(written, nullptr, "");
  EXPECT_TRUE(again.ok() && serialize(*again) == written);
  return value == nullptr ? T{} : *value;
}

Tensor tensor(const std::string& fields) {
  const auto bytes = std::make_shared<std::string>(with_tensor(len(8, "w") + fields));
  const auto model = read_model(bytes_of(*bytes), bytes, "");
  EXPECT_TRUE(model.ok()) << model.status().text();
  return model.ok() ? model->graph.initializers.at(0).tensor : Tensor();
}

TEST(Onnx, EveryFieldOfAModel) {
  const std::string node = len(1, "x") + len(1, "") + len(2, "y") + len(3, "n") + len(4, "Op") +
                           len(6, "doc") + len(7, "ai.onnx") + len(8, "over") +
                           len(9, len(1, "k") + len(2, "v"));
  const std::string type = len(1, num(1, 1) + len(2, len(1, len(2, "batch")) + len(1, num(1, 3)) +
                                                         len(1, "") + len(1, num(1, -1))));
  const std::string graph = len(1, node) + len(2, "g") + len(10, "gdoc") +
                            len(11, len(1, "x") + len(2, type)) + len(12, len(1, "y")) +
                            len(13, len(1, "z") + len(2, len(4, len(1, type))));
  const auto model = read(num(1, 13) + len(2, "p") + len(3, "pv") + len(4, "d") + num(5, 7) +
                          len(6, "doc\xff") + len(7, graph) + len(8, num(2, 17)) +
                          len(8, len(1, "com.x") + num(2, 2)) + len(14, len(1, "a") + len(2, "b")));
  ASSERT_TRUE(model.ok()) << model.status().text();
  EXPECT_EQ(model->ir_version, 13);
  EXPECT_EQ(model->producer + model->producer_version + model->domain, "ppvd");
  EXPECT_EQ(model->model_version, 7);
  EXPECT_EQ(model->doc, "doc?");
  EXPECT_EQ(model->opsets, (std::map<std::string, int64_t>{{"", 17}, {"com.x", 2}}));
  EXPECT_EQ(model->metadata, (Metadata{{"a", "b"}}));
  const NodeProto& n = model->graph.nodes.at(0);
  EXPECT_EQ(n.inputs, (std::vector<std::string>{"x", ""}));
  EXPECT_EQ(n.outputs, (std::vector<std::string>{"y"}));
  EXPECT_EQ(n.name + n.op_type + n.doc + n.domain + n.overload, "nOpdocover");
  EXPECT_EQ(n.metadata, (Metadata{{"k", "v"}}));
  const TypeProto& t = model->graph.inputs.at(0).type;
  EXPECT_EQ(t.kind, TypeProto::Kind::tensor);
  ASSERT_EQ(t.shape.size(), 4u);
  EXPECT_EQ(t.shape[0].symbol, "batch");
  EXPECT_EQ(t.shape[1].size, 3);
  EXPECT_EQ(t.shape[2].size, -1);
  EXPECT_EQ(t.shape[3].size, -1);
  EXPECT_EQ(model->graph.outputs.at(0).type.kind, TypeProto::Kind::none);
  const TypeProto& sequence = model->graph.value_infos.at(0).type;
  EXPECT_EQ(sequence.kind, TypeProto::Kind::sequence);
  EXPECT_EQ(sequence.element->dtype, DType::f32);
  const auto written = serialize(*model);
  const auto again = read_model(written, nullptr, "");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(serialize(*again), written);
  EXPECT_EQ(again->graph.inputs.at(0).type.shape[0].symbol, "batch");
  EXPECT_EQ(again->graph.nodes.at(0).metadata, n.metadata);
}

TEST(Onnx, EveryKindOfAttribute) {
  EXPECT_EQ(attribute<float>(f32(2, 1.5f) + num(20, 1)), 1.5f);
  EXPECT_EQ(attribute<int64_t>(num(3, -5) + num(20, 2)), -5);
  EXPECT_EQ(attribute<std::string>(len(4, "\xff") + num(20, 3)), "\xff");
  EXPECT_EQ(to_doubles(attribute<Tensor>(len(5, num(2, 1) + f32(4, 2)) + num(20, 4)))[0], 2);
  EXPECT_EQ(attribute<std::shared_ptr<GraphProto>>(len(6, len(2, "sub")) + num(20, 5))->name,
            "sub");
  using Floats = std::vector<float>;
  EXPECT_EQ(attribute<Floats>(f32(7, 1) + f32(7, 2) + num(20, 6)), (Floats{1, 2}));
  EXPECT_EQ(attribute<Floats>(len(7, fixed(1.f) + fixed(2.f)) + num(20, 6)), (Floats{1, 2}));
  using Ints = std::vector<int64_t>;
  EXPECT_EQ(attribute<Ints>(num(8, 1) + num(8, -2) + num(20, 7)), (Ints{1, -2}));
  EXPECT_EQ(attribute<Ints>(len(8, varint(1) + varint(300)) + num(20, 7)), (Ints{1, 300}));
  EXPECT_EQ(attribute<std::vector<std::string>>(len(9, "a") + len(9, "") + num(20, 8)).size(), 2u);
  EXPECT_EQ(attribute<std::vector<Tensor>>(len(10, num(2, 1) + f32(4, 2)) + num(20, 9)).size(), 1u);
  using Graphs = std::vector<std::shared_ptr<GraphProto>>;
  EXPECT_EQ(attribute<Graphs>(len(11, "") + len(11, "") + num(20, 10)).size(), 2u);
  EXPECT_EQ(attribute<TypeProto>(len(14, len(1, num(1, 7))) + num(20, 13)).dtype, DType::i64);
}

TEST(Onnx, AttributesWithoutTypeOrValue) {
  EXPECT_EQ(attribute<int64_t>(num(3, 4)), 4);
  EXPECT_EQ(attribute<int64_t>(num(20, 2)), 0);
  EXPECT_EQ(attribute<std::string>(num(20, 3)), "");
  EXPECT_TRUE(attribute<std::vector<int64_t>>(num(20, 7)).empty());
  // The type decides, wherever it stands and whatever else is there.
  EXPECT_EQ(attribute<float>(num(20, 1) + num(3, 4) + f32(2, 1)), 1);
}

TEST(Onnx, FunctionsAndReferences) {
  const std::string node = len(4, "Elu") + len(5, len(1, "alpha") + len(21, "slope") + num(20, 1));
  const std::string function = len(1, "Fn") + len(4, "a") + len(5, "b") + len(6, "slope") +
                               len(7, node) + len(9, num(2, 17)) + len(10, "test") +
                               len(11, len(1, "bias") + f32(2, 0.5f) + num(20, 1));
  const auto model = read(model_of("") + len(25, function));
  ASSERT_TRUE(model.ok()) << model.status().text();
  const auto again = read_model(serialize(*model), nullptr, "");
  ASSERT_TRUE(again.ok());
  const FunctionProto& f = again->functions.at(0);
  EXPECT_EQ(f.domain + "." + f.name, "test.Fn");
  EXPECT_EQ(f.attribute_names, (std::vector<std::string>{"slope"}));
  EXPECT_EQ(std::get<float>(f.attribute_defaults.at(0).value), 0.5f);
  const Attribute& a = f.nodes.at(0).attributes.at(0);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(a.value));
  EXPECT_EQ(a.ref, "slope");
  EXPECT_EQ(a.ref_type, 1);
}

TEST(Onnx, TypedData) {
  const std::string two = num(1, 2);
  const auto ints = [&](DType type, const std::string& data) {
    return to_ints(tensor(two + num(2, static_cast<int64_t>(type)) + data));
  };
  using Ints = std::vector<int64_t>;
  EXPECT_EQ(ints(DType::i8, num(5, -1) + num(5, 255)), (Ints{-1, -1}));
  EXPECT_EQ(ints(DType::u8, len(5, varint(3) + varint(255))), (Ints{3, 255}));
  EXPECT_EQ(ints(DType::i32, num(5, -7) + num(5, 8)), (Ints{-7, 8}));
  EXPECT_EQ(ints(DType::boolean, num(5, 5) + num(5, 0)), (Ints{1, 0}));
  EXPECT_EQ(ints(DType::i64, num(7, INT64_MIN) + num(7, 1)), (Ints{INT64_MIN, 1}));
  EXPECT_EQ(ints(DType::u32, num(11, 4294967295) + num(11, 1)), (Ints{4294967295, 1}));
  EXPECT_EQ(ints(DType::u64, num(11, -1) + num(11, 1)), (Ints{-1, 1}));
  EXPECT_EQ(ints(DType::i4, num(5, 0x8f)), (Ints{-1, -8}));
  EXPECT_EQ(ints(DType::u2, num(5, 0x0e)), (Ints{2, 3}));
  EXPECT_EQ(ints(DType::f16, num(5, 0x3c00) + num(5, 0xc000)), (Ints{1, -2}));
  EXPECT_EQ(ints(DType::bf16, num(5, 0x3f80) + num(5, 0xc000)), (Ints{1, -2}));
  EXPECT_EQ(ints(DType::f8e4m3fn, num(5, 0x38) + num(5, 0xb8)), (Ints{1, -1}));
  EXPECT_EQ(ints(DType::f64, len(10, fixed(2.0) + fixed(-3.0))), (Ints{2, -3}));
  EXPECT_EQ(ints(DType::c64, len(4, fixed(1.f) + fixed(2.f) + fixed(3.f) + fixed(4.f))),
            (Ints{1, 3}));
  const Tensor strings = tensor(two + num(2, 8) + len(6, "a") + len(6, ""));
  EXPECT_EQ(strings.as_strings(), (std::vector<std::string>{"a", ""}));
  EXPECT_EQ(tensor(num(1, 0) + num(2, 1)).count(), 0);
  EXPECT_EQ(tensor(len(1, varint(2) + varint(1)) + num(2, 2) + len(9, "ab")).dims(), (Dims{2, 1}));
}

TEST(Onnx, RawDataAreViews) {
  const std::string bytes = with_tensor(len(8, "w") + num(1, 2) + num(2, 1) + len(9, "12345678"));
  const auto model = read(bytes);
  ASSERT_TRUE(model.ok());
  const Tensor& w = model->graph.initializers.at(0).tensor;
  const auto* at = reinterpret_cast<const char*>(w.raw_bytes().data());
  EXPECT_GE(at, bytes.data());
  EXPECT_LT(at, bytes.data() + bytes.size());
}

TEST(Onnx, OldModelsImportTheFirstOperatorSet) {
  const auto model = read(num(1, 2) + len(7, ""));
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(model->opsets.at(""), 1);
}

TEST(Onnx, NestingUpToTheLimit) {
  std::string graph;
  for (int i = 1; i < limits::depth; ++i) {
    graph = len(1, len(4, "If") + len(5, len(1, "body") + len(6, graph) + num(20, 5)));
  }
  const auto model = read(model_of(graph));
  ASSERT_TRUE(model.ok()) << model.status().text();
  EXPECT_TRUE(read_model(serialize(*model), nullptr, "").ok());
}

TEST(Onnx, HashIsOfTheBytes) {
  const std::string bytes = model_of("");
  const auto model = read(bytes);
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(model->file_hash, hash64(bytes_of(bytes)));
  EXPECT_EQ(model->file_bytes, static_cast<int64_t>(bytes.size()));
}

// Models of ../shared: each is read, written and read again to the same bytes, or, where its
// weights were taken out, says which tensor has no data.
TEST(Onnx, SharedModels) {
  const char* given = std::getenv("HONE_SHARED");
  const fs::path shared = given != nullptr ? given : HONE_SOURCE_DIR "/../shared";
  if (!fs::exists(shared / "models")) GTEST_SKIP() << "skipped: no ../shared";
  int count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(shared)) {
    if (entry.path().extension() != ".onnx") continue;
    ++count;
    const auto model = read_model(entry.path().string());
    if (entry.path().stem().extension() == ".skeleton") {
      ASSERT_FALSE(model.ok());
      EXPECT_NE(model.status().text().find("bytes of data, 0 found"), std::string::npos)
          << model.status().text();
      continue;
    }
    ASSERT_TRUE(model.ok()) << model.status().text();
    const auto written = serialize(*model);
    const auto again = read_model(written, nullptr, "");
    ASSERT_TRUE(again.ok()) << again.status().text();
    EXPECT_EQ(serialize(*again), written) << entry.path();
    EXPECT_EQ(again->graph.nodes.size(), model->graph.nodes.size());
  }
  EXPECT_GT(count, 10);
}

}  // namespace
}  // namespace hone::model
