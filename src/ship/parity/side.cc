#include "ship/parity/side.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "host/backends/find.h"
#include "host/engine/engine_file.h"
#include "ship/parity/sides.h"

namespace hone::ship {

namespace fs = std::filesystem;

namespace {

bool exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

Result<SideSpec> prefixed(const std::string& word, const std::string& file) {
  SideSpec spec;
  spec.file = file;
  if (!exists(file)) return error(Code::not_found, fmt::format("{}: no such file", file));
  spec.is_onnx = fs::path(file).extension() == ".onnx";
  if (word == "reference" || word == "kernels") {
    HONE_ASSIGN(const bool engine, engine::is_engine_file(file));
    if (engine)
      return invalid(fmt::format("{}:{}: an engine; {} takes an ONNX file", word, file, word));
    spec.kind = word == "reference" ? SideSpec::Kind::reference : SideSpec::Kind::kernels;
    spec.is_onnx = true;
    return spec;
  }
  spec.kind = SideSpec::Kind::runtime;
  spec.runtime = word;
  return spec;
}

}  // namespace

std::string SideSpec::text() const {
  switch (kind) {
    case Kind::reference: return "the reference of " + file;
    case Kind::kernels: return "the kernels of " + file;
    case Kind::engine: return file;
    case Kind::golden: return "the outputs in " + file;
    case Kind::runtime: return fmt::format("{} on {}", runtime, file);
  }
  return file;
}

Result<SideSpec> parse_side(const std::string& text, bool first) {
  const size_t colon = text.find(':');
  if (colon != std::string::npos && colon > 0 && !exists(text)) {
    return prefixed(text.substr(0, colon), text.substr(colon + 1));
  }
  SideSpec spec;
  spec.file = text;
  std::error_code none;
  if (fs::is_directory(text, none)) {
    spec.kind = SideSpec::Kind::golden;
    return spec;
  }
  HONE_ASSIGN(const bool engine, engine::is_engine_file(text));
  spec.is_onnx = !engine;
  spec.kind = engine  ? SideSpec::Kind::engine
              : first ? SideSpec::Kind::reference
                      : SideSpec::Kind::kernels;
  return spec;
}

Result<std::unique_ptr<Side>> open_side(const SideSpec& spec, const graph::Graph* graph,
                                        const SideTools& tools) {
  switch (spec.kind) {
    case SideSpec::Kind::reference: return open_reference(spec.file, *graph, tools);
    case SideSpec::Kind::kernels: return open_kernels(spec.file, *graph, tools);
    case SideSpec::Kind::engine: return open_engine(spec.file, tools);
    case SideSpec::Kind::golden: return open_golden(spec.file);
    case SideSpec::Kind::runtime: return open_runtime(spec, graph, tools);
  }
  return error(Code::internal, "no such side");
}

}  // namespace hone::ship
