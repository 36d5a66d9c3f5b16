// hone optimize: standard ONNX in, smaller standard ONNX out.

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "host/ops/op_def.h"
#include "ship/optimize/optimize_file.h"

namespace hone::cli {

namespace {

struct Options : ship::OptimizeOptions {
  std::string json;
};

// "-12 %", "+0.3 %"; empty where it rounds to nothing.
std::string percent(double p) {
  if (std::abs(p) < 0.05) return "";
  return std::abs(p) < 0.95 ? fmt::format("{:+.1f} %", p) : fmt::format("{:+.0f} %", p);
}

class Table {
 public:
  explicit Table(Printer& p) : p_(p), rows_({{"", "before", "after", ""}}) {}

  // Fewer is better; `text` writes one of the two.
  void add(const std::string& what, double a, double b, std::string (*text)(double)) {
    const bool same = a == b;
    std::string to = text(b), change;
    if (!same && a > 0) change = percent((b / a - 1) * 100);
    auto colour = [&](const std::string& s) {
      return s.empty() || same ? s : b < a ? p_.green(s) : p_.yellow(s);
    };
    rows_.push_back({what, text(a), colour(to), colour(change)});
  }
  void print() { p_.table(rows_); }

 private:
  Printer& p_;
  std::vector<std::vector<std::string>> rows_;
};

std::string whole_number(double n) { return fmt::format("{:.0f}", n); }

void print_table(const ship::FileNumbers& before, const ship::FileNumbers& after, Printer& p) {
  std::map<std::string, std::pair<int, int>> operators;
  for (const auto& [op, n] : before.operators) operators[op].first = n;
  for (const auto& [op, n] : after.operators) operators[op].second = n;
  Table t(p);
  for (const auto& [op, n] : operators) t.add(op, n.first, n.second, whole_number);
  t.add("all nodes", before.nodes, after.nodes, whole_number);
  t.add("parameters", before.parameters, after.parameters, human_count);
  t.add("multiply-adds", before.macs, after.macs, human_count);
  t.add("file", static_cast<double>(before.bytes), static_cast<double>(after.bytes), human_bytes);
  t.print();
}

nlohmann::json numbers(const ship::FileNumbers& n) {
  return {{"nodes", n.nodes}, {"parameters", n.parameters}, {"macs", n.macs}, {"bytes", n.bytes}};
}

nlohmann::json describe(const std::string& out, const ship::Optimized& r) {
  nlohmann::json left = nlohmann::json::array();
  for (const ship::LeftOut& l : r.left_out) {
    left.push_back({{"pass", l.pass}, {"node", l.node}, {"why", l.why}});
  }
  return {{"schema", 1},
          {"model", out},
          {"patches", r.patches},
          {"patches_by_pass", r.patches_by_pass},
          {"before", r.before.operators},
          {"after", r.after.operators},
          {"size", {{"before", numbers(r.before)}, {"after", numbers(r.after)}}},
          {"left_out", left}};
}

Status run_optimize(const Options& o, Session& s) {
  HONE_ASSIGN(const ship::Optimized r, ship::optimize_file(o));
  for (const ship::LeftOut& l : r.left_out) {
    const std::string where = l.node.empty() ? "left out" : "left out at " + l.node;
    s.printer.warn(fmt::format("{}: pass {} {}: {}", o.in, l.pass, where, l.why));
  }
  HONE_ASSIGN(bool text, give_json(s, o.json, describe(o.out, r)));
  if (!text) return {};
  print_table(r.before, r.after, s.printer);
  s.printer.note(fmt::format("{}: {} patches", o.out, r.patches));
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
  c->add_flag("--shapes", o->shapes,
              "Write the shape of every value, dynamic sizes by their names; else of the outputs "
              "alone (docs/optimize.md)");
  add_json_option(c, &o->json);
  add_pass_options(c, &o->disabled, &o->stop_after, &o->verify);
  c->add_option("--memory-limit", o->memory_limit,
                "Memory the passes may take, as in 512MiB or 4GiB; 1 GiB and four times the model "
                "where it is not given")
      ->type_name("SIZE")
      ->transform(size_in_bytes());
  c->add_option("--time-limit", o->time_limit_s,
                "Longest a pass may stay at one node, in seconds; 0: no limit")
      ->type_name("S")
      ->check(number(0, 86400))
      ->capture_default_str();
  add_plugin_option(c, &session.plugins);
  c->footer(
      "Prints how many nodes of each operator there were and are, parameters, multiply-adds and\n"
      "bytes. The passes run in a process of their own: one that crashes, runs out of memory, "
      "does\n"
      "not end or changes the answers (--verify) is left out at that node, with a warning\n"
      "(docs/optimize.md).\n\n"
      "examples:\n"
      "  hone optimize model.onnx -o small.onnx\n"
      "  hone optimize model.onnx -o small.onnx --disable-pass fold_batch_norm --verify\n"
      "  hone optimize big.onnx -o small.onnx --memory-limit 8GiB --json -\n\n"
      "Exit: 0 done, 2 error in use or model, 4 disk, permissions or memory.");
  on_run(c, session, o, run_optimize);
}

}  // namespace hone::cli
