// A machine of planted files: what SystemFiles reads below a temporary folder.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "ship/measure/probes/system_files.h"
#include "ship/measure/probes/testing/machine.h"

namespace hone::ship::testing {

class Tree {
 public:
  Tree() {
    std::string path = ::testing::TempDir() + "hone_tree_XXXXXX";
    root_ = mkdtemp(path.data()) != nullptr ? path : "";
  }
  ~Tree() {
    std::error_code error;
    std::filesystem::remove_all(root_, error);
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  void plant(const std::string& path, std::string_view text) {
    std::filesystem::path full = root_ + "/" + path;
    std::filesystem::create_directories(full.parent_path());
    std::filesystem::remove(full);  // a file cut short and written anew is flushed to the disk
    std::ofstream(full, std::ios::binary) << text;
  }
  void plant(const std::string& path, int64_t n) { plant(path, std::to_string(n) + "\n"); }
  void remove(const std::string& path) { std::filesystem::remove_all(root_ + "/" + path); }
  const std::string& root() const { return root_; }
  SystemFiles files() const { return SystemFiles(root_); }

 private:
  std::string root_;
};

// What a file of one value may hold when something is wrong with it: no reader may fail, hang or
// take it for a figure.
inline std::vector<std::string> hostile_texts() {
  using namespace std::string_literals;
  return {"",
          "\n",
          " ",
          "\0"s,
          "garbage",
          "12garbage",
          "0x",
          "-",
          "1.5",
          "nan",
          "99999999999999999999",
          "-99999999999999999999",
          "\xff\xfe\x80",
          "1\n2\n3\n",
          ":::",
          "()",
          ")(",
          "< >",
          "=",
          ",,,,",
          "0-",
          "5-1",
          "0-999999999",
          std::string(2 << 20, '7'),
          std::string(100'000, '\n'),
          std::string(100'000, '(')};
}

}  // namespace hone::ship::testing
