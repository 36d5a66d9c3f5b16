// hone kernels: what this build has, what this CPU runs of it, and what a model spends in it.

#include "device/kernels/kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "common/base/nearest.h"
#include "host/ops/op_def.h"
#include "host/passes/expand/expand.h"
#include "host/plan/lower.h"
#include "ship/measure/conditions.h"
#include "ship/measure/coverage.h"

namespace hone::cli {

namespace {

struct Options {
  std::string family, json, coverage;
  int runs = 20, threads = 1;
  bool operators = false;
  std::vector<std::string> shapes;
};

// The last level of a set, which is its best on one architecture.
Isa best_of(IsaMask set) {
  Isa best = Isa::portable;
  for (int i = 0; i < isa_count; ++i) {
    if (has(set, static_cast<Isa>(i))) best = static_cast<Isa>(i);
  }
  return best;
}

Status check_family(const std::string& family) {
  std::vector<std::string> known;
  for (const kernels::Family& f : kernels::all_families()) known.emplace_back(f.name);
  bool found = family.empty() || std::find(known.begin(), known.end(), family) != known.end();
  if (found) return {};
  std::string near = nearest(family, known);
  return invalid(fmt::format("no kernel family '{}'; {}", family,
                             near.empty() ? fmt::format("there are {}", fmt::join(known, ", "))
                                          : "did you mean '" + near + "'?"));
}

std::string verdict(const ship::Coverage& c, const std::string& isa) {
  if (!c.machine_has_better) return "all portable: nothing better runs on this machine";
  return fmt::format("portable: {:.1f} % of {:.1f} us, where {} runs", 100 * c.portable_share, c.us,
                     isa);
}

void print_coverage(const ship::Coverage& c, const std::string& isa, Printer& p) {
  std::vector<std::vector<std::string>> rows = {
      {"kernel", "isa", "steps", "us", "share", "operators"}};
  for (const ship::KernelShare& k : c.kernels) {
    rows.push_back({k.kernel, k.isa, std::to_string(k.steps), fmt::format("{:.1f}", k.us),
                    fmt::format("{:.1f} %", 100 * k.share),
                    k.portable ? fmt::format("{}", fmt::join(k.ops, " ")) : ""});
  }
  p.table(rows);
  p.out(verdict(c, isa));
}

Status run_coverage(const Options& o, Session& s) {
  HONE_ASSIGN(auto shapes, parse_shapes(o.shapes));
  HONE_ASSIGN(Target machine, this_machine());
  HONE_ASSIGN(ship::Session session, open_session(o.coverage, o.threads, shapes));
  HONE_ASSIGN(auto sizes, ordered_shapes(session, shapes));
  HONE_RETURN_IF_ERROR(check_memory(session.inputs(), shapes));
  auto steps = ship::time_steps(session, sizes, o.runs);
  if (!steps.ok()) return in(o.coverage, steps.status());
  ship::Coverage c = ship::cover(*steps, machine.isa);
  nlohmann::json j = ship::to_json(c);
  j["model"] = o.coverage;
  j["runs"] = o.runs;
  j["conditions"] = ship::read_conditions();
  j["conditions"]["threads"] = o.threads;
  HONE_ASSIGN(bool text, give_json(s, o.json, j));
  if (text) print_coverage(c, name(best_of(machine.isa)), s.printer);
  return {};
}

// Every operator once: the versions that differ, and whether engines have it.
Status run_operators(const Options& o, Session& s) {
  std::map<std::pair<std::string, std::string>, std::vector<int>> versions;
  for (const ops::OpDef* def : ops::all_ops()) {
    versions[{def->domain, def->name}].push_back(def->since);
  }
  nlohmann::json list = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows = {{"operator", "domain", "since", "in engines"}};
  for (const auto& [key, since] : versions) {
    graph::Node node;
    std::tie(node.domain, node.op) = key;
    const bool engine =
        plan::find_lowering(node) != nullptr || passes::find_expansion(node) != nullptr;
    std::string domain = key.first.empty() ? "ai.onnx" : key.first;
    list.push_back(
        {{"name", key.second}, {"domain", domain}, {"since", since}, {"in_engines", engine}});
    rows.push_back(
        {key.second, domain, fmt::format("{}", fmt::join(since, " ")), engine ? "yes" : "no"});
  }
  HONE_ASSIGN(bool text, give_json(s, o.json, list));
  if (text) s.printer.table(rows);
  return {};
}

Status run_kernels(const Options& o, Session& s) {
  if (!o.coverage.empty()) return run_coverage(o, s);
  if (o.operators) return run_operators(o, s);
  HONE_RETURN_IF_ERROR(check_family(o.family));
  HONE_ASSIGN(Target machine, this_machine());
  nlohmann::json list = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows = {
      {"kernel", "family", "isa", "version", "runs here"}};
  for (const kernels::Kernel* k : kernels::all_kernels()) {
    if (!o.family.empty() && o.family != k->family) continue;
    bool runs = has(machine.isa, k->isa);
    list.push_back({{"name", k->name},
                    {"family", k->family},
                    {"isa", name(k->isa)},
                    {"version", k->version},
                    {"runs_here", runs}});
    rows.push_back(
        {k->name, k->family, name(k->isa), std::to_string(k->version), runs ? "yes" : "no"});
  }
  HONE_ASSIGN(bool text, give_json(s, o.json, list));
  if (text) s.printer.table(rows);
  return {};
}

}  // namespace

void add_kernels(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c =
      app.add_subcommand("kernels", "List the kernels of this build, or a model's time in them");
  CLI::Option* family =
      c->add_option("--family", o->family, "Only this family: conv, gemm, pool ...")
          ->type_name("NAME");
  CLI::Option* coverage =
      c->add_option("--coverage", o->coverage,
                    "Run this engine or ONNX file and print the share of time in each kernel, and "
                    "in portable ones in all")
          ->type_name("FILE")
          ->excludes(family);
  c->add_flag(
       "--operators", o->operators,
       "List the operators instead: the opset versions that differ, and whether engines have "
       "them; the others run in the reference executor, or are computed at build")
      ->excludes(family)
      ->excludes(coverage);
  c->add_option("--runs", o->runs, "Runs to take the mean of, 20 to 1000000")
      ->type_name("N")
      ->check(whole(20, 1'000'000))
      ->capture_default_str()
      ->needs(coverage);
  add_threads_option(c, &o->threads)->needs(coverage);
  add_shape_option(c, &o->shapes)->needs(coverage);
  add_json_option(c, &o->json);
  c->footer(
      "\"runs here\" heeds HONE_FORCE_ISA. Coverage runs on random inputs; an ONNX file is\n"
      "built in memory without timing. Steps of plain C++ count as portable where the machine has\n"
      "more.\n\n"
      "examples:\n"
      "  hone kernels\n"
      "  hone kernels --family conv --json -\n"
      "  hone kernels --coverage model.onnx\n"
      "  hone kernels --operators\n\n"
      "Exit: 0 done, 2 error in use or input, 4 disk, permissions, memory or instruction set.");
  on_run(c, session, o, run_kernels);
}

}  // namespace hone::cli
