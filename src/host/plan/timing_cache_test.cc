#include "host/plan/timing_cache.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "host/model/files.h"

namespace hone::plan {
namespace {

TEST(TimingCache, KeepsWhatItWasGiven) {
  TimingCache cache;
  cache.add("gemm \"a\" v1 f32[1,2]", 1234.4);
  cache.add("conv\\b\n", 0.2);
  cache.add("slow", 1e300);
  cache.add("not a number", std::nan(""));
  EXPECT_EQ(cache.find("gemm \"a\" v1 f32[1,2]"), 1234);
  EXPECT_EQ(cache.find("conv\\b\n"), 1) << "0 would mean: not timed";
  EXPECT_EQ(cache.find("absent"), std::nullopt);
  auto again = TimingCache::parse(cache.to_json());
  ASSERT_TRUE(again.ok()) << again.status().text();
  EXPECT_EQ(again->to_json(), cache.to_json());
  EXPECT_EQ(again->size(), 4u);
  EXPECT_EQ(again->find("gemm \"a\" v1 f32[1,2]"), 1234);
  EXPECT_FALSE(again->changed());
}

TEST(TimingCache, OrderOfAddingDoesNotMatter) {
  TimingCache a, b;
  a.add("x", 1), a.add("y", 2);
  b.add("y", 2), b.add("x", 1);
  EXPECT_EQ(a.to_json(), b.to_json());
}

TEST(TimingCache, NamesThatAreNoUtf8AreWritten) {
  TimingCache cache;
  cache.add("CPU \xff\xfe", 5);
  EXPECT_TRUE(TimingCache::parse(cache.to_json()).ok());
}

TEST(TimingCache, RefusesWhatIsNone) {
  const char* none[] = {"",
                        "{",
                        "[]",
                        "7",
                        "null",
                        "\"schema\"",
                        "{\"schema\": 1}",
                        "{\"schema\": 2, \"ns\": {}}",
                        "{\"schema\": \"1\", \"ns\": {}}",
                        "{\"schema\": [1], \"ns\": {}}",
                        "{\"schema\": null, \"ns\": {}}",
                        "{\"schema\": 1, \"ns\": []}",
                        "{\"schema\": 1, \"ns\": null}",
                        "{\"ns\": {}}",
                        "{\"schema\": 1, \"ns\": {}} x"};
  for (const char* text : none) {
    auto cache = TimingCache::parse(text);
    EXPECT_EQ(cache.code(), Code::corrupt) << text;
    EXPECT_NE(cache.status().text().find("not a timing cache"), std::string::npos) << text;
  }
  for (const char* value : {"0", "-5", "\"5\"", "null", "0.5", "1.5", "1e300", "[1]", "true"}) {
    auto cache =
        TimingCache::parse(std::string("{\"schema\": 1, \"ns\": {\"a\\nb\": ") + value + "}}");
    EXPECT_EQ(cache.code(), Code::corrupt) << value;
    EXPECT_EQ(cache.status().text(), "timing cache: \"a\\nb\" is not a whole number of nanoseconds")
        << value;
  }
  EXPECT_TRUE(TimingCache::parse("{\"schema\": 1, \"ns\": {\"a\": 1.0, \"b\": 2e3}}").ok());
}

TEST(TimingCache, FilesAreNamedInErrorsAndMayBeAbsent) {
  auto folder =
      std::filesystem::temp_directory_path() / ("hone_cache_test_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  auto absent = TimingCache::load((folder / "absent.json").string());
  ASSERT_TRUE(absent.ok());
  EXPECT_EQ(absent->size(), 0u);
  const std::string path = (folder / "bad.json").string();
  ASSERT_TRUE(write_text(path, "garbage").ok());
  auto bad = TimingCache::load(path);
  EXPECT_EQ(bad.code(), Code::corrupt);
  EXPECT_EQ(bad.status().text().find(path), 0u);
  EXPECT_FALSE(TimingCache::load(folder.string()).ok()) << "a folder is no cache";
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace hone::plan
