#include "ship/chain/golden.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "host/model/tensor_files.h"

namespace hone::ship {

namespace fs = std::filesystem;

namespace {

Result<std::vector<Tensor>> numbered(const std::string& folder, const char* what, size_t count) {
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < count; ++i) {
    HONE_ASSIGN(Tensor t, model::read_npy(fmt::format("{}/{}_{}.npy", folder, what, i)));
    tensors.push_back(std::move(t));
  }
  return tensors;
}

}  // namespace

Result<std::vector<GoldenPair>> golden_pairs(const std::string& folder, size_t inputs,
                                             size_t outputs) {
  std::vector<std::string> folders;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->is_directory(error)) folders.push_back(it->path().string());
  }
  std::sort(folders.begin(), folders.end());
  if (folders.empty()) {
    return Status(Code::not_found, fmt::format("{}: no folders with golden pairs", folder));
  }
  std::vector<GoldenPair> pairs;
  for (const std::string& f : folders) {
    GoldenPair p;
    HONE_ASSIGN(p.in, numbered(f, "input", inputs));
    HONE_ASSIGN(p.out, numbered(f, "output", outputs));
    pairs.push_back(std::move(p));
  }
  return pairs;
}

}  // namespace hone::ship
