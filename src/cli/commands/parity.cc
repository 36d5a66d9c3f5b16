// hone parity: do two models, engines or folders of outputs agree?

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command.h"
#include "cli/parity_inputs.h"
#include "cli/parity_text.h"
#include "host/import/import.h"
#include "host/model/files.h"
#include "host/model/tensor_files.h"
#include "ship/parity/reduce.h"
#include "ship/parity/runtime_values.h"
#include "ship/parity/tolerance.h"

namespace hone::cli {

namespace {

using ship::SideSpec;

struct Options {
  std::string a, b, json;
  ParityInputOptions inputs;
  std::optional<double> tolerance;
  bool layers = false;
  std::string reduce;  // file to write
};

std::map<std::string, Dims> shapes_of(const graph::Graph& g, const std::vector<Tensor>& inputs) {
  std::map<std::string, Dims> shapes;
  for (size_t i = 0; i < inputs.size(); ++i) {
    shapes[g.value(g.block().inputs[i]).name] = inputs[i].dims();
  }
  return shapes;
}

// A model as kernels of this machine run it: on these sizes, or on all that it takes.
Result<plan::Plan> plan_of(const model::Model& model, std::map<std::string, Dims> shapes,
                           const std::string& precision = "best") {
  engine::CompileOptions c;
  HONE_ASSIGN(c.target, this_machine());
  c.shapes = std::move(shapes);
  c.precision = precision;
  HONE_ASSIGN(engine::Compiled built, engine::compile(model, c));
  return std::move(built.plan);
}

Result<plan::Plan> plan_of(const std::string& path, std::map<std::string, Dims> shapes,
                           const std::string& precision) {
  HONE_ASSIGN(const model::Model model, model::read_model(path));
  auto plan = plan_of(model, std::move(shapes), precision);
  return plan.ok() ? std::move(plan) : in(path, plan.status());
}

// The two sides, with the graphs of their ONNX files.
struct Sides {
  SideSpec spec_a, spec_b;
  std::unique_ptr<const graph::Graph> graph_a, graph_b;  // null: there is none
  std::unique_ptr<ship::Side> a, b;

  bool led_by_b() const { return spec_a.kind == SideSpec::Kind::golden; }
  const graph::Graph* graph() const { return graph_a ? graph_a.get() : graph_b.get(); }
};

// Somebody else's runtime may run files that Hone cannot read.
Result<std::unique_ptr<const graph::Graph>> graph_of(const SideSpec& spec) {
  using Kept = std::unique_ptr<const graph::Graph>;
  if (!spec.is_onnx) return Kept();
  auto model = model::read_model(spec.file);
  auto g = model.ok() ? import(*model) : Result<graph::Graph>(model.status());
  if (g.ok()) return Kept(std::make_unique<graph::Graph>(std::move(*g)));
  if (spec.kind == SideSpec::Kind::runtime) return Kept();
  return model.ok() ? in(spec.file, g.status()) : model.status();
}

ship::SideTools side_tools() {
  ship::SideTools tools;
  tools.open = [](const std::string& file, const std::map<std::string, Dims>& shapes) {
    return open_session(file, 1, shapes);
  };
  tools.io = graph_io;
  return tools;
}

Result<Sides> open_sides(const Options& o) {
  Sides s;
  HONE_ASSIGN(s.spec_a, ship::parse_side(o.a, true));
  HONE_ASSIGN(s.graph_a, graph_of(s.spec_a));
  HONE_ASSIGN(s.spec_b, ship::parse_side(o.b, false));
  HONE_ASSIGN(s.graph_b, graph_of(s.spec_b));
  const ship::SideTools tools = side_tools();
  HONE_ASSIGN(s.a, ship::open_side(s.spec_a, s.graph_a.get(), tools));
  HONE_ASSIGN(s.b, ship::open_side(s.spec_b, s.graph_b.get(), tools));
  return s;
}

Result<ParityInputs> inputs_of(const Options& o, const Sides& s) {
  std::vector<ship::IoInfo> io = (s.led_by_b() ? s.b : s.a)->inputs();
  // Sizes of random inputs that --shape leaves open: those an engine was timed at.
  if (s.spec_b.kind == SideSpec::Kind::engine && !s.led_by_b()) {
    for (ship::IoInfo& i : io) {
      for (const ship::IoInfo& timed : s.b->inputs()) {
        if (timed.name == i.name) i.opt = timed.opt;
      }
    }
  }
  const SideSpec& lead = s.led_by_b() ? s.spec_b : s.spec_a;
  std::string golden;
  for (const SideSpec* spec : {&s.spec_a, &s.spec_b}) {
    if (spec->kind == SideSpec::Kind::golden) golden = spec->file;
  }
  const auto& lead_graph = s.led_by_b() ? s.graph_b : s.graph_a;
  HONE_ASSIGN(ParityInputs p,
              parity_inputs(o.inputs, io, lead_graph.get(), lead.is_onnx ? lead.file : "", golden));
  for (const ship::Side* side : {s.a.get(), s.b.get()}) {
    if (side->saved() > 0) p.samples.count = std::min(p.samples.count, side->saved());
  }
  return p;
}

// nullopt where a side's file does not say.
std::optional<ship::Quantised> quantised(const ship::Side& side, const graph::Graph* graph) {
  if (graph != nullptr) return ship::quantised(*graph);
  return side.precision() == "int8" ? std::optional(ship::Quantised{8, 0}) : std::nullopt;
}

// Bits that one side rounds values to which the other does not; 0 where both round alike.
int bits_of_one_side(const Sides& s) {
  const auto a = quantised(*s.a, s.graph_a.get()), b = quantised(*s.b, s.graph_b.get());
  if (!a || !b) return 0;
  const bool from_graphs = s.graph_a != nullptr && s.graph_b != nullptr;
  if (from_graphs ? a->resembles(*b) : (a->bits > 0) == (b->bits > 0)) return 0;
  return a->bits == 0 || b->bits == 0 ? a->bits + b->bits : std::min(a->bits, b->bits);
}

// What is given, else what the types that the sides' products are of leave. Sides that round the
// same values to integers are as near as floats; one that does so alone is not.
double tolerance_of(const Options& o, const Sides& s) {
  if (o.tolerance) return *o.tolerance;
  const int64_t products = s.graph() == nullptr ? 1 : ship::products_of(*s.graph());
  double most = 0;
  for (const auto& [side, graph] :
       {std::pair(s.a.get(), s.graph_a.get()), std::pair(s.b.get(), s.graph_b.get())}) {
    most = std::max(most, ship::usual_tolerance(side->precision(), products));
    if (graph == nullptr) continue;
    most = std::max(most, ship::usual_tolerance(ship::precision_of(*graph), products));
  }
  const int bits = bits_of_one_side(s);
  return bits == 0 ? most : std::max(most, ship::quantised_tolerance(bits, products));
}

// B's values inside, by the names of A's.
Result<ship::LayerValues> values_of(const Sides& sides, const model::Model& model,
                                    const graph::Graph& graph, const std::vector<Tensor>& inputs) {
  if (sides.spec_b.kind == SideSpec::Kind::runtime) {
    return ship::values_of_runtime(sides.spec_b, model, graph, side_tools(), inputs);
  }
  HONE_ASSIGN(const plan::Plan plan, plan_of(model, shapes_of(graph, inputs)));
  return ship::values_of_plan(graph, plan, inputs);
}

// Where two models part that their references tell apart: at a node, whatever kernels make of it.
// "" where these agree.
std::string where_models_part(const Sides& s, const std::vector<Tensor>& inputs, double tolerance) {
  if (s.graph_b == nullptr || s.spec_a.file == s.spec_b.file) return "";
  const auto values = ship::values_of_reference(*s.graph_a, *s.graph_b, inputs);
  if (!values.ok()) return "";
  const auto r = ship::compare_layers(*s.graph_a, *values, inputs, tolerance);
  return r.ok() && r->first ? "the models differ first at " + r->first->text() : "";
}

std::string where_runtime_parts(const Sides& s, const std::vector<Tensor>& inputs,
                                double tolerance) {
  const auto model = model::read_model(s.spec_b.file);
  if (!model.ok()) return "";
  const auto values = values_of(s, *model, *s.graph_a, inputs);
  if (!values.ok()) return "";
  const auto r = ship::compare_layers(*s.graph_a, *values, inputs, tolerance);
  if (!r.ok()) return "";
  return r->first ? "first at " + r->first->text()
                  : fmt::format("no value inside does, of {}", r->compared);
}

// Outputs against the reference of A. Where they differ: the node where the models do; else the
// layer of the plan by B's kernels, which also says where ties of integers fall. Else value by
// value.
ship::ParityJudge judge_of(const Sides& s, double tolerance) {
  if (s.spec_a.kind != SideSpec::Kind::reference) {
    return [&s, tolerance](const auto&, const auto& want,
                           const auto& got) -> Result<ship::OutputParity> {
      return ship::compare_plainly(s.graph(), want, got, tolerance);
    };
  }
  return [&s, tolerance, located = false](
             const std::vector<Tensor>& inputs, const std::vector<Tensor>& want,
             const std::vector<Tensor>& got) mutable -> Result<ship::OutputParity> {
    const graph::Graph& a = *s.graph_a;
    HONE_ASSIGN(ship::OutputParity plain, ship::compare_plainly(&a, want, got, tolerance));
    if (plain.agree) return plain;
    if (!located && ship::quantised(a).bits == 0) {
      plain.where = where_models_part(s, inputs, tolerance);
      located = !plain.where.empty();
    }
    if (located) return plain;
    Result<plan::Plan> plan = Status(Code::internal, "");
    const auto give_plan = [&]() -> Result<const plan::Plan*> {
      const bool engine = s.spec_b.kind == SideSpec::Kind::engine;
      const bool kernels = s.spec_b.kind == SideSpec::Kind::kernels;
      plan = plan_of(kernels ? s.spec_b.file : s.spec_a.file,
                     engine ? std::map<std::string, Dims>() : shapes_of(a, inputs),
                     engine ? s.b->precision() : "best");
      if (!plan.ok()) return plan.status();
      return &*plan;
    };
    HONE_ASSIGN(ship::OutputParity found,
                ship::compare_outputs(a, inputs, want, got, tolerance, give_plan));
    if (!found.agree && s.spec_b.kind == SideSpec::Kind::runtime && s.spec_b.is_onnx) {
      const std::string where = where_runtime_parts(s, inputs, tolerance);
      if (!where.empty()) found.where = where;
    }
    return found;
  };
}

Status check_layers(const Options& o, const Sides& sides) {
  if (sides.spec_a.kind != SideSpec::Kind::reference) {
    return invalid(fmt::format("--layers needs an ONNX file's reference as the first side, not {}",
                               sides.spec_a.text()));
  }
  const bool kernels = sides.spec_b.kind == SideSpec::Kind::kernels;
  if (!kernels && !(sides.spec_b.kind == SideSpec::Kind::runtime && sides.spec_b.is_onnx)) {
    return invalid(fmt::format(
        "{}: keeps no values between layers; give --layers the ONNX file it is of", o.b));
  }
  if (!o.reduce.empty() && sides.spec_a.file != sides.spec_b.file) {
    return invalid("--reduce needs the same ONNX file on both sides");
  }
  return {};
}

// Writes the smallest part that differs; what is said of it.
Result<std::string> write_reduced(const Options& o, const Sides& sides, const model::Model& model,
                                  const std::vector<Tensor>& inputs, const std::string& value) {
  const double tolerance = tolerance_of(o, sides);
  const ship::Differs differs = [&](const model::Model& part, const graph::Graph& g,
                                    const std::vector<Tensor>& x) -> Result<bool> {
    HONE_ASSIGN(const ship::LayerValues values, values_of(sides, part, g, x));
    HONE_ASSIGN(const ship::LayerReport r, ship::compare_layers(g, values, x, tolerance));
    return r.first.has_value();
  };
  HONE_ASSIGN(auto found, ship::reduce(model, *sides.graph_a, inputs, value, differs));
  if (!found) return std::string("no part of the model differs by itself; nothing was written");
  HONE_RETURN_IF_ERROR(model::write_model(found->model, o.reduce));
  const std::string folder = o.reduce + ".inputs";
  HONE_RETURN_IF_ERROR(make_folder(folder));
  for (size_t i = 0; i < found->inputs.size(); ++i) {
    HONE_ASSIGN(AtomicFile file, AtomicFile::create(fmt::format("{}/input_{}.pb", folder, i)));
    HONE_RETURN_IF_ERROR(
        file.append(model::format_pb(found->inputs[i], found->model.graph.inputs[i].name)));
    HONE_RETURN_IF_ERROR(file.sync());
    HONE_RETURN_IF_ERROR(file.commit());
  }
  return fmt::format("{}: {} of {} nodes, which differ by themselves on --inputs {}", o.reduce,
                     found->model.graph.nodes.size(), model.graph.nodes.size(), folder);
}

// The first value of B that differs from A's reference is where it began.
Status by_layers(const Options& o, const Sides& sides, const ParityInputs& p, Session& s) {
  HONE_RETURN_IF_ERROR(check_layers(o, sides));
  const graph::Graph& a = *sides.graph_a;
  HONE_ASSIGN(const std::vector<Tensor> inputs, p.samples.get(0));
  HONE_ASSIGN(const model::Model model, model::read_model(sides.spec_b.file));
  HONE_ASSIGN(const ship::LayerValues values, values_of(sides, model, a, inputs));
  HONE_ASSIGN(const ship::LayerReport r,
              ship::compare_layers(a, values, inputs, tolerance_of(o, sides)));
  const std::string first = r.first ? r.first->text() : "";
  if (r.first) s.exit = no;
  std::string reduced;
  if (r.first && !o.reduce.empty()) {
    HONE_ASSIGN(reduced, write_reduced(o, sides, model, inputs, r.first->value));
  }
  nlohmann::json j = {{"schema", 1},
                      {"agree", !r.first},
                      {"inputs", p.text},
                      {"values_compared", r.compared},
                      {"first_difference", r.first ? nlohmann::json(first) : nlohmann::json()}};
  if (!reduced.empty()) j["reduced"] = reduced;
  HONE_ASSIGN(bool text, give_json(s, o.json, j));
  if (!text) return {};
  s.printer.out(r.first ? "first difference at " + first
                        : fmt::format("{} values compared, all agree", r.compared));
  if (!reduced.empty()) s.printer.out(reduced);
  s.printer.note("on " + p.text);
  return {};
}

nlohmann::json json_of(const ship::ParityReport& r, const Sides& sides, const ParityInputs& p,
                       double tolerance) {
  nlohmann::json list = nlohmann::json::array();
  for (const ship::OutputSummary& out : r.outputs) {
    nlohmann::json j = out.metrics.to_json();
    j["name"] = out.name;
    j["agree"] = out.agree;
    j["worst"] = out.worst.worst;
    j["text"] = out.worst.text;
    list.push_back(std::move(j));
  }
  return {{"schema", 1},
          {"agree", r.agree && r.sees},
          {"sees_differences", r.sees},
          {"blind", r.blind.empty() ? nlohmann::json() : nlohmann::json(r.blind)},
          {"where", r.where.empty() ? nlohmann::json() : nlohmann::json(r.where)},
          {"first", sides.spec_a.text()},
          {"second", sides.spec_b.text()},
          {"tolerance", tolerance},
          {"inputs", p.text},
          {"random", p.random},
          {"samples", r.samples},
          {"outputs", list}};
}

constexpr const char* blind =
    "this test cannot see differences: {}; give inputs that are more telling (--inputs, or data in "
    "the hone.toml beside the model) or a smaller --tol";

Status run_parity(const Options& o, Session& s) {
  HONE_ASSIGN(const Sides sides, open_sides(o));
  HONE_ASSIGN(const ParityInputs p, inputs_of(o, sides));
  if (o.layers || !o.reduce.empty()) return by_layers(o, sides, p, s);
  const double tolerance = tolerance_of(o, sides);
  auto found = ship::compare_sides(*sides.a, *sides.b, p.samples, tolerance,
                                   judge_of(sides, tolerance), [&s](int64_t done, int64_t all) {
                                     if (all > 1)
                                       s.printer.progress("comparing", static_cast<double>(done),
                                                          static_cast<double>(all));
                                   });
  s.printer.end_progress();
  if (!found.ok()) return found.status();
  s.exit = !found->agree ? no : found->sees ? yes : inconclusive;
  HONE_ASSIGN(bool text, give_json(s, o.json, json_of(*found, sides, p, tolerance)));
  if (!text) return {};
  print_parity(*found, &s.printer);
  if (!found->agree && !found->where.empty()) s.printer.note(found->where);
  if (const int bits = found->agree ? 0 : bits_of_one_side(sides); bits > 0) {
    s.printer.note(fmt::format(
        "one side rounds to {} bits: whether that is good enough, accuracy tells (hone ship)",
        bits));
  }
  if (!found->sees) s.printer.warn(fmt::format(blind, found->blind));
  s.printer.note("on " + p.text);
  return {};
}

}  // namespace

void add_parity(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand(
      "parity", "Compare two of: reference, kernels, engine, other runtime, saved outputs");
  c->add_option(
       "A", o->a,
       "The trusted side. FILE.onnx: the reference (the operators' definitions); else as B")
      ->required();
  c->add_option("B", o->b,
                "Engine; FILE.onnx (run by kernels); folder with output_0.npy (or .pb) ...; "
                "reference:FILE.onnx; RUNTIME:FILE, as in onnxruntime:FILE.onnx")
      ->required();
  add_input_options(c, &o->inputs.given);
  c->add_flag("--random", o->inputs.random,
              "Random inputs, even where the hone.toml beside the model names data");
  c->add_option("--seed", o->inputs.seed,
                "Seed of the random inputs that stand in where none are given")
      ->type_name("N")
      ->check(whole(0, INT64_MAX))
      ->capture_default_str();
  c->add_option("--samples", o->inputs.samples, "Samples of data (8), or random ones (1), to run")
      ->type_name("N")
      ->check(whole(1, 1'000'000));
  c->add_option("--shape", o->inputs.shapes,
                "Size of a random input, as in x=1x3x224x224; else dynamic sizes are 1 for the "
                "first dimension, 64 for others")
      ->type_name("NAME=SHAPE")
      ->allow_extra_args(false);
  c->add_option("--tol", o->tolerance,
                "Largest difference, as a share of the largest value in the output's channel; more "
                "where a side is of 16-bit floats (docs/precision.md)")
      ->type_name("X")
      ->check(number(0, 1e9))
      ->default_str("0.001");
  c->add_flag(
      "--layers", o->layers,
      "Find the first value inside that differs (B: an ONNX file, by kernels or a runtime)");
  c->add_option(
       "--reduce", o->reduce,
       "As --layers; write the smallest ONNX file that still differs, its inputs beside it")
      ->type_name("OUT.onnx");
  add_json_option(c, &o->json);
  add_plugin_option(c, &session.plugins);
  c->footer(
      "examples:\n"
      "  hone parity model.onnx model.engine --seed 1\n"
      "  hone parity model.onnx model.engine --inputs test_data_set_0 --tol 1e-4\n"
      "  hone parity model.onnx onnxruntime:model.onnx\n"
      "  hone parity onnxruntime:model.onnx model.engine --samples 100\n"
      "  hone parity goldens_of_the_framework model.engine\n"
      "  hone parity model.onnx optimized.onnx --layers\n"
      "  hone parity model.onnx openvino:model.onnx --reduce bug.onnx\n\n"
      "Exit: 0 all outputs agree, 1 one differs, 2 error in use or input, 3 the inputs cannot "
      "show\n"
      "differences, 4 disk, permissions or instruction set.");
  on_run(c, session, o, run_parity);
}

}  // namespace hone::cli
