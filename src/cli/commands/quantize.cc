// hone quantize: a float model and data in, a model that computes on integers out.

#include "host/quant/quantize.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/tune_args.h"
#include "host/import/import.h"
#include "host/model/files.h"
#include "host/quant/samples.h"
#include "ship/chain/calibration_labels.h"
#include "ship/chain/model_data.h"
#include "ship/project/calibration.h"

namespace hone::cli {

namespace {

using nlohmann::json;

struct Options {
  std::string in, out, calib, json;
  std::string format = "qdq", calibrator, preset = "auto", activations = "u8", weights = "channel",
              form = "dequantize";
  std::vector<std::string> include, exclude;
  bool symmetric = false;
  double max_drop = 0.5;
  int threads = 0;
  TuneArgs tune;
};

// How the 4-bit blocks of a product are written.
Status set_form(const Options& o, quant::Options* q) {
  q->scheme.nbits = o.form == "matmulnbits";
  if (!q->scheme.nbits) return {};
  if (q->format != quant::Format::int4_weights) {
    return invalid("--form matmulnbits is for --format int4-weights");
  }
  return {};
}

Result<quant::Options> options_of(const Options& o, Session& s) {
  quant::Options q;
  HONE_ASSIGN(q.format, quant::parse_format(o.format));
  HONE_ASSIGN(q.preset, quant::parse_preset(o.preset));
  if (!o.calibrator.empty()) {
    HONE_ASSIGN(q.calibrator, quant::parse_calibrator(o.calibrator));
    q.calibrator_given = true;
  }
  HONE_ASSIGN(q.scheme.activations, quant::parse_activations(o.activations));
  HONE_ASSIGN(q.scheme.weights, quant::parse_granularity(o.weights, &q.scheme.group));
  HONE_RETURN_IF_ERROR(set_form(o, &q));
  q.scheme.symmetric = o.symmetric;
  q.scheme.include = o.include;
  q.scheme.exclude = o.exclude;
  q.max_drop = o.max_drop;
  q.threads = o.threads;
  q.progress = [&s](const std::string& what, double done, double all) {
    s.printer.progress(what, done, all);
  };
  HONE_RETURN_IF_ERROR(set_tune(o.tune, o.threads, &q));
  return q;
}

// One row for each kind of layer: how many of it compute on integers, and why the others do not.
void print_layers(const json& layers, Printer& p) {
  struct Count {
    int integers = 0, floats = 0;
  };
  std::map<std::string, Count> ops;
  std::map<std::string, std::vector<std::string>> why;
  for (const json& layer : layers) {
    const auto op = layer.at("op").get<std::string>();
    const bool is_float = layer.at("precision") == "f32";
    ++(is_float ? ops[op].floats : ops[op].integers);
    if (is_float) why[layer.value("cause", "")].push_back(layer.at("node").get<std::string>());
  }
  std::vector<std::vector<std::string>> rows = {{"operator", "integers", "float"}};
  for (const auto& [op, n] : ops) {
    rows.push_back({op, std::to_string(n.integers), std::to_string(n.floats)});
  }
  p.table(rows);
  for (const auto& [cause, nodes] : why) {
    p.note(fmt::format("float: {}{}: {}", nodes[0],
                       nodes.size() > 1 ? fmt::format(" and {} more", nodes.size() - 1) : "",
                       cause));
  }
}

void print_report(const json& report, const Options& o, Printer& p) {
  if (const auto slips = report.find("slips"); slips != report.end() && !slips->empty()) {
    p.warn(slips->at(0).at("text").get<std::string>());
  }
  print_layers(report.at("layers"), p);
  if (report.contains("tune")) print_tune(report.at("tune"), p);
  for (const json& finding : report.at("findings")) p.note(finding.get<std::string>());
  const json& size = report.at("size");
  const auto before = size.at("before").get<double>(), after = size.at("after").get<double>();
  std::string text = fmt::format("{}: {} -> {} (x{:.2f})", o.out, human_bytes(before),
                                 human_bytes(after), after / before);
  if (const json& c = report.at("calibration"); !c.is_null()) {
    text += fmt::format(", ranges of {} samples by {}", c.at("samples").get<int64_t>(),
                        c.at("calibrator").get<std::string>());
  }
  if (const auto macs = report.find("macs"); macs != report.end()) {
    p.note(fmt::format(
        "multiply-adds: {} of {} in int8, {:.1f} %", human_count(macs->at("int8").get<double>()),
        human_count(macs->at("all").get<double>()), macs->at("int8_percent").get<double>()));
  }
  p.note(text);
}

// The file as others will read it: what Hone itself cannot take in again is not written.
Status write_checked(const graph::Graph& graph, const std::string& path) {
  HONE_ASSIGN(const model::Model model, quant::export_quantised(graph));
  if (auto again = import(model); !again.ok()) {
    return internal("the quantised model does not load: " + again.status().text());
  }
  return model::write_model(model, path);
}

double file_bytes(const std::string& path) {
  std::error_code none;
  return static_cast<double>(std::filesystem::file_size(path, none));
}

struct Calibration {
  quant::Samples samples;
  quant::MakeScorer labels;                  // of the samples
  std::optional<ship::Described> described;  // what the samples look into
};

// --calib, else what hone.toml beside the model says, of which nothing may be judged by later.
Result<Calibration> calibration_of(const Options& o, quant::Format format, const graph::Graph& g,
                                   Printer& p) {
  Calibration c;
  if (!o.calib.empty()) {
    HONE_ASSIGN(c.samples, quant::open_samples(g, o.calib));
    return c;
  }
  if (!quant::needs_samples(format)) return c;
  HONE_ASSIGN(c.described, ship::find_description(o.in));
  if (!c.described || !c.described->model->calibration) {
    return invalid(fmt::format(
        "--format {} needs data: --calib DIR or FILE.npz (arrays by input name, a few hundred "
        "samples along their first axis), or calibration data in the hone.toml beside the model",
        quant::name(format)));
  }
  const ship::ModelSpec& m = *c.described->model;
  const ship::ModelData data(m);
  if (!data.calibration().ok()) return hone::in(c.described->path, data.calibration().status());
  auto samples = ship::calibration_samples(m, *data.calibration(), g);
  if (!samples.ok()) return hone::in(c.described->path, samples.status());
  c.samples = std::move(*samples);
  auto labels = ship::calibration_labels(m, *data.calibration(), g);
  if (!labels.ok()) return hone::in(c.described->path, labels.status());
  c.labels = std::move(*labels);
  HONE_RETURN_IF_ERROR(hone::in(c.described->path, data.check_overlap()));
  p.note(fmt::format("{}: {} samples to calibrate on", c.described->path, c.samples.count));
  return c;
}

Status run_quantize(const Options& o, Session& s) {
  HONE_ASSIGN(quant::Options q, options_of(o, s));
  HONE_ASSIGN(const model::Model before, model::read_model(o.in));
  auto graph = import(before);
  if (!graph.ok()) return hone::in(o.in, graph.status());
  HONE_RETURN_IF_ERROR(check_writable(o.out));
  HONE_RETURN_IF_ERROR(hone::in(o.in, quant::prepare(*graph, q)));
  HONE_ASSIGN(const Calibration calibration, calibration_of(o, q.format, *graph, s.printer));
  q.labels = calibration.labels;
  auto made = quant::quantize(*graph, calibration.samples, q);
  s.printer.end_progress();
  if (!made.ok()) return hone::in(o.in, made.status());
  const double bytes_before = file_bytes(o.in);  // which may be the file that is written
  HONE_RETURN_IF_ERROR(hone::in(o.in, write_checked(made->graph, o.out)));
  json& report = *made->report;
  report["model"] = o.out;
  const double bytes_after = file_bytes(o.out);
  report["size"] = {{"before", bytes_before}, {"after", bytes_after}};
  if (bytes_after > bytes_before) {
    report["findings"].push_back(
        fmt::format("the file grew from {} to {}: scales, zero points and nodes take more than "
                    "smaller weights save",
                    human_bytes(bytes_before), human_bytes(bytes_after)));
  }
  HONE_ASSIGN(const bool text, give_json(s, o.json, report));
  if (text) print_report(report, o, s.printer);
  return {};
}

std::vector<std::string> formats() {
  std::vector<std::string> names;
  for (const quant::Format f : quant::all_formats) names.emplace_back(quant::name(f));
  return names;
}
std::vector<std::string> calibrators() {
  std::vector<std::string> names;
  for (const quant::Calibrator c : quant::all_calibrators) names.emplace_back(quant::name(c));
  return names;
}

}  // namespace

void add_quantize(CLI::App& app, Session& session) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("quantize", "Make a model smaller and faster: integers");
  c->add_option("MODEL.onnx", o->in, "float ONNX file")->required();
  c->add_option("-o,--output", o->out, "ONNX file to write; appears whole or not at all")
      ->type_name("OUT.onnx")
      ->required();
  c->add_option(
       "--calib", o->calib,
       "what the model will see: arrays by input name, samples along their first axis; else "
       "the calibration data of hone.toml beside the model")
      ->type_name("DIR|FILE.npz");
  c->add_option("--format", o->format,
                "what is written, one of qdq, qoperator, fp16, bf16, "
                "int8-weights, int4-weights, dynamic")
      ->type_name("FORMAT")
      ->check(one_of(formats()))
      ->capture_default_str();
  c->add_option("--calibrator", o->calibrator,
                "how ranges are chosen: min-max, moving-average, percentile, mse, entropy "
                "[default: mse]")
      ->type_name("NAME")
      ->check(one_of(calibrators()));
  c->add_option("--preset", o->preset, "how much is tried to keep accuracy: fast, auto, max")
      ->type_name("PRESET")
      ->check(one_of({"fast", "auto", "max"}))
      ->capture_default_str();
  c->add_option("--max-drop", o->max_drop, "accuracy that may be lost, in points")
      ->type_name("N")
      ->check(number(0, 100))
      ->capture_default_str();
  c->add_option("--activations", o->activations, "integers of activations: u8, s8, u16, s16")
      ->type_name("TYPE")
      ->check(one_of({"u8", "s8", "u16", "s16"}))
      ->capture_default_str();
  c->add_flag("--symmetric", o->symmetric, "activations with their zero in the middle");
  c->add_option("--weights", o->weights, "what has a scale of its own: channel, tensor, group:N")
      ->type_name("PART")
      ->capture_default_str();
  c->add_option(
       "--form", o->form,
       "products of 4-bit weights as: dequantize (opset 21), matmulnbits (of com.microsoft)")
      ->type_name("FORM")
      ->check(one_of({"dequantize", "matmulnbits"}))
      ->capture_default_str();
  c->add_option("--include", o->include, "quantise only these")
      ->type_name("OP|NAME|PATTERN")
      ->delimiter(',');
  c->add_option("--exclude", o->exclude, "leave these float")
      ->type_name("OP|NAME|PATTERN")
      ->delimiter(',');
  c->add_option("--threads", o->threads,
                "threads to calibrate with, and of the engines that --tune times; 0: all of this "
                "machine, and one")
      ->type_name("N")
      ->check(whole(0, 256))
      ->capture_default_str();
  add_tune_options(c, &o->tune);
  add_json_option(c, &o->json);
  add_plugin_option(c, &session.plugins);
  c->footer(
      "examples:\n"
      "  hone quantize model.onnx -o int8.onnx --calib samples.npz\n"
      "  hone quantize examples/fashion/fashion.onnx -o int8.onnx   # data of its hone.toml\n"
      "  hone quantize model.onnx -o int8.onnx --calib samples --exclude 'head/*,Softmax'\n"
      "  hone quantize model.onnx -o mixed.onnx --calib samples.npz --max-latency 5ms\n\n"
      "Exit: 0 done, 1 nothing runs within --max-latency here, 2 error in use, model or data, 4 "
      "disk\n"
      "or permissions.");
  on_run(c, session, o, run_quantize);
}

}  // namespace hone::cli
