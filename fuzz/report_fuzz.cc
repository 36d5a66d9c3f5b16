// Any text as a report: refused with one line, or a page without a number that is none.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ship/report/report.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace report = hone::ship::report;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = report::parse_report(text, "x.report.json");
  if (!parsed.ok()) {
    require(parsed.status().text().find('\n') == std::string::npos);
    return 0;
  }
  // Words of the report's own are not numbers that the page made.
  if (text.find("nan%") != text.npos || text.find("inf%") != text.npos) return 0;
  const report::Run run = report::run_of(*parsed);
  const auto page = report::render_report({*parsed}, {run, run});
  require(page.ok());
  for (const std::string& html : {*page, report::render_trend({run, run})}) {
    require(html.find("nan%") == std::string::npos && html.find("inf%") == std::string::npos);
    require(html.ends_with("</html>\n"));
  }
  return 0;
}
