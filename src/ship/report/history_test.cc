#include "ship/report/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "ship/report/report.h"

namespace hone::ship::report {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Mode = History::Mode;

class HistoryFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = ::testing::TempDir() + "hone_history_XXXXXX";
    folder_ = mkdtemp(path.data());
    path_ = history_path(folder_);
  }
  void TearDown() override {
    std::error_code error;
    fs::permissions(folder_, fs::perms::owner_all, error);
    fs::remove_all(folder_, error);
  }

  static report::Run run(const std::string& created, double p50) {
    report::Run r;
    r.created = created;
    r.model = "fashion";
    r.target = "local";
    r.verdict = "SHIP";
    r.engine_hash = "a4ec01f95d1247e4";
    r.p50_ms = p50;
    r.classes = {{"Shirt", 77.7}};
    return r;
  }
  Status add(const report::Run& r) {
    HONE_ASSIGN(History h, History::open(path_, Mode::write));
    return h.add(r);
  }
  std::vector<report::Run> all() {
    auto h = History::open(path_, Mode::read);
    EXPECT_TRUE(h.ok()) << h.status().text();
    auto runs = h->last("", "", 100);
    EXPECT_TRUE(runs.ok()) << runs.status().text();
    return *runs;
  }
  void sql(const char* text) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, text, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  std::string folder_, path_;
};

TEST_F(HistoryFile, KeepsRunsInOrder) {
  EXPECT_EQ(History::open(path_, Mode::read).code(), Code::not_found);
  ASSERT_TRUE(add(run("2026-11-01T10:00:00Z", 1.5)).ok());
  ASSERT_TRUE(add(run("2026-11-02T10:00:00Z", 1.4)).ok());
  const std::vector<report::Run> runs = all();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(to_json(runs[0]), to_json(run("2026-11-01T10:00:00Z", 1.5)));
  EXPECT_EQ(*runs[1].p50_ms, 1.4);
}

TEST_F(HistoryFile, ARunThatMeasuredNothingNewIsNotAdded) {
  ASSERT_TRUE(add(run("2026-11-01T10:00:00Z", 1.5)).ok());
  ASSERT_TRUE(add(run("2026-11-02T10:00:00Z", 1.5)).ok());
  EXPECT_EQ(all().size(), 1u);
  report::Run other = run("2026-11-03T10:00:00Z", 1.5);
  other.target = "pi5";
  ASSERT_TRUE(add(other).ok());
  ASSERT_TRUE(add(run("2026-11-04T10:00:00Z", 1.5)).ok());
  EXPECT_EQ(all().size(), 2u) << "the last of its own model and target counts";
}

TEST_F(HistoryFile, LimitsAndSelects) {
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(add(run("", 1 + i)).ok());
  auto h = History::open(path_, Mode::read);
  ASSERT_TRUE(h.ok());
  auto last = h->last("fashion", "local", 3);
  ASSERT_EQ(last->size(), 3u);
  EXPECT_EQ(*last->back().p50_ms, 9);
  EXPECT_EQ(last->back().created.size(), 20u) << "now, where the run has no time";
  EXPECT_EQ(h->last("other", "", 3)->size(), 0u);
  EXPECT_EQ(h->last("x' OR '1'='1", "", 3)->size(), 0u);
}

TEST_F(HistoryFile, NamesThatAreNotUtf8) {
  report::Run r = run("", 1);
  r.model = "caf\xE9";
  ASSERT_TRUE(add(r).ok());
  EXPECT_EQ(all().size(), 1u);
}

TEST_F(HistoryFile, DamagedOrForeignFiles) {
  std::ofstream(path_) << std::string(5000, 'x');
  for (Mode mode : {Mode::read, Mode::write}) {
    const Status s = History::open(path_, mode).status();
    EXPECT_EQ(s.code(), Code::corrupt);
    EXPECT_THAT(s.text(), HasSubstr("damaged, or not a database"));
  }
  fs::remove(path_);
  sql("CREATE TABLE mine (a)");
  EXPECT_THAT(add(run("", 1)).text(), HasSubstr("not a history of Hone"));
  fs::remove(path_);
  std::ofstream(path_).close();
  EXPECT_EQ(History::open(path_, Mode::read).code(), Code::corrupt) << "an empty file";
  EXPECT_TRUE(add(run("", 1)).ok()) << "is a fresh one";
}

TEST_F(HistoryFile, ANewerHonesFileIsLeftAlone) {
  ASSERT_TRUE(add(run("", 1)).ok());
  sql("PRAGMA user_version = 2");
  const Status s = add(run("", 2));
  EXPECT_EQ(s.code(), Code::version_mismatch);
  EXPECT_THAT(s.text(), HasSubstr("written by a newer Hone"));
}

TEST_F(HistoryFile, EditedRowsAreSkippedNotTrusted) {
  ASSERT_TRUE(add(run("", 1)).ok());
  sql("INSERT INTO run (created, model, target, summary) VALUES ('', 'a', 'b', 'no json')");
  sql("INSERT INTO run (created, model, target, summary) VALUES (1, 2, x'00ff', '{\"p50_ms\": "
      "[]}')");
  const std::vector<report::Run> runs = all();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_FALSE(runs[1].p50_ms);
  const std::string deep = std::string(100000, '[');
  sql(("UPDATE run SET summary = '" + deep + "'").c_str());
  EXPECT_EQ(all().size(), 0u);
}

TEST_F(HistoryFile, LockedByAnother) {
  ASSERT_TRUE(add(run("", 1)).ok());
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  const Status s = add(run("", 2));
  EXPECT_EQ(s.code(), Code::io_error);
  EXPECT_THAT(s.text(), HasSubstr("locked by another process"));
  sqlite3_close(db);
  EXPECT_TRUE(add(run("", 2)).ok());
}

TEST_F(HistoryFile, NowhereToWrite) {
  path_ = folder_ + "/no/such/history.db";
  EXPECT_EQ(add(run("", 1)).code(), Code::io_error);
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  path_ = history_path(folder_);
  ASSERT_TRUE(add(run("", 1)).ok());
  fs::permissions(path_, fs::perms::owner_read);
  fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(add(run("", 2)).code(), Code::io_error);
}

// Two `hone ship` at once, both first.
TEST_F(HistoryFile, TwoWritersAtOnce) {
  std::vector<std::thread> writers;
  for (int w = 0; w < 2; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < 10; ++i) {
        const Status s = add(run("", w * 100 + i));
        EXPECT_TRUE(s.ok()) << s.text();
      }
    });
  }
  for (std::thread& t : writers) t.join();
  EXPECT_EQ(all().size(), 20u);
}

}  // namespace
}  // namespace hone::ship::report
