// What every stage made of the model: nodes, size, latency, accuracy, and what the stage took.

#include <fmt/format.h>

#include "ship/report/fields.h"
#include "ship/report/format.h"
#include "ship/report/sections.h"

namespace hone::ship::report {

using nlohmann::json;

namespace {

std::string percent_or_none(const std::optional<double>& v) {
  return v ? fmt::format("{:.2f} %", *v) : "";
}

std::string or_none(const std::optional<double>& v, std::string (*print)(double)) {
  return v ? print(*v) : "";
}

}  // namespace

Html before_after_section(const Place& place, const json& report) {
  const json& stages = at(report, {"stages"});
  if (!stages.is_object()) return {};
  Table t;
  t.css = "chain stack";
  t.head = {"Stage", "Found", "Nodes", "Size", "p50", "Accuracy", "Took"};
  t.numeric = {false, false, true, true, true, true, true};
  for (const char* name : {"inspect", "golden", "optimize", "quantize", "build", "parity",
                           "accuracy", "bench", "profile"}) {
    const json& stage = at(stages, {name});
    if (!stage.is_object()) continue;
    const std::string s(name);
    const auto size = number(stage, {"bytes"});
    auto nodes = number(stage, {"nodes"});
    if (!nodes) nodes = number(stage, {"steps"});
    const auto took = number(stage, {"seconds"});
    std::string accuracy;
    if (s == "inspect") {
      accuracy = percent_or_none(number(stages, {"accuracy", "baseline_percent"}));
    } else if (s == "accuracy") {
      accuracy = percent_or_none(number(stage, {"percent"}));
    }
    t.rows.push_back({cell(s == "inspect" ? "model" : name), cell(text(stage, {"text"}), "words"),
                      cell(or_none(nodes, count)), cell(or_none(size, bytes)),
                      cell(or_none(number(stage, {"latency_ms", "p50"}), milliseconds)),
                      cell(accuracy), cell(took ? figure(*took, 2) + " s" : "")});
  }
  return section(place, "chain", "Stage by stage", html_of(t));
}

}  // namespace hone::ship::report
