// What hone inspect says of an ONNX model.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/printer.h"
#include "host/graph/graph.h"
#include "host/model/onnx.h"

namespace hone::cli {

// `graph` is `model` imported.
nlohmann::json describe_model(const model::Model& model, const graph::Graph& graph);
void print_model(const std::string& file, const nlohmann::json& j, Printer& printer);

}  // namespace hone::cli
