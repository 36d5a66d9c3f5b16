// Attributes of plugins' nodes: what is encoded is read back, damage is refused, never overrun.
#include "device/kernels/plugin/attributes.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace hone::kernels {
namespace {

hone_plugin_attribute attribute(const char* name, int32_t type, int32_t dtype) {
  hone_plugin_attribute a = {};
  a.name = name;
  a.type = type;
  a.dtype = dtype;
  return a;
}

std::vector<int32_t> encode(const std::vector<hone_plugin_attribute>& all) {
  std::vector<std::byte> bytes(HONE_PLUGIN_ATTRIBUTE_BYTES);
  const PluginAttributesHead head = {static_cast<uint32_t>(all.size())};
  std::memcpy(bytes.data(), &head, sizeof(head));
  size_t at = sizeof(head);
  for (const auto& a : all) at += encode_attribute(a, std::span(bytes).subspan(at));
  std::vector<int32_t> words(at / 4);
  std::memcpy(words.data(), bytes.data(), at);
  return words;
}

const int64_t ints[] = {-1, 1 << 20, 3};
const float floats[] = {0.5f, -2};
const int64_t dims[] = {2, 3};
const uint8_t pixels[] = {1, 2, 3, 4, 5, 6};

std::vector<hone_plugin_attribute> one_of_each() {
  auto i = attribute("axis", HONE_ATTRIBUTE_INT, HONE_I64);
  i.i = -7;
  auto f = attribute("slope", HONE_ATTRIBUTE_FLOAT, HONE_F32);
  f.f = 0.25f;
  auto s = attribute("mode", HONE_ATTRIBUTE_STRING, HONE_U8);
  s.data = "nearest1", s.count = 8;  // its 0 takes eight bytes more
  auto li = attribute("ints", HONE_ATTRIBUTE_INTS, HONE_I64);
  li.data = ints, li.count = 3;
  auto lf = attribute("floats", HONE_ATTRIBUTE_FLOATS, HONE_F32);
  lf.data = floats, lf.count = 2;
  auto t = attribute("table", HONE_ATTRIBUTE_TENSOR, HONE_U8);
  t.data = pixels, t.count = 6, t.dims = dims, t.rank = 2;
  return {i, f, s, li, lf, t};
}

TEST(PluginAttributes, OneOfEachIsReadBack) {
  PluginAttributes a;
  ASSERT_TRUE(a.decode(encode(one_of_each())));
  const auto v = a.view();
  EXPECT_EQ(v.count, 6);
  EXPECT_EQ(hone_plugin_int(v, "axis", 0), -7);
  EXPECT_EQ(hone_plugin_float(v, "slope", 0), 0.25f);
  EXPECT_STREQ(hone_plugin_string(v, "mode", ""), "nearest1");
  EXPECT_EQ(hone_plugin_int(v, "slope", 5), 5) << "of another type";
  EXPECT_EQ(hone_plugin_find(v, "nothing"), nullptr);
  const auto* i = hone_plugin_find(v, "ints");
  ASSERT_EQ(i->count, 3);
  EXPECT_EQ(std::memcmp(i->data, ints, sizeof(ints)), 0);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(i->data) % 8, 0u);
  EXPECT_EQ(std::memcmp(hone_plugin_find(v, "floats")->data, floats, sizeof(floats)), 0);
  const auto* t = hone_plugin_find(v, "table");
  ASSERT_EQ(t->rank, 2);
  EXPECT_EQ(t->dims[1], 3);
  EXPECT_EQ(std::memcmp(t->data, pixels, sizeof(pixels)), 0);
}

TEST(PluginAttributes, NoneAndEmptyOnes) {
  PluginAttributes a;
  EXPECT_TRUE(a.decode({}));
  EXPECT_EQ(a.view().count, 0);
  ASSERT_TRUE(a.decode(encode({attribute("empty", HONE_ATTRIBUTE_INTS, HONE_I64)})));
  EXPECT_EQ(a.view().list[0].count, 0);
  EXPECT_EQ(a.view().list[0].data, nullptr);
}

TEST(PluginAttributes, EveryShorterOneIsRefused) {
  const std::vector<int32_t> good = encode(one_of_each());
  PluginAttributes a;
  for (size_t n = 1; n < good.size(); ++n) {
    EXPECT_FALSE(a.decode(std::span(good).first(n))) << n;
  }
  std::vector<int32_t> longer = good;
  longer.resize(good.size() + 2);
  EXPECT_FALSE(a.decode(longer));
  EXPECT_FALSE(a.decode(std::vector<int32_t>(2000)));
}

// A bit at a time: refused, or attributes whose texts end and whose data lie inside.
TEST(PluginAttributes, DamageStaysInside) {
  const std::vector<int32_t> good = encode(one_of_each());
  int refused = 0;
  for (size_t bit = 0; bit < good.size() * 32; ++bit) {
    std::vector<int32_t> words = good;
    words[bit / 32] ^= static_cast<int32_t>(1u << (bit % 32));
    PluginAttributes a;
    if (!a.decode(words)) {
      ++refused;
      continue;
    }
    const auto v = a.view();
    const auto* begin = reinterpret_cast<const char*>(&a);
    for (int32_t i = 0; i < v.count; ++i) {
      EXPECT_LT(std::strlen(v.list[i].name), words.size() * 4);
      if (v.list[i].data == nullptr) continue;
      const auto* data = static_cast<const char*>(v.list[i].data);
      EXPECT_GE(data, begin);
      EXPECT_LE(data + v.list[i].count, begin + sizeof(a));
    }
  }
  EXPECT_GT(refused, 300);
}

}  // namespace
}  // namespace hone::kernels
