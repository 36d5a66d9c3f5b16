#include "cli/parity_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "cli/model_args.h"
#include "ship/chain/model_data.h"
#include "ship/parity/random_inputs.h"
#include "ship/parity/sides.h"
#include "ship/project/model_inputs.h"

namespace hone::cli {

namespace {

using Inputs = std::vector<Tensor>;

constexpr int64_t usual_samples = 8;  // of real data

// Random inputs in the sizes of --shape; what `have` holds stays as it is.
class RandomInputs {
 public:
  RandomInputs(std::vector<ship::IoInfo> io, const graph::Graph* graph, int64_t seed)
      : io_(std::move(io)), seed_(static_cast<uint64_t>(seed)) {
    if (graph != nullptr) rows_ = ship::table_sizes(*graph);
  }

  Status set_sizes(const std::vector<std::string>& args, const Given& have) {
    HONE_ASSIGN(auto shapes, parse_shapes(args));
    for (const auto& [name, dims] : shapes) {
      const auto names = names_of(io_);
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        return no_such_input(name, io_);
      }
    }
    for (const ship::IoInfo& i : io_) {
      const bool given = shapes.contains(i.name);
      if (!given && !have.by_name.contains(i.name) && !i.ranked && i.opt.empty()) {
        return invalid(fmt::format("input '{0}' may have any shape; give --shape {0}=...", i.name));
      }
      sizes_.push_back(given ? shapes[i.name] : i.opt);
    }
    return check_memory(io_, shapes);
  }

  Inputs make(int64_t k) const {
    Inputs all;
    for (size_t i = 0; i < io_.size(); ++i) all.push_back(one(i, k, sizes_[i]));
    return all;
  }

  // Of the sizes of `like`; inputs whose elements decide sizes are the same.
  Inputs other(const Inputs& like, int64_t k) const {
    Inputs all;
    for (size_t i = 0; i < io_.size(); ++i) {
      all.push_back(io_[i].shape_values ? like[i] : one(i, k, like[i].dims()));
    }
    return all;
  }

  const std::vector<ship::IoInfo>& io() const { return io_; }

 private:
  Tensor one(size_t i, int64_t k, const Dims& dims) const {
    const auto rows = rows_.find(io_[i].name);
    return ship::structured_input(io_[i], dims, (seed_ + static_cast<uint64_t>(k)) * 64 + i + 1,
                                  rows == rows_.end() ? 0 : rows->second);
  }

  std::vector<ship::IoInfo> io_;
  uint64_t seed_;
  std::map<std::string, int64_t> rows_;
  std::vector<Dims> sizes_;
};

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

void set_fixed(std::vector<Inputs> all, const std::shared_ptr<RandomInputs>& random,
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
  HONE_ASSIGN(p->described, ship::find_description(onnx));
  if (!p->described) return false;
  const ship::ModelSpec& m = *p->described->model;
  if (!m.evaluation && !m.calibration) return false;
  const auto data = std::make_shared<const ship::ModelData>(m);
  const auto& opened = m.evaluation ? data->evaluation() : data->calibration();
  if (!opened.ok()) return in(p->described->path, opened.status());
  auto all = ship::calibration_samples(m, *opened, graph);
  if (!all.ok() && all.code() == Code::unsupported) return false;
  if (!all.ok()) return in(p->described->path, all.status());
  const int64_t n = std::min(all->count, o.samples.value_or(usual_samples));
  if (n == 0) return false;
  const int64_t step = all->count / n;
  p->samples.count = n;
  p->samples.get = [data, samples = std::move(*all), step](int64_t k) {
    return samples.get(k * step);
  };
  p->text = fmt::format("{} samples of the {} data in {}", n,
                        m.evaluation ? "evaluation" : "calibration", p->described->path);
  return true;
}

}  // namespace

Result<ParityInputs> parity_inputs(const ParityInputOptions& o, const std::vector<ship::IoInfo>& io,
                                   const graph::Graph* graph, const std::string& onnx,
                                   const std::string& golden) {
  ParityInputs p;
  const auto random = std::make_shared<RandomInputs>(io, graph, o.seed);
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
  HONE_RETURN_IF_ERROR(random->set_sizes(o.shapes, given));
  const auto fill = [given, random](int64_t k) -> Result<Inputs> {
    Given all = given;
    const Inputs made = random->make(k);
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
