// hone report: a report as a page, or runs over time.

#include "ship/report/report.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "host/model/files.h"
#include "ship/project/project.h"
#include "ship/report/format.h"
#include "ship/report/history.h"
#include "ship/report/trend.h"

namespace hone::cli {

namespace fs = std::filesystem;
using nlohmann::json;
using ship::report::Run;

namespace {

struct Options {
  std::vector<std::string> files;
  std::string out = "report.html", json;
};

constexpr int most_runs = 500;

Result<std::vector<Run>> from_history(const std::string& folder) {
  HONE_ASSIGN(auto history, ship::report::History::open(ship::report::history_path(folder),
                                                        ship::report::History::Mode::read));
  HONE_ASSIGN(std::vector<Run> runs, history.last("", "", most_runs));
  if (runs.empty()) {
    return Status(Code::not_found,
                  ship::report::history_path(folder) + ": no runs yet; hone ship keeps them");
  }
  return runs;
}

std::string percent_text(double v) { return fmt::format("{:.2f} %", v); }

void print_runs(Printer& p, const std::vector<Run>& runs) {
  using namespace ship::report;
  for (const std::vector<Run>& group : by_pair(runs)) {
    p.out(fmt::format("{} for {}", group[0].model, group[0].target));
    std::vector<std::vector<std::string>> table = {
        {"run", "verdict", "p50", "p95", "p99", "memory", "size", "accuracy", "engine"}};
    for (const Run& r : group) {
      table.push_back({short_time(r.created), r.verdict, or_dash(r.p50_ms, milliseconds),
                       or_dash(r.p95_ms, milliseconds), or_dash(r.p99_ms, milliseconds),
                       or_dash(r.peak_bytes, bytes), or_dash(r.engine_bytes, bytes),
                       or_dash(r.accuracy, percent_text), r.engine_hash});
    }
    p.table(table);
  }
}

json runs_json(const std::vector<Run>& runs, const std::string& page) {
  json list = json::array();
  for (size_t i = 0; i < runs.size(); ++i) {
    list.push_back(ship::report::to_json(runs[i]));
    if (i > 0) list.back()["changes"] = ship::report::changes(runs[i - 1], runs[i]);
  }
  return {{"schema", 1}, {"runs", list}, {"page", page}};
}

bool is_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

// Models or targets of one release, not the same one at several times.
bool all_differ(const std::vector<Run>& runs) {
  return ship::report::by_pair(runs).size() == runs.size();
}

// What is on disk beside a single report belongs on its page.
Result<std::string> page_of_reports(const std::vector<std::string>& files,
                                    const std::vector<json>& reports, std::vector<Run>* runs) {
  for (const json& r : reports) runs->push_back(ship::report::run_of(r));
  if (!all_differ(*runs)) return ship::report::render_trend(*runs);
  const fs::path beside = fs::path(files[0]).parent_path();
  return ship::report::render_report(reports, ship::report::read_history(beside.string()));
}

Status run_report(const Options& o, Session& s) {
  std::vector<Run> runs;
  std::string page;
  const bool one = o.files.size() == 1;
  if (one && (is_folder(o.files[0]) || o.files[0].ends_with(".toml"))) {
    std::string folder = o.files[0];
    if (!is_folder(folder)) {
      HONE_ASSIGN(ship::Project project, ship::load_project(o.files[0]));
      folder = (fs::path(project.folder) / "hone-out").string();
    }
    HONE_ASSIGN(runs, from_history(folder));
    page = ship::report::render_trend(runs);
  } else {
    std::vector<json> reports;
    for (const std::string& file : o.files) {
      HONE_ASSIGN(json r, ship::report::read_report(file));
      reports.push_back(std::move(r));
    }
    HONE_ASSIGN(page, page_of_reports(o.files, reports, &runs));
  }
  if (o.out == "-") {
    s.printer.out_raw(page);
    return {};
  }
  HONE_RETURN_IF_ERROR(write_text(o.out, page));
  HONE_ASSIGN(bool text, give_json(s, o.json, runs_json(runs, o.out)));
  if (!text) return {};
  print_runs(s.printer, runs);
  s.printer.out("page " + o.out);
  return {};
}

}  // namespace

void add_report(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("report", "Show a report as a page, or compare runs over time");
  c->add_option(
       "REPORT", o->files,
       "A report of hone ship (JSON); several of one model and target to compare them over "
       "time, of different ones for a page of all; hone.toml or a folder of hone ship for "
       "its history")
      ->required();
  c->add_option("-o,--output", o->out, "The page; - for stdout")
      ->type_name("FILE")
      ->capture_default_str();
  add_json_option(c, &o->json);
  c->footer(
      "The page is one file that loads nothing from elsewhere. Latencies of different machines\n"
      "are shown, never connected.\n\n"
      "examples:\n"
      "  hone report hone-out/fashion.local.report.json\n"
      "  hone report monday.report.json today.report.json -o week.html\n"
      "  hone report hone.toml\n\n"
      "Exit: 0 done, 2 error in use or report, 4 disk, permissions.");
  on_run(c, session, o, run_report);
}

}  // namespace hone::cli
