// hone.toml, schema 1: models, their inputs' preprocessing, task, data, targets with limits.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "device/preprocess/mfcc.h"
#include "host/plan/make_plan.h"
#include "host/tasks/dataset.h"
#include "host/tasks/evaluator.h"
#include "ship/project/limits.h"

namespace hone::ship {

struct TextInput {
  enum class Part : uint8_t { ids, mask, types };
  std::string tokenizer;   // path of vocab.txt or tokenizer.json
  bool lower_case = true;  // vocab.txt
  int64_t max_length = 0;  // 0: what the tokenizer's file says
  bool pad = false;        // to max_length
  Part part = Part::ids;
};

// y = (x - zero) scale, x as the data store it.
struct TensorInput {
  bool converts = false;  // either is given: else y is x
  float zero = 0, scale = 1;
};

struct InputSpec {
  enum class Kind : uint8_t { image, text, tensor, audio };
  std::string name;
  Kind kind = Kind::image;
  TextInput text;
  TensorInput tensor;
  preprocess::MfccContract audio;
  preprocess::ImageContract image;  // kind = "image"
};

struct OutputSpec : tasks::TaskSpec {  // labels: read from the file the project names
  std::string name;
};

struct ModelSpec {
  std::string name;
  std::string onnx;    // path
  std::string golden;  // folder, or empty
  std::vector<plan::ProfileSpec> profiles;
  std::vector<InputSpec> inputs;
  std::vector<OutputSpec> outputs;
  std::optional<tasks::DataSpec> calibration, evaluation;
};

struct TargetSpec {
  std::string name;
  int threads = 1;
  std::string precision = "best";  // as engine::CompileOptions::precision
  bool tune = false;               // the precision of each layer is searched for: int8 only
  std::optional<double> max_latency_ms;  // tune: what a run may take; unset: as fast as it can be
  std::string baseline;            // engine that latency_increase is against, or empty
  Limits limits;
};

struct Project {
  std::string folder;             // of the hone.toml; relative paths begin there
  std::vector<ModelSpec> models;  // in the order of the file
  std::vector<TargetSpec> targets;
  std::vector<std::string> plugins;  // shared objects with operators of the models
};

// Errors name the file and line; an unknown key suggests the nearest one; types and ranges are
// checked. corrupt for TOML that does not parse, invalid_argument for the rest.
Result<Project> load_project(const std::string& path);
// Makes the operators of its plugins known: see ops::add_plugin_file().
Status load_plugins(const Project& project);
Result<Project> parse_project(std::string_view text, const std::string& path);

}  // namespace hone::ship
