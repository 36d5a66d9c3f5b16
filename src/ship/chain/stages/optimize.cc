// The model after the passes, as an ONNX file beside the engine: for other tools and for eyes.
#include <fmt/format.h>

#include <filesystem>

#include "host/import/import.h"
#include "host/passes/pass.h"
#include "ship/chain/chain_work.h"

namespace hone::ship {

using nlohmann::json;

namespace {

std::string key(const ChainWork&) { return ""; }

// null where it cannot be read: the report leaves it out.
json file_bytes(const std::string& path) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  return error ? json() : json(bytes);
}

std::string made(const ChainWork& w) { return w.optimized_path(); }

Result<json> optimize(ChainWork& w) {
  HONE_ASSIGN(const graph::Graph* g, w.source());
  graph::Graph copy = *g;
  int before = copy.live_nodes();
  HONE_ASSIGN(passes::Report report, passes::run_passes(copy, {}));
  HONE_ASSIGN(model::Model m, export_model(copy));
  HONE_RETURN_IF_ERROR(model::write_model(m, w.optimized_path()));
  return json{{"text", fmt::format("{} nodes to {}, {} patches", before, copy.live_nodes(),
                                   report.patches)},
              {"nodes_before", before},
              {"nodes", copy.live_nodes()},
              {"patches", report.patches},
              {"bytes", file_bytes(w.optimized_path())}};
}

}  // namespace

const Stage optimize_stage = {key, optimize, made};

}  // namespace hone::ship
