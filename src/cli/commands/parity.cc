// hone parity: do two models, engines or folders of outputs agree?

#include <fmt/format.h>

#include <filesystem>

#include "cli/command.h"
#include "cli/model_args.h"
#include "host/import/import.h"
#include "host/model/tensor_files.h"
#include "host/ops/evaluate.h"
#include "ship/measure/bench.h"
#include "ship/parity/layers.h"

namespace hone::cli {

namespace fs = std::filesystem;

namespace {

struct Options {
  std::string a, b, folder;
  std::vector<std::string> inputs, shapes;
  int64_t seed = -1;
  double tolerance = 1e-3;
  bool layers = false;
};

// Shapes of random inputs: those an engine was timed at; else 1 for the first dimension of an input
// and 64 for others that the model leaves open.
Result<std::map<std::string, Dims>> default_shapes(const Options& o, const graph::Graph& g) {
  std::map<std::string, Dims> out;
  std::error_code error;
  auto engine = fs::is_regular_file(o.b, error) ? is_engine_file(o.b) : Result<bool>(false);
  if (engine.ok() && *engine) {
    HONE_ASSIGN(ship::Session session, open_session(o.b, 1, {}));
    auto dims = session.default_shapes();
    for (size_t i = 0; i < dims.size(); ++i) out[session.inputs()[i].name] = dims[i];
  }
  for (graph::ValueId id : g.block().inputs) {
    const graph::Value& v = g.value(id);
    if (out.contains(v.name) || !v.fact.has_rank()) continue;
    Dims& dims = out[v.name];
    for (const graph::Dim& d : *v.fact.shape) {
      dims.push_back(d.const_value().value_or(dims.empty() ? 1 : 64));
    }
  }
  return out;
}

// Inputs by graph order: from files, or structured noise of a seed.
Result<std::vector<Tensor>> make_inputs(const Options& o, const graph::Graph& g, Session& s) {
  HONE_ASSIGN(auto shapes, parse_shapes(o.shapes));
  HONE_ASSIGN(auto defaults, default_shapes(o, g));
  shapes.merge(defaults);
  std::map<std::string, std::string> files;
  for (const std::string& arg : o.inputs) {
    HONE_ASSIGN(auto parts, split_assignment(arg));
    files[parts.first] = parts.second;
  }
  std::vector<Tensor> out;
  bool random = false;
  for (size_t i = 0; i < g.block().inputs.size(); ++i) {
    const graph::Value& v = g.value(g.block().inputs[i]);
    std::string file = files.contains(v.name) ? files[v.name] : "";
    for (const char* e : {".pb", ".npy"}) {
      std::string path = fmt::format("{}/input_{}{}", o.folder, i, e);
      std::error_code error;
      if (file.empty() && !o.folder.empty() && fs::exists(path, error)) file = path;
    }
    if (!file.empty()) {
      HONE_ASSIGN(Tensor t, model::read_tensor_file(file));
      out.push_back(std::move(t));
      continue;
    }
    ship::IoInfo io{v.name, v.fact.dtype, {}, {}, {}};
    if (!shapes.contains(v.name)) {
      return invalid(fmt::format("input '{}' has no known rank: give --shape or --input", v.name));
    }
    uint64_t seed = static_cast<uint64_t>(std::max<int64_t>(o.seed, 0)) * 64 + i + 1;
    out.push_back(ship::random_input(io, shapes[v.name], seed));
    random = true;
  }
  if (random) s.printer.note(fmt::format("random inputs, seed {}", std::max<int64_t>(o.seed, 0)));
  return out;
}

Result<std::vector<Tensor>> folder_outputs(const std::string& folder, size_t count) {
  std::vector<Tensor> out;
  for (size_t i = 0; i < count; ++i) {
    std::string npy = fmt::format("{}/output_{}.npy", folder, i);
    std::error_code error;
    HONE_ASSIGN(Tensor t, fs::exists(npy, error)
                              ? model::read_npy(npy)
                              : model::read_pb(fmt::format("{}/output_{}.pb", folder, i)));
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

// The first value of `b`'s plan that differs from `a`'s reference is where it began.
Status by_layers(const Options& o, const graph::Graph& a, const std::vector<Tensor>& inputs,
                 Session& s) {
  HONE_ASSIGN(bool engine, is_engine_file(o.b));
  if (engine) {
    return invalid(o.b + ": an engine's values cannot be looked at; give the ONNX file it is of");
  }
  HONE_ASSIGN(model::Model model, model::read_model(o.b));
  engine::CompileOptions c;
  HONE_ASSIGN(c.target, this_machine());
  c.shapes = shapes_of(a, inputs);
  HONE_ASSIGN(engine::Compiled built, engine::compile(model, c));
  HONE_ASSIGN(ship::LayerReport r, ship::compare_layers(a, built.plan, inputs, o.tolerance));
  s.printer.out(r.first ? "first difference at " + r.first->text()
                        : fmt::format("{} values compared, all agree", r.compared));
  if (r.first) s.exit = no;
  return {};
}

Result<std::vector<Tensor>> outputs_of(const Options& o, const graph::Graph& a,
                                       const std::vector<Tensor>& inputs) {
  std::error_code error;
  if (fs::is_directory(o.b, error)) return folder_outputs(o.b, a.output_names.size());
  HONE_ASSIGN(ship::Session session, open_session(o.b, 1, shapes_of(a, inputs)));
  return session.run(inputs);
}

Status run_parity(const Options& o, Session& s) {
  HONE_ASSIGN(bool engine, is_engine_file(o.a));
  if (engine)
    return invalid("the first side must be an ONNX model: its reference is what is trusted");
  HONE_ASSIGN(model::Model model, model::read_model(o.a));
  auto a = import(model);
  if (!a.ok()) return in(o.a, a.status());
  HONE_ASSIGN(std::vector<Tensor> inputs, make_inputs(o, *a, s));
  if (o.layers) return by_layers(o, *a, inputs, s);
  auto want = ops::evaluate(*a, inputs);
  if (!want.ok()) return in(o.a, want.status());
  HONE_ASSIGN(std::vector<Tensor> got, outputs_of(o, *a, inputs));
  bool agree = got.size() == want->size();
  for (size_t i = 0; i < want->size() && i < got.size(); ++i) {
    ship::Comparison c = ship::compare(got[i], (*want)[i], o.tolerance);
    s.printer.out(
        fmt::format("{:<7} {}: {}", c.agree ? "agrees" : "DIFFERS", a->output_names[i], c.text));
    agree = agree && c.agree;
  }
  s.exit = agree ? yes : no;
  return {};
}

}  // namespace

void add_parity(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand(
      "parity", "Compare a model's reference with an engine, a model or outputs");
  c->add_option("a", o->a, "ONNX file whose reference is trusted")->required();
  c->add_option("b", o->b, "Engine, ONNX file (run by kernels), or folder with output_0.npy ...")
      ->required();
  c->add_option("--input", o->inputs, "NAME=FILE (.npy, .pb)");
  c->add_option("--inputs", o->folder, "Folder with input_0.npy ...");
  c->add_option("--shape", o->shapes, "NAME=1x3x224x224 for random inputs");
  c->add_option("--seed", o->seed, "Seed of random inputs");
  c->add_option("--tol", o->tolerance,
                "Largest difference, relative to the channel's largest value");
  c->add_flag("--layers", o->layers, "Find the first value that differs (b: an ONNX file)");
  c->footer("Exit: 0 agrees, 1 differs. Example: hone parity model.onnx model.engine --seed 1");
  on_run(c, session, o, run_parity);
}

}  // namespace hone::cli
