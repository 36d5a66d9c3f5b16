// hone inspect: what a model or an engine is.

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/describe_engine.h"
#include "cli/inputs.h"
#include "host/engine/check_model.h"
#include "host/import/import.h"
#include "host/model/value_files.h"
#include "host/ops/op_def.h"

namespace hone::cli {

using nlohmann::json;

namespace {

struct Options {
  std::string file, json;
};

json value_json(const graph::Graph& g, graph::ValueId v, const std::string& called,
                const model::TypeProto& type) {
  json dims = json::array();
  const graph::Fact& f = g.fact(v);
  if (f.has_rank()) {
    for (const graph::Dim& d : *f.shape) {
      if (d.is_const()) {
        dims.push_back(d.value());
      } else {
        dims.push_back(to_string(d));
      }
    }
  }
  json j = {{"name", called}, {"dtype", name(f.dtype)}, {"shape", dims}};
  const std::string kind = model::kind_name(type);
  if (kind != "tensor") j["kind"] = kind;
  return j;
}

// Parameters, weights' bytes and types, work with dynamic sizes at 1.
void add_weights(const graph::Graph& g, json* j) {
  double params = 0, bytes = 0, flops = 0;
  std::map<std::string, int> types;
  for (graph::ValueId v = 0; v < g.value_count(); ++v) {
    const Tensor& t = g.value(v).constant;
    if (!t) continue;
    if (is_float(t.dtype())) params += static_cast<double>(t.count());
    bytes += static_cast<double>(t.bytes());
    ++types[name(t.dtype())];
  }
  graph::Graph sized = g;
  graph::SymbolValues ones;
  for (graph::ValueId v : g.block().inputs) {
    if (!g.fact(v).has_rank()) continue;
    for (size_t axis = 0; axis < g.fact(v).shape->size(); ++axis) {
      const graph::Dim& d = (*g.fact(v).shape)[axis];
      if (d.is_symbol()) ones.try_emplace(d.symbol_name(), axis == 0 ? 1 : 64);
    }
  }
  sized.substitute(ones);
  for (graph::NodeId n : sized.all_nodes()) flops += ops::cost(sized, sized.node(n)).flops;
  (*j)["parameters"] = params;
  (*j)["weight_bytes"] = bytes;
  (*j)["constants_by_type"] = types;
  (*j)["flops"] = flops;
}

json describe_model(const model::Model& m, const graph::Graph& g) {
  json j = {{"schema", 1},
            {"kind", "model"},
            {"producer", m.producer},
            {"producer_version", m.producer_version},
            {"ir_version", m.ir_version},
            {"opset", g.opset()},
            {"bytes", m.file_bytes},
            {"inputs", json::array()},
            {"outputs", json::array()}};
  InputTypes types = types_of(m.graph.inputs);
  for (graph::ValueId v : g.block().inputs)
    j["inputs"].push_back(value_json(g, v, g.value(v).name, types[g.value(v).name]));
  types = types_of(m.graph.outputs);
  for (size_t i = 0; i < g.output_names.size(); ++i) {
    const std::string& called = g.output_names[i];
    j["outputs"].push_back(value_json(g, g.block().outputs[i], called, types[called]));
  }
  std::map<std::string, int> operators;
  for (graph::NodeId n : g.all_nodes()) ++operators[g.node(n).op];
  j["operators"] = operators;
  std::map<std::string, std::vector<std::string>> no_kernel;
  for (const plan::Problem& p : engine::nodes_without_kernel(g)) no_kernel[p.op].push_back(p.node);
  j["without_kernel"] = no_kernel;
  j["bad_weights"] = bad_weights(g);
  add_weights(g, &j);
  return j;
}

void print_common(const json& j, Printer& p) {
  for (const json& io : j["inputs"]) p.out("input        " + io_line(io));
  for (const json& io : j["outputs"]) p.out("output       " + io_line(io));
}

void print_model(const std::string& file, const json& j, Printer& p) {
  std::string by = j["producer"].get<std::string>(), version = j["producer_version"];
  p.out(fmt::format("{}: ONNX model, IR {}, opset {}{}{}", file, j["ir_version"].dump(),
                    j["opset"].dump(), by.empty() ? "" : ", by " + by,
                    version.empty() ? "" : " " + version));
  print_common(j, p);
  p.out(fmt::format(
      "size         {}, weights {}, {} parameters", human_bytes(j["bytes"].get<double>()),
      human_bytes(j["weight_bytes"].get<double>()), human_count(j["parameters"].get<double>())));
  p.out(fmt::format("work         {}FLOP (a multiply-add is two; dynamic sizes 1, then 64)",
                    human_count(j["flops"].get<double>())));
  std::string ops;
  for (const auto& [op, n] : j["operators"].items()) ops += fmt::format(" {} {}", op, n.dump());
  p.out("operators   " + ops);
  for (const auto& [op, nodes] : j["without_kernel"].items()) {
    p.out(
        fmt::format("no kernel    {}: {} node{}", op, nodes.size(), nodes.size() == 1 ? "" : "s"));
  }
  for (const json& text : j["bad_weights"]) p.warn(text.get<std::string>());
}

Status run_inspect(const Options& o, Session& s) {
  HONE_ASSIGN(bool engine, is_engine_file(o.file));
  json j;
  if (engine) {
    HONE_ASSIGN(j, describe_engine(o.file));
  } else {
    HONE_ASSIGN(model::Model m, model::read_model(o.file));
    auto g = import(m);
    if (!g.ok()) return in(o.file, g.status());
    j = describe_model(m, *g);
  }
  HONE_ASSIGN(bool text, give_json(s, o.json, j));
  if (!text) return {};
  if (engine) {
    print_engine(o.file, j, s.printer);
  } else {
    print_model(o.file, j, s.printer);
  }
  return {};
}

}  // namespace

void add_inspect(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("inspect", "Say what a model or an engine is");
  c->add_option("MODEL.onnx|ENGINE", o->file, "ONNX file or engine")->required();
  add_json_option(c, &o->json);
  add_plugin_option(c, &session.plugins);
  c->footer(
      "Prints inputs, outputs, operators, weights and work; operators without a kernel, and "
      "weights\n"
      "that are NaN or infinite, are named.\n\n"
      "examples:\n"
      "  hone inspect model.onnx\n"
      "  hone inspect model.engine --json -\n\n"
      "Exit: 0 done, 2 error in use or input, 4 permissions.");
  on_run(c, session, o, run_inspect);
}

}  // namespace hone::cli
