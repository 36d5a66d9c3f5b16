// hone kernels: what this build has, and what this CPU runs of it.

#include "device/kernels/kernel.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "device/platform/cpu.h"

namespace hone::cli {

namespace {

struct Options {
  std::string family, json;
};

Status run_kernels(const Options& o, Session& s) {
  IsaMask here = platform::cpu_isa();
  bool known = o.family.empty();
  for (const kernels::Family& f : kernels::all_families()) known = known || o.family == f.name;
  if (!known) return invalid(fmt::format("no family '{}'; see hone kernels", o.family));
  nlohmann::json list = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows = {
      {"kernel", "family", "isa", "version", "runs here"}};
  for (const kernels::Kernel* k : kernels::all_kernels()) {
    if (!o.family.empty() && o.family != k->family) continue;
    bool runs = has(here, k->isa);
    list.push_back({{"name", k->name},
                    {"family", k->family},
                    {"isa", name(k->isa)},
                    {"version", k->version},
                    {"runs_here", runs}});
    rows.push_back(
        {k->name, k->family, name(k->isa), std::to_string(k->version), runs ? "yes" : "no"});
  }
  if (o.json.empty()) {
    s.printer.table(rows);
  } else {
    s.printer.out(list.dump(1));
  }
  return {};
}

}  // namespace

void add_kernels(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("kernels", "List the kernels of this build");
  c->add_option("--family", o->family, "Only this family (conv, gemm, ...)");
  c->add_option("--json", o->json, "Print JSON; - is stdout")->check(CLI::IsMember({"-"}));
  c->footer("Example: hone kernels --family conv");
  on_run(c, session, o, run_kernels);
}

}  // namespace hone::cli
