#include "ship/chain/check_files.h"

#include <fmt/format.h>

#include <filesystem>

namespace hone::ship {

namespace {

Status check_there(const char* key, const std::string& path) {
  std::error_code error;
  if (path.empty() || std::filesystem::exists(path, error)) return {};
  return Status(Code::not_found,
                fmt::format("{}: no such file or folder; hone.toml names it as '{}'", path, key));
}

}  // namespace

Status check_files(const ModelSpec& model, const TargetSpec& target) {
  HONE_RETURN_IF_ERROR(check_there("onnx", model.onnx));
  HONE_RETURN_IF_ERROR(check_there("golden", model.golden));
  HONE_RETURN_IF_ERROR(check_there("baseline", target.baseline));
  // Calibration data is not looked for: no stage of this version reads it.
  if (!model.evaluation) return {};
  const tasks::DataFormat* format = tasks::find_data_format(model.evaluation->format);
  for (const tasks::DataKey& k :
       format != nullptr ? format->keys : std::span<const tasks::DataKey>()) {
    const std::string key = fmt::format("evaluation.{}", k.name);
    if (k.path) HONE_RETURN_IF_ERROR(check_there(key.c_str(), model.evaluation->at(k.name)));
  }
  return {};
}

}  // namespace hone::ship
