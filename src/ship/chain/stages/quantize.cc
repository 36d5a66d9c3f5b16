// A model of floats on integers, where the target asks for them: calibrated on hone.toml's
// calibration data, of which no sample may be one that judges.
#include "host/quant/quantize.h"

#include <fmt/format.h>

#include <filesystem>

#include "host/import/import.h"
#include "ship/chain/calibration_labels.h"
#include "ship/chain/chain_work.h"
#include "ship/chain/stage_cache.h"
#include "ship/project/calibration.h"

namespace hone::ship {

using nlohmann::json;

namespace {

bool wanted(const ChainWork& w) { return w.quantises(); }

std::string key(const ChainWork& w) {
  return w.evaluation_key() + w.calibration_key() + w.contract_key() + w.task_key() +
         fmt::format(" {}", w.target.limits.accuracy_drop.value_or(-1));
}

std::string made(const ChainWork& w) { return w.quantized_path(); }

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
  HONE_ASSIGN(quant::Samples samples, calibration_samples(w.model, g));
  if (w.model.evaluation) {
    HONE_ASSIGN(auto calibration, tasks::open_dataset(*w.model.calibration));
    HONE_ASSIGN(auto evaluation, w.data());
    HONE_RETURN_IF_ERROR(check_overlap(*calibration, *evaluation));
  }
  HONE_ASSIGN(options.labels, calibration_labels(w.model, g));
  HONE_ASSIGN(quant::Quantised q, quant::quantize(g, samples, options));
  HONE_ASSIGN(model::Model m, export_model(q.graph));
  HONE_RETURN_IF_ERROR(model::write_model(m, w.quantized_path()));
  json j = *q.report;
  std::error_code error, no_original;
  const auto bytes = std::filesystem::file_size(w.quantized_path(), error);
  const auto before = std::filesystem::file_size(w.model.onnx, no_original);
  if (!error) j["bytes"] = bytes;
  if (!error && !no_original) j["size"] = {{"before", before}, {"after", bytes}};
  j["text"] = fmt::format("{} calibration samples, {:.2f} MB", samples.count,
                          static_cast<double>(bytes) * 1e-6);
  return j;
}

}  // namespace

const Stage quantize_stage = {key, quantize, made, wanted};

}  // namespace hone::ship
