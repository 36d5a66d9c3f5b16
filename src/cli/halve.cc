#include "cli/halve.h"

#include <fmt/format.h>

#include <cmath>

#include "cli/model_args.h"
#include "cli/project_data.h"
#include "host/import/import.h"
#include "host/ops/evaluate.h"
#include "host/quant/quantize.h"
#include "ship/measure/random_inputs.h"

namespace hone::cli {

namespace {

constexpr int64_t data_samples = 8, random_samples = 2;

Result<quant::Samples> trial_inputs(const InputOptions& options,
                                    const std::optional<ship::Described>& described,
                                    const graph::Graph& g, std::string* what) {
  const std::vector<ship::IoInfo> io = graph_io(g, g.block().inputs);
  quant::Samples trial;
  HONE_ASSIGN(const Given given, read_inputs(options, names_of(io)));
  if (!given.empty() || io.empty()) {
    HONE_ASSIGN(const std::vector<Tensor> x, in_order(given, io));
    *what = "the inputs given";
    trial.count = 1;
    trial.get = [x](int64_t) -> Result<std::vector<Tensor>> { return x; };
    return trial;
  }
  if (described) {
    HONE_ASSIGN(auto data, project_data(*described, g, data_samples));
    if (data) {
      *what = data->text;
      return std::move(data->samples);
    }
  }
  std::vector<Dims> sizes;
  for (const ship::IoInfo& i : io) sizes.push_back(i.opt);
  *what = "random inputs";
  trial.count = random_samples;
  trial.get = [random = ship::RandomInputs(io, &g, 0),
               sizes](int64_t k) -> Result<std::vector<Tensor>> {
    return random.make(static_cast<uint64_t>(k), sizes);
  };
  return trial;
}

bool all_finite(const Tensor& t) {
  if (!is_float(t.dtype())) return true;
  for (int64_t i = 0; i < t.count(); ++i) {
    if (!std::isfinite(t.at(i))) return false;
  }
  return true;
}

// The first value that is infinite in half precision and was finite.
Status check_finite(const graph::Graph& half, const graph::Graph& single,
                    const std::vector<Tensor>& inputs, const std::string& what) {
  HONE_ASSIGN(const std::vector<Tensor> right, ops::evaluate(single, inputs));
  std::string first;
  const auto look = [&](graph::ValueId v, Tensor& t) {
    if (first.empty() && !all_finite(t)) first = half.value(v).name;
  };
  HONE_ASSIGN(const std::vector<Tensor> got, ops::evaluate(half, inputs, look));
  for (size_t i = 0; i < got.size(); ++i) {
    if (all_finite(got[i]) || !all_finite(right[i])) continue;
    return unsupported(fmt::format(
        "in half precision output '{}' is not finite on {}, first at '{}'; nothing was written",
        half.output_names[i], what, first));
  }
  return {};
}

}  // namespace

Status halve(const InputOptions& inputs, const std::optional<ship::Described>& described,
             model::Model* model, std::string* what) {
  HONE_ASSIGN(const graph::Graph single, import(*model));
  graph::Graph g = single;
  quant::Options q;
  q.format = quant::Format::fp16;
  HONE_RETURN_IF_ERROR(quant::prepare(g, q));
  HONE_ASSIGN(const quant::Quantised made, quant::quantize(g, {}, q));
  HONE_ASSIGN(model::Model converted, quant::export_quantised(made.graph));
  HONE_ASSIGN(const graph::Graph half, import(converted));
  HONE_ASSIGN(const quant::Samples trial, trial_inputs(inputs, described, single, what));
  for (int64_t k = 0; k < trial.count; ++k) {
    auto x = trial.get(k);
    if (!x.ok()) return described ? in(described->path, x.status()) : x.status();
    HONE_RETURN_IF_ERROR(check_finite(half, single, *x, *what));
  }
  *model = std::move(converted);
  return {};
}

}  // namespace hone::cli
