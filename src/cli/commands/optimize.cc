// hone optimize: standard ONNX in, smaller standard ONNX out.

#include <fmt/format.h>

#include <map>

#include "cli/command.h"
#include "cli/model_args.h"
#include "host/import/import.h"
#include "host/passes/pass.h"

namespace hone::cli {

namespace {

struct Options {
  std::string in, out;
  bool verify = false;
  std::vector<std::string> disabled;
  int stop_after = -1;
};

using Counts = std::map<std::string, int>;

void count(const model::GraphProto& g, Counts* counts) {
  for (const model::NodeProto& n : g.nodes) {
    ++(*counts)[n.domain.empty() ? n.op_type : n.domain + "." + n.op_type];
    for (const model::Attribute& a : n.attributes) {
      if (auto* sub = std::get_if<std::shared_ptr<model::GraphProto>>(&a.value))
        count(**sub, counts);
    }
  }
}

void print_table(const Counts& before, const Counts& after, Printer& p) {
  std::map<std::string, std::pair<int, int>> both;
  int sum[2] = {0, 0};
  for (const auto& [op, n] : before) both[op].first = n, sum[0] += n;
  for (const auto& [op, n] : after) both[op].second = n, sum[1] += n;
  std::vector<std::vector<std::string>> rows = {{"operator", "before", "after"}};
  auto row = [&](const std::string& op, int a, int b) {
    std::string to = std::to_string(b);
    rows.push_back({op, std::to_string(a), b < a ? p.green(to) : b > a ? p.yellow(to) : to});
  };
  for (const auto& [op, n] : both) row(op, n.first, n.second);
  row("all nodes", sum[0], sum[1]);
  p.table(rows);
}

Status run_optimize(const Options& o, Session& s) {
  HONE_ASSIGN(model::Model before, model::read_model(o.in));
  auto graph = import(before);
  if (!graph.ok()) return in(o.in, graph.status());
  passes::Options options;
  options.verify = o.verify;
  options.disabled = o.disabled;
  options.stop_after = o.stop_after;
  HONE_ASSIGN(passes::Report report, passes::run_passes(*graph, options));
  HONE_ASSIGN(model::Model after, export_model(*graph));
  HONE_RETURN_IF_ERROR(model::write_model(after, o.out));
  Counts counts[2];
  count(before.graph, &counts[0]);
  count(after.graph, &counts[1]);
  print_table(counts[0], counts[1], s.printer);
  s.printer.note(fmt::format("{}: {} patches", o.out, report.patches));
  return {};
}

}  // namespace

void add_optimize(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("optimize", "Simplify a model; the result is standard ONNX");
  c->add_option("model", o->in, "ONNX file")->required();
  c->add_option("-o,--output", o->out, "ONNX file to write")->required();
  c->add_flag("--verify", o->verify, "Run the reference before and after each patch");
  c->add_option("--disable-pass", o->disabled, "Leave a pass out (may be repeated)");
  c->add_option("--stop-after", o->stop_after, "Apply at most so many patches");
  c->footer("Example: hone optimize model.onnx -o small.onnx");
  on_run(c, session, o, run_optimize);
}

}  // namespace hone::cli
