// hone run: outputs of a model or an engine for given inputs.

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/inputs.h"
#include "host/graph/quote.h"
#include "host/import/import.h"
#include "host/model/files.h"
#include "host/model/tensor_files.h"
#include "host/model/value_files.h"
#include "host/ops/evaluate.h"
#include "ship/project/picture.h"

namespace hone::cli {

namespace fs = std::filesystem;

namespace {

struct Options {
  std::string model, save, format = "npy", json;
  InputOptions inputs;
  bool reference = false;
  int threads = 1;
  int top = 3;
};

struct Output {
  std::string name;
  Tensor value;
  std::vector<std::string> labels;  // of its classes, where the engine carries them
  model::TypeProto type;            // as an ONNX file declares it
};

// All files or none: each is written whole before the first gets its name.
Status write_outputs(const Options& o, const std::vector<Output>& outputs) {
  std::vector<AtomicFile> files;
  for (size_t i = 0; i < outputs.size(); ++i) {
    std::vector<std::byte> bytes;
    if (o.format == "npy") {
      if (!outputs[i].value.is_plain()) {
        return unsupported(fmt::format(
            "output '{}': a sequence, a map or an optional; give --format pb", outputs[i].name));
      }
      auto npy = model::format_npy(outputs[i].value);
      if (!npy.ok()) {
        return in(fmt::format("output '{}'", outputs[i].name),
                  Status(npy.code(), npy.status().text() + "; give --format pb"));
      }
      bytes = std::move(*npy);
    } else {
      bytes = model::format_value_pb(outputs[i].value, outputs[i].name, outputs[i].type);
    }
    HONE_ASSIGN(AtomicFile file,
                AtomicFile::create(fmt::format("{}/output_{}.{}", o.save, i, o.format)));
    HONE_RETURN_IF_ERROR(file.append(bytes));
    HONE_RETURN_IF_ERROR(file.sync());
    files.push_back(std::move(file));
  }
  for (AtomicFile& file : files) HONE_RETURN_IF_ERROR(file.commit());
  return {};
}

Status save(const Options& o, const std::vector<Output>& outputs) {
  std::error_code error;
  bool was_there = fs::exists(o.save, error);
  HONE_RETURN_IF_ERROR(make_folder(o.save));
  Status written = write_outputs(o, outputs);
  if (!written.ok() && !was_there) fs::remove(o.save, error);
  return written;
}

bool is_classified(const Output& o) {
  return !o.labels.empty() && o.value.is_plain() &&
         o.value.count() == static_cast<int64_t>(o.labels.size());
}

std::string one_value(const Tensor& t, int64_t i) {
  return t.dtype() == DType::string ? graph::quoted(t.as_strings()[static_cast<size_t>(i)])
                                    : fmt::format("{:g}", t.at(i));
}

std::string one_line(const Tensor& t) {
  if (t.is_empty_optional()) return fmt::format("{} (no value)", name(t.dtype()));
  std::string values;
  const int64_t count = (t.is_map() ? t.keys() : t).count();
  for (int64_t i = 0; i < std::min<int64_t>(count, 6); ++i) {
    values += t.is_map() ? fmt::format(" {}: {}", one_value(t.keys(), i), one_value(t.values(), i))
                         : " " + one_value(t, i);
  }
  if (count > 6) values += " ...";
  if (t.is_map()) {
    return fmt::format("map({}, {})[{}]{}", name(t.keys().dtype()), name(t.dtype()), count, values);
  }
  return fmt::format("{}{}{}", name(t.dtype()), to_string(t.dims()), values);
}

// What a person wants to see: shape, and the first values or the likeliest classes.
void show(const Options& o, Session& s, const Output& out) {
  if (is_classified(out)) {
    for (const auto& [label, share] : ship::top_classes(out.value, out.labels, o.top)) {
      s.printer.out(fmt::format("{:<20} {:5.1f} %", label, share * 100));
    }
    return;
  }
  if (!out.value.is_sequence()) {
    s.printer.out(fmt::format("{} {}", out.name, one_line(out.value)));
    return;
  }
  const std::vector<Tensor>& items = out.value.items();
  s.printer.out(fmt::format("{} sequence of {}", out.name, items.size()));
  for (size_t i = 0; i < std::min<size_t>(items.size(), 6); ++i) {
    s.printer.out(fmt::format("  {} {}", i, one_line(items[i])));
  }
  if (items.size() > 6) s.printer.out("  ...");
}

constexpr int64_t most_json_values = 1000;

// Of a sequence, `items` instead of a shape; of a map `keys` and `values`, described likewise; of
// an optional without a value, none of them.
void describe(const Tensor& t, nlohmann::json* j) {
  (*j)["dtype"] = name(t.dtype());
  if (t.is_empty_optional()) return;
  if (t.is_sequence()) {
    (*j)["items"] = nlohmann::json::array();
    for (const Tensor& item : t.items()) describe(item, &(*j)["items"].emplace_back());
    return;
  }
  if (t.is_map()) {
    describe(t.keys(), &(*j)["keys"]);
    describe(t.values(), &(*j)["values"]);
    return;
  }
  (*j)["shape"] = t.dims();
  if (t.dtype() == DType::string || t.count() > most_json_values) return;
  (*j)["values"] = nlohmann::json::array();
  for (int64_t k = 0; k < t.count(); ++k) (*j)["values"].push_back(t.at(k));
}

nlohmann::json to_json(const Options& o, const std::vector<Output>& outputs, int profile) {
  nlohmann::json list = nlohmann::json::array();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& t = outputs[i].value;
    nlohmann::json j = {{"name", outputs[i].name}};
    describe(t, &j);
    if (!o.save.empty()) j["file"] = fmt::format("{}/output_{}.{}", o.save, i, o.format);
    if (is_classified(outputs[i])) {
      for (const auto& [label, share] : ship::top_classes(t, outputs[i].labels, o.top)) {
        j["classes"].push_back({{"label", label}, {"percent", share * 100}});
      }
    }
    list.push_back(std::move(j));
  }
  nlohmann::json j = {{"schema", 1}, {"outputs", list}};
  if (profile >= 0) j["profile"] = profile;
  return j;
}

// `profile`: the one the engine took, of several.
Status give(const Options& o, Session& s, const std::vector<Output>& outputs, int profile = -1) {
  if (!o.save.empty()) HONE_RETURN_IF_ERROR(save(o, outputs));
  HONE_ASSIGN(bool text, give_json(s, o.json, to_json(o, outputs, profile)));
  if (!text || !o.save.empty()) return {};
  for (const Output& out : outputs) show(o, s, out);
  return {};
}

Status run_session(const Options& o, Session& s, Given given, ship::Session& session) {
  for (const auto& [input, file] : given.pictures) {
    bool known = false;
    for (const auto& io : session.inputs()) known = known || io.name == input;
    if (!known) return no_such_input(input, session.inputs());
    HONE_ASSIGN(given.by_name[input], ship::read_picture_for(session, input, file));
  }
  HONE_ASSIGN(std::vector<Tensor> values, in_order(given, session.inputs()));
  auto values_out = session.run(values);
  if (!values_out.ok()) return in(o.model, values_out.status());
  std::vector<Output> outputs;
  for (size_t i = 0; i < values_out->size(); ++i) {
    const std::string& name = session.outputs()[i].name;
    outputs.push_back({name, (*values_out)[i], ship::labels_of(session, name), {}});
  }
  return give(o, s, outputs, session.profiles() > 1 ? session.context().profile() : -1);
}

Status run_engine(const Options& o, Session& s) {
  if (o.reference) {
    return invalid(
        fmt::format("{}: an engine has no reference; give --reference the ONNX file it "
                    "was built from",
                    o.model));
  }
  HONE_ASSIGN(ship::Session session, open_session(o.model, o.threads, {}));
  HONE_ASSIGN(Given given, read_inputs(o.inputs, names_of(session.inputs())));
  return run_session(o, s, std::move(given), session);
}

Status run_run(const Options& o, Session& s) {
  HONE_ASSIGN(bool engine, is_engine_file(o.model));
  if (engine) return run_engine(o, s);
  HONE_ASSIGN(model::Model model, model::read_model(o.model));
  auto graph = import(model);
  if (!graph.ok()) return in(o.model, graph.status());
  auto inputs = graph_io(*graph, graph->block().inputs);
  std::vector<std::string> names = names_of(inputs);
  HONE_ASSIGN(Given given, read_inputs(o.inputs, names, types_of(model.graph.inputs)));
  if (!given.pictures.empty()) {
    return invalid(
        fmt::format("{}: an ONNX file does not say how pictures become its input; give "
                    "an .npy, or the engine that hone ship made",
                    given.pictures.begin()->second));
  }
  HONE_ASSIGN(std::vector<Tensor> values, in_order(given, inputs));
  if (o.reference) {
    auto values_out = ops::evaluate_values(*graph, values);
    if (!values_out.ok()) return in(o.model, values_out.status());
    InputTypes types = types_of(model.graph.outputs);
    std::vector<Output> outputs;
    for (size_t i = 0; i < values_out->size(); ++i) {
      const std::string& name = graph->output_names[i];
      outputs.push_back({name, (*values_out)[i], {}, types[name]});
    }
    return give(o, s, outputs);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (inputs[i].tensor) continue;
    return unsupported(
        fmt::format("input '{}': engines take tensors only; give --reference", names[i]));
  }
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
  c->add_option("MODEL.onnx|ENGINE", o->model,
                "Engine, or ONNX file (built in memory without timing)")
      ->required();
  add_input_options(c, &o->inputs);
  c->add_option("--save", o->save,
                "Write output_0.npy ... in graph order to this folder, which is made; without it "
                "outputs are printed")
      ->type_name("DIR");
  c->add_option("--format", o->format,
                "npy, or pb (ONNX's own: sequences, maps, and types that NumPy lacks)")
      ->type_name("FORMAT")
      ->check(one_of({"npy", "pb"}))
      ->capture_default_str();
  c->add_flag("--reference", o->reference,
              "Run the operators' definitions (slow, exact) instead of kernels");
  add_threads_option(c, &o->threads);
  c->add_option("--top", o->top, "Classes to print where the engine carries labels, 1 to 1000")
      ->type_name("N")
      ->check(whole(1, 1000))
      ->capture_default_str();
  add_json_option(c, &o->json);
  add_plugin_option(c, &session.plugins);
  c->footer(
      "Dynamic sizes come from the inputs; an engine of several profiles takes the first that "
      "they\n"
      "fit. An engine of hone ship carries its preprocessing and takes pictures (.png, .jpg) as\n"
      "inputs too.\n\n"
      "examples:\n"
      "  hone run model.onnx --input x=x.npy --input mask=mask.npy --save out\n"
      "  hone run hone-out/fashion.local.engine --input image=boot.png\n"
      "  hone run model.onnx --inputs test_data_set_0 --save out --format pb --reference\n\n"
      "Exit: 0 done, 2 error in use or input, 4 disk, permissions or instruction set.");
  on_run(c, session, o, run_run);
}

}  // namespace hone::cli
