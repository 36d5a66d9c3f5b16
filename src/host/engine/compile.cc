#include "host/engine/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "common/base/nearest.h"
#include "host/engine/narrow_floats.h"
#include "host/engine/refit.h"
#include "host/engine/widen_halves.h"
#include "host/engine/write_engine.h"
#include "host/exec/opt_level.h"
#include "host/import/import.h"
#include "host/ops/op_def.h"

namespace hone::engine {

namespace {

std::optional<int64_t> only_size(const plan::DimRange& r) {
  return r.min == r.max ? std::optional(r.min) : std::nullopt;
}

// The one size of every dimension that the profiles give this input; none where it may vary.
std::optional<Dims> fixed_shape(const std::vector<plan::ProfileSpec>& profiles,
                                const std::string& input) {
  std::optional<Dims> all;
  for (const plan::ProfileSpec& profile : profiles) {
    auto ranges = profile.find(input);
    if (ranges == profile.end()) return {};
    Dims dims;
    for (const plan::DimRange& r : ranges->second) {
      if (!only_size(r) || r.min < 1) return {};
      dims.push_back(r.min);
    }
    if (all && *all != dims) return {};
    all = std::move(dims);
  }
  return all;
}

// Symbols that have one size wherever a profile names them. What the profiles say besides is
// checked with the plan.
graph::SymbolValues fixed_symbols(const graph::Graph& graph,
                                  const std::vector<plan::ProfileSpec>& profiles) {
  std::map<std::string, std::optional<int64_t>> sizes;  // nullopt: several
  for (graph::ValueId v : graph.block().inputs) {
    if (!graph.fact(v).has_rank()) continue;
    const graph::SymShape& shape = *graph.fact(v).shape;
    for (const plan::ProfileSpec& profile : profiles) {
      auto ranges = profile.find(graph.value(v).name);
      if (ranges == profile.end() || ranges->second.size() != shape.size()) continue;
      for (size_t axis = 0; axis < shape.size(); ++axis) {
        if (!shape[axis].is_symbol()) continue;
        auto size = only_size(ranges->second[axis]);
        if (size < 1) size = std::nullopt;
        auto [known, fresh] = sizes.try_emplace(shape[axis].symbol_name(), size);
        if (!fresh && known->second != size) known->second = std::nullopt;
      }
    }
  }
  graph::SymbolValues fixed;
  for (const auto& [symbol, size] : sizes) {
    if (size) fixed.emplace(symbol, graph::Dim(*size));
  }
  return fixed;
}

// One size in all profiles is the model's own, and says so to every pass.
Status fix_sizes(graph::Graph& graph, const CompileOptions& options) {
  auto shapes = options.shapes;
  for (graph::ValueId v : graph.block().inputs) {
    const std::string& name = graph.value(v).name;
    // An input whose rank the model does not know has it of its profile.
    if (graph.fact(v).has_rank()) continue;
    if (auto shape = fixed_shape(options.profiles, name)) shapes.try_emplace(name, *shape);
  }
  if (!shapes.empty()) HONE_RETURN_IF_ERROR(ops::bind_input_shapes(graph, shapes));
  auto symbols = fixed_symbols(graph, options.profiles);
  return symbols.empty() ? Status() : ops::bind_symbols(graph, symbols);
}

// QLinearConv, QGemm, MatMulInteger and their like: integers in, by the operator's own text.
bool is_integer_operator(const graph::Node& n) {
  return n.op.starts_with("QLinear") || n.op == "QGemm" || n.op == "MatMulInteger" ||
         n.op == "ConvInteger";
}

// The type that products are asked for in; none: as the model has them.
DType half_type(const std::string& precision) {
  return precision == "bf16" ? DType::bf16 : precision == "f16" ? DType::f16 : DType::none;
}
bool in_floats(const std::string& precision) {
  return precision == "f32" || half_type(precision) != DType::none;
}

Status check_precision(const graph::Graph& g, const std::string& precision) {
  const std::vector<std::string> known(std::begin(precisions), std::end(precisions));
  if (std::find(known.begin(), known.end(), precision) == known.end()) {
    const std::string near = nearest(precision, known);
    return invalid(fmt::format("precision '{}' is not known; {}", precision,
                               near.empty() ? fmt::format("there are {}", fmt::join(known, ", "))
                                            : fmt::format("did you mean '{}'?", near)));
  }
  if (precision == "int8" && !has_quantised_values(g)) {
    return invalid(
        "precision 'int8': the model has no quantised values (no QuantizeLinear); hone quantize "
        "makes a model that has");
  }
  for (graph::NodeId id : g.all_nodes()) {
    const graph::Node& n = g.node(id);
    if (!in_floats(precision) || !is_integer_operator(n)) continue;
    return invalid(fmt::format(
        "precision '{}': node '{}' ({}) computes on integers; build with --precision int8",
        precision, n.name, n.op));
  }
  return {};
}

void leave_out_integers(passes::Options* options) {
  for (const passes::Pass* p : passes::pipeline()) {
    if (p->integers) options->disabled.emplace_back(p->name);
  }
}

bool has_step(const plan::Plan& plan, const char* family) {
  return std::any_of(plan.steps.begin(), plan.steps.end(),
                     [&](const plan::Step& s) { return s.family == family; });
}

}  // namespace

bool has_quantised_values(const graph::Graph& g) {
  for (graph::NodeId id : g.all_nodes()) {
    const graph::Node& n = g.node(id);
    if (n.op.find("QuantizeLinear") != std::string::npos || is_integer_operator(n)) return true;
  }
  return false;
}

Result<Compiled> compile(const model::Model& model, const CompileOptions& options) {
  HONE_ASSIGN(graph::Graph graph, import(model));
  return compile(std::move(graph), options);
}

Result<Compiled> compile(graph::Graph graph, const CompileOptions& options) {
  HONE_RETURN_IF_ERROR(check_precision(graph, options.precision));
  if (auto bad = bad_weights(graph); !bad.empty()) {
    return invalid(fmt::format("weights are not finite: {}", fmt::join(bad, "; ")));
  }
  HONE_RETURN_IF_ERROR(fix_sizes(graph, options));
  // Who asks for floats of some width has said that bf16's roundings are not what matters.
  HONE_RETURN_IF_ERROR(
      widen_halves(&graph, in_floats(options.precision) ? Rounding::outputs : Rounding::each_node));

  Compiled out;
  passes::Options passes = options.passes;
  passes.engine = true;
  if (in_floats(options.precision)) leave_out_integers(&passes);
  HONE_ASSIGN(out.passes, passes::run_passes(graph, passes));
  const DType half = half_type(options.precision);
  if (half != DType::none) HONE_RETURN_IF_ERROR(narrow_floats(&graph, half));

  plan::PlanOptions plan_options;
  plan_options.target = options.target;
  plan_options.threads = options.threads;
  plan_options.profiles = options.profiles;
  plan_options.time = options.time;
  const exec::OptLevel level = exec::opt_level(options.opt_level);
  if (!level.timed) plan_options.time = {};
  plan_options.cache = level.timed ? options.cache : nullptr;
  plan_options.error_on_cache_miss = options.error_on_cache_miss;
  plan_options.survey = options.survey;
  plan_options.earlier = options.earlier;
  plan_options.max_weight_growth = options.max_weight_growth;
  plan_options.tactics = options.tactics;
  plan_options.prefer_kernel = options.prefer_kernel;
  plan_options.max_workspace = options.max_workspace;
  plan_options.max_tactics = level.max_tactics;
  plan_options.progress = options.progress;
  HONE_ASSIGN(out.plan, plan::make_plan(graph, plan_options));
  if (!level.timed && options.survey != nullptr) {
    options.survey->timings.clear();
    options.survey->missing.clear();
  }
  out.plan.precision = has_step(out.plan, "qconv")   ? "int8"
                       : has_step(out.plan, "hconv") ? options.precision
                                                     : "f32";
  if (options.tamper) options.tamper(out.plan);
  HONE_ASSIGN(out.bytes, write_engine(out.plan, {options.properties, option_words(options)}));
  return out;
}

}  // namespace hone::engine
