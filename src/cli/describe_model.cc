#include "cli/describe_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "cli/describe_engine.h"
#include "cli/inputs.h"
#include "cli/model_args.h"
#include "host/engine/check_model.h"
#include "host/graph/dim_formula.h"
#include "host/import/import.h"
#include "host/inspect/finding.h"
#include "host/inspect/numbers.h"
#include "host/model/value_files.h"

namespace hone::cli {

using nlohmann::json;

namespace {

json value_json(const graph::Graph& g, graph::ValueId v, const std::string& called,
                const model::TypeProto& type) {
  json dims = json::array();
  const graph::Fact& f = g.fact(v);
  if (f.has_rank()) {
    for (const graph::Dim& d : *f.shape) {
      if (d.is_const()) {
        dims.push_back(d.value());
      } else {
        const std::string formula = graph::formula(d);
        dims.push_back(formula.empty() ? to_string(d) : formula);
      }
    }
  }
  json j = {{"name", called}, {"dtype", name(f.dtype)}, {"shape", dims}};
  const std::string kind = model::kind_name(type);
  if (kind != "tensor") j["kind"] = kind;
  return j;
}

void add_numbers(const inspect::Numbers& n, json* j) {
  (*j)["parameters"] = n.parameters;
  (*j)["weight_bytes"] = n.weight_bytes;
  (*j)["constants_by_type"] = n.constants_by_type;
  (*j)["values_by_type"] = n.values_by_type;
  (*j)["dynamic"] = n.dynamic;
  (*j)["flops"] = n.flops;
  (*j)["macs"] = n.macs;
  (*j)["activation_peak_bytes"] = n.activation_peak_bytes;
  (*j)["peak_is_least"] = n.peak_is_least;
}

// "f32 12 and i64 3"
std::string counts(const json& by_name, const char* between) {
  std::vector<std::string> parts;
  for (const auto& [name, n] : by_name.items()) parts.push_back(name + " " + n.dump());
  return parts.empty() ? "no" : fmt::format("{}", fmt::join(parts, between));
}

void print_common(const json& j, Printer& p) {
  for (const json& io : j["inputs"]) p.out("input        " + io_line(io));
  for (const json& io : j["outputs"]) p.out("output       " + io_line(io));
}

}  // namespace

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
  json reasons = json::object();
  for (const plan::Problem& p : engine::nodes_without_kernel(g)) {
    no_kernel[p.op].push_back(p.node);
    reasons[p.op] = p.reason;
  }
  j["without_kernel"] = no_kernel;
  j["without_kernel_reason"] = reasons;
  j["bad_weights"] = bad_weights(g);
  add_numbers(inspect::numbers_of(g), &j);
  j["findings"] = json::array();
  for (const inspect::Finding& f : inspect::find_all({m, g})) {
    j["findings"].push_back(
        {{"name", f.name}, {"text", f.text}, {"fix", f.fix}, {"nodes", f.nodes}});
  }
  return j;
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
  const char* sizes = j["dynamic"].empty() ? "" : " (dynamic sizes 1, then 64)";
  p.out(fmt::format("work         {}MAC, {}FLOP{}", human_count(j["macs"].get<double>()),
                    human_count(j["flops"].get<double>()), sizes));
  p.out(fmt::format("activations  {}{} at their peak{}",
                    j["peak_is_least"].get<bool>() ? "at least " : "",
                    human_bytes(j["activation_peak_bytes"].get<double>()), sizes));
  p.out("types        " + counts(j["values_by_type"], " and ") + " values; " +
        counts(j["constants_by_type"], " and ") + " constants");
  if (!j["dynamic"].empty())
    p.out(fmt::format("dynamic      {}",
                      fmt::join(j["dynamic"].get<std::vector<std::string>>(), ", ")));
  p.out("operators    " + counts(j["operators"], " "));
  for (const auto& [op, nodes] : j["without_kernel"].items()) {
    p.out(fmt::format("no kernel    {}: {} node{}, on any target: {}", op, nodes.size(),
                      nodes.size() == 1 ? "" : "s",
                      j["without_kernel_reason"][op].get<std::string>()));
  }
  for (const json& text : j["bad_weights"]) p.warn(text.get<std::string>());
  for (const json& f : j["findings"]) {
    p.out(p.yellow(fmt::format("{:<12}", "finding")) +
          fmt::format(" {}: {}", f["name"].get<std::string>(), f["text"].get<std::string>()));
    p.out(fmt::format("{:<12} {}", "", f["fix"].get<std::string>()));
  }
}

}  // namespace hone::cli
