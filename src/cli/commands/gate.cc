// hone gate: the verdict on what hone ship measured last, under the limits as they are now.

#include "ship/gate/gate.h"

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/model_args.h"
#include "ship/chain/last_report.h"

namespace hone::cli {

namespace {

struct Options {
  std::string project, out;
};

Status run_gate(const Options& o, Session& s) {
  HONE_ASSIGN(ship::Project project, ship::load_project(o.project));
  ship::Verdict worst = ship::Verdict::ship;
  std::vector<std::string> lines;
  for (const ship::ModelSpec& m : project.models) {
    for (const ship::TargetSpec& t : project.targets) {
      HONE_ASSIGN(ship::GateReport report, ship::last_report(project, m, t, o.out));
      ship::GateResult g = ship::decide(report, t.limits);
      for (const ship::Check& c : g.checks) {
        const char* word = c.verdict == ship::Verdict::ship      ? "pass"
                           : c.verdict == ship::Verdict::no_ship ? "FAIL"
                                                                 : "undecided";
        s.printer.out(fmt::format("{:<9} {} {}", word, c.what, c.text));
      }
      if (g.verdict == ship::Verdict::no_ship || worst == ship::Verdict::ship) worst = g.verdict;
      lines.push_back(ship::verdict_line(g));
    }
  }
  for (const std::string& line : lines) s.printer.out(line);
  s.exit = worst == ship::Verdict::ship ? yes : worst == ship::Verdict::no_ship ? no : inconclusive;
  return {};
}

}  // namespace

void add_gate(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c =
      app.add_subcommand("gate", "Judge the last report of hone ship by the limits of hone.toml");
  c->add_option("project", o->project, "hone.toml")->required();
  c->add_option("-o,--output", o->out, "Folder of the report (default: hone-out beside it)");
  c->footer(
      "Exit: 0 SHIP, 1 NO SHIP, 3 INCONCLUSIVE. Example: hone gate examples/fashion/hone.toml");
  on_run(c, session, o, run_gate);
}

}  // namespace hone::cli
