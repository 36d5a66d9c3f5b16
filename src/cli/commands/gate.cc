// hone gate: the verdict on what hone ship measured last, under the limits as they are now.

#include "ship/gate/gate.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "host/model/files.h"
#include "ship/chain/last_report.h"
#include "ship/chain/report_json.h"
#include "ship/gate/output.h"

namespace hone::cli {

namespace {

struct Options {
  std::string file, policy, engine, out, json, junit, markdown;
};

// A report by its name, under the limits of --policy.
Result<std::vector<ship::Judged>> judge_report(const Options& o) {
  HONE_ASSIGN(ship::Project project, ship::load_project(o.policy));
  HONE_ASSIGN(ship::NamedReport r, ship::read_report(o.file, o.engine, project));
  return std::vector<ship::Judged>{
      {r.model->name, r.target->name, ship::decide(r.report, r.target->limits)}};
}

// The last report of every model on every target of the project.
Result<std::vector<ship::Judged>> judge_project(const Options& o) {
  HONE_ASSIGN(ship::Project project, ship::load_project(o.file));
  std::vector<ship::Judged> all;
  for (const ship::ModelSpec& m : project.models) {
    for (const ship::TargetSpec& t : project.targets) {
      HONE_ASSIGN(ship::GateReport report, ship::last_report(project, m, t, o.out));
      all.push_back({m.name, t.name, ship::decide(report, t.limits)});
    }
  }
  return all;
}

nlohmann::json to_json(const std::vector<ship::Judged>& all) {
  nlohmann::json list = nlohmann::json::array();
  for (const ship::Judged& j : all) {
    list.push_back({{"model", j.model},
                    {"target", j.target},
                    {"verdict", ship::verdict_line(j.result)},
                    {"checks", ship::gate_json(j.result)}});
  }
  return {{"schema", 1},
          {"verdict", ship::verdict_word(ship::verdict_of(all))},
          {"models", std::move(list)}};
}

// Text in place of what people read where it goes to stdout: true where that is still wanted.
Result<bool> give_text(Session& s, const std::string& where, const std::string& text) {
  if (where.empty()) return true;
  if (where != "-") {
    HONE_RETURN_IF_ERROR(write_text(where, text));
    return true;
  }
  s.printer.out_raw(text);
  return false;
}

void print(const ship::Judged& j, bool named, Printer& p) {
  if (named) p.out(p.bold(fmt::format("{} for {}", j.model, j.target)));
  std::vector<std::vector<std::string>> table = {{"check", "measured", "limit", "verdict"}};
  for (const ship::Check& c : j.result.checks) {
    table.push_back({c.what, ship::measured_cell(c), ship::limit_cell(c),
                     c.verdict == ship::Verdict::no_ship ? "FAIL" : ship::result_word(c.verdict)});
  }
  p.table(table);
  p.out("");
  for (const std::string& reason : j.result.reasons) p.out(reason);
}

Status check_options(const Options& o) {
  const bool report = std::filesystem::path(o.file).extension() == ".json";
  if (report && o.policy.empty()) {
    return invalid(o.file + ": is a report; --policy hone.toml names its limits");
  }
  if (!o.policy.empty() && !o.out.empty()) {
    return invalid(
        "--output is the folder of a project's reports; with --policy the report is "
        "named itself");
  }
  if (!o.engine.empty() && o.policy.empty()) {
    return invalid("--engine goes with one report: hone gate REPORT.json --policy hone.toml");
  }
  if ((o.json == "-") + (o.junit == "-") + (o.markdown == "-") > 1) {
    return invalid(
        "stdout can hold one of --json, --junit and --markdown; name a file for the "
        "others");
  }
  return {};
}

Status run_gate(const Options& o, Session& s) {
  HONE_RETURN_IF_ERROR(check_options(o));
  HONE_ASSIGN(std::vector<ship::Judged> all, o.policy.empty() ? judge_project(o) : judge_report(o));
  const ship::Verdict worst = ship::verdict_of(all);
  s.exit = worst == ship::Verdict::ship ? yes : worst == ship::Verdict::no_ship ? no : inconclusive;
  HONE_ASSIGN(bool text, give_json(s, o.json, to_json(all)));
  HONE_ASSIGN(bool still, give_text(s, o.junit, ship::junit_xml(all)));
  text = text && still;
  HONE_ASSIGN(still, give_text(s, o.markdown, ship::markdown(all)));
  if (!text || !still) return {};
  for (const ship::Judged& j : all) print(j, all.size() > 1, s.printer);
  for (const ship::Judged& j : all) {
    const std::string name = all.size() > 1 ? fmt::format("{} for {}: ", j.model, j.target) : "";
    const std::string line = name + ship::verdict_line(j.result);
    s.printer.out(j.result.verdict == ship::Verdict::ship      ? s.printer.green(line)
                  : j.result.verdict == ship::Verdict::no_ship ? s.printer.red(line)
                                                               : s.printer.yellow(line));
  }
  return {};
}

// The keys of limits, from the table that the parser reads, in lines of at most `width`.
std::string limit_keys(size_t width) {
  std::string text, line = "[target.NAME.limits]:";
  const auto add = [&](const std::string& word) {
    if (line.size() + 1 + word.size() > width) {
      text += line + "\n";
      line = " ";
    }
    line += " " + word;
  };
  for (const ship::LimitRow& row : ship::limit_rows()) {
    add(std::string(row.key) + ",");
  }
  add("critical,");
  add("classes.");
  return text + line + "\n";
}

}  // namespace

void add_gate(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c =
      app.add_subcommand("gate", "Judge the last report of hone ship by the limits of hone.toml");
  c->add_option("hone.toml", o->file, "Project file; or, with --policy, a REPORT.json")->required();
  c->add_option("--policy", o->policy, "Project file with the limits for a report given by name")
      ->type_name("FILE");
  c->add_option("--engine", o->engine,
                "Engine that ships; else MODEL.TARGET.engine beside the report")
      ->type_name("FILE");
  c->add_option("-o,--output", o->out, "Folder of the report; else hone-out beside hone.toml")
      ->type_name("DIR");
  add_json_option(c, &o->json);
  c->add_option("--junit", o->junit, "Write JUnit XML, a test case for each check; - is stdout")
      ->type_name("FILE");
  c->add_option("--markdown", o->markdown, "Write tables for a pull request; - is stdout")
      ->type_name("FILE");
  c->footer(
      "Measures nothing: change a limit in hone.toml and ask again. Limits stand in\n" +
      limit_keys(98) +
      "A figure passes if the upper bound of its 95 % interval is within the limit, fails if\n"
      "the lower is beyond it, and is undecided else, or where it could not be measured.\n"
      "docs/gate.md says what each key means and which statistics are used.\n\n"
      "examples:\n"
      "  hone gate examples/fashion/hone.toml\n"
      "  hone gate hone.toml --junit gate.xml --markdown gate.md\n"
      "  hone gate net.pi5.report.json --policy hone.toml --engine net.engine\n\n"
      "Exit: 0 SHIP, 1 NO SHIP, 3 INCONCLUSIVE, 2 error in use or hone.toml, or a report of\n"
      "another engine, model, preprocessing or target; 4 permissions.");
  on_run(c, session, o, run_gate);
}

}  // namespace hone::cli
