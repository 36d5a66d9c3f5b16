#include "cli/model_args.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "common/base/nearest.h"
#include "common/wire/header.h"
#include "device/platform/cpu.h"
#include "device/platform/target_detect.h"
#include "host/import/import.h"
#include "host/model/files.h"
#include "host/ops/op_def.h"

namespace hone::cli {

Result<bool> is_engine_file(const std::string& path) {
  HONE_ASSIGN(MappedFile file, map_file(path));
  return file.bytes.size() >= sizeof(wire::magic) &&
         std::memcmp(file.bytes.data(), wire::magic, sizeof(wire::magic)) == 0;
}

Result<Target> this_machine() {
  auto isa = platform::usable_isa();
  if (!isa.ok()) return Status(isa.code(), isa.status().text().c_str());
  return platform::detect_target();
}

Result<std::pair<std::string, std::string>> split_assignment(const std::string& text) {
  size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0) {
    return invalid(fmt::format("'{}' is not NAME=VALUE", text));
  }
  return std::pair(text.substr(0, at), text.substr(at + 1));
}

Result<Dims> parse_dims(const std::string& text) {
  Dims dims;
  size_t at = 0;
  while (at < text.size()) {
    size_t end = std::min(text.find_first_of("x,", at), text.size());
    int64_t d = 0;
    auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, d);
    if (error != std::errc() || stop != text.data() + end || d < 0) {
      return invalid(fmt::format("'{}' is not a shape like 1x3x224x224", text));
    }
    dims.push_back(d);
    at = end + 1;
  }
  return dims;
}

Result<std::map<std::string, Dims>> parse_shapes(const std::vector<std::string>& args) {
  std::map<std::string, Dims> shapes;
  for (const std::string& arg : args) {
    HONE_ASSIGN(auto parts, split_assignment(arg));
    HONE_ASSIGN(shapes[parts.first], parse_dims(parts.second));
  }
  return shapes;
}

Result<std::map<std::string, std::vector<plan::DimRange>>> parse_profiles(
    const std::vector<std::string>& args) {
  std::map<std::string, std::vector<plan::DimRange>> out;
  for (const std::string& arg : args) {
    HONE_ASSIGN(auto parts, split_assignment(arg));
    std::vector<Dims> three;
    for (size_t at = 0; at <= parts.second.size();) {
      size_t end = std::min(parts.second.find(':', at), parts.second.size());
      HONE_ASSIGN(Dims dims, parse_dims(parts.second.substr(at, end - at)));
      three.push_back(std::move(dims));
      at = end + 1;
    }
    if (three.size() == 1) three = {three[0], three[0], three[0]};
    if (three.size() != 3 || three[0].size() != three[1].size() ||
        three[0].size() != three[2].size()) {
      return invalid(fmt::format("'{}' is not NAME=min:opt:max of three shapes of one rank", arg));
    }
    auto& ranges = out[parts.first];
    for (size_t i = 0; i < three[0].size(); ++i) {
      ranges.push_back({three[0][i], three[1][i], three[2][i]});
    }
  }
  return out;
}

Result<ship::Session> open_session(const std::string& path, int threads,
                                   const std::map<std::string, Dims>& shapes) {
  HONE_ASSIGN(bool engine, is_engine_file(path));
  HONE_ASSIGN(Target target, this_machine());
  if (engine) {
    auto session = ship::Session::open(path, threads);
    if (!session.ok()) return in(path, session.status());
    return session;
  }
  HONE_ASSIGN(model::Model model, model::read_model(path));
  engine::CompileOptions options;
  options.target = target;
  options.threads = threads;
  options.shapes = shapes;
  auto compiled = engine::compile(model, options);
  if (!compiled.ok()) return in(path, compiled.status());
  auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(compiled->bytes));
  return ship::Session::open(bytes, threads);
}

std::string describe(const ship::IoInfo& io) {
  std::string dims;
  for (size_t i = 0; i < io.dims.size(); ++i) {
    bool fixed = io.dims[i] >= 0;
    std::string symbol = io.symbols[i].empty() ? "?" : io.symbols[i];
    dims += (i > 0 ? "," : "") + (fixed ? std::to_string(io.dims[i]) : symbol);
  }
  return fmt::format("'{}' ({}[{}])", io.name, name(io.dtype), dims);
}

Status no_such_input(const std::string& name, const std::vector<ship::IoInfo>& inputs) {
  std::vector<std::string> names;
  for (const auto& io : inputs) names.push_back(describe(io));
  return Status(Code::not_found,
                fmt::format("no input '{}'; the model has {}", name,
                            names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
}

Result<std::vector<Dims>> ordered_shapes(const ship::Session& session,
                                         const std::map<std::string, Dims>& shapes) {
  std::vector<Dims> out = session.default_shapes();
  for (const auto& [name, dims] : shapes) {
    bool found = false;
    for (size_t i = 0; i < out.size(); ++i) {
      if (session.inputs()[i].name == name) out[i] = dims, found = true;
    }
    if (!found) return no_such_input(name, session.inputs());
  }
  return out;
}

std::string human_bytes(double bytes) {
  if (bytes < 1e3) return fmt::format("{:.0f} B", bytes);
  if (bytes < 1e6) return fmt::format("{:.1f} kB", bytes * 1e-3);
  if (bytes < 1e9) return fmt::format("{:.1f} MB", bytes * 1e-6);
  return fmt::format("{:.2f} GB", bytes * 1e-9);
}

std::string human_count(double n) {
  if (n < 1e3) return fmt::format("{:.0f}", n);
  if (n < 1e6) return fmt::format("{:.1f} k", n * 1e-3);
  if (n < 1e9) return fmt::format("{:.1f} M", n * 1e-6);
  return fmt::format("{:.2f} G", n * 1e-9);
}

}  // namespace hone::cli
