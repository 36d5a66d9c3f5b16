#include "ship/chain/chain_work.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/import/import.h"
#include "ship/chain/stage_cache.h"
#include "ship/project/picture.h"

namespace hone::ship {

std::string ChainWork::engine_path() const {
  return fmt::format("{}/{}.{}.engine", options.out_folder, model.name, target.name);
}
std::string ChainWork::optimized_path() const {
  return fmt::format("{}/{}.optimized.onnx", options.out_folder, model.name);
}
std::string ChainWork::quantized_path() const {
  return fmt::format("{}/{}.{}.int8.onnx", options.out_folder, model.name, target.name);
}
std::string ChainWork::timings_path() const { return options.out_folder + "/timing-cache.json"; }

namespace {

Result<const graph::Graph*> read_once(const std::string& path, std::optional<graph::Graph>* kept) {
  if (!*kept) {
    HONE_ASSIGN(model::Model m, model::read_model(path));
    auto g = import(m);
    if (!g.ok()) return in(path, g.status());
    *kept = std::move(*g);
  }
  return &**kept;
}

}  // namespace

Result<const graph::Graph*> ChainWork::source() const { return read_once(model.onnx, &source_); }

Result<const graph::Graph*> ChainWork::graph() const {
  return quantises() ? read_once(quantized_path(), &quantized_) : source();
}

bool ChainWork::quantises() const {
  if (target.precision != "int8") return false;
  auto g = source();
  return g.ok() && !engine::has_quantised_values(**g);
}

engine::CompileOptions ChainWork::compile_options() const {
  engine::CompileOptions c;
  c.profiles = model.profiles;
  c.target = options.machine;
  c.threads = target.threads;
  // A search may find that f32 is faster here.
  c.precision = target.tune && quantises() ? "best" : target.precision;
  c.properties = contract_properties(model);
  return c;
}

std::string ChainWork::machine_key() const {
  return fmt::format("{} {:x} ", options.machine.cpu, options.machine.isa);
}
std::string ChainWork::contract_key() const {
  std::string key;
  for (const auto& [name, text] : contract_properties(model)) key += name + text;
  return key;
}
std::string ChainWork::task_key() const {
  if (!task_key_.empty()) return task_key_;
  std::string key;
  for (const OutputSpec& o : model.outputs) {
    const tasks::DetectionSpec& d = o.detection;
    key += fmt::format("{} {} {} {}\n{}\n", o.name, o.task, o.metric, fmt::join(o.labels, "\n"),
                       fmt::join(o.outputs, "\n"));
    key += fmt::format("{} {} {} {} {} {} {} {} {} ", d.decode, d.classes,
                       fmt::join(d.strides, ","), d.multi_label, fmt::join(d.variances, ","),
                       d.y_first, static_cast<int>(d.activation), d.background, d.label_offset);
    key += fmt::format("{} {} {} {} {} {} {}\n", d.nms.iou_threshold, d.nms.score_threshold,
                       d.nms.max_detections, d.nms.max_candidates, d.nms.class_agnostic, d.suppress,
                       d.clip);
    key +=
        fmt::format("{} {} {} {}\n", o.psnr.peak, o.psnr.border, o.psnr.luma, o.psnr.channels_last);
  }
  return task_key_ = hash_text(key);
}
std::string ChainWork::engine_key() const {
  return engine_hash + machine_key() + fmt::format("{} ", options.machine.cores);
}

void ChainWork::progress(const std::string& what, double done, double all) const {
  if (options.progress) options.progress(what, done, all);
}
void ChainWork::progress(const std::string& what, size_t done, size_t all) const {
  progress(what, static_cast<double>(done), static_cast<double>(all));
}

}  // namespace hone::ship
