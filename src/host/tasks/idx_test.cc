#include "host/tasks/idx.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>

namespace hone::tasks {
namespace {

using Raw = std::vector<std::byte>;

Raw raw(std::initializer_list<int> values) {
  Raw bytes;
  for (int v : values) bytes.push_back(static_cast<std::byte>(v));
  return bytes;
}
Result<Tensor> parse(std::initializer_list<int> values) { return parse_idx(raw(values), "f"); }

Raw gzip(const Raw& plain) {
  z_stream z{};
  EXPECT_EQ(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  Raw out(plain.size() + 1024);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(plain.data()));
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

TEST(Idx, Reads) {
  auto t = parse({0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6});
  ASSERT_TRUE(t.ok()) << t.status().text();
  EXPECT_EQ(t->dims(), (Dims{2, 3}));
  EXPECT_EQ(t->at(5), 6);
}

TEST(Idx, EmptyTensorsAndHighRanks) {
  auto none = parse({0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 3});
  ASSERT_TRUE(none.ok()) << none.status().text();
  EXPECT_EQ(none->count(), 0);
  auto deep = parse({0, 0, 8, 4, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 7, 8});
  ASSERT_TRUE(deep.ok()) << deep.status().text();
  EXPECT_EQ(deep->dims(), (Dims{1, 1, 2, 1}));
}

// More than one chunk of the inflater, so that chunks are joined right.
TEST(Idx, GzippedIsThePlainOne) {
  Raw plain = raw({0, 0, 8, 1, 0, 9, 0x27, 0xc0});  // 600,000
  for (int i = 0; i < 600000; ++i) plain.push_back(static_cast<std::byte>(i * 7 % 251));
  auto a = parse_idx(plain, "f"), b = parse_idx(gzip(plain), "f");
  ASSERT_TRUE(a.ok() && b.ok()) << b.status().text();
  EXPECT_TRUE(identical(*a, *b));
}

TEST(Idx, OneLinePerFault) {
  EXPECT_EQ(parse({}).status().text(), "f: not an idx file");
  EXPECT_EQ(parse({1, 2, 3, 4}).status().text(), "f: not an idx file");
  EXPECT_EQ(parse({0, 0, 8, 0}).status().text(), "f: not an idx file");
  EXPECT_EQ(parse({0, 0, 8, 9}).status().text(), "f: not an idx file");
  EXPECT_EQ(parse({0, 0, 13, 1, 0, 0, 0, 0}).status().text(), "f: idx of other types than u8");
  EXPECT_EQ(parse({0, 0, 8, 2, 0, 0}).status().text(), "f: truncated idx header");
  EXPECT_EQ(parse({0, 0, 8, 1, 0, 0, 0, 9, 1}).status().text(),
            "f: idx header claims 9 bytes, 1 follow");
  EXPECT_EQ(parse({0, 0, 8, 1, 0, 0, 0, 1, 1, 2}).status().text(),
            "f: idx header claims 1 bytes, 2 follow");
  EXPECT_EQ(parse({0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255})
                .status()
                .text(),
            "f: impossible idx sizes");
}

TEST(Idx, DamagedGzip) {
  const Raw good = gzip(raw({0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3}));
  EXPECT_EQ(parse({0x1f, 0x8b, 8, 0}).status().text(), "f: damaged or truncated gzip");
  for (size_t n = 3; n < good.size(); ++n) {
    auto cut = parse_idx(Bytes(good).subspan(0, n), "f");
    EXPECT_EQ(cut.status().text(), "f: damaged or truncated gzip") << n;
  }
  Raw flipped = good;
  flipped[flipped.size() - 8] ^= std::byte{1};  // the checksum
  EXPECT_EQ(parse_idx(flipped, "f").status().text(), "f: damaged or truncated gzip");
}

// There are gzip files that unpack to themselves; following them would never end.
TEST(Idx, GzipInGzipIsNotFollowed) {
  const Raw once = gzip(raw({0, 0, 8, 1, 0, 0, 0, 1, 1}));
  EXPECT_EQ(parse_idx(gzip(once), "f").status().text(), "f: not an idx file");
}

TEST(Idx, Files) {
  EXPECT_EQ(read_idx("/no/such.idx").code(), Code::not_found);
  const std::string path = ::testing::TempDir() + "hone_idx_test.idx";
  const Raw plain = raw({0, 0, 8, 1, 0, 0, 0, 2, 40, 50});
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(plain.data()),
             static_cast<std::streamsize>(plain.size()));
  auto t = read_idx(path);
  ASSERT_TRUE(t.ok()) << t.status().text();
  EXPECT_EQ(t->at(1), 50);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace hone::tasks
