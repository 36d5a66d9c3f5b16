// hone ship: the whole chain, from the model to a gated engine.

#include <fmt/format.h>

#include <filesystem>

#include "cli/command.h"
#include "cli/model_args.h"
#include "host/exec/time_kernel.h"
#include "ship/chain/chain.h"

namespace hone::cli {

namespace fs = std::filesystem;

namespace {

struct Options {
  std::string project, out;
  double bench_seconds = 3;
};

std::string figure(const ship::Measured& m, const char* format) {
  return m.value ? fmt::format(fmt::runtime(format), *m.value) : "-";
}

// One table: what every stage cost, then what the engine is.
void print_tables(const ship::ChainResult& r, Printer& p) {
  p.out("");
  const ship::GateReport& g = r.report;
  std::vector<std::vector<std::string>> table = {{"", "time", "size", "p50 ms", "p95 ms", "p99 ms",
                                                  "peak MB", "accuracy", "change", "worst class"}};
  bool data = r.samples > 0;
  auto percent = [&](double v) { return data ? fmt::format("{:.2f} %", v) : std::string("-"); };
  for (const ship::StageRow& s : r.stages) {
    std::vector<std::string> row = {s.stage,
                                    s.cached ? "unchanged" : fmt::format("{:.2f} s", s.seconds)};
    if (s.stage == "inspect") row.push_back(human_bytes(r.model_bytes));
    if (s.stage == "build") row.push_back(human_bytes(r.engine_bytes));
    row.resize(10);
    if (s.stage == "bench") {
      row[3] = figure(g.p50_ms, "{:.3f}");
      row[4] = figure(g.p95_ms, "{:.3f}");
      row[5] = figure(g.p99_ms, "{:.3f}");
      row[6] = figure(g.peak_memory_mb, "{:.1f}");
    }
    if (s.stage == "accuracy") {
      row[7] = percent(r.accuracy);
      row[8] = data ? fmt::format("{:+.2f}", r.accuracy - r.baseline_accuracy) : "-";
      row[9] = data ? fmt::format("{} {:.1f} %", r.worst_class, r.worst_class_percent) : "-";
    }
    table.push_back(std::move(row));
  }
  p.table(table);
  p.out("");
}

int exit_of(ship::Verdict v) {
  return v == ship::Verdict::ship ? yes : v == ship::Verdict::no_ship ? no : inconclusive;
}

Status run_ship(const Options& o, Session& s) {
  HONE_ASSIGN(ship::Project project, ship::load_project(o.project));
  ship::ChainOptions c;
  HONE_ASSIGN(c.machine, this_machine());
  c.time = exec::make_timer(c.machine);
  fs::path beside = project.folder.empty() ? fs::path(".") : fs::path(project.folder);
  c.out_folder = o.out.empty() ? (beside / "hone-out").string() : o.out;
  c.bench_seconds = o.bench_seconds;
  c.stage_done = [&](const ship::StageRow& row) {
    s.printer.out(fmt::format("{:<9} {:<11} {}", row.stage,
                              row.cached ? "(unchanged)" : fmt::format("{:.1f} s", row.seconds),
                              row.text));
  };
  c.progress = [&](const std::string& what, double done, double all) {
    s.printer.progress(what, done, all);
  };
  ship::Verdict worst = ship::Verdict::ship;
  std::vector<std::string> lines;
  bool many = project.models.size() * project.targets.size() > 1;
  for (const ship::ModelSpec& m : project.models) {
    for (const ship::TargetSpec& t : project.targets) {
      if (many) s.printer.out(fmt::format("{} for {}", m.name, t.name));
      auto r = ship::run_chain(m, t, c);
      if (!r.ok()) return in(m.name, r.status());
      print_tables(*r, s.printer);
      s.printer.out(fmt::format("engine {}", r->engine_path));
      s.printer.out(fmt::format("report {}", r->report_path));
      if (r->gate.verdict == ship::Verdict::no_ship || worst == ship::Verdict::ship)
        worst = r->gate.verdict;
      lines.push_back((many ? fmt::format("{} for {}: ", m.name, t.name) : "") +
                      ship::verdict_line(r->gate));
    }
  }
  for (const std::string& line : lines) {
    s.printer.out(worst == ship::Verdict::ship      ? s.printer.green(line)
                  : worst == ship::Verdict::no_ship ? s.printer.red(line)
                                                    : s.printer.yellow(line));
  }
  s.exit = exit_of(worst);
  return {};
}

}  // namespace

void add_ship(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c =
      app.add_subcommand("ship", "Run the whole chain: check, optimise, build, measure, judge");
  c->add_option("project", o->project, "hone.toml")->required();
  c->add_option("-o,--output", o->out,
                "Folder for engine and report (default: hone-out beside it)");
  c->add_option("--bench-seconds", o->bench_seconds, "Duration of the latency measurement")
      ->check(CLI::Range(0.1, 3600.0));
  c->footer(
      "Exit: 0 SHIP, 1 NO SHIP, 3 INCONCLUSIVE. Example: hone ship examples/fashion/hone.toml");
  on_run(c, session, o, run_ship);
}

}  // namespace hone::cli
