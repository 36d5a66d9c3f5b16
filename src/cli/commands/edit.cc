// hone edit: changes to a model that passes do not make.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command.h"
#include "cli/halve.h"
#include "cli/inputs.h"
#include "cli/project_data.h"
#include "host/edit/extract.h"
#include "host/edit/fold_preprocess.h"
#include "host/edit/merge.h"
#include "host/edit/rename.h"
#include "host/edit/sizes.h"
#include "host/edit/weights.h"
#include "host/import/import.h"
#include "host/import/raise_opset.h"
#include "host/model/files.h"
#include "host/model/tensor_files.h"
#include "host/ops/op_def.h"

namespace hone::cli {

namespace {

struct Options {
  std::string in, out, json, merge, batch, weights, bytes_in, project;
  std::vector<std::string> connect, from, to, rename, shapes, values;
  std::vector<double> mean, deviation;
  std::optional<double> scale;
  bool channels_last = false, half = false;
  int64_t seed = 0;
  int opset = 0;
  InputOptions inputs;
};

// What was done, a line each.
using Log = std::vector<std::string>;

Result<std::map<std::string, std::string>> pairs(const std::vector<std::string>& args,
                                                 const char* option, const char* form) {
  std::map<std::string, std::string> all;
  for (const std::string& arg : args) {
    HONE_ASSIGN(auto parts, split_assignment(arg, option, form));
    if (!all.insert(parts).second) {
      return invalid(fmt::format("{} gives '{}' more than once", option, parts.first));
    }
  }
  return all;
}

Status merge_and_cut(const Options& o, model::Model* m, Log* log) {
  if (!o.merge.empty()) {
    HONE_ASSIGN(const model::Model second, model::read_model(o.merge));
    HONE_ASSIGN(const auto connect, pairs(o.connect, "--connect", "OUTPUT=INPUT"));
    HONE_ASSIGN(*m, edit::merge(*m, second, connect));
    log->push_back(fmt::format("{} behind it", o.merge));
  } else if (!o.connect.empty()) {
    return invalid("--connect needs --merge");
  }
  if (o.from.empty() && o.to.empty()) return {};
  HONE_ASSIGN(const graph::Graph g, import(*m, {.keep_guests = true}));
  edit::Cut cut;
  cut.inputs = o.from;
  cut.outputs = o.to.empty() ? g.output_names : o.to;
  const size_t before = m->graph.nodes.size();
  HONE_ASSIGN(*m, edit::extract(*m, g, cut));
  log->push_back(fmt::format("{} of {} nodes", m->graph.nodes.size(), before));
  return {};
}

// A size, or a name for any.
Result<model::DimProto> parse_batch(const std::string& text) {
  if (text.find_first_not_of("0123456789") != std::string::npos) return model::DimProto{-1, text};
  if (text.size() > 9 || std::stoll(text) == 0) {
    return invalid(fmt::format("--batch {}: a size of at least 1, or a name", text));
  }
  return model::DimProto{std::stoll(text), ""};
}

// What options leave open is hone.toml's, where it says how this picture is made of pixels.
Result<edit::Normalisation> normalisation(const Options& o, std::string* whose) {
  edit::Normalisation n;
  n.channels_last = o.channels_last;
  if (o.scale || !o.mean.empty() || !o.deviation.empty()) {
    n.scale = o.scale.value_or(n.scale);
    n.mean = o.mean;
    n.deviation = o.deviation;
    return n;
  }
  HONE_ASSIGN(const auto described, describe(o.in, o.project));
  if (!described) return n;
  const auto& inputs = described->model->inputs;
  const auto at = std::find_if(inputs.begin(), inputs.end(),
                               [&](const ship::InputSpec& i) { return i.name == o.bytes_in; });
  if (at == inputs.end() || at->kind != ship::InputSpec::Kind::image) {
    return invalid(fmt::format("{}: says of no picture '{}'; give --scale, --mean and --std",
                               described->path, o.bytes_in));
  }
  const preprocess::ImageContract& c = at->image;
  if (c.type != preprocess::PixelType::f32) {
    return invalid(fmt::format("{}: input '{}' is of bytes already", described->path, o.bytes_in));
  }
  n.scale = static_cast<double>(c.scale);
  n.mean.assign(c.mean, c.mean + c.channels());
  n.deviation.assign(c.std, c.std + c.channels());
  n.planes = c.layout == preprocess::PixelLayout::nchw;
  *whose = fmt::format(", normalised as {} has it; say type = \"u8\" there for this model",
                       described->path);
  return n;
}

Status change_inputs(const Options& o, model::Model* m, Log* log) {
  HONE_ASSIGN(const auto names, pairs(o.rename, "--rename", "OLD=NEW"));
  if (!names.empty()) HONE_RETURN_IF_ERROR(edit::rename(m, names));
  for (const auto& [old, now] : names) log->push_back(fmt::format("'{}' is '{}'", old, now));
  HONE_ASSIGN(const auto values, pairs(o.values, "--value", "INPUT=FILE"));
  for (const auto& [name, file] : values) {
    HONE_ASSIGN(const Tensor value, model::read_tensor_file(file));
    HONE_RETURN_IF_ERROR(edit::set_value(m, name, value));
    log->push_back(fmt::format("input '{}' is fixed", name));
  }
  HONE_ASSIGN(const auto shapes, parse_shapes(o.shapes));
  for (const auto& [name, dims] : shapes) {
    std::vector<model::DimProto> shape;
    for (const int64_t d : dims) shape.push_back({d, ""});
    HONE_RETURN_IF_ERROR(edit::set_shape(m, name, shape));
    log->push_back(fmt::format("input '{}' is {}", name, to_string(dims)));
  }
  if (!o.batch.empty()) {
    HONE_ASSIGN(const model::DimProto batch, parse_batch(o.batch));
    HONE_RETURN_IF_ERROR(edit::set_batch(m, batch));
    log->push_back("batch " + o.batch);
  }
  if (!o.bytes_in.empty()) {
    std::string whose;
    HONE_ASSIGN(const edit::Normalisation how, normalisation(o, &whose));
    HONE_RETURN_IF_ERROR(edit::fold_preprocess(m, o.bytes_in, how));
    log->push_back(fmt::format("input '{}' takes bytes{}", o.bytes_in, whose));
  }
  const bool resized =
      !shapes.empty() || !values.empty() || !o.batch.empty() || !o.bytes_in.empty();
  if (!resized) return {};
  const Status settled = edit::settle(m);
  if (settled.ok() || o.batch.empty()) return settled;
  return error(settled.code(),
               settled.text() + "; the batch stands in the model itself: hone inspect");
}

Status change_weights(const Options& o, model::Model* m, Log* log) {
  if (o.weights.empty()) return {};
  const bool strip = o.weights == "strip";
  const int n =
      strip ? edit::strip_weights(m) : edit::randomise_weights(m, static_cast<uint64_t>(o.seed));
  log->push_back(fmt::format("{} weights {}", n, strip ? "stripped" : "random"));
  return {};
}

Status halve_it(const Options& o, model::Model* m, Log* log) {
  // Data are made for the inputs as they were.
  const bool other = !o.merge.empty() || !o.from.empty() || !o.rename.empty() ||
                     !o.values.empty() || !o.shapes.empty() || !o.batch.empty() ||
                     !o.bytes_in.empty();
  std::optional<ship::Described> described;
  if (!other) {
    HONE_ASSIGN(described, describe(o.in, o.project));
  }
  std::string what;
  HONE_RETURN_IF_ERROR(halve(o.inputs, described, m, &what));
  log->push_back("half precision, finite on " + what);
  return {};
}

Status change(const Options& o, model::Model* m, Log* log) {
  HONE_RETURN_IF_ERROR(merge_and_cut(o, m, log));
  HONE_RETURN_IF_ERROR(change_inputs(o, m, log));
  if (o.opset != 0) {
    HONE_ASSIGN(graph::Graph g, import(*m, {.keep_guests = true}));
    if (g.opset() > o.opset) {
      return unsupported(
          fmt::format("the model is of opset {}; older ones cannot be made of it", g.opset()));
    }
    HONE_RETURN_IF_ERROR(raise_opset(g, o.opset));
    HONE_ASSIGN(*m, export_model(g));
    log->push_back(fmt::format("opset {}", o.opset));
  }
  HONE_RETURN_IF_ERROR(change_weights(o, m, log));
  if (o.half) HONE_RETURN_IF_ERROR(halve_it(o, m, log));
  if (log->empty()) return invalid("nothing to do; see hone edit --help");
  // What Hone itself cannot take in again is not written.
  return import(*m, {.keep_guests = true}).status();
}

Status run_edit(const Options& o, Session& s) {
  HONE_ASSIGN(model::Model m, model::read_model(o.in));
  HONE_RETURN_IF_ERROR(check_writable(o.out));
  Log log;
  HONE_RETURN_IF_ERROR(in(o.in, change(o, &m, &log)));
  HONE_RETURN_IF_ERROR(model::write_model(m, o.out));
  const nlohmann::json j = {{"schema", 1}, {"model", o.out}, {"changes", log}};
  HONE_ASSIGN(const bool text, give_json(s, o.json, j));
  if (!text) return {};
  for (const std::string& line : log) s.printer.out(line);
  s.printer.note(fmt::format("{}: {} nodes", o.out, m.graph.nodes.size()));
  return {};
}

void add_input_changes(CLI::App* c, Options* o) {
  c->add_option("--rename", o->rename, "Give a value another name; repeat it for more")
      ->type_name("OLD=NEW")
      ->allow_extra_args(false);
  c->add_option("--shape", o->shapes, "Fix the shape of an input, as in x=1x3x224x224")
      ->type_name("NAME=SHAPE")
      ->allow_extra_args(false);
  c->add_option("--batch", o->batch, "First size of every input: a number, or a name for any size")
      ->type_name("N|NAME");
  c->add_option("--value", o->values, "An input becomes a constant, read from .npy, .npz or .pb")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  c->add_option("--bytes-in", o->bytes_in,
                "This input, a picture, takes bytes; the normalisation (of --mean, --std, --scale, "
                "else of hone.toml) goes into the first convolution")
      ->type_name("NAME");
  c->add_option("--mean", o->mean, "With --bytes-in: (x scale - mean) / std, by channel")
      ->type_name("M,M,M")
      ->delimiter(',');
  c->add_option("--std", o->deviation, "With --bytes-in: see --mean")
      ->type_name("D,D,D")
      ->delimiter(',');
  c->add_option("--scale", o->scale, "With --bytes-in: see --mean")
      ->type_name("X")
      ->default_str("hone.toml's, else 1/255");
  c->add_flag("--nhwc", o->channels_last, "With --bytes-in: the bytes lie as [N,H,W,C]");
}

}  // namespace

void add_edit(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("edit", "Cut, join, rename, resize or convert a model");
  c->add_option("MODEL.onnx", o->in, "ONNX file")->required();
  c->add_option("-o,--output", o->out, "ONNX file to write; appears whole or not at all")
      ->type_name("OUT.onnx")
      ->required();
  c->add_option("--merge", o->merge, "Put this model behind it")->type_name("NEXT.onnx");
  c->add_option("--connect", o->connect,
                "With --merge: what the second reads; else what has one name in both")
      ->type_name("OUTPUT=INPUT")
      ->allow_extra_args(false);
  c->add_option("--from", o->from, "Cut: a value that becomes an input; repeat it for more")
      ->type_name("NAME")
      ->allow_extra_args(false);
  c->add_option("--to", o->to, "Cut: a value that becomes an output; repeat it for more")
      ->type_name("NAME")
      ->allow_extra_args(false);
  add_input_changes(c, o.get());
  c->add_option("--opset", o->opset, "Raise an older model to this opset")
      ->check(whole(13, ops::max_opset));
  c->add_option("--weights", o->weights,
                "strip: each becomes its mean, in a small file; random: others of its mean and "
                "deviation")
      ->check(CLI::IsMember({"strip", "random"}));
  c->add_option("--seed", o->seed, "Of --weights random")
      ->type_name("N")
      ->check(whole(0, INT64_MAX))
      ->capture_default_str();
  c->add_flag(
      "--f16", o->half,
      "Half precision; what becomes infinite on --inputs (else on data of hone.toml, else on "
      "random ones) is not written");
  c->add_option("--project", o->project,
                "Project file that describes the model, for --bytes-in and --f16; else the "
                "hone.toml beside it")
      ->type_name("FILE");
  add_input_options(c, &o->inputs);
  add_json_option(c, &o->json);
  add_plugin_option(c, &session.plugins);
  c->footer(
      "Changes are made in the order of this list. What does not load again is not written.\n\n"
      "examples:\n"
      "  hone edit model.onnx -o backbone.onnx --to features\n"
      "  hone edit model.onnx -o layer.onnx --from a --to b\n"
      "  hone edit model.onnx -o fixed.onnx --batch 1 --rename input.1=image\n"
      "  hone edit model.onnx -o camera.onnx --bytes-in image --mean 0.5 --std 0.25 --nhwc\n"
      "  hone edit model.onnx -o half.onnx --f16 --project hone.toml\n"
      "  hone edit model.onnx -o whole.onnx --merge head.onnx --connect features=x\n"
      "  hone edit model.onnx -o shape_only.onnx --weights strip\n\n"
      "Exit: 0 done, 2 error in use or model, 4 disk or permissions.");
  on_run(c, session, o, run_edit);
}

}  // namespace hone::cli
