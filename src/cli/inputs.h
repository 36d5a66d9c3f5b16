// Inputs of `run` and `parity`: --input NAME=FILE ... or --inputs DIR.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "cli/model_args.h"
#include "host/graph/graph.h"
#include "host/model/onnx.h"

namespace hone::cli {

struct InputOptions {
  std::vector<std::string> files;  // NAME=FILE
  std::vector<std::string> more;   // those after the first of one --input
  std::string folder;
};
void add_input_options(CLI::App* command, InputOptions* options);

struct Given {
  bool empty() const { return by_name.empty() && pictures.empty() && by_number.empty(); }

  std::map<std::string, Tensor> by_name;
  std::map<std::string, std::string> pictures;  // input -> file, to be preprocessed
  std::map<size_t, Tensor> by_number;           // from a folder
};

// Reads the files; those of a folder are input_0.pb, input_1.npy, ... in the order of `names`, or
// NAME.pb, NAME.npy; other files there are ignored. `types`: what the model declares, by name; a
// .pb of an input that is not in it is a TensorProto.
using InputTypes = std::map<std::string, model::TypeProto>;
Result<Given> read_inputs(const InputOptions& options, const std::vector<std::string>& names,
                          const InputTypes& types = {});
InputTypes types_of(const std::vector<model::ValueInfo>& values);

// One tensor per input. Errors name an input that is unknown, missing, or of another type, rank or
// size than the model takes.
Result<std::vector<Tensor>> in_order(const Given& given, const std::vector<ship::IoInfo>& inputs);

std::vector<ship::IoInfo> graph_io(const graph::Graph& g, const std::vector<graph::ValueId>& ids);
std::vector<std::string> names_of(const std::vector<ship::IoInfo>& io);

}  // namespace hone::cli
