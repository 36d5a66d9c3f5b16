// A model of floats on integers, where the target asks for them: calibrated on hone.toml's
// calibration data, of which no sample may be one that judges. With `tune` the precision of each
// layer is searched for on this machine.
#include "host/quant/quantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "host/import/import.h"
#include "host/model/files.h"
#include "ship/chain/calibration_labels.h"
#include "ship/chain/chain_work.h"
#include "ship/chain/stage_cache.h"
#include "ship/project/calibration.h"
#include "ship/tune/auto_quantize.h"

namespace hone::ship {

using nlohmann::json;

namespace {

bool wanted(const ChainWork& w) { return w.quantises(); }

// Of measuring two engines in turns.
double seconds(const ChainWork& w) { return std::min(2.0, w.options.bench_seconds); }

std::string tune_key(const ChainWork& w) {
  if (!w.target.tune) return "";
  return fmt::format(" tune {} {} {} {}", seconds(w), w.target.max_latency_ms.value_or(0),
                     w.target.threads, w.machine_key());
}

std::string key(const ChainWork& w) {
  return w.data.evaluation_key(false) + w.data.calibration_key() + w.contract_key() + w.task_key() +
         fmt::format(" {}", w.target.limits.accuracy_drop.value_or(-1)) + tune_key(w);
}

std::string made(const ChainWork& w) { return w.quantized_path(); }

quant::Mix search(const ChainWork& w, plan::TimingCache* timings) {
  AutoOptions o;
  o.engines.target = w.options.machine;
  o.engines.threads = w.target.threads;
  o.engines.time = w.options.time;
  o.engines.seconds = seconds(w);
  o.engines.cache = timings;
  o.max_us = 1e3 * w.target.max_latency_ms.value_or(0);
  o.progress = [&w](const std::string& what, double done, double all) {
    w.progress(what, done, all);
  };
  return auto_quantize(std::move(o));
}

std::string summary(const json& report, int64_t samples, double bytes) {
  std::string text =
      fmt::format("{} calibration samples, {:.2f} MB, {:.1f} % of multiply-adds in int8", samples,
                  bytes * 1e-6, report.at("macs").at("int8_percent").get<double>());
  if (!report.contains("tune")) return text;
  const json& tune = report.at("tune");
  text += "; " + tune.at("summary").get<std::string>();
  if (!tune.at("helps").get<bool>()) return text;
  return text + fmt::format(", {:.1f} us instead of {:.1f}",
                            tune.at("us").at("measured").get<double>(),
                            tune.at("us").at("f32").get<double>());
}

Result<json> quantize(ChainWork& w) {
  if (!w.model.calibration) {
    return invalid(fmt::format(
        "target '{}' asks for int8, and model '{}' has no calibration data; name them in "
        "[model.{}.data] as 'calibration'",
        w.target.name, w.model.name, w.model.name));
  }
  HONE_ASSIGN(const graph::Graph* source, w.source());
  quant::Options options;
  options.threads = w.target.threads;
  options.max_drop = w.target.limits.accuracy_drop.value_or(options.max_drop);
  options.progress = [&](const std::string& what, double done, double all) {
    w.progress(what, done, all);
  };
  graph::Graph g = *source;
  HONE_RETURN_IF_ERROR(quant::prepare(g, options));
  HONE_ASSIGN(auto calibration, w.data.calibration());
  HONE_ASSIGN(quant::Samples samples, calibration_samples(w.model, calibration, g));
  HONE_RETURN_IF_ERROR(w.data.check_overlap());
  HONE_ASSIGN(options.labels, calibration_labels(w.model, calibration, g));
  HONE_ASSIGN(plan::TimingCache timings, plan::TimingCache::load(w.timings_path()));
  if (w.target.tune) options.mix = search(w, &timings);
  HONE_ASSIGN(quant::Quantised q, quant::quantize(g, samples, options));
  if (timings.changed()) HONE_RETURN_IF_ERROR(write_text(w.timings_path(), timings.to_json()));
  HONE_ASSIGN(model::Model m, quant::export_quantised(q.graph));
  HONE_RETURN_IF_ERROR(model::write_model(m, w.quantized_path()));
  json j = *q.report;
  std::error_code error, no_original;
  const auto bytes = std::filesystem::file_size(w.quantized_path(), error);
  const auto before = std::filesystem::file_size(w.model.onnx, no_original);
  if (!error) j["bytes"] = bytes;
  if (!error && !no_original) j["size"] = {{"before", before}, {"after", bytes}};
  j["text"] = summary(j, samples.count, static_cast<double>(bytes));
  return j;
}

}  // namespace

const Stage quantize_stage = {key, quantize, made, wanted};

}  // namespace hone::ship
