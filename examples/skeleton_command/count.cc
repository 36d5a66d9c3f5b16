// The smallest command: hone count MODEL.onnx prints how many nodes of each operator there are. See
// docs/add_a_command.md.
//
// In the tree this file is src/cli/commands/count.cc, and commands.inc has the line
// HONE_COMMAND(count) at its place in `hone --help`; that line declares add_count.
#include <map>

#include "cli/command.h"
#include "host/import/import.h"

namespace hone::cli {

void add_count(CLI::App& app, Session& session);

namespace {

struct Options {
  std::string model;
};

// Data goes to the printer's out() or table(), which is stdout; what is for people to note() and
// warn(). An error is returned: the printer prints it in one line, its code sets the exit status.
Status run_count(const Options& o, Session& s) {
  HONE_ASSIGN(const model::Model model, model::read_model(o.model));
  HONE_ASSIGN(const graph::Graph graph, import(model));
  std::map<std::string, int> nodes;
  for (graph::NodeId id : graph.all_nodes()) ++nodes[graph.node(id).op];
  std::vector<std::vector<std::string>> rows = {{"operator", "nodes"}};
  for (const auto& [op, count] : nodes) rows.push_back({op, std::to_string(count)});
  s.printer.table(rows);
  return {};
}

}  // namespace

void add_count(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("count", "Count the nodes of each operator");
  c->add_option("MODEL.onnx", o->model, "ONNX file")->required();
  c->footer(
      "example:\n"
      "  hone count model.onnx\n\n"
      "Exit: 0 done, 2 error in use or model, 4 permissions.");
  on_run(c, session, o, run_count);
}

}  // namespace hone::cli
