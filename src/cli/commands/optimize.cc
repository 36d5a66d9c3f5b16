// hone optimize: standard ONNX in, smaller standard ONNX out.

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "host/import/import.h"
#include "host/import/raise_opset.h"
#include "host/model/files.h"
#include "host/ops/op_def.h"
#include "host/passes/pass.h"

namespace hone::cli {

namespace {

struct Options {
  std::string in, out, json;
  bool verify = false;
  std::vector<std::string> disabled;
  int stop_after = -1;
  int opset = 0;
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
  if (!graph.ok()) return hone::in(o.in, graph.status());
  if (o.opset != 0) HONE_RETURN_IF_ERROR(hone::in(o.in, raise_opset(*graph, o.opset)));
  passes::Options options;
  options.verify = o.verify;
  options.disabled = o.disabled;
  options.stop_after = o.stop_after;
  HONE_RETURN_IF_ERROR(check_writable(o.out));
  auto report = passes::run_passes(*graph, options);
  if (!report.ok()) return hone::in(o.in, report.status());
  auto after = export_model(*graph, {.share_equal_constants = true});
  if (!after.ok()) return hone::in(o.in, after.status());
  HONE_RETURN_IF_ERROR(model::write_model(*after, o.out));
  Counts counts[2];
  count(before.graph, &counts[0]);
  count(after->graph, &counts[1]);
  nlohmann::json j = {{"schema", 1},
                      {"model", o.out},
                      {"patches", report->patches},
                      {"before", counts[0]},
                      {"after", counts[1]}};
  HONE_ASSIGN(bool text, give_json(s, o.json, j));
  if (!text) return {};
  print_table(counts[0], counts[1], s.printer);
  s.printer.note(fmt::format("{}: {} patches", o.out, report->patches));
  return {};
}

}  // namespace

void add_optimize(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("optimize", "Simplify a model; the result is standard ONNX");
  c->add_option("MODEL.onnx", o->in, "ONNX file")->required();
  c->add_option("-o,--output", o->out, "ONNX file to write; appears whole or not at all")
      ->type_name("OUT.onnx")
      ->required();
  c->add_option("--opset", o->opset, "raise an older model to this opset; newer ones stay")
      ->check(whole(13, ops::max_opset));
  add_json_option(c, &o->json);
  add_pass_options(c, &o->disabled, &o->stop_after, &o->verify);
  add_plugin_option(c, &session.plugins);
  c->footer(
      "Prints how many nodes of each operator there were and are.\n\n"
      "examples:\n"
      "  hone optimize model.onnx -o small.onnx\n"
      "  hone optimize model.onnx -o small.onnx --disable-pass fold_batch_norm --verify\n\n"
      "Exit: 0 done, 2 error in use or model, 4 disk or permissions.");
  on_run(c, session, o, run_optimize);
}

}  // namespace hone::cli
