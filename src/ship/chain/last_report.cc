#include "ship/chain/last_report.h"

#include <fmt/format.h>

#include <filesystem>

#include "host/model/files.h"
#include "ship/chain/identity.h"
#include "ship/chain/report_json.h"

namespace hone::ship {

Result<GateReport> last_report(const Project& project, const ModelSpec& model,
                               const TargetSpec& target, const std::string& out_folder) {
  std::filesystem::path folder(out_folder);
  if (out_folder.empty()) folder = std::filesystem::path(project.folder) / "hone-out";
  std::string stem = (folder / (model.name + "." + target.name)).string();
  auto text = read_text(stem + ".report.json");
  if (text.code() == Code::not_found) {
    return Status(Code::not_found,
                  fmt::format("{}.report.json: no report yet; run hone ship first", stem));
  }
  if (!text.ok()) return text.status();
  // The file may have been edited: a field of another type throws.
  try {
    nlohmann::json j = nlohmann::json::parse(*text, nullptr, false);
    if (!j.is_object() || j.value("schema", 0) != 1 || !j.contains("stages")) {
      return corrupt(fmt::format("{}.report.json: not a report of schema 1", stem));
    }
    Status same = check_identity(j, model, target, stem + ".engine");
    if (!same.ok()) return in(stem + ".report.json", same);
    return gate_report(j["stages"], j["identity"]);
  } catch (const nlohmann::json::exception&) {
    return corrupt(fmt::format("{}.report.json: damaged; run hone ship", stem));
  }
}

}  // namespace hone::ship
