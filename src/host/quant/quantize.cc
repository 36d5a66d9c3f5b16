#include "host/quant/quantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "common/base/hash.h"
#include "host/passes/pass.h"
#include "host/quant/bias_correction.h"
#include "host/quant/formats.h"
#include "host/quant/layer_notes.h"
#include "host/quant/macs.h"
#include "host/quant/slips.h"

namespace hone::quant {

namespace {

using graph::Graph;
using nlohmann::json;

template <class T, size_t n>
Result<T> parse(std::string_view text, const T (&all)[n]) {
  std::string names;
  for (const T t : all) {
    if (text == name(t)) return t;
    names += (names.empty() ? "" : ", ") + std::string(name(t));
  }
  return invalid(fmt::format("'{}' is not one of {}", text, names));
}

json layers_of(const Graph& g, const Placement& placement, const Scheme& scheme) {
  json out = json::array();
  for (const Layer& layer : placement.layers) {
    const graph::Node& n = g.node(layer.node);
    const bool wide = scheme.wide.contains(n.name);
    json row = {{"node", n.name}, {"op", n.op}};
    row["precision"] = !layer.quantised ? "f32" : wide ? "int16" : "int8";
    if (!layer.why.empty()) row["cause"] = layer.why;
    out.push_back(std::move(row));
  }
  return out;
}

// What can be said where nothing is quantised: the reasons, each once, with an example.
Status nothing_to_do(const Graph& g, const Placement& placement) {
  std::map<std::string, std::pair<int, std::string>> reasons;
  for (const Layer& layer : placement.layers) {
    auto& [count, example] = reasons[layer.why];
    if (count++ == 0) example = g.node(layer.node).name;
  }
  std::string text;
  for (const auto& [why, what] : reasons) {
    text += fmt::format("{}{} ('{}'{})", text.empty() ? "" : "; ", why, what.second,
                        what.first > 1 ? fmt::format(" and {} more", what.first - 1) : "");
  }
  return unsupported(text.empty() ? "nothing to quantise: the model has no convolution and no "
                                    "matrix product"
                                  : "nothing can be quantised: " + text);
}

// NaN is nobody's data; infinity may be a mask's.
Status check_numbers(const Graph& g, const Samples& samples, int64_t k) {
  HONE_ASSIGN(const std::vector<Tensor> tensors, samples.get(k));
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& t = tensors[i];
    if (t.dtype() != DType::f32) continue;  // what others hold becomes f32 where it is rounded
    const auto values = t.as<float>();
    for (size_t e = 0; e < values.size(); ++e) {
      if (!std::isnan(values[e])) continue;
      return invalid(fmt::format(
          "sample {} of input '{}' holds NaN (element {}): no range can be taken from it", k,
          g.value(g.block().inputs[i]).name, e));
    }
  }
  return {};
}

Result<json> describe(const Graph& g, const Samples& samples, const Options& o) {
  std::vector<uint64_t> hashes;
  for (int64_t k = 0; k < samples.count; ++k) {
    HONE_RETURN_IF_ERROR(check_numbers(g, samples, k));
    HONE_ASSIGN(const uint64_t h, samples.hash(k));
    hashes.push_back(h);
  }
  // Of the set: the order of samples changes no result.
  std::sort(hashes.begin(), hashes.end());
  const uint64_t all = hash64(std::as_bytes(std::span(hashes)));
  return json{{"samples", samples.count},
              {"held_out", 0},
              {"hash", fmt::format("{:016x}", all)},
              {"calibrator", name(o.calibrator)}};
}

// Integer operators in place of those between DequantizeLinear and QuantizeLinear.
Status to_qoperator(Graph& g) {
  std::vector<const passes::Pass*> wanted;
  for (const passes::Pass* p : passes::pipeline()) {
    const std::string_view called = p->name;
    if (called.starts_with("fuse_qlinear") || called == "remove_dead") wanted.push_back(p);
  }
  passes::Options engine;
  engine.engine = true;
  return passes::run_passes(g, engine, wanted).status();
}

json report_of(const Options& o, json calibration, json layers,
               const std::vector<std::string>& findings) {
  return {{"schema", 1},
          {"format", name(o.format)},
          {"calibration", std::move(calibration)},
          {"ladder", json::array()},
          {"layers", std::move(layers)},
          {"findings", findings}};
}

Result<Quantised> without_ranges(const Graph& g, const Options& o) {
  const auto make = o.format == Format::fp16      ? make_half
                    : o.format == Format::dynamic ? make_dynamic
                                                  : reduce_weights;
  HONE_ASSIGN(Reduced made, make(g, o));
  json layers = json::array();
  bool any = false;
  for (const Reduced::Row& r : made.layers) {
    json row = {{"node", r.node}, {"op", r.op}, {"precision", r.precision}};
    if (!r.cause.empty()) row["cause"] = r.cause;
    layers.push_back(std::move(row));
    any = any || r.precision != "f32";
  }
  if (!any) {
    return unsupported(
        made.layers.empty()
            ? "nothing to do: the model has no convolution and no matrix product "
              "with constant weights"
            : fmt::format("nothing to do: '{}': {}", made.layers[0].node, made.layers[0].cause));
  }
  json report = report_of(o, nullptr, std::move(layers), made.findings);
  return Quantised{std::move(made.graph), std::make_shared<json>(std::move(report))};
}

// What each layer's own noise says, beside what became of it.
void add_notes(const std::vector<LayerNote>& notes, json* layers) {
  std::map<std::string, const LayerNote*> by_node;
  for (const LayerNote& note : notes) by_node[note.node] = &note;
  for (json& row : *layers) {
    const auto found = by_node.find(row.at("node").get<std::string>());
    if (found == by_node.end()) continue;
    row["snr_db"] = std::round(found->second->snr_db * 10) / 10;
    const std::string& cause = found->second->cause;
    if (!cause.empty() && !row.contains("cause")) row["cause"] = cause;
    if (!found->second->tried.empty()) row["tried"] = found->second->tried;
  }
}

// Multiply-adds of a run on inputs like these: of each layer, and {all, int8, int8_percent} of the
// model.
Result<json> add_macs(const Graph& g, const std::vector<Tensor>& inputs, json* layers) {
  HONE_ASSIGN(auto by_node, macs_by_node(g, inputs));
  double all = 0, int8 = 0;
  for (const auto& [node, macs] : by_node) all += macs;
  for (json& row : *layers) {
    const auto found = by_node.find(row.at("node").get<std::string>());
    if (found == by_node.end()) continue;
    row["macs"] = found->second;
    if (row.at("precision") == "int8") int8 += found->second;
  }
  const double percent = all > 0 ? 100 * int8 / all : 0;
  return json{{"all", all}, {"int8", int8}, {"int8_percent", std::round(percent * 100) / 100}};
}

// A search over precisions has the last word.
Status mix(const Graph& g, const Options& o, Climbed* c, json* tune) {
  const Rounded rounded{g, c->graph, c->scheme,
                        [c](const Scheme& scheme) -> Result<Graph> {
                          HONE_ASSIGN(Inserted made,
                                      insert_corrected(c->graph, c->plain, scheme, c->ranges));
                          return std::move(made.graph);
                        },
                        [c](const Graph& q) { return c->judge->judge(q); }};
  HONE_ASSIGN(c->scheme, o.mix(rounded, tune));
  c->made = Inserted{g, {}};
  if (place(c->graph, c->scheme).values.empty()) return {};
  HONE_ASSIGN(c->made, insert_corrected(c->graph, c->plain, c->scheme, c->ranges));
  return {};
}

// Why a layer stays float is what the search says of it.
void add_reasons(const json& tune, json* layers) {
  std::map<std::string, std::string> why;
  for (const json& row : tune.value("layers", json::array())) {
    for (const json& n : row.at("nodes")) why[n.get<std::string>()] = row.at("why");
  }
  for (json& row : *layers) {
    const auto found = why.find(row.at("node").get<std::string>());
    if (found != why.end() && row.at("precision") == "f32") row["cause"] = found->second;
  }
}

Result<json> slips_of(const Graph& g, const Samples& samples, const Options& o) {
  HONE_ASSIGN(const std::vector<Slip> found, find_slips(g, samples, o.threads));
  json out = json::array();
  for (const Slip& s : found) {
    out.push_back({{"input", s.input}, {"cause", s.cause}, {"text", s.text}});
  }
  return out;
}

Result<Quantised> with_ranges(const Graph& g, const Samples& samples, const Options& o) {
  const Placement placement = place(g, o.scheme);
  if (placement.values.empty()) return nothing_to_do(g, placement);
  HONE_ASSIGN(json calibration, describe(g, samples, o));
  HONE_ASSIGN(json slips, slips_of(g, samples, o));
  HONE_ASSIGN(Climbed climbed, climb(g, samples, o));
  calibration["samples"] = climbed.samples;
  calibration["held_out"] = climbed.held_out;
  calibration["calibrator"] = climbed.calibrator;
  calibration["labels"] = static_cast<bool>(o.labels);
  json tune;
  if (o.mix) HONE_RETURN_IF_ERROR(mix(g, o, &climbed, &tune));
  json layers = layers_of(g, place(g, climbed.scheme), climbed.scheme);
  HONE_ASSIGN(const std::vector<LayerNote> notes, layer_notes(climbed, o.threads));
  if (o.format == Format::qoperator) HONE_RETURN_IF_ERROR(to_qoperator(climbed.made.graph));
  add_notes(notes, &layers);
  if (o.mix) add_reasons(tune, &layers);
  std::vector<std::string> findings = climbed.made.findings;
  findings.insert(findings.end(), climbed.findings.begin(), climbed.findings.end());
  HONE_ASSIGN(const std::vector<Tensor> first, samples.get(0));
  HONE_ASSIGN(json macs, add_macs(g, first, &layers));
  json report = report_of(o, std::move(calibration), std::move(layers), findings);
  report["macs"] = std::move(macs);
  if (o.mix) report["tune"] = std::move(tune);
  report["slips"] = std::move(slips);
  for (const Rung& r : climbed.rungs) {
    report["ladder"].push_back({{"rung", r.name}, {"result", r.result}, {"figure", r.figure}});
    if (r.kept) report["ladder"].back()["kept"] = true;
  }
  return Quantised{std::move(climbed.made.graph), std::make_shared<json>(std::move(report))};
}

}  // namespace

const char* name(Format f) {
  switch (f) {
    case Format::qdq: return "qdq";
    case Format::qoperator: return "qoperator";
    case Format::fp16: return "fp16";
    case Format::bf16: return "bf16";
    case Format::int8_weights: return "int8-weights";
    case Format::int4_weights: return "int4-weights";
    case Format::dynamic: return "dynamic";
  }
  return "?";
}

const char* name(Preset p) {
  switch (p) {
    case Preset::fast: return "fast";
    case Preset::automatic: return "auto";
    case Preset::max: return "max";
  }
  return "?";
}

Result<Format> parse_format(std::string_view text) { return parse(text, all_formats); }
Result<Preset> parse_preset(std::string_view text) {
  constexpr Preset all[] = {Preset::fast, Preset::automatic, Preset::max};
  return parse(text, all);
}

bool needs_samples(Format f) { return f == Format::qdq || f == Format::qoperator; }

Result<Quantised> quantize(const Graph& graph, const Samples& samples, const Options& options) {
  HONE_RETURN_IF_ERROR(check_selection(options.scheme, graph));
  return needs_samples(options.format) ? with_ranges(graph, samples, options)
                                       : without_ranges(graph, options);
}

Result<model::Model> export_quantised(const Graph& graph) {
  return export_model(graph, {.share_equal_constants = true, .value_infos = false});
}

}  // namespace hone::quant
