// hone ship: the whole chain, from the model to a gated engine.

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "host/exec/time_kernel.h"
#include "host/model/files.h"
#include "ship/chain/chain.h"
#include "ship/chain/publish.h"

namespace hone::cli {

namespace fs = std::filesystem;

namespace {

struct Options {
  std::string project, out, json;
  double bench_seconds = 3;
};

std::string figure(const ship::Measured& m, const char* format) {
  return m.value ? fmt::format(fmt::runtime(format), *m.value) : "-";
}

// What the engine is, in the columns that both tables end with.
constexpr const char* figure_names[] = {"size",    "p50 ms",   "p95 ms", "p99 ms",
                                        "peak MB", "accuracy", "change", "worst class"};

std::vector<std::string> latency_figures(const ship::GateReport& g) {
  return {figure(g.p50_ms, "{:.3f}"), figure(g.p95_ms, "{:.3f}"), figure(g.p99_ms, "{:.3f}"),
          figure(g.peak_memory_mb, "{:.1f}")};
}

std::vector<std::string> accuracy_figures(const ship::ChainResult& r) {
  if (r.samples == 0) return {"-", "-", "-"};
  return {fmt::format("{:.2f} {}", r.accuracy, r.metric_unit),
          fmt::format("{:+.2f}", r.accuracy - r.baseline_accuracy),
          r.worst_class.empty() ? std::string("-")
                                : fmt::format("{} {:.1f} %", r.worst_class, r.worst_class_percent)};
}

// What every stage cost, and what the engine is.
void print_stages(const ship::ChainResult& r, Printer& p) {
  p.out("");
  std::vector<std::vector<std::string>> table = {{"", "time"}};
  table[0].insert(table[0].end(), std::begin(figure_names), std::end(figure_names));
  for (const ship::StageRow& s : r.stages) {
    std::vector<std::string> row = {s.stage,
                                    s.cached ? "unchanged" : fmt::format("{:.2f} s", s.seconds)};
    row.resize(table[0].size());
    const auto put = [&row](size_t at, const std::vector<std::string>& figures) {
      std::copy(figures.begin(), figures.end(), row.begin() + static_cast<ptrdiff_t>(at));
    };
    if (s.stage == "inspect") row[2] = human_bytes(r.model_bytes);
    if (s.stage == "build") row[2] = human_bytes(r.engine_bytes);
    if (s.stage == "bench") put(3, latency_figures(r.report));
    if (s.stage == "accuracy") put(7, accuracy_figures(r));
    table.push_back(std::move(row));
  }
  p.table(table);
  p.out("");
}

// The engines of a project side by side.
struct Engines {
  std::vector<std::vector<std::string>> rows;

  void add(const std::string& who, const ship::ChainResult& r) {
    rows.push_back({who, r.precision, human_bytes(r.engine_bytes)});
    for (const auto& figures : {latency_figures(r.report), accuracy_figures(r)}) {
      rows.back().insert(rows.back().end(), figures.begin(), figures.end());
    }
    rows.back().push_back(ship::verdict_word(r.gate.verdict));
  }
  void print(Printer& p) {
    std::vector<std::string> head = {"engine", "precision"};
    head.insert(head.end(), std::begin(figure_names), std::end(figure_names));
    head.emplace_back("verdict");
    rows.insert(rows.begin(), head);
    p.out("");
    p.table(rows);
    p.out("");
  }
};

int exit_of(ship::Verdict v) {
  return v == ship::Verdict::ship ? yes : v == ship::Verdict::no_ship ? no : inconclusive;
}

// With `--json -` stdout is JSON's alone: what else there is to read goes to stderr.
void say(const Options& o, Session& s, const std::string& line) {
  if (o.json == "-") {
    s.printer.note(line);
  } else {
    s.printer.out(line);
  }
}

ship::ChainOptions chain_options(const Options& o, const std::string& folder, Session& s) {
  ship::ChainOptions c;
  c.project_path = o.project;
  c.out_folder = o.out.empty() ? (fs::path(folder) / "hone-out").string() : o.out;
  c.bench_seconds = o.bench_seconds;
  c.stage_done = [&o, &s](const ship::StageRow& row) {
    say(o, s,
        fmt::format("{:<9} {:<11} {}", row.stage,
                    row.cached ? "(unchanged)" : fmt::format("{:.1f} s", row.seconds), row.text));
  };
  c.progress = [&s](const std::string& what, double done, double all) {
    s.printer.progress(what, done, all);
  };
  return c;
}

// History, report.html, and the reports themselves for `--json`.
Status give_reports(const Options& o, Session& s, const std::string& folder,
                    const std::vector<nlohmann::json>& reports) {
  HONE_ASSIGN(ship::Published page, ship::publish(folder, reports));
  for (const std::string& w : page.warnings) s.printer.warn(w);
  say(o, s, fmt::format("page   {}", page.path));
  return give_json(s, o.json, {{"schema", 1}, {"reports", reports}}).status();
}

std::string coloured(Printer& p, ship::Verdict v, const std::string& line) {
  return v == ship::Verdict::ship      ? p.green(line)
         : v == ship::Verdict::no_ship ? p.red(line)
                                       : p.yellow(line);
}

// One model for one target.
struct Pair {
  const ship::ModelSpec* model;
  const ship::TargetSpec* target;
  ship::FreshProcess fresh;
  std::shared_ptr<ship::ModelData> data;  // one for all targets of a model
};

// With processes that are started while this one still holds next to nothing.
Result<std::vector<Pair>> pairs_of(const ship::Project& project) {
  std::vector<Pair> pairs;
  for (const ship::ModelSpec& m : project.models) {
    const auto data = std::make_shared<ship::ModelData>(m);
    for (const ship::TargetSpec& t : project.targets) {
      HONE_ASSIGN(ship::FreshProcess fresh, ship::FreshProcess::start());
      pairs.push_back({&m, &t, std::move(fresh), data});
    }
  }
  return pairs;
}

Status run_ship(const Options& o, Session& s) {
  HONE_ASSIGN(ship::Project project, ship::load_project(o.project));
  HONE_RETURN_IF_ERROR(ship::load_plugins(project));
  HONE_ASSIGN(std::vector<Pair> pairs, pairs_of(project));
  ship::ChainOptions c = chain_options(o, project.folder, s);
  HONE_ASSIGN(c.machine, this_machine());
  c.time = exec::make_timer(c.machine);
  ship::Verdict worst = ship::Verdict::ship;
  std::vector<std::pair<ship::Verdict, std::string>> lines;
  std::vector<nlohmann::json> reports;
  Engines engines;
  for (Pair& pair : pairs) {
    const std::string who = fmt::format("{} for {}", pair.model->name, pair.target->name);
    if (pairs.size() > 1) say(o, s, who);
    c.fresh = &pair.fresh;
    c.data = pair.data.get();
    auto r = ship::run_chain(*pair.model, *pair.target, c);
    if (!r.ok()) return in("model '" + pair.model->name + "'", r.status());
    if (o.json != "-") print_stages(*r, s.printer);
    if (!r->slips.empty()) {
      say(o, s,
          fmt::format("slip   {}", o.json == "-" ? r->slips[0] : s.printer.yellow(r->slips[0])));
    }
    engines.add(who, *r);
    say(o, s, fmt::format("engine {}", r->engine_path));
    say(o, s, fmt::format("report {}", r->report_path));
    reports.push_back(std::move(r->report_json));
    ship::Verdict v = r->gate.verdict;
    if (v == ship::Verdict::no_ship || worst == ship::Verdict::ship) worst = v;
    lines.emplace_back(v, (pairs.size() > 1 ? who + ": " : "") + ship::verdict_line(r->gate));
  }
  HONE_RETURN_IF_ERROR(give_reports(o, s, c.out_folder, reports));
  if (pairs.size() > 1 && o.json != "-") engines.print(s.printer);
  for (const auto& [v, line] : lines) {
    say(o, s, o.json == "-" ? line : coloured(s.printer, v, line));
  }
  s.exit = exit_of(worst);
  return {};
}

}  // namespace

void add_ship(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c =
      app.add_subcommand("ship", "Run the whole chain: check, optimise, build, measure, judge");
  c->add_option("hone.toml", o->project, "Project file: models, inputs, data, targets, limits")
      ->required();
  c->add_option("-o,--output", o->out,
                "Folder for engine and report, which is made; else hone-out beside hone.toml")
      ->type_name("DIR");
  c->add_option("--bench-seconds", o->bench_seconds, "How long to measure latency, 0.1 to 3600")
      ->type_name("SECONDS")
      ->check(number(0.1, 3600))
      ->capture_default_str();
  add_json_option(c, &o->json);
  add_plugin_option(c, &session.plugins);
  c->footer(
      "Stages: inspect, golden pairs, optimize, quantize (where a target asks for int8), build,\n"
      "parity, accuracy, bench, profile, gate. A second run redoes only those whose inputs\n"
      "changed. The last line is SHIP, NO SHIP: reasons, or INCONCLUSIVE: reasons.\n\n"
      "examples:\n"
      "  hone ship examples/fashion/hone.toml\n"
      "  hone ship hone.toml -o /tmp/out --json report.json\n\n"
      "Exit: 0 SHIP, 1 NO SHIP, 3 INCONCLUSIVE, 2 error in use, model or hone.toml, 4 disk,\n"
      "permissions or instruction set.");
  on_run(c, session, o, run_ship);
}

}  // namespace hone::cli
