// hone parity: do two models, engines or folders of outputs agree?

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command.h"
#include "cli/inputs.h"
#include "host/import/import.h"
#include "host/model/tensor_files.h"
#include "ship/measure/bench.h"
#include "ship/parity/outputs.h"
#include "ship/parity/tolerance.h"

namespace hone::cli {

namespace fs = std::filesystem;

namespace {

struct Options {
  std::string a, b, json;
  InputOptions inputs;
  std::vector<std::string> shapes;
  int64_t seed = 0;
  std::optional<double> tolerance;
  bool layers = false;
};

// Structured noise of the seed, in the sizes of --shape where given, for the inputs that --input
// does not name.
Status add_random_inputs(const Options& o, const std::vector<ship::IoInfo>& io, Given* have) {
  HONE_ASSIGN(auto shapes, parse_shapes(o.shapes));
  for (const auto& [name, dims] : shapes) {
    auto names = names_of(io);
    if (std::find(names.begin(), names.end(), name) == names.end()) return no_such_input(name, io);
  }
  std::vector<Dims> sizes;
  for (const ship::IoInfo& i : io) {
    bool given = shapes.contains(i.name);
    if (!given && !have->by_name.contains(i.name) && !i.ranked && i.opt.empty()) {
      return invalid(fmt::format("input '{0}' may have any shape; give --shape {0}=...", i.name));
    }
    sizes.push_back(given ? shapes[i.name] : i.opt);
  }
  HONE_RETURN_IF_ERROR(check_memory(io, shapes));
  for (size_t i = 0; i < io.size(); ++i) {
    if (have->by_name.contains(io[i].name)) continue;
    uint64_t seed = static_cast<uint64_t>(o.seed) * 64 + i + 1;
    have->by_name[io[i].name] = ship::random_input(io[i], sizes[i], seed);
  }
  return {};
}

// Sizes of random inputs that --shape leaves open: those an engine was timed at.
Status take_engine_sizes(const Options& o, std::vector<ship::IoInfo>* io) {
  std::error_code error;
  if (fs::is_directory(o.b, error)) return {};
  HONE_ASSIGN(bool engine, is_engine_file(o.b));
  if (!engine) return {};
  HONE_ASSIGN(ship::Session session, open_session(o.b, 1, {}));
  std::vector<Dims> dims = session.default_shapes();
  for (ship::IoInfo& i : *io) {
    for (size_t k = 0; k < dims.size(); ++k) {
      if (session.inputs()[k].name == i.name) i.opt = dims[k];
    }
  }
  return {};
}

// Inputs by graph order: all from a folder, or those that --input names and noise for the others.
Result<std::vector<Tensor>> make_inputs(const Options& o, const graph::Graph& g) {
  auto io = graph_io(g, g.block().inputs);
  HONE_RETURN_IF_ERROR(take_engine_sizes(o, &io));
  HONE_ASSIGN(Given given, read_inputs(o.inputs, names_of(io)));
  if (!given.pictures.empty()) {
    return invalid(fmt::format("{}: hone parity takes tensors (.npy, .npz, .pb), not pictures",
                               given.pictures.begin()->second));
  }
  bool all = o.inputs.folder.empty() && given.by_name.size() < io.size();
  if (all) HONE_RETURN_IF_ERROR(add_random_inputs(o, io, &given));
  return in_order(given, io);
}

std::string what_inputs(const Options& o, const graph::Graph& g) {
  size_t named = o.inputs.files.size() + o.inputs.more.size();
  std::string noise = fmt::format("random inputs of seed {}", o.seed);
  if (!o.inputs.folder.empty() || named >= g.block().inputs.size()) return "the inputs given";
  return named == 0 ? noise : "the inputs given, the others " + noise;
}

Result<std::vector<Tensor>> folder_outputs(const std::string& folder, size_t count) {
  std::vector<Tensor> out;
  for (size_t i = 0; i < count; ++i) {
    std::string stem = fmt::format("{}/output_{}", folder, i);
    std::error_code error;
    bool npy = fs::exists(stem + ".npy", error);
    if (!npy && !fs::exists(stem + ".pb", error)) {
      return Status(Code::not_found,
                    fmt::format("{}: holds neither output_{}.npy nor output_{}.pb", folder, i, i));
    }
    HONE_ASSIGN(Tensor t, model::read_tensor_file(stem + (npy ? ".npy" : ".pb")));
    out.push_back(std::move(t));
  }
  return out;
}

std::map<std::string, Dims> shapes_of(const graph::Graph& g, const std::vector<Tensor>& inputs) {
  std::map<std::string, Dims> shapes;
  for (size_t i = 0; i < inputs.size(); ++i) {
    shapes[g.value(g.block().inputs[i]).name] = inputs[i].dims();
  }
  return shapes;
}

// A model as kernels of this machine run it: on these sizes, or on all that it takes.
Result<plan::Plan> plan_of(const std::string& path, std::map<std::string, Dims> shapes,
                           const std::string& precision = "best") {
  HONE_ASSIGN(model::Model model, model::read_model(path));
  engine::CompileOptions c;
  HONE_ASSIGN(c.target, this_machine());
  c.shapes = std::move(shapes);
  c.precision = precision;
  auto built = engine::compile(model, c);
  if (!built.ok()) return in(path, built.status());
  return std::move(built->plan);
}

// What is given, else what the precision of B's products leaves.
double tolerance_of(const Options& o, const graph::Graph& a, std::string_view precision) {
  return o.tolerance.value_or(ship::usual_tolerance(precision, ship::products_of(a)));
}

// The first value of `b`'s plan that differs from `a`'s reference is where it began.
Status by_layers(const Options& o, const graph::Graph& a, const std::vector<Tensor>& inputs,
                 Session& s) {
  HONE_ASSIGN(bool engine, is_engine_file(o.b));
  if (engine) {
    return invalid(
        fmt::format("{}: an engine keeps no values between layers; give --layers the ONNX file it "
                    "was built from",
                    o.b));
  }
  HONE_ASSIGN(const plan::Plan plan, plan_of(o.b, shapes_of(a, inputs)));
  HONE_ASSIGN(ship::LayerReport r,
              ship::compare_layers(a, plan, inputs, tolerance_of(o, a, "f32")));
  std::string first = r.first ? r.first->text() : "";
  if (r.first) s.exit = no;
  nlohmann::json j = {{"schema", 1},
                      {"agree", !r.first},
                      {"inputs", what_inputs(o, a)},
                      {"values_compared", r.compared},
                      {"first_difference", r.first ? nlohmann::json(first) : nlohmann::json()}};
  HONE_ASSIGN(bool text, give_json(s, o.json, j));
  if (!text) return {};
  s.printer.out(r.first ? "first difference at " + first
                        : fmt::format("{} values compared, all agree", r.compared));
  s.printer.note("on " + what_inputs(o, a));
  return {};
}

struct Outputs {
  std::vector<Tensor> all;
  std::string model;  // that the plan with these integers is made of, and how
  std::map<std::string, Dims> shapes;
  std::string precision = "best";
  bool saved = false;
};

Result<Outputs> outputs_of(const Options& o, const graph::Graph& a,
                           const std::vector<Tensor>& inputs) {
  std::error_code error;
  const auto shapes = shapes_of(a, inputs);
  if (fs::is_directory(o.b, error)) {
    HONE_ASSIGN(std::vector<Tensor> all, folder_outputs(o.b, a.output_names.size()));
    return Outputs{std::move(all), o.a, shapes, "best", true};
  }
  HONE_ASSIGN(ship::Session session, open_session(o.b, 1, shapes));
  HONE_ASSIGN(std::vector<Tensor> all, session.run(inputs));
  HONE_ASSIGN(bool engine, is_engine_file(o.b));
  if (!engine) return Outputs{std::move(all), o.b, shapes};
  return Outputs{std::move(all), o.a, {}, session.engine().info().precision};
}

Status run_parity(const Options& o, Session& s) {
  HONE_ASSIGN(bool engine, is_engine_file(o.a));
  if (engine) {
    return invalid(
        fmt::format("{}: the first side must be the ONNX file: its reference is what "
                    "the second is held against",
                    o.a));
  }
  HONE_ASSIGN(model::Model model, model::read_model(o.a));
  auto a = import(model);
  if (!a.ok()) return in(o.a, a.status());
  HONE_ASSIGN(std::vector<Tensor> inputs, make_inputs(o, *a));
  if (o.layers) return by_layers(o, *a, inputs, s);
  HONE_ASSIGN(const Outputs got, outputs_of(o, *a, inputs));
  const double tolerance = tolerance_of(o, *a, got.precision);
  Result<plan::Plan> plan = Status(Code::internal, "");
  auto give_plan = [&]() -> Result<const plan::Plan*> {
    plan = plan_of(got.model, got.shapes, got.precision);
    if (!plan.ok()) return plan.status();
    return &*plan;
  };
  auto found = ship::compare_outputs(*a, inputs, got.all, tolerance, give_plan);
  if (!found.ok()) return in(o.a, found.status());
  nlohmann::json list = nlohmann::json::array();
  std::string lines;
  for (size_t i = 0; i < found->outputs.size(); ++i) {
    const ship::Comparison& c = found->outputs[i];
    const char* word = c.agree ? "agrees" : "DIFFERS";
    lines += fmt::format("{:<7} {}: {}\n", word, a->output_names[i], c.text);
    list.push_back(
        {{"name", a->output_names[i]}, {"agree", c.agree}, {"worst", c.worst}, {"text", c.text}});
  }
  s.exit = found->agree ? yes : no;
  nlohmann::json j = {{"schema", 1},
                      {"agree", found->agree},
                      {"tolerance", tolerance},
                      {"inputs", what_inputs(o, *a)},
                      {"outputs", list}};
  HONE_ASSIGN(bool text, give_json(s, o.json, j));
  if (!text) return {};
  s.printer.out_raw(lines);
  if (!found->agree && !got.saved) s.printer.note(found->where);
  s.printer.note("on " + what_inputs(o, *a));
  return {};
}

}  // namespace

void add_parity(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand(
      "parity", "Compare a model's reference with an engine, a model or saved outputs");
  c->add_option("A.onnx", o->a, "ONNX file whose reference (the operators' definitions) is trusted")
      ->required();
  c->add_option("B", o->b,
                "Engine, ONNX file (run by kernels), or folder with output_0.npy (or .pb) ...")
      ->required();
  add_input_options(c, &o->inputs);
  c->add_option("--seed", o->seed, "Seed of the random inputs that stand in where none are given")
      ->type_name("N")
      ->check(whole(0, INT64_MAX))
      ->capture_default_str();
  c->add_option("--shape", o->shapes,
                "Size of a random input, as in x=1x3x224x224; else dynamic sizes are 1 for the "
                "first dimension, 64 for others")
      ->type_name("NAME=SHAPE")
      ->allow_extra_args(false);
  c->add_option("--tol", o->tolerance,
                "Largest difference, as a share of the largest value in the output's channel; more "
                "where B is of 16-bit floats (docs/precision.md)")
      ->type_name("X")
      ->check(number(0, 1e9))
      ->default_str("0.001");
  c->add_flag("--layers", o->layers, "Find the first value inside that differs (B: an ONNX file)");
  add_json_option(c, &o->json);
  add_plugin_option(c, &session.plugins);
  c->footer(
      "examples:\n"
      "  hone parity model.onnx model.engine --seed 1\n"
      "  hone parity model.onnx model.engine --inputs test_data_set_0 --tol 1e-4\n"
      "  hone parity model.onnx optimized.onnx --layers\n\n"
      "Exit: 0 all outputs agree, 1 one differs, 2 error in use or input, 4 disk, permissions or\n"
      "instruction set.");
  on_run(c, session, o, run_parity);
}

}  // namespace hone::cli
