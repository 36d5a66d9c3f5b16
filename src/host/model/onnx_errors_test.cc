// Every way a file can be wrong, and the one line that says so.
#include <gtest/gtest.h>

#include "host/model/onnx.h"
#include "host/model/pb_test_util.h"

namespace hone::model {
namespace {

using namespace testing;

struct Case {
  const char* what;
  std::string bytes;
  Code code;
  std::string text;
};

// `depth` graphs in each other, the innermost empty.
std::string nested_graphs(int depth) {
  std::string graph;
  for (int i = 1; i < depth; ++i) {
    graph = len(1, len(4, "If") + len(5, len(1, "body") + len(6, graph) + num(20, 5)));
  }
  return model_of(graph);
}

std::string nested_types(int depth) {
  std::string type = len(1, num(1, 1));
  for (int i = 1; i < depth; ++i) type = len(4, len(1, type));
  return model_of(len(11, len(1, "x") + len(2, type)));
}

std::string external(const std::string& location) {
  return with_tensor(num(1, 1) + num(2, 1) + len(8, "w") + num(14, 1) +
                     len(13, len(1, "location") + len(2, location)));
}

// SparseTensorProto of one f32 at these indices of a vector of `size`.
std::string sparse(std::initializer_list<int64_t> indices, int64_t size, const char* name = "") {
  std::string places;
  for (int64_t v : indices) places += fixed(v);
  return len(1, num(1, 1) + num(2, 1) + len(8, name) + len(9, fixed(1.0f))) +
         len(2, num(1, static_cast<int64_t>(indices.size())) + num(2, 7) + len(9, places)) +
         num(3, size);
}

std::vector<Case> files_that_are_something_else() {
  using namespace std::string_literals;
  const Code c = Code::corrupt;
  return {
      {"empty", "", c, "empty file"},
      {"jpeg", "\xff\xd8\xff\xe0 JFIF", c, "not an ONNX file (it is a JPEG picture)"},
      {"png", "\x89PNG\r\n\x1a\n", c, "not an ONNX file (it is a PNG picture)"},
      {"text", "hello", c, "not an ONNX file (it is text)"},
      {"html", "\n<!DOCTYPE html><p>404", c, "not an ONNX file (it is an HTML page)"},
      {"lfs", "version https://git-lfs.github.com/spec/v1\n", c,
       "not an ONNX file (it is a Git LFS pointer; run: git lfs pull)"},
      {"zip", "PK\x03\x04\0\0"s, c,
       "not an ONNX file (it is a ZIP archive, perhaps a PyTorch checkpoint or .npz)"},
      {"tflite", "\x1c\0\0\0TFL3"s, c, "not an ONNX file (it is a TensorFlow Lite model)"},
      {"zeros", std::string(100, '\0'), c, "not an ONNX file (it is nothing but zeros)"},
      {"noise", "\x07\xfe\x80\x81\x99", c, "not an ONNX file"},
      {"no graph", num(1, 8), c, "holds no graph"},
      {"a tensor", num(1, 2) + num(2, 1), c, "producer_name is encoded as something else"},
  };
}

std::vector<Case> damaged_files() {
  const Code c = Code::corrupt;
  const std::string whole = model_of(std::string());
  return {
      {"cut in the graph", num(1, 8) + varint(7 << 3 | 2) + varint(123456) + std::string(2048, 'x'),
       c, "truncated: graph claims 123456 bytes, 2048 remain; copy or export it again"},
      {"cut after the graph", num(1, 8) + len(7, ""), c,
       "imports no operator set (opset_import); perhaps its end is missing"},
      {"cut in a length", num(1, 8) + varint(7 << 3 | 2) + "\xff", c,
       "graph ends in the middle of a number"},
      {"length of 2^63", num(1, 8) + varint(7 << 3 | 2) + varint(uint64_t{1} << 63), c,
       "truncated: graph claims 9223372036854775808 bytes, 0 remain; copy or export it again"},
      {"length of 2^32 + 2",
       num(1, 8) + varint(7 << 3 | 2) + varint((uint64_t{1} << 32) + 2) + "xx", c,
       "truncated: graph claims 4294967298 bytes, 2 remain; copy or export it again"},
      {"node too long", model_of(varint(1 << 3 | 2) + varint(50)), c,
       "node claims 50 bytes, 0 remain"},
      {"a group", with_node(len(3, "n") + varint(9 << 3 | 3)), c,
       "node 'n': something that is no field of a protocol buffer"},
      {"no IR version", len(7, "") + len(8, num(2, 17)), c, "declares no IR version"},
      {"two graphs", whole + len(7, ""), c, "two graphs"},
      {"opset twice", whole + len(8, num(2, 13)), c,
       "operator set 'ai.onnx' imported as version 17 and as 13"},
      {"opset 0", num(1, 8) + len(7, "") + len(8, num(2, 0)), c,
       "operator set 'ai.onnx' imported as version 0; the first is 1"},
      {"graph as a number", num(1, 8) + num(7, 1), c, "graph is encoded as something else"},
      {"name not UTF-8", with_node(len(3, "a\xff\n")), c,
       "node 0: name 'a\\xff\\x0a' is not UTF-8"},
      {"node without type", with_node(len(3, "n")), c, "node 'n': no op_type"},
      {"graphs too deep", nested_graphs(100), Code::unsupported, "nested more than 64 deep"},
      {"types too deep", nested_types(100), Code::unsupported, "nested more than 64 deep"},
      {"long name", with_node(len(3, std::string(70000, 'x'))), Code::unsupported,
       "node 0: name '" + std::string(60, 'x') + "...' has 70000 bytes, more than 65535"},
      {"opaque type", model_of(len(11, len(1, "x") + len(2, len(7, "")))), Code::unsupported,
       "graph input 0: 'x': an opaque type"},
      {"sparse initializer", model_of(len(15, "")), c,
       "sparse initializer 0: values or indices are missing"},
      {"sparse initializer without a name", model_of(len(15, sparse({1}, 3))), c,
       "sparse initializer 0: no name"},
      {"sparse index", model_of(len(15, sparse({3}, 3, "w"))), c,
       "sparse initializer 'w': value 0 is outside [3]"},
      {"sparse dimension", model_of(len(15, sparse({0}, -3, "w"))), c,
       "sparse initializer 'w': dimension -3"},
      {"sparse bomb", model_of(len(15, sparse({0}, int64_t{1} << 40, "w"))), Code::unsupported,
       "sparse initializer 'w': sparse tensors of more than 128 MiB without their sparseness"},
      {"unknown element", model_of(len(12, len(1, "y") + len(2, len(1, num(1, 99))))),
       Code::unsupported, "graph output 0: 'y': element type 99 is not known to this version"},
  };
}

std::vector<Case> bad_attributes() {
  const Code c = Code::corrupt, u = Code::unsupported;
  const std::string at = "node 'n' (Op): attribute 'a': ";
  const std::string a = len(1, "a");
  return {
      {"nothing", with_attribute(a), c, at + "neither a type nor a value"},
      {"ambiguous", with_attribute(a + num(3, 1) + f32(2, 1)), c,
       at + "several values and no type"},
      {"no name", with_attribute(num(3, 1)), c, "node 'n' (Op): attribute '': no name"},
      {"tensor missing", with_attribute(a + num(20, 4)), c, at + "its tensor is missing"},
      {"graph missing", with_attribute(a + num(20, 5)), c, at + "its graph is missing"},
      {"sparse", with_attribute(a + num(20, 11)), c, at + "its sparse tensor is missing"},
      {"sparse list", with_attribute(a + num(20, 12)), u, at + "a list of sparse tensors"},
      {"types", with_attribute(a + num(20, 14)), u, at + "a list of types"},
      {"unknown", with_attribute(a + num(20, 77)), u, at + "attribute type 77 is not known"},
      {"floats of 3 bytes", with_attribute(a + len(7, "xxx")), c,
       at + "floats end in the middle of a number"},
      {"ints cut", with_attribute(a + len(8, "\x80")), c,
       at + "ints ends in the middle of a number"},
      {"f as a string", with_attribute(a + len(2, "x")), c, at + "f is encoded as something else"},
      {"op_type on two lines", with_node(len(4, "A\nB") + len(5, a)), c,
       "node 0 (A\\x0aB): attribute 'a': neither a type nor a value"},
  };
}

std::vector<Case> bad_tensors() {
  const Code c = Code::corrupt, u = Code::unsupported;
  const std::string at = "initializer 'w': ";
  const auto tensor = [](const std::string& fields) { return with_tensor(len(8, "w") + fields); };
  const std::string f32_2 = num(1, 2) + num(2, 1);
  const int64_t huge = int64_t{1} << 40;
  return {
      {"no data", tensor(f32_2), c, at + "f32[2] needs 8 bytes of data, 0 found"},
      {"short", tensor(f32_2 + len(9, "1234567")), c, at + "f32[2] needs 8 bytes of data, 7 found"},
      {"long", tensor(f32_2 + len(9, "123456789")), c,
       at + "f32[2] needs 8 bytes of data, 9 found"},
      {"few floats", tensor(f32_2 + f32(4, 1)), c, at + "f32[2] needs 2 entries of data, 1 found"},
      {"many floats", tensor(f32_2 + len(4, std::string(12, 'x'))), c,
       at + "more than the 2 elements of its shape [2]"},
      {"twice", tensor(f32_2 + len(9, "12345678") + f32(4, 1)), c,
       at + "f32 data both in raw_data and in float_data"},
      {"elsewhere", tensor(f32_2 + num(5, 1)), c, at + "f32 data outside float_data"},
      {"negative", tensor(num(1, -3) + num(2, 1)), c, at + "dimension -3 of [-3]"},
      {"overflow", tensor(num(1, huge) + num(1, huge) + num(2, 1)), c,
       at + "shape [1099511627776,1099511627776] has too many elements"},
      {"overflow past 0", tensor(num(1, 0) + num(1, huge) + num(1, huge) + num(2, 1)), c,
       at + "shape [0,1099511627776,1099511627776] has too many elements"},
      {"huge claim", tensor(num(1, huge) + num(2, 1) + f32(4, 1)), c,
       at + "f32[1099511627776] needs 1099511627776 entries of data, 0 found"},
      {"no type", tensor(num(1, 1)), c, at + "no element type"},
      {"new type", tensor(num(2, 27)), u, at + "element type 27 is not known to this version"},
      {"segment", tensor(f32_2 + len(3, "")), u, "initializer 0: a tensor in segments"},
      {"nameless", with_tensor(f32_2 + len(9, "12345678")), c, "initializer 0: no name"},
      {"u8 of 256", tensor(num(1, 1) + num(2, 2) + num(5, 256)), c, at + "256 does not fit u8"},
      {"i16 of -32769", tensor(num(1, 1) + num(2, 5) + num(5, -32769)), c,
       at + "-32769 does not fit i16"},
      {"u32 of 2^32", tensor(num(1, 1) + num(2, 12) + num(11, 4294967296)), c,
       at + "4294967296 does not fit u32"},
      {"bool of 2", tensor(num(1, 1) + num(2, 9) + len(9, "\x02")), c,
       at + "a bool that is neither 0 nor 1"},
      {"strings raw", tensor(num(1, 1) + num(2, 8) + len(9, "x")), c,
       at + "string data both in raw_data and in string_data"},
      {"few strings", tensor(num(1, 2) + num(2, 8) + len(6, "x")), c,
       at + "string[2] needs 2 strings, 1 found"},
      {"65 dimensions", tensor(len(1, std::string(65, '\1'))), u,
       "initializer 0: more than 64 dimensions"},
      {"external", external("w.bin"), u,
       at + "external data 'w.bin': only a model read from a file can have external data"},
  };
}

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const auto model = read_model(bytes_of(c.bytes), nullptr, "");
    EXPECT_EQ(model.code(), c.code) << c.what;
    const std::string& text = model.status().text();
    // Where it is nested, what lies around comes first.
    const bool ends_so = text.size() >= c.text.size() &&
                         text.compare(text.size() - c.text.size(), c.text.size(), c.text) == 0;
    const bool nested = c.text.rfind("nested", 0) == 0;
    EXPECT_TRUE(nested ? ends_so : text == c.text) << c.what << ": " << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << c.what;
    EXPECT_LT(text.size(), 800u) << c.what;
  }
}

TEST(OnnxErrors, SomethingElse) { check(files_that_are_something_else()); }
TEST(OnnxErrors, Damaged) { check(damaged_files()); }
TEST(OnnxErrors, Attributes) { check(bad_attributes()); }
TEST(OnnxErrors, Tensors) { check(bad_tensors()); }

TEST(OnnxErrors, StructureLargerThanItsFileAllows) {
  // Empty nodes would take 150 times the bytes of the file in memory.
  std::string graph;
  for (int i = 0; i < 400000; ++i) graph += len(1, len(4, ""));
  const auto model = read_model(bytes_of(model_of(graph)), nullptr, "");
  EXPECT_EQ(model.code(), Code::corrupt);  // the first node already has no op_type
  graph.clear();
  for (int i = 0; i < 400000; ++i) graph += len(11, "");
  const auto values = read_model(bytes_of(model_of(graph)), nullptr, "");
  EXPECT_EQ(values.code(), Code::unsupported);
  EXPECT_EQ(values.status().text(), "far more names and lists than a file of its size needs");
}

TEST(OnnxErrors, EveryPrefixOfAModelIsRefusedInOneLine) {
  const std::string whole =
      with_tensor(len(8, "w") + num(1, 2) + num(2, 1) + len(9, "12345678")) + len(2, "producer");
  ASSERT_TRUE(read_model(bytes_of(whole), nullptr, "").ok());
  const size_t complete = whole.size() - len(2, "producer").size();
  for (size_t n = 0; n < complete; ++n) {
    const auto model = read_model(bytes_of(whole).first(n), nullptr, "");
    ASSERT_FALSE(model.ok()) << n;
    EXPECT_EQ(model.status().text().find('\n'), std::string::npos);
  }
}

TEST(OnnxErrors, FilesNameTheirPath) {
  const auto missing = read_model("/nowhere/x.onnx");
  EXPECT_EQ(missing.code(), Code::not_found);
  EXPECT_EQ(missing.status().text(), "/nowhere/x.onnx: no such file");
}

}  // namespace
}  // namespace hone::model
