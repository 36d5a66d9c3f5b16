#include "host/quant/samples.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "host/model/array_file.h"
#include "host/model/files.h"
#include "host/plan/testing/planned.h"

namespace hone::quant {
namespace {

namespace fs = std::filesystem;
using graph::Graph;
using plan::testing::parsed;

constexpr const char* one_input = "in %x f32[n,3]\n%y = Relu(%x) \"r\"\nout %y as \"y\"\n";

class Folder {
 public:
  Folder() {
    static int number = 0;
    path_ = fs::temp_directory_path() /
            ("hone_samples_" + std::to_string(::getpid()) + "_" + std::to_string(number++));
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

void put(std::vector<std::byte>* out, std::initializer_list<std::pair<uint64_t, int>> fields) {
  for (auto [value, size] : fields) {
    for (int i = 0; i < size; ++i) out->push_back(static_cast<std::byte>(value >> (8 * i)));
  }
}

std::vector<std::byte> deflated(const std::vector<std::byte>& in) {
  z_stream z{};
  deflateInit2(&z, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::vector<std::byte> out(in.size() + 1000);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
  z.avail_in = static_cast<uInt>(in.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::vector<std::byte> archive(const std::vector<std::pair<std::string, Tensor>>& arrays,
                               bool deflate) {
  std::vector<std::byte> out, directory;
  for (const auto& [name, tensor] : arrays) {
    const auto npy = *model::format_npy(tensor);
    const auto data = deflate ? deflated(npy) : npy;
    const std::string file = name + ".npy";
    const auto crc =
        crc32(0, reinterpret_cast<const Bytef*>(npy.data()), static_cast<uInt>(npy.size()));
    const uint64_t at = out.size(), method = deflate ? 8 : 0;
    auto both = [&](std::vector<std::byte>* to) {
      put(to, {{20, 2}, {0, 2}, {method, 2}, {0, 4}, {crc, 4}, {data.size(), 4}, {npy.size(), 4}});
      put(to, {{file.size(), 2}, {0, 2}});
    };
    const auto* text = reinterpret_cast<const std::byte*>(file.data());
    put(&out, {{0x04034b50, 4}});
    both(&out);
    out.insert(out.end(), text, text + file.size());
    out.insert(out.end(), data.begin(), data.end());
    put(&directory, {{0x02014b50, 4}, {20, 2}});
    both(&directory);
    put(&directory, {{0, 2}, {0, 2}, {0, 2}, {0, 4}, {at, 4}});
    directory.insert(directory.end(), text, text + file.size());
  }
  const uint64_t at = out.size(), n = arrays.size();
  out.insert(out.end(), directory.begin(), directory.end());
  put(&out, {{0x06054b50, 4}, {0, 4}, {n, 2}, {n, 2}, {directory.size(), 4}, {at, 4}, {0, 2}});
  return out;
}

Tensor counted(DType type, Dims dims) {
  Tensor t(type, std::move(dims));
  for (int64_t i = 0; i < t.count(); ++i) t.set(i, static_cast<double>(i));
  return t;
}

// Without the fsync of write_file, which a test needs not wait for.
void write(const std::string& path, const std::vector<std::byte>& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

void save(const std::string& path, const std::vector<std::pair<std::string, Tensor>>& arrays,
          bool deflate = false) {
  write(path, archive(arrays, deflate));
}

void save_npy(const std::string& path, const Tensor& t) { write(path, *model::format_npy(t)); }

TEST(Samples, AreRowsOfStoredAndDeflatedArrays) {
  const Graph g = parsed(one_input);
  Folder f;
  for (bool deflate : {false, true}) {
    // Large enough that unpacking takes several pieces.
    save(f / "c.npz", {{"x", counted(DType::f32, {200000, 3})}}, deflate);
    auto s = open_samples(g, f / "c.npz");
    ASSERT_TRUE(s.ok()) << s.status().text();
    EXPECT_EQ(s->count, 200000);
    for (int64_t k : {0, 7, 199999}) {
      auto t = s->get(k);
      ASSERT_TRUE(t.ok()) << t.status().text();
      const auto first = static_cast<float>(3 * k);
      EXPECT_TRUE(identical((*t)[0], Tensor::of<float>({1, 3}, {first, first + 1, first + 2})));
    }
  }
}

TEST(Samples, OfAFolderOfArraysOrArchives) {
  const Graph g = parsed(
      "in %a/x f32[n,2]\nin %m i64[n]\n%y = Relu(%a/x) \"r\"\n%z = Neg(%m) \"s\"\n"
      "out %y as \"y\"\nout %z as \"z\"\n");
  Folder f;
  save_npy(f / "a_x.npy", counted(DType::f64, {4, 2}));
  save_npy(f / "m.npy", counted(DType::i32, {4}));
  auto s = open_samples(g, f.path());
  ASSERT_TRUE(s.ok()) << s.status().text();
  EXPECT_EQ(s->count, 4);
  auto t = s->get(3);
  ASSERT_TRUE(t.ok());
  EXPECT_TRUE(identical((*t)[0], Tensor::of<float>({1, 2}, {6, 7})));
  EXPECT_TRUE(identical((*t)[1], Tensor::of<int64_t>({1}, {3})));

  Folder two;
  save(two / "b.npz", {{"a/x", counted(DType::f32, {2, 2})}, {"m", counted(DType::i64, {2})}});
  save(two / "a.npz", {{"a/x", counted(DType::f32, {5, 2})}, {"m", counted(DType::i64, {5})}},
       true);
  s = open_samples(g, two.path());
  ASSERT_TRUE(s.ok()) << s.status().text();
  EXPECT_EQ(s->count, 7);
  EXPECT_TRUE(identical((*s->get(4))[0], Tensor::of<float>({1, 2}, {8, 9})));  // last of a.npz
  EXPECT_TRUE(identical((*s->get(6))[0], Tensor::of<float>({1, 2}, {2, 3})));  // last of b.npz
}

TEST(Samples, FixedBatchesAndInputsWithoutBatch) {
  const Graph g = parsed(
      "in %x f32[4,2]\nin %k f32[]\nin %p f32[len]\n%y = Relu(%x) \"r\"\n%z = Neg(%k) \"s\"\n"
      "%q = Neg(%p) \"t\"\nout %y as \"y\"\nout %z as \"z\"\nout %q as \"q\"\n");
  Folder f;
  save(f / "c.npz", {{"x", counted(DType::f32, {12, 2})},
                     {"k", Tensor::scalar<float>(5)},
                     {"p", counted(DType::f32, {7})}});
  auto s = open_samples(g, f / "c.npz");
  ASSERT_TRUE(s.ok()) << s.status().text();
  EXPECT_EQ(s->count, 3);
  auto t = s->get(2);
  ASSERT_TRUE(t.ok());
  EXPECT_EQ((*t)[0].dims(), (Dims{4, 2}));
  EXPECT_EQ((*t)[0].at(0), 16);
  EXPECT_EQ((*t)[1].dims(), Dims{});
  EXPECT_EQ((*t)[1].at(0), 5);
  EXPECT_EQ((*t)[2].dims(), Dims{7});
}

std::string refusal(const Graph& g, const std::string& path) {
  auto s = open_samples(g, path);
  return s.ok() ? "" : s.status().text().substr(std::min(path.size(), s.status().text().size()));
}

TEST(Samples, SayWhatDoesNotFit) {
  const Graph g = parsed(one_input);
  Folder f;
  const std::string path = f / "c.npz";
  save(path, {{"x", counted(DType::f32, {8, 4})}});
  EXPECT_EQ(refusal(g, path),
            ": the array for input 'x' (f32[n,3]) is f32[8,4]; its first axis counts samples, the "
            "others are the input's");
  save(path, {{"x", counted(DType::u8, {8, 3})}});
  EXPECT_EQ(refusal(g, path),
            ": the array for input 'x' (f32[n,3]) is u8[8,3]; give what the model is given: scaled "
            "and normalised floats");
  save(path, {{"z", counted(DType::f32, {8, 3})}});
  EXPECT_EQ(refusal(g, path), ": array 'z' is not an input; the model takes x");
  save(path, {});
  EXPECT_EQ(refusal(g, path), ": no array for input 'x'");
  EXPECT_EQ(refusal(g, f.path() + "/none.npz"), ": no such file");
  Folder empty;
  EXPECT_EQ(refusal(g, empty.path()), ": holds neither .npy nor .npz files");
  const Graph two = parsed(
      "in %x f32[n,2]\nin %m i64[n]\n%y = Relu(%x) \"r\"\n%z = Neg(%m) \"s\"\n"
      "out %y as \"y\"\nout %z as \"z\"\n");
  save(path, {{"x", counted(DType::f32, {8, 2})}, {"m", counted(DType::i64, {5})}});
  EXPECT_EQ(refusal(two, path), ": 8 samples for input 'x' and 5 for 'm'");
  // A value too large for its input is refused when it is read.
  const Graph small = parsed("in %x i8[n]\n%y = Neg(%x) \"s\"\nout %y as \"y\"\n");
  save(path, {{"x", Tensor::of<int64_t>({2}, {5, 300})}});
  auto s = open_samples(small, path);
  ASSERT_TRUE(s.ok());
  EXPECT_TRUE(s->get(0).ok());
  EXPECT_EQ(s->get(1).status().text(), "sample 1 of input 'x': 300 does not fit i8");
}

TEST(Samples, HeldOutPartDependsOnTheDataNotTheirOrder) {
  const Graph g = parsed(one_input);
  Folder f;
  Tensor a = counted(DType::f32, {100, 3});
  save(f / "a.npz", {{"x", a}});
  std::vector<int> order(100);
  for (int i = 0; i < 100; ++i) order[static_cast<size_t>(i)] = i;
  std::mt19937 random(1);
  std::shuffle(order.begin(), order.end(), random);
  Tensor b(DType::f32, {100, 3});
  for (size_t i = 0; i < 300; ++i) {
    b.as_mutable<float>()[i] = a.as<float>()[static_cast<size_t>(order[i / 3] * 3) + i % 3];
  }
  save(f / "b.npz", {{"x", b}});
  std::set<uint64_t> sides[2];
  for (int i = 0; i < 2; ++i) {
    auto s = open_samples(g, f / (i == 0 ? "a.npz" : "b.npz"));
    auto split = split_held_out(*s);
    ASSERT_TRUE(split.ok());
    EXPECT_EQ(split->held_out.count, 20);
    EXPECT_EQ(split->ranges.count, 80);
    std::set<uint64_t> ranges;
    for (int64_t k = 0; k < 20; ++k) sides[i].insert(*split->held_out.hash(k));
    for (int64_t k = 0; k < 80; ++k) ranges.insert(*split->ranges.hash(k));
    for (uint64_t h : sides[i]) EXPECT_FALSE(ranges.contains(h));
  }
  EXPECT_EQ(sides[0], sides[1]);
  // Copies of one sample cannot be told apart: none is held out.
  save(f / "c.npz", {{"x", Tensor(DType::f32, {50, 3})}});
  auto same = split_held_out(*open_samples(g, f / "c.npz"));
  EXPECT_EQ(same->held_out.count, 0);
  EXPECT_EQ(same->ranges.count, 50);
}

// Whatever is wrong with an archive, the reader in pieces says what the reader of wholes says.
TEST(Samples, DamagedArchivesAreRefusedLikeWholeOnes) {
  Folder f;
  std::mt19937 random(7);
  int refused = 0;
  for (bool deflate : {false, true}) {
    const auto good =
        archive({{"x", counted(DType::f32, {40, 3})}, {"y", counted(DType::i8, {5})}}, deflate);
    for (int trial = 0; trial < 300; ++trial) {
      auto bytes = good;
      if (trial % 3 == 0) bytes.resize(random() % bytes.size());
      for (int i = 0; i < 1 + trial % 3 && !bytes.empty(); ++i) {
        bytes[random() % bytes.size()] ^= static_cast<std::byte>(1u << (random() % 8));
      }
      write(f / "d.npz", bytes);
      auto whole = model::read_npz(f / "d.npz");
      auto pieces = model::open_npz(f / "d.npz");
      ASSERT_EQ(whole.ok(), pieces.ok())
          << trial << " " << (whole.ok() ? pieces.status() : whole.status()).text();
      if (!whole.ok()) {
        ++refused;
        continue;
      }
      ASSERT_EQ(whole->size(), pieces->size());
      for (const auto& [name, tensor] : *whole) {
        const model::ArrayFile& a = pieces->at(name);
        auto t = a.read(0, a.rows());
        ASSERT_TRUE(t.ok());
        EXPECT_TRUE(identical(*t, tensor));
      }
    }
  }
  EXPECT_GT(refused, 300);
}

TEST(Samples, ColumnMajorAndBigEndianArraysAreReadWhole) {
  Folder f;
  // [[1, 3], [2, 4]] column by column, big-endian 16-bit integers.
  std::string npy("\x93NUMPY\x01\x00", 8);
  std::string header = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 2), }";
  header.resize(117, ' ');
  header += '\n';
  npy += static_cast<char>(header.size());
  npy += '\0';
  npy += header + std::string("\0\1\0\2\0\3\0\4", 8);
  ASSERT_TRUE(write_text(f / "a.npy", npy).ok());
  auto a = model::open_npy(f / "a.npy");
  ASSERT_TRUE(a.ok()) << a.status().text();
  EXPECT_TRUE(identical(*a->read(1, 1), Tensor::of<int16_t>({1, 2}, {2, 4})));
}

}  // namespace
}  // namespace hone::quant
