// Outputs that were saved, by hone run or by the framework that the model was trained in.
#include <fmt/format.h>

#include <filesystem>

#include "host/model/tensor_files.h"
#include "ship/parity/sides.h"

namespace hone::ship {

namespace fs = std::filesystem;

namespace {

bool exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

std::string file_of(const std::string& folder, int64_t i) {
  const std::string stem = fmt::format("{}/output_{}", folder, i);
  for (const char* extension : {".npy", ".pb"}) {
    if (exists(stem + extension)) return stem + extension;
  }
  return "";
}

class Golden : public Side {
 public:
  Golden(std::vector<std::string> folders, size_t outputs) : folders_(std::move(folders)) {
    for (size_t i = 0; i < outputs; ++i) names_.push_back(fmt::format("output_{}", i));
  }

  const std::vector<IoInfo>& inputs() const override { return inputs_; }
  std::vector<std::string> outputs() const override { return names_; }
  int64_t saved() const override { return std::ssize(folders_); }
  Result<std::vector<Tensor>> run(int64_t k, const std::vector<Tensor>&) override {
    const std::string& folder = folders_.at(static_cast<size_t>(k));
    std::vector<Tensor> all;
    for (int64_t i = 0; i < std::ssize(names_); ++i) {
      const std::string file = file_of(folder, i);
      if (file.empty()) {
        return error(Code::not_found,
                     fmt::format("{0}: holds neither output_{1}.npy nor output_{1}.pb", folder, i));
      }
      HONE_ASSIGN(Tensor t, model::read_tensor_file(file));
      all.push_back(std::move(t));
    }
    return all;
  }

 private:
  std::vector<std::string> folders_, names_;
  std::vector<IoInfo> inputs_;
};

}  // namespace

std::vector<std::string> sample_folders(const std::string& folder) {
  std::vector<std::string> all;
  for (int64_t k = 0;; ++k) {
    const std::string path = fmt::format("{}/test_data_set_{}", folder, k);
    if (!exists(path)) break;
    all.push_back(path);
  }
  if (all.empty()) all.push_back(folder);
  return all;
}

Result<std::unique_ptr<Side>> open_golden(const std::string& folder) {
  std::vector<std::string> folders = sample_folders(folder);
  size_t outputs = 0;
  while (!file_of(folders[0], static_cast<int64_t>(outputs)).empty()) ++outputs;
  if (outputs == 0) {
    return error(Code::not_found,
                 fmt::format("{}: holds neither output_0.npy nor output_0.pb", folders[0]));
  }
  return std::unique_ptr<Side>(std::make_unique<Golden>(std::move(folders), outputs));
}

}  // namespace hone::ship
