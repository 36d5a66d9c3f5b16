#include "host/model/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

namespace hone {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
 protected:
  Files() {
    char name[] = "/tmp/hone-files-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~Files() override { fs::remove_all(folder_); }
  std::string path(const char* name) const { return folder_ + "/" + name; }
  int64_t entries() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }
  std::string folder_;
};

std::string text_of(const std::string& path) {
  auto text = read_text(path);
  return text.ok() ? *text : text.status().text();
}

TEST_F(Files, WritesReadsAndReplaces) {
  ASSERT_TRUE(write_text(path("a"), "one").ok());
  EXPECT_EQ(text_of(path("a")), "one");
  auto mapped = map_file(path("a"));
  ASSERT_TRUE(mapped.ok());
  ASSERT_TRUE(write_text(path("a"), "second").ok());
  EXPECT_EQ(text_of(path("a")), "second");
  // The old mapping still shows the old file.
  EXPECT_EQ(mapped->bytes.size(), 3u);
  EXPECT_EQ(static_cast<char>(mapped->bytes[0]), 'o');
  EXPECT_EQ(entries(), 1);
}

TEST_F(Files, KeepsPermissionsAndLinks) {
  ASSERT_TRUE(write_text(path("real"), "one").ok());
  ASSERT_EQ(::chmod(path("real").c_str(), 0640), 0);
  fs::create_symlink("real", path("link"));
  ASSERT_TRUE(write_text(path("link"), "two").ok());
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(text_of(path("real")), "two");
  struct stat info;
  ASSERT_EQ(::stat(path("real").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
}

TEST_F(Files, EmptyFileIsAnEmptySpan) {
  ASSERT_TRUE(write_text(path("empty"), "").ok());
  auto mapped = map_file(path("empty"));
  ASSERT_TRUE(mapped.ok());
  EXPECT_TRUE(mapped->bytes.empty());
}

TEST_F(Files, SaysWhatIsWrong) {
  auto missing = map_file(path("none"));
  EXPECT_EQ(missing.code(), Code::not_found);
  EXPECT_EQ(missing.status().text(), path("none") + ": no such file");
  EXPECT_EQ(map_file(folder_).code(), Code::invalid_argument);
  EXPECT_EQ(map_file(folder_).status().text(), folder_ + ": is a folder, not a file");
  EXPECT_EQ(map_file("/dev/zero").code(), Code::invalid_argument);
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(map_file(path("fifo")).code(), Code::invalid_argument);
  EXPECT_EQ(write_text(folder_, "x").code(), Code::io_error);
  EXPECT_EQ(write_text(path("no/such"), "x").code(), Code::io_error);
  ASSERT_TRUE(write_text(path("big"), std::string(100, 'x')).ok());
  EXPECT_EQ(read_text(path("big"), 99).code(), Code::invalid_argument);
}

TEST_F(Files, DevicesAreWrittenToNotReplaced) {
  ASSERT_TRUE(write_text("/dev/null", "x").ok());
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  if (fs::exists("/dev/full")) {
    const Status full = write_text("/dev/full", "x");
    EXPECT_EQ(full.code(), Code::io_error);
    EXPECT_EQ(full.text(), "/dev/full: cannot be written: No space left on device");
  }
}

// RLIMIT_FSIZE stands in for a full disk: write() fails part of the way.
TEST_F(Files, FailedWriteLeavesTheOldFileAndNothingElse) {
  ASSERT_TRUE(write_text(path("a"), "old").ok());
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 1000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status status = write_text(path("a"), std::string(5000, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(status.code(), Code::io_error);
  EXPECT_EQ(status.text(), path("a") + ": cannot be written: File too large");
  EXPECT_EQ(text_of(path("a")), "old");
  EXPECT_EQ(entries(), 1);
}

TEST_F(Files, UncommittedFileVanishes) {
  {
    auto file = AtomicFile::create(path("a"));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->append({}).ok());
    EXPECT_EQ(entries(), 1);
  }
  EXPECT_EQ(entries(), 0);
}

TEST_F(Files, CheckWritableLeavesNothing) {
  EXPECT_TRUE(check_writable(path("a")).ok());
  EXPECT_EQ(check_writable(path("no/such")).text(),
            path("no/such") + ": cannot be written: there is no folder " + path("no"));
  EXPECT_EQ(check_writable(folder_).code(), Code::io_error);
  EXPECT_EQ(entries(), 0);
}

TEST_F(Files, MakesFolders) {
  EXPECT_TRUE(make_folder(path("x/y/z")).ok());
  EXPECT_TRUE(make_folder(path("x/y/z")).ok());
  EXPECT_TRUE(make_folder(path("x/y/z/")).ok());
  ASSERT_TRUE(write_text(path("f"), "").ok());
  EXPECT_EQ(make_folder(path("f")).code(), Code::io_error);
  EXPECT_EQ(make_folder(path("f/g")).code(), Code::io_error);
}

}  // namespace
}  // namespace hone
