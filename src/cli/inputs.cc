#include "cli/inputs.h"

#include <fmt/format.h>

#include <filesystem>

#include "host/model/tensor_files.h"
#include "host/model/value_files.h"
#include "ship/project/picture.h"

namespace hone::cli {

namespace fs = std::filesystem;

namespace {

Result<Tensor> from_npz(const std::string& name, const std::string& path) {
  HONE_ASSIGN(auto members, model::read_npz(path));
  auto it = members.find(name);
  if (it == members.end() && members.size() == 1) it = members.begin();
  if (it != members.end()) return it->second;
  std::vector<std::string> names;
  for (const auto& [member, tensor] : members) names.push_back("'" + member + "'");
  return invalid(fmt::format("{}: no array '{}'; it holds {}", path, name,
                             names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
}

Result<Tensor> read_value(const std::string& name, const std::string& path,
                          const InputTypes& types) {
  const auto type = types.find(name);
  if (type == types.end() || fs::path(path).extension() != ".pb") {
    return model::read_tensor_file(path);
  }
  return model::read_value_pb(path, type->second);
}

Status take_file(const std::string& name, const std::string& path, const InputTypes& types,
                 Given* given) {
  if (given->by_name.contains(name) || given->pictures.contains(name)) {
    return invalid(fmt::format("--input gives '{}' more than once", name));
  }
  if (ship::is_picture(path)) {
    given->pictures[name] = path;
    return {};
  }
  bool npz = fs::path(path).extension() == ".npz";
  HONE_ASSIGN(given->by_name[name], npz ? from_npz(name, path) : read_value(name, path, types));
  return {};
}

Status take_folder(const std::string& folder, const std::vector<std::string>& names,
                   const InputTypes& types, Given* given) {
  std::error_code error;
  if (!fs::exists(folder, error)) {
    return Status(Code::not_found, fmt::format("{}: no such folder", folder));
  }
  if (!fs::is_directory(folder, error)) {
    return invalid(
        fmt::format("{}: is no folder; --inputs takes the folder that holds input_0.npy", folder));
  }
  for (size_t i = 0; i < names.size(); ++i) {
    for (const char* extension : {".pb", ".npy"}) {
      fs::path numbered = fs::path(folder) / fmt::format("input_{}{}", i, extension);
      fs::path named = fs::path(folder) / (names[i] + extension);
      bool first = fs::exists(numbered, error);
      if (!first && !fs::exists(named, error)) continue;
      HONE_ASSIGN(given->by_number[i],
                  read_value(names[i], (first ? numbered : named).string(), types));
      break;
    }
  }
  if (given->empty() && !names.empty()) {
    return Status(Code::not_found,
                  fmt::format("{}: holds no inputs; it should hold input_0.npy (or .pb) or {}.npy",
                              folder, names[0]));
  }
  return {};
}

bool fits(const Tensor& t, const ship::IoInfo& io) {
  if (t.dtype() != io.dtype) return false;
  if (!io.tensor) return true;  // whether it is one, the executor looks at
  if (!io.ranked) return true;
  if (t.dims().size() != io.dims.size()) return false;
  for (size_t i = 0; i < io.dims.size(); ++i) {
    if (io.dims[i] >= 0 && t.dims()[i] != io.dims[i]) return false;
  }
  return true;
}

}  // namespace

void add_input_options(CLI::App* command, InputOptions* options) {
  command
      ->add_option("--input", options->files,
                   "An input's value: .npy, .npz or a TensorProto .pb; splits at the last '='. "
                   "Repeat it for every input")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  command->add_option("more", options->more)->group("");
  command
      ->add_option("--inputs", options->folder,
                   "Folder with input_0.npy (or .pb) ... in graph order, or NAME.npy; other files "
                   "there are ignored")
      ->type_name("DIR");
}

InputTypes types_of(const std::vector<model::ValueInfo>& values) {
  InputTypes types;
  for (const model::ValueInfo& v : values) types[v.name] = v.type;
  return types;
}

Result<Given> read_inputs(const InputOptions& options, const std::vector<std::string>& names,
                          const InputTypes& types) {
  Given given;
  if (!options.more.empty() && options.files.empty()) {
    return invalid(
        fmt::format("'{}' is one argument too many; inputs are given as --input "
                    "NAME=FILE",
                    options.more[0]));
  }
  std::vector<std::string> all = options.files;
  all.insert(all.end(), options.more.begin(), options.more.end());
  for (const std::string& arg : all) {
    HONE_ASSIGN(auto parts, split_assignment(arg, "--input", "NAME=FILE"));
    HONE_RETURN_IF_ERROR(take_file(parts.first, parts.second, types, &given));
  }
  if (!options.folder.empty())
    HONE_RETURN_IF_ERROR(take_folder(options.folder, names, types, &given));
  return given;
}

Result<std::vector<Tensor>> in_order(const Given& given, const std::vector<ship::IoInfo>& inputs) {
  std::vector<Tensor> out(inputs.size());
  for (const auto& [name, tensor] : given.by_name) {
    bool found = false;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].name == name) out[i] = tensor, found = true;
    }
    if (!found) return no_such_input(name, inputs);
  }
  for (const auto& [i, tensor] : given.by_number) {
    if (!out[i]) out[i] = tensor;
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!out[i]) {
      return invalid(fmt::format("no value for input {}; give --input {}=FILE", describe(inputs[i]),
                                 inputs[i].name));
    }
    if (!fits(out[i], inputs[i])) {
      return Status(
          Code::shape_mismatch,
          fmt::format("input '{}' is {}{}, the model takes {}", inputs[i].name,
                      name(out[i].dtype()), to_string(out[i].dims()), type_of(inputs[i])));
    }
  }
  return out;
}

std::vector<ship::IoInfo> graph_io(const graph::Graph& g, const std::vector<graph::ValueId>& ids) {
  std::vector<ship::IoInfo> out;
  std::map<std::string, int64_t> sizes;  // of symbols: one wherever it stands
  for (graph::ValueId v : ids) {
    ship::IoInfo io;
    io.name = g.value(v).name;
    io.dtype = g.fact(v).dtype;
    io.ranked = g.fact(v).has_rank();
    io.tensor = g.fact(v).kind == graph::Fact::Kind::tensor;
    if (io.ranked) {
      for (const graph::Dim& d : *g.fact(v).shape) {
        io.dims.push_back(d.const_value().value_or(-1));
        int64_t size = io.dims.back() >= 0 ? io.dims.back() : io.opt.empty() ? 1 : 64;
        io.opt.push_back(d.is_symbol() ? sizes.try_emplace(d.symbol_name(), size).first->second
                                       : size);
        io.symbols.push_back(d.is_const() ? "" : to_string(d));
      }
    }
    out.push_back(std::move(io));
  }
  return out;
}

std::vector<std::string> names_of(const std::vector<ship::IoInfo>& io) {
  std::vector<std::string> names;
  for (const ship::IoInfo& i : io) names.push_back(i.name);
  return names;
}

}  // namespace hone::cli
