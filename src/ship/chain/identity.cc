#include "ship/chain/identity.h"

#include <fmt/format.h>

#include <filesystem>

#include "host/model/json_text.h"
#include "host/plan/target_file.h"
#include "ship/chain/stage_cache.h"
#include "ship/gate/machine.h"
#include "ship/project/picture.h"

namespace hone::ship {

using nlohmann::json;

namespace {

Machine machine_of(const json& j) {
  // What a probe could not read is a text that says so; a machine's name it is not.
  const auto text = [&](const char* key) {
    return j.contains(key) && j[key].is_string() ? j[key].get<std::string>() : std::string();
  };
  return {text("cpu"), text("arch"), text("isa"), j.value("cores", int64_t{0})};
}

}  // namespace

std::string preprocess_hash(const ModelSpec& model) {
  std::string contract;
  for (const auto& [key, text] : contract_properties(model)) contract += key + "=" + text + "\n";
  return hash_text(contract);
}

json identity_json(const ModelSpec& model, const TargetSpec& target, const Target& machine,
                   const std::string& engine_hash) {
  return {{"engine_hash", engine_hash},
          {"model_hash", hash_file(model.onnx)},
          {"preprocess_hash", preprocess_hash(model)},
          {"target",
           {{"cpu", machine.cpu},
            {"arch", name(machine.arch)},
            {"isa", plan::isa_names(machine.isa)},
            {"cores", machine.cores},
            {"threads", target.threads},
            {"precision", target.precision}}}};
}

Status check_identity(const json& report, const ModelSpec& model, const TargetSpec& target,
                      const std::string& engine_path) {
  if (!report.contains("identity")) {
    return invalid("the report does not say what it is about; run hone ship");
  }
  const json& id = report.at("identity");
  const auto is = [&](const char* key, const std::string& now) { return id.at(key) == json(now); };
  std::error_code error;
  if (!std::filesystem::exists(engine_path, error)) {
    return invalid(engine_path + ": no such file; the report is judged with the engine that ships");
  }
  if (!is("engine_hash", hash_file(engine_path))) {
    return invalid(engine_path + " is not the engine this report is about; run hone ship");
  }
  if (std::filesystem::exists(model.onnx, error) && !is("model_hash", hash_file(model.onnx))) {
    return invalid(model.onnx + " is not the model this report is about; run hone ship");
  }
  if (!is("preprocess_hash", preprocess_hash(model))) {
    return invalid(
        fmt::format("the preprocessing or labels of model '{}' are not those of this report; "
                    "run hone ship",
                    model.name));
  }
  const json& t = id.at("target");
  const auto differs = [&](const char* what, const json& was, const json& now) {
    return invalid(fmt::format("target '{}' has {} {}, this report is about {}; run hone ship",
                               target.name, what, json_text(now), json_text(was)));
  };
  const json threads = target.threads, precision = target.precision;
  if (t.at("threads") != threads) return differs("threads", t.at("threads"), threads);
  if (t.at("precision") != precision) return differs("precision", t.at("precision"), precision);
  return {};
}

std::string measured_elsewhere(const json& identity, const json& conditions) {
  return machine_difference(machine_of(identity.at("target")), machine_of(conditions));
}

}  // namespace hone::ship
