#include "host/passes/check_patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/ops/evaluate.h"

namespace hone::passes {

namespace {

// Folding rounds weights once more than the graph did: a few units of f32, summed over a reduction.
constexpr double tolerance = 1e-4;

Tensor noise(DType dtype, const Dims& dims, uint64_t seed) {
  Tensor t(dtype, dims);
  if (dtype == DType::string) return t;
  uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;
  for (int64_t i = 0, n = t.count(); i < n; ++i) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    double u = static_cast<double>(state >> 33) * 0x1p-31;
    t.set(i, is_float(dtype) ? 2 * u - 1 : u < 0.5 ? 0 : 1);
  }
  return t;
}

}  // namespace

Status CheckPatch::start(const graph::Graph& graph) {
  std::map<std::string, int64_t> sizes;
  for (graph::ValueId v : graph.block().inputs) {
    const graph::Fact& f = graph.fact(v);
    if (!f.has_rank()) return unsupported("--verify needs inputs of known rank");
    for (size_t axis = 0; axis < f.shape->size(); ++axis) {
      for (const std::string& s : (*f.shape)[axis].symbols())
        sizes.try_emplace(s, axis == 0 ? 2 : 32);
    }
  }
  for (graph::ValueId v : graph.block().inputs) {
    Dims dims;
    for (const graph::Dim& d : *graph.fact(v).shape) dims.push_back(d.evaluate(sizes).value_or(1));
    inputs_.push_back(noise(graph.fact(v).dtype, dims, inputs_.size() + 1));
  }
  HONE_ASSIGN(outputs_, ops::evaluate(graph, inputs_));
  return {};
}

Status CheckPatch::check(const graph::Graph& graph) const {
  HONE_ASSIGN(std::vector<Tensor> now, ops::evaluate(graph, inputs_));
  for (size_t i = 0; i < now.size(); ++i) {
    const Tensor &a = outputs_[i], &b = now[i];
    const std::string& name = graph.output_names[i];
    if (a.dtype() != b.dtype() || a.dims() != b.dims()) {
      return Status(Code::differs, fmt::format("output '{}' changed its type or shape", name));
    }
    if (a.dtype() == DType::string) continue;
    double largest = 0, worst = 0;
    for (int64_t k = 0; k < a.count(); ++k) {
      if (std::isfinite(a.at(k))) largest = std::max(largest, std::abs(a.at(k)));
      double d = std::abs(a.at(k) - b.at(k));
      if (!(std::isnan(a.at(k)) && std::isnan(b.at(k))) && a.at(k) != b.at(k)) {
        worst = std::max(worst, std::isnan(d) ? INFINITY : d);
      }
    }
    if (worst > tolerance * std::max(largest, 1e-6)) {
      return Status(Code::differs, fmt::format("output '{}' differs by {:.2g} of its largest value",
                                               name, worst / std::max(largest, 1e-6)));
    }
  }
  return {};
}

}  // namespace hone::passes
