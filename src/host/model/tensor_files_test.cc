#include "host/model/tensor_files.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "host/model/files.h"
#include "host/model/onnx.h"
#include "host/model/pb_test_util.h"

namespace hone::model {
namespace {

using namespace testing;
namespace fs = std::filesystem;

std::string npy_header(const std::string& dictionary, const std::string& version = "\1") {
  std::string out = "\x93NUMPY" + version + std::string(1, '\0');
  const auto size = static_cast<uint32_t>(dictionary.size());
  return out + (version == "\1" ? fixed(static_cast<uint16_t>(size)) : fixed(size)) + dictionary;
}

std::string npy(const std::string& descr, const std::string& order, const std::string& shape,
                const std::string& data, const std::string& version = "\1") {
  return npy_header("{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape +
                        ", }\n",
                    version) +
         data;
}

// Tensors are views: what they look at must outlive them.
Result<Tensor> parse(const std::string& bytes) {
  const auto kept = std::make_shared<std::string>(bytes);
  return parse_npy(bytes_of(*kept), kept);
}

TEST(Npy, OrdersVersionsAndTypes) {
  const std::string six = "abcdef";
  EXPECT_EQ(to_ints(*parse(npy("|u1", "False", "(2, 3)", six))),
            (std::vector<int64_t>{'a', 'b', 'c', 'd', 'e', 'f'}));
  const Tensor fortran = *parse(npy("|u1", "True", "(2, 3)", six));
  EXPECT_EQ(fortran.dims(), (Dims{2, 3}));
  EXPECT_EQ(to_ints(fortran), (std::vector<int64_t>{'a', 'c', 'e', 'b', 'd', 'f'}));
  EXPECT_EQ(to_ints(*parse(npy(">i2", "False", "(2,)", std::string("\1\2\xff\xfe", 4)))),
            (std::vector<int64_t>{258, -2}));
  EXPECT_EQ(parse(npy("<f4", "False", "()", fixed(1.5f)))->at(0), 1.5);
  EXPECT_EQ(parse(npy("<f8", "False", "(1L,)", fixed(2.5), "\2"))->at(0), 2.5);
  EXPECT_EQ(parse(npy("?", "False", "(1,)", "\1")).status().text(),
            "arrays of type '?' are not read; give numbers or truth values");
  EXPECT_EQ(parse(npy("|b1", "False", "(1,)", "\1"))->dtype(), DType::boolean);
  EXPECT_EQ(parse(npy("<c8", "False", "(1,)", fixed(3.f) + fixed(4.f)))->at(0), 3);
  EXPECT_EQ(parse(npy("<i8", "False", "(0, 4)", ""))->count(), 0);
}

TEST(Npy, SaysWhatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "empty file"},
      {"hello there", "not a .npy file (it is text)"},
      {"\x93NUMPY", "truncated in its header"},
      {npy_header("{").substr(0, 10), "truncated in its header"},
      {npy_header("{}", "\7"), ".npy version 7.0"},
      {npy_header("{}"), "header is not understood near byte 2"},
      {npy_header("{'shape': (3"), "header is not understood near byte 12"},
      {npy_header("{'colour': 1}"), "header key 'colour' is not known"},
      {npy("<f4", "False", "(2,)", "1234567"), "truncated: f32[2] has 8 bytes, 7 remain"},
      {npy("<f4", "False", "(2,)", "123456789"), "1 bytes more than f32[2] has"},
      {npy("<f4", "False", "(-2,)", ""), "header is not understood near byte 51"},
      {npy("<f4", "False", "(4611686018427387904, 8)", ""),
       "shape [4611686018427387904,8] has too many elements"},
      {npy("|O", "False", "(1,)", "x"), "Python objects are not tensors; save an array of numbers"},
      {npy("<U4", "False", "(1,)", "x"),
       "arrays of type '<U4' are not read; give numbers or truth values"},
      {npy_header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"),
       "structured arrays are not tensors; save one field"},
      {npy("|b1", "False", "(1,)", "\2"), "a bool that is neither 0 nor 1"},
  };
  for (const auto& [bytes, text] : cases) {
    const auto t = parse(bytes);
    EXPECT_FALSE(t.ok()) << text;
    EXPECT_EQ(t.status().text(), text);
  }
}

TEST(Npy, WritesWhatNumPyWrites) {
  const auto bytes = format_npy(Tensor::of<float>({2}, {1, 2}));
  ASSERT_TRUE(bytes.ok());
  const std::string text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  EXPECT_EQ(text.size(), 128u + 8u);
  EXPECT_EQ(text.substr(10, 58), "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } ");
  EXPECT_EQ(text[127], '\n');
  for (const Dims& dims : {Dims{}, Dims{3}, Dims{2, 3}, Dims{1, 0, 2}}) {
    for (DType type : {DType::boolean, DType::i16, DType::f16, DType::u64, DType::c128}) {
      Tensor t(type, dims);
      for (int64_t i = 0; i < t.count(); ++i) t.set(i, static_cast<double>(i % 2));
      const auto written = format_npy(t);
      ASSERT_TRUE(written.ok());
      EXPECT_EQ(written->size() % 64, static_cast<size_t>(t.bytes()) % 64);
      const auto again = parse_npy(*written, nullptr);
      ASSERT_TRUE(again.ok()) << again.status().text();
      EXPECT_TRUE(identical(*again, t));
    }
  }
  EXPECT_EQ(format_npy(Tensor(DType::bf16, {1})).status().text(),
            "NumPy has no type bf16; write it as .pb");
  EXPECT_EQ(format_npy(Tensor(DType::string, {1})).code(), Code::unsupported);
}

// An archive of one stored member, by hand.
std::string zip(const std::string& name, const std::string& data, uint16_t method = 0,
                uint32_t size = 0) {
  const auto packed = static_cast<uint32_t>(data.size());
  const uint32_t full = method == 0 ? packed : size;
  const auto crc = static_cast<uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
  const auto u16 = [](size_t v) { return fixed(static_cast<uint16_t>(v)); };
  const std::string common = u16(0) + u16(method) + fixed(uint32_t{0}) + fixed(crc) +
                             fixed(packed) + fixed(full) + u16(name.size()) + u16(0);
  const std::string local = "PK\3\4" + u16(20) + common + name + data;
  const std::string central = "PK\1\2" + u16(20) + u16(20) + common + u16(0) + u16(0) + u16(0) +
                              fixed(uint32_t{0}) + fixed(uint32_t{0}) + name;
  return local + central + "PK\5\6" + u16(0) + u16(0) + u16(1) + u16(1) +
         fixed(static_cast<uint32_t>(central.size())) + fixed(static_cast<uint32_t>(local.size())) +
         u16(0);
}

Result<std::map<std::string, Tensor>> unzip(const std::string& bytes) {
  const auto kept = std::make_shared<std::string>(bytes);
  return parse_npz(bytes_of(*kept), kept);
}

TEST(Npz, ReadsMembersByName) {
  const std::string one = npy("|u1", "False", "(1,)", "a");
  const auto members = unzip(zip("folder/x.npy", one));
  ASSERT_TRUE(members.ok()) << members.status().text();
  ASSERT_EQ(members->size(), 1u);
  EXPECT_EQ(members->at("folder/x").int_at(0), 'a');
  EXPECT_TRUE(unzip(zip("readme.txt", "hello"))->empty());
}

TEST(Npz, SaysWhatIsWrong) {
  const std::string one = npy("|u1", "False", "(1,)", "a");
  const std::string good = zip("x.npy", one);
  const auto flip = [&](size_t at) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    return bytes;
  };
  const std::string damaged = "ZIP archive is damaged: ";
  const std::pair<std::string, std::string> cases[] = {
      {"", "empty file"},
      {"hello", "not a .npz file (it is text)"},
      {good.substr(0, good.size() - 1), "not a whole .npz file"},
      {one, "not a .npz file (it is a NumPy array)"},
      {flip(40), "'x.npy': " + damaged + "checksum"},
      {flip(0), "'x.npy': " + damaged + "local header"},
      {zip("x.npy", "hello"), "'x.npy': not a .npy file (it is text)"},
      {zip("x.npy", one, 12), "'x.npy': compression method 12"},
      {zip("x.npy", "xx", 8, 1 << 30), "'x.npy': " + damaged + "a size that cannot be"},
      {zip("x.npy", "\xff\xff\xff", 8, 100), "'x.npy': " + damaged + "deflated data"},
      {zip("\xff.npy", one), "the name of a member is not UTF-8"},
  };
  for (const auto& [bytes, text] : cases) {
    const auto t = unzip(bytes);
    EXPECT_FALSE(t.ok()) << text;
    EXPECT_EQ(t.status().text(), text);
  }
}

TEST(Pb, RoundTripsEveryType) {
  for (int i = 1; i < dtype_count; ++i) {
    const auto type = static_cast<DType>(i);
    Tensor t(type, {1, 3});
    if (type == DType::string) t = Tensor::strings({1, 3}, {"a", "", "\xff"});
    for (int64_t k = 0; type != DType::string && k < 3; ++k) t.set(k, static_cast<double>(k % 2));
    std::string label;
    const auto written = format_pb(t, "out");
    const auto again = parse_tensor_proto(written, nullptr, &label);
    ASSERT_TRUE(again.ok()) << again.status().text();
    EXPECT_TRUE(identical(*again, t)) << name(type);
    EXPECT_EQ(label, "out");
  }
}

TEST(Pb, SaysWhatIsWrong) {
  EXPECT_EQ(parse_tensor_proto({}, nullptr).status().text(), "empty file");
  EXPECT_EQ(parse_tensor_proto(bytes_of("hello"), nullptr).status().text(),
            "not a tensor (it is text)");
  const std::string external = num(2, 1) + num(14, 1);
  EXPECT_EQ(parse_tensor_proto(bytes_of(external), nullptr).status().text(),
            "external data outside a model");
}

// The seeds tools/make_corpus.py wrote with NumPy and onnx: all but the broken ones are read.
TEST(TensorFiles, SeedsOfTheFuzzersAreRead) {
  const fs::path corpus = fs::path(HONE_SOURCE_DIR) / "fuzz" / "corpus";
  int count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(corpus)) {
    const std::string kind = entry.path().parent_path().filename();
    const std::string path = entry.path();
    const std::string stem = entry.path().filename();
    Status status;
    const bool several = stem.starts_with("sequence") || stem.starts_with("optional");
    if (kind == "pb" && !several) status = read_pb(path).status();
    if (kind == "npy") status = read_npy(path).status();
    if (kind == "npz") status = read_npz(path).status();
    if (kind == "onnx") status = read_model(path).status();
    const bool broken = stem == "jpeg" || stem == "truncated" || stem == "external";
    EXPECT_EQ(status.ok(), !(kind == "onnx" && broken)) << path << ": " << status.text();
    ++count;
  }
  EXPECT_GT(count, 60);
}

TEST(TensorFiles, ByExtension) {
  char made[] = "/tmp/hone-tensors-XXXXXX";
  const std::string folder = ::mkdtemp(made);
  const Tensor t = Tensor::of<int32_t>({2}, {1, -2});
  ASSERT_TRUE(write_file(folder + "/a.npy", *format_npy(t)).ok());
  ASSERT_TRUE(write_file(folder + "/a.pb", format_pb(t, "a")).ok());
  ASSERT_TRUE(write_text(folder + "/a.npz", zip("x.npy", npy("|u1", "False", "(1,)", "a"))).ok());
  ASSERT_TRUE(write_text(folder + "/none.npz", zip("x.txt", "hi")).ok());
  EXPECT_TRUE(identical(*read_tensor_file(folder + "/a.npy"), t));
  EXPECT_TRUE(identical(*read_tensor_file(folder + "/a.pb"), t));
  EXPECT_EQ(read_tensor_file(folder + "/a.npz")->int_at(0), 'a');
  EXPECT_EQ(read_tensor_file(folder + "/none.npz").status().text(),
            folder + "/none.npz: holds 0 arrays where one is expected");
  EXPECT_EQ(read_tensor_file(folder + "/a.txt").status().text(),
            folder + "/a.txt: not a tensor file by its name (.npy, .npz or .pb)");
  EXPECT_EQ(read_tensor_file(folder + "/b.pb").code(), Code::not_found);
  fs::remove_all(folder);
}

// For tests/model/test_model_files.py, which judges with NumPy and onnx: each line of the file
// HONE_CONVERT names is "from<TAB>to"; an error is written to "to.error" instead.
TEST(TensorFiles, ConvertsForThePythonTest) {
  const char* list = std::getenv("HONE_CONVERT");
  if (list == nullptr) GTEST_SKIP() << "run by tests/model/test_model_files.py";
  const auto convert = [](const std::string& from, const std::string& to) -> Status {
    if (from.ends_with(".onnx")) {
      HONE_ASSIGN(const Model model, read_model(from));
      return write_model(model, to,
                         {.external_over = to.find("split") == std::string::npos ? int64_t{1} << 30
                                                                                 : int64_t{100}});
    }
    HONE_ASSIGN(const Tensor t, read_tensor_file(from));
    if (to.ends_with(".pb")) return write_file(to, format_pb(t, "t"));
    HONE_ASSIGN(const auto bytes, format_npy(t));
    return write_file(to, bytes);
  };
  std::ifstream lines(list);
  for (std::string line; std::getline(lines, line);) {
    const size_t tab = line.find('\t');
    ASSERT_NE(tab, std::string::npos);
    const std::string to = line.substr(tab + 1);
    const Status status = convert(line.substr(0, tab), to);
    if (status.ok()) continue;
    ASSERT_TRUE(write_text(to + ".error", status.text()).ok());
  }
}

}  // namespace
}  // namespace hone::model
