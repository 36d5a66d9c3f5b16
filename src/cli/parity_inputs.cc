#include "cli/parity_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "cli/model_args.h"
#include "cli/project_data.h"
#include "ship/measure/random_inputs.h"
#include "ship/parity/sides.h"

namespace hone::cli {

namespace {

using Inputs = std::vector<Tensor>;

constexpr int64_t usual_samples = 8;  // of real data

// The sizes of random inputs: those of --shape, else the usual ones.
Result<std::vector<Dims>> sizes_of(const std::vector<std::string>& args,
                                   const std::vector<ship::IoInfo>& io, const Given& have) {
  HONE_ASSIGN(auto shapes, parse_shapes(args));
  const auto names = names_of(io);
  for (const auto& [name, dims] : shapes) {
    if (std::find(names.begin(), names.end(), name) == names.end()) return no_such_input(name, io);
  }
  std::vector<Dims> sizes;
  for (const ship::IoInfo& i : io) {
    const bool given = shapes.contains(i.name);
    if (!given && !have.by_name.contains(i.name) && !i.ranked && i.opt.empty()) {
      return invalid(fmt::format("input '{0}' may have any shape; give --shape {0}=...", i.name));
    }
    sizes.push_back(given ? shapes[i.name] : i.opt);
  }
  HONE_RETURN_IF_ERROR(check_memory(io, shapes));
  return sizes;
}

// One sample for each folder.
Result<std::vector<Inputs>> from_folders(const std::vector<std::string>& folders,
                                         const std::vector<ship::IoInfo>& io) {
  std::vector<Inputs> all;
  for (const std::string& folder : folders) {
    InputOptions options;
    options.folder = folder;
    HONE_ASSIGN(const Given given, read_inputs(options, names_of(io)));
    HONE_ASSIGN(Inputs inputs, in_order(given, io));
    all.push_back(std::move(inputs));
  }
  return all;
}

bool holds_inputs(const std::string& folder, const std::vector<ship::IoInfo>& io) {
  InputOptions options;
  options.folder = folder;
  const auto given = read_inputs(options, names_of(io));
  return given.ok() && !given->empty();
}

void set_fixed(std::vector<Inputs> all, const std::shared_ptr<const ship::RandomInputs>& random,
               ParityInputs* p) {
  const auto kept = std::make_shared<const std::vector<Inputs>>(std::move(all));
  p->samples.count = std::ssize(*kept);
  p->samples.get = [kept](int64_t k) -> Result<Inputs> { return kept->at(static_cast<size_t>(k)); };
  if (random->io().empty()) return;
  p->samples.other = [kept, random]() -> Result<Inputs> {
    return random->other(kept->front(), 1'000'000);
  };
}

// False where no hone.toml describes the model, or it has no data.
Result<bool> take_project_data(const ParityInputOptions& o, const graph::Graph& graph,
                               const std::string& onnx, ParityInputs* p) {
  HONE_ASSIGN(p->described, describe(onnx));
  if (!p->described) return false;
  HONE_ASSIGN(auto data, project_data(*p->described, graph, o.samples.value_or(usual_samples)));
  if (!data) return false;
  p->samples.count = data->samples.count;
  p->samples.get = data->samples.get;
  p->text = data->text;
  return true;
}

}  // namespace

Result<ParityInputs> parity_inputs(const ParityInputOptions& o, const std::vector<ship::IoInfo>& io,
                                   const graph::Graph* graph, const std::string& onnx,
                                   const std::string& golden) {
  ParityInputs p;
  const auto random =
      std::make_shared<const ship::RandomInputs>(io, graph, static_cast<uint64_t>(o.seed));
  if (!o.given.folder.empty()) {
    HONE_ASSIGN(std::vector<Inputs> all, from_folders(ship::sample_folders(o.given.folder), io));
    set_fixed(std::move(all), random, &p);
    p.text = "the inputs given";
    return p;
  }
  HONE_ASSIGN(Given given, read_inputs(o.given, names_of(io)));
  if (!given.pictures.empty()) {
    return invalid(fmt::format("{}: hone parity takes tensors (.npy, .npz, .pb), not pictures",
                               given.pictures.begin()->second));
  }
  if (given.empty() && !golden.empty() && !io.empty()) {
    if (!holds_inputs(ship::sample_folders(golden)[0], io)) {
      return invalid(fmt::format(
          "{}: holds outputs, but not the inputs they are of; give --inputs DIR or --input "
          "NAME=FILE",
          golden));
    }
    HONE_ASSIGN(std::vector<Inputs> all, from_folders(ship::sample_folders(golden), io));
    set_fixed(std::move(all), random, &p);
    p.text = "the inputs in " + golden;
    return p;
  }
  if (given.empty() && !o.random && o.shapes.empty() && graph != nullptr && !onnx.empty()) {
    HONE_ASSIGN(const bool real, take_project_data(o, *graph, onnx, &p));
    if (real) return p;
  }
  HONE_ASSIGN(std::vector<Dims> sizes, sizes_of(o.shapes, io, given));
  const auto fill = [given, random, sizes](int64_t k) -> Result<Inputs> {
    Given all = given;
    const Inputs made = random->make(static_cast<uint64_t>(k), sizes);
    for (size_t i = 0; i < made.size(); ++i) all.by_name.try_emplace(random->io()[i].name, made[i]);
    return in_order(all, random->io());
  };
  HONE_ASSIGN(Inputs first, fill(0));
  if (given.by_name.size() >= io.size()) {
    set_fixed({std::move(first)}, random, &p);
    p.text = "the inputs given";
    return p;
  }
  p.random = true;
  p.samples.count = o.samples.value_or(1);
  p.samples.get = fill;
  p.samples.other = [fill, n = p.samples.count] { return fill(n); };
  p.text = fmt::format("{}random inputs of seed {}",
                       given.by_name.empty() ? "" : "the inputs given, the others ", o.seed);
  return p;
}

}  // namespace hone::cli
