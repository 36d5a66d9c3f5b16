#include "ship/chain/last_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "host/model/files.h"
#include "ship/chain/identity.h"
#include "ship/chain/report_json.h"

namespace hone::ship {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

Result<json> read_json(const std::string& path) {
  HONE_ASSIGN(std::string text, read_text(path));
  json j = json::parse(text, nullptr, false);
  if (!j.is_object() || j.value("schema", 0) != 1 || !j.contains("stages")) {
    return corrupt(path + ": not a report of schema 1");
  }
  return j;
}

Result<GateReport> judgeable(const std::string& path, const json& j, const ModelSpec& model,
                             const TargetSpec& target, const std::string& engine) {
  Status same = check_identity(j, model, target, engine);
  if (!same.ok()) return in(path, same);
  return gate_report(j.at("stages"), j.at("identity"));
}

// The file may have been edited: a field of another type throws.
template <class Fn>
auto guarded(const std::string& path, Fn fn) -> decltype(fn()) {
  try {
    return fn();
  } catch (const json::exception&) {
    return corrupt(path + ": damaged; run hone ship");
  }
}

template <class Spec>
Result<const Spec*> named(const std::vector<Spec>& all, const char* what, const std::string& name) {
  for (const Spec& s : all) {
    if (s.name == name) return &s;
  }
  return invalid(
      fmt::format("the report is about {} '{}', which the policy does not have", what, name));
}

}  // namespace

Result<GateReport> last_report(const Project& project, const ModelSpec& model,
                               const TargetSpec& target, const std::string& out_folder) {
  fs::path folder(out_folder);
  if (out_folder.empty()) folder = fs::path(project.folder) / "hone-out";
  const std::string stem = (folder / (model.name + "." + target.name)).string();
  const std::string path = stem + ".report.json";
  std::error_code error;
  if (!fs::exists(path, error) && !error) {
    return Status(Code::not_found, path + ": no report yet; run hone ship first");
  }
  return guarded(path, [&]() -> Result<GateReport> {
    HONE_ASSIGN(json j, read_json(path));
    return judgeable(path, j, model, target, stem + ".engine");
  });
}

Result<NamedReport> read_report(const std::string& path, const std::string& engine,
                                const Project& project) {
  return guarded(path, [&]() -> Result<NamedReport> {
    HONE_ASSIGN(json j, read_json(path));
    auto model = named(project.models, "model", j.at("model").get<std::string>());
    if (!model.ok()) return in(path, model.status());
    auto target = named(project.targets, "target", j.at("target").get<std::string>());
    if (!target.ok()) return in(path, target.status());
    std::string beside = engine;
    if (beside.empty()) {
      const std::string name = fmt::format("{}.{}.engine", (*model)->name, (*target)->name);
      beside = (fs::path(path).parent_path() / name).string();
    }
    HONE_ASSIGN(GateReport report, judgeable(path, j, **model, **target, beside));
    return NamedReport{*model, *target, std::move(report)};
  });
}

}  // namespace hone::ship
