#include "ship/chain/chain_work.h"

#include <fmt/format.h>

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
std::string ChainWork::timings_path() const { return options.out_folder + "/timing-cache.json"; }

Result<const graph::Graph*> ChainWork::graph() {
  if (!graph_) {
    HONE_ASSIGN(model::Model m, model::read_model(model.onnx));
    auto g = import(m);
    if (!g.ok()) return in(model.onnx, g.status());
    graph_ = std::move(*g);
  }
  return &*graph_;
}

Result<std::shared_ptr<const tasks::Dataset>> ChainWork::data() const {
  if (data_ == nullptr) {
    HONE_ASSIGN(data_, tasks::open_dataset(*model.evaluation));
  }
  return data_;
}

engine::CompileOptions ChainWork::compile_options() const {
  engine::CompileOptions c;
  c.profiles = model.profiles;
  c.target = options.machine;
  c.threads = target.threads;
  c.precision = target.precision;
  c.properties = contract_properties(model);
  return c;
}

std::string ChainWork::machine_key() const {
  return fmt::format("{} {:x} ", options.machine.cpu, options.machine.isa);
}
std::string ChainWork::evaluation_key() const {
  if (!model.evaluation || !evaluation_key_.empty()) return evaluation_key_;
  const tasks::DataSpec& spec = *model.evaluation;
  std::string key = fmt::format("{} {} ", spec.format, spec.limit);
  for (const auto& [name, value] : spec.values) key += name + "=" + value + " ";
  auto d = data();
  if (!d.ok()) return key;  // the stage that reads them says why
  for (const std::string& f : (*d)->files()) key += hash_file(f);
  return evaluation_key_ = hash_text(key);
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
