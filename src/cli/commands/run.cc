// hone run: outputs of a model or an engine for given inputs.

#include <fmt/format.h>

#include <filesystem>

#include "cli/command.h"
#include "cli/model_args.h"
#include "host/import/import.h"
#include "host/model/files.h"
#include "host/model/tensor_files.h"
#include "host/ops/evaluate.h"
#include "ship/project/picture.h"

namespace hone::cli {

namespace fs = std::filesystem;

namespace {

struct Options {
  std::string model, folder, save, format = "npy";
  std::vector<std::string> inputs;
  bool reference = false;
  int threads = 1;
  int top = 3;
};

struct Given {
  std::map<std::string, Tensor> by_name;
  std::map<std::string, std::string> pictures;  // input -> file, to be preprocessed
  std::map<size_t, Tensor> by_number;
};

Status take_file(const std::string& name, const std::string& path, Given* given) {
  if (ship::is_picture(path)) {
    given->pictures[name] = path;
    return {};
  }
  if (fs::path(path).extension() == ".npz") {
    HONE_ASSIGN(auto members, model::read_npz(path));
    auto it = members.find(name);
    if (it == members.end() && members.size() == 1) it = members.begin();
    if (it == members.end()) return invalid(fmt::format("{}: no array '{}'", path, name));
    given->by_name[name] = it->second;
    return {};
  }
  HONE_ASSIGN(given->by_name[name], model::read_tensor_file(path));
  return {};
}

// input_0.pb, input_1.npy, ... in graph order, or NAME.npy / NAME.pb; other files are ignored.
Status take_folder(const std::string& folder, const std::vector<std::string>& names, Given* given) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return Status(Code::not_found, fmt::format("{}: no such folder", folder));
  }
  for (size_t i = 0; i < names.size(); ++i) {
    for (const char* extension : {".pb", ".npy"}) {
      fs::path numbered = fs::path(folder) / fmt::format("input_{}{}", i, extension);
      fs::path named = fs::path(folder) / (names[i] + extension);
      bool first = fs::exists(numbered, error);
      if (!first && !fs::exists(named, error)) continue;
      HONE_ASSIGN(given->by_number[i],
                  model::read_tensor_file((first ? numbered : named).string()));
      break;
    }
  }
  return {};
}

Result<std::vector<Tensor>> in_order(const Given& given, const std::vector<ship::IoInfo>& inputs) {
  std::vector<Tensor> out(inputs.size());
  for (const auto& [name, tensor] : given.by_name) {
    bool found = false;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].name == name) out[i] = tensor, found = true;
    }
    if (!found) return no_such_input(name, inputs);
  }
  for (const auto& [i, tensor] : given.by_number) {
    if (!out[i]) out[i] = tensor;
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!out[i]) return invalid(fmt::format("no value for input {}", describe(inputs[i])));
    if (out[i].dtype() != inputs[i].dtype || out[i].dims().size() != inputs[i].dims.size()) {
      return Status(
          Code::shape_mismatch,
          fmt::format("input '{}' is {}{}, the model takes {}", inputs[i].name,
                      name(out[i].dtype()), to_string(out[i].dims()), describe(inputs[i])));
    }
  }
  return out;
}

std::vector<ship::IoInfo> graph_io(const graph::Graph& g, const std::vector<graph::ValueId>& ids) {
  std::vector<ship::IoInfo> out;
  for (graph::ValueId v : ids) {
    ship::IoInfo io;
    io.name = g.value(v).name;
    io.dtype = g.fact(v).dtype;
    if (g.fact(v).has_rank()) {
      for (const graph::Dim& d : *g.fact(v).shape) {
        io.dims.push_back(d.const_value().value_or(-1));
        io.opt.push_back(1);
        io.symbols.push_back(d.is_const() ? "" : to_string(d));
      }
    }
    out.push_back(std::move(io));
  }
  return out;
}

Status save(const Options& o, const std::vector<std::string>& names,
            const std::vector<Tensor>& outputs) {
  if (o.save.empty()) return {};
  HONE_RETURN_IF_ERROR(make_folder(o.save));
  for (size_t i = 0; i < outputs.size(); ++i) {
    std::string path = fmt::format("{}/output_{}.{}", o.save, i, o.format);
    std::vector<std::byte> bytes;
    if (o.format == "npy") {
      auto npy = model::format_npy(outputs[i]);
      if (!npy.ok()) return in(fmt::format("output '{}'", names[i]), npy.status());
      bytes = std::move(*npy);
    } else {
      bytes = model::format_pb(outputs[i], names[i]);
    }
    HONE_RETURN_IF_ERROR(write_file(path, bytes));
  }
  return {};
}

// What a person wants to see: shape, and the first values or the likeliest classes.
void show(const Options& o, Session& s, const std::string& name, const Tensor& t,
          const std::vector<std::string>& labels) {
  if (!labels.empty() && t.count() == static_cast<int64_t>(labels.size())) {
    for (const auto& [label, share] : ship::top_classes(t, labels, o.top)) {
      s.printer.out(fmt::format("{:<20} {:5.1f} %", label, share * 100));
    }
    return;
  }
  std::string values;
  for (int64_t i = 0; i < std::min<int64_t>(t.count(), 6) && t.dtype() != DType::string; ++i) {
    values += fmt::format(" {:g}", t.at(i));
  }
  s.printer.out(fmt::format("{} {}{}{}{}", name, hone::name(t.dtype()), to_string(t.dims()), values,
                            t.count() > 6 ? " ..." : ""));
}

Status run_reference(const Options& o, Session& s, Given given, graph::Graph graph) {
  auto inputs = graph_io(graph, graph.block().inputs);
  HONE_ASSIGN(std::vector<Tensor> values, in_order(given, inputs));
  auto outputs = ops::evaluate(graph, values);
  if (!outputs.ok()) return in(o.model, outputs.status());
  HONE_RETURN_IF_ERROR(save(o, graph.output_names, *outputs));
  if (!o.save.empty()) return {};
  for (size_t i = 0; i < outputs->size(); ++i) show(o, s, graph.output_names[i], (*outputs)[i], {});
  return {};
}

Status run_session(const Options& o, Session& s, Given given, ship::Session& session) {
  for (const auto& [input, file] : given.pictures) {
    HONE_ASSIGN(given.by_name[input], ship::read_picture_for(session, input, file));
  }
  HONE_ASSIGN(std::vector<Tensor> values, in_order(given, session.inputs()));
  auto outputs = session.run(values);
  if (!outputs.ok()) return in(o.model, outputs.status());
  std::vector<std::string> names;
  for (const auto& io : session.outputs()) names.push_back(io.name);
  HONE_RETURN_IF_ERROR(save(o, names, *outputs));
  if (!o.save.empty()) return {};
  for (size_t i = 0; i < names.size(); ++i) {
    show(o, s, names[i], (*outputs)[i], ship::labels_of(session, names[i]));
  }
  return {};
}

Status run_run(const Options& o, Session& s) {
  Given given;
  for (const std::string& arg : o.inputs) {
    HONE_ASSIGN(auto parts, split_assignment(arg));
    HONE_RETURN_IF_ERROR(take_file(parts.first, parts.second, &given));
  }
  HONE_ASSIGN(bool engine, is_engine_file(o.model));
  if (engine) {
    if (o.reference) return invalid("--reference needs an ONNX model, not an engine");
    HONE_ASSIGN(ship::Session session, open_session(o.model, o.threads, {}));
    std::vector<std::string> names;
    for (const auto& io : session.inputs()) names.push_back(io.name);
    if (!o.folder.empty()) HONE_RETURN_IF_ERROR(take_folder(o.folder, names, &given));
    return run_session(o, s, std::move(given), session);
  }
  HONE_ASSIGN(model::Model model, model::read_model(o.model));
  auto imported = import(model);
  if (!imported.ok()) return in(o.model, imported.status());
  auto inputs = graph_io(*imported, imported->block().inputs);
  std::vector<std::string> names;
  for (const auto& io : inputs) names.push_back(io.name);
  if (!o.folder.empty()) HONE_RETURN_IF_ERROR(take_folder(o.folder, names, &given));
  if (o.reference) return run_reference(o, s, std::move(given), std::move(*imported));
  HONE_ASSIGN(std::vector<Tensor> values, in_order(given, inputs));
  // Dynamic dimensions come from the inputs: the engine is built for exactly these.
  std::map<std::string, Dims> shapes;
  for (size_t i = 0; i < values.size(); ++i) shapes[names[i]] = values[i].dims();
  HONE_ASSIGN(ship::Session session, open_session(o.model, o.threads, shapes));
  return run_session(o, s, std::move(given), session);
}

}  // namespace

void add_run(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("run", "Run a model or an engine on given inputs");
  c->add_option("model", o->model, "ONNX file or engine")->required();
  c->add_option(
      "--input", o->inputs,
      "NAME=FILE (.npy, .npz, .pb; .png or .jpg where the engine holds its preprocessing)");
  c->add_option("--inputs", o->folder, "Folder with input_0.pb ... in graph order, or NAME.npy");
  c->add_option("--save", o->save,
                "Folder for output_0.npy ... (made); without it they are printed");
  c->add_option("--format", o->format, "npy or pb")->check(CLI::IsMember({"npy", "pb"}));
  c->add_flag("--reference", o->reference, "Run the operators' references instead of kernels");
  c->add_option("--threads", o->threads, "Threads")->check(CLI::Range(1, 256));
  c->add_option("--top", o->top, "Classes to print for a classifier")->check(CLI::Range(1, 1000));
  c->footer("Example: hone run model.onnx --input x=x.npy --save out");
  on_run(c, session, o, run_run);
}

}  // namespace hone::cli
