// What the stages of one chain share: the model once it is read, the data, paths, and what each
// stage has found.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "host/graph/graph.h"
#include "ship/chain/chain.h"
#include "ship/chain/evaluation.h"
#include "ship/chain/model_data.h"

namespace hone::ship {

class ChainWork {
 public:
  ChainWork(const ModelSpec& model, const TargetSpec& target, const ChainOptions& options)
      : model(model),
        target(target),
        options(options),
        own_data_(model),
        data(options.data != nullptr ? *options.data : own_data_) {}

  const ModelSpec& model;
  const TargetSpec& target;
  const ChainOptions& options;
  std::map<std::string, nlohmann::json> found;  // by stage
  std::optional<plan::Plan> plan;               // where the engine was built in this run
  std::string engine_hash;                      // once it is built

  std::string engine_path() const;
  std::string optimized_path() const;
  std::string quantized_path() const;
  std::string timings_path() const;

  // Read when first asked for, then kept: the model as it came, and what the engine is built from,
  // which is another where this chain quantises.
  Result<const graph::Graph*> source() const;
  Result<const graph::Graph*> graph() const;
  // int8 is asked for, and the model as it came (which can be read) is of floats.
  bool quantises() const;
  engine::CompileOptions compile_options() const;

  // hone.toml's for this target, else the usual one.
  double parity_tolerance() const {
    return target.limits.parity_tolerance.value_or(options.parity_tolerance);
  }

  // Pieces of the keys of stages: what a result depends on besides the model and Hone's version.
  std::string machine_key() const;
  std::string contract_key() const;  // how inputs are made
  std::string task_key() const;      // what is judged, and how
  std::string engine_key() const;    // the engine, and the machine that runs it

  void progress(const std::string& what, double done, double all) const;
  void progress(const std::string& what, size_t done, size_t all) const;

 private:
  mutable std::optional<graph::Graph> source_, quantized_;
  mutable std::string task_key_;
  ModelData own_data_;  // of a chain that shares none

 public:
  ModelData& data;
};

// One stage: a file stages/<name>.cc and a line in stages.inc.
struct Stage {
  // What its result depends on besides the model file and Hone's version.
  std::string (*key)(const ChainWork&);
  // The result, with a "text" of one line. Errors stop the chain.
  Result<nlohmann::json> (*run)(ChainWork&);
  // The file it writes; nullptr where it writes none. A file that is gone is made again.
  std::string (*made)(const ChainWork&) = nullptr;
  // Does hone.toml ask for it? nullptr: always run.
  bool (*wanted)(const ChainWork&) = nullptr;
};

#define HONE_STAGE(name) extern const Stage name##_stage;
#include "ship/chain/stages.inc"
#undef HONE_STAGE

}  // namespace hone::ship
