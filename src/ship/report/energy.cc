// Energy per inference with its source, or why there is none and what would help.

#include <fmt/format.h>

#include "ship/report/fields.h"
#include "ship/report/format.h"
#include "ship/report/sections.h"

namespace hone::ship::report {

using nlohmann::json;

Html energy_section(const Place& place, const json& report) {
  const json& energy = at(report, {"stages", "bench", "energy"});
  if (!energy.is_object()) return {};
  const auto net = number(energy, {"joules_per_inference"}),
             gross = number(energy, {"gross_joules_per_inference"}),
             idle = number(energy, {"idle_watts"});
  const std::string source = text(energy, {"source"}), fix = text(energy, {"fix"});
  std::string line;
  if (net) {
    line = figure(*net * 1e3) + " mJ per inference, idle subtracted";
    if (gross) line += fmt::format("; {} mJ with it", figure(*gross * 1e3));
    if (idle) line += fmt::format("; idle {} W", figure(*idle));
    line += source.empty() ? "." : ". Source: " + source + ".";
  } else {
    // "unavailable: why" says it already.
    const bool said = source.starts_with("unavailable");
    line = said ? "U" + source.substr(1) : "Unavailable" + (source.empty() ? "" : ": " + source);
    line += ".";
  }
  Html body = paragraph("lead", line);
  if (!fix.empty()) {
    body += paragraph("note", "What would make it readable:") +
            element("pre", {}, element("code", {}, fix));
  }
  return section(place, "energy", "Energy", body);
}

}  // namespace hone::ship::report
