// hone gate: the verdict on what hone ship measured last, under the limits as they are now.

#include "ship/gate/gate.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "ship/chain/last_report.h"

namespace hone::cli {

namespace {

struct Options {
  std::string project, out, json;
};

const char* word(ship::Verdict v) {
  return v == ship::Verdict::ship ? "pass" : v == ship::Verdict::no_ship ? "FAIL" : "undecided";
}

nlohmann::json to_json(const ship::ModelSpec& m, const ship::TargetSpec& t,
                       const ship::GateResult& g) {
  nlohmann::json checks = nlohmann::json::array();
  for (const ship::Check& c : g.checks) {
    checks.push_back({{"what", c.what},
                      {"result", c.verdict == ship::Verdict::no_ship ? "fail" : word(c.verdict)},
                      {"text", c.text}});
  }
  return {{"model", m.name},
          {"target", t.name},
          {"verdict", ship::verdict_line(g)},
          {"checks", std::move(checks)}};
}

Status run_gate(const Options& o, Session& s) {
  HONE_ASSIGN(ship::Project project, ship::load_project(o.project));
  ship::Verdict worst = ship::Verdict::ship;
  std::vector<std::string> lines, verdicts;
  nlohmann::json list = nlohmann::json::array();
  for (const ship::ModelSpec& m : project.models) {
    for (const ship::TargetSpec& t : project.targets) {
      HONE_ASSIGN(ship::GateReport report, ship::last_report(project, m, t, o.out));
      ship::GateResult g = ship::decide(report, t.limits);
      for (const ship::Check& c : g.checks) {
        lines.push_back(fmt::format("{:<9} {} {}", word(c.verdict), c.what, c.text));
      }
      if (g.verdict == ship::Verdict::no_ship || worst == ship::Verdict::ship) worst = g.verdict;
      verdicts.push_back(ship::verdict_line(g));
      list.push_back(to_json(m, t, g));
    }
  }
  s.exit = worst == ship::Verdict::ship ? yes : worst == ship::Verdict::no_ship ? no : inconclusive;
  HONE_ASSIGN(bool text, give_json(s, o.json, {{"schema", 1}, {"models", list}}));
  if (!text) return {};
  for (const std::string& line : lines) s.printer.out(line);
  for (const std::string& line : verdicts) s.printer.out(line);
  return {};
}

}  // namespace

void add_gate(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c =
      app.add_subcommand("gate", "Judge the last report of hone ship by the limits of hone.toml");
  c->add_option("hone.toml", o->project, "Project file")->required();
  c->add_option("-o,--output", o->out, "Folder of the report; else hone-out beside hone.toml")
      ->type_name("DIR");
  add_json_option(c, &o->json);
  c->footer(
      "Measures nothing: change a limit in hone.toml and ask again. Limits stand in\n"
      "[target.NAME]: p50_ms, p90_ms, p95_ms, p99_ms, peak_memory_mb, engine_mb, energy_mj, and\n"
      "accuracy_drop, class_drop in points.\n\n"
      "example:\n"
      "  hone gate examples/fashion/hone.toml\n\n"
      "Exit: 0 SHIP, 1 NO SHIP, 3 INCONCLUSIVE, 2 error in use or hone.toml, 4 permissions.");
  on_run(c, session, o, run_gate);
}

}  // namespace hone::cli
