// hone kernels: what this build has, and what this CPU runs of it.

#include "device/kernels/kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "common/base/nearest.h"

namespace hone::cli {

namespace {

struct Options {
  std::string family, json;
};

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

Status run_kernels(const Options& o, Session& s) {
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
  CLI::App* c = app.add_subcommand("kernels", "List the kernels of this build");
  c->add_option("--family", o->family, "Only this family: conv, gemm, pool ...")->type_name("NAME");
  add_json_option(c, &o->json);
  c->footer(
      "\"runs here\" heeds HONE_FORCE_ISA.\n\n"
      "examples:\n"
      "  hone kernels\n"
      "  hone kernels --family conv --json -\n\n"
      "Exit: 0 done, 2 error in use.");
  on_run(c, session, o, run_kernels);
}

}  // namespace hone::cli
