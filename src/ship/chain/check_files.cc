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

Status check_data(const char* table, const tasks::DataSpec& spec) {
  const tasks::DataFormat* format = tasks::find_data_format(spec.format);
  if (format == nullptr) return {};
  for (const tasks::DataKey& k : format->keys) {
    const std::string key = fmt::format("{}.{}", table, k.name);
    if (k.path) HONE_RETURN_IF_ERROR(check_there(key.c_str(), spec.at(k.name)));
  }
  return {};
}

}  // namespace

Status check_files(const ModelSpec& model, const TargetSpec& target) {
  HONE_RETURN_IF_ERROR(check_there("onnx", model.onnx));
  HONE_RETURN_IF_ERROR(check_there("golden", model.golden));
  HONE_RETURN_IF_ERROR(check_there("baseline", target.baseline));
  // Calibration data are only read where the chain quantises.
  if (model.calibration && target.precision == "int8") {
    HONE_RETURN_IF_ERROR(check_data("calibration", *model.calibration));
  }
  return model.evaluation ? check_data("evaluation", *model.evaluation) : Status();
}

}  // namespace hone::ship
