#include "ship/chain/publish.h"

#include "host/model/files.h"
#include "ship/report/report.h"

namespace hone::ship {

Result<Published> publish(const std::string& folder, const std::vector<nlohmann::json>& reports) {
  Published p{folder + "/report.html", {}};
  for (const nlohmann::json& r : reports) {
    Status kept = report::add_to_history(folder, r);
    if (!kept.ok()) p.warnings.push_back("not in the history: " + kept.text());
  }
  HONE_ASSIGN(std::string html, report::render_report(reports, report::read_history(folder)));
  HONE_RETURN_IF_ERROR(write_text(p.path, html));
  return p;
}

}  // namespace hone::ship
